#include "capsule/snapshot.h"

#include "api/call.hpp"
#include "api/handles.hpp"
#include "base/clock.hpp"

using capsule::Status;
using namespace capsule::api;

namespace {

// What every call here that makes a handle begins with.
template <typename Made>
Status check_call(const char *function, std::int64_t timeout_ms, Made **made, const char *made_name) {
  if (made == nullptr) {
    return {CAPSULE_E_ARGUMENT, std::string(made_name) + " is NULL"};
  }
  *made = nullptr;
  return check_wait(function, timeout_ms);
}

// A session made of a snapshot, once it is ready.
Status open_branch(const std::shared_ptr<capsule::Snapshot> &snapshot, bool keep, std::uint64_t parent_id,
                   std::uint64_t deadline_ns, capsule_session **session) {
  auto opened = snapshot->runtime().open_session(snapshot->options(), parent_id, {snapshot, keep});
  if (!opened.ok()) {
    return opened.status();
  }
  if (Status status = opened.value()->wait_ready(deadline_ns); !status.ok()) {
    static_cast<void>(opened.value()->close(0));
    opened.value()->drop_handle();
    return status;
  }
  *session = make_handle<capsule_session>(std::move(opened.value()));
  return {};
}

}  // namespace

extern "C" {

capsule_status capsule_session_snapshot(capsule_session *session, int64_t timeout_ms, capsule_snapshot **snapshot,
                                        capsule_error *error) {
  return call(error, [&]() -> Status {
    if (Status status = check_call("capsule_session_snapshot", timeout_ms, snapshot, "snapshot"); !status.ok()) {
      return status;
    }
    auto found = look_up(session);
    if (!found.ok()) {
      return found.status();
    }
    auto taken = found.value()->take_snapshot(/*kept=*/true, capsule::deadline_after_ms(timeout_ms));
    if (!taken.ok()) {
      return taken.status();
    }
    taken.value()->keep_runtime();
    *snapshot = make_handle<capsule_snapshot>(std::move(taken.value()));
    return {};
  });
}

capsule_status capsule_session_restore(capsule_session *session, capsule_snapshot *snapshot, int64_t timeout_ms,
                                       capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(session);
    auto source = look_up(snapshot);
    for (const Status &status : {found.status(), source.status(), check_wait("capsule_session_restore", timeout_ms)}) {
      if (!status.ok()) {
        return status;
      }
    }
    return found.value()->restore(source.value(), capsule::deadline_after_ms(timeout_ms));
  });
}

capsule_status capsule_snapshot_branch(capsule_snapshot *snapshot, int64_t timeout_ms, capsule_session **session,
                                       capsule_error *error) {
  return call(error, [&]() -> Status {
    if (Status status = check_call("capsule_snapshot_branch", timeout_ms, session, "session"); !status.ok()) {
      return status;
    }
    auto found = look_up(snapshot);
    if (!found.ok()) {
      return found.status();
    }
    if (found.value()->gone()) {
      return {CAPSULE_E_DIED, "snapshot: it is gone"};
    }
    return open_branch(found.value(), /*keep=*/true, found.value()->origin().session_id, capsule::deadline_after_ms(timeout_ms),
                       session);
  });
}

capsule_status capsule_session_branch(capsule_session *session, int64_t timeout_ms, capsule_session **branch,
                                      capsule_error *error) {
  return call(error, [&]() -> Status {
    if (Status status = check_call("capsule_session_branch", timeout_ms, branch, "branch"); !status.ok()) {
      return status;
    }
    auto found = look_up(session);
    if (!found.ok()) {
      return found.status();
    }
    const std::uint64_t deadline = capsule::deadline_after_ms(timeout_ms);
    auto taken = found.value()->take_snapshot(/*kept=*/false, deadline);
    if (!taken.ok()) {
      return taken.status();
    }
    return open_branch(taken.value(), /*keep=*/false, found.value()->id(), deadline, branch);
  });
}

capsule_status capsule_snapshot_get_info(capsule_snapshot *snapshot, capsule_snapshot_info *info, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(snapshot);
    return found.ok() ? write_struct(info, found.value()->info(), "info") : found.status();
  });
}

void capsule_snapshot_release(capsule_snapshot *snapshot) {
  release_handle(snapshot, [](auto &taken) {
    static_cast<void>(taken.let_go(false));
    taken.drop_runtime();
  });
}

}  // extern "C"
