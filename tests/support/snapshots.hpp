// Snapshots and branches, as tests use them.
#pragma once

#include "run.hpp"
#include "session.hpp"
#include "test.hpp"

namespace capsule_test {

using Snapshot = Handle<capsule_snapshot, capsule_snapshot_release>;

inline Snapshot snapshot_of(const Session &session) {
  Snapshot snapshot;
  ACCEPTED(capsule_session_snapshot(session.get(), kPatienceMs, snapshot.out(), error));
  return snapshot;
}

inline Session branch_of(const Session &session) {
  Session branch;
  ACCEPTED(capsule_session_branch(session.get(), kPatienceMs, branch.out(), error));
  return branch;
}

inline Session branch_of(const Snapshot &snapshot) {
  Session branch;
  ACCEPTED(capsule_snapshot_branch(snapshot.get(), kPatienceMs, branch.out(), error));
  return branch;
}

inline void restore(const Session &session, const Snapshot &snapshot) {
  ACCEPTED(capsule_session_restore(session.get(), snapshot.get(), kPatienceMs, error));
}

inline capsule_snapshot_info info_of(const Snapshot &snapshot) {
  capsule_snapshot_info info{};
  info.struct_size = sizeof info;
  ACCEPTED(capsule_snapshot_get_info(snapshot.get(), &info, error));
  return info;
}

inline ExecutionOptions transaction(std::int32_t transaction, std::int32_t scope = CAPSULE_SCOPE_MEMORY) {
  ExecutionOptions options;
  options.raw.transaction = transaction;
  options.raw.transaction_scope = scope;
  return options;
}

}  // namespace capsule_test
