#include "module/python_executor.hpp"

#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "base/utf8.hpp"
#include "capsule/execution.h"
#include "module/effects.hpp"
#include "module/engine_answer.hpp"

namespace capsule::worker {
namespace {

// How the fields of a terminal frame share its room, and how large a value's repr may be for JSON to be tried as well.
std::size_t repr_limit(const SessionParts &parts) { return (parts.options.max_frame_bytes - wire::kFrameOverhead) / 4; }
std::size_t json_limit(const SessionParts &parts) { return (parts.options.max_frame_bytes - wire::kFrameOverhead) / 2; }

// Whether a source is one line of which it is known, without a look at its tree, that nothing in it awaits or may block.
bool is_plain(const wire::Execute &request) {
  const std::string_view source = request.source;
  const std::size_t newline = source.find('\n');
  if (request.mode == CAPSULE_MODE_ASYNC || (newline != std::string_view::npos && newline != source.size() - 1)) {
    return false;
  }
  return request.mode == CAPSULE_MODE_SYNC ||
         (source.find('(') == std::string_view::npos && source.find("await") == std::string_view::npos &&
          source.find("async") == std::string_view::npos);
}

// For engine functions whose failure changes nothing: what they return is dropped, what they raise is cleared.
void call_engine(const PyRef & /*result*/) { PyErr_Clear(); }

// For an exception whose only frames are the engine's.
void hide_engine_frames() {
  const PyRef error = take_exception();
  PyException_SetTraceback(error.get(), Py_None);
  PyErr_SetObject(reinterpret_cast<PyObject *>(Py_TYPE(error.get())), error.get());
}

}  // namespace

std::string type_name_of(PyObject *engine, PyObject *value) {
  const PyRef name(PyObject_CallMethod(engine, "type_name", "O", reinterpret_cast<PyObject *>(Py_TYPE(value))));
  if (!name) {
    PyErr_Clear();
    return "object";
  }
  return to_utf8(name.get());
}

PythonExecutor::PythonExecutor(PyRef engine) : engine_(std::move(engine)), trace_environment_(engine_.get()) {
  native_ = make_native();
  globals_ =
      PyRef(native_ ? PyObject_CallMethod(engine_.get(), "start_session", "Oi", native_.get(), cancel_signal()) : nullptr);
  remember_source_ = PyRef(globals_ ? PyObject_GetAttrString(engine_.get(), "remember_source") : nullptr);
  warning_registry_ = PyRef(PyUnicode_InternFromString("__warningregistry__"));
  if (globals_) {
    history_.emplace(globals_.get());
  }
  if (!remember_source_ || !warning_registry_ || PyErr_Occurred() != nullptr) {
    PyErr_Print();
    _exit(kExitRefused);
  }
}

void PythonExecutor::attach(const SessionParts &parts) {
  parts_ = &parts;
  set_session_parts(&parts);
  if (std::exchange(thawed_, false)) {
    call_engine(PyRef(PyObject_CallMethod(engine_.get(), "thaw", nullptr)));
  }
  if (parts.options.calls || calls_offered_) {
    calls_offered_ = parts.options.calls;
    call_engine(PyRef(PyObject_CallMethod(engine_.get(), "offer_host", "i", calls_offered_ ? 1 : 0)));
  }
}

void PythonExecutor::detach() {
  set_session_parts(nullptr);
  parts_ = nullptr;
  thawed_ = true;
}

std::string PythonExecutor::why_no_fork() {
  const PyRef reason(PyObject_CallMethod(engine_.get(), "why_no_fork", nullptr));
  if (!reason) {
    PyErr_Clear();
    return "it cannot be told what runs in the session";
  }
  return reason.get() == Py_None ? std::string() : to_utf8(reason.get());
}

void PythonExecutor::warm_up() {
  const PyRef code(Py_CompileString("1+1", "<capsule>", Py_eval_input));
  const PyRef value(code ? PyEval_EvalCode(code.get(), globals_.get(), globals_.get()) : nullptr);
  const PyRef text(value ? PyObject_Repr(value.get()) : nullptr);
  if (text) {
    type_name_of(engine_.get(), value.get());
    call_engine(PyRef(PyObject_CallMethod(engine_.get(), "remember_source", "ss", "<capsule>", "")));
    history_->warm_up();
  }
  PyErr_Clear();
}

Outcome PythonExecutor::run(std::uint64_t execution_id, const wire::Execute &request, std::vector<UniqueFd> attached) {
  execution_id_ = execution_id;
  const std::string file_name =
      request.file_name.empty() ? "<execution " + std::to_string(execution_id) + ">" : std::string(request.file_name);
  trace_environment_.begin({parts_->options.trace_half, execution_id}, request);
  code_class_ = CAPSULE_CODE_UNCLASSIFIED;
  on_loop_ = false;
  if (request.watch_effects) {
    watch_effects(parts_->counters, execution_id);
  }
  Outcome outcome = run_transaction(request, file_name, attached);
  if (figures_expected()) {
    show_figures();
  }
  if (parts_->state.foreign.load()) {
    leave_forked_child(outcome);
  }
  std::fflush(stdout);  // what C code printed and did not flush
  flush_replaced_streams();
  trace_environment_.end();
  stop_watching_effects();
  finish_progress();
  report_dropped_output();
  parts_->state.namespace_size.store(static_cast<std::uint64_t>(PyDict_Size(globals_.get())), std::memory_order_relaxed);
  return outcome;
}

// Of the names alone; one of all memory is the host's doing.
Outcome PythonExecutor::run_transaction(const wire::Execute &request, const std::string &file_name,
                                        const std::vector<UniqueFd> &attached) {
  if (request.names_scope == CAPSULE_TRANSACTION_COMMIT) {
    return run_with_inputs(request, file_name, attached);
  }
  const PyRef saved(PyObject_CallMethod(engine_.get(), "save_names", nullptr));
  if (!saved) {
    return describe_failure();
  }
  Outcome outcome = run_with_inputs(request, file_name, attached);
  if (request.names_scope == CAPSULE_TRANSACTION_ROLLBACK_ALWAYS || std::holds_alternative<Failure>(outcome)) {
    call_engine(PyRef(PyObject_CallMethod(engine_.get(), "restore_names", "O", saved.get())));
  }
  return outcome;
}

Outcome PythonExecutor::run_with_inputs(const wire::Execute &request, const std::string &file_name,
                                        const std::vector<UniqueFd> &attached) {
  if (!request.inputs.empty()) {
    if (std::optional<std::string> refusal = bind_inputs(request, attached)) {
      return Failure{.error_type = "InputRefused", .message = std::move(*refusal), .traceback = std::nullopt};
    }
  }
  return run_source(request, file_name);
}

Outcome PythonExecutor::run_source(const wire::Execute &request, const std::string &file_name) {
  const PyRef source(PyUnicode_DecodeUTF8(request.source.data(), static_cast<Py_ssize_t>(request.source.size()), "strict"));
  const PyRef name(PyUnicode_DecodeUTF8(file_name.data(), static_cast<Py_ssize_t>(file_name.size()), "strict"));
  if (!source || !name || !PyRef(PyObject_CallFunctionObjArgs(remember_source_.get(), name.get(), source.get(), nullptr))) {
    return describe_failure();
  }
  history_->begin(execution_id_, source.get());
  // A warning shows once an execution.
  if (PyDict_GetItemWithError(globals_.get(), warning_registry_.get()) != nullptr) {
    PyDict_DelItem(globals_.get(), warning_registry_.get());
  }
  const PyRef value = evaluate(request, file_name);
  if (!value) {
    return describe_failure();
  }
  return describe_value(value, request.result_kind);
}

PyRef PythonExecutor::evaluate(const wire::Execute &request, const std::string &file_name) {
  const Interruptible region(parts_->state, execution_id_);
  // One that was canceled before it began does not begin.
  if (parts_->state.must_stop()) {
    PyErr_SetNone(PyExc_KeyboardInterrupt);
    return {};
  }
  // Most one-line sources are an expression: compiled at once, without a tree in between. What is none takes the long way, which
  // also makes the error. A coding cookie in the text would be believed here, so that goes the long way too.
  if (is_plain(request) && request.source.find("coding") == std::string_view::npos && is_utf8(file_name)) {
    const PyRef code(Py_CompileString(request.source.data(), file_name.c_str(), Py_eval_input));
    if (code) {
      if (request.mode == CAPSULE_MODE_AUTO) {
        code_class_ = CAPSULE_CODE_SIMPLE_SYNC;
        parts_->counters.add(Counter::mode_simple_sync);
      }
      record_begin(0);
      return PyRef(PyEval_EvalCode(code.get(), globals_.get(), globals_.get()));
    }
    if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0) {
      return {};
    }
    PyErr_Clear();
  }
  return evaluate_parts(request, file_name);
}

// The code is compiled, and begins: one look at the clock for both.
void PythonExecutor::record_begin(std::uint64_t transforms) {
  Recorder &recorder = parts_->state.recorder;
  if (!recorder.wants<CAPSULE_TRACE_EXECUTION_STARTED>()) {
    return;
  }
  FlightEntry entry{.execution_id = execution_id_, .time_ns = monotonic_ns()};
  if (transforms != 0) {
    entry.arguments = {transforms};
    recorder.record<CAPSULE_TRACE_EXECUTION_TRANSFORMED>(FlightWriter::kMain, entry);
  }
  entry.arguments = {code_class_};
  recorder.record<CAPSULE_TRACE_EXECUTION_COMPILED>(FlightWriter::kMain, entry);
  recorder.record<CAPSULE_TRACE_EXECUTION_STARTED>(FlightWriter::kMain, entry);
}

PyRef PythonExecutor::evaluate_parts(const wire::Execute &request, const std::string &file_name) {
  const std::uint64_t transforms = parts_->counters.get(Counter::ast_transforms);
  const PyRef parts(PyObject_CallMethod(engine_.get(), "prepare", "s#s#ii", request.source.data(),
                                        static_cast<Py_ssize_t>(request.source.size()), file_name.data(),
                                        static_cast<Py_ssize_t>(file_name.size()), static_cast<int>(request.mode),
                                        request.discard_sources ? 0 : 1));
  PyObject *codes = nullptr;
  int has_value = 0;
  int on_loop = 0;
  int code_class = 0;
  if (!parts || PyArg_ParseTuple(parts.get(), "Oppi", &codes, &has_value, &on_loop, &code_class) == 0) {
    hide_engine_frames();
    code_class_ = PyErr_ExceptionMatches(PyExc_Exception) != 0 && request.mode == CAPSULE_MODE_AUTO ? CAPSULE_CODE_UNKNOWN
                                                                                                    : CAPSULE_CODE_UNCLASSIFIED;
    return {};
  }
  code_class_ = static_cast<std::uint8_t>(code_class);
  record_begin(parts_->counters.get(Counter::ast_transforms) - transforms);
  if (on_loop != 0) {
    return evaluate_on_loop(codes);
  }
  PyRef value;
  for (Py_ssize_t i = 0; i < PyList_Size(codes); ++i) {
    value = PyRef(PyEval_EvalCode(PyList_GetItem(codes, i), globals_.get(), globals_.get()));
    if (!value) {
      return {};
    }
  }
  return has_value != 0 ? std::move(value) : PyRef::borrow(Py_None);
}

PyRef PythonExecutor::evaluate_on_loop(PyObject *codes) {
  loop_used_ = true;
  on_loop_ = true;
  const PyRef done(PyObject_CallMethod(engine_.get(), "run_on_loop", "O", codes));
  if (!done) {
    hide_engine_frames();
    return {};
  }
  PyObject *error = PyTuple_GetItem(done.get(), 1);
  if (error != Py_None) {
    PyErr_SetObject(reinterpret_cast<PyObject *>(Py_TYPE(error)), error);
    return {};
  }
  return PyRef::borrow(PyTuple_GetItem(done.get(), 0));
}

Outcome PythonExecutor::describe_value(const PyRef &value, int kind) {
  Value described;
  if (value.get() == Py_None) {
    return described;
  }
  if (!show_value(value.get())) {
    return describe_failure();
  }
  std::string repr;
  {
    const Interruptible region(parts_->state, execution_id_);
    const PyRef text(PyObject_Repr(value.get()));
    if (text) {
      repr = to_utf8(text.get());
    } else if (PyErr_ExceptionMatches(PyExc_Exception) != 0) {
      const PyRef error = take_exception();
      repr = "<repr() failed: " + type_name_of(engine_.get(), error.get()) + ">";
    } else {
      return describe_failure();  // KeyboardInterrupt, SystemExit
    }
  }
  described.type_name = type_name_of(engine_.get(), value.get());
  described.repr_size_bytes = repr.size();
  if (described.type_name.size() > wire::kFrameOverhead / 4) {
    described.type_name.resize(utf8_prefix(described.type_name, wire::kFrameOverhead / 4));
  }
  if (kind == CAPSULE_VALUE_NONE) {
    described.json = json_of(value.get(), repr);
  } else if (!encode_value(value.get(), kind, described)) {
    return describe_failure();
  }
  repr.resize(utf8_prefix(repr, repr_limit(*parts_)));
  described.repr = std::move(repr);
  history_->end(value.get());  // last: a value that holds Out is shown without itself
  return described;
}

bool PythonExecutor::encode_value(PyObject *object, int kind, Value &described) {
  PyRef fields;
  {
    const Interruptible region(parts_->state, execution_id_);
    fields = PyRef(
        PyObject_CallMethod(engine_.get(), "encode_value", "iOn", kind, object, static_cast<Py_ssize_t>(json_limit(*parts_))));
  }
  const auto answer = fields ? std::make_shared<EngineAnswer>(std::move(fields), 0) : nullptr;
  if (answer == nullptr || !answer->read()) {
    return false;
  }
  described.attached = answer->attached();
  described.answer = {answer, &answer->get()};
  return true;
}

// Where its type may have more to show than a repr.
bool PythonExecutor::show_value(PyObject *object) {
  if (PyUnicode_CheckExact(object) != 0 || PyLong_CheckExact(object) != 0 || PyFloat_CheckExact(object) != 0 ||
      PyBool_Check(object) || PyBytes_CheckExact(object) != 0 || PyList_CheckExact(object) != 0 ||
      PyTuple_CheckExact(object) != 0 || PyDict_CheckExact(object) != 0) {
    return true;
  }
  const Interruptible region(parts_->state, execution_id_);
  return static_cast<bool>(PyRef(PyObject_CallMethod(engine_.get(), "show_result", "O", object)));
}

// What figures the code has left open. They are drawn by its libraries, which may be canceled; whatever they raise, the code is over.
void PythonExecutor::show_figures() {
  const Interruptible region(parts_->state, execution_id_);
  if (!PyRef(PyObject_CallMethod(engine_.get(), "show_figures", nullptr))) {
    hide_engine_frames();
    PyErr_WriteUnraisable(nullptr);
  }
}

// What the user's code put in the place of our streams may hold something back.
void PythonExecutor::flush_replaced_streams() {
  for (const char *name : {"stdout", "stderr"}) {
    PyObject *stream = PySys_GetObject(name);
    if (stream != nullptr && stream != Py_None && stream_number(stream) == 0) {
      const PyRef replaced = PyRef::borrow(stream);
      call_engine(PyRef(PyObject_CallMethod(engine_.get(), "flush_quietly", "O", replaced.get())));
    }
  }
}

std::optional<std::string> PythonExecutor::json_of(PyObject *value, const std::string &repr) {
  if (PyBool_Check(value)) {
    return value == Py_True ? "true" : "false";
  }
  if (PyLong_CheckExact(value) != 0) {
    return repr;
  }
  if (PyFloat_CheckExact(value) != 0) {
    return std::isfinite(PyFloat_AsDouble(value)) ? std::optional<std::string>(repr) : std::nullopt;
  }
  const bool candidate = PyUnicode_Check(value) != 0 || PyDict_Check(value) != 0 || PyList_Check(value) != 0 ||
                         PyTuple_Check(value) != 0 || PyLong_Check(value) != 0 || PyFloat_Check(value) != 0;
  if (!candidate || repr.size() > json_limit(*parts_)) {
    return std::nullopt;
  }
  const Interruptible region(parts_->state, execution_id_);
  const PyRef text(PyObject_CallMethod(engine_.get(), "to_json", "O", value));
  if (!text) {
    PyErr_Clear();  // whatever the value's own methods did; its repr is already there
    return std::nullopt;
  }
  if (text.get() == Py_None) {
    return std::nullopt;
  }
  std::string json = to_utf8(text.get());
  return json.size() > json_limit(*parts_) ? std::nullopt : std::optional(std::move(json));
}

Outcome PythonExecutor::describe_failure() {
  const PyRef error = take_exception();
  Failure failure;
  failure.interrupted =
      PyErr_GivenExceptionMatches(error.get(), PyExc_KeyboardInterrupt) != 0 && parts_->state.canceled(execution_id_);
  const auto limit = static_cast<Py_ssize_t>(repr_limit(*parts_) / 4);  // characters of up to four bytes
  PyRef described;
  {
    // __str__ of the user's exception may never return; the second try is without it.
    const Interruptible region(parts_->state, failure.interrupted ? 0 : execution_id_);
    described = PyRef(PyObject_CallMethod(engine_.get(), "describe", "On", error.get(), limit));
  }
  if (!described) {
    const PyRef inner = take_exception();
    failure.interrupted = failure.interrupted || parts_->state.canceled(execution_id_);
    failure.error_type = type_name_of(engine_.get(), error.get());
    failure.message = "the exception cannot be described: " + type_name_of(engine_.get(), inner.get());
    return failure;
  }
  failure.error_type = to_utf8(PyTuple_GetItem(described.get(), 0));
  failure.message = to_utf8(PyTuple_GetItem(described.get(), 1));
  failure.traceback = to_utf8(PyTuple_GetItem(described.get(), 2));
  failure.exit_code = static_cast<int>(PyLong_AsLong(PyTuple_GetItem(described.get(), 3)));
  return failure;
}

void PythonExecutor::run_background(int work_fd) {
  if (loop_used_ && parts_->options.idle_tasks) {
    call_engine(PyRef(PyObject_CallMethod(engine_.get(), "run_background", "i", work_fd)));
  }
}

void PythonExecutor::on_idle_signal() {
  // A handler of the user's own, as for an alarm; what it raises has nowhere to go but stderr.
  if (PyErr_CheckSignals() != 0) {
    PyErr_WriteUnraisable(nullptr);
  }
}

void PythonExecutor::finish() {
  const PyRef finished(PyObject_CallMethod(engine_.get(), "finish", nullptr));
  if (PyErr_Occurred() != nullptr) {
    PyErr_WriteUnraisable(nullptr);
  }
  std::fflush(nullptr);
}

// A child that the user's code forked and that came to the end of it: it ends like a program, and says nothing to the host.
void PythonExecutor::leave_forked_child(const Outcome &outcome) {
  int status = 0;
  if (const auto *failure = std::get_if<Failure>(&outcome)) {
    status = failure->error_type == "SystemExit" ? failure->exit_code : 1;
    if (failure->error_type != "SystemExit" && failure->traceback) {
      write_output(STDERR_FILENO, *failure->traceback);
    }
  }
  finish();
  _exit(status);
}

}  // namespace capsule::worker
