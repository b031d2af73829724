// What the events of an execution have to be: the keys of `expect` in scenarios/README.md.
#pragma once

#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "story.hpp"
#include "test.hpp"

namespace capsule_test::conformance {

using nlohmann::json;

template <typename T>
inline void check_is(const std::string &what, const T &actual, const T &expected) {
  if (actual != expected) {
    FAIL(what + " is " + show(actual) + ", not " + show(expected));
  }
}

inline void check_part(const std::string &what, const std::string &text, const std::string &part) {
  if (text.find(part) == std::string::npos) {
    FAIL(what + " is " + show(text) + ", without " + show(part));
  }
}

inline std::optional<std::string> optional_text(const json &value) {
  return value.is_null() ? std::nullopt : std::optional<std::string>(value.get<std::string>());
}

inline std::string prompts_of(const std::vector<Event> &events, bool secret) {
  json prompts = json::array();
  for (const Event &event : events) {
    if (event.kind == CAPSULE_EVENT_INPUT && event.secret == secret) {
      prompts.push_back(event.prompt);
    }
  }
  return prompts.dump();
}

// The promise that each input request names, or null.
inline json input_promises_of(const std::vector<Event> &events) {
  json promises = json::array();
  for (const Event &event : events) {
    if (event.kind == CAPSULE_EVENT_INPUT) {
      promises.push_back(event.input_promise ? json(*event.input_promise) : json());
    }
  }
  return promises;
}

// Each display as an object of its parts by MIME type; as text, to be compared.
inline json displays_of(const std::vector<Event> &events) {
  json displays = json::array();
  for (const Event &event : events) {
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
inline json progress_of(const std::vector<Event> &events) {
  json progress = json::array();
  for (const Event &event : events) {
    if (event.kind == CAPSULE_EVENT_PROGRESS) {
      const json total = std::isnan(event.progress_total) ? json() : json(event.progress_total);
      progress.push_back({event.progress_value, total, event.progress_label});
    }
  }
  return progress;
}

// What has written output, neighbours as one.
inline std::string origins_of(const std::vector<Event> &events) {
  std::string origins;
  const Event *last = nullptr;
  for (const Event &event : events) {
    if (event.kind == CAPSULE_EVENT_OUTPUT) {
      origins += last != nullptr && last->origin == event.origin ? "" : (last == nullptr ? "" : " ") + event.origin;
      last = &event;
    }
  }
  return origins;
}

inline std::string printed_text(const std::vector<Event> &events) {
  std::string text;
  for (const Event &event : events) {
    text += event.data;
  }
  return text;
}

inline json effects_of(const Event &end) {
  json effects = json::array();
  const char *const names[] = {"files", "network", "processes", "signals", "native"};
  for (std::size_t i = 0; i < std::size(names); ++i) {
    if ((end.effects >> i & 1U) != 0) {
      effects.push_back(names[i]);
    }
  }
  return effects;
}

// One execution to its end, and what tells the state of its session.
struct Played {
  const std::vector<Event> &events;
  const Event &end;
  std::function<std::string()> session_state;
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

inline Expectations output_expectations() {
  return {
      {"stdout", text_is("stdout", [](const Played &p) { return printed_in(p.events, CAPSULE_STREAM_STDOUT); })},
      {"stderr", text_is("stderr", [](const Played &p) { return printed_in(p.events, CAPSULE_STREAM_STDERR); })},
      {"output", text_is("output", [](const Played &p) { return printed_in(p.events); })},
      {"events", text_is("the order of events", [](const Played &p) { return story_of(p.events); })},
      {"stdout_size",
       number_is("the size of stdout", [](const Played &p) { return printed_in(p.events, CAPSULE_STREAM_STDOUT).size(); })},
      {"prompts", [](const Played &p, const json &v) { check_is("prompts", prompts_of(p.events, false), v.dump()); }},
      {"secret_prompts",
       [](const Played &p, const json &v) { check_is("secret prompts", prompts_of(p.events, true), v.dump()); }},
      {"input_promises",
       [](const Played &p, const json &v) { check_is("the inputs' promises", input_promises_of(p.events).dump(), v.dump()); }},
      {"text", text_is("the text of the output", [](const Played &p) { return printed_text(p.events); })},
      {"origins", text_is("the origins of output", [](const Played &p) { return origins_of(p.events); })},
      {"displays", [](const Played &p, const json &v) { check_is("displays", displays_of(p.events).dump(), v.dump()); }},
      {"progress", [](const Played &p, const json &v) { check_is("progress", progress_of(p.events).dump(), v.dump()); }},
      {"left_out_bytes", number_is("left_out_bytes", [](const Played &p) { return p.end.left_out_bytes; })},
      {"left_out_lines", number_is("left_out_lines", [](const Played &p) { return p.end.left_out_lines; })},
      {"session_state", text_is("the session's state", [](const Played &p) { return p.session_state(); })},
  };
}

inline Expectations value_expectations() {
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

inline Expectations end_expectations() {
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

inline const Expectations &expectations() {
  static const Expectations all = [] {
    Expectations merged = output_expectations();
    merged.merge(value_expectations());
    merged.merge(end_expectations());
    return merged;
  }();
  return all;
}

inline void check_expectations(const Played &played, const json &expected) {
  for (const auto &[key, value] : expected.items()) {
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

}  // namespace capsule_test::conformance
