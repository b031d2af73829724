#include "module/native.hpp"

#include <unistd.h>

#include "base/clock.hpp"

namespace capsule::worker {
namespace {

const SessionParts *parts_of_process = nullptr;
// Asked in the place of raising while the session's loop runs (worker/python/session_loop.py); null or what to call.
PyObject *stop_hook = nullptr;

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
  {
    const WithoutGil released;
    const std::string_view shown(prompt.data(), std::min<std::size_t>(prompt.size(), parts.max_frame_bytes / 2));
    parts.output.send_behind(execution_id, wire::InputRequest{request->id, shown, secret});
  }
  for (;;) {
    const std::uint32_t ticket = request->gate.ticket();
    if (request->answered.load(std::memory_order_acquire)) {
      break;
    }
    {
      const WithoutGil released;
      request->gate.wait(ticket);
    }
    if (PyErr_CheckSignals() != 0) {
      parts.inputs.close(request->id);
      parts.counters.add(Counter::input_canceled);
      return {};
    }
  }
  parts.counters.add(request->text ? Counter::input_answered : Counter::input_declined);
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

PyMethodDef functions[] = {
    {"input", py_input, METH_VARARGS, "Read a string from the host. The trailing newline is stripped."},
    {"getpass", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(py_getpass)), METH_VARARGS | METH_KEYWORDS,
     "Prompt for a password, which the host asks without showing it."},
    {"on_cancel_signal", py_on_cancel_signal, METH_VARARGS, nullptr},
    {"set_stop_hook", py_set_stop_hook, METH_O, "What decides, instead of the handler, whether to raise; None for nothing."},
    {"count_stop", py_count_stop, METH_NOARGS, "Says that the running code has got its cancel."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

const SessionParts *session_parts() { return parts_of_process; }

void set_session_parts(const SessionParts *parts) { parts_of_process = parts; }

PyRef make_native() {
  PyRef native(PyModule_New("capsule"));
  if (!native || PyModule_AddFunctions(native.get(), functions) != 0 || !add_streams(native.get())) {
    return {};
  }
  return native;
}

}  // namespace capsule::worker
