// What the user's Python sees of the worker: its stdout and stderr, input(), and the handler of the cancel signal.
#pragma once

#include "module/py_ref.hpp"
#include "session_process.hpp"

namespace capsule::worker {

// A private module object with TextStream, ByteStream, stdout, stderr, input, getpass, on_cancel_signal. Empty with an exception set on
// failure.
PyRef make_native();

// The parts of this process's session; null in a zygote. They outlive the interpreter.
const SessionParts *session_parts();
void set_session_parts(const SessionParts *parts);

// Adds the stream types to the module (streams.cpp).
bool add_streams(PyObject *native);

// Writes all of it, waiting without the GIL where the queue is full. False with an exception set when a cancel broke the wait.
bool write_output(int stream, std::string_view data);

// Says what was dropped since the last notice, if anything was; waits for room without the GIL.
void report_dropped_output();

}  // namespace capsule::worker
