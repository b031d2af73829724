// Something that an idle session does and that is no execution: a value set, a snapshot taken. Guarded by its session's lock.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "session/values.hpp"

namespace capsule {

class Snapshot;
struct Execution;

struct Operation {
  explicit Operation(wire::Operation what) : kind(what) {}

  const wire::Operation kind;
  std::uint64_t id = 0;     // has wire::kRequestBit
  std::uint64_t after = 0;  // the executions up to this one come first
  enum class Phase { kQueued, kRunning, kDone } phase = Phase::kQueued;
  bool abandoned = false;  // its caller has given up

  // What is asked.
  std::string name;
  std::int32_t value_kind = 0;
  std::uint32_t option = 0;
  std::uint64_t limit = 0;
  std::vector<NamedValue> items;
  UniqueFd attached;

  // A snapshot: whether it counts as one of the session's, and what runs behind it, where it is a transaction's.
  bool kept = false;
  std::shared_ptr<Execution> execution;
  bool answered = false;
  bool reloads = false;  // of a checkpoint, after a death
  std::uint64_t fork_id = 0;
  std::uint64_t began_ns = 0;

  // What came of it. To restore: what is restored.
  Status status;
  Reply reply;
  std::shared_ptr<Snapshot> snapshot;
};

}  // namespace capsule
