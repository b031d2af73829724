// The trace context of an execution in the environment of its code: TRACEPARENT, TRACESTATE, in os.environ and for child processes.
#pragma once

#include "base/traceparent.hpp"
#include "module/py_ref.hpp"
#include "wire/messages.hpp"

namespace capsule::worker {

class TraceEnvironment {
 public:
  // `engine` is borrowed: it lives as long as the process.
  explicit TraceEnvironment(PyObject *engine) : engine_(engine) {}

  // What came with the execution takes the place of what the session has there until its end. What was made for it (budget: two
  // operations on a dictionary and one search of the environment) stays until the next, for what the execution leaves running; and where
  // the session, or code in it, has set one of its own, it is nowhere.
  void begin(const Traceparent &made, const wire::Execute &request);
  void end();

 private:
  [[nodiscard]] PyObject *variables();
  [[nodiscard]] static bool was_made(PyObject *value, const Traceparent &made);
  void set_made(const Traceparent &made);
  void take_made_away(const Traceparent &made);

  PyObject *engine_;
  PyRef name_;
  PyRef variables_;  // of os.environ: what it looks names up in
  bool looked_ = false;
  bool given_ = false;
};

}  // namespace capsule::worker
