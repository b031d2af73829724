#include "transport/channel.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "transport/socket.hpp"

namespace capsule {
namespace {

// Descriptors that came with frames which are not whole yet. A worker that sends more wants to exhaust its host's.
constexpr std::size_t kMaxUntaken = 4 * kMaxAttachments;

// Whether it says that the peer is gone, and not what this process lacks.
bool says_gone(int error) { return error == EPIPE || error == ECONNRESET || error == ENOTCONN; }

}  // namespace

Channel::~Channel() {
  if (fd_.valid()) {
    drain(fd_.get());
  }
}

std::uint64_t Channel::end_now() const {
  int unread = 0;
  return received_to_ + static_cast<std::uint64_t>(ioctl(fd_.get(), FIONREAD, &unread) == 0 ? std::max(unread, 0) : 0);
}

Status Channel::send(std::uint64_t execution_id, wire::Body body, std::span<const int> fds) {
  const char *kind = wire::body_name(body);
  const std::size_t message = body.index();
  const std::uint64_t began_ns = times_codec_ ? monotonic_ns() : 0;
  const std::span<const std::uint8_t> frame = encoder_.encode(execution_id, std::move(body));
  if (times_codec_) {
    counters_.encode_ns.add(monotonic_ns() - began_ns);
  }
  std::size_t sent = 0;
  if (unsent_.empty()) {
    const ssize_t count = fds.empty() ? send_some(fd_.get(), frame) : send_with_fds(fd_.get(), frame, fds, MSG_DONTWAIT);
    if (count < 0 && errno != EAGAIN) {
      return says_gone(errno) ? Status() : system_error("sendmsg", errno);
    }
    sent = count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  const auto rest = frame.subspan(sent);
  if (sent == 0 && !fds.empty()) {
    Attachment attachment{unsent_.size(), {}};
    for (const int fd : fds) {
      if (!attachment.fds.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 0)).valid()) {
        return system_error("fcntl(F_DUPFD_CLOEXEC)", errno);
      }
    }
    attachments_.push_back(std::move(attachment));
  }
  unsent_.insert(unsent_.end(), rest.begin(), rest.end());
  counters_.sent.count(message, frame.size());
  if (!rest.empty()) {
    counters_.write_stalls.add();
    counters_.queue_bytes_max.raise(unsent_.size());
  }
  ++frames_sent_;  // which is the frame's message id
  log_record(*log_level_, LogEvent::frame_sent,
             "{} execution={} encoding=flatbuffers message_id={} kind={} length={} waiting={}", label_, execution_id,
             frames_sent_, kind, frame.size(), rest.size());
  return {};
}

Status Channel::flush() {
  const ssize_t count = send_next();
  if (count > 0) {
    unsent_.erase(unsent_.begin(), unsent_.begin() + count);
    for (Attachment &attachment : attachments_) {
      attachment.offset -= static_cast<std::size_t>(count);
    }
  } else if (count < 0 && errno != EAGAIN) {
    const int error = errno;
    unsent_.clear();
    attachments_.clear();
    return says_gone(error) ? Status() : system_error("sendmsg", error);
  }
  return {};
}

// What is unsent, up to the next byte that descriptors go with; or from there, with them.
ssize_t Channel::send_next() {
  const std::span<const std::uint8_t> bytes(unsent_);
  if (attachments_.empty()) {
    return send_some(fd_.get(), bytes);
  }
  if (attachments_.front().offset > 0) {
    return send_some(fd_.get(), bytes.first(attachments_.front().offset));
  }
  std::vector<int> numbers;
  for (const UniqueFd &fd : attachments_.front().fds) {
    numbers.push_back(fd.get());
  }
  const std::size_t end = attachments_.size() > 1 ? attachments_[1].offset : bytes.size();
  const ssize_t count = send_with_fds(fd_.get(), bytes.first(end), numbers, MSG_DONTWAIT);
  if (count > 0) {
    attachments_.pop_front();
  }
  return count;
}

UniqueFd Channel::take_fd() {
  if (fds_.empty()) {
    return {};
  }
  UniqueFd first = std::move(fds_.front());
  fds_.erase(fds_.begin());
  return first;
}

ReceiveState Channel::receive_round(const Handler &handler, bool with_fds) {
  const std::span<std::uint8_t> room = reader_.room();
  // A snapshot's channel was made by a worker, which may have kept an end of it, and so have a say in whether it blocks.
  const ssize_t count = receive(fd_.get(), room, with_fds ? &fds_ : nullptr, MSG_DONTWAIT);
  if (count <= 0) {
    const bool empty = count < 0 && (errno == EAGAIN || errno == EINTR);
    return empty ? ReceiveState::kDrained : ReceiveState::kEnd;
  }
  reader_.filled(static_cast<std::size_t>(count));
  received_to_ += static_cast<std::uint64_t>(count);
  counters_.wakeups.add();
  if (fds_.size() > kMaxUntaken) {
    return broken(RejectReason::kDescriptors, Status(CAPSULE_E_PROTOCOL, "descriptors came that no frame announced"));
  }
  log_record(*log_level_, LogEvent::frame_wakeup, "{} bytes={}", label_, count);
  for (;;) {
    auto frame = reader_.next();
    if (!frame.ok()) {
      return broken(reader_.oversize() ? RejectReason::kOversize : RejectReason::kLength, frame.status());
    }
    if (!frame.value()) {
      counters_.partial_reads.add(reader_.mid_frame() ? 1 : 0);
      return static_cast<std::size_t>(count) == room.size() ? ReceiveState::kMore : ReceiveState::kDrained;
    }
    log_record(*log_level_, LogEvent::frame_read, "{} length={}", label_, frame.value()->size());
    const std::uint64_t began_ns = times_codec_ ? monotonic_ns() : 0;
    auto envelope = wire::decode(*frame.value());
    if (times_codec_) {
      counters_.decode_ns.add(monotonic_ns() - began_ns);
    }
    if (!envelope.ok()) {
      return broken(RejectReason::kMalformed, envelope.status());
    }
    log_record(*log_level_, LogEvent::frame_decoded, "{} encoding=flatbuffers message_id={} kind={}", label_,
               envelope.value().message_id, wire::body_name(envelope.value().body));
    counters_.received.count(envelope.value().body.index(), frame.value()->size());
    handler(envelope.value(), frame.value()->size());
  }
}

}  // namespace capsule
