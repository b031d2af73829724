// Large output: all of it arrives, and none of it piles up in the host (I6).
#include <algorithm>

#include "process.hpp"
#include "run.hpp"
#include "test.hpp"
#include "utf8.hpp"

using namespace capsule_test;

namespace {

constexpr std::uint64_t kMega = 1'000'000;

// Takes everything without keeping it; returns the bytes taken. `each` sees every event.
std::uint64_t count_output(const Run &run, const std::function<void(const capsule_event &)> &each) {
  EventStruct event;
  std::uint64_t bytes = 0;
  do {
    ACCEPTED(capsule_execution_next(run.get(), kPatienceMs, event.get(), error));
    each(*event.get());
    bytes += event->data.size;
  } while (event->kind != CAPSULE_EVENT_RESULT && event->kind != CAPSULE_EVENT_ERROR);
  CHECK_EQ(event->kind, CAPSULE_EVENT_RESULT);
  CHECK_EQ(event->stdout_bytes, bytes);
  return bytes;
}

capsule_runtime_options small_frames() {
  capsule_runtime_options options;
  capsule_runtime_options_init(&options, sizeof options);
  options.max_frame_bytes = 64U << 10U;
  return options;
}

SessionOptions small_window() {
  SessionOptions options;
  options.raw.output_window_bytes = 64U << 10U;
  options.raw.output_queue_bytes = 64U << 10U;
  options.raw.cancel_grace_ms = kPatienceMs;
  return options;
}

}  // namespace

CAPSULE_TEST(fifty_megabytes_in_flat_memory) {  // I6
  const Session session = open_session();
  const Run run(session, "import sys\nline = 'x' * 99 + '\\n'\nfor i in range(500_000): sys.stdout.write(line)");
  const std::size_t before = resident_bytes();
  std::size_t peak = before;
  int seen = 0;
  const std::uint64_t bytes = count_output(run, [&](const capsule_event &) {
    if (++seen % 64 == 0) {
      peak = std::max(peak, resident_bytes());
    }
  });
  CHECK_EQ(bytes, 50 * kMega);
  // The address sanitizer keeps 256 MiB of what was freed.
  CHECK_AT_MOST(peak - before, (kSanitized ? 320U : 16U) << 20U);
}

CAPSULE_TEST(the_output_window_is_never_exceeded) {  // I6
  const Session session = open_session(small_window());
  const Run run(session, "for i in range(20_000): print('y' * 99)");
  std::uint64_t taken = 0;
  const std::uint64_t bytes = count_output(run, [&](const capsule_event &event) {
    taken += event.data.size;
    CHECK_AT_MOST(info_of(session).output_bytes - taken, 64U << 10U);
  });
  CHECK_EQ(bytes, 2 * kMega);
}

CAPSULE_TEST(one_large_line_is_split_and_joins_again) {
  const Runtime runtime = make_runtime(small_frames());
  const Session session = open_session(runtime);
  Run run(session, "print('0123456789' * 300_000)");
  run.end();
  std::string expected;
  for (int i = 0; i < 300'000; ++i) {
    expected += "0123456789";
  }
  CHECK(run.out() == expected + "\n");
  for (const Event &event : run.events()) {
    CHECK_AT_MOST(event.data.size(), 64U << 10U);
  }
}

CAPSULE_TEST(a_split_never_falls_inside_a_character) {
  const Runtime runtime = make_runtime(small_frames());
  const Session session = open_session(runtime);
  Run run(session, "print('x' + '雪' * 200_000)\nprint('xy' + '🐍' * 100_000)");
  CHECK_EQ(run.end().stdout_bytes, 600'002 + 400'003);
  for (const Event &event : run.events()) {
    CHECK(is_utf8(event.data));
  }
}

CAPSULE_TEST(one_binary_write_larger_than_every_buffer) {
  const Session session = open_session(small_window());
  Run run(session, "import sys\ndata = bytes(range(256)) * 8192\n_ = sys.stdout.buffer.write(data)");
  CHECK_EQ(run.end().stdout_bytes, 256U * 8192);
  const std::string out = run.out();
  for (std::size_t i = 0; i < out.size(); ++i) {
    CHECK_EQ(static_cast<unsigned char>(out[i]), i % 256);
  }
}

CAPSULE_TEST(printing_that_waits_for_its_reader_can_be_canceled) {
  const Session session = open_session(small_window());
  Run run(session, "while True: print('z' * 999)");
  run.until(CAPSULE_EVENT_OUTPUT);
  run.cancel();
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(run.end().cancel_phase, "interrupted");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(printing_that_waits_for_its_reader_can_be_killed) {
  const Session session = open_session(small_window());
  Run run(session, "while True: print('z' * 999)");
  run.until(CAPSULE_EVENT_OUTPUT);
  run.cancel(0);
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(run.end().cancel_phase, "killed");
}

CAPSULE_TEST(a_session_closes_while_its_printing_waits_for_a_reader) {
  Session session = open_session(small_window());
  Run run(session, "while True: print('z' * 999)");
  run.until(CAPSULE_EVENT_OUTPUT);
  ACCEPTED(capsule_session_close(session.get(), 0, error));
  CHECK_EQ(run.end().outcome, "killed");
}

CAPSULE_TEST(output_of_a_released_execution_is_dropped_and_counted) {
  const Session session = open_session(small_window());
  {
    Run run(session, "import sys\nfor i in range(1000): print('w' * 999)\nfinished = True");
    run.until(CAPSULE_EVENT_OUTPUT);
  }
  // Its code goes on although nobody takes what it prints.
  CHECK_EQ(value_of(session, "finished"), "True");
  const capsule_session_info info = info_of(session);
  CHECK_EQ(info.output_bytes, kMega);
  CHECK(info.abandoned_output_bytes > 0);
  CHECK_AT_MOST(info.abandoned_output_bytes, kMega);
}

CAPSULE_TEST(other_sessions_run_while_one_waits_for_its_reader) {
  const Session blocked = open_session(small_window());
  const Session other = open_session();
  Run run(blocked, "for i in range(3000): print('v' * 999)");
  run.until(CAPSULE_EVENT_OUTPUT);
  for (int i = 0; i < 20; ++i) {
    CHECK_EQ(value_of(other, "sum(range(1000))"), "499500");
  }
  CHECK_EQ(run.end().stdout_bytes, 3 * kMega);
}
