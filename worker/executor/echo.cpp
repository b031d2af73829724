#include "executor/echo.hpp"

#include <csignal>
#include <cstdlib>
#include <map>

#include "base/clock.hpp"
#include "capsule/execution.h"
#include "capsule/value.h"
#include "link/host_call.hpp"

namespace capsule::worker {
namespace {

// Thrown through one run to end it.
struct EndOfRun {
  Failure failure;
};

std::string json_string(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += {'\\', c};
    } else if (byte < 0x20) {
      json += {'\\', 'u', '0', '0', digits[byte >> 4U], digits[byte & 15U]};
    } else {
      json += c;
    }
  }
  return json + "\"";
}

class EchoExecutor : public Executor {
 public:
  explicit EchoExecutor(const SessionParts &parts) : parts_(&parts) {
    // The handler does nothing: that a wait was interrupted is all that is needed.
    struct sigaction action {};
    action.sa_handler = [](int) {};
    sigaction(cancel_signal(), &action, nullptr);
  }

  Outcome run(std::uint64_t execution_id, const wire::Execute &request, std::vector<UniqueFd> /*attached*/) override {
    execution_id_ = execution_id;
    calls_made_ = 0;
    value_ = Value();
    bind(request.inputs);
    parts_->state.interruptible_id.store(execution_id, std::memory_order_seq_cst);
    parts_->state.recorder.record<CAPSULE_TRACE_EXECUTION_STARTED>(FlightWriter::kMain,
                                                                   {.execution_id = execution_id, .time_ns = monotonic_ns()});
    Outcome outcome;
    try {
      check_stop();
      run_lines(std::string(request.source));
      answer_with_value(request.result_kind);
      outcome = value_;
    } catch (const EndOfRun &end) {
      outcome = end.failure;
    }
    parts_->state.interruptible_id.store(0, std::memory_order_seq_cst);
    return outcome;
  }

  void attach(const SessionParts &parts) override { parts_ = &parts; }

  void answer(const wire::Ask &request, std::vector<UniqueFd> /*attached*/) override {
    wire::Answer answer{.request_id = request.request_id};
    const auto found = values_.find(request.name);
    const auto operation = static_cast<wire::Operation>(request.operation);
    if (operation == wire::Operation::kSet) {
      bind(request.items);
    } else if (operation == wire::Operation::kList) {
      for (const auto &[name, value] : values_) {
        answer.names.push_back(name);
        answer.types.emplace_back("str");
        answer.sizes.push_back(value.size());
        answer.kinds.push_back(CAPSULE_NAME_VALUE);
      }
      answer.total = values_.size();
    } else if (found == values_.end()) {
      answer.status = CAPSULE_E_NAME;
      answer.message = "there is no such name";
    } else if (operation == wire::Operation::kGet) {
      answer.kind = CAPSULE_VALUE_TEXT;
      answer.type_name = "str";
      answer.data = found->second;
    } else if (operation == wire::Operation::kDelete) {
      values_.erase(found);
    }
    parts_->state.ended_request_id.store(request.request_id, std::memory_order_seq_cst);
    parts_->control.answer(answer);
  }

 private:
  void bind(const std::vector<wire::Item> &items) {
    for (const wire::Item &item : items) {
      values_[std::string(item.name)] = item.data;
    }
  }

  // All its values are texts.
  void answer_with_value(int kind) {
    if (kind == CAPSULE_VALUE_NONE || !value_.repr) {
      return;
    }
    asked_ = *value_.repr;
    value_.answer =
        std::make_shared<const wire::Answer>(wire::Answer{.kind = CAPSULE_VALUE_TEXT, .data = asked_, .type_name = "str"});
  }

  void run_lines(std::string_view source) {
    while (!source.empty()) {
      const std::size_t end = source.find('\n');
      const std::string_view line = source.substr(0, end);
      source = end == std::string_view::npos ? std::string_view() : source.substr(end + 1);
      if (!line.empty()) {
        const std::size_t space = line.find(' ');
        run_line(line.substr(0, space), space == std::string_view::npos ? std::string_view() : line.substr(space + 1));
        check_stop();
      }
    }
  }

  void run_line(std::string_view command, std::string_view argument) {
    const std::string text(argument);
    if (command == "out") {
      print(1, text + "\n");
    } else if (command == "err") {
      print(2, text + "\n");
    } else if (command == "fd") {
      const std::string line = text + "\n";
      [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, line.data(), line.size());
    } else if (command == "flood") {
      for (long i = number(text); i > 0; --i) {
        print(1, std::string(99, 'x') + "\n");
      }
    } else if (command == "input" || command == "secret") {
      ask(text, command == "secret");
    } else if (command == "call") {
      const std::size_t space = text.find(' ');
      call_host(text.substr(0, space), space == std::string::npos ? "{}" : text.substr(space + 1));
    } else if (command == "sleep") {
      wait_until(monotonic_ns() + static_cast<std::uint64_t>(number(text)) * kNsPerMs, /*stubborn=*/false);
    } else if (command == "spin") {
      wait_until(kNoDeadline, /*stubborn=*/false);
    } else if (command == "stubborn") {
      if (!text.empty()) {
        print(1, text + "\n");  // from here on it hears nothing
      }
      wait_until(kNoDeadline, /*stubborn=*/true);
    } else if (command == "value") {
      value_ = Value{text, text.size(), "str", json_string(text)};
    } else if (command == "raise") {
      const std::size_t space = text.find(' ');
      fail(text.substr(0, space), space == std::string::npos ? "" : text.substr(space + 1));
    } else {
      run_deadly_line(command, text);
    }
  }

  static void run_deadly_line(std::string_view command, const std::string &text) {
    if (command == "exit") {
      _exit(static_cast<int>(number(text)));
    } else if (command == "abort") {
      std::abort();
    } else if (command == "kill") {
      raise(SIGKILL);
    } else {
      fail("SyntaxError", "unknown command: " + std::string(command));
    }
  }

  static long number(const std::string &text) { return std::strtol(text.c_str(), nullptr, 10); }

  [[noreturn]] static void fail(std::string type, std::string message) {
    throw EndOfRun{Failure{std::move(type), std::move(message), std::nullopt, 0, false}};
  }

  void check_stop() {
    if (parts_->state.must_stop()) {
      throw EndOfRun{Failure{"KeyboardInterrupt", "", std::nullopt, 0, parts_->state.canceled(execution_id_)}};
    }
  }

  void print(std::uint8_t stream, std::string_view text) {
    for (;;) {
      const std::uint32_t ticket = parts_->output.space().ticket();
      text.remove_prefix(parts_->output.append({execution_id_, 0, CAPSULE_ORIGIN_MAIN}, stream, text));
      if (text.empty()) {
        return;
      }
      parts_->state.recorder.record_once<CAPSULE_TRACE_OUTPUT_BACKPRESSURE>(
          FlightWriter::kCode, {.execution_id = execution_id_, .arguments = {parts_->output.queue_bytes()}});
      parts_->output.space().wait(ticket);
      check_stop();
    }
  }

  void ask(const std::string &prompt, bool secret) {
    const std::shared_ptr<InputRequest> request = parts_->inputs.open();
    parts_->output.send_behind(execution_id_, wire::InputRequest{request->id, prompt, secret});
    for (;;) {
      const std::uint32_t ticket = request->gate.ticket();
      if (request->answered.load(std::memory_order_acquire)) {
        break;
      }
      request->gate.wait(ticket);
      check_stop();
    }
    if (!request->failure.empty()) {
      fail("ConnectionError", request->failure);
    }
    if (!request->text) {
      parts_->state.recorder.record<CAPSULE_TRACE_INPUT_EOF>(
          FlightWriter::kCode, {.execution_id = execution_id_, .time_ns = monotonic_ns(), .arguments = {request->id}});
      fail("EOFError", "the host declined");
    }
    print(1, *request->text + "\n");
  }

  // Prints what it is answered with; fails as the host says.
  void call_host(const std::string &capability, const std::string &arguments) {
    const std::shared_ptr<OpenCall> call = parts_->calls.open(0);
    const bool on_work = waits_on_work(*parts_);
    send_call(*parts_, *call, execution_id_,
              {.capability = capability, .arguments = arguments, .site = "echo", .occurrence = calls_made_++}, {}, on_work);
    for (;;) {
      const std::uint32_t ticket = call->gate.ticket();
      if (const auto reply = parts_->calls.take(*call)) {
        if (reply->outcome != wire::CallOutcome::kValue) {
          fail(reply->error_type.empty() ? "HostCallFailed" : reply->error_type, reply->message);
        }
        print(1, reply->data + "\n");
        return;
      }
      wait_for_reply(*parts_, *call, ticket, on_work);
      try {
        check_stop();
      } catch (const EndOfRun &) {
        give_up(*parts_, *call);
        throw;
      }
    }
  }

  void wait_until(std::uint64_t deadline_ns, bool stubborn) {
    Gate never;
    while (never.wait(never.ticket(), deadline_ns) != Wait::kTimedOut) {
      if (!stubborn) {
        check_stop();
      }
    }
  }

  const SessionParts *parts_;
  std::uint64_t execution_id_ = 0;
  std::uint32_t calls_made_ = 0;
  Value value_;
  std::string asked_;                                       // the value as the host asked for it
  std::map<std::string, std::string, std::less<>> values_;  // texts by name, as the host has set them
};

}  // namespace

PreloadReport EchoProgram::preload(const wire::Preload &request, bool /*in_zygote*/) {
  PreloadReport report;
  for (const wire::Text module : request.modules) {
    report.failure = "preload: the echo executor has no module '" + std::string(module) + "'";
  }
  return report;
}

std::unique_ptr<Executor> EchoProgram::make_executor(const SessionParts &parts) {
  return std::make_unique<EchoExecutor>(parts);
}

}  // namespace capsule::worker
