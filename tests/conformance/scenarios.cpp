// Plays tests/scenarios/*.json, the conduct that every binding shares; their README describes the format. Without CAPSULE_TEST_PYTHON it
// plays those that need no Python.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "checkpoints.hpp"
#include "durable.hpp"
#include "files_of_scenarios.hpp"
#include "stage.hpp"
#include "values.hpp"

using namespace capsule_test;
using namespace capsule_test::conformance;

namespace {

// Names and JSON values, as the C functions take them.
class Inputs {
 public:
  explicit Inputs(const json &object) {
    for (const auto &[name, value] : object.items()) {
      texts_.emplace_back(name, value.dump());
    }
    values_.resize(texts_.size());
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      const std::string &data = texts_[i].second;
      values_[i] = {
          .struct_size = sizeof(capsule_value), .kind = CAPSULE_VALUE_JSON, .data = data.data(), .size_bytes = data.size()};
      raw.push_back({text_of(texts_[i].first), &values_[i]});
    }
  }
  Inputs(const Inputs &) = delete;
  Inputs &operator=(const Inputs &) = delete;

  std::vector<capsule_input> raw;

 private:
  std::vector<std::pair<std::string, std::string>> texts_;
  std::vector<capsule_value> values_;
};

ExecutionOptions options_of(const json &step, const Inputs &inputs) {
  ExecutionOptions options;
  options.raw.inputs = inputs.raw.data();
  options.raw.input_count = inputs.raw.size();
  if (step.contains("result")) {
    options.raw.result_kind = kind_named(step.at("result"));
  }
  options.raw.transaction =
      number_of_name({"commit", "rollback_on_failure", "rollback_always"}, step.value("transaction", "commit"));
  options.raw.transaction_scope = number_of_name({"memory", "names"}, step.value("scope", "memory"));
  options.file_name = step.value("file_name", "");
  options.traceparent = step.value("traceparent", "");
  options.tracestate = step.value("tracestate", "");
  options.raw.timeout_ms = step.value("timeout_ms", std::int64_t{0});
  if (step.contains("idempotency_key")) {
    options.raw.idempotency_key = capsule_text_from(step.at("idempotency_key").get_ref<const std::string &>().c_str());
  }
  return options;
}

// Takes events to the end; answers, cancels and interrupts on the way.
void play_events(const Stage &stage, Run &run, const json &step) {
  const json inputs = step.value("inputs", json::array());
  std::string cancel_after = step.value("cancel_after", "");
  std::string interrupt_after = step.value("interrupt_after", "");
  std::size_t answered = 0;
  const auto reached = [&run](std::string &mark) {
    const bool now = !mark.empty() && run.output().find(mark) != std::string::npos;
    if (now) {
      mark.clear();
    }
    return now;
  };
  const Deadline deadline;
  while (!run.next(deadline).terminal()) {
    if (run.events().back().kind == CAPSULE_EVENT_INPUT && !step.contains("cancel_after") && !step.contains("unanswered")) {
      const json &answer = inputs.at(answered++);
      if (step.contains("by_promise")) {
        settle_input(stage, run, answer);
      } else if (answer.is_null()) {
        run.decline();
      } else {
        run.answer(answer.get<std::string>());
      }
    }
    if (reached(cancel_after)) {
      run.cancel(step.value("grace_ms", std::int64_t{-1}));
    }
    if (reached(interrupt_after)) {
      run.interrupt();
    }
  }
  check_is("the number of answers given", answered, inputs.size());
  check_is("the text to act upon that never came", cancel_after + interrupt_after, std::string());
}

void play_execution(const Stage &stage, const json &step) {
  const Inputs inputs(step.value("bind", json::object()));
  ExecutionOptions options = options_of(step, inputs);
  Execution execution;
  check_is("the status", std::string(capsule_status_name(begin(stage, step, source_of(step), options.get(), execution))),
           std::string("CAPSULE_OK"));
  CHECK(execution.get() != nullptr);
  Run run(std::move(execution));
  play_events(stage, run, step);
  const Session &session = stage.session_of(step);
  check_expectations({run.events(), run.end(), [&] { return state_of(session); }}, step.at("expect"));
}

capsule_status try_set(const Session &session, const json &step) {
  const std::string name = step.at("set");
  const bool is_text = step.contains("text");
  const std::string data = is_text ? step.at("text").get<std::string>() : step.at("json").dump();
  const capsule_value value{.struct_size = sizeof value,
                            .kind = is_text ? CAPSULE_VALUE_TEXT : CAPSULE_VALUE_JSON,
                            .data = data.data(),
                            .size_bytes = data.size()};
  const std::int32_t strategy = number_of_name({"overwrite", "keep", "conflict"}, step.value("strategy", "overwrite"));
  return capsule_session_set(session.get(), name.data(), name.size(), &value, strategy, kPatienceMs, nullptr);
}

capsule_status try_update(const Session &session, const json &step) {
  const Inputs inputs(step.at("update"));
  const std::int32_t strategy = number_of_name({"overwrite", "keep", "conflict"}, step.value("strategy", "overwrite"));
  return capsule_session_update(session.get(), inputs.raw.data(), inputs.raw.size(), strategy, kPatienceMs, nullptr);
}

capsule_status try_get(const Session &session, const json &step) {
  const std::string name = step.at("get");
  const std::int32_t kind = step.contains("text")   ? CAPSULE_VALUE_TEXT
                            : step.contains("repr") ? CAPSULE_VALUE_REPR
                                                    : CAPSULE_VALUE_JSON;
  capsule_value value{.struct_size = sizeof value};
  const capsule_status status =
      capsule_session_get(session.get(), name.data(), name.size(), kind, kPatienceMs, &value, nullptr);
  const std::string data(static_cast<const char *>(value.data), value.data == nullptr ? 0 : value.size_bytes);
  capsule_value_release(&value);
  if (status == CAPSULE_OK && kind == CAPSULE_VALUE_JSON) {
    check_is("the value", json::parse(data).dump(), step.at("json").dump());
  } else if (status == CAPSULE_OK) {
    check_is("the value", data, step.at(step.contains("text") ? "text" : "repr").get<std::string>());
  }
  return status;
}

capsule_status try_copy(Stage &stage, const json &step) {
  const Session &session = stage.session_of(step);
  if (step.contains("snapshot")) {
    return capsule_session_snapshot(session.get(), kPatienceMs, stage.snapshots[step.at("snapshot")].out(), nullptr);
  }
  if (step.contains("restore")) {
    return capsule_session_restore(session.get(), stage.snapshots.at(step.at("restore")).get(), kPatienceMs, nullptr);
  }
  Session &branch = stage.sessions[step.at("branch")];
  return step.contains("of")
             ? capsule_snapshot_branch(stage.snapshots.at(step.at("of")).get(), kPatienceMs, branch.out(), nullptr)
             : capsule_session_branch(session.get(), kPatienceMs, branch.out(), nullptr);
}

capsule_status try_checkpoint(const Session &session, const json &step) {
  if (step.contains("keep_checkpoint")) {
    const std::string name = step.at("keep_checkpoint");
    capsule_checkpoint_options options = checkpoint_options();
    options.name = text_of(name);
    return capsule_session_keep_checkpoint(session.get(), checkpoint_of(session, options).get(), nullptr);
  }
  const bool forgets = step.contains("forget_checkpoint");
  const std::string name = step.at(forgets ? "forget_checkpoint" : "restore_checkpoint");
  if (forgets) {
    return capsule_session_forget_checkpoint(session.get(), name.data(), name.size(), nullptr);
  }
  Checkpoint found;
  const capsule_status status = capsule_session_find_checkpoint(session.get(), name.data(), name.size(), found.out(), nullptr);
  return status != CAPSULE_OK
             ? status
             : capsule_session_restore_checkpoint(session.get(), found.get(), 0, kPatienceMs, nullptr, nullptr);
}

capsule_status try_delete(const Session &session, const json &step) {
  const std::string name = step.at("delete");
  return capsule_session_delete(session.get(), name.data(), name.size(), kPatienceMs, nullptr);
}

// One that is to be refused, or whose events nobody wants.
capsule_status try_execution(const Stage &stage, const json &step) {
  Execution execution;
  const Inputs inputs(step.value("bind", json::object()));
  ExecutionOptions options = options_of(step, inputs);
  const capsule_status status = begin(stage, step, source_of(step), options.get(), execution);
  CHECK_EQ(execution.get() == nullptr, status != CAPSULE_OK || step.contains("recorded"));
  return status;
}

capsule_status checked(void (*check)(Stage &, const json &), Stage &stage, const json &step) {
  check(stage, step);
  return CAPSULE_OK;
}

using Action = std::function<capsule_status(Stage &stage, const json &step)>;

// By the key that names them.
const std::map<std::string, Action> &actions() {
  const auto of_session = [](capsule_status (*action)(const Session &, const json &)) {
    return [action](Stage &stage, const json &step) { return action(stage.session_of(step), step); };
  };
  static const std::map<std::string, Action> all{
      {"execute", [](Stage &stage, const json &step) { return try_execution(stage, step); }},
      {"recorded", [](Stage &stage, const json &step) { return try_execution(stage, step); }},
      {"promise", [](Stage &stage, const json &step) { return check_promise(stage, step); }},
      {"set", of_session(try_set)},
      {"update", of_session(try_update)},
      {"get", of_session(try_get)},
      {"delete", of_session(try_delete)},
      {"keep_checkpoint", of_session(try_checkpoint)},
      {"restore_checkpoint", of_session(try_checkpoint)},
      {"forget_checkpoint", of_session(try_checkpoint)},
      {"snapshot", try_copy},
      {"restore", try_copy},
      {"branch", try_copy},
      {"restart",
       [](Stage &stage, const json &step) { return capsule_session_restart(stage.session_of(step).get(), nullptr); }},
      {"close",
       [](Stage &stage, const json &step) {
         return capsule_session_close(stage.session_of(step).get(), step.at("close").get<std::int64_t>(), nullptr);
       }},
      {"acquire", try_acquire},
      {"give_back", give_back_labelled},
      {"calls", [](Stage &stage, const json &step) { return checked(check_calls, stage, step); }},
      {"metrics", [](Stage &stage, const json &step) { return checked(check_metrics, stage, step); }},
      {"trace", [](Stage &stage, const json &step) { return checked(check_trace, stage, step); }},
  };
  return all;
}

void play_step(Stage &stage, const json &step) {
  check_keys(step, step_keys(actions()), "a step");
  if (step.contains("expect")) {
    play_execution(stage, step);
    return;
  }
  const auto action =
      std::find_if(actions().begin(), actions().end(), [&step](const auto &known) { return step.contains(known.first); });
  if (action == actions().end()) {
    FAIL("a step does nothing: " + step.dump());
  }
  check_is("the status", std::string(capsule_status_name(action->second(stage, step))), step.value("refused", "CAPSULE_OK"));
}

void play(const json &scenario) {
  check_keys(scenario, kScenarioKeys, "a scenario");
  Stage stage(scenario);
  for (const json &step : scenario.at("steps")) {
    play_step(stage, step);
  }
}

}  // namespace

CAPSULE_TEST(every_scenario_plays_as_written) {
  const char *player = std::getenv("CAPSULE_TEST_PLAYER");
  play_all(player == nullptr ? "c" : player, play, std::getenv("CAPSULE_TEST_PYTHON") != nullptr);
}
