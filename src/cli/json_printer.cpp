#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "base/utf8.hpp"
#include "cli/base64.hpp"
#include "cli/printer.hpp"
#include "cli/session_info.hpp"

namespace capsule::cli {
namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(MaybeText text) { return text ? Json(*text) : Json(); }

// By the numbers of their bits, `CAPSULE_EFFECT_…`.
constexpr std::array<const char *, 5> kEffects{"files", "network", "processes", "signals", "native"};

class JsonPrinter : public Printer {
 public:
  explicit JsonPrinter(Console &console) : console_(console) {}

  void output(const Event &event) override {
    Json line = open(event, "output");
    line["stream"] = capsule_stream_name(event->stream);
    line["origin"] = capsule_origin_name(event->origin);
    line["text"] = event.data();
    print(line);
  }

  void display(const Event &event) override {
    Json line = open(event, "display");
    line["display_id"] = event.display_id();
    line["update"] = event->update != 0;
    line["is_result"] = event->is_result != 0;
    line["parts"] = Json::object();
    for (std::size_t i = 0; i < event->part_count; ++i) {
      const capsule_mime_part &part = event->parts[i];
      const std::string_view data(part.data.data, part.data.size);
      // As notebooks have it: what is not text is in base64.
      line["parts"][part.mime_type.data] = is_utf8(data) ? std::string(data) : base64(data);
    }
    print(line);
  }

  void progress(const Event &event) override {
    Json line = open(event, "progress");
    line["id"] = event.display_id();
    line["value"] = event->progress_value;
    line["total"] = event->progress_total;
    line["label"] = event->progress_label.data;
    print(line);
  }

  void input(const Event &event) override {
    Json line = open(event, "input");
    line["prompt"] = event.prompt();
    line["secret"] = event->secret != 0;
    print(line);
  }

  void result(const Event &event) override {
    Json line = open(event, "result");
    line["repr"] = text_or_null(event.repr());
    line["type"] = text_or_null(event.type_name());
    std::string text = line.dump();
    text.pop_back();
    // The library's text as it is: read and written again, long integers would lose digits.
    const MaybeText value = event.json();
    text += ",\"json\":";
    text += value && Json::accept(*value) ? *value : "null";
    Json more;
    add_bill(more, event);
    text += "," + more.dump().substr(1);
    text.pop_back();
    if (event.repr() && event->repr_size_bytes > event.repr()->size()) {
      text += ",\"repr_size_bytes\":" + std::to_string(event->repr_size_bytes);
    }
    console_.write_out(text + "}\n");
  }

  void error(const Event &event) override {
    Json line = open(event, "error");
    line["type"] = event.error_type();
    line["message"] = event.message();
    line["traceback"] = text_or_null(event.traceback());
    line["outcome"] = capsule_outcome_name(event->outcome);
    line["death_reason"] = capsule_death_reason_name(event->death_reason);
    line["exit_code"] = event->exit_code;
    line["signal"] = event->signal_number;
    add_bill(line, event);
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

  // What every end has.
  static void add_bill(Json &line, const Event &event) {
    line["cancel_phase"] = capsule_cancel_phase_name(event->cancel_phase);
    line["state"] = capsule_state_name(event->state);
    line["code_class"] = capsule_code_class_name(event->code_class);
    line["effects"] = Json::array();
    for (std::size_t bit = 0; bit < kEffects.size(); ++bit) {
      if ((event->effects >> bit & 1U) != 0) {
        line["effects"].push_back(kEffects[bit]);
      }
    }
    line["stdout_bytes"] = event->stdout_bytes;
    line["stderr_bytes"] = event->stderr_bytes;
    line["left_out_bytes"] = event->left_out_bytes;
    line["left_out_lines"] = event->left_out_lines;
    line["duration_ns"] = event->duration_ns;
  }

  void print(const Json &line) { console_.write_out(line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"); }

  Console &console_;
};

}  // namespace

std::unique_ptr<Printer> make_json_printer(Console &console) { return std::make_unique<JsonPrinter>(console); }

}  // namespace capsule::cli
