// What a scenario is played on by the C++ wrapper: its sessions, and the pool, the bridge and the store that it may have.
#pragma once

#include <capsule/capsule.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "deadline.hpp"
#include "stage.hpp"

namespace capsule_test::conformance::cpp {

using capsule::Milliseconds;

inline constexpr Milliseconds kLong{kPatienceMs};

// True, or 1.
inline bool is_set(const json &given, const char *key) { return given.value(key, 0) != 0; }

inline capsule::SessionOptions session_options(const json &given) {
  check_keys(given, kSessionKeys, "a session");
  capsule::SessionOptions options;
  const auto take = [&given](const char *key, auto &field) { field = given.value(key, field); };
  const auto take_time = [&given](const char *key, Milliseconds &field) {
    field = Milliseconds{given.value(key, std::int64_t{field.count()})};
  };
  options.python = python_under_test();
  options.executor = number_of_name({"python", "echo"}, given.value("executor", "python"));
  options.restart_policy =
      number_of_name({"manual", "fresh", "snapshot", "checkpoint"}, given.value("restart_policy", "manual"));
  options.coalesce_carriage_returns = is_set(given, "coalesce_carriage_returns");
  options.enable_metrics = is_set(given, "enable_metrics");
  take_time("cancel_grace_ms", options.cancel_grace);
  take_time("input_timeout_ms", options.input_timeout);
  take("queue_limit", options.queue_limit);
  take("environment", options.environment);
  take("output_budget_bytes", options.output_budget_bytes);
  take("progress_rate_per_s", options.progress_rate_per_s);
  take("display_limit_bytes", options.display_limit_bytes);
  take("snapshot_limit", options.snapshot_limit);
  take("checkpoint_limit", options.checkpoint_limit);
  take("rate_limit_per_s", options.rate_limit_per_s);
  take("rate_limit_burst", options.rate_limit_burst);
  return options;
}

inline capsule::PoolOptions pool_options(const json &given, capsule::SessionOptions session) {
  check_keys(given, kPoolKeys, "a pool");
  capsule::PoolOptions options;
  options.session = std::move(session);
  options.min_idle = given.value("min_idle", options.min_idle);
  options.max_sessions = given.value("max_sessions", options.max_sessions);
  options.warmup = given.value("warmup", "");
  options.imports = given.value("imports", std::vector<std::string>());
  options.imports_fatal = is_set(given, "imports_fatal");
  options.recycle_executions = given.value("recycle_executions", options.recycle_executions);
  options.reset = number_of_name({"pristine", "keep", "clear_names", "new_process"}, given.value("reset", "pristine"));
  return options;
}

// A bridge that is served as the scenario says.
class Host {
 public:
  Host(capsule::Runtime &runtime, const json &given) : bridge(runtime.open_bridge()) {
    check_keys(given, {"capabilities", "rules"}, "a bridge");
    for (const json &capability : given.at("capabilities")) {
      add(capability);
    }
    for (const json &given_rule : given.at("rules")) {
      capsule::Rule &rule = rules.emplace_back(given_rule.at("capability").get<std::string>(),
                                               number_of_name({"deny", "ask", "allow"}, given_rule.at("decision")));
      rule.max_calls = given_rule.value("max_calls", std::uint64_t{0});
    }
    server_ = std::thread([this] {
      while (const std::optional<capsule::Request> request = bridge.next_request()) {
        serve(*request);
      }
    });
  }
  Host(const Host &) = delete;
  Host &operator=(const Host &) = delete;
  ~Host() {
    bridge.close();
    server_.join();
  }

  json calls() {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }

  capsule::Bridge bridge;
  std::vector<capsule::Rule> rules;

 private:
  void add(const json &given) {
    check_keys(given, kCapabilityKeys, "a capability");
    capsule::Capability capability(given.at("name").get<std::string>(), given.value("parameters", ""));
    capability.timeout = Milliseconds{given.value("timeout_ms", std::int64_t{capability.timeout.count()})};
    const auto flag = [&capability](bool wanted, std::uint32_t bit) { capability.flags |= wanted ? bit : 0; };
    flag(given.value("idempotent", false), CAPSULE_CAPABILITY_IDEMPOTENT);
    flag(given.value("needs_approval", false), CAPSULE_CAPABILITY_NEEDS_APPROVAL);
    flag(given.contains("chunks"), CAPSULE_CAPABILITY_STREAM);
    flag(given.value("collects", false), CAPSULE_CAPABILITY_UPLOAD);
    bridge.add(capability);
    served_[capability.name] = given;
  }

  void serve(const capsule::Request &request) {
    try {
      answer(request, served_.at(std::string(request.capability())));
    } catch (const capsule::Error &) {
      // Nobody waits for the answer any more.
    }
  }

  void answer(const capsule::Request &request, const json &given) {
    if (request.kind() == CAPSULE_REQUEST_APPROVAL) {
      bridge.approve(request.id(), given.value("approve", false));
      return;
    }
    {
      const std::scoped_lock lock(mutex_);
      calls_.push_back({request.capability(), json::parse(request.arguments())});
    }
    if (given.contains("fails")) {
      const json &failure = given.at("fails");
      bridge.fail(request.id(), failure.at("type").get<std::string>(), failure.at("message").get<std::string>());
    } else if (given.contains("chunks")) {
      for (const json &chunk : given.at("chunks")) {
        bridge.send_chunk(request.id(), capsule::Answer::json(chunk.dump()), kLong);
      }
      bridge.respond(request.id(), capsule::Answer());
    } else if (given.value("collects", false)) {
      json pieces = json::array();
      while (const auto piece = bridge.next_chunk(request.id(), kLong)) {
        pieces.push_back((*piece)->kind == CAPSULE_VALUE_TEXT ? json(piece->data()) : json::parse(piece->data()));
      }
      bridge.respond(request.id(), capsule::Answer::json(pieces.dump()));
    } else if (given.contains("echo")) {
      bridge.respond(request.id(), capsule::Answer::json(std::string(request.arguments())));
    } else if (given.contains("returns")) {
      bridge.respond(request.id(), capsule::Answer::json(given.at("returns").dump()));
    }
  }

  std::map<std::string, json> served_;
  std::mutex mutex_;
  json calls_ = json::array();
  std::thread server_;
};

// The sessions by their labels; the scenario's own has the empty one.
class Stage {
 public:
  Stage(capsule::Runtime &runtime, const json &scenario) {
    capsule::SessionOptions options = session_options(scenario.value("session", json::object()));
    if (scenario.contains("bridge")) {
      host.emplace(runtime, scenario.at("bridge"));
      options.bridge = &host->bridge;
      options.rules = host->rules;
    }
    if (scenario.value("promises", false)) {
      store = runtime.open_promises();
    }
    if (scenario.contains("pool")) {
      pool = runtime.open_pool(pool_options(scenario.at("pool"), std::move(options)));
      pool->wait_ready(kLong);
    } else {
      sessions.insert_or_assign("", runtime.open(options));
    }
  }

  capsule::Session &session_of(const json &step) { return sessions.at(step.value("in", "")); }

  // In the order in which they were made: the host serves as long as there is a session that calls.
  std::optional<Host> host;
  std::optional<capsule::PromiseStore> store;
  std::optional<capsule::Pool> pool;
  std::map<std::string, capsule::Snapshot> snapshots;
  std::map<std::string, capsule::Session> sessions;
};

}  // namespace capsule_test::conformance::cpp
