// Plays tests/scenarios/*.json by the C++ wrapper, as scenarios.cpp does by the C functions.
#include "cpp_stage.hpp"
#include "files_of_scenarios.hpp"

using namespace capsule_test;
using namespace capsule_test::conformance;
using namespace capsule_test::conformance::cpp;

namespace {

using Stage = capsule_test::conformance::cpp::Stage;

capsule::Inputs inputs_of(const json &object) {
  capsule::Inputs inputs;
  for (const auto &[name, value] : object.items()) {
    inputs.set(name, CAPSULE_VALUE_JSON, value.dump());
  }
  return inputs;
}

capsule::ExecutionOptions options_of(const json &step) {
  capsule::ExecutionOptions options;
  options.inputs = inputs_of(step.value("bind", json::object()));
  options.result_kind = step.contains("result") ? kind_named(step.at("result")) : CAPSULE_VALUE_NONE;
  options.transaction =
      number_of_name({"commit", "rollback_on_failure", "rollback_always"}, step.value("transaction", "commit"));
  options.transaction_scope = number_of_name({"memory", "names"}, step.value("scope", "memory"));
  options.file_name = step.value("file_name", "");
  options.traceparent = step.value("traceparent", "");
  options.tracestate = step.value("tracestate", "");
  options.timeout = Milliseconds{step.value("timeout_ms", std::int64_t{0})};
  options.idempotency_key = step.value("idempotency_key", "");
  return options;
}

// Empty where the promise is settled already.
std::optional<capsule::Execution> begin(Stage &stage, const json &step) {
  capsule::Session &session = stage.session_of(step);
  if (!step.contains("durable")) {
    return session.execute(source_of(step), options_of(step));
  }
  const std::string id = step.at("durable");
  return std::move(session.execute_durable(source_of(step), stage.store.value(), id, options_of(step)).execution);
}

// Answers an input request, or settles the promise that it names.
void answer(Stage &stage, capsule::Execution &execution, const capsule::Event &request, const json &step, const json &line) {
  if (step.contains("by_promise")) {
    const std::string id(request.input_promise().value());
    if (line.is_null()) {
      stage.store->reject(id);
    } else {
      stage.store->resolve(id, line.dump());
    }
  } else if (line.is_null()) {
    execution.decline(request->input_id);
  } else {
    execution.answer(request->input_id, line.get<std::string>());
  }
}

// Takes events to the end; answers, cancels and interrupts on the way.
std::vector<Event> play_events(Stage &stage, capsule::Execution &execution, const json &step) {
  const json inputs = step.value("inputs", json::array());
  std::string cancel_after = step.value("cancel_after", "");
  std::string interrupt_after = step.value("interrupt_after", "");
  std::size_t answered = 0;
  std::vector<Event> events;
  const auto reached = [&events](std::string &mark) {
    const bool now = !mark.empty() && printed_in(events).find(mark) != std::string::npos;
    if (now) {
      mark.clear();
    }
    return now;
  };
  const Deadline deadline;
  while (events.empty() || !events.back().terminal()) {
    const capsule::Event event = execution.next(Milliseconds{deadline.left_ms()}).value();
    events.push_back(copy_of(*event.operator->()));
    if (event.kind() == CAPSULE_EVENT_INPUT && !step.contains("cancel_after") && !step.contains("unanswered")) {
      answer(stage, execution, event, step, inputs.at(answered++));
    }
    if (reached(cancel_after)) {
      execution.cancel(Milliseconds{step.value("grace_ms", std::int64_t{-1})});
    }
    if (reached(interrupt_after)) {
      execution.interrupt();
    }
  }
  check_is("the number of answers given", answered, inputs.size());
  check_is("the text to act upon that never came", cancel_after + interrupt_after, std::string());
  return events;
}

void execute(Stage &stage, const json &step) {
  std::optional<capsule::Execution> execution = begin(stage, step);
  CHECK(execution.has_value());
  if (step.contains("expect")) {
    const std::vector<Event> events = play_events(stage, *execution, step);
    const capsule::Session &session = stage.session_of(step);
    const auto state = [&] { return std::string(capsule_session_state_name(session.info().state)); };
    check_expectations({events, events.back(), state}, step.at("expect"));
  }
}

void read_promise(Stage &stage, const json &step) {
  const capsule::Promise promise = stage.store->get(step.at("promise").get<std::string>());
  check_is("the promise", std::string(capsule_promise_state_name(promise.state())), step.at("state").get<std::string>());
  if (step.contains("json")) {
    check_is("its value", json::parse(promise.value()).dump(), step.at("json").dump());
  }
}

std::int32_t strategy_of(const json &step) {
  return number_of_name({"overwrite", "keep", "conflict"}, step.value("strategy", "overwrite"));
}

void set(Stage &stage, const json &step) {
  const bool is_text = step.contains("text");
  const std::string data = is_text ? step.at("text").get<std::string>() : step.at("json").dump();
  stage.session_of(step).set(step.at("set").get<std::string>(), is_text ? CAPSULE_VALUE_TEXT : CAPSULE_VALUE_JSON, data,
                             strategy_of(step), kLong);
}

void get(Stage &stage, const json &step) {
  const char *kind = step.contains("text") ? "text" : step.contains("repr") ? "repr" : "json";
  const capsule::Value value = stage.session_of(step).get(step.at("get").get<std::string>(), kind_named(kind), kLong);
  if (step.contains("json")) {
    check_is("the value", json::parse(value.data()).dump(), step.at("json").dump());
  } else if (step.contains(kind)) {
    check_is("the value", std::string(value.data()), step.at(kind).get<std::string>());
  }
}

void branch(Stage &stage, const json &step) {
  const std::string label = step.at("branch");
  stage.sessions.insert_or_assign(
      label, step.contains("of") ? stage.snapshots.at(step.at("of")).branch(kLong) : stage.session_of(step).branch(kLong));
}

void keep_checkpoint(Stage &stage, const json &step) {
  capsule::Session &session = stage.session_of(step);
  capsule::CheckpointOptions options;
  options.name = step.at("keep_checkpoint");
  session.keep(session.checkpoint(options, kLong));
}

void restore_checkpoint(Stage &stage, const json &step) {
  capsule::Session &session = stage.session_of(step);
  session.restore(session.find_checkpoint(step.at("restore_checkpoint").get<std::string>()), 0, kLong);
}

void give_back(Stage &stage, const json &step) {
  const auto session = stage.sessions.find(step.at("give_back"));
  stage.pool->give_back(std::move(session->second));
  stage.sessions.erase(session);
}

json metrics_named(Stage &stage, const json &step) {
  const auto numbers = [](const char *name, const auto &raw) { return numbers_of(name, &raw); };
  const std::string which = step.at("metrics");
  if (which == "pool") {
    return numbers("capsule_pool_metrics", stage.pool->metrics());
  }
  if (which == "pool_info") {
    return numbers("capsule_pool_info", stage.pool->info());
  }
  const capsule::Session &session = stage.session_of(step);
  if (which == "executor") {
    return numbers("capsule_executor_metrics", session.executor_metrics());
  }
  if (which == "async") {
    return numbers("capsule_async_metrics", session.async_metrics());
  }
  if (which == "limiter") {
    return numbers("capsule_limiter_metrics", session.limiter_metrics());
  }
  if (which == "bridge") {
    return numbers("capsule_bridge_metrics", session.bridge_metrics());
  }
  check_is("the metrics", which, std::string("session"));
  return numbers("capsule_session_info", session.info());
}

void check_trace_of(Stage &stage, const json &step) {
  capsule_trace_filter filter{};
  filter.kind = step.value("group", 0);
  json names = json::array();
  for (const capsule_trace_event &event :
       step.value("of", "") == "pool" ? stage.pool->trace(filter) : stage.session_of(step).trace(filter)) {
    names.push_back(capsule_trace_kind_name(event.kind));
  }
  check_is("the trace", names.dump(), step.at("trace").dump());
}

using Action = std::function<void(Stage &stage, const json &step)>;

// By the key that names them.
const std::map<std::string, Action> &actions() {
  const auto text = [](const json &step, const char *key) { return step.at(key).get<std::string>(); };
  static const std::map<std::string, Action> all{
      {"execute", execute},
      {"recorded", [](Stage &stage, const json &step) { CHECK(!begin(stage, step)); }},
      {"promise", read_promise},
      {"set", set},
      {"update",
       [](Stage &stage, const json &step) {
         stage.session_of(step).update(inputs_of(step.at("update")), strategy_of(step), kLong);
       }},
      {"get", get},
      {"delete", [=](Stage &stage, const json &step) { stage.session_of(step).remove(text(step, "delete"), kLong); }},
      {"snapshot",
       [=](Stage &stage, const json &step) {
         stage.snapshots.insert_or_assign(text(step, "snapshot"), stage.session_of(step).snapshot(kLong));
       }},
      {"restore", [=](Stage &stage,
                      const json &step) { stage.session_of(step).restore(stage.snapshots.at(text(step, "restore")), kLong); }},
      {"branch", branch},
      {"keep_checkpoint", keep_checkpoint},
      {"restore_checkpoint", restore_checkpoint},
      {"forget_checkpoint",
       [=](Stage &stage, const json &step) { stage.session_of(step).forget_checkpoint(text(step, "forget_checkpoint")); }},
      {"restart", [](Stage &stage, const json &step) { stage.session_of(step).restart(); }},
      {"close", [](Stage &stage,
                   const json &step) { stage.session_of(step).close(Milliseconds{step.at("close").get<std::int64_t>()}); }},
      {"acquire",
       [=](Stage &stage, const json &step) {
         stage.sessions.insert_or_assign(text(step, "acquire"),
                                         stage.pool->acquire(Milliseconds{step.value("timeout_ms", kPatienceMs)}));
       }},
      {"give_back", give_back},
      {"calls",
       [](Stage &stage, const json &step) { check_is("the calls", stage.host->calls().dump(), step.at("calls").dump()); }},
      {"metrics", [](Stage &stage, const json &step) { check_numbers(metrics_named(stage, step), step); }},
      {"trace", check_trace_of},
  };
  return all;
}

void play_step(Stage &stage, const json &step) {
  check_keys(step, step_keys(actions()), "a step");
  const auto action =
      std::find_if(actions().begin(), actions().end(), [&step](const auto &known) { return step.contains(known.first); });
  if (action == actions().end()) {
    FAIL("a step does nothing: " + step.dump());
  }
  capsule_status status = CAPSULE_OK;
  try {
    action->second(stage, step);
  } catch (const capsule::Error &error) {
    status = error.status();
  }
  check_is("the status", std::string(capsule_status_name(status)), step.value("refused", "CAPSULE_OK"));
}

void play(capsule::Runtime &runtime, const json &scenario) {
  check_keys(scenario, kScenarioKeys, "a scenario");
  Stage stage(runtime, scenario);
  for (const json &step : scenario.at("steps")) {
    play_step(stage, step);
  }
}

}  // namespace

CAPSULE_TEST(every_scenario_plays_as_written) {
  capsule::Runtime runtime;
  play_all("cpp", [&runtime](const json &scenario) { play(runtime, scenario); });
}
