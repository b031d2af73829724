#include "api/inspection.hpp"

#include "base/text_view.hpp"
#include "base/utf8.hpp"

namespace capsule::api {
namespace {

constexpr std::size_t kMostCaller = 64;
constexpr std::size_t kLongestCaller = 64U << 10U;
constexpr std::int64_t kMostRows = 65'536;

}  // namespace

Result<std::string> read_caller(const char *name, capsule_text given) {
  auto caller = read_text(name, given, kLongestCaller);
  if (caller.ok()) {
    caller.value().resize(utf8_prefix(caller.value(), kMostCaller));
  }
  return caller;
}

Result<Look> Look::begin(const LookTarget &target, const capsule_inspection *given) {
  auto read = read_options(given, capsule_inspection_init, "inspection");
  if (!read.ok()) {
    return read.status();
  }
  const capsule_inspection &i = read.value();
  auto caller = read_caller("inspection.caller", i.caller);
  for (const Status &status : {caller.status(), check_range("inspection.level", i.level, 0, CAPSULE_INSPECT_FULL),
                               check_range("inspection.timeout_ms", i.timeout_ms, 1, kDayMs),
                               check_range("inspection.max_rows", i.max_rows, 0, kMostRows)}) {
    if (!status.ok()) {
      return status;
    }
  }
  return admit(target, i, std::move(caller.value()));
}

Result<Look> Look::begin(const LookTarget &target, std::string caller) {
  capsule_inspection defaults;
  capsule_inspection_init(&defaults, sizeof defaults);
  return admit(target, defaults, std::move(caller));
}

Result<Look> Look::admit(const LookTarget &target, const capsule_inspection &inspection, std::string caller) {
  Look look;
  look.guard_ = &target.runtime.guard();
  const std::string number = target.session_id == 0 ? std::string() : " " + std::to_string(target.session_id);
  auto grant = look.guard_->admit({.call = target.call,
                                   .session_id = target.session_id,
                                   .target = target.kind + number,
                                   .caller = std::move(caller),
                                   .level = inspection.level,
                                   .max_rows = inspection.max_rows,
                                   .witness = target.witness});
  if (!grant.ok()) {
    return grant.status();
  }
  look.grant_ = std::move(grant.value());
  look.timeout_ms_ = inspection.timeout_ms;
  look.redactor_ = std::make_unique<Redactor>(look.grant_.redaction);
  look.storage_ = std::make_unique<capsule_inspection_storage>();
  return look;
}

capsule_label Look::keep(Label label) {
  text_bytes_ += label.text.size();
  const std::string &kept = storage_->texts.emplace_back(std::move(label.text));
  return {.text = text_of(kept), .full_bytes = label.full_bytes, .form = label.form, .reserved = 0};
}

}  // namespace capsule::api
