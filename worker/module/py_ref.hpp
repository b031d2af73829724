// Owned references to Python objects. Everything here needs the GIL.
#pragma once

#define PY_SSIZE_T_CLEAN  // lengths of "s#" are Py_ssize_t
#include <Python.h>

#include <string>
#include <string_view>
#include <utility>

namespace capsule::worker {

class PyRef {
 public:
  PyRef() = default;
  // Takes over a new reference; null is an empty one.
  explicit PyRef(PyObject *owned) : object_(owned) {}
  static PyRef borrow(PyObject *borrowed) {
    Py_XINCREF(borrowed);
    return PyRef(borrowed);
  }
  PyRef(PyRef &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  PyRef &operator=(PyRef &&other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  PyRef(const PyRef &) = delete;
  PyRef &operator=(const PyRef &) = delete;
  ~PyRef() { Py_XDECREF(object_); }

  [[nodiscard]] PyObject *get() const { return object_; }
  [[nodiscard]] PyObject *release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  PyObject *object_ = nullptr;
};

// The exception that is set, taken out of the thread state and made whole: with its traceback.
inline PyRef take_exception() {
  PyObject *type = nullptr;
  PyObject *value = nullptr;
  PyObject *traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (value != nullptr && traceback != nullptr) {
    PyException_SetTraceback(value, traceback);
  }
  Py_XDECREF(type);
  Py_XDECREF(traceback);
  return PyRef(value);
}

// UTF-8 of a str; lone surrogates become escapes. Nothing that can fail is left set.
inline std::string to_utf8(PyObject *text) {
  Py_ssize_t size = 0;
  if (const char *data = PyUnicode_AsUTF8AndSize(text, &size); data != nullptr) {
    return {data, static_cast<std::size_t>(size)};
  }
  PyErr_Clear();
  const PyRef bytes(PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace"));
  char *data = nullptr;
  if (!bytes || PyBytes_AsStringAndSize(bytes.get(), &data, &size) != 0) {
    PyErr_Clear();
    return {};
  }
  return {data, static_cast<std::size_t>(size)};
}

inline PyRef from_utf8(std::string_view text) {
  return PyRef(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
}

// Gives up the GIL for a while.
class WithoutGil {
 public:
  WithoutGil() : state_(PyEval_SaveThread()) {}
  ~WithoutGil() { PyEval_RestoreThread(state_); }
  WithoutGil(const WithoutGil &) = delete;
  WithoutGil &operator=(const WithoutGil &) = delete;

 private:
  PyThreadState *state_;
};

}  // namespace capsule::worker
