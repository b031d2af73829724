// Handles: tokens of slot and generation, looked up on each call. What a released or foreign token names is never touched.
#pragma once

#include <cstdint>
#include <memory>
#include <thread>

#include "api/call.hpp"
#include "base/quiet_thread.hpp"
#include "base/status.hpp"
#include "bridge/bridge.hpp"
#include "capsule/capsule.h"
#include "checkpoint/checkpoint.hpp"
#include "pool/pool.hpp"
#include "promise/store.hpp"
#include "session/runtime.hpp"
#include "session/snapshot.hpp"
#include "session/trace_reader.hpp"
#include "transport/shared_buffer.hpp"

namespace capsule::api {

enum class Kind : std::uint8_t {
  kRuntime = 1,
  kSession = 2,
  kExecution = 3,
  kSnapshot = 4,
  kBuffer = 5,
  kCheckpoint = 6,
  kPool = 7,
  kAcquisition = 8,
  kBridge = 9,
  kPromiseStore = 10,
  kStack = 11,
  kProfile = 12,
  kExporter = 13,
  kTrace = 14,
  kPostmortem = 15
};

template <typename Token>
struct HandleTraits;
template <>
struct HandleTraits<capsule_runtime> {
  using Object = Runtime;
  static constexpr Kind kKind = Kind::kRuntime;
  static constexpr const char *kName = "runtime";
};
template <>
struct HandleTraits<capsule_session> {
  using Object = Session;
  static constexpr Kind kKind = Kind::kSession;
  static constexpr const char *kName = "session";
};
template <>
struct HandleTraits<capsule_execution> {
  using Object = Execution;
  static constexpr Kind kKind = Kind::kExecution;
  static constexpr const char *kName = "execution";
};

template <>
struct HandleTraits<capsule_snapshot> {
  using Object = Snapshot;
  static constexpr Kind kKind = Kind::kSnapshot;
  static constexpr const char *kName = "snapshot";
};
template <>
struct HandleTraits<capsule_buffer> {
  using Object = SharedBuffer;
  static constexpr Kind kKind = Kind::kBuffer;
  static constexpr const char *kName = "buffer";
};

template <>
struct HandleTraits<capsule_checkpoint> {
  using Object = Checkpoint;
  static constexpr Kind kKind = Kind::kCheckpoint;
  static constexpr const char *kName = "checkpoint";
};

template <>
struct HandleTraits<capsule_pool> {
  using Object = Pool;
  static constexpr Kind kKind = Kind::kPool;
  static constexpr const char *kName = "pool";
};
template <>
struct HandleTraits<capsule_acquisition> {
  using Object = Acquisition;
  static constexpr Kind kKind = Kind::kAcquisition;
  static constexpr const char *kName = "acquisition";
};
template <>
struct HandleTraits<capsule_bridge> {
  using Object = Bridge;
  static constexpr Kind kKind = Kind::kBridge;
  static constexpr const char *kName = "bridge";
};

template <>
struct HandleTraits<capsule_promise_store> {
  using Object = PromiseStore;
  static constexpr Kind kKind = Kind::kPromiseStore;
  static constexpr const char *kName = "store";
};

template <>
struct HandleTraits<capsule_trace> {
  using Object = TraceReader;
  static constexpr Kind kKind = Kind::kTrace;
  static constexpr const char *kName = "trace";
};

// A post-mortem as it may be told: its own stack is not, but as the policy shows it.
struct ToldPostmortem {
  std::shared_ptr<const Postmortem> told;
  std::shared_ptr<const Stack> stack;
  std::string json;
};
template <>
struct HandleTraits<capsule_postmortem> {
  using Object = ToldPostmortem;
  static constexpr Kind kKind = Kind::kPostmortem;
  static constexpr const char *kName = "postmortem";
};

// The table behind the templates below.
void *insert_handle(Kind kind, std::shared_ptr<void> object);
std::shared_ptr<void> find_handle(Kind kind, const void *token);
std::shared_ptr<void> remove_handle(Kind kind, const void *token);

template <typename Token>
Token *make_handle(std::shared_ptr<typename HandleTraits<Token>::Object> object) {
  return static_cast<Token *>(insert_handle(HandleTraits<Token>::kKind, std::move(object)));
}

// The object; CAPSULE_E_HANDLE, naming the argument, for anything but a live token of the kind.
template <typename Token>
Result<std::shared_ptr<typename HandleTraits<Token>::Object>> look_up(const Token *token) {
  using Object = typename HandleTraits<Token>::Object;
  auto object = std::static_pointer_cast<Object>(find_handle(HandleTraits<Token>::kKind, token));
  if (!object) {
    return Status(CAPSULE_E_HANDLE, std::string(HandleTraits<Token>::kName) +
                                        (token == nullptr ? " is NULL" : " is not a live handle of its kind"));
  }
  return object;
}

// Takes the token out of the table; null when it was not in it.
template <typename Token>
std::shared_ptr<typename HandleTraits<Token>::Object> take(const Token *token) {
  return std::static_pointer_cast<typename HandleTraits<Token>::Object>(remove_handle(HandleTraits<Token>::kKind, token));
}

// Gives a handle back. From within a callback too, where garbage collectors run as anywhere: on a thread of its own then, as what is locked
// may be what it needs.
template <typename Handle, typename LetGo>
void release_handle(Handle *handle, LetGo let_go) noexcept {
  if (handle != nullptr && in_callback() && !forked()) {
    std::thread thread;
    if (start_quietly(thread, [handle, let_go] { release_handle(handle, let_go); }).ok()) {
      thread.detach();
    }
    return;
  }
  free_quietly([&] {
    if (const auto taken = take(handle)) {
      let_go(*taken);
    }
  });
}

template <typename Handle>
void release_handle(Handle *handle) noexcept {
  release_handle(handle, [](auto &) {});
}

}  // namespace capsule::api
