#include "transport/socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace capsule {
namespace {

// To close a socket may wait until its peer has taken what was sent: for as long as whoever made it has said.
void do_not_linger(const UniqueFd &fd) {
  constexpr linger kNot{};
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &kNot, sizeof kNot);  // fails for what is no socket
}

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> socket_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return system_error("socketpair", errno);
  }
  UniqueFd first(ends[0]);
  UniqueFd second(ends[1]);
  if (fcntl(first.get(), F_SETFL, O_NONBLOCK) != 0) {
    return system_error("fcntl(O_NONBLOCK)", errno);
  }
  return std::make_pair(std::move(first), std::move(second));
}

bool send_all(int fd, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) {
        continue;
      }
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

ssize_t send_some(int fd, std::span<const std::uint8_t> bytes) {
  ssize_t sent = 0;
  do {
    sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

ssize_t send_with_fds(int fd, std::span<const std::uint8_t> bytes, std::span<const int> fds, int flags) {
  iovec part{const_cast<std::uint8_t *>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxAttachments)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(fd, &message, MSG_NOSIGNAL | flags);
  } while (sent < 0 && errno == EINTR);
  return sent;
}

// The kernel closes what there is no room for, and in this thread: so there is room for all that a message can carry.
ssize_t receive(int fd, std::span<std::uint8_t> room, std::vector<UniqueFd> *fds, int flags) {
  constexpr std::size_t kMostOfKernel = 253;  // SCM_MAX_FD
  iovec part{room.data(), room.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostOfKernel)];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t count = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC | flags);
  if (count < 0) {
    return count;
  }
  for (cmsghdr *header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const std::size_t received = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < received; ++i) {
      int attached = -1;
      std::memcpy(&attached, CMSG_DATA(header) + i * sizeof(int), sizeof attached);
      UniqueFd owned(attached);
      do_not_linger(owned);
      if (fds != nullptr) {
        fds->push_back(std::move(owned));
      }
    }
  }
  return count;
}

void drain(int fd) {
  ::shutdown(fd, SHUT_RD);
  std::uint8_t dropped[4096];
  while (receive(fd, dropped, nullptr, MSG_DONTWAIT) > 0) {
  }
}

}  // namespace capsule
