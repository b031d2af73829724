#include "capsule/interceptor.h"

#include "api/call.hpp"
#include "api/handles.hpp"

using capsule::Status;
using namespace capsule::api;

namespace {

constexpr std::uint64_t kDefaultBudgetNs = 10'000'000;
constexpr std::int64_t kMaxBudgetNs = 10'000'000'000;

Status check(const capsule_interceptor_options &o) {
  if (o.callback == nullptr) {
    return {CAPSULE_E_ARGUMENT, "options.callback is NULL"};
  }
  if (Status status = check_range("options.quarantine_after", o.quarantine_after, 0, 1'000'000); !status.ok()) {
    return status;
  }
  const std::int64_t budget = o.budget_ns > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(o.budget_ns);
  return check_range("options.budget_ns", budget, 1, kMaxBudgetNs);
}

}  // namespace

extern "C" {

void capsule_interceptor_options_init(capsule_interceptor_options *options, uint32_t struct_size) {
  capsule_interceptor_options defaults{};
  defaults.quarantine_after = 10;
  defaults.budget_ns = kDefaultBudgetNs;
  write_defaults(options, struct_size, defaults);
}

capsule_status capsule_session_add_interceptor(capsule_session *session, const capsule_interceptor_options *options,
                                               uint64_t *interceptor_id, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (interceptor_id == nullptr) {
      return {CAPSULE_E_ARGUMENT, "interceptor_id is NULL"};
    }
    *interceptor_id = 0;
    auto found = look_up(session);
    if (!found.ok()) {
      return found.status();
    }
    auto read = read_options(options, capsule_interceptor_options_init, "options");
    if (!read.ok()) {
      return read.status();
    }
    auto name = read_text("options.name", read.value().name, kMaxName);
    if (!name.ok()) {
      return name.status();
    }
    if (name.value().empty()) {
      return {CAPSULE_E_ARGUMENT, "options.name is empty"};
    }
    if (Status status = check(read.value()); !status.ok()) {
      return status;
    }
    auto added = found.value()->add_interceptor(std::move(name.value()), read.value());
    *interceptor_id = added.ok() ? added.value() : 0;
    return added.status();
  });
}

capsule_status capsule_session_remove_interceptor(capsule_session *session, uint64_t interceptor_id, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(session);
    if (found.ok()) {
      found.value()->remove_interceptor(interceptor_id);
    }
    return found.status();
  });
}

capsule_status capsule_session_get_interceptor_info(capsule_session *session, uint64_t interceptor_id,
                                                    capsule_interceptor_info *info, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(session);
    if (!found.ok()) {
      return found.status();
    }
    auto read = found.value()->interceptor_info(interceptor_id);
    return read.ok() ? write_struct(info, read.value(), "info") : read.status();
  });
}

}  // extern "C"
