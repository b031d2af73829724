#include "capsule/runtime.h"

#include "api/call.hpp"
#include "api/handles.hpp"
#include "api/rules.hpp"

using capsule::Result;
using capsule::Status;
using namespace capsule::api;

namespace {

Result<capsule::RuntimeOptions> translate(const capsule_runtime_options *given) {
  auto options = read_options(given, capsule_runtime_options_init, "options");
  if (!options.ok()) {
    return options.status();
  }
  const capsule_runtime_options &o = options.value();
  if (Status status =
          check_range("options.max_frame_bytes", o.max_frame_bytes, capsule::wire::kMinMaxFrame, capsule::wire::kMaxMaxFrame);
      !status.ok()) {
    return status;
  }
  auto folder = read_text("options.worker_dir", o.worker_dir, 4096);
  auto policy = read_rules(o.rules, o.rule_count);
  for (const Status &status : {folder.status(), policy.status()}) {
    if (!status.ok()) {
      return status;
    }
  }
  return capsule::RuntimeOptions{o.max_frame_bytes & ~7U, std::move(folder.value()),
                                 o.rule_count > 0 ? std::move(policy.value()) : nullptr};
}

}  // namespace

extern "C" {

void capsule_runtime_options_init(capsule_runtime_options *options, uint32_t struct_size) {
  capsule_runtime_options defaults{};
  defaults.max_frame_bytes = capsule::wire::kDefaultMaxFrame;
  write_defaults(options, struct_size, defaults);
}

capsule_status capsule_runtime_create(const capsule_runtime_options *options, capsule_runtime **runtime, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (runtime == nullptr) {
      return {CAPSULE_E_ARGUMENT, "runtime is NULL"};
    }
    *runtime = nullptr;
    auto translated = translate(options);
    if (!translated.ok()) {
      return translated.status();
    }
    auto created = capsule::Runtime::create(std::move(translated.value()));
    if (!created.ok()) {
      return created.status();
    }
    *runtime = make_handle<capsule_runtime>(std::move(created.value()));
    return {};
  });
}

capsule_status capsule_runtime_close(capsule_runtime *runtime, int64_t timeout_ms, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(runtime);
    if (!found.ok()) {
      return found.status();
    }
    if (Status status = check_range("timeout_ms", timeout_ms, 0, kDayMs); !status.ok()) {
      return status;
    }
    if (Status status = check_may_wait("capsule_runtime_close"); !status.ok()) {
      return status;
    }
    found.value()->close(timeout_ms);
    return Status();
  });
}

void capsule_runtime_release(capsule_runtime *runtime) {
  release_handle(runtime, [](auto &taken) { taken.drop_handle(); });
}

capsule_status capsule_runtime_get_info(capsule_runtime *runtime, capsule_runtime_info *info, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(runtime);
    return found.ok() ? write_struct(info, found.value()->info(), "info") : found.status();
  });
}

}  // extern "C"
