// The C API as the benchmarks call it: handles that end themselves, statuses that throw, and nothing else in between.
#pragma once

#include <capsule/capsule.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "benchmark.hpp"

namespace bench {

struct SessionSetup {
  std::uint32_t heartbeat_ms = 0;  // 0: the library's default
  capsule_bridge *bridge = nullptr;
  const capsule_rule *rule = nullptr;  // of the bridge
  std::uint32_t trace_bytes = 256U << 10U;
};

// Fails the benchmark where the call was refused.
void check(capsule_status status, const capsule_error &error, const char *call);
capsule_error empty_error();

class Runtime {
 public:
  Runtime();
  Runtime(const Runtime &) = delete;
  Runtime &operator=(const Runtime &) = delete;
  ~Runtime();
  [[nodiscard]] capsule_runtime *get() const { return handle_; }
  [[nodiscard]] int zygote_pid() const;

 private:
  capsule_runtime *handle_ = nullptr;
};

class Session {
 public:
  Session(const Runtime &runtime, const Context &context, SessionSetup setup = {});
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;
  // Closes it and waits for that.
  ~Session();
  [[nodiscard]] capsule_session *get() const { return handle_; }
  [[nodiscard]] int pid() const;
  void restart();

 private:
  capsule_session *handle_ = nullptr;
};

// A pool, and the sessions of it while they are acquired.
class Pool {
 public:
  Pool(const Runtime &runtime, const Context &context, capsule_pool_options options);
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;
  ~Pool();
  [[nodiscard]] capsule_session *acquire() const;
  void give_back(capsule_session *session) const;
  // Until that many are idle.
  void wait_idle(std::uint32_t least) const;
  [[nodiscard]] std::vector<int> pids() const;

 private:
  capsule_pool *handle_ = nullptr;
};

// One event, used again and again.
class Event {
 public:
  Event() { event_.struct_size = sizeof event_; }
  Event(const Event &) = delete;
  Event &operator=(const Event &) = delete;
  ~Event() { capsule_event_release(&event_); }
  capsule_event *get() { return &event_; }
  const capsule_event *operator->() const { return &event_; }
  [[nodiscard]] bool terminal() const { return event_.kind >= CAPSULE_EVENT_RESULT; }
  [[nodiscard]] std::string_view data() const { return {event_.data.data, event_.data.size}; }
  // Fails unless this is the result of code that ran to its end.
  void expect_result() const;
  // Fails unless this is a cancel's end that took the phase.
  void expect_canceled(std::int32_t phase) const;

 private:
  capsule_event event_{};
};

class Execution {
 public:
  Execution(const Session &session, std::string_view source, const capsule_execution_options *options = nullptr)
      : Execution(session.get(), source, options) {}
  Execution(capsule_session *session, std::string_view source, const capsule_execution_options *options = nullptr);
  Execution(const Execution &) = delete;
  Execution &operator=(const Execution &) = delete;
  ~Execution() { capsule_execution_release(handle_); }
  void next(Event &event);
  // Up to the first event of that kind, skipping what comes before; fails when the end comes first.
  void next_of(Event &event, std::int32_t kind);
  // The terminal event; returns the bytes of output on the way.
  std::uint64_t finish(Event &event);
  void cancel(std::int64_t grace_ms);

 private:
  capsule_execution *handle_ = nullptr;
};

// The evaluation that most benchmarks need: `1+1`, checked to be 2.
void run_sum(capsule_session *session, Event &event);
inline void run_sum(const Session &session, Event &event) { run_sum(session.get(), event); }
// How long each of so many took, one after the other.
std::vector<double> sums_us(const Session &session, int count);

}  // namespace bench
