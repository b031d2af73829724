#include "capsule/audit.h"

#include "api/handles.hpp"
#include "api/names.hpp"
#include "api/owned_struct.hpp"
#include "base/file.hpp"
#include "base/text_view.hpp"
#include "diagnostics/audit_verify.hpp"
#include "diagnostics/guard.hpp"

using capsule::Result;
using capsule::Status;
using capsule::text_of;
using namespace capsule::api;

// What a list that was handed out is made of.
struct capsule_audit_storage {
  std::vector<capsule::KeptRecord> kept;
  std::vector<capsule_audit_record> records;
};

namespace {

constexpr std::size_t kMostPath = 4096;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30U;
constexpr std::uint32_t kMostRing = 65'536;

Result<std::string> read_key(const char *name, capsule_text key) {
  if ((key.data == nullptr && key.size > 0) || key.size > CAPSULE_AUDIT_MAX_KEY) {
    return Status(CAPSULE_E_ARGUMENT, std::string(name) + " is NULL but has a size, or has more than " +
                                          std::to_string(CAPSULE_AUDIT_MAX_KEY) + " bytes");
  }
  return std::string(key.data == nullptr ? "" : key.data, key.size);
}

Result<capsule::AuditOptions> translate(const capsule_audit_options *given) {
  auto options = read_options(given, capsule_audit_options_init, "options");
  if (!options.ok()) {
    return options.status();
  }
  const capsule_audit_options &o = options.value();
  auto key = read_key("options.key", o.key);
  auto path = read_text("options.path", o.path, kMostPath);
  for (const Status &status :
       {key.status(), path.status(), check_range("options.ring_records", o.ring_records, 0, kMostRing),
        check_range("options.required", o.required, 0, 1), check_range("options.reserved", o.reserved, 0, 0)}) {
    if (!status.ok()) {
      return status;
    }
  }
  return capsule::AuditOptions{.ring_records = o.ring_records,
                               .key = std::move(key.value()),
                               .path = std::move(path.value()),
                               .callback = o.callback,
                               .user_data = o.user_data,
                               .required = o.required != 0};
}

Result<std::string> read_hash(const char *name, capsule_text given) {
  auto text = read_text(name, given, capsule::kHashDigits);
  if (!text.ok()) {
    return text;
  }
  const bool fits =
      text.value().size() == capsule::kHashDigits && text.value().find_first_not_of("0123456789abcdef") == std::string::npos;
  return fits || text.value().empty() ? text
                                      : Status(CAPSULE_E_ARGUMENT, std::string(name) + " is no hash: 64 digits of 0-9, a-f");
}

// The file's bytes, or those given: `held` keeps the file's.
Result<std::string_view> bytes_to_check(const capsule_audit_check &check, std::string &held) {
  auto path = read_text("check.path", check.path, kMostPath);
  if (!path.ok()) {
    return path.status();
  }
  if (path.value().empty() ? check.data.data == nullptr : check.data.size > 0) {
    return Status(CAPSULE_E_ARGUMENT, "check: one of path and data is to be given");
  }
  if (path.value().empty()) {
    return check.data.size <= kMostBytes ? Result<std::string_view>(std::string_view(check.data.data, check.data.size))
                                         : Status(CAPSULE_E_LIMIT, "check.data has more than 1 GiB");
  }
  auto bytes = capsule::read_file(path.value(), kMostBytes);
  if (!bytes.ok()) {
    return bytes.status();
  }
  held = std::move(bytes.value());
  return std::string_view(held);
}

capsule_audit_record row_of(const capsule::KeptRecord &kept) {
  return {.sequence = kept.sequence,
          .number = kept.number,
          .time_ns = kept.time_ns,
          .redactions = kept.entry.redactions,
          .answer_bytes = kept.entry.answer_bytes,
          .decision = kept.entry.decision,
          .level = kept.entry.level,
          .caller = text_of(kept.entry.caller),
          .call = text_of(kept.entry.call),
          .target = text_of(kept.entry.target),
          .policy = text_of(kept.entry.policy),
          .line = text_of(kept.line)};
}

void check_defaults(capsule_audit_check *check, std::uint32_t struct_size) { write_defaults(check, struct_size, {}); }

}  // namespace

extern "C" {

void capsule_audit_options_init(capsule_audit_options *options, uint32_t struct_size) {
  capsule_audit_options defaults{};
  defaults.ring_records = capsule::AuditOptions{}.ring_records;
  write_defaults(options, struct_size, defaults);
}

capsule_status capsule_runtime_set_audit(capsule_runtime *runtime, const capsule_audit_options *options, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(runtime);
    if (!found.ok()) {
      return found.status();
    }
    auto translated = translate(options);
    return translated.ok() ? found.value()->guard().audit().open(std::move(translated.value())) : translated.status();
  });
}

capsule_status capsule_runtime_get_audit_info(capsule_runtime *runtime, capsule_audit_info *info, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(runtime);
    return found.ok() ? write_struct(info, found.value()->guard().audit().info(), "info") : found.status();
  });
}

capsule_status capsule_runtime_list_audit(capsule_runtime *runtime, uint64_t after_sequence, capsule_audit_list *list,
                                          capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(runtime);
    for (const Status &status : {empty_owned(list, "list"), found.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    auto holder = std::make_unique<capsule_audit_storage>();
    holder->kept = found.value()->guard().audit().list(after_sequence);
    for (const capsule::KeptRecord &kept : holder->kept) {
      holder->records.push_back(row_of(kept));
    }
    list->record_size = sizeof(capsule_audit_record);
    list->records = holder->records.data();
    list->count = holder->records.size();
    list->storage = holder.release();
    return Status();
  });
}

void capsule_audit_list_release(capsule_audit_list *list) {
  free_quietly([&] { release_owned(list); });
}

capsule_status capsule_audit_verify(const capsule_audit_check *check, capsule_audit_report *report, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (check == nullptr) {
      return {CAPSULE_E_ARGUMENT, "check is NULL"};
    }
    auto given = read_options(check, check_defaults, "check");
    if (!given.ok()) {
      return given.status();
    }
    auto key = read_key("check.key", given.value().key);
    auto head = read_hash("check.head", given.value().head);
    auto head_before = read_hash("check.head_before", given.value().head_before);
    std::string held;
    auto bytes = bytes_to_check(given.value(), held);
    for (const Status &status : {check_range("check.reserved", given.value().reserved, 0, 0), key.status(), head.status(),
                                 head_before.status(), bytes.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    return write_struct(
        report,
        capsule::verify_audit(bytes.value(), {std::move(key.value()), std::move(head.value()), std::move(head_before.value())}),
        "report");
  });
}

const char *capsule_audit_decision_name(int32_t decision) {
  constexpr const char *names[] = {"start", "allowed", "denied", "failed"};
  return name_of(names, decision);
}

const char *capsule_audit_verdict_name(int32_t verdict) {
  constexpr const char *names[] = {"unknown", "verified", "unanchored", "broken"};
  return name_of(names, verdict);
}

}  // extern "C"
