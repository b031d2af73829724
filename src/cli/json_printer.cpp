#include <nlohmann/json.hpp>
#include <string>

#include "cli/printer.hpp"
#include "cli/session_info.hpp"
#include "cli/utf8.hpp"

namespace capsule::cli {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(MaybeText text) { return text ? Json(*text) : Json(); }

const char *state_name(std::int32_t state) {
  switch (state) {
    case CAPSULE_STATE_PRESERVED:
      return "preserved";
    case CAPSULE_STATE_LOST:
      return "lost";
    default:
      return "unknown";
  }
}

class JsonPrinter : public Printer {
 public:
  explicit JsonPrinter(Console &console) : console_(console) {}

  void output(const Event &event) override {
    const bool to_stderr = event->stream == CAPSULE_STREAM_STDERR;
    print_output(event, to_stderr, (to_stderr ? stderr_ : stdout_).take(event.data()));
  }

  void input(const Event &event) override {
    Json line = open(event, "input");
    line["prompt"] = event.prompt();
    print(line);
  }

  void result(const Event &event) override {
    finish_output(event);
    Json line = open(event, "result");
    line["repr"] = text_or_null(event.repr());
    line["type"] = text_or_null(event.type_name());
    std::string text = line.dump();
    text.pop_back();
    // The library's text as it is: read and written again, long integers would lose digits.
    const MaybeText value = event.json();
    text += ",\"json\":";
    text += value && Json::accept(*value) ? *value : "null";
    text += ",\"duration_ns\":" + std::to_string(event->duration_ns);
    if (event.repr() && event->repr_size_bytes > event.repr()->size()) {
      text += ",\"repr_size_bytes\":" + std::to_string(event->repr_size_bytes);
    }
    console_.write_out(text + "}\n");
  }

  void error(const Event &event) override {
    finish_output(event);
    Json line = open(event, "error");
    line["type"] = event.error_type();
    line["message"] = event.message();
    line["traceback"] = text_or_null(event.traceback());
    line["outcome"] = capsule_outcome_name(event->outcome);
    line["cancel_phase"] = capsule_cancel_phase_name(event->cancel_phase);
    line["state"] = state_name(event->state);
    line["death_reason"] = capsule_death_reason_name(event->death_reason);
    line["exit_code"] = event->exit_code;
    line["signal"] = event->signal_number;
    line["duration_ns"] = event->duration_ns;
    print(line);
  }

  void restarted() override {}

  void info(const capsule_session_info &info) override {
    Json line;
    line["event"] = "info";
    line["struct_size"] = info.struct_size;
    for (InfoField &field : info_fields(info)) {
      line[field.name] = std::move(field.value);
    }
    print(line);
  }

 private:
  static Json open(const Event &event, const char *kind) {
    Json line;
    line["execution"] = event->execution_id;
    line["event"] = kind;
    return line;
  }

  void print_output(const Event &event, bool to_stderr, const std::string &text) {
    if (text.empty()) {
      return;
    }
    Json line = open(event, "output");
    line["stream"] = to_stderr ? "stderr" : "stdout";
    line["text"] = text;
    print(line);
  }

  // An execution's bytes are its own: a character that it began is not completed by the next one.
  void finish_output(const Event &event) {
    print_output(event, false, stdout_.finish());
    print_output(event, true, stderr_.finish());
  }

  void print(const Json &line) { console_.write_out(line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"); }

  Console &console_;
  Utf8Carry stdout_;
  Utf8Carry stderr_;
};

}  // namespace

std::unique_ptr<Printer> make_json_printer(Console &console) { return std::make_unique<JsonPrinter>(console); }

}  // namespace capsule::cli
