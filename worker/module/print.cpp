// print(): one append for the whole of it, where what is printed cannot run code in between; anything else is for the interpreter's own.
#include <array>
#include <cstring>

#include "module/native.hpp"

namespace capsule::worker {
namespace {

// The interpreter's own print.
PyObject *plain_print = nullptr;

// What is printed, put together. Budget: no allocation up to the size of `small_`.
class Joined {
 public:
  void append(const char *data, std::size_t size) {
    if (large_.empty() && size_ + size <= small_.size()) {
      std::memcpy(small_.data() + size_, data, size);
    } else {
      if (large_.empty()) {
        large_.assign(small_.data(), size_);
      }
      large_.append(data, size);
    }
    size_ += size;
  }
  // False when it has no UTF-8.
  bool append(PyObject *text) {
    Py_ssize_t size = 0;
    const char *data = PyUnicode_AsUTF8AndSize(text, &size);
    if (data == nullptr) {
      PyErr_Clear();
      return false;
    }
    append(data, static_cast<std::size_t>(size));
    return true;
  }
  [[nodiscard]] std::string_view view() const { return large_.empty() ? std::string_view(small_.data(), size_) : large_; }

 private:
  std::array<char, 1024> small_;
  std::size_t size_ = 0;
  std::string large_;
};

struct Keywords {
  PyObject *sep = nullptr;  // null: as the default
  PyObject *end = nullptr;
  PyObject *file = nullptr;
  bool flush = false;
};

// False for what only the interpreter's own print understands, or complains of.
bool read_keywords(PyObject *const *values, PyObject *names, Keywords &keywords) {
  const Py_ssize_t count = names == nullptr ? 0 : PyTuple_Size(names);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject *name = PyTuple_GetItem(names, i);
    PyObject *value = values[i] == Py_None ? nullptr : values[i];
    if (PyUnicode_CompareWithASCIIString(name, "end") == 0) {
      keywords.end = value;
    } else if (PyUnicode_CompareWithASCIIString(name, "sep") == 0) {
      keywords.sep = value;
    } else if (PyUnicode_CompareWithASCIIString(name, "file") == 0) {
      keywords.file = value;
    } else if (PyUnicode_CompareWithASCIIString(name, "flush") == 0 && (values[i] == Py_True || values[i] == Py_False)) {
      keywords.flush = values[i] == Py_True;
    } else {
      return false;
    }
  }
  const auto plain = [](PyObject *text) { return text == nullptr || PyUnicode_CheckExact(text) != 0; };
  return plain(keywords.sep) && plain(keywords.end);
}

// Appends what str() makes of it; false for whatever may run code of its own, or has no UTF-8.
bool append_plain(Joined &joined, PyObject *value) {
  if (PyUnicode_CheckExact(value) != 0) {
    return joined.append(value);
  }
  const bool plain = PyLong_CheckExact(value) != 0 || PyFloat_CheckExact(value) != 0 || PyBool_Check(value) || value == Py_None;
  const PyRef text(plain ? PyObject_Str(value) : nullptr);
  if (!text) {
    PyErr_Clear();  // an int of too many digits: the interpreter's own says so
    return false;
  }
  return joined.append(text.get());
}

bool join(Joined &joined, PyObject *const *values, Py_ssize_t count, const Keywords &keywords) {
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (i > 0 && keywords.sep != nullptr && !joined.append(keywords.sep)) {
      return false;
    }
    if (i > 0 && keywords.sep == nullptr) {
      joined.append(" ", 1);
    }
    if (!append_plain(joined, values[i])) {
      return false;
    }
  }
  if (keywords.end != nullptr) {
    return joined.append(keywords.end);
  }
  joined.append("\n", 1);
  return true;
}

PyObject *print_plainly(PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  const PyRef positional(PyTuple_New(count));
  const PyRef keywords(PyDict_New());
  if (!positional || !keywords) {
    return nullptr;
  }
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyTuple_SetItem(positional.get(), i, PyRef::borrow(arguments[i]).release());
  }
  for (Py_ssize_t i = 0; names != nullptr && i < PyTuple_Size(names); ++i) {
    if (PyDict_SetItem(keywords.get(), PyTuple_GetItem(names, i), arguments[count + i]) != 0) {
      return nullptr;
    }
  }
  return PyObject_Call(plain_print, positional.get(), keywords.get());
}

PyObject *py_print(PyObject *, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  Keywords keywords;
  if (read_keywords(arguments + count, names, keywords)) {
    PyObject *file = keywords.file != nullptr ? keywords.file : PySys_GetObject("stdout");
    Joined joined;
    if (const int stream = stream_number(file); stream != 0 && join(joined, arguments, count, keywords)) {
      if (!write_output(stream, joined.view())) {
        return nullptr;
      }
      const SessionParts *parts = session_parts();
      if (keywords.flush && parts != nullptr && !parts->state.foreign.load()) {
        parts->output.flush();
      }
      Py_RETURN_NONE;
    }
  }
  return print_plainly(arguments, count, names);
}

PyMethodDef definition = {"print", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(py_print)),
                          METH_FASTCALL | METH_KEYWORDS, nullptr};

}  // namespace

// It passes for the builtin: the same module, the same documentation and signature.
bool add_print(PyObject *native) {
  const PyRef builtins(PyImport_ImportModule("builtins"));
  const PyRef name(PyUnicode_FromString("builtins"));
  plain_print = builtins ? PyObject_GetAttrString(builtins.get(), "print") : nullptr;
  if (plain_print == nullptr || !name) {
    return false;
  }
  definition.ml_doc =
      "print($module, /, *args, sep=' ', end='\\n', file=None, flush=False)\n--\n\n"
      "Prints the values to a stream, or to sys.stdout by default.\n\n"
      "  sep\n    string inserted between values, default a space.\n"
      "  end\n    string appended after the last value, default a newline.\n"
      "  file\n    a file-like object (stream); defaults to the current sys.stdout.\n"
      "  flush\n    whether to forcibly flush the stream.";
  const PyRef print(PyCFunction_NewEx(&definition, builtins.get(), name.get()));
  return print && PyObject_SetAttrString(native, "print", print.get()) == 0;
}

}  // namespace capsule::worker
