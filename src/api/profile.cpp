#include "capsule/profile.h"

#include <utility>

#include "api/inspection.hpp"
#include "api/stacks.hpp"
#include "base/clock.hpp"
#include "session/profiler.hpp"

using namespace capsule;
using namespace capsule::api;

namespace {

constexpr std::uint32_t kDefaultRateHz = 100;
constexpr std::uint32_t kHighestRateHz = 1'000;
constexpr std::uint32_t kDefaultStacks = 10'000;
constexpr std::uint32_t kMostStacks = 1'000'000;

// How a profile is to be taken, and for whom.
struct ProfileWish {
  capsule_profile_options options;  // its `caller` is empty: it may outlive what was given
  std::string caller;
};

Result<ProfileWish> check(const capsule_profile_options *given) {
  auto read = read_options(given, capsule_profile_options_init, "options");
  if (!read.ok()) {
    return read.status();
  }
  capsule_profile_options &options = read.value();
  auto caller = read_caller("options.caller", std::exchange(options.caller, {}));
  for (const Status &status :
       {check_range("rate_hz", options.rate_hz, 1, kHighestRateHz), check_range("duration_ms", options.duration_ms, 0, kDayMs),
        check_range("threads", options.threads, CAPSULE_PROFILE_RUNNING, CAPSULE_PROFILE_ALL),
        check_range("max_frames", options.max_frames, 1, kMostFrames),
        check_range("max_stacks", options.max_stacks, 1, kMostStacks), check_range("options.reserved", options.reserved, 0, 0),
        caller.status()}) {
    if (!status.ok()) {
      return status;
    }
  }
  return ProfileWish{options, std::move(caller.value())};
}

}  // namespace

extern "C" {

void capsule_profile_options_init(capsule_profile_options *options, uint32_t struct_size) {
  write_defaults(options, struct_size,
                 capsule_profile_options{.rate_hz = kDefaultRateHz,
                                         .threads = CAPSULE_PROFILE_RUNNING,
                                         .max_frames = kDefaultFrames,
                                         .max_stacks = kDefaultStacks});
}

capsule_status capsule_session_profile(capsule_session *session, const capsule_profile_options *options,
                                       capsule_profile **profile, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (profile == nullptr) {
      return {CAPSULE_E_ARGUMENT, "profile is NULL"};
    }
    *profile = nullptr;
    auto found = look_up(session);
    auto checked = check(options);
    for (const Status &status : {found.status(), checked.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    Session &object = *found.value();
    ProfileWish &wish = checked.value();
    auto begun = Look::begin(target_of(Guarded::kStack, object), wish.caller);
    if (!begun.ok()) {
      return begun.status();
    }
    Look &look = begun.value();
    auto started = Profiler::start(found.value(), wish.options, look.redaction(), std::move(wish.caller));
    if (!started.ok()) {
      return look.fail(started.status());
    }
    Status status = look.conclude(0);
    if (status.ok()) {
      *profile = make_handle<capsule_profile>(std::move(started.value()));
    }
    return status;
  });
}

capsule_status capsule_profile_wait(capsule_profile *profile, int64_t timeout_ms, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(profile);
    for (const Status &status : {found.status(), check_wait("capsule_profile_wait", timeout_ms)}) {
      if (!status.ok()) {
        return status;
      }
    }
    return found.value()->wait(deadline_after_ms(timeout_ms))
               ? Status()
               : Status(CAPSULE_E_TIMEOUT, "the profile had not ended within timeout_ms");
  });
}

capsule_status capsule_profile_stop(capsule_profile *profile, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(profile);
    if (found.ok()) {
      found.value()->stop();
    }
    return found.status();
  });
}

capsule_status capsule_profile_get_info(capsule_profile *profile, capsule_profile_info *info, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(profile);
    return found.ok() ? write_struct(info, found.value()->info(), "info") : found.status();
  });
}

capsule_status capsule_profile_get_collapsed(capsule_profile *profile, const char **data, size_t *size, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (data == nullptr || size == nullptr) {
      return {CAPSULE_E_ARGUMENT, data == nullptr ? "data is NULL" : "size is NULL"};
    }
    auto found = look_up(profile);
    if (!found.ok()) {
      return found.status();
    }
    const auto text = found.value()->collapsed();
    if (!text.ok()) {
      return text.status();
    }
    *data = text.value()->data();
    *size = text.value()->size();
    return {};
  });
}

void capsule_profile_release(capsule_profile *profile) {
  release_handle(profile, [](auto &taken) { taken.stop(); });
}

}  // extern "C"
