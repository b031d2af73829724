#include "module/history.hpp"

namespace capsule::worker {
namespace {

// Older ones are let go: sources and values, and sources beyond so many characters.
constexpr Py_ssize_t kKept = 1000;
constexpr Py_ssize_t kKeptChars = 4 << 20;

// Puts a value in front, as `_` is in front of `__`.
void shift(std::array<PyRef, 3> &values, PyObject *first) {
  values[2] = std::move(values[1]);
  values[1] = std::move(values[0]);
  values[0] = PyRef::borrow(first);
}

void set_all(PyObject *names, const std::array<PyRef, 3> &keys, const std::array<PyRef, 3> &values) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    PyDict_SetItem(names, keys[i].get(), values[i].get());
  }
}

}  // namespace

History::History(PyObject *names)
    : names_(names), empty_(PyUnicode_FromString("")), sources_(PyList_New(0)), values_(PyDict_New()) {
  constexpr std::array<const char *, 3> value_names{"_", "__", "___"};
  constexpr std::array<const char *, 3> source_names{"_i", "_ii", "_iii"};
  for (std::size_t i = 0; i < 3; ++i) {
    value_names_[i] = PyRef(PyUnicode_InternFromString(value_names[i]));
    source_names_[i] = PyRef(PyUnicode_InternFromString(source_names[i]));
    last_values_[i] = PyRef::borrow(empty_.get());
    last_sources_[i] = PyRef::borrow(empty_.get());
  }
  PyList_Append(sources_.get(), empty_.get());
  set_all(names_, value_names_, last_values_);
  set_all(names_, source_names_, last_sources_);
  for (const char *name : {"In", "_ih"}) {
    PyDict_SetItemString(names_, name, sources_.get());
  }
  for (const char *name : {"Out", "_oh"}) {
    PyDict_SetItemString(names_, name, values_.get());
  }
}

void History::begin(std::uint64_t number, PyObject *source) {
  PyObject *list = sources_.get();  // the user's code may have changed it
  if (PyList_Size(list) > 0) {
    shift(last_sources_, PyList_GetItem(list, PyList_Size(list) - 1));
    set_all(names_, source_names_, last_sources_);
  }
  // Those in between were never run here: refused, canceled in the queue, or the worker's before this one.
  while (PyList_Size(list) < static_cast<Py_ssize_t>(number) && PyList_Append(list, empty_.get()) == 0) {
  }
  PyList_Append(list, source);
  chars_ += PyUnicode_GetLength(source);
  let_go_of_old();
}

void History::warm_up() {
  set_all(names_, value_names_, last_values_);
  set_all(names_, source_names_, last_sources_);
  PyList_Append(sources_.get(), empty_.get());
  PyList_SetSlice(sources_.get(), 1, 2, nullptr);
  PyDict_SetItem(values_.get(), empty_.get(), empty_.get());
  PyDict_Clear(values_.get());
}

void History::let_go_of_old() {
  PyObject *list = sources_.get();
  const Py_ssize_t size = PyList_Size(list);
  for (; size - oldest_ > kKept || (chars_ > kKeptChars && oldest_ < size - 1); ++oldest_) {
    PyObject *old = PyList_GetItem(list, oldest_);
    chars_ -= PyUnicode_Check(old) ? PyUnicode_GetLength(old) : 0;
    PyList_SetItem(list, oldest_, PyRef::borrow(empty_.get()).release());
  }
}

// Once the user's code has taken one of the names for itself, they are its own.
bool History::untouched() const {
  for (std::size_t i = 0; i < value_names_.size(); ++i) {
    PyObject *bound = PyDict_GetItemWithError(names_, value_names_[i].get());
    if (bound != nullptr && bound != last_values_[i].get()) {
      return false;
    }
  }
  return true;
}

void History::end(PyObject *value) {
  if (value == values_.get()) {
    return;
  }
  if (untouched()) {
    shift(last_values_, value);
    set_all(names_, value_names_, last_values_);
  }
  const PyRef number(PyLong_FromSsize_t(PyList_Size(sources_.get()) - 1));
  if (!number || PyDict_SetItem(values_.get(), number.get(), value) != 0) {
    return;
  }
  PyObject *oldest = nullptr;
  Py_ssize_t position = 0;
  if (PyDict_Size(values_.get()) > kKept && PyDict_Next(values_.get(), &position, &oldest, nullptr) != 0) {
    const PyRef kept = PyRef::borrow(oldest);
    PyDict_DelItem(values_.get(), kept.get());
  }
}

}  // namespace capsule::worker
