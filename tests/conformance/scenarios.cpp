// Plays tests/scenarios/*.json, the conduct that every binding shares; their README describes the format.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "checkpoints.hpp"
#include "snapshots.hpp"
#include "values.hpp"

using namespace capsule_test;
using nlohmann::json;

namespace {

template <typename T>
void check_is(const std::string &what, const T &actual, const T &expected) {
  if (actual != expected) {
    FAIL(what + " is " + show(actual) + ", not " + show(expected));
  }
}

void check_part(const std::string &what, const std::string &text, const std::string &part) {
  if (text.find(part) == std::string::npos) {
    FAIL(what + " is " + show(text) + ", without " + show(part));
  }
}

std::optional<std::string> optional_text(const json &value) {
  return value.is_null() ? std::nullopt : std::optional<std::string>(value.get<std::string>());
}

std::string prompts_of(const Run &run, bool secret) {
  json prompts = json::array();
  for (const Event &event : run.events()) {
    if (event.kind == CAPSULE_EVENT_INPUT && event.secret == secret) {
      prompts.push_back(event.prompt);
    }
  }
  return prompts.dump();
}

// Each display as an object of its parts by MIME type; as text, to be compared.
json displays_of(const Run &run) {
  json displays = json::array();
  for (const Event &event : run.events()) {
    if (event.kind == CAPSULE_EVENT_DISPLAY) {
      json parts = json::object();
      for (const auto &[type, data] : event.parts) {
        parts[type] = data;
      }
      displays.push_back(parts);
    }
  }
  return displays;
}

// Each as [value, total or null, label].
json progress_of(const Run &run) {
  json progress = json::array();
  for (const Event &event : run.events()) {
    if (event.kind == CAPSULE_EVENT_PROGRESS) {
      const json total = std::isnan(event.progress_total) ? json() : json(event.progress_total);
      progress.push_back({event.progress_value, total, event.progress_label});
    }
  }
  return progress;
}

// What has written output, neighbours as one.
std::string origins_of(const Run &run) {
  std::string origins;
  const Event *last = nullptr;
  for (const Event &event : run.events()) {
    if (event.kind == CAPSULE_EVENT_OUTPUT) {
      origins += last != nullptr && last->origin == event.origin ? "" : (last == nullptr ? "" : " ") + event.origin;
      last = &event;
    }
  }
  return origins;
}

std::string printed_text(const Run &run) {
  std::string text;
  for (const Event &event : run.events()) {
    text += event.data;
  }
  return text;
}

json effects_of(const Event &end) {
  json effects = json::array();
  const char *const names[] = {"files", "network", "processes", "signals", "native"};
  for (std::size_t i = 0; i < std::size(names); ++i) {
    if ((end.effects >> i & 1U) != 0) {
      effects.push_back(names[i]);
    }
  }
  return effects;
}

struct Played {
  const Run &run;
  const Event &end;
  const Session &session;
};

using Expectation = std::function<void(const Played &, const json &)>;

// A text of the terminal event or of the whole run.
template <typename Get>
Expectation text_is(const std::string &what, Get get) {
  return [=](const Played &played, const json &value) { check_is<std::string>(what, get(played), value.get<std::string>()); };
}

template <typename Get>
Expectation number_is(const std::string &what, Get get) {
  return [=](const Played &played, const json &value) {
    check_is<std::int64_t>(what, static_cast<std::int64_t>(get(played)), value.get<std::int64_t>());
  };
}

template <typename Get>
Expectation optional_is(const std::string &what, Get get) {
  return [=](const Played &played, const json &value) { check_is(what, get(played), optional_text(value)); };
}

using Expectations = std::map<std::string, Expectation>;

Expectations output_expectations() {
  return {
      {"stdout", text_is("stdout", [](const Played &p) { return p.run.out(); })},
      {"stderr", text_is("stderr", [](const Played &p) { return p.run.err(); })},
      {"output", text_is("output", [](const Played &p) { return p.run.output(); })},
      {"events", text_is("the order of events", [](const Played &p) { return p.run.story(); })},
      {"stdout_size", number_is("the size of stdout", [](const Played &p) { return p.run.out().size(); })},
      {"prompts", [](const Played &p, const json &v) { check_is("prompts", prompts_of(p.run, false), v.dump()); }},
      {"secret_prompts", [](const Played &p, const json &v) { check_is("secret prompts", prompts_of(p.run, true), v.dump()); }},
      {"text", text_is("the text of the output", [](const Played &p) { return printed_text(p.run); })},
      {"origins", text_is("the origins of output", [](const Played &p) { return origins_of(p.run); })},
      {"displays", [](const Played &p, const json &v) { check_is("displays", displays_of(p.run).dump(), v.dump()); }},
      {"progress", [](const Played &p, const json &v) { check_is("progress", progress_of(p.run).dump(), v.dump()); }},
      {"left_out_bytes", number_is("left_out_bytes", [](const Played &p) { return p.end.left_out_bytes; })},
      {"left_out_lines", number_is("left_out_lines", [](const Played &p) { return p.end.left_out_lines; })},
      {"session_state", text_is("the session's state", [](const Played &p) { return state_of(p.session); })},
  };
}

Expectations value_expectations() {
  return {
      {"repr", optional_is("repr", [](const Played &p) { return p.end.repr; })},
      {"type", optional_is("the type", [](const Played &p) { return p.end.type_name; })},
      {"type_contains", [](const Played &p, const json &v) { check_part("the type", p.end.type_name.value_or(""), v); }},
      {"repr_size_bytes", number_is("repr_size_bytes", [](const Played &p) { return p.end.repr_size_bytes; })},
      {"json", [](const Played &p,
                  const json &v) { check_is("the JSON", json::parse(p.end.json.value_or("\"absent\"")).dump(), v.dump()); }},
      {"value", optional_is("the value asked for", [](const Played &p) { return p.end.value; })},
      {"value_refused", text_is("the value's status", [](const Played &p) { return capsule_status_name(p.end.value_status); })},
      {"json_absent", [](const Played &p, const json &) { check_is("the JSON", p.end.json, std::optional<std::string>()); }},
  };
}

Expectations end_expectations() {
  return {
      {"code_class", text_is("the code's class", [](const Played &p) { return p.end.code_class; })},
      {"outcome", text_is("the outcome", [](const Played &p) { return p.end.outcome; })},
      {"error_type", text_is("the error's type", [](const Played &p) { return p.end.error_type; })},
      {"message", text_is("the message", [](const Played &p) { return p.end.message; })},
      {"message_contains", [](const Played &p, const json &v) { check_part("the message", p.end.message, v); }},
      {"traceback_contains",
       [](const Played &p, const json &v) {
         for (const json &part : v) {
           check_part("the traceback", p.end.traceback.value_or(""), part);
         }
       }},
      {"cancel_phase", text_is("the cancel's phase", [](const Played &p) { return p.end.cancel_phase; })},
      {"death_reason", text_is("the reason of death", [](const Played &p) { return p.end.death_reason; })},
      {"exit_code", number_is("the exit code", [](const Played &p) { return p.end.exit_code; })},
      {"signal_number", number_is("the signal", [](const Played &p) { return p.end.signal_number; })},
      {"state", text_is("the state", [](const Played &p) { return p.end.state; })},
      {"restored_checkpoint",
       optional_is("the checkpoint restored", [](const Played &p) { return p.end.restored_checkpoint; })},
      {"effects", [](const Played &p, const json &v) { check_is("the effects", effects_of(p.end).dump(), v.dump()); }},
  };
}

const Expectations &expectations() {
  static const Expectations all = [] {
    Expectations merged = output_expectations();
    merged.merge(value_expectations());
    merged.merge(end_expectations());
    return merged;
  }();
  return all;
}

void check_keys(const json &object, const std::vector<std::string> &known, const char *what) {
  for (const auto &[key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      FAIL(std::string(what) + " has an unknown key " + show(key));
    }
  }
}

std::string source_of(const json &step) {
  const json &source = step.at("execute");
  if (source.is_string()) {
    return source.get<std::string>();
  }
  std::string text;
  for (const json &line : source) {
    text += (text.empty() ? "" : "\n") + line.get<std::string>();
  }
  return text;
}

// The number of a name in a list of them.
std::int32_t number_of_name(const std::vector<std::string> &names, const std::string &name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    FAIL("an unknown name " + show(name));
  }
  return static_cast<std::int32_t>(found - names.begin());
}

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

std::int32_t kind_named(const std::string &name) {
  return number_of_name({"auto", "json", "text", "bytes", "buffer", "repr"}, name);
}

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
  return options;
}

// Takes events to the end; answers, cancels and interrupts on the way.
void play_events(Run &run, const json &step) {
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
      if (const json answer = inputs.at(answered++); answer.is_null()) {
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

void play_execution(const Session &session, const json &step) {
  const Inputs inputs(step.value("bind", json::object()));
  Run run(session, source_of(step), options_of(step, inputs));
  play_events(run, step);
  const Played played{run, run.end(), session};
  for (const auto &[key, value] : step.at("expect").items()) {
    const auto expectation = expectations().find(key);
    if (expectation == expectations().end()) {
      FAIL("an unknown expectation " + show(key));
    }
    try {
      expectation->second(played, value);
    } catch (const Failure &failure) {
      FAIL(std::string(failure.what()) + "; the end was " + show(played.end));
    }
  }
}

// What a scenario has made besides its session, by the labels it gives.
struct Copies {
  std::map<std::string, Snapshot> snapshots;
  std::map<std::string, Session> branches;
};

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

capsule_status try_copy(const Session &session, const json &step, Copies &copies) {
  if (step.contains("snapshot")) {
    return capsule_session_snapshot(session.get(), kPatienceMs, copies.snapshots[step.at("snapshot")].out(), nullptr);
  }
  if (step.contains("restore")) {
    return capsule_session_restore(session.get(), copies.snapshots.at(step.at("restore")).get(), kPatienceMs, nullptr);
  }
  Session &branch = copies.branches[step.at("branch")];
  return step.contains("of")
             ? capsule_snapshot_branch(copies.snapshots.at(step.at("of")).get(), kPatienceMs, branch.out(), nullptr)
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

capsule_status try_step(const Session &session, const json &step, Copies &copies) {
  if (step.contains("update")) {
    return try_update(session, step);
  }
  if (step.contains("keep_checkpoint") || step.contains("restore_checkpoint") || step.contains("forget_checkpoint")) {
    return try_checkpoint(session, step);
  }
  if (step.contains("set")) {
    return try_set(session, step);
  }
  if (step.contains("get")) {
    return try_get(session, step);
  }
  if (step.contains("delete")) {
    const std::string name = step.at("delete");
    return capsule_session_delete(session.get(), name.data(), name.size(), kPatienceMs, nullptr);
  }
  if (step.contains("snapshot") || step.contains("restore") || step.contains("branch")) {
    return try_copy(session, step, copies);
  }
  if (step.contains("restart")) {
    return capsule_session_restart(session.get(), nullptr);
  }
  if (step.contains("close")) {
    return capsule_session_close(session.get(), step.at("close").get<std::int64_t>(), nullptr);
  }
  Execution execution;
  const std::string source = source_of(step);
  const Inputs inputs(step.value("bind", json::object()));
  ExecutionOptions options = options_of(step, inputs);
  return capsule_execution_create(session.get(), source.data(), source.size(), options.get(), execution.out(), nullptr);
}

void play_step(const Session &main, const json &step, Copies &copies) {
  check_keys(step,
             {"execute",
              "file_name",
              "traceparent",
              "tracestate",
              "timeout_ms",
              "inputs",
              "unanswered",
              "cancel_after",
              "grace_ms",
              "interrupt_after",
              "expect",
              "restart",
              "close",
              "refused",
              "in",
              "set",
              "get",
              "delete",
              "json",
              "text",
              "repr",
              "strategy",
              "snapshot",
              "restore",
              "branch",
              "of",
              "transaction",
              "scope",
              "bind",
              "result",
              "update",
              "keep_checkpoint",
              "restore_checkpoint",
              "forget_checkpoint"},
             "a step");
  const Session &session = step.contains("in") ? copies.branches.at(step.at("in")) : main;
  if (step.contains("expect")) {
    play_execution(session, step);
  } else {
    check_is("the status", std::string(capsule_status_name(try_step(session, step, copies))),
             step.value("refused", "CAPSULE_OK"));
  }
}

void play(const json &scenario) {
  check_keys(scenario, {"name", "session", "steps"}, "a scenario");
  const json given = scenario.value("session", json::object());
  check_keys(
      given,
      {"cancel_grace_ms", "queue_limit", "environment", "input_timeout_ms", "output_budget_bytes", "coalesce_carriage_returns",
       "progress_rate_per_s", "display_limit_bytes", "restart_policy", "snapshot_limit", "checkpoint_limit"},
      "a session");
  SessionOptions options;
  options.raw.cancel_grace_ms = given.value("cancel_grace_ms", options.raw.cancel_grace_ms);
  options.raw.queue_limit = given.value("queue_limit", options.raw.queue_limit);
  options.raw.input_timeout_ms = given.value("input_timeout_ms", options.raw.input_timeout_ms);
  options.raw.output_budget_bytes = given.value("output_budget_bytes", options.raw.output_budget_bytes);
  options.raw.coalesce_carriage_returns = given.value("coalesce_carriage_returns", options.raw.coalesce_carriage_returns);
  options.raw.progress_rate_per_s = given.value("progress_rate_per_s", options.raw.progress_rate_per_s);
  options.raw.display_limit_bytes = given.value("display_limit_bytes", options.raw.display_limit_bytes);
  options.raw.snapshot_limit = given.value("snapshot_limit", options.raw.snapshot_limit);
  options.raw.checkpoint_limit = given.value("checkpoint_limit", options.raw.checkpoint_limit);
  options.raw.restart_policy =
      number_of_name({"manual", "fresh", "snapshot", "checkpoint"}, given.value("restart_policy", "manual"));
  options.environment = given.value("environment", std::vector<std::string>());
  const Session session = open_session(options);
  Copies copies;
  for (const json &step : scenario.at("steps")) {
    play_step(session, step, copies);
  }
}

std::vector<std::filesystem::path> files() {
  std::vector<std::filesystem::path> all;
  for (const auto &entry : std::filesystem::directory_iterator(CAPSULE_TEST_SOURCE_DIR "/tests/scenarios")) {
    if (entry.path().extension() == ".json") {
      all.push_back(entry.path());
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

CAPSULE_TEST(every_scenario_plays_as_written) {
  std::string failures;
  std::size_t played = 0;
  for (const std::filesystem::path &file : files()) {
    try {
      play(json::parse(std::ifstream(file)));
    } catch (const std::exception &failure) {
      failures += "\n" + file.filename().string() + ": " + failure.what();
    }
    ++played;
  }
  CHECK_AT_LEAST(played, 85);
  if (!failures.empty()) {
    FAIL(failures);
  }
}
