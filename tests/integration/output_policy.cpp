// What a print does that finds the queue full, by policy; nothing is lost without a count (I6).
#include <algorithm>

#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

constexpr std::uint64_t kSmallest = 64U << 10U;

Session open_with(std::int32_t policy) {
  SessionOptions options;
  options.raw.output_policy = policy;
  options.raw.output_queue_bytes = kSmallest;
  options.raw.output_window_bytes = kSmallest;
  return open_session(options);
}

// The numbers in the notices on stderr, added up.
std::uint64_t told_dropped(const std::string &text) {
  const std::string before = "[capsule: ";
  std::uint64_t sum = 0;
  for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at + 1)) {
    sum += std::stoull(text.substr(at + before.size()));
  }
  return sum;
}

constexpr std::uint64_t kWritten = 20'000ULL * 100;
const char *const kFlood = "import sys\nfor i in range(20_000): sys.stdout.write('x' * 99 + '\\n')\n'whole'";

}  // namespace

CAPSULE_TEST(drop_new_never_waits_and_says_exactly_what_is_missing) {
  const Session session = open_with(CAPSULE_OUTPUT_DROP_NEW);
  Run run(session, kFlood);
  // Nothing is taken until something was dropped.
  for (const Deadline deadline; executor_metrics_of(session).outputs_dropped == 0;) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
  CHECK_EQ(run.end().repr, "'whole'");
  const capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK_EQ(run.out().size() + metrics.output_bytes_dropped, kWritten);
  CHECK_EQ(told_dropped(run.err()), metrics.output_bytes_dropped);
  CHECK_EQ(run.end().dropped_output_bytes, metrics.output_bytes_dropped);
  CHECK_EQ(metrics.output_bytes_enqueued, run.output().size());
  CHECK_EQ(metrics.output_waits, 0);
  CHECK_EQ(printed_by(session, "print('again')"), "again\n");
}

CAPSULE_TEST(a_thread_that_prints_without_end_does_not_keep_the_execution_from_its_own) {
  const Session session = open_with(CAPSULE_OUTPUT_DROP_NEW);
  Run run(session, R"(
import sys, threading
def flood():
    while not over: sys.stdout.write('x' * 99 + '\n')
over = False
thread = threading.Thread(target=flood, daemon=True)
thread.start()
for i in range(2_000): sys.stdout.write('y' * 99 + '\n')
'whole')");
  CHECK_EQ(run.end().repr, "'whole'");
  value_of(session, "over = True\nthread.join()");
}

CAPSULE_TEST(error_raises_in_the_code_that_prints) {
  const Session session = open_with(CAPSULE_OUTPUT_ERROR);
  Run run(session, R"(
refused = 0
for i in range(20_000):
    try: print('x' * 99)
    except OutputBackpressureExceeded as error:
        assert isinstance(error, RuntimeError)
        refused += 1
refused)");
  const Event end = run.end();
  CHECK_EQ(end.outcome, "ok");
  const capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK_EQ(end.repr, show(metrics.outputs_refused));
  CHECK_EQ(metrics.outputs_dropped + metrics.output_waits, 0);
}

CAPSULE_TEST(error_takes_what_is_larger_than_the_queue_never) {
  const Session session = open_with(CAPSULE_OUTPUT_ERROR);
  Run run(session, "print('x' * 1_000_000)");
  const Event end = run.end();
  CHECK_EQ(end.error_type, "capsule.OutputBackpressureExceeded");
  CHECK_CONTAINS(end.message, "output queue is full");
  CHECK_EQ(run.out(), "");
  CHECK_EQ(executor_metrics_of(session).outputs_refused, 1);
  CHECK_EQ(printed_by(session, "print('again')"), "again\n");
}

CAPSULE_TEST(drop_new_of_one_write_larger_than_the_queue_keeps_its_beginning) {
  const Session session = open_with(CAPSULE_OUTPUT_DROP_NEW);
  Run run(session, "import sys\nsys.stdout.write('x' * 1_000_000)\nNone");
  run.end();
  const capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK_AT_LEAST(run.out().size(), 1);
  CHECK_EQ(metrics.outputs_dropped, 1);
  CHECK_EQ(run.out().size() + metrics.output_bytes_dropped, 1'000'000);
  CHECK_EQ(run.err(), "[capsule: " + show(metrics.output_bytes_dropped) + " bytes of output dropped]\n");
}

CAPSULE_TEST(descriptor_level_output_always_waits) {
  const Session session = open_with(CAPSULE_OUTPUT_DROP_NEW);
  Run run(session, "import os\nfor i in range(2_000): os.write(1, b'x' * 1000)\nNone");
  run.end();
  CHECK_EQ(run.out().size(), 2'000'000);
  CHECK_EQ(executor_metrics_of(session).output_bytes_dropped, 0);
}

CAPSULE_TEST(drop_oldest_keeps_the_newest_and_says_exactly_what_is_missing) {
  const Session session = open_with(CAPSULE_OUTPUT_DROP_OLDEST);
  Run run(session, "for i in range(20_000): print(f'{i:099}')\ninput()\n'whole'");
  // Nothing is taken until all was written.
  for (const Deadline deadline; executor_metrics_of(session).output_bytes_enqueued < kWritten;) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
  run.until(CAPSULE_EVENT_INPUT);
  run.answer("");
  const Event &end = run.end();
  CHECK_EQ(end.repr, "'whole'");
  const capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK(metrics.output_bytes_dropped > 0);
  CHECK_EQ(run.out().size() + metrics.output_bytes_dropped, kWritten);
  CHECK_EQ(told_dropped(run.err()), metrics.output_bytes_dropped);
  CHECK_EQ(end.dropped_output_bytes, metrics.output_bytes_dropped);
  CHECK_EQ(metrics.output_waits, 0);
  const std::string last = run.out().substr(run.out().size() - 6);
  CHECK_EQ(last, "19999\n");
  CHECK_EQ(printed_by(session, "print('again')"), "again\n");
}

// The host takes a piece whenever something was dropped: by then the queue is full, and part of it on its way.
CAPSULE_TEST(drop_oldest_keeps_the_newest_whatever_is_on_its_way) {
  for (int round = 0; round < 5; ++round) {
    SessionOptions options;
    options.raw.output_policy = CAPSULE_OUTPUT_DROP_OLDEST;
    options.raw.output_queue_bytes = kSmallest;  // and a window larger than what a socket holds
    const Session session = open_session(options);
    constexpr std::uint64_t kAll = 200'000ULL * 100;
    Run run(session, "for i in range(200_000): print(f'{i:099}')");
    std::uint64_t dropped = 0;
    while (!run.next().terminal()) {
      for (const Deadline deadline;;) {
        const capsule_executor_metrics metrics = executor_metrics_of(session);
        if (metrics.output_bytes_dropped > dropped || metrics.output_bytes_enqueued >= kAll || metrics.outputs_sent == 0) {
          dropped = metrics.output_bytes_dropped;
          break;
        }
        CHECK(!deadline.over());
      }
    }
    const Event &end = run.end();
    CHECK(end.dropped_output_bytes > 0);
    CHECK_EQ(run.out().size() + end.dropped_output_bytes, kAll);
    CHECK_EQ(told_dropped(run.err()), end.dropped_output_bytes);
    CHECK_EQ(run.out().substr(run.out().size() - 7), "199999\n");
  }
}

// What is missing in one place is told there, at once.
CAPSULE_TEST(drop_new_tells_of_each_gap_once) {
  const Session session = open_with(CAPSULE_OUTPUT_DROP_NEW);
  Run run(session, "for i in range(5_000): print('x' * 999)");
  std::uint64_t dropped = 0;
  std::string last_origin;
  while (!run.next().terminal()) {
    const Event &event = run.events().back();
    if (event.kind == CAPSULE_EVENT_OUTPUT) {
      if (event.origin == "library") {
        CHECK(last_origin != "library");
        CHECK_EQ(std::count(event.raw.begin(), event.raw.end(), '\n'), 1);
      }
      last_origin = event.origin;
    }
    for (const Deadline deadline;;) {
      const capsule_executor_metrics metrics = executor_metrics_of(session);
      if (metrics.output_bytes_dropped > dropped || metrics.output_bytes_enqueued + metrics.output_bytes_dropped >= 5'000'000 ||
          metrics.outputs_sent == 0) {
        dropped = metrics.output_bytes_dropped;
        break;
      }
      CHECK(!deadline.over());
    }
  }
  CHECK(run.end().dropped_output_bytes > 0);
  CHECK_EQ(run.out().size() + run.end().dropped_output_bytes, 5'000'000);
  CHECK_EQ(told_dropped(run.err()), run.end().dropped_output_bytes);
}

CAPSULE_TEST(what_was_dropped_as_the_oldest_is_not_found_again_after_a_death) {
  const Session session = open_with(CAPSULE_OUTPUT_DROP_OLDEST);
  Run run(session, "import os\nfor i in range(20_000): print(f'{i:099}')\nos._exit(1)");
  // Nothing is taken before the worker is gone.
  for (const Deadline deadline; info_of(session).pid != 0;) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
  CHECK_EQ(run.end().outcome, "died");
  CHECK_EQ(run.out().size() + executor_metrics_of(session).output_bytes_dropped, kWritten);
  long last = -1;
  for (std::size_t at = 0; at < run.out().size(); at += 100) {
    const long line = std::stol(run.out().substr(at, 99));
    CHECK(line > last);
    last = line;
  }
  CHECK_EQ(last, 19'999);
}

CAPSULE_TEST(policies_that_are_none_are_refused) {
  for (const std::int32_t policy : {-1, 4}) {
    SessionOptions options;
    options.raw.output_policy = policy;
    Session session;
    REFUSED(CAPSULE_E_ARGUMENT, capsule_session_open(shared_runtime().get(), options.get(), session.out(), error));
  }
}
