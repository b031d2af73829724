#include "cli/postmortem_command.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/arguments.hpp"
#include "cli/lines.hpp"

namespace capsule::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string milliseconds(std::uint64_t ns) {
  const std::string thousandths = std::to_string(ns / 1000 % 1000);
  return std::to_string(ns / 1'000'000) + "." + std::string(3 - thousandths.size(), '0') + thousandths + " ms";
}

std::string text_of(const Json &json) { return json.is_string() ? json.get<std::string>() : json.dump(); }

// The last events, with the time of each before the death.
std::string events_of(const Json &json) {
  const std::uint64_t died_ns = json.at("died_ns");
  std::string text = line("last events", std::to_string(json.at("events").size()));
  for (const Json &event : json.at("events")) {
    const std::uint64_t time_ns = event.at("time_ns");
    text += "  -" + milliseconds(died_ns - std::min(died_ns, time_ns)) + "  execution " + event.at("execution").dump() + "  " +
            text_of(event.at("kind")) + "\n";
  }
  return text;
}

// Where the Python code stood, the innermost frame first.
std::string stack_of(const Json &stack) {
  if (stack.is_null()) {
    return line("stack", "none: no fatal signal of its own ended it");
  }
  std::string text;
  for (const Json &thread : stack.at("threads")) {
    text +=
        line("stack", text_of(stack.at("cause")) + (thread.at("hit").get<bool>() ? ", in this thread" : ", in another thread"));
    for (const Json &frame : thread.at("frames")) {
      text += "  " + frame.value("file", "") + ":" + frame.at("line").dump() + " " + frame.value("function", "") + "\n";
    }
  }
  return text;
}

std::string describe(const Json &json) {
  const Json &cause = json.at("cause");
  std::string text = line("cause", text_of(cause.at("text")) + (cause.at("certain").get<bool>() ? "" : " (inferred)")) +
                     line("worker", "process " + json.at("pid").dump() + ", number " + json.at("incarnation").dump() +
                                        " of session " + json.at("session").dump()) +
                     line("lived", milliseconds(json.at("uptime_ns")));
  const Json &execution = json.at("execution");
  text += execution.is_null()
              ? line("was running", "nothing")
              : line("was running", "execution " + execution.at("id").dump() + " for " + milliseconds(execution.at("age_ns")));
  text += line("stood at", text_of(json.at("last_kind"))) + line("executions that waited", json.at("executions_queued").dump());
  const Json &beat = json.at("heartbeat");
  text += beat.is_null()
              ? line("last heartbeat", "none")
              : line("last heartbeat", milliseconds(beat.at("age_ns")) + " before, " + beat.at("resident_bytes").dump() +
                                           " bytes resident, " + beat.at("threads").dump() + " threads");
  const Json &output = json.at("output");
  text += line("output", output.at("recovered_bytes").dump() + " bytes found after it, " + output.at("untaken_bytes").dump() +
                             " not taken by the caller");
  return text + line("limits", json.at("limits").dump()) + stack_of(json.at("stack")) + events_of(json);
}

struct StackRelease {
  void operator()(capsule_stack *stack) const noexcept { capsule_stack_release(stack); }
};

void add_names(nlohmann::ordered_json &stack, capsule_stack *names) {
  std::uint64_t thread = 0;
  for (auto &told : stack.at("threads")) {
    std::uint64_t index = 0;
    for (auto &frame : told.at("frames")) {
      capsule_stack_frame named{};
      named.struct_size = sizeof named;
      if (capsule_stack_get_frame(names, thread, index++, &named, nullptr) == CAPSULE_OK) {
        frame["file"] = std::string(named.file.data, named.file.size);
        frame["function"] = std::string(named.function.data, named.function.size);
      }
    }
    ++thread;
  }
}

}  // namespace

std::string postmortem_text(const Postmortem &postmortem) {
  auto json = nlohmann::ordered_json::parse(postmortem.json());
  capsule_stack *stack = nullptr;
  if (capsule_postmortem_get_stack(postmortem.capi(), &stack, nullptr) == CAPSULE_OK) {
    const std::unique_ptr<capsule_stack, StackRelease> names(stack);
    add_names(json.at("stack"), names.get());
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void show_postmortem(const std::string &path, Console &console) {
  std::ifstream file(path);
  // What is nested deeper is none of it, and would be told by a function that calls itself as often.
  constexpr int kDeepest = 16;
  const auto shallow = [](int depth, Json::parse_event_t, const Json &) { return depth < kDeepest; };
  const Json json = Json::parse(file, shallow, /*allow_exceptions=*/false);
  try {
    console.write_out(describe(json));
  } catch (const Json::exception &) {
    throw UsageError(path + " is no post-mortem");
  }
}

}  // namespace capsule::cli
