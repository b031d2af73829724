// Something that an idle session does and that is no execution: a value set, a snapshot taken. Guarded by its session's lock.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "base/unique_fd.hpp"
#include "wire/messages.hpp"

namespace capsule {

class Snapshot;
struct Execution;

// A wire::Answer that owns what it says.
struct Reply {
  std::int32_t kind = 0;
  std::string data;
  std::string type_name;
  std::string format;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
  std::uint64_t size_bytes = 0;
  std::uint64_t total = 0;
  std::vector<std::string> names;
  std::vector<std::string> types;
  std::vector<std::uint64_t> sizes;
  std::vector<std::uint8_t> kinds;
  UniqueFd attached;
};

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
  std::string data;
  std::uint64_t limit = 0;
  std::string format;
  std::vector<std::int64_t> shape;
  UniqueFd attached;

  // A snapshot: whether it counts as one of the session's, and what runs behind it, where it is a transaction's.
  bool kept = false;
  std::shared_ptr<Execution> execution;
  bool answered = false;
  std::uint64_t fork_id = 0;
  std::uint64_t began_ns = 0;

  // What came of it. To restore: what is restored.
  Status status;
  Reply reply;
  std::shared_ptr<Snapshot> snapshot;
};

}  // namespace capsule
