#include "output/output.hpp"

#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "capsule/event.h"
#include "output/text.hpp"
#include "transport/message_piece.hpp"
#include "transport/output_credit.hpp"
#include "transport/socket.hpp"

namespace capsule::worker {
namespace {

// Most that one Output frame gathers, where the largest frame allows.
constexpr std::size_t kMaxChunk = 64U << 10U;
// Frames gathered into one write.
constexpr std::size_t kMaxPacked = 256U << 10U;
// While output comes in bulk the pump is not woken for each line: it looks every so often, or when this much waits. A line after a
// pause is sent at once. So no timer runs per write, and a line waits at most kLingerNs.
constexpr std::uint64_t kLingerNs = 200'000;
constexpr std::size_t kLingerBytes = 128U << 10U;
// Looks at the capture pipes before a terminal frame: enough for pipes of the largest size an unprivileged process may set.
constexpr int kMaxFinalCaptures = 256;

}  // namespace

Output::Output(SessionState &state, SessionMemory memory, int work_fd, UniqueFd out_read, UniqueFd err_read,
               OutputLimits limits)
    : state_(state),
      memory_(std::move(memory)),
      queue_(memory_.queue()),
      counters_(memory_.counters()),
      work_fd_(work_fd),
      max_chunk_(std::min<std::size_t>(kMaxChunk, limits.max_frame_bytes - wire::kFrameOverhead)),
      max_piece_(std::min({max_chunk_ / 2, queue_.printed().max_record(), std::size_t{largest_piece(limits.credit)}})),
      coalesce_(limits.coalesce_carriage_returns),
      capture_{std::move(out_read), std::move(err_read)},
      doorbell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      credit_(static_cast<std::int64_t>(limits.credit)),
      progress_(limits.progress_interval_ns) {
  doorbell_only_.add(doorbell_.get(), 0);
  everything_.add(doorbell_.get(), 0);
  everything_.add(capture_[0].get(), 1);
  everything_.add(capture_[1].get(), 2);
  pump_writable_.add(doorbell_.get(), 0);
  pump_writable_.add(work_fd_, 1, EPOLLOUT);
  main_writable_.add(work_fd_, 1, EPOLLOUT);
}

Output::~Output() { stop_pump(); }

bool Output::hold_progress(const Writer &writer, const std::string &id, std::string_view frame) {
  const auto verdict = progress_.offer(writer, id, frame, monotonic_ns());
  counters_.add(Counter::progress_skipped, verdict.replaced ? 1 : 0);
  if (verdict.send_now) {
    return false;
  }
  // The pump has to know when it is due.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!verdict.replaced && pump_state_.exchange(Pump::kAwake) != Pump::kAwake) {
    ring_doorbell();
  }
  return true;
}

void Output::flush() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  Pump seen = pump_state_.load(std::memory_order_relaxed);
  const bool wanted = seen == Pump::kAsleep || (seen == Pump::kLingering && queue_.printed().queued() >= kLingerBytes);
  if (wanted && pump_state_.compare_exchange_strong(seen, Pump::kAwake)) {
    ring_doorbell();
  }
}

void Output::ring_doorbell() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(doorbell_.get(), &one, sizeof one);
}

void Output::drain_doorbell() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t taken = ::read(doorbell_.get(), &count, sizeof count);
}

void Output::add_credit(std::uint64_t bytes) {
  credit_.fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_release);
  credited_.open();
  ring_doorbell();
}

bool Output::read_captures() {
  const bool out_empty = read_capture(1);
  const bool err_empty = read_capture(2);
  return out_empty && err_empty;
}

bool Output::read_capture(std::uint8_t stream) {
  const int pipe = capture_[stream - 1].get();
  int waiting = 0;
  if (ioctl(pipe, FIONREAD, &waiting) != 0 || waiting <= 0) {
    return true;
  }
  const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(static_cast<std::size_t>(waiting), max_piece_));
  OutputRing::Record record = record_of({state_.writing_id(), 0, CAPSULE_ORIGIN_DESCRIPTOR}, stream);
  record.after = queue_.printed().head();
  record.size = size;
  const auto room = queue_.captured().reserve(record);
  if (!room) {
    return false;
  }
  const ssize_t count = ::readv(pipe, room->data(), static_cast<int>(room->size()));
  const std::uint32_t captured = count > 0 ? static_cast<std::uint32_t>(count) : 0;
  queue_.captured().commit(captured);
  if (captured > 0) {
    {
      WorkerCounters::Step step(counters_, CounterWriter::kSender);
      step.add(Counter::outputs_captured);
      step.add(Counter::output_bytes_captured, captured);
      step.add(of_stream(Counter::captured_stdout, record.stream));
    }
    state_.recorder.record_once<CAPSULE_TRACE_OUTPUT_FIRST>(
        FlightWriter::kOutput, {.execution_id = record.execution_id, .status = stream, .arguments = {captured}});
  }
  return false;
}

void Output::post_due_progress() {
  if (progress_.due_ns() == kNoDeadline || progress_.due_ns() > monotonic_ns()) {
    return;
  }
  progress_.send_due(monotonic_ns(), [this](const ProgressBars::Frame &frame) {
    const std::string piece = make_piece(frame.bytes, 0, frame.bytes.size());
    OutputRing::Record record = record_of(frame.writer, kMessageStream);
    record.after = queue_.printed().head();
    record.size = static_cast<std::uint32_t>(piece.size());
    const bool appended = queue_.captured().append(record, piece.data());
    counters_.add(of_stream(Counter::captured_stdout, kMessageStream), appended ? 1 : 0);
    return appended;
  });
}

bool Output::has_credit_for(std::uint8_t stream, std::size_t bytes) const {
  return credit() >= static_cast<std::int64_t>(output_charge(stream, bytes));
}

void Output::spend(std::uint8_t stream, std::size_t bytes) {
  credit_.fetch_sub(static_cast<std::int64_t>(output_charge(stream, bytes)), std::memory_order_relaxed);
}

bool Output::can_send() const {
  const auto first = queue_.peek(queue_.tail(), queue_.head());
  return first && has_credit_for(first->stream, first->size);
}

// Where the oldest was dropped, one line says how much. False while there is no credit for it.
bool Output::pack_notice() {
  if (oldest_dropped_bytes_ == 0) {
    return true;
  }
  const std::string notice = dropped_notice(oldest_dropped_bytes_);
  if (!has_credit_for(STDERR_FILENO, notice.size())) {
    return false;
  }
  spend(STDERR_FILENO, notice.size());
  pack(oldest_dropped_id_,
       wire::Output{STDERR_FILENO, notice, packed_cursor_.printed, packed_cursor_.captured, CAPSULE_ORIGIN_LIBRARY, 0});
  oldest_dropped_bytes_ = 0;
  return true;
}

void Output::pack(std::uint64_t execution_id, const wire::Body &body) {
  const auto frame = encoder_.encode(execution_id, body);
  packed_.insert(packed_.end(), frame.begin(), frame.end());
  total_packed_ += frame.size();
}

// How much waits, as it was most. What is on its way waits no more, but for its room.
void Output::count_depth() {
  const std::uint64_t printed = queue_.printed().queued();
  const std::uint64_t captured = queue_.captured().queued();
  if (printed + captured != 0) {
    const std::uint64_t pieces = queued_pieces(counters_);
    WorkerCounters::Step step(counters_, CounterWriter::kSender);
    step.raise(Counter::output_queue_bytes_max, std::max(printed, captured));
    step.raise(Counter::output_queue_pieces_max, pieces);
  }
}

// Gathers neighbours into frames, as far as credit goes.
void Output::pack_queued() {
  packed_cursor_ = queue_.tail();
  packed_pieces_ = 0;
  const OutputQueue::Cursor head = queue_.head();
  count_depth();
  if (!pack_notice()) {
    return;
  }
  while (packed_.size() < kMaxPacked) {
    const auto first = queue_.peek(packed_cursor_, head);
    if (!first || !has_credit_for(first->stream, first->size)) {
      return;
    }
    chunk_.clear();
    const std::size_t room = static_cast<std::size_t>(credit()) - output_overhead(first->stream);
    const std::size_t pieces = queue_.take(packed_cursor_, head, std::min(max_chunk_, room), chunk_);
    if (coalesce_ && first->stream != kMessageStream) {
      counters_.add(Counter::output_bytes_coalesced, coalesce_carriage_returns(chunk_));
    }
    spend(first->stream, chunk_.size());
    pack(first->execution_id,
         wire::Output{first->stream, chunk_, packed_cursor_.printed, packed_cursor_.captured, first->origin, first->writer_id});
    // Before the host can see the effect.
    packed_pieces_ += pieces;
    WorkerCounters::Step step(counters_, CounterWriter::kSender);
    step.add(Counter::outputs_sent, pieces);
    step.add(Counter::output_bytes_sent, chunk_.size());
    step.add(of_stream(Counter::sent_stdout, first->stream), pieces);
    step.add(of_stream(Counter::sent_bytes_stdout, first->stream), chunk_.size());
  }
}

ssize_t Output::send_bytes(std::span<const std::uint8_t> bytes) {
  return attached_ < 0 ? send_some(work_fd_, bytes) : send_with_fds(work_fd_, bytes, {&attached_, 1}, MSG_DONTWAIT);
}

bool Output::transmit() {
  while (packed_sent_ < packed_.size()) {
    const ssize_t sent = send_bytes(std::span(packed_).subspan(packed_sent_));
    if (sent < 0 && errno == EAGAIN) {
      return false;
    }
    if (sent < 0) {
      end_without_channel(errno);
    }
    attached_ = -1;
    packed_sent_ += static_cast<std::size_t>(sent);
    total_sent_ += static_cast<std::uint64_t>(sent);
  }
  packed_.clear();
  packed_sent_ = 0;
  packed_pieces_ = 0;
  // Only now: what was not sent whole is for the host to read after a crash.
  queue_.release(packed_cursor_);
  space_.open();
  return true;
}

bool Output::send_queued() {
  for (;;) {
    if (packed_.empty()) {
      pack_queued();
    }
    if (packed_.empty()) {
      return true;
    }
    if (!transmit()) {
      return false;
    }
  }
}

bool Output::packed_up_to(const OutputQueue::Cursor &target) const {
  return oldest_dropped_bytes_ == 0 && packed_cursor_.printed >= target.printed && packed_cursor_.captured >= target.captured;
}

void Output::wait_writable(Lock &lock, std::uint64_t deadline_ns) {
  lock.unlock();
  main_writable_.wait(deadline_ns);
  lock.lock();
}

void Output::send_packed(Lock &lock) {
  for (const std::uint64_t mark = total_packed_; total_sent_ < mark;) {
    if (!transmit()) {
      wait_writable(lock, kNoDeadline);
    }
  }
}

std::optional<DrainStall> Output::send_behind(std::uint64_t execution_id, const wire::Body &body, std::uint64_t patience_ns,
                                              int attached) {
  const std::uint64_t began = monotonic_ns();
  std::uint64_t moved_ns = began;  // when something last moved, or could not for want of credit
  Lock lock(sender_);
  const bool is_end = !std::holds_alternative<wire::InputRequest>(body);
  if (is_end) {
    state_.recorder.record<CAPSULE_TRACE_OUTPUT_DRAIN_BEGIN>(
        FlightWriter::kOutput, {.execution_id = execution_id, .time_ns = began, .arguments = {queue_.printed().queued()}});
  }
  // What a child process or another thread goes on printing from here on does not hold up the end.
  int capture_rounds = kMaxFinalCaptures;
  std::optional<OutputQueue::Cursor> target;
  for (;;) {
    const std::uint32_t ticket = credited_.ticket();
    if (!target && (read_captures() || --capture_rounds == 0)) {
      target = queue_.head();
    }
    if (packed_.empty()) {
      pack_queued();
    }
    if (target && packed_up_to(*target)) {
      break;
    }
    if (packed_.empty()) {
      if (!queue_.empty() || oldest_dropped_bytes_ != 0) {
        lock.unlock();
        credited_.wait(ticket);
        lock.lock();
        moved_ns = monotonic_ns();
      }
      continue;
    }
    const std::uint64_t before = total_sent_;
    if (transmit()) {
      moved_ns = patience_ns == 0 ? 0 : monotonic_ns();
      continue;
    }
    const std::uint64_t now = monotonic_ns();
    moved_ns = total_sent_ != before ? now : moved_ns;
    if (patience_ns != 0 && now - moved_ns >= patience_ns) {
      const DrainStall stall{packed_pieces_, queue_.printed().queued() + queue_.captured().queued(),
                             counters_.get(Counter::outputs_sent) - packed_pieces_, counters_.get(Counter::outputs_dropped)};
      state_.recorder.record<CAPSULE_TRACE_OUTPUT_DRAIN_TIMEOUT>(
          FlightWriter::kOutput, {.execution_id = execution_id,
                                  .time_ns = now,
                                  .arguments = {stall.pending_sends, stall.queue_bytes, stall.sent, stall.dropped}});
      return stall;
    }
    wait_writable(lock, patience_ns == 0 ? kNoDeadline : moved_ns + patience_ns);
  }
  if (is_end) {
    last_ended_id_ = execution_id;
  } else if (execution_id <= last_ended_id_) {
    return DrainStall{};
  }
  // The last output and the frame behind it go out in one write: one wake-up of the host.
  pack(execution_id, body);
  attached_ = attached;
  const std::uint64_t took_ns = monotonic_ns() - began;
  {
    WorkerCounters::Step step(counters_, CounterWriter::kSender);
    step.add(Counter::drains);
    step.add(Counter::drain_ns, took_ns);
    step.add(static_cast<Counter>(static_cast<std::size_t>(Counter::drain_buckets) + bucket_of(took_ns)));
  }
  if (is_end) {
    record_end(execution_id, body, began, began + took_ns);
  }
  send_packed(lock);
  return std::nullopt;
}

// Before the end is sent, so that whoever has it finds this.
void Output::record_end(std::uint64_t execution_id, const wire::Body &body, std::uint64_t began_ns, std::uint64_t now_ns) {
  state_.recorder.record<CAPSULE_TRACE_OUTPUT_DRAIN_END>(
      FlightWriter::kOutput, {.execution_id = execution_id, .time_ns = now_ns, .arguments = {now_ns - began_ns}});
  const auto *result = std::get_if<wire::Result>(&body);
  const std::uint64_t ran_ns = result != nullptr ? result->duration_ns : std::get<wire::Error>(body).duration_ns;
  const std::uint64_t repr_bytes = result != nullptr ? result->repr_size_bytes : 0;
  state_.recorder.record<CAPSULE_TRACE_EXECUTION_RESULT_SENT>(FlightWriter::kMain,
                                                              {.execution_id = execution_id,
                                                               .time_ns = now_ns,
                                                               .status = static_cast<std::uint8_t>(result == nullptr ? 1 : 0),
                                                               .arguments = {ran_ns, repr_bytes}});
}

void Output::send_next(std::uint64_t execution_id, const wire::Body &body) {
  Lock lock(sender_);
  const std::uint64_t now = monotonic_ns();
  record_end(execution_id, body, now, now);
  if (packed_.empty()) {
    packed_cursor_ = queue_.tail();
  }
  last_ended_id_ = execution_id;
  pack(execution_id, body);
  send_packed(lock);
  flush();  // what it went ahead of is the pump's to send
}

void Output::on_doorbell() {
  drain_doorbell();
  pump_state_.store(Pump::kAsleep, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // The main thread may have sent it all ahead of a terminal frame: then no pump is needed yet.
  if (!queue_.empty() || progress_.due_ns() != kNoDeadline) {
    start_pump();
  }
}

void Output::start_pump() {
  if (!pump_.running()) {
    stopping_.store(false);
    pump_.start("capsule-pump", [this] { pump_main(); });
  }
}

void Output::stop_pump() {
  if (pump_.running()) {
    stopping_.store(true);
    ring_doorbell();
    pump_.join();
    pump_state_.store(Pump::kAsleep);
  }
}

void Output::pump_main() {
  while (!stopping_.load()) {
    pump_state_.store(Pump::kAwake, std::memory_order_relaxed);
    bool sent = false;
    bool stalled = false;
    {
      const Lock lock(sender_);
      const std::uint64_t before = total_sent_;
      const std::uint64_t pieces_before = counters_.get(Counter::outputs_sent);
      read_captures();
      post_due_progress();
      stalled = !send_queued();
      sent = total_sent_ != before;
      if (sent && state_.recorder.wants<CAPSULE_TRACE_OUTPUT_PUMP_FLUSH>()) {
        state_.recorder.record<CAPSULE_TRACE_OUTPUT_PUMP_FLUSH>(
            FlightWriter::kOutput, {.execution_id = state_.writing_id(),
                                    .time_ns = monotonic_ns(),
                                    .arguments = {total_sent_ - before, counters_.get(Counter::outputs_sent) - pieces_before}});
      }
    }
    if (!stalled) {
      pump_wait(sent);
    } else if ((pump_writable_.wait(kNoDeadline) & 1U) != 0) {
      drain_doorbell();
    }
  }
}

void Output::pump_wait(bool linger) {
  pump_state_.store(linger ? Pump::kLingering : Pump::kAsleep, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!linger) {
    const Lock lock(sender_);  // the oldest may be dropped at any time
    if (can_send()) {
      return;  // appended between the last look and the announcement
    }
  }
  const bool room = queue_.captured().capacity() - queue_.captured().queued() > max_piece_ + sizeof(OutputRing::Record);
  PollSet &set = room ? everything_ : doorbell_only_;
  if ((set.wait(std::min(linger ? monotonic_ns() + kLingerNs : kNoDeadline, progress_.due_ns())) & 1U) != 0) {
    drain_doorbell();
  }
}

}  // namespace capsule::worker
