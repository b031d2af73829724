// Stream sockets between host and workers: pairs, whole writes, descriptors as attachments. Used on both sides.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace capsule {

// Most descriptors one message carries.
inline constexpr std::size_t kMaxAttachments = 16;

// A connected pair of close-on-exec Unix stream sockets; the first one non-blocking.
Result<std::pair<UniqueFd, UniqueFd>> socket_pair();

// Sends all bytes on a blocking socket, never raising SIGPIPE. False when the peer is gone.
bool send_all(int fd, std::span<const std::uint8_t> bytes);

// Sends what fits without waiting. The count, or -1 with errno set (EAGAIN included).
ssize_t send_some(int fd, std::span<const std::uint8_t> bytes);

// Sends the bytes, the descriptors attached to the first of them. On a non-blocking socket, or with MSG_DONTWAIT, EAGAIN is -1.
ssize_t send_with_fds(int fd, std::span<const std::uint8_t> bytes, std::span<const int> fds, int flags = 0);

// Receives into the room; descriptors that came along are appended. Count, 0 at the end, or -1 with errno set.
// None of them keeps whoever closes it waiting, as a socket can that lingers; where they are not wanted they are closed.
ssize_t receive(int fd, std::span<std::uint8_t> room, std::vector<UniqueFd> *fds = nullptr, int flags = 0);

// Before it is closed, where the other side is not to be trusted: no more can be sent to it, and what was sent is received and dropped.
void drain(int fd);

}  // namespace capsule
