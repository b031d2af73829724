// What the code's threads do to the output queue: append to it, and make room in it.
#include <algorithm>
#include <cstring>

#include "base/utf8.hpp"
#include "output/output.hpp"
#include "transport/message_piece.hpp"

namespace capsule::worker {
namespace {

// A piece of text may be cut this much short of the longest, between two characters.
constexpr std::size_t kMaxUtf8 = 4;
// A line that is over, or one that begins anew on a terminal.
bool ends_line(std::string_view data) {
  return std::memchr(data.data(), '\n', data.size()) != nullptr || std::memchr(data.data(), '\r', data.size()) != nullptr;
}

}  // namespace

OutputRing::Record record_of(const Writer &writer, std::uint8_t stream) {
  return {.execution_id = writer.execution_id,
          .after = 0,
          .size = 0,
          .writer_id = writer.id,
          .stream = stream,
          .origin = writer.origin,
          .reserved = 0,
          .reserved_too = 0};
}

std::size_t Output::append(const Writer &writer, std::uint8_t stream, std::string_view data) {
  OutputRing::Record record = record_of(writer, stream);
  std::size_t taken = 0;
  while (taken < data.size()) {
    const std::string_view rest = data.substr(taken);
    record.size = static_cast<std::uint32_t>(utf8_prefix(rest, max_piece_));
    // With the append in it: who copies the counters never finds more sent than printed.
    WorkerCounters::Step step(counters_, CounterWriter::kCode);
    if (!queue_.printed().append(record, rest.data())) {
      break;
    }
    taken += record.size;
    step.add(Counter::outputs_enqueued);
    step.add(Counter::output_bytes_enqueued, record.size);
    step.add(of_stream(Counter::enqueued_stdout, stream));
  }
  state_.recorder.record_once<CAPSULE_TRACE_OUTPUT_FIRST>(
      FlightWriter::kCode, {.execution_id = writer.execution_id, .status = stream, .arguments = {data.size()}});
  if (taken < data.size() || ends_line(data)) {
    flush();
  }
  return taken;
}

bool Output::append_whole(const Writer &writer, std::uint8_t stream, std::string_view data) {
  if (!has_room(data.size())) {
    flush();
    return false;
  }
  return append(writer, stream, data) == data.size();
}

std::size_t Output::append_message(const Writer &writer, std::string_view frame, std::size_t offset) {
  OutputRing::Record record = record_of(writer, kMessageStream);
  while (offset < frame.size()) {
    const std::size_t size = std::min(frame.size() - offset, max_piece_ - sizeof(PieceHeader));
    const std::string piece = make_piece(frame, offset, size);
    record.size = static_cast<std::uint32_t>(piece.size());
    WorkerCounters::Step step(counters_, CounterWriter::kCode);
    if (!queue_.printed().append(record, piece.data())) {
      break;
    }
    offset += size;
    step.add(Counter::enqueued_display);
  }
  flush();
  return offset;
}

bool Output::has_room(std::size_t size) {
  const std::size_t pieces = size / (max_piece_ - kMaxUtf8) + 1;
  return queue_.printed().capacity() - queue_.printed().queued() >= size + pieces * OutputRing::kOverhead;
}

bool Output::has_room_for_message(std::size_t size) {
  const std::size_t pieces = size / (max_piece_ - sizeof(PieceHeader)) + 1;
  return has_room(size + pieces * sizeof(PieceHeader));
}

void Output::drop_oldest(std::size_t size) {
  const std::size_t bytes = std::min(size, max_piece_) + OutputRing::kOverhead;
  const Lock lock(sender_);
  OutputRing &ring = queue_.printed();
  count_depth();
  while (ring.capacity() - ring.queued() < bytes) {
    const auto oldest = ring.peek(ring.tail(), ring.head());
    if (!oldest) {
      break;
    }
    // What is on its way was copied already and still arrives; the ring kept it for a crash alone.
    const bool on_its_way = !packed_.empty() && ring.tail() < packed_cursor_.printed;
    ring.release(OutputRing::behind(ring.tail(), *oldest));
    if (!on_its_way) {
      count_oldest(*oldest);
    }
  }
  packed_cursor_.printed = std::max(packed_cursor_.printed, ring.tail());  // where sending goes on
}

void Output::count_oldest(const OutputRing::Record &dropped) {
  oldest_dropped_bytes_ += dropped.size;
  oldest_dropped_id_ = dropped.execution_id;
  WorkerCounters::Step step(counters_, CounterWriter::kCode);
  step.add(Counter::outputs_dropped);
  step.add(Counter::output_bytes_dropped, dropped.size);
  step.add(of_stream(Counter::dropped_stdout, dropped.stream));
  step.add(Counter::queue_dropped);
  state_.recorder.record_once<CAPSULE_TRACE_OUTPUT_DROPPED>(
      FlightWriter::kOutput, {.execution_id = dropped.execution_id, .arguments = {dropped.size}});
  if (dropped.execution_id == state_.current_id.load(std::memory_order_relaxed)) {
    state_.dropped_bytes.fetch_add(dropped.size, std::memory_order_relaxed);
  }
}

}  // namespace capsule::worker
