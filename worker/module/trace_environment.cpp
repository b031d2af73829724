#include "module/trace_environment.hpp"

#include <algorithm>
#include <cstdlib>

namespace capsule::worker {
namespace {

constexpr char kName[] = "TRACEPARENT";
constexpr std::size_t kValueAt = sizeof kName;  // behind the sign

// What the environment of the process points to: written in place, since setenv() keeps each value it was ever given.
char variable[kValueAt + Traceparent::kSize + 1] = "TRACEPARENT=";

std::string_view last_made() { return {variable + kValueAt}; }

void put(std::string_view value) {
  std::copy(value.begin(), value.end(), variable + kValueAt);
  if (std::getenv(kName) != variable + kValueAt) {
    ::putenv(variable);
  }
}

}  // namespace

PyObject *TraceEnvironment::variables() {
  if (!std::exchange(looked_, true)) {
    const PyRef os(PyImport_ImportModule("os"));
    const PyRef environ(os ? PyObject_GetAttrString(os.get(), "environ") : nullptr);
    variables_ = PyRef(environ ? PyObject_GetAttrString(environ.get(), "_data") : nullptr);
    name_ = PyRef(PyBytes_FromString(kName));
    PyErr_Clear();
    if (!name_ || !variables_ || PyDict_Check(variables_.get()) == 0) {
      variables_ = {};
    }
  }
  return variables_.get();
}

// The last one's; or an older one's of this session, which code may have put back.
bool TraceEnvironment::was_made(PyObject *value, const Traceparent &made) {
  if (value == nullptr || PyBytes_Check(value) == 0) {
    return false;
  }
  const std::string_view text(PyBytes_AsString(value), static_cast<std::size_t>(PyBytes_Size(value)));
  return text == last_made() || text.starts_with(made.session_part());
}

void TraceEnvironment::set_made(const Traceparent &made) {
  PyObject *const there = variables();
  if (there == nullptr) {
    return;
  }
  PyObject *const present = PyDict_GetItemWithError(there, name_.get());
  if (present == nullptr || was_made(present, made)) {
    const PyRef value(PyBytes_FromStringAndSize(made.text().data(), static_cast<Py_ssize_t>(made.text().size())));
    if (value && PyDict_SetItem(there, name_.get(), value.get()) == 0) {
      put(made.text());
    }
  }
  PyErr_Clear();
}

void TraceEnvironment::take_made_away(const Traceparent &made) {
  PyObject *const there = variables();
  if (there != nullptr && was_made(PyDict_GetItemWithError(there, name_.get()), made)) {
    PyDict_DelItem(there, name_.get());
    ::unsetenv(kName);
  }
  PyErr_Clear();
}

void TraceEnvironment::begin(const Traceparent &made, const wire::Execute &request) {
  if (request.traceparent.empty()) {
    set_made(made);
    return;
  }
  given_ = true;
  take_made_away(made);
  const PyRef traceparent = from_utf8(request.traceparent);
  const PyRef tracestate = request.tracestate.empty() ? PyRef::borrow(Py_None) : from_utf8(request.tracestate);
  const PyRef done(PyObject_CallMethod(engine_, "set_trace_context", "OO", traceparent.get(), tracestate.get()));
  PyErr_Clear();
}

void TraceEnvironment::end() {
  if (std::exchange(given_, false)) {
    const PyRef done(PyObject_CallMethod(engine_, "clear_trace_context", nullptr));
    PyErr_Clear();
  }
}

}  // namespace capsule::worker
