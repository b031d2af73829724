// Appending to the output queue as the session's output policy says. Everything here is done with the GIL held.
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "capsule/event.h"
#include "module/native.hpp"
#include "output/text.hpp"
#include "transport/message_piece.hpp"

namespace capsule::worker {
namespace {

// The exception of CAPSULE_OUTPUT_ERROR.
PyObject *backpressure_exceeded = nullptr;

// Bytes that were dropped since the last notice, and notices so far.
std::uint64_t dropped_bytes = 0;
std::uint64_t dropped_notices = 0;

// One message of several pieces at a time.
bool message_under_way = false;
Gate message_gate;

// Waits without the GIL; false with an exception set when a signal's handler raised.
bool wait_at(Gate &gate, std::uint32_t ticket) {
  {
    const WithoutGil released;
    gate.wait(ticket);
  }
  return PyErr_CheckSignals() == 0;
}

void record_wait(const SessionParts &parts, const Writer &writer) {
  parts.counters.add(Counter::output_waits);
  parts.state.recorder.record_once<CAPSULE_TRACE_OUTPUT_BACKPRESSURE>(
      FlightWriter::kCode, {.execution_id = writer.execution_id, .arguments = {parts.output.queue_bytes()}});
}

bool wait_and_append(const SessionParts &parts, const Writer &writer, int stream, std::string_view data) {
  for (;;) {
    const std::uint32_t ticket = parts.output.space().ticket();
    data.remove_prefix(parts.output.append(writer, static_cast<std::uint8_t>(stream), data));
    if (data.empty()) {
      return true;
    }
    record_wait(parts, writer);
    if (!wait_at(parts.output.space(), ticket)) {
      return false;
    }
  }
}

void count_dropped(const SessionParts &parts, const Writer &writer, int stream, std::uint64_t bytes) {
  dropped_bytes += bytes;
  {
    WorkerCounters::Step step(parts.counters, CounterWriter::kCode);
    step.add(Counter::outputs_dropped);
    step.add(Counter::output_bytes_dropped, bytes);
    step.add(of_stream(Counter::dropped_stdout, static_cast<std::uint8_t>(stream)));
  }
  parts.state.recorder.record_once<CAPSULE_TRACE_OUTPUT_DROPPED>(FlightWriter::kCode,
                                                                 {.execution_id = writer.execution_id, .arguments = {bytes}});
  if (writer.execution_id == parts.state.current_id.load(std::memory_order_relaxed)) {
    parts.state.dropped_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
}

// False while there is no room for the notice, with so many bytes behind it.
bool tell_dropped(const SessionParts &parts, std::size_t behind = 0) {
  if (dropped_bytes == 0) {
    return true;
  }
  const Writer library{parts.state.writing_id(), 0, CAPSULE_ORIGIN_LIBRARY};
  const std::string notice = dropped_notice(dropped_bytes);
  if ((behind != 0 && !parts.output.has_room(notice.size() + OutputRing::kOverhead + behind)) ||
      !parts.output.append_whole(library, STDERR_FILENO, notice)) {
    return false;
  }
  dropped_bytes = 0;
  ++dropped_notices;
  return true;
}

void drop_or_append(const SessionParts &parts, const Writer &writer, int stream, std::string_view data) {
  // The notice first: it stands where something is missing, and something has to stand behind it, or the next would be a second one.
  if (tell_dropped(parts, std::min<std::size_t>(data.size(), parts.output.queue_bytes() / 2))) {
    data.remove_prefix(parts.output.append(writer, static_cast<std::uint8_t>(stream), data));
  }
  if (!data.empty()) {
    count_dropped(parts, writer, stream, data.size());
  }
}

// Of a write that is larger than the queue the end is what remains of it.
void append_over_oldest(const SessionParts &parts, const Writer &writer, int stream, std::string_view data) {
  for (;;) {
    data.remove_prefix(parts.output.append(writer, static_cast<std::uint8_t>(stream), data));
    if (data.empty()) {
      return;
    }
    parts.output.drop_oldest(data.size());
  }
}

bool refuse(const SessionParts &parts, int stream) {
  {
    WorkerCounters::Step step(parts.counters, CounterWriter::kCode);
    step.add(of_stream(Counter::refused_stdout, static_cast<std::uint8_t>(stream)));
    step.add(Counter::outputs_refused);
  }
  PyErr_SetString(backpressure_exceeded, "the output queue is full: the host takes output more slowly than it is written");
  return false;
}

// A child that the user's code forked prints like any program, into the capture pipe; and a zygote into its log.
bool write_to_descriptor(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t count = ::write(fd, data.data(), data.size());
    if (count < 0 && errno != EINTR) {
      PyErr_SetFromErrno(PyExc_OSError);
      return false;
    }
    data.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
  }
  return true;
}

bool wait_and_append_message(const SessionParts &parts, const Writer &writer, std::string_view frame) {
  for (;;) {
    const std::uint32_t ticket = message_gate.ticket();
    if (!message_under_way) {
      break;
    }
    if (!wait_at(message_gate, ticket)) {
      return false;
    }
  }
  message_under_way = true;
  std::size_t offset = 0;
  bool going = true;
  while (going) {
    const std::uint32_t ticket = parts.output.space().ticket();
    offset = parts.output.append_message(writer, frame, offset);
    if (offset == frame.size()) {
      break;
    }
    record_wait(parts, writer);
    going = wait_at(parts.output.space(), ticket);
  }
  message_under_way = false;
  message_gate.open();
  return going;
}

}  // namespace

bool write_output(int stream, std::string_view data) {
  const SessionParts *parts = session_parts();
  if (parts == nullptr || parts->state.foreign.load(std::memory_order_relaxed)) {
    return write_to_descriptor(stream, data);
  }
  const Writer writer = current_writer(*parts);
  switch (parts->options.output_policy) {
    case CAPSULE_OUTPUT_DROP_NEW:
      drop_or_append(*parts, writer, stream, data);
      return true;
    case CAPSULE_OUTPUT_DROP_OLDEST:
      append_over_oldest(*parts, writer, stream, data);
      return true;
    case CAPSULE_OUTPUT_ERROR:
      return parts->output.append_whole(writer, static_cast<std::uint8_t>(stream), data) || refuse(*parts, stream);
    default:
      return wait_and_append(*parts, writer, stream, data);
  }
}

bool write_message(const SessionParts &parts, const Writer &writer, std::string_view frame) {
  const std::uint8_t policy = parts.options.output_policy;
  const bool waits = policy == CAPSULE_OUTPUT_BLOCK || policy == CAPSULE_OUTPUT_DROP_OLDEST;
  if (waits || (!message_under_way && parts.output.has_room_for_message(frame.size()))) {
    return wait_and_append_message(parts, writer, frame);
  }
  parts.counters.add(Counter::displays_dropped);
  if (policy == CAPSULE_OUTPUT_ERROR) {
    return refuse(parts, kMessageStream);
  }
  count_dropped(parts, writer, kMessageStream, frame.size());
  return true;
}

void report_dropped_output() {
  const SessionParts &parts = *session_parts();
  // Another thread that prints without end drops again and again: one notice, whoever writes it, is this execution's.
  const std::uint64_t before = dropped_notices;
  for (;;) {
    const std::uint32_t ticket = parts.output.space().ticket();
    if (dropped_notices != before || tell_dropped(parts)) {
      return;
    }
    const WithoutGil released;
    parts.output.space().wait(ticket);
  }
}

bool add_output_errors(PyObject *native) {
  backpressure_exceeded = PyErr_NewException("capsule.OutputBackpressureExceeded", PyExc_RuntimeError, nullptr);
  return backpressure_exceeded != nullptr &&
         PyObject_SetAttrString(native, "OutputBackpressureExceeded", backpressure_exceeded) == 0;
}

}  // namespace capsule::worker
