// Bridges, as tests use them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "run.hpp"
#include "session.hpp"
#include "test.hpp"
#include "threads.hpp"

namespace capsule_test {

using Bridge = Handle<capsule_bridge, capsule_bridge_release>;

inline Bridge make_bridge(const Runtime &runtime = shared_runtime(), const capsule_bridge_options *options = nullptr) {
  Bridge bridge;
  ACCEPTED(capsule_bridge_create(runtime.get(), options, bridge.out(), error));
  return bridge;
}

inline capsule_capability capability(const char *name, const char *parameters = "") {
  capsule_capability made;
  capsule_capability_init(&made, sizeof made);
  made.name = capsule_text_from(name);
  made.parameters = capsule_text_from(parameters);
  return made;
}

inline void offer(const Bridge &bridge, const capsule_capability &made) {
  ACCEPTED(capsule_bridge_register(bridge.get(), &made, error));
}

inline capsule_rule rule(const char *pattern, std::int32_t decision = CAPSULE_POLICY_ALLOW) {
  return {.capability = capsule_text_from(pattern), .decision = decision};
}

// A session that may call all that the rules let through.
inline Session open_with(const Bridge &bridge, std::vector<capsule_rule> rules, SessionOptions options = {},
                         const Runtime &runtime = shared_runtime()) {
  options.raw.bridge = bridge.get();
  options.raw.rules = rules.data();
  options.raw.rule_count = rules.size();
  return open_session(runtime, std::move(options));
}

// A request that is released with it.
class Request {
 public:
  Request() = default;
  Request(const Request &) = delete;
  Request &operator=(const Request &) = delete;
  ~Request() { capsule_request_release(&raw); }

  capsule_status take(const Bridge &bridge, std::int64_t timeout_ms = kPatienceMs) {
    capsule_request_release(&raw);
    return capsule_bridge_next_request(bridge.get(), timeout_ms, &raw, nullptr);
  }
  [[nodiscard]] std::uint64_t id() const { return raw.request_id; }
  [[nodiscard]] std::string capability() const { return string_of(raw.capability); }
  [[nodiscard]] std::string arguments() const { return string_of(raw.arguments); }
  [[nodiscard]] std::string key() const { return string_of(raw.idempotency_key); }

  capsule_request raw{.struct_size = sizeof(capsule_request)};
};

// Lives as long as the data.
capsule_value value_as(std::int32_t kind, std::string &&data) = delete;
inline capsule_value value_as(std::int32_t kind, const std::string &data) {
  return {.struct_size = sizeof(capsule_value), .kind = kind, .data = data.data(), .size_bytes = data.size()};
}

inline void respond(const Bridge &bridge, std::uint64_t id, const std::string &json) {
  const capsule_value value = value_as(CAPSULE_VALUE_JSON, json);
  ACCEPTED(capsule_bridge_respond(bridge.get(), id, &value, error));
}

inline std::string refuse_respond(const Bridge &bridge, std::uint64_t id, capsule_status status,
                                  const std::string &json = "1") {
  const capsule_value value = value_as(CAPSULE_VALUE_JSON, json);
  return REFUSED(status, capsule_bridge_respond(bridge.get(), id, &value, error));
}

inline void fail_request(const Bridge &bridge, std::uint64_t id, const char *type, const char *message) {
  ACCEPTED(capsule_bridge_fail(bridge.get(), id, capsule_text_from(type), capsule_text_from(message), error));
}

// Serves requests by one function on a thread of its own, until the bridge is closed.
class Server {
 public:
  using Serve = std::function<void(const Bridge &, const Request &)>;
  Server(const Bridge &bridge, Serve serve) : bridge_(bridge) {
    threads_.start([this, serve = std::move(serve)] {
      Request request;
      while (request.take(bridge_) == CAPSULE_OK) {
        serve(bridge_, request);
      }
    });
  }
  Server(const Server &) = delete;
  Server &operator=(const Server &) = delete;
  ~Server() {
    capsule_bridge_close(bridge_.get(), nullptr);
    threads_.join();
  }

 private:
  const Bridge &bridge_;
  Threads threads_;
};

// Answers each call with its arguments.
inline void echo_arguments(const Bridge &bridge, const Request &request) { respond(bridge, request.id(), request.arguments()); }

inline capsule_bridge_metrics metrics_of(const Bridge &bridge) {
  capsule_bridge_metrics metrics{.struct_size = sizeof metrics};
  ACCEPTED(capsule_bridge_get_metrics(bridge.get(), &metrics, error));
  return metrics;
}

// What bridge.h says of the sums, at any moment.
inline void check_balance(const capsule_bridge_metrics &m) {
  CHECK_EQ(m.calls, m.bridge_pending_current + m.ok + m.failed + m.denied + m.timed_out + m.canceled + m.rejected_at_shutdown);
  std::uint64_t counted = 0;
  for (const std::uint64_t bucket : m.resolution_buckets) {
    counted += bucket;
  }
  CHECK_EQ(counted, m.calls - m.bridge_pending_current);
}

// Which exception an expression raises, as `Type: message`.
inline std::string raised_by(const Session &session, const std::string &expression) {
  return value_of(session, "try: r = " + expression + "\nexcept BaseException as e: r = f'{type(e).__name__}: {e}'\nr");
}

// A piece that was taken.
class Chunk {
 public:
  Chunk() = default;
  Chunk(const Chunk &) = delete;
  Chunk &operator=(const Chunk &) = delete;
  ~Chunk() { capsule_value_release(&raw); }

  capsule_status take(const Bridge &bridge, std::uint64_t request_id, std::int64_t timeout_ms = kPatienceMs) {
    capsule_value_release(&raw);
    return capsule_bridge_next_chunk(bridge.get(), request_id, timeout_ms, &raw, nullptr);
  }
  [[nodiscard]] std::string text() const { return {static_cast<const char *>(raw.data), raw.size_bytes}; }

  capsule_value raw{.struct_size = sizeof(capsule_value)};
};

}  // namespace capsule_test
