// display() and progress(), as far as they are native: what is shown becomes a frame in the output.
#include "module/native.hpp"

namespace capsule::worker {
namespace {

std::string_view bytes_view(PyObject *bytes) {
  char *data = nullptr;
  Py_ssize_t size = 0;
  return PyBytes_AsStringAndSize(bytes, &data, &size) == 0 ? std::string_view(data, static_cast<std::size_t>(size))
                                                           : std::string_view();
}

// (mime type, bytes) pairs; false with an exception set.
bool read_parts(PyObject *list, std::vector<std::string> &types, std::vector<wire::MimePart> &parts) {
  const Py_ssize_t count = PyList_Size(list);
  types.reserve(static_cast<std::size_t>(std::max<Py_ssize_t>(count, 0)));
  for (Py_ssize_t i = 0; i < count; ++i) {
    const char *type = nullptr;
    PyObject *data = nullptr;
    if (PyArg_ParseTuple(PyList_GetItem(list, i), "sO!:display", &type, &PyBytes_Type, &data) == 0) {
      return false;
    }
    types.emplace_back(type);
    parts.push_back({types.back(), bytes_view(data)});
  }
  return PyErr_Occurred() == nullptr;
}

wire::Text optional_text(const char *text) { return *text == '\0' ? wire::Text() : wire::Text(text); }

// The parts of the process, or null where nothing can be shown: in a zygote, or a child that the user's code forked.
const SessionParts *showing_parts() {
  const SessionParts *parts = session_parts();
  return parts == nullptr || parts->state.foreign.load() ? nullptr : parts;
}

PyObject *py_display(PyObject *, PyObject *arguments) {
  const char *display_id = nullptr;
  const char *metadata = nullptr;
  int update = 0;
  int is_result = 0;
  PyObject *list = nullptr;
  std::vector<std::string> types;
  wire::Display display;
  if (PyArg_ParseTuple(arguments, "sppO!s:display", &display_id, &update, &is_result, &PyList_Type, &list, &metadata) == 0 ||
      !read_parts(list, types, display.parts)) {
    return nullptr;
  }
  const SessionParts *parts = showing_parts();
  if (parts == nullptr) {
    Py_RETURN_NONE;
  }
  display.display_id = optional_text(display_id);
  display.update = update != 0;
  display.is_result = is_result != 0;
  display.metadata = optional_text(metadata);
  parts->counters.add(Counter::displays_made);
  const Writer writer = current_writer(*parts);
  wire::Encoder encoder;
  const auto frame = encoder.encode(writer.execution_id, display);
  if (!write_message(*parts, writer, {reinterpret_cast<const char *>(frame.data()), frame.size()})) {
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject *py_progress(PyObject *, PyObject *arguments) {
  const char *id = nullptr;
  const char *label = nullptr;
  wire::Progress progress;
  if (PyArg_ParseTuple(arguments, "sdds:progress", &id, &progress.value, &progress.total, &label) == 0) {
    return nullptr;
  }
  const SessionParts *parts = showing_parts();
  if (parts == nullptr) {
    Py_RETURN_NONE;
  }
  progress.progress_id = optional_text(id);
  progress.label = optional_text(label);
  parts->counters.add(Counter::progress_calls);
  const Writer writer = current_writer(*parts);
  wire::Encoder encoder;
  const auto bytes = encoder.encode(writer.execution_id, progress);
  const std::string_view frame(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  if (!parts->output.hold_progress(writer, id, frame) && !write_message(*parts, writer, frame)) {
    return nullptr;
  }
  Py_RETURN_NONE;
}

bool has_figures = false;

PyObject *py_expect_figures(PyObject *, PyObject *) {
  has_figures = true;
  Py_RETURN_NONE;
}

PyMethodDef show_functions[] = {
    {"display", py_display, METH_VARARGS, "Shows a bundle: id, whether it updates, whether it is the result, parts, metadata."},
    {"expect_figures", py_expect_figures, METH_NOARGS, "Says that figures are to be shown at the end of executions."},
    {"progress", py_progress, METH_VARARGS, "Tells how far the code has come: id, value, total, label."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool figures_expected() { return has_figures; }

void finish_progress() {
  const SessionParts &parts = *session_parts();
  for (const ProgressBars::Frame &frame : parts.output.take_progress()) {
    if (!write_message(parts, frame.writer, frame.bytes)) {
      PyErr_Clear();  // the last value is missed where the session's policy refuses output, or a cancel has come
    }
  }
}

bool add_shows(PyObject *native) { return PyModule_AddFunctions(native, show_functions) == 0; }

}  // namespace capsule::worker
