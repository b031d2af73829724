// capsule_session_get_async_metrics: what ran on the event loop and how it ended, and the cancels that reached it.
#include <csignal>
#include <cstring>

#include "files.hpp"
#include "interpreters.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// The counters of the loop.
void check_ends(const Session &session, int executions, int successes, int errors, int canceled) {
  const capsule_async_metrics metrics = async_metrics_of(session);
  CHECK_EQ(metrics.executions, executions);
  CHECK_EQ(metrics.successes, successes);
  CHECK_EQ(metrics.errors, errors);
  CHECK_EQ(metrics.canceled, canceled);
}

// Those of the cancels; that it was requested is always one of the two that follow.
void check_cancels(const Session &session, int effective, int noop, int pending) {
  const capsule_async_metrics metrics = async_metrics_of(session);
  CHECK_EQ(metrics.cancels_requested, effective + noop);
  CHECK_EQ(metrics.cancels_effective, effective);
  CHECK_EQ(metrics.cancels_noop, noop);
  CHECK_EQ(metrics.cancels_pending, pending);
}

ExecutionOptions in_mode(std::int32_t mode) {
  ExecutionOptions options;
  options.raw.mode = mode;
  return options;
}

Event end_of(const Session &session, std::string_view source, ExecutionOptions options = {}) {
  return Run(session, source, std::move(options)).end();
}

// Cancels the source once it has printed "in".
Event cancel_in(const Session &session, std::string_view source) {
  Run run(session, source);
  run.until_output("in\n");
  run.cancel(kPatienceMs);
  return run.end();
}

}  // namespace

CAPSULE_TEST(a_fresh_session_has_counted_nothing) {
  const Session session = open_session();
  capsule_async_metrics metrics = async_metrics_of(session);
  CHECK_EQ(metrics.struct_size, sizeof metrics);
  metrics.struct_size = 0;
  const capsule_async_metrics nothing{};
  CHECK_EQ(std::memcmp(&metrics, &nothing, sizeof metrics), 0);
}

CAPSULE_TEST(executions_on_the_loop_are_counted_by_their_ends) {
  const Session session = open_session();
  value_of(session, "import asyncio\nawait asyncio.sleep(0)");
  check_ends(session, 1, 1, 0, 0);
  CHECK_EQ(end_of(session, "await asyncio.sleep(0)\n1 / 0").error_type, "ZeroDivisionError");
  check_ends(session, 2, 1, 1, 0);
  CHECK_EQ(end_of(session, "await asyncio.sleep(0)\nraise SystemExit(3)").error_type, "SystemExit");
  check_ends(session, 3, 1, 2, 0);
  CHECK_EQ(end_of(session, "await asyncio.sleep(0)\nraise KeyboardInterrupt('its own')").outcome, "error");
  check_ends(session, 4, 1, 3, 0);
  CHECK_EQ(end_of(session, "await asyncio.sleep(0)\nraise asyncio.CancelledError").outcome, "error");
  check_ends(session, 5, 1, 3, 1);
  CHECK_EQ(cancel_in(session, "print('in', flush=True)\nawait asyncio.sleep(3600)").outcome, "canceled");
  check_ends(session, 6, 1, 3, 2);
}

CAPSULE_TEST(synchronous_executions_are_none_of_the_loop_s) {
  const Session session = open_session();
  value_of(session, "1 + 1");
  value_of(session, "async def f(): pass");
  end_of(session, "1 / 0");
  end_of(session, "await = 1");
  CHECK_EQ(end_of(session, "await f()", in_mode(CAPSULE_MODE_SYNC)).error_type, "SyntaxError");
  CHECK_EQ(end_of(session, "def (", in_mode(CAPSULE_MODE_ASYNC)).error_type, "SyntaxError");
  check_ends(session, 0, 0, 0, 0);
}

CAPSULE_TEST(forced_to_the_loop_synchronous_code_is_counted_there) {
  const Session session = open_session();
  for (const char *source : {"1 + 1", "x = 1", "async def f(): pass"}) {
    CHECK_EQ(end_of(session, source, in_mode(CAPSULE_MODE_ASYNC)).outcome, "ok");
  }
  end_of(session, "1 / 0", in_mode(CAPSULE_MODE_ASYNC));
  check_ends(session, 4, 3, 1, 0);
}

CAPSULE_TEST(each_class_has_its_tally) {
  const Session session = open_session();
  const auto tallies = [&] {
    const capsule_async_metrics metrics = async_metrics_of(session);
    return std::vector<std::uint64_t>{metrics.mode_top_level_await, metrics.mode_async_def, metrics.mode_blocking_sync,
                                      metrics.mode_simple_sync, metrics.mode_unknown};
  };
  value_of(session, "async def f(): pass");
  CHECK_EQ(tallies(), std::vector<std::uint64_t>({0, 1, 0, 0, 0}));
  for (int i = 0; i < 2; ++i) {  // the second from the cache
    value_of(session, "await f()");
  }
  CHECK_EQ(tallies(), std::vector<std::uint64_t>({2, 1, 0, 0, 0}));
  for (int i = 0; i < 3; ++i) {
    value_of(session, "import time");
  }
  CHECK_EQ(tallies(), std::vector<std::uint64_t>({2, 1, 3, 0, 0}));
  for (const char *source : {"1", "x = 1", "x\nx", "len('1')"}) {
    value_of(session, source);
  }
  CHECK_EQ(tallies(), std::vector<std::uint64_t>({2, 1, 3, 4, 0}));
  for (int i = 0; i < 2; ++i) {
    end_of(session, "= 1");
  }
  CHECK_EQ(tallies(), std::vector<std::uint64_t>({2, 1, 3, 4, 2}));
}

CAPSULE_TEST(a_cancel_and_a_timeout_and_an_interrupt_are_requested_and_effective) {
  const Session session = open_session();
  value_of(session, "import asyncio");
  const char *const sleep = "print('in', flush=True)\nawait asyncio.sleep(3600)";
  CHECK_EQ(cancel_in(session, sleep).outcome, "canceled");
  check_cancels(session, 1, 0, 0);
  // The task has begun long before, however busy the machine is: the next is not counted as pending.
  CHECK_EQ(end_of(session, sleep, ExecutionOptions::with_timeout_ms(kSanitized ? 4'000 : 1'500)).outcome, "timeout");
  check_cancels(session, 2, 0, 0);
  Run run(session, sleep);
  run.until_output("in\n");
  run.interrupt();
  CHECK_EQ(run.end().outcome, "error");
  check_cancels(session, 3, 0, 0);
  check_ends(session, 3, 0, 0, 3);
}

CAPSULE_TEST(a_cancel_is_counted_once_however_long_the_code_takes_to_end) {
  const Session session = open_session();
  value_of(session, "import asyncio");
  // Clean-up in small steps: the worker's signal comes again and again meanwhile.
  CHECK_EQ(cancel_in(session,
                     "try:\n    print('in', flush=True)\n    await asyncio.sleep(3600)\n"
                     "finally:\n    for _ in range(50): await asyncio.sleep(0.005)")
               .outcome,
           "canceled");
  check_cancels(session, 1, 0, 0);
  check_ends(session, 1, 0, 0, 1);
}

CAPSULE_TEST(code_that_goes_on_after_its_cancel_is_a_success) {
  const Session session = open_session();
  value_of(session, "import asyncio");
  const Event end = cancel_in(session,
                              "try:\n    print('in', flush=True)\n    await asyncio.sleep(3600)\n"
                              "except asyncio.CancelledError: pass\n'went on'");
  CHECK_EQ(end.repr, "'went on'");
  check_cancels(session, 1, 0, 0);
  check_ends(session, 1, 1, 0, 0);
}

CAPSULE_TEST(a_cancel_of_synchronous_code_is_none_of_the_loop_s) {
  const Session session = open_session();
  value_of(session, "import asyncio\nawait asyncio.sleep(0)");
  CHECK_EQ(cancel_in(session, "import time\nprint('in', flush=True)\ntime.sleep(3600)").outcome, "canceled");
  check_cancels(session, 0, 0, 0);
  check_ends(session, 1, 1, 0, 0);
}

CAPSULE_TEST(a_cancel_that_finds_the_task_done_is_no_operation) {
  const Session session = open_session();
  const TempFolder folder;
  const std::string go = folder.path() + "/go";
  value_of(session, "import asyncio, os, time");
  // What the last step of the task puts on the loop runs when the task is done, and before the execution is.
  Run run(session, "def hold():\n    print('in', flush=True)\n    while not os.path.exists(" + py_quote(go) +
                       "): time.sleep(0.005)\nawait asyncio.sleep(0)\nasyncio.get_running_loop().call_soon(hold)\n'done'");
  run.until_output("in\n");
  run.cancel(2 * kPatienceMs);
  for (const Deadline deadline; async_metrics_of(session).cancels_noop == 0;) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
  folder.write("go", "");
  // It may still find the value being described.
  CHECK(run.end().repr == "'done'" || run.end().cancel_phase == "interrupted");
  check_cancels(session, 0, 1, 0);
  check_ends(session, 1, 1, 0, 0);
}

CAPSULE_TEST(a_cancel_before_the_task_begins_is_pending_and_closes_its_coroutine) {
  const Session session = open_session();
  value_of(session, "import asyncio, time\ndef hold():\n    print('in', flush=True)\n    time.sleep(3600)\nbegan = False");
  // A callback of the loop's last round is the first of the next one, ahead of the next execution's task.
  value_of(session, "await asyncio.sleep(0)\nloop = asyncio.get_running_loop()\nloop.call_soon(loop.call_soon, hold)");
  const int before = static_cast<int>(async_metrics_of(session).executions);
  Run run(session, "began = True\nawait asyncio.sleep(0)");
  run.until_output("in\n");
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().outcome, "canceled");
  check_cancels(session, 1, 0, 1);
  check_ends(session, before + 1, before, 0, 1);
  CHECK_EQ(async_metrics_of(session).coroutines_closed, 1);
  CHECK_EQ(value_of(session, "began"), "False");
}

CAPSULE_TEST(tasks_that_are_left_at_the_end_are_counted_as_closed) {
  const Session session = open_session();
  value_of(session,
           "import asyncio\nasync def forever(): await asyncio.sleep(3600)\n"
           "tasks = [asyncio.ensure_future(forever()) for _ in range(5)]\nawait asyncio.sleep(0)");
  CHECK_EQ(value_of(session, "tasks[0].cancel()\nawait asyncio.sleep(0)\nawait asyncio.sleep(0)\n[t.done() for t in tasks]"),
           "[True, False, False, False, False]");
  CHECK_EQ(async_metrics_of(session).coroutines_closed, 0);
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  CHECK_EQ(async_metrics_of(session).coroutines_closed, 4);
  check_ends(session, 2, 2, 0, 0);
}

CAPSULE_TEST(a_session_that_leaves_no_task_closes_none) {
  const Session session = open_session();
  value_of(session, "import asyncio\nawait asyncio.gather(*(asyncio.sleep(0) for _ in range(3)))");
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  CHECK_EQ(async_metrics_of(session).coroutines_closed, 0);
}

CAPSULE_TEST(the_sums_survive_restarts_and_deaths) {  // I9
  const Session session = open_session();
  const auto once = [&] {
    value_of(session, "import asyncio, os, signal\nawait asyncio.sleep(0)");
    end_of(session, "await asyncio.sleep(0)\n1 / 0");
    cancel_in(session, "print('in', flush=True)\nawait asyncio.sleep(3600)");
    end_of(session, "def (");
  };
  once();
  ACCEPTED(capsule_session_restart(session.get(), error));
  check_ends(session, 3, 1, 1, 1);
  once();
  check_ends(session, 6, 2, 2, 2);
  check_cancels(session, 2, 0, 0);
  CHECK_EQ(end_of(session, "os.kill(os.getpid(), signal.SIGKILL)").outcome, "died");
  check_ends(session, 6, 2, 2, 2);
  ACCEPTED(capsule_session_restart(session.get(), error));
  once();
  check_ends(session, 9, 3, 3, 3);
  const capsule_async_metrics metrics = async_metrics_of(session);
  CHECK_EQ(metrics.mode_top_level_await, 9);
  CHECK_EQ(metrics.mode_unknown, 3);
  CHECK_EQ(metrics.detected_blocking_imports, 3);
  // The caches are the worker's: a fresh one has none of it.
  CHECK_EQ(metrics.code_cache_hits, 0);
  ACCEPTED(capsule_session_close(session.get(), 0, error));
  check_ends(session, 9, 3, 3, 3);
}

CAPSULE_TEST(sessions_count_for_themselves) {
  const Session one = open_session();
  const Session two = open_session();
  value_of(one, "import asyncio\nawait asyncio.sleep(0)");
  check_ends(one, 1, 1, 0, 0);
  check_ends(two, 0, 0, 0, 0);
  CHECK_EQ(async_metrics_of(two).mode_top_level_await, 0);
}

CAPSULE_TEST(a_counter_has_moved_when_the_end_is_taken) {
  const Session session = open_session();
  value_of(session, "import asyncio");
  for (int i = 1; i <= 100; ++i) {
    value_of(session, "await asyncio.sleep(0)");
    check_ends(session, i, i, 0, 0);
  }
}

CAPSULE_TEST(structs_of_older_and_newer_headers_are_filled_as_far_as_they_go) {
  constexpr unsigned char kCanary = 0xA5;
  const Session session = open_session();
  value_of(session, "import asyncio\nawait asyncio.sleep(0)");
  const capsule_async_metrics whole = async_metrics_of(session);
  struct {
    capsule_async_metrics value;
    unsigned char tail[64];
  } roomy;
  const auto *bytes = reinterpret_cast<const unsigned char *>(&roomy);
  for (std::uint32_t size = 8; size <= sizeof roomy; size += 8) {
    std::memset(static_cast<void *>(&roomy), kCanary, sizeof roomy);
    roomy.value.struct_size = size;
    ACCEPTED(capsule_session_get_async_metrics(session.get(), &roomy.value, error));
    CHECK_EQ(roomy.value.struct_size, size);
    const std::size_t known = std::min<std::size_t>(size, sizeof whole);
    CHECK_EQ(std::memcmp(bytes + 4, reinterpret_cast<const unsigned char *>(&whole) + 4, known - 4), 0);
    for (std::size_t i = known; i < sizeof roomy; ++i) {
      CHECK_EQ(bytes[i], i < size ? 0 : kCanary);
    }
  }
}

CAPSULE_TEST(bad_arguments_are_named) {
  const Session session = open_session();
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_async_metrics(session.get(), nullptr, error));
  capsule_async_metrics metrics{};
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_async_metrics(session.get(), &metrics, error));
  metrics.struct_size = 4;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_async_metrics(session.get(), &metrics, error));
  metrics.struct_size = sizeof metrics;
  REFUSED(CAPSULE_E_HANDLE, capsule_session_get_async_metrics(nullptr, &metrics, error));
}
