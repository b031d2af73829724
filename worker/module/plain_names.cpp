// What of a namespace a checkpoint takes as it is. There may be very many such names, so that Python looks at none of them by itself.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "module/native.hpp"

namespace capsule::worker {
namespace {

// Meanwhile no finalizer runs, which could change the dict that is being walked through.
class NoCollection {
 public:
  NoCollection() : was_enabled_(PyGC_Disable() != 0) {}
  ~NoCollection() {
    if (was_enabled_) {
      PyGC_Enable();
    }
  }
  NoCollection(const NoCollection &) = delete;
  NoCollection &operator=(const NoCollection &) = delete;

 private:
  const bool was_enabled_;
};

struct Group {
  std::string text;  // the names, one a line, as they stand in JSON: they are nothing that it changes
  std::vector<PyObject *> types;
  PyRef values{PyList_New(0)};
};

// Empty where it has no UTF-8. The view lives as long as the name.
std::string_view view_of(PyObject *name) {
  Py_ssize_t size = 0;
  const char *data = PyUnicode_AsUTF8AndSize(name, &size);
  if (data == nullptr) {
    PyErr_Clear();
    return {};
  }
  return {data, static_cast<std::size_t>(size)};
}

// ASCII identifiers that do not begin with an underscore, as names of the interpreter's own do.
bool is_common(std::string_view name) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.front() != '_' && std::all_of(name.begin(), name.end(), is_word);
}

class Walk {
 public:
  Walk(PyObject *left_out, PyObject *types, std::size_t most_chars, Py_ssize_t group_names)
      : most_chars_(most_chars), group_names_(group_names) {
    for (Py_ssize_t i = 0; i < PyTuple_Size(left_out); ++i) {
      left_out_.push_back(view_of(PyTuple_GetItem(left_out, i)));
    }
    for (Py_ssize_t i = 0; i < PyTuple_Size(types); ++i) {
      types_.push_back(PyTuple_GetItem(types, i));
    }
  }

  // False with an exception set.
  bool run(PyObject *names) {
    const NoCollection no_collection;
    Py_ssize_t position = 0;
    PyObject *name = nullptr;
    PyObject *value = nullptr;
    while (others_ && PyDict_Next(names, &position, &name, &value) != 0) {
      if (PyUnicode_Check(name) == 0) {
        continue;  // a key, and no name
      }
      const std::string_view text = is_plain(value) ? common(name) : std::string_view();
      if (!(text.empty() ? leave(name, value) : add(text, value))) {
        return false;
      }
    }
    return static_cast<bool>(others_);
  }

  // A list of (names, types, values), and a dict of the others. Null with an exception set.
  PyObject *result() {
    PyRef list(PyList_New(0));
    for (Group &group : groups_) {
      group.text += '"';
      PyRef types(PyTuple_New(static_cast<Py_ssize_t>(group.types.size())));
      for (std::size_t i = 0; types && i < group.types.size(); ++i) {
        PyTuple_SetItem(types.get(), static_cast<Py_ssize_t>(i), PyRef::borrow(group.types[i]).release());
      }
      const PyRef fields(types ? Py_BuildValue("s#OO", group.text.data(), static_cast<Py_ssize_t>(group.text.size()),
                                               types.get(), group.values.get())
                               : nullptr);
      if (!list || !fields || PyList_Append(list.get(), fields.get()) != 0) {
        return nullptr;
      }
    }
    return Py_BuildValue("OO", list.get(), others_.get());
  }

 private:
  [[nodiscard]] bool is_plain(PyObject *value) const {
    return std::find(types_.begin(), types_.end(), reinterpret_cast<PyObject *>(Py_TYPE(value))) != types_.end();
  }

  // The name; empty where it is not to be taken.
  [[nodiscard]] std::string_view common(PyObject *name) const {
    const std::string_view text = view_of(name);
    const bool taken =
        text.size() <= most_chars_ && is_common(text) && std::find(left_out_.begin(), left_out_.end(), text) == left_out_.end();
    return taken ? text : std::string_view();
  }

  bool add(std::string_view name, PyObject *value) {
    if (groups_.empty() || PyList_Size(groups_.back().values.get()) == group_names_) {
      groups_.emplace_back();
      if (!groups_.back().values) {
        return false;
      }
    }
    Group &group = groups_.back();
    group.text += group.text.empty() ? "\"" : "\\n";
    group.text += name;
    auto *type = reinterpret_cast<PyObject *>(Py_TYPE(value));
    if (std::find(group.types.begin(), group.types.end(), type) == group.types.end()) {
      group.types.push_back(type);
    }
    return PyList_Append(group.values.get(), value) == 0;
  }

  bool leave(PyObject *name, PyObject *value) {
    const PyRef text(PyUnicode_FromObject(name));  // a text of the user's own type has a __hash__ that may run anything
    return text && PyDict_SetItem(others_.get(), text.get(), value) == 0;
  }

  const std::size_t most_chars_;
  const Py_ssize_t group_names_;
  std::vector<std::string_view> left_out_;
  std::vector<PyObject *> types_;
  std::vector<Group> groups_;
  PyRef others_{PyDict_New()};
};

// plain_names(names, left_out, types, most_chars, group_names): see Walk::result().
PyObject *py_plain_names(PyObject *, PyObject *arguments) {
  PyObject *names = nullptr;
  PyObject *left_out = nullptr;
  PyObject *types = nullptr;
  Py_ssize_t most_chars = 0;
  Py_ssize_t group_names = 0;
  if (PyArg_ParseTuple(arguments, "O!O!O!nn", &PyDict_Type, &names, &PyTuple_Type, &left_out, &PyTuple_Type, &types,
                       &most_chars, &group_names) == 0) {
    return nullptr;
  }
  Walk walk(left_out, types, static_cast<std::size_t>(most_chars), group_names);
  return walk.run(names) ? walk.result() : nullptr;
}

PyMethodDef name_functions[] = {
    {"plain_names", py_plain_names, METH_VARARGS, "Names and values of these types, in groups; and the others."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_plain_names(PyObject *native) { return PyModule_AddFunctions(native, name_functions) == 0; }

}  // namespace capsule::worker
