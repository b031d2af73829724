#include "module/native.hpp"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/clock.hpp"
#include "base/log_events.hpp"
#include "capsule/log.h"
#include "capsule/session.h"

namespace capsule::worker {
namespace {

const SessionParts *parts_of_process = nullptr;
// Asked in the place of raising while the session's loop runs (worker/python/session_loop.py); null or what to call.
PyObject *stop_hook = nullptr;

std::optional<Counter> counter_named(std::string_view name) {
  static const std::map<std::string_view, Counter> counters = {
#define X(name) {#name, Counter::name},
      CAPSULE_COUNTED_SUMS(X) CAPSULE_COUNTED_ASYNC(X)
#undef X
  };
  const auto found = counters.find(name);
  return found == counters.end() ? std::nullopt : std::optional(found->second);
}

PyRef refuse_input(const char *reason) {
  PyErr_SetString(PyExc_EOFError, reason);
  return {};
}

// Adds its own life to the execution's time of waiting for input, on the main thread.
class InputWait {
 public:
  explicit InputWait(SessionState &state) : state_(state), began_(monotonic_ns()) {}
  ~InputWait() {
    if (gettid() == state_.main_thread) {
      state_.input_wait_ns.fetch_add(monotonic_ns() - began_, std::memory_order_relaxed);
    }
  }
  InputWait(const InputWait &) = delete;
  InputWait &operator=(const InputWait &) = delete;

 private:
  SessionState &state_;
  const std::uint64_t began_;
};

template <std::int32_t kKind>
void record_input(const SessionParts &parts, std::uint64_t execution_id, std::uint64_t input_id) {
  parts.state.recorder.record<kKind>(FlightWriter::kCode,
                                     {.execution_id = execution_id, .time_ns = monotonic_ns(), .arguments = {input_id}});
}

// Asks the host for a line; waits without the GIL until it answers, or a cancel breaks the wait.
PyRef ask_host(const std::string &prompt, bool secret) {
  const SessionParts &parts = *parts_of_process;
  const std::uint64_t execution_id = parts.state.current_id.load();
  if (parts.state.foreign.load()) {
    return refuse_input("a forked child cannot ask the host");
  }
  if (execution_id == 0 || parts.state.shutting_down.load()) {
    return refuse_input("no execution is running that could ask the host");
  }
  const InputWait wait(parts.state);
  const std::shared_ptr<InputRequest> request = parts.inputs.open();
  parts.counters.add(Counter::input_requests);
  bool over = false;
  {
    const WithoutGil released;
    const std::string_view shown(prompt.data(), std::min<std::size_t>(prompt.size(), parts.options.max_frame_bytes / 2));
    const wire::InputRequest frame{request->id, shown, secret, parts.options.input_timeout_ms};
    over = parts.output.send_behind(execution_id, frame).has_value();
  }
  if (over) {
    parts.inputs.close(request->id);
    parts.counters.add(Counter::input_declined);
    return refuse_input("the execution that asked the host has ended");
  }
  const std::uint64_t patience_ms = parts.options.input_timeout_ms;
  const std::uint64_t deadline = patience_ms == 0 ? kNoDeadline : monotonic_ns() + patience_ms * kNsPerMs;
  for (;;) {
    const std::uint32_t ticket = request->gate.ticket();
    if (request->answered.load(std::memory_order_acquire)) {
      break;
    }
    Wait waited = Wait::kOpened;
    {
      const WithoutGil released;
      waited = request->gate.wait(ticket, deadline);
    }
    if (PyErr_CheckSignals() != 0) {
      parts.inputs.close(request->id);
      parts.counters.add(Counter::input_canceled);
      return {};
    }
    if (waited == Wait::kTimedOut && parts.inputs.close(request->id)) {
      parts.counters.add(Counter::input_timed_out);
      record_input<CAPSULE_TRACE_INPUT_TIMED_OUT>(parts, execution_id, request->id);
      PyErr_SetString(PyExc_TimeoutError, "input() timed out");
      return {};
    }
  }
  parts.counters.add(request->text ? Counter::input_answered : Counter::input_declined);
  if (!request->failure.empty()) {
    PyErr_SetString(PyExc_ConnectionError, request->failure.c_str());
    return {};
  }
  if (!request->text) {
    record_input<CAPSULE_TRACE_INPUT_EOF>(parts, execution_id, request->id);
  }
  return request->text ? from_utf8(*request->text) : refuse_input("the host declined to answer");
}

PyObject *py_input(PyObject *, PyObject *arguments) {
  PyObject *prompt = nullptr;
  if (PyArg_UnpackTuple(arguments, "input", 0, 1, &prompt) == 0) {
    return nullptr;
  }
  std::string text;
  if (prompt != nullptr) {
    const PyRef shown(PyObject_Str(prompt));
    if (!shown) {
      return nullptr;
    }
    text = to_utf8(shown.get());
  }
  return ask_host(text, /*secret=*/false).release();
}

PyObject *py_getpass(PyObject *, PyObject *arguments, PyObject *keywords) {
  static const char *names[] = {"prompt", "stream", "echo_char", nullptr};  // the last since 3.14
  PyObject *prompt = nullptr;
  PyObject *ignored = nullptr;
  if (PyArg_ParseTupleAndKeywords(arguments, keywords, "|OO$O:getpass", const_cast<char **>(names), &prompt, &ignored,
                                  &ignored) == 0) {
    return nullptr;
  }
  std::string text = "Password: ";
  if (prompt != nullptr) {
    const PyRef shown(PyObject_Str(prompt));
    if (!shown) {
      return nullptr;
    }
    text = to_utf8(shown.get());
  }
  return ask_host(text, /*secret=*/true).release();
}

PyObject *py_count(PyObject *, PyObject *arguments) {
  const char *name = nullptr;
  Py_ssize_t amount = 1;
  if (PyArg_ParseTuple(arguments, "s|n:count", &name, &amount) == 0) {
    return nullptr;
  }
  const std::optional<Counter> counter = counter_named(name);
  if (!counter) {
    return PyErr_Format(PyExc_KeyError, "no counter '%s'", name);
  }
  if (parts_of_process != nullptr) {
    parts_of_process->counters.add(*counter, static_cast<std::uint64_t>(amount));
  }
  Py_RETURN_NONE;
}

PyObject *py_log(PyObject *, PyObject *arguments) {
  const char *level = nullptr;
  const char *name = nullptr;
  const char *detail = nullptr;
  if (PyArg_ParseTuple(arguments, "sss:log", &level, &name, &detail) == 0) {
    return nullptr;
  }
  const auto *event =
      std::find_if(kLogEvents.begin(), kLogEvents.end(), [name](const LogEventInfo &info) { return info.name == name; });
  if (event == kLogEvents.end()) {
    return PyErr_Format(PyExc_ValueError, "there is no log event %s", name);
  }
  const SessionParts &parts = *parts_of_process;
  const bool warning = std::string_view(level) == "warning";
  parts.control.log(warning ? CAPSULE_LOG_WARN : CAPSULE_LOG_INFO, static_cast<LogEvent>(event - kLogEvents.begin()),
                    "execution=" + std::to_string(parts.state.current_id.load()) + " detail=" + detail);
  Py_RETURN_NONE;
}

// How classification and caching are set up: the keywords of analysis.Analyzer.
PyObject *py_analysis_options(PyObject *, PyObject *) {
  const wire::Hello &options = parts_of_process->options;
  const auto has = [&options](std::uint32_t flag) { return (options.async_flags & flag) != 0 ? Py_True : Py_False; };
  const auto has_not = [&has](std::uint32_t flag) { return has(flag) == Py_True ? Py_False : Py_True; };
  return Py_BuildValue("{s:O,s:O,s:O,s:O,s:O,s:I,s:I}", "rewrite_def", has(CAPSULE_ASYNC_REWRITE_DEF), "rewrite_lambda",
                       has(CAPSULE_ASYNC_REWRITE_LAMBDA), "overshadow_guard", has_not(CAPSULE_ASYNC_NO_OVERSHADOW_GUARD),
                       "require_import", has_not(CAPSULE_ASYNC_NO_IMPORT_REQUIREMENT), "warn_on_blocking",
                       has_not(CAPSULE_ASYNC_NO_BLOCKING_WARNINGS), "ast_cache_entries", options.ast_cache_entries,
                       "code_cache_entries", options.code_cache_entries);
}

PyObject *py_display_limit(PyObject *, PyObject *) {
  return PyLong_FromUnsignedLongLong(parts_of_process->options.display_limit_bytes);
}

// Python calls this on the main thread, between two instructions or inside a blocking call, some time after the signal. By then
// another execution may be running, or none: only the one that was meant is broken.
PyObject *py_on_cancel_signal(PyObject *, PyObject *) {
  if (parts_of_process == nullptr || !parts_of_process->state.asked_to_stop()) {
    Py_RETURN_NONE;
  }
  if (stop_hook != nullptr) {
    const PyRef hook = PyRef::borrow(stop_hook);
    const PyRef raise(PyObject_CallNoArgs(hook.get()));
    if (!raise) {
      return nullptr;
    }
    if (raise.get() != Py_True) {
      Py_RETURN_NONE;
    }
  }
  if (parts_of_process->state.must_stop()) {
    PyErr_SetNone(PyExc_KeyboardInterrupt);
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject *py_set_stop_hook(PyObject *, PyObject *hook) {
  PyRef old(std::exchange(stop_hook, hook == Py_None ? nullptr : PyRef::borrow(hook).release()));
  Py_RETURN_NONE;
}

// The hook's way to say that the code has got its cancel: it has time to clean up from now on.
PyObject *py_count_stop(PyObject *, PyObject *) { return PyBool_FromLong(parts_of_process->state.must_stop() ? 1 : 0); }

PyMethodDef native_functions[] = {
    {"input", py_input, METH_VARARGS, "Read a string from the host. The trailing newline is stripped."},
    {"getpass", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(py_getpass)), METH_VARARGS | METH_KEYWORDS,
     "Prompt for a password, which the host asks without showing it."},
    {"on_cancel_signal", py_on_cancel_signal, METH_VARARGS, nullptr},
    {"set_stop_hook", py_set_stop_hook, METH_O, "What decides, instead of the handler, whether to raise; None for nothing."},
    {"analysis_options", py_analysis_options, METH_NOARGS, "The keywords of analysis.Analyzer."},
    {"display_limit", py_display_limit, METH_NOARGS, "Most bytes of one display."},
    {"count", py_count, METH_VARARGS, "Adds to a counter by its name."},
    {"log", py_log, METH_VARARGS, "Sends a log record of fixed fields to the host: level, fields."},
    {"count_stop", py_count_stop, METH_NOARGS, "Says that the running code has got its cancel."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

const SessionParts *session_parts() { return parts_of_process; }

void set_session_parts(const SessionParts *parts) { parts_of_process = parts; }

PyRef make_native() {
  PyRef native(PyModule_New("capsule"));
  if (!native || PyModule_AddFunctions(native.get(), native_functions) != 0 || !add_streams(native.get()) ||
      !add_print(native.get()) || !add_writers(native.get()) || !add_shows(native.get()) || !add_guarded(native.get()) ||
      !add_arrow(native.get()) || !add_plain_names(native.get()) || !add_host_calls(native.get())) {
    return {};
  }
  return native;
}

}  // namespace capsule::worker
