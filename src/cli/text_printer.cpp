#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>

#include "cli/printer.hpp"
#include "cli/session_info.hpp"

namespace capsule::cli {
namespace {

class TextPrinter : public Printer {
 public:
  explicit TextPrinter(Console &console) : console_(console) {}

  void output(const Event &event) override {
    if (event->stream == CAPSULE_STREAM_STDERR) {
      console_.write_err(event.raw());
    } else {
      console_.write_out(event.raw());
    }
  }

  // A terminal shows the plain one of its representations; a result's comes with the result.
  void display(const Event &event) override {
    if (const MaybeText plain = event.part("text/plain"); plain && event->is_result == 0) {
      console_.write_out(std::string(*plain) + "\n");
    }
  }

  void progress(const Event &event) override {
    const std::string label(event->progress_label.data, event->progress_label.size);
    const std::string total = std::isnan(event->progress_total) ? "" : " of " + number_text(event->progress_total);
    console_.write_err((label.empty() ? "" : label + ": ") + number_text(event->progress_value) + total + "\n");
  }

  void input(const Event &event) override { console_.write_out(event.prompt()); }

  void result(const Event &event) override {
    if (!event.repr()) {
      return;
    }
    console_.write_out(std::string(*event.repr()) + "\n");
    if (event->repr_size_bytes > event.repr()->size()) {
      console_.say("the result was cut: " + std::to_string(event.repr()->size()) + " of " +
                   std::to_string(event->repr_size_bytes) + " bytes are shown");
    }
  }

  void error(const Event &event) override {
    if (event.error_type() == "SystemExit") {
      return exited(event);
    }
    if (event.traceback()) {
      const std::string text(*event.traceback());
      console_.write_err(text.ends_with('\n') ? text : text + "\n");
    }
    if (event->outcome == CAPSULE_OUTCOME_DIED || event->outcome == CAPSULE_OUTCOME_KILLED) {
      console_.say(event.message());
    } else if (!event.traceback() || event->outcome == CAPSULE_OUTCOME_TIMEOUT) {
      // A timeout's traceback says KeyboardInterrupt, not why.
      console_.write_err(summary(event) + "\n");
    }
  }

  void restarted() override { console_.say("restarted the worker; what earlier code defined is gone"); }

  void info(const capsule_session_info &info) override {
    const auto fields = info_fields(info);
    std::size_t width = 0;
    for (const InfoField &field : fields) {
      width = std::max(width, field.name.size());
    }
    std::string table;
    for (const InfoField &field : fields) {
      table += field.name + std::string(width + 2 - field.name.size(), ' ') + field.text + "\n";
    }
    console_.write_err(table);
  }

 private:
  static std::string number_text(double value) {
    std::ostringstream text;
    text << value;
    return text.str();
  }

  // As Python does: a text given to sys.exit() is shown, a number is not.
  void exited(const Event &event) {
    if (event->exit_code != 0 && event.message() != std::to_string(event->exit_code)) {
      console_.write_err(std::string(event.message()) + "\n");
    }
  }

  static std::string summary(const Event &event) {
    const std::string type(event.error_type());
    return event.message().empty() ? type : type + ": " + std::string(event.message());
  }

  Console &console_;
};

}  // namespace

std::unique_ptr<Printer> make_text_printer(Console &console) { return std::make_unique<TextPrinter>(console); }

}  // namespace capsule::cli
