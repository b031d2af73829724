// What a scenario is played on: its sessions, and the pool and the bridge that it may have.
#pragma once

#include <algorithm>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bridge.hpp"
#include "expectations.hpp"
#include "pool.hpp"
#include "promises.hpp"
#include "snapshots.hpp"

namespace capsule_test::conformance {

inline void check_keys(const json &object, const std::vector<std::string> &known, const char *what) {
  for (const auto &[key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      FAIL(std::string(what) + " has an unknown key " + show(key));
    }
  }
}

// The number of a name in a list of them.
inline std::int32_t number_of_name(const std::vector<std::string> &names, const std::string &name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    FAIL("an unknown name " + show(name));
  }
  return static_cast<std::int32_t>(found - names.begin());
}

inline const std::vector<std::string> kSessionKeys{"cancel_grace_ms",     "queue_limit",         "environment",
                                                   "input_timeout_ms",    "output_budget_bytes", "coalesce_carriage_returns",
                                                   "progress_rate_per_s", "display_limit_bytes", "restart_policy",
                                                   "snapshot_limit",      "checkpoint_limit",    "executor",
                                                   "enable_metrics",      "rate_limit_per_s",    "rate_limit_burst"};
inline const std::vector<std::string> kPoolKeys{"min_idle",      "max_sessions",       "warmup", "imports",
                                                "imports_fatal", "recycle_executions", "reset"};
inline const std::vector<std::string> kCapabilityKeys{"name",           "parameters", "timeout_ms", "idempotent",
                                                      "needs_approval", "returns",    "echo",       "fails",
                                                      "chunks",         "collects",   "silent",     "approve"};

inline SessionOptions session_options(const json &given) {
  check_keys(given, kSessionKeys, "a session");
  SessionOptions options = given.value("executor", "python") == "echo" ? SessionOptions::echo() : SessionOptions();
  const auto take = [&given](const char *key, auto &field) { field = given.value(key, field); };
  take("cancel_grace_ms", options.raw.cancel_grace_ms);
  take("queue_limit", options.raw.queue_limit);
  take("input_timeout_ms", options.raw.input_timeout_ms);
  take("output_budget_bytes", options.raw.output_budget_bytes);
  take("coalesce_carriage_returns", options.raw.coalesce_carriage_returns);
  take("progress_rate_per_s", options.raw.progress_rate_per_s);
  take("display_limit_bytes", options.raw.display_limit_bytes);
  take("snapshot_limit", options.raw.snapshot_limit);
  take("checkpoint_limit", options.raw.checkpoint_limit);
  take("enable_metrics", options.raw.enable_metrics);
  take("rate_limit_per_s", options.raw.rate_limit_per_s);
  take("rate_limit_burst", options.raw.rate_limit_burst);
  options.raw.restart_policy =
      number_of_name({"manual", "fresh", "snapshot", "checkpoint"}, given.value("restart_policy", "manual"));
  options.environment = given.value("environment", std::vector<std::string>());
  return options;
}

inline PoolOptions pool_options(const json &given, SessionOptions sessions) {
  check_keys(given, kPoolKeys, "a pool");
  PoolOptions options(std::move(sessions));
  options.raw.min_idle = given.value("min_idle", options.raw.min_idle);
  options.raw.max_sessions = given.value("max_sessions", options.raw.max_sessions);
  options.raw.imports_fatal = given.value("imports_fatal", options.raw.imports_fatal);
  options.raw.recycle_executions = given.value("recycle_executions", options.raw.recycle_executions);
  options.raw.reset = number_of_name({"pristine", "keep", "clear_names", "new_process"}, given.value("reset", "pristine"));
  options.warmup = given.value("warmup", "");
  options.imports = given.value("imports", std::vector<std::string>());
  return options;
}

// A bridge that is served as the scenario says.
class Host {
 public:
  explicit Host(const json &given) : bridge_(make_bridge()) {
    check_keys(given, {"capabilities", "rules"}, "a bridge");
    for (const json &capability : given.at("capabilities")) {
      add(capability);
    }
    for (const json &rule : given.at("rules")) {
      patterns_.push_back(rule.at("capability"));
      decisions_.push_back(number_of_name({"deny", "ask", "allow"}, rule.at("decision")));
      limits_.push_back(rule.value("max_calls", std::uint64_t{0}));
    }
    server_.emplace(bridge_, [this](const Bridge &, const Request &request) { serve(request); });
  }

  // Until the host ends.
  [[nodiscard]] std::vector<capsule_rule> rules() const {
    std::vector<capsule_rule> rules;
    for (std::size_t i = 0; i < patterns_.size(); ++i) {
      rules.push_back({.capability = text_of(patterns_[i]), .decision = decisions_[i], .max_calls = limits_[i]});
    }
    return rules;
  }
  [[nodiscard]] capsule_bridge *bridge() const { return bridge_.get(); }
  json calls() {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }

 private:
  void add(const json &given) {
    check_keys(given, kCapabilityKeys, "a capability");
    const std::string name = given.at("name");
    const std::string parameters = given.value("parameters", "");
    capsule_capability made = capability(name.c_str(), parameters.c_str());
    made.timeout_ms = given.value("timeout_ms", made.timeout_ms);
    const auto flag = [&made](bool wanted, std::uint32_t bit) { made.flags |= wanted ? bit : 0; };
    flag(given.value("idempotent", false), CAPSULE_CAPABILITY_IDEMPOTENT);
    flag(given.value("needs_approval", false), CAPSULE_CAPABILITY_NEEDS_APPROVAL);
    flag(given.contains("chunks"), CAPSULE_CAPABILITY_STREAM);
    flag(given.value("collects", false), CAPSULE_CAPABILITY_UPLOAD);
    offer(bridge_, made);
    served_[name] = given;
  }

  void serve(const Request &request) {
    const json &given = served_.at(request.capability());
    if (request.raw.kind == CAPSULE_REQUEST_APPROVAL) {
      ACCEPTED(capsule_bridge_approve(bridge_.get(), request.id(), given.value("approve", false) ? 1 : 0, error));
      return;
    }
    {
      const std::scoped_lock lock(mutex_);
      calls_.push_back({request.capability(), json::parse(request.arguments())});
    }
    if (given.contains("fails")) {
      const json &failure = given.at("fails");
      fail_request(bridge_, request.id(), failure.at("type").get<std::string>().c_str(),
                   failure.at("message").get<std::string>().c_str());
    } else if (given.contains("chunks")) {
      send_chunks(request.id(), given.at("chunks"));
    } else if (given.value("collects", false)) {
      collect_chunks(request.id());
    } else if (given.contains("echo")) {
      echo_arguments(bridge_, request);
    } else if (given.contains("returns")) {
      respond(bridge_, request.id(), given.at("returns").dump());
    }
  }

  void send_chunks(std::uint64_t id, const json &chunks) {
    for (const json &chunk : chunks) {
      const std::string text = chunk.dump();
      const capsule_value value = value_as(CAPSULE_VALUE_JSON, text);
      ACCEPTED(capsule_bridge_send_chunk(bridge_.get(), id, &value, kPatienceMs, error));
    }
    ACCEPTED(capsule_bridge_respond(bridge_.get(), id, nullptr, error));
  }

  void collect_chunks(std::uint64_t id) {
    json pieces = json::array();
    Chunk piece;
    capsule_status status = CAPSULE_OK;
    while ((status = piece.take(bridge_, id)) == CAPSULE_OK) {
      pieces.push_back(piece.raw.kind == CAPSULE_VALUE_TEXT ? json(piece.text()) : json::parse(piece.text()));
    }
    CHECK_EQ(status, CAPSULE_E_END);
    respond(bridge_, id, pieces.dump());
  }

  Bridge bridge_;
  std::map<std::string, json> served_;
  std::vector<std::string> patterns_;
  std::vector<std::int32_t> decisions_;
  std::vector<std::uint64_t> limits_;
  std::mutex mutex_;
  json calls_ = json::array();
  std::optional<Server> server_;
};

// The sessions by their labels; the scenario's own has the empty one.
class Stage {
 public:
  explicit Stage(const json &scenario) {
    SessionOptions options = session_options(scenario.value("session", json::object()));
    if (scenario.contains("bridge")) {
      host.emplace(scenario.at("bridge"));
      rules_ = host->rules();
      options.raw.bridge = host->bridge();
      options.raw.rules = rules_.data();
      options.raw.rule_count = rules_.size();
    }
    if (scenario.value("promises", false)) {
      store = open_store();
    }
    if (scenario.contains("pool")) {
      pool = make_pool(pool_options(scenario.at("pool"), std::move(options)));
      wait_ready(pool);
    } else {
      sessions[""] = open_session(std::move(options));
    }
  }
  Stage(const Stage &) = delete;
  Stage &operator=(const Stage &) = delete;
  ~Stage() {
    // The host serves as long as there is a session that calls.
    sessions.clear();
    snapshots.clear();
    pool.reset();
  }

  const Session &session_of(const json &step) const { return sessions.at(step.value("in", "")); }

  std::optional<Host> host;
  Pool pool;
  Store store;
  std::map<std::string, Session> sessions;
  std::map<std::string, Snapshot> snapshots;

 private:
  std::vector<capsule_rule> rules_;
};

// The numbers of a struct of the library by their names, as abi/api.json has it.
inline json numbers_of(const std::string &name, const void *raw) {
  static const json api = json::parse(std::ifstream(CAPSULE_TEST_SOURCE_DIR "/abi/api.json"));
  json numbers = json::object();
  for (const json &described : api.at("structs")) {
    if (described.at("name") != name) {
      continue;
    }
    for (const json &field : described.at("fields")) {
      const json &type = field.at("type");
      const auto *place = static_cast<const char *>(raw) + field.at("offset").get<std::size_t>();
      const auto read = [&]<typename T>(const char *type_name, T) {
        if (type.at("name") == type_name && type.at("pointer") == 0 && !type.contains("array")) {
          T value{};
          std::copy_n(place, sizeof value, reinterpret_cast<char *>(&value));
          numbers[field.at("name").get<std::string>()] = value;
        }
      };
      read("uint32_t", std::uint32_t{});
      read("int32_t", std::int32_t{});
      read("uint64_t", std::uint64_t{});
      read("int64_t", std::int64_t{});
      read("double", double{});
    }
  }
  return numbers;
}

template <typename Struct, typename Of>
json read_numbers(const char *name, capsule_status (*get)(Of *, Struct *, capsule_error *), Of *handle) {
  Struct raw{};
  raw.struct_size = sizeof raw;
  ACCEPTED(get(handle, &raw, error));
  return numbers_of(name, &raw);
}

inline json metrics_named(Stage &stage, const json &step) {
  const std::string which = step.at("metrics");
  if (which == "pool") {
    return read_numbers("capsule_pool_metrics", capsule_pool_get_metrics, stage.pool.get());
  }
  if (which == "pool_info") {
    return read_numbers("capsule_pool_info", capsule_pool_get_info, stage.pool.get());
  }
  capsule_session *session = stage.session_of(step).get();
  if (which == "executor") {
    return read_numbers("capsule_executor_metrics", capsule_session_get_executor_metrics, session);
  }
  if (which == "async") {
    return read_numbers("capsule_async_metrics", capsule_session_get_async_metrics, session);
  }
  if (which == "limiter") {
    return read_numbers("capsule_limiter_metrics", capsule_session_get_limiter_metrics, session);
  }
  if (which == "bridge") {
    return read_numbers("capsule_bridge_metrics", capsule_session_get_bridge_metrics, session);
  }
  check_is("the metrics", which, std::string("session"));
  return read_numbers("capsule_session_info", capsule_session_get_info, session);
}

inline void check_numbers(const json &numbers, const json &step) {
  for (const auto &[name, value] : step.at("fields").items()) {
    if (!numbers.contains(name)) {
      FAIL("there is no number " + show(name));
    }
    check_is(name, numbers.at(name).get<double>(), value.get<double>());
  }
}

inline void check_metrics(Stage &stage, const json &step) { check_numbers(metrics_named(stage, step), step); }

// The names of the kinds of events, in order.
inline void check_trace(Stage &stage, const json &step) {
  const capsule_trace_filter filter{.struct_size = sizeof filter, .kind = step.value("group", 0)};
  std::vector<capsule_trace_event> events(4096);
  std::size_t count = 0;
  if (step.value("of", "") == "pool") {
    ACCEPTED(capsule_pool_get_trace(stage.pool.get(), &filter, events.data(), events.size(), &count, nullptr, error));
  } else {
    ACCEPTED(
        capsule_session_get_trace(stage.session_of(step).get(), &filter, events.data(), events.size(), &count, nullptr, error));
  }
  json names = json::array();
  for (std::size_t i = 0; i < count; ++i) {
    names.push_back(capsule_trace_kind_name(events[i].kind));
  }
  check_is("the trace", names.dump(), step.at("trace").dump());
}

inline void check_calls(Stage &stage, const json &step) {
  check_is("the calls", stage.host.value().calls().dump(), step.at("calls").dump());
}

inline capsule_status try_acquire(Stage &stage, const json &step) {
  const capsule_acquire_options options = acquire_options(step.value("timeout_ms", kPatienceMs));
  return capsule_pool_acquire(stage.pool.get(), &options, stage.sessions[step.at("acquire")].out(), nullptr);
}

inline capsule_status give_back_labelled(Stage &stage, const json &step) {
  const auto session = stage.sessions.find(step.at("give_back").get<std::string>());
  const capsule_status status = capsule_pool_give_back(stage.pool.get(), session->second.take(), nullptr);
  stage.sessions.erase(session);
  return status;
}

}  // namespace capsule_test::conformance
