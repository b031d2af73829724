#include "link/link.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/clock.hpp"
#include "link/process_stats.hpp"
#include "transport/socket.hpp"

namespace capsule::worker {
namespace {

// A signal is repeated until it was seen to raise in the code: soon at first, then less often.
constexpr std::uint64_t kFirstCancelPauseNs = 1 * kNsPerMs;
constexpr std::uint64_t kMaxCancelPauseNs = 20 * kNsPerMs;

// What the set reports, as bits of PollSet::wait().
constexpr std::uint32_t kControl = 1U << 0U;
constexpr std::uint32_t kHostGone = 1U << 1U;
constexpr std::uint32_t kDoorbell = 1U << 3U;
constexpr std::uint32_t kCaptured = 1U << 4U;

constexpr std::uint64_t kFirstHeartbeatNs = 50 * kNsPerMs;

}  // namespace

int cancel_signal() {
  // Counted from the top: libraries that use real-time signals count from SIGRTMIN.
  return SIGRTMAX - 5;
}

Link::Link(SessionState &state, Output &output, InputTable &inputs, CallTable &calls, ControlSender &sender, int control_fd,
           int work_fd, int host_pidfd, FrameReader reader, std::uint32_t heartbeat_interval_ms)
    : state_(state),
      output_(output),
      inputs_(inputs),
      calls_(calls),
      sender_(sender),
      control_fd_(control_fd),
      work_fd_(work_fd),
      host_pidfd_(host_pidfd),
      reader_(std::move(reader)),
      heartbeat_ns_(heartbeat_interval_ms * kNsPerMs),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  set_.add(control_fd_, 0);
  set_.add(host_pidfd_, 1);
  set_.add(wake_.get(), 2);
}

Link::~Link() { stop(); }

void Link::start() {
  stopping_.store(false);
  // The first one soon, so that what it tells is known of short sessions too, but not while the first execution starts.
  next_heartbeat_ns_ = monotonic_ns() + std::min(heartbeat_ns_, kFirstHeartbeatNs);
  if (!thread_.start("capsule-link", [this] { run(); })) {
    _exit(kExitChannelLost);
  }
}

void Link::stop() {
  if (thread_.running()) {
    stopping_.store(true);
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
    thread_.join();
  }
}

std::uint64_t Link::next_deadline() const { return std::min(next_heartbeat_ns_, next_cancel_ns_); }

void Link::run() {
  watch_output(!output_.pumping());
  while (!stopping_.load()) {
    const std::uint32_t ready = set_.wait(next_deadline());
    if ((ready & kHostGone) != 0) {
      host_is_gone();
    }
    if ((ready & kControl) != 0) {
      receive_frames();
    }
    if ((ready & kDoorbell) != 0) {
      output_.on_doorbell();
    }
    if ((ready & kCaptured) != 0) {
      output_.start_pump();
    }
    if (output_.pumping()) {
      watch_output(false);
    }
    const std::uint64_t now = monotonic_ns();
    if (now >= next_heartbeat_ns_) {
      send_heartbeat();
      state_.recorder.send();
      next_heartbeat_ns_ = now + heartbeat_ns_;
    }
    if (now >= next_cancel_ns_) {
      repeat_cancel();
    }
  }
  std::uint64_t woken = 0;
  [[maybe_unused]] const ssize_t taken = ::read(wake_.get(), &woken, sizeof woken);
}

// While there is no pump, this thread looks after what it would look after.
void Link::watch_output(bool watch) {
  if (watch == watching_output_) {
    return;
  }
  watching_output_ = watch;
  const int fds[] = {output_.doorbell_fd(), output_.capture_fd(1), output_.capture_fd(2)};
  const unsigned numbers[] = {3, 4, 4};
  for (std::size_t i = 0; i < std::size(fds); ++i) {
    if (watch) {
      set_.add(fds[i], numbers[i]);
    } else {
      set_.remove(fds[i]);
    }
  }
}

void Link::receive_frames() {
  const auto room = reader_.room();
  const ssize_t count = receive(control_fd_, room, &attached_, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }
  if (count <= 0) {
    if (count == 0) {
      host_is_gone();  // or it let go of the session
    }
    end_without_channel(errno);
  }
  reader_.filled(static_cast<std::size_t>(count));
  for (;;) {
    auto frame = reader_.next();
    if (!frame.ok()) {
      _exit(kExitChannelLost);
    }
    if (!frame.value()) {
      return;
    }
    auto envelope = wire::decode(*frame.value());
    if (!envelope.ok()) {
      _exit(kExitChannelLost);
    }
    on_frame(envelope.value());
  }
}

void Link::on_frame(const wire::Envelope &envelope) {
  if (std::holds_alternative<wire::Cancel>(envelope.body)) {
    const std::uint64_t id = envelope.execution_id;
    if (id > ((id & wire::kRequestBit) != 0 ? state_.ended_request_id : state_.ended_id).load()) {
      state_.cancel_id.store(envelope.execution_id, std::memory_order_seq_cst);
      cancel_pause_ns_ = kFirstCancelPauseNs;
      seen_raised_ = state_.raised.load(std::memory_order_seq_cst);
      record_delivered(id, 0);
      repeat_cancel();
    }
  } else if (std::holds_alternative<wire::Interrupt>(envelope.body)) {
    if (envelope.execution_id == state_.current_id.load()) {
      state_.interrupt_id.store(envelope.execution_id, std::memory_order_seq_cst);
      cancel_pause_ns_ = kFirstCancelPauseNs;
      record_delivered(envelope.execution_id, 1);
      repeat_cancel();
    }
  } else if (const auto *response = std::get_if<wire::InputResponse>(&envelope.body)) {
    inputs_.answer(response->input_id, response->declined ? std::nullopt : std::optional<std::string>(response->text),
                   std::string(response->failure));
  } else if (const auto *answer = std::get_if<wire::CallAnswer>(&envelope.body)) {
    std::vector<UniqueFd> fds;
    if (answer->value && answer->value->attached && !attached_.empty()) {
      fds.push_back(std::move(attached_.front()));
      attached_.erase(attached_.begin());
    }
    calls_.answer(*answer, envelope.execution_id, std::move(fds));
  } else if (const auto *room = std::get_if<wire::CallCredit>(&envelope.body)) {
    calls_.add_room(room->call_id, room->count);
  } else if (const auto *credit = std::get_if<wire::Credit>(&envelope.body)) {
    output_.add_credit(credit->bytes);
  } else if (std::holds_alternative<wire::Shutdown>(envelope.body)) {
    // The main thread, idle or when it next is, finds the work channel at its end.
    state_.shutting_down.store(true);
    inputs_.decline_all();
    calls_.end_all();
    ::shutdown(work_fd_, SHUT_RD);
  }
}

void Link::record_delivered(std::uint64_t execution_id, std::uint8_t interrupt) {
  state_.recorder.record<CAPSULE_TRACE_CANCEL_DELIVERED>(
      FlightWriter::kLink, {.execution_id = execution_id, .time_ns = monotonic_ns(), .status = interrupt});
}

void Link::signal_main() const {
  // Code may have put the signal's default in the place of our handler: it would end the process, unasked.
  struct sigaction installed {};
  if (sigaction(cancel_signal(), nullptr, &installed) == 0 && installed.sa_handler == SIG_DFL) {
    return;
  }
  syscall(SYS_tgkill, state_.pid, state_.main_thread, cancel_signal());
}

// One signal is not enough even for an interrupt: it may come just before the code blocks, and is then seen only afterwards.
void Link::repeat_cancel() {
  const std::uint64_t ended = state_.ended_id.load(std::memory_order_seq_cst);
  std::uint64_t canceled = state_.cancel_id.load(std::memory_order_seq_cst);
  if ((canceled & wire::kRequestBit) != 0 && canceled <= state_.ended_request_id.load(std::memory_order_seq_cst)) {
    canceled = 0;  // it was answered
  }
  const std::uint64_t interrupted = state_.interrupt_id.load(std::memory_order_seq_cst);
  if (ended >= canceled && ended >= interrupted) {
    next_cancel_ns_ = kNoDeadline;
    return;
  }
  const std::uint64_t now = monotonic_ns();
  if (const std::uint64_t raised = state_.raised.load(std::memory_order_seq_cst); raised != seen_raised_) {
    seen_raised_ = raised;
    next_cancel_ns_ = now + kCleanUpNs;
    cancel_pause_ns_ = kFirstCancelPauseNs;
    return;
  }
  const std::uint64_t running = state_.interruptible_id.load(std::memory_order_seq_cst);
  if (running != 0 && (running == canceled || running == interrupted)) {
    signal_main();
  }
  next_cancel_ns_ = now + cancel_pause_ns_;
  cancel_pause_ns_ = std::min(2 * cancel_pause_ns_, kMaxCancelPauseNs);
}

void Link::send_heartbeat() {
  const ProcessStats stats = read_process_stats();
  const std::uint64_t started = state_.started_ns.load();
  const std::uint64_t running = state_.current_id.load();
  const bool sent = sender_.send(wire::Heartbeat{.resident_bytes = stats.resident_bytes,
                                                 .private_bytes = stats.private_bytes,
                                                 .cpu_ns = stats.cpu_ns,
                                                 .threads = stats.threads,
                                                 .namespace_size = state_.namespace_size.load(),
                                                 .execution_age_ns = running != 0 ? monotonic_ns() - started : 0,
                                                 .send_failures = send_failures_,
                                                 .peak_resident_bytes = stats.peak_resident_bytes,
                                                 .shared_bytes = stats.shared_bytes,
                                                 .open_descriptors = stats.open_descriptors,
                                                 .namespace_counted_ns = state_.namespace_counted_ns.load(),
                                                 .execution_id = running});
  send_failures_ += sent ? 0 : 1;
}

void Link::host_is_gone() const {
  // The process leads its group; what it started goes with it (I10).
  kill(0, SIGKILL);
  _exit(kExitChannelLost);
}

}  // namespace capsule::worker
