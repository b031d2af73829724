// sys.stdout and sys.stderr: a text stream and, below it, a byte stream, that append to the worker's output queue. Cheaper than io's
// text layer: one append a write, no buffer to flush. Budget of a write of ASCII text: no allocation but the int it returns.
#include "module/native.hpp"

namespace capsule::worker {
namespace {

struct Stream {
  PyObject_HEAD int stream;  // CAPSULE_STREAM_…, which is also the descriptor
  PyObject *buffer;          // the byte stream; null in a byte stream
  PyObject *errors;          // name of the error handler
};

// TextStream; borrowed from the module.
PyObject *text_type = nullptr;

Stream *stream_of(PyObject *object) { return reinterpret_cast<Stream *>(object); }

PyObject *text_write(PyObject *self, PyObject *text) {
  if (!PyUnicode_Check(text)) {
    return PyErr_Format(PyExc_TypeError, "write() argument must be str, not %R", reinterpret_cast<PyObject *>(Py_TYPE(text)));
  }
  Py_ssize_t size = 0;
  const char *data = PyUnicode_AsUTF8AndSize(text, &size);
  PyRef encoded;
  if (data == nullptr) {  // lone surrogates
    PyErr_Clear();
    const PyRef handler(PyUnicode_AsUTF8String(stream_of(self)->errors));
    encoded = PyRef(handler ? PyUnicode_AsEncodedString(text, "utf-8", PyBytes_AsString(handler.get())) : nullptr);
    if (!encoded) {
      return nullptr;
    }
    data = PyBytes_AsString(encoded.get());
    size = PyBytes_Size(encoded.get());
  }
  if (!write_output(stream_of(self)->stream, {data, static_cast<std::size_t>(size)})) {
    return nullptr;
  }
  return PyLong_FromSsize_t(PyUnicode_GetLength(text));
}

PyObject *bytes_write(PyObject *self, PyObject *data) {
  Py_buffer view;
  if (PyObject_GetBuffer(data, &view, PyBUF_SIMPLE) != 0) {
    return nullptr;
  }
  const bool written =
      write_output(stream_of(self)->stream, {static_cast<const char *>(view.buf), static_cast<std::size_t>(view.len)});
  const Py_ssize_t size = view.len;
  PyBuffer_Release(&view);
  return written ? PyLong_FromSsize_t(size) : nullptr;
}

PyObject *writelines(PyObject *self, PyObject *lines) {
  const PyRef iterator(PyObject_GetIter(lines));
  if (!iterator) {
    return nullptr;
  }
  while (PyObject *next = PyIter_Next(iterator.get())) {
    const PyRef line(next);
    const PyRef written(PyObject_CallMethod(self, "write", "O", line.get()));
    if (!written) {
      return nullptr;
    }
  }
  if (PyErr_Occurred() != nullptr) {
    return nullptr;
  }
  Py_RETURN_NONE;
}

PyObject *flush(PyObject *, PyObject *) {
  const SessionParts *parts = session_parts();
  if (parts != nullptr && !parts->state.foreign.load()) {
    parts->output.flush();
  }
  Py_RETURN_NONE;
}

PyObject *get_fileno(PyObject *self, PyObject *) { return PyLong_FromLong(stream_of(self)->stream); }
PyObject *answer_true(PyObject *, PyObject *) { Py_RETURN_TRUE; }
PyObject *answer_false(PyObject *, PyObject *) { Py_RETURN_FALSE; }
PyObject *enter(PyObject *self, PyObject *) { return PyRef::borrow(self).release(); }
// The session's streams are never closed: there would be nowhere to print to.
PyObject *answer_none(PyObject *, PyObject *) { Py_RETURN_NONE; }

PyObject *unsupported(const char *operation) {
  const PyRef io(PyImport_ImportModule("io"));
  const PyRef type(io ? PyObject_GetAttrString(io.get(), "UnsupportedOperation") : nullptr);
  if (type) {
    PyErr_SetString(type.get(), operation);
  }
  return nullptr;
}
PyObject *no_read(PyObject *, PyObject *) { return unsupported("not readable"); }
PyObject *no_seek(PyObject *, PyObject *) { return unsupported("not seekable"); }
PyObject *no_detach(PyObject *, PyObject *) { return unsupported("detach"); }

// Takes what io.TextIOWrapper.reconfigure() takes; the encoding is always UTF-8 and lines are always sent soon.
PyObject *reconfigure(PyObject *self, PyObject *, PyObject *keywords) {
  PyObject *errors = keywords == nullptr ? nullptr : PyDict_GetItemString(keywords, "errors");
  if (errors != nullptr && PyUnicode_Check(errors)) {
    Py_INCREF(errors);
    Py_XDECREF(std::exchange(stream_of(self)->errors, errors));
  }
  Py_RETURN_NONE;
}

PyObject *get_encoding(PyObject *, void *) { return PyUnicode_FromString("utf-8"); }
PyObject *get_mode(PyObject *self, void *) { return PyUnicode_FromString(stream_of(self)->buffer == nullptr ? "wb" : "w"); }
PyObject *get_true(PyObject *, void *) { Py_RETURN_TRUE; }
PyObject *get_false(PyObject *, void *) { Py_RETURN_FALSE; }
PyObject *get_none(PyObject *, void *) { Py_RETURN_NONE; }
PyObject *get_name(PyObject *self, void *) {
  return PyUnicode_FromString(stream_of(self)->stream == 1 ? "<stdout>" : "<stderr>");
}
PyObject *get_errors(PyObject *self, void *) { return PyRef::borrow(stream_of(self)->errors).release(); }
PyObject *get_buffer(PyObject *self, void *) { return PyRef::borrow(stream_of(self)->buffer).release(); }
PyObject *get_raw(PyObject *self, void *) { return PyRef::borrow(self).release(); }

void dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  Py_XDECREF(stream_of(self)->buffer);
  Py_XDECREF(stream_of(self)->errors);
  reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(self);
  Py_DECREF(type);
}

#define CAPSULE_STREAM_METHODS                                                                           \
  {"writelines", writelines, METH_O, nullptr}, {"flush", flush, METH_NOARGS, nullptr},                   \
      {"fileno", get_fileno, METH_NOARGS, nullptr}, {"isatty", answer_false, METH_NOARGS, nullptr},      \
      {"readable", answer_false, METH_NOARGS, nullptr}, {"writable", answer_true, METH_NOARGS, nullptr}, \
      {"seekable", answer_false, METH_NOARGS, nullptr}, {"close", answer_none, METH_NOARGS, nullptr},    \
      {"read", no_read, METH_VARARGS, nullptr}, {"readline", no_read, METH_VARARGS, nullptr},            \
      {"seek", no_seek, METH_VARARGS, nullptr}, {"tell", no_seek, METH_NOARGS, nullptr},                 \
      {"truncate", no_seek, METH_VARARGS, nullptr}, {"detach", no_detach, METH_NOARGS, nullptr},         \
      {"__enter__", enter, METH_NOARGS, nullptr}, {                                                      \
    "__exit__", answer_none, METH_VARARGS, nullptr                                                       \
  }

PyMethodDef text_methods[] = {{"write", text_write, METH_O, "Writes text; returns its length in characters."},
                              {"reconfigure", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(reconfigure)),
                               METH_VARARGS | METH_KEYWORDS, nullptr},
                              CAPSULE_STREAM_METHODS,
                              {nullptr, nullptr, 0, nullptr}};

PyMethodDef byte_methods[] = {{"write", bytes_write, METH_O, "Writes bytes; returns their number."},
                              CAPSULE_STREAM_METHODS,
                              {nullptr, nullptr, 0, nullptr}};

PyGetSetDef text_properties[] = {
    {"encoding", get_encoding, nullptr, nullptr, nullptr},   {"errors", get_errors, nullptr, nullptr, nullptr},
    {"buffer", get_buffer, nullptr, nullptr, nullptr},       {"newlines", get_none, nullptr, nullptr, nullptr},
    {"line_buffering", get_true, nullptr, nullptr, nullptr}, {"write_through", get_false, nullptr, nullptr, nullptr},
    {"closed", get_false, nullptr, nullptr, nullptr},        {"name", get_name, nullptr, nullptr, nullptr},
    {"mode", get_mode, nullptr, nullptr, nullptr},           {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyGetSetDef byte_properties[] = {{"closed", get_false, nullptr, nullptr, nullptr},
                                 {"name", get_name, nullptr, nullptr, nullptr},
                                 {"mode", get_mode, nullptr, nullptr, nullptr},
                                 {"raw", get_raw, nullptr, nullptr, nullptr},
                                 {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot text_slots[] = {{Py_tp_dealloc, reinterpret_cast<void *>(dealloc)},
                            {Py_tp_methods, text_methods},
                            {Py_tp_getset, text_properties},
                            {0, nullptr}};
PyType_Slot byte_slots[] = {{Py_tp_dealloc, reinterpret_cast<void *>(dealloc)},
                            {Py_tp_methods, byte_methods},
                            {Py_tp_getset, byte_properties},
                            {0, nullptr}};

constexpr unsigned kFlags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION;
PyType_Spec text_spec = {"capsule.TextStream", sizeof(Stream), 0, kFlags, text_slots};
PyType_Spec byte_spec = {"capsule.ByteStream", sizeof(Stream), 0, kFlags, byte_slots};

PyRef make_stream(PyObject *type, int stream, PyRef buffer, const char *errors) {
  PyRef object(PyType_GenericAlloc(reinterpret_cast<PyTypeObject *>(type), 0));
  if (object) {
    stream_of(object.get())->stream = stream;
    stream_of(object.get())->buffer = buffer.release();
    stream_of(object.get())->errors = PyUnicode_FromString(errors);
  }
  return object;
}

}  // namespace

int stream_number(PyObject *object) {
  return object != nullptr && reinterpret_cast<PyObject *>(Py_TYPE(object)) == text_type ? stream_of(object)->stream : 0;
}

bool add_streams(PyObject *native) {
  if (!add_output_errors(native)) {
    return false;
  }
  const PyRef text(PyType_FromSpec(&text_spec));
  text_type = text.get();
  const PyRef bytes(PyType_FromSpec(&byte_spec));
  if (!text || !bytes || PyObject_SetAttrString(native, "TextStream", text.get()) != 0 ||
      PyObject_SetAttrString(native, "ByteStream", bytes.get()) != 0) {
    return false;
  }
  const struct {
    const char *name;
    int stream;
    const char *errors;
  } streams[] = {{"stdout", 1, "replace"}, {"stderr", 2, "backslashreplace"}};
  for (const auto &one : streams) {
    PyRef buffer = make_stream(bytes.get(), one.stream, PyRef(), "strict");
    const PyRef stream = make_stream(text.get(), one.stream, std::move(buffer), one.errors);
    if (!stream || PyObject_SetAttrString(native, one.name, stream.get()) != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace capsule::worker
