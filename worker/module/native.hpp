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

// Add to the module; false with an exception set.
bool add_streams(PyObject *native);      // streams.cpp: the stream types, stdout, stderr
bool add_print(PyObject *native);        // print.cpp: print
bool add_writers(PyObject *native);      // writers.cpp: who writes
bool add_shows(PyObject *native);        // show.cpp: display, progress
bool add_guarded(PyObject *native);      // guarded.cpp: guarded
bool add_arrow(PyObject *native);        // arrow.cpp: arrow_view
bool add_plain_names(PyObject *native);  // plain_names.cpp: plain_names
bool add_host_calls(PyObject *native);   // host_calls.cpp: call_host and what belongs to it

// 1 or 2 where the object is the session's own stdout or stderr, else 0.
int stream_number(PyObject *object);

// Who runs now, as output is attributed.
Writer current_writer(const SessionParts &parts);

// Makes OutputBackpressureExceeded.
bool add_output_errors(PyObject *native);

// Writes all of it, waiting without the GIL where the queue is full. False with an exception set when a cancel broke the wait, or as
// the output policy says.
bool write_output(int stream, std::string_view data);
// The same for a frame that travels in the output.
bool write_message(const SessionParts &parts, const Writer &writer, std::string_view frame);

// Whether the code has what makes figures, which are shown at its end.
bool figures_expected();

// Tells the last value of each progress bar that has not been told.
void finish_progress();

// Says what was dropped since the last notice, if anything was; waits for room without the GIL.
void report_dropped_output();

}  // namespace capsule::worker
