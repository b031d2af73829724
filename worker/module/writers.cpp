// Who writes: the execution's own code, another thread, or another task on the event loop, and for which execution. What Python knows of
// tasks and threads it is asked by two hooks; where no event loop runs, the main thread needs neither.
#include <pthread.h>
#include <unistd.h>

#include "capsule/event.h"
#include "module/native.hpp"

namespace capsule::worker {
namespace {

// Set while the event loop runs: answers (origin, id, execution). Null or what to call.
PyObject *loop_hook = nullptr;
// Answers for which execution the calling thread was started, or 0.
PyObject *thread_hook = nullptr;

struct ThreadWriter {
  std::uint32_t id = 0;
  std::uint64_t started_for = 0;
  std::uint64_t working_for = 0;  // of a thread pool: whose work it does now
};
thread_local ThreadWriter this_thread;

// Hooks run in the middle of a write, where an exception may be set.
class KeptException {
 public:
  KeptException() { PyErr_Fetch(&type_, &value_, &traceback_); }
  ~KeptException() { PyErr_Restore(type_, value_, traceback_); }
  KeptException(const KeptException &) = delete;
  KeptException &operator=(const KeptException &) = delete;

 private:
  PyObject *type_ = nullptr;
  PyObject *value_ = nullptr;
  PyObject *traceback_ = nullptr;
};

Writer writer_on_loop(const SessionParts &parts) {
  const KeptException kept;
  int origin = 0;
  unsigned id = 0;
  unsigned long long execution = 0;
  const PyRef hook = PyRef::borrow(loop_hook);
  const PyRef answer(PyObject_CallNoArgs(hook.get()));
  if (!answer || PyArg_ParseTuple(answer.get(), "iIK", &origin, &id, &execution) == 0) {
    PyErr_Clear();
    return {parts.state.writing_id(), 0, CAPSULE_ORIGIN_MAIN};
  }
  return {execution == 0 ? parts.state.writing_id() : execution, id, static_cast<std::uint8_t>(origin)};
}

Writer writer_of_thread(const SessionParts &parts) {
  if (this_thread.id == 0) {
    this_thread.id = static_cast<std::uint32_t>(gettid());
    const KeptException kept;
    const PyRef hook = PyRef::borrow(thread_hook);
    const PyRef answer(hook ? PyObject_CallNoArgs(hook.get()) : nullptr);
    this_thread.started_for = answer ? PyLong_AsUnsignedLongLong(answer.get()) : 0;
    if (PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      this_thread.started_for = 0;
    }
  }
  const std::uint64_t known = this_thread.working_for != 0 ? this_thread.working_for : this_thread.started_for;
  return {known != 0 ? known : parts.state.writing_id(), this_thread.id, CAPSULE_ORIGIN_THREAD};
}

PyObject *set_hook(PyObject *&hook, PyObject *callable) {
  const PyRef old(std::exchange(hook, callable == Py_None ? nullptr : PyRef::borrow(callable).release()));
  Py_RETURN_NONE;
}
PyObject *py_set_loop_hook(PyObject *, PyObject *callable) { return set_hook(loop_hook, callable); }
PyObject *py_set_thread_hook(PyObject *, PyObject *callable) { return set_hook(thread_hook, callable); }

PyObject *py_writing_execution(PyObject *, PyObject *) {
  const SessionParts *parts = session_parts();
  return PyLong_FromUnsignedLongLong(parts == nullptr ? 0 : current_writer(*parts).execution_id);
}

PyObject *py_work_for(PyObject *, PyObject *execution) {
  const unsigned long long id = PyLong_AsUnsignedLongLong(execution);
  return PyErr_Occurred() != nullptr ? nullptr : PyLong_FromUnsignedLongLong(std::exchange(this_thread.working_for, id));
}

PyMethodDef writer_functions[] = {
    {"set_loop_hook", py_set_loop_hook, METH_O, "What answers, while the loop runs, who writes: (origin, id, execution)."},
    {"set_thread_hook", py_set_thread_hook, METH_O, "What answers for which execution this thread was started, or 0."},
    {"writing_execution", py_writing_execution, METH_NOARGS, "The execution that what is written now belongs to."},
    {"work_for", py_work_for, METH_O, "Says for which execution this thread works from now on; returns what was so before."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

Writer current_writer(const SessionParts &parts) {
  if (pthread_equal(pthread_self(), parts.state.main_pthread) == 0) {
    return writer_of_thread(parts);
  }
  return loop_hook == nullptr ? Writer{parts.state.writing_id(), 0, CAPSULE_ORIGIN_MAIN} : writer_on_loop(parts);
}

bool add_writers(PyObject *native) { return PyModule_AddFunctions(native, writer_functions) == 0; }

}  // namespace capsule::worker
