// transport: what a channel does when this process lacks descriptors, and what it does not believe of those that come.
#include "transport/channel.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "test.hpp"
#include "transport/process.hpp"
#include "transport/shared_buffer.hpp"
#include "transport/socket.hpp"

using namespace capsule;

namespace {

constexpr std::size_t kSize = 1U << 20U;

// As a worker passes a value on: sealed.
UniqueFd sealed_file(std::size_t size, std::size_t filled) {
  UniqueFd file(memfd_create("capsule-test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  CHECK_EQ(ftruncate(file.get(), static_cast<off_t>(size)), 0);
  CHECK_EQ(fallocate(file.get(), 0, 0, static_cast<off_t>(filled)), 0);
  CHECK_EQ(fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
  return file;
}

}  // namespace

CAPSULE_TEST(a_frame_whose_descriptors_cannot_be_kept_is_an_error_that_says_so) {
  auto ends = socket_pair();
  CHECK(ends.ok());
  auto &[near, far] = ends.value();
  Channel channel(std::move(near), kSize);
  const std::string much(kSize / 2, 'x');
  while (!channel.pending()) {
    CHECK(channel.send(0, wire::Log{.line = much}).ok());
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit none{.rlim_cur = 3, .rlim_max = limit.rlim_max};
  const std::uint64_t before = channel.frames_sent();
  const std::size_t pending = channel.pending_bytes();
  const int passed = far.get();
  setrlimit(RLIMIT_NOFILE, &none);
  const Status refused = channel.send(0, wire::Fork{}, {&passed, 1});
  setrlimit(RLIMIT_NOFILE, &limit);
  CHECK_EQ(refused.code(), CAPSULE_E_SYSTEM);
  CHECK_CONTAINS(refused.message(), "Too many open files");
  CHECK_EQ(channel.frames_sent(), before);
  CHECK_EQ(channel.pending_bytes(), pending);
  CHECK(channel.send(0, wire::Fork{}, {&passed, 1}).ok());
  far.reset();
  CHECK(channel.flush().ok());  // the peer is gone, and that is no error
}

CAPSULE_TEST(a_descriptor_is_not_believed_to_be_of_another_process) {
  const auto own = open_pidfd(getpid());
  CHECK(own.ok());
  CHECK(is_of(own.value(), getpid()));
  CHECK(!is_of(own.value(), getppid()));
  const UniqueFd file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(!is_of(file, getpid()));
}

CAPSULE_TEST(a_buffer_without_pages_is_refused) {
  CHECK(SharedBuffer::open(sealed_file(kSize, kSize), kSize).ok());
  CHECK(SharedBuffer::open(sealed_file(100, 100), 100).ok());
  CHECK_EQ(SharedBuffer::open(sealed_file(kSize, kSize / 2), kSize).status().code(), CAPSULE_E_PROTOCOL);
  constexpr std::size_t kTerabytes = std::size_t{4} << 40U;
  CHECK_EQ(SharedBuffer::open(sealed_file(kTerabytes, 4096), kTerabytes).status().code(), CAPSULE_E_PROTOCOL);
}
