// A stream of 100,000 outputs, event by event, through the C interface: the last event costs what the first one did. And what outputs
// that nobody takes hold of the host's memory.
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string_view>

#include "introspection.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

std::atomic<std::uint64_t> allocations{0};

}  // namespace

// Before the C library's, for the whole process. The sanitizers have their own, and a count that gcc has no header for.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#else
extern "C" {
void *__libc_malloc(std::size_t size);
void *__libc_calloc(std::size_t count, std::size_t size);
void *__libc_realloc(void *block, std::size_t size);

void *malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void *calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void *realloc(void *block, std::size_t size) {
  ++allocations;
  return __libc_realloc(block, size);
}
}
#endif

namespace {

constexpr std::uint64_t kOutputs = kSanitized ? 10'000 : 100'000;
constexpr std::uint64_t kWindow = 64U << 10U;

std::size_t allocated_bytes() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return __sanitizer_get_current_allocated_bytes();
#else
  return mallinfo2().uordblks;
#endif
}

// Two streams by turns: what is printed on one does not join what was printed on the other.
constexpr std::string_view kTwoLines = "out a line of output\nerr and another one\n";

struct Stream {
  std::uint64_t allocations = 0;  // made by the whole process meanwhile
  std::size_t most_bytes = 0;     // held at some time, of all that it has
};

Stream take_outputs(const Session &session, std::uint64_t count) {
  std::string source;
  for (std::uint64_t i = 0; i < count / 2; ++i) {
    source += kTwoLines;
  }
  const std::uint64_t before = allocations.load();
  const Run run(session, source);
  Stream stream;
  EventStruct event;
  std::uint64_t outputs = 0;
  do {
    ACCEPTED(capsule_execution_next(run.get(), kPatienceMs, event.get(), error));
    if (event->kind == CAPSULE_EVENT_OUTPUT && ++outputs % 1000 == 0) {
      stream.most_bytes = std::max(stream.most_bytes, allocated_bytes());
    }
  } while (event->kind < CAPSULE_EVENT_RESULT);
  CHECK_EQ(event->kind, CAPSULE_EVENT_RESULT);
  CHECK_EQ(outputs, count);
  stream.allocations = allocations.load() - before;
  return stream;
}

}  // namespace

CAPSULE_TEST(a_stream_of_many_outputs_allocates_no_more_at_its_end) {  // I6
  SessionOptions options = SessionOptions::echo();
  options.raw.output_window_bytes = kWindow;
  const Session session = open_session(options);
  take_outputs(session, kOutputs / 2);
  take_outputs(session, 2);
  const std::size_t held = allocated_bytes();
  const Stream half = take_outputs(session, kOutputs / 2);
  const Stream whole = take_outputs(session, kOutputs);
  take_outputs(session, 2);  // With the next frame goes the buffer of the source before it.
  CHECK_AT_MOST(allocated_bytes(), held + (512U << 10U));
  if (!kSanitized) {  // They hold more, and count otherwise.
    // The source, of 22 bytes an output, is held by the execution, and until the next frame in the buffer, twice as large, of its own.
    constexpr std::size_t kSource = kOutputs * kTwoLines.size() / 2;
    CHECK_AT_MOST(whole.most_bytes, held + 3 * kSource + 2 * kWindow);
    CHECK_AT_MOST(whole.allocations, 2 * half.allocations + kOutputs / 20);
    CHECK_AT_MOST(whole.allocations, kOutputs * 5);
  }
}

// Of one byte, on two streams by turns: each is an event.
CAPSULE_TEST(tiny_outputs_that_nobody_takes_hold_no_more_than_twice_the_window) {  // I6
  constexpr std::size_t kLarge = 512U << 10U;
  SessionOptions options = SessionOptions::echo();
  options.raw.output_window_bytes = kLarge;
  const Session session = open_session(options);
  std::string source;
  for (std::size_t i = 0; i < kLarge / 64; ++i) {
    source += "out\nerr\n";
  }
  take_outputs(session, 2);
  const std::size_t held = allocated_bytes();
  const Run run(session, source + "spin");
  for (const Deadline deadline; status_of(session).waits_for != CAPSULE_WAITS_OUTPUT;) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
  // The source, of 64 KiB, is held by the execution, and in buffers that grow by doubling; not all of them are let go at once.
  CHECK_AT_MOST(allocated_bytes(), held + 12 * source.size() + 2 * kLarge);
  CHECK_AT_MOST(status_of(session).output_queue_bytes, kLarge / 64);
}
