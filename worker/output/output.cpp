#include "output/output.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/utf8.hpp"
#include "transport/socket.hpp"

namespace capsule::worker {
namespace {

constexpr int kStreams = 2;
// Most that one Output frame gathers, where the largest frame allows.
constexpr std::size_t kMaxChunk = 64U << 10U;
// Most that is read from a capture pipe at once.
constexpr std::size_t kMaxRead = 16U << 10U;
// Frames gathered into one write.
constexpr std::size_t kMaxPacked = 256U << 10U;
// While output comes in bulk the pump is not woken for each line: it looks every so often, or when this much waits. A line after a
// pause is sent at once. So no timer runs per write, and a line waits at most kLingerNs.
constexpr std::uint64_t kLingerNs = 200'000;
constexpr long kGatherNs = 500'000;
constexpr std::size_t kLingerBytes = 128U << 10U;
// Reads of the capture pipes before a terminal frame: what a pipe of the largest size an unprivileged process may set can hold.
constexpr int kMaxFinalCaptures = (1U << 20U) / kMaxRead + 1;

}  // namespace

Output::Output(SessionState &state, SharedMemory memory, int work_fd, UniqueFd out_read, UniqueFd err_read,
               std::uint64_t credit, std::uint32_t max_frame_bytes)
    : state_(state),
      memory_(std::move(memory)),
      ring_(memory_.data(), memory_.size()),
      work_fd_(work_fd),
      max_chunk_(std::min<std::size_t>(kMaxChunk, max_frame_bytes - wire::kFrameOverhead)),
      max_piece_(std::min(max_chunk_ / 2, ring_.max_record())),
      capture_{std::move(out_read), std::move(err_read)},
      doorbell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      credit_(static_cast<std::int64_t>(credit)) {}

Output::~Output() { stop_pump(); }

std::size_t Output::append(std::uint8_t stream, std::string_view data) {
  const std::uint64_t execution_id = state_.current_id.load(std::memory_order_relaxed);
  std::size_t taken = 0;
  {
    const std::lock_guard lock(append_);
    while (taken < data.size()) {
      const std::string_view rest = data.substr(taken);
      const std::size_t piece = utf8_prefix(rest, max_piece_);
      if (!ring_.append(execution_id, stream, rest.substr(0, piece))) {
        break;
      }
      taken += piece;
    }
  }
  if (taken < data.size() || std::memchr(data.data(), '\n', data.size()) != nullptr) {
    flush();
  }
  return taken;
}

void Output::flush() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  Pump seen = pump_state_.load(std::memory_order_relaxed);
  const bool wanted = seen == Pump::kAsleep || (seen == Pump::kLingering && ring_.queued() >= kLingerBytes);
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
  pollfd fds[kStreams] = {{capture_[0].get(), POLLIN, 0}, {capture_[1].get(), POLLIN, 0}};
  if (::poll(fds, kStreams, 0) <= 0) {
    return true;
  }
  bool empty = true;
  for (int i = 0; i < kStreams; ++i) {
    const std::size_t room = ring_.capacity() - ring_.queued();
    if ((fds[i].revents & POLLIN) == 0 || room < 2 * kMaxRead) {
      empty = empty && (fds[i].revents & POLLIN) == 0;
      continue;
    }
    char buffer[kMaxRead];
    const ssize_t count = ::read(capture_[i].get(), buffer, sizeof buffer);
    if (count > 0) {
      const std::lock_guard lock(append_);
      const std::string_view data(buffer, static_cast<std::size_t>(count));
      ring_.append(state_.current_id.load(std::memory_order_relaxed), static_cast<std::uint8_t>(i + 1), data);
      empty = false;
    }
  }
  return empty;
}

// Gathers neighbours of one stream and execution into frames, as far as credit goes.
void Output::pack_queued() {
  std::uint64_t position = ring_.tail();
  const std::uint64_t head = ring_.head();
  while (packed_.size() < kMaxPacked) {
    const auto first = ring_.peek(position, head);
    if (!first || !has_credit(first->size)) {
      break;
    }
    chunk_.clear();
    auto record = first;
    while (record && record->stream == first->stream && record->execution_id == first->execution_id &&
           (chunk_.empty() || chunk_.size() + record->size <= max_chunk_) && has_credit(chunk_.size() + record->size)) {
      position = ring_.take(position, *record, chunk_);
      record = ring_.peek(position, head);
    }
    credit_.fetch_sub(static_cast<std::int64_t>(chunk_.size()), std::memory_order_relaxed);
    const auto frame = encoder_.encode(first->execution_id, wire::Output{first->stream, chunk_, position});
    packed_.insert(packed_.end(), frame.begin(), frame.end());
  }
  packed_position_ = position;
}

void Output::transmit() {
  if (!send_all(work_fd_, packed_)) {
    _exit(kExitChannelLost);
  }
  packed_.clear();
}

bool Output::send_queued() {
  for (;;) {
    pack_queued();
    if (packed_.empty()) {
      return ring_.queued() == 0;
    }
    transmit();
    // Only now: what was not sent whole is for the host to read after a crash.
    ring_.release(packed_position_);
    space_.open();
  }
}

void Output::send_behind(std::uint64_t execution_id, const wire::Body &body) {
  std::unique_lock lock(sender_);
  // What a child process or another thread goes on printing from here on does not hold up the end.
  int capture_rounds = kMaxFinalCaptures;
  std::optional<std::uint64_t> target;
  for (;;) {
    const std::uint32_t ticket = credited_.ticket();
    if (!target && (read_captures() || --capture_rounds == 0)) {
      target = ring_.head();
    }
    pack_queued();
    if (target && packed_position_ >= *target) {
      break;
    }
    if (!packed_.empty()) {
      transmit();
      ring_.release(packed_position_);
      space_.open();
    } else if (packed_position_ != ring_.head()) {
      lock.unlock();
      credited_.wait(ticket);
      lock.lock();
    }
  }
  // The last output and the frame behind it go out in one write: one wake-up of the host.
  const auto frame = encoder_.encode(execution_id, body);
  packed_.insert(packed_.end(), frame.begin(), frame.end());
  transmit();
  ring_.release(packed_position_);
  space_.open();
}

void Output::on_doorbell() {
  drain_doorbell();
  pump_state_.store(Pump::kAsleep, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // The main thread may have sent it all ahead of a terminal frame: then no pump is needed yet.
  if (ring_.queued() > 0) {
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
  bool sent = false;
  while (!stopping_.load()) {
    if (!sent) {
      gather();
    }
    pump_state_.store(Pump::kAwake, std::memory_order_relaxed);
    {
      const std::lock_guard lock(sender_);
      const std::uint64_t before = ring_.tail();
      read_captures();
      send_queued();
      sent = ring_.tail() != before;
    }
    pump_wait(sent);
  }
}

// After a pause, what comes at descriptor level is left in its pipe a moment longer, unless a line is waiting too: there the host
// finds it if the code's last act was to print and crash, and there it gathers.
void Output::gather() {
  pollfd doorbell{doorbell_.get(), POLLIN, 0};
  const timespec pause{0, kGatherNs};
  if (ring_.queued() == 0) {
    ::ppoll(&doorbell, 1, &pause, nullptr);
  }
}

void Output::pump_wait(bool linger) {
  pump_state_.store(linger ? Pump::kLingering : Pump::kAsleep, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const auto waiting = ring_.peek(ring_.tail());
  if (!linger && waiting && has_credit(waiting->size)) {
    return;  // appended between the last look and the announcement
  }
  pollfd fds[1 + kStreams] = {{doorbell_.get(), POLLIN, 0}, {capture_[0].get(), POLLIN, 0}, {capture_[1].get(), POLLIN, 0}};
  // With no room or no credit the pipes fill up: that is what stops a program that prints without end.
  const bool room = ring_.capacity() - ring_.queued() >= 2 * kMaxRead;
  const nfds_t count = room ? 1 + kStreams : 1;
  const timespec pause{0, static_cast<long>(kLingerNs)};
  ::ppoll(fds, count, linger ? &pause : nullptr, nullptr);
  if ((fds[0].revents & POLLIN) != 0) {
    drain_doorbell();
  }
}

}  // namespace capsule::worker
