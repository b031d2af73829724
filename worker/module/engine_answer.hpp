// What the engine answers, a dict, as a frame of the protocol.
#pragma once

#include <utility>
#include <vector>

#include "base/unique_fd.hpp"
#include "module/native.hpp"
#include "wire/messages.hpp"

namespace capsule::worker {

// Owns what the views of a wire::Answer point to.
class EngineAnswer {
 public:
  EngineAnswer(PyRef fields, std::uint64_t request_id) : fields_(std::move(fields)) { answer_.request_id = request_id; }

  // False with an exception set where the engine returned something else than it should.
  bool read() {
    answer_.status = static_cast<std::int32_t>(number("status"));
    answer_.kind = static_cast<std::uint8_t>(number("kind"));
    answer_.size_bytes = number("size_bytes");
    answer_.total = number("total");
    answer_.message = text("message");
    answer_.type_name = text("type_name");
    answer_.format = text("format");
    if (PyObject *data = field("data"); data != nullptr) {
      char *bytes = nullptr;
      Py_ssize_t size = 0;
      if (PyBytes_AsStringAndSize(data, &bytes, &size) != 0) {
        return false;
      }
      answer_.data = {bytes, static_cast<std::size_t>(size)};
    }
    answer_.shape = numbers<std::int64_t>("shape");
    answer_.strides = numbers<std::int64_t>("strides");
    answer_.sizes = numbers<std::uint64_t>("sizes");
    answer_.kinds = numbers<std::uint8_t>("kinds");
    answer_.names = texts("names");
    answer_.types = texts("types");
    if (PyObject *fd = field("fd"); fd != nullptr) {
      attached_.reset(static_cast<int>(PyLong_AsLong(fd)));
      answer_.attached = true;
    }
    return PyErr_Occurred() == nullptr;
  }

  [[nodiscard]] const wire::Answer &get() const { return answer_; }
  [[nodiscard]] int attached() const { return attached_.get(); }

 private:
  [[nodiscard]] PyObject *field(const char *name) const { return PyDict_GetItemString(fields_.get(), name); }

  [[nodiscard]] std::uint64_t number(const char *name) const {
    PyObject *value = field(name);
    return value == nullptr ? 0 : PyLong_AsUnsignedLongLong(value);
  }

  // A str lives as long as its dict.
  static wire::Text view(PyObject *value) {
    Py_ssize_t size = 0;
    const char *data = PyUnicode_AsUTF8AndSize(value, &size);
    return data == nullptr ? wire::Text() : wire::Text(data, static_cast<std::size_t>(size));
  }
  [[nodiscard]] wire::Text text(const char *name) const {
    PyObject *value = field(name);
    return value == nullptr ? wire::Text() : view(value);
  }

  template <typename Number>
  [[nodiscard]] std::vector<Number> numbers(const char *name) const {
    std::vector<Number> list;
    PyObject *values = field(name);
    for (Py_ssize_t i = 0; values != nullptr && i < PyList_Size(values); ++i) {
      list.push_back(static_cast<Number>(PyLong_AsLongLong(PyList_GetItem(values, i))));
    }
    return list;
  }
  [[nodiscard]] std::vector<wire::Text> texts(const char *name) const {
    std::vector<wire::Text> list;
    PyObject *values = field(name);
    for (Py_ssize_t i = 0; values != nullptr && i < PyList_Size(values); ++i) {
      list.push_back(view(PyList_GetItem(values, i)));
    }
    return list;
  }

  PyRef fields_;
  wire::Answer answer_;
  UniqueFd attached_;
};

}  // namespace capsule::worker
