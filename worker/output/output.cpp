#include "output/output.hpp"

#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/utf8.hpp"
#include "transport/socket.hpp"

namespace capsule::worker {
namespace {

// A piece of text may be cut this much short of the longest, between two characters.
constexpr std::size_t kMaxUtf8 = 4;
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
               std::uint64_t credit, std::uint32_t max_frame_bytes)
    : state_(state),
      memory_(std::move(memory)),
      queue_(memory_.queue()),
      counters_(memory_.counters()),
      work_fd_(work_fd),
      max_chunk_(std::min<std::size_t>(kMaxChunk, max_frame_bytes - wire::kFrameOverhead)),
      max_piece_(std::min(max_chunk_ / 2, queue_.printed().max_record())),
      capture_{std::move(out_read), std::move(err_read)},
      doorbell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      credit_(static_cast<std::int64_t>(credit)) {
  doorbell_only_.add(doorbell_.get(), 0);
  everything_.add(doorbell_.get(), 0);
  everything_.add(capture_[0].get(), 1);
  everything_.add(capture_[1].get(), 2);
}

Output::~Output() { stop_pump(); }

std::size_t Output::append(std::uint8_t stream, std::string_view data) {
  OutputRing::Record record{state_.current_id.load(std::memory_order_relaxed), 0, 0, stream};
  std::size_t taken = 0;
  while (taken < data.size()) {
    const std::string_view rest = data.substr(taken);
    record.size = static_cast<std::uint32_t>(utf8_prefix(rest, max_piece_));
    if (!queue_.printed().append(record, rest.data())) {
      break;
    }
    taken += record.size;
    counters_.add(Counter::outputs_enqueued);
  }
  counters_.add(Counter::output_bytes_enqueued, taken);
  if (taken < data.size() || std::memchr(data.data(), '\n', data.size()) != nullptr) {
    flush();
  }
  return taken;
}

bool Output::append_whole(std::uint8_t stream, std::string_view data) {
  const std::size_t pieces = data.size() / (max_piece_ - kMaxUtf8) + 1;
  if (queue_.printed().capacity() - queue_.printed().queued() < data.size() + pieces * OutputRing::kOverhead) {
    flush();
    return false;
  }
  return append(stream, data) == data.size();
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
  const auto room =
      queue_.captured().reserve({state_.current_id.load(std::memory_order_relaxed), queue_.printed().head(), size, stream});
  if (!room) {
    return false;
  }
  const ssize_t count = ::readv(pipe, room->data(), static_cast<int>(room->size()));
  const std::uint32_t captured = count > 0 ? static_cast<std::uint32_t>(count) : 0;
  queue_.captured().commit(captured);
  counters_.add(Counter::outputs_captured, captured > 0 ? 1 : 0);
  counters_.add(Counter::output_bytes_captured, captured);
  return false;
}

bool Output::can_send() const {
  const auto first = queue_.peek(queue_.tail(), queue_.head());
  return first && credit() >= static_cast<std::int64_t>(first->size);
}

// Gathers neighbours of one stream and execution into frames, as far as credit goes.
void Output::pack_queued() {
  packed_cursor_ = queue_.tail();
  const OutputQueue::Cursor head = queue_.head();
  counters_.raise(Counter::output_queue_bytes_max,
                  std::max(head.printed - packed_cursor_.printed, head.captured - packed_cursor_.captured));
  while (packed_.size() < kMaxPacked) {
    const auto first = queue_.peek(packed_cursor_, head);
    if (!first || credit() < static_cast<std::int64_t>(first->size)) {
      return;
    }
    chunk_.clear();
    packed_pieces_ += queue_.take(packed_cursor_, head, std::min(max_chunk_, static_cast<std::size_t>(credit())), chunk_);
    packed_bytes_ += chunk_.size();
    credit_.fetch_sub(static_cast<std::int64_t>(chunk_.size()), std::memory_order_relaxed);
    const wire::Output output{static_cast<std::uint8_t>(first->stream), chunk_, packed_cursor_.printed,
                              packed_cursor_.captured};
    const auto frame = encoder_.encode(first->execution_id, output);
    packed_.insert(packed_.end(), frame.begin(), frame.end());
  }
}

void Output::transmit() {
  // Before the host can see the effect.
  counters_.add(Counter::outputs_sent, std::exchange(packed_pieces_, 0));
  counters_.add(Counter::output_bytes_sent, std::exchange(packed_bytes_, 0));
  if (!send_all(work_fd_, packed_)) {
    end_without_channel(errno);
  }
  packed_.clear();
  // Only now: what was not sent whole is for the host to read after a crash.
  queue_.release(packed_cursor_);
  space_.open();
}

void Output::send_queued() {
  for (pack_queued(); !packed_.empty(); pack_queued()) {
    transmit();
  }
}

void Output::send_behind(std::uint64_t execution_id, const wire::Body &body) {
  const std::uint64_t began = monotonic_ns();
  std::unique_lock lock(sender_);
  // What a child process or another thread goes on printing from here on does not hold up the end.
  int capture_rounds = kMaxFinalCaptures;
  std::optional<OutputQueue::Cursor> target;
  for (;;) {
    const std::uint32_t ticket = credited_.ticket();
    if (!target && (read_captures() || --capture_rounds == 0)) {
      target = queue_.head();
    }
    pack_queued();
    if (target && packed_cursor_.printed >= target->printed && packed_cursor_.captured >= target->captured) {
      break;
    }
    if (!packed_.empty()) {
      transmit();
    } else if (!queue_.empty()) {
      lock.unlock();
      credited_.wait(ticket);
      lock.lock();
    }
  }
  // The last output and the frame behind it go out in one write: one wake-up of the host.
  const auto frame = encoder_.encode(execution_id, body);
  packed_.insert(packed_.end(), frame.begin(), frame.end());
  counters_.add(Counter::drains);
  counters_.add(Counter::drain_ns, monotonic_ns() - began);
  transmit();
}

void Output::on_doorbell() {
  drain_doorbell();
  pump_state_.store(Pump::kAsleep, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // The main thread may have sent it all ahead of a terminal frame: then no pump is needed yet.
  if (!queue_.empty()) {
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
    {
      const std::lock_guard lock(sender_);
      const OutputQueue::Cursor before = queue_.tail();
      read_captures();
      send_queued();
      sent = !(queue_.tail() == before);
    }
    pump_wait(sent);
  }
}

void Output::pump_wait(bool linger) {
  pump_state_.store(linger ? Pump::kLingering : Pump::kAsleep, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!linger && can_send()) {
    return;  // appended between the last look and the announcement
  }
  const bool room = queue_.captured().capacity() - queue_.captured().queued() > max_piece_ + sizeof(OutputRing::Record);
  PollSet &set = room ? everything_ : doorbell_only_;
  if ((set.wait(linger ? monotonic_ns() + kLingerNs : kNoDeadline) & 1U) != 0) {
    drain_doorbell();
  }
}

}  // namespace capsule::worker
