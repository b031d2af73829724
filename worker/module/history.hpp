// In, Out, _, __, ___ and _i, _ii, _iii in the session's namespace, as IPython keeps them. In and Out are numbered by the execution.
// Budget: some ten operations on lists and dictionaries an execution, none of which runs the user's code.
#pragma once

#include <array>
#include <cstdint>

#include "module/py_ref.hpp"

namespace capsule::worker {

class History {
 public:
  // Puts the names into the namespace. Failures are for want of memory only, and leave an exception set.
  explicit History(PyObject *names);

  // Before a source runs.
  void begin(std::uint64_t number, PyObject *source);
  // With its value, which is not None.
  void end(PyObject *value);
  // Writes once where an execution will write: after a fork that brings the pages in.
  void warm_up();

 private:
  void let_go_of_old();
  [[nodiscard]] bool untouched() const;

  PyObject *names_;  // borrowed: the namespace lives as long as the process
  PyRef empty_;
  PyRef sources_;
  PyRef values_;
  std::array<PyRef, 3> value_names_;   // _, __, ___
  std::array<PyRef, 3> source_names_;  // _i, _ii, _iii
  std::array<PyRef, 3> last_values_;
  std::array<PyRef, 3> last_sources_;
  Py_ssize_t oldest_ = 0;  // of the sources kept
  Py_ssize_t chars_ = 0;   // in them
};

}  // namespace capsule::worker
