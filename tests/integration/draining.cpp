// Taking events: several threads on one queue, releases in every order, releases while another thread waits.
#include <algorithm>
#include <mutex>

#include "run.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

constexpr const char *kEndless = "while True: pass";

}  // namespace

CAPSULE_TEST(two_threads_drain_one_queue) {  // I5
  const Session session = open_session();
  const Execution execution = submit(session, "import sys\nfor i in range(500):\n    print(i)\n    sys.stdout.flush()");
  std::mutex mutex;
  std::vector<Event> events;
  int ends = 0;
  run_at_once(3, [&](int) {
    for (;;) {
      EventStruct event;
      const capsule_status status = capsule_execution_next(execution.get(), kPatienceMs, event.get(), nullptr);
      const std::lock_guard lock(mutex);
      if (status != CAPSULE_OK) {
        CHECK_EQ(status, CAPSULE_E_END);
        ++ends;
        return;
      }
      events.push_back(copy_of(*event.get()));
    }
  });
  CHECK_EQ(ends, 3);
  std::sort(events.begin(), events.end(), [](const Event &a, const Event &b) { return a.sequence < b.sequence; });
  std::string out;
  for (std::size_t i = 0; i < events.size(); ++i) {
    CHECK_EQ(events[i].sequence, i + 1);
    CHECK_EQ(events[i].terminal(), i + 1 == events.size());
    out += events[i].data;
  }
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    expected += show(i) + "\n";
  }
  CHECK_EQ(out, expected);
}

CAPSULE_TEST(every_waiting_thread_learns_of_the_end) {
  const Session session = open_session();
  const Execution execution = submit(session, "import time; time.sleep(0.1)");
  Counter terminal;
  run_at_once(6, [&](int) {
    EventStruct event;
    capsule_status status = CAPSULE_OK;
    while ((status = capsule_execution_next(execution.get(), -1, event.get(), nullptr)) == CAPSULE_OK) {
      if (event->kind == CAPSULE_EVENT_RESULT) {
        terminal.add();
      }
    }
    CHECK_EQ(status, CAPSULE_E_END);
  });
  CHECK_EQ(terminal.value(), 1);
}

CAPSULE_TEST(next_on_a_finished_execution_answers_end_for_ever) {
  const Session session = open_session();
  Run run(session, "1");
  run.end();
  EventStruct event;
  for (const std::int64_t timeout : {-1, 0, 10, 86'400'000}) {
    REFUSED(CAPSULE_E_END, capsule_execution_next(run.get(), timeout, event.get(), error));
    CHECK_EQ(event->kind, 0);
    CHECK(event->storage == nullptr);
  }
}

CAPSULE_TEST(an_event_outlives_what_it_came_from) {
  EventStruct output;
  EventStruct result;
  {
    Runtime runtime = make_runtime();
    Session session = open_session(runtime);
    Execution execution = submit(session, "print('x' * 1000)\n'y' * 1000");
    ACCEPTED(capsule_execution_next(execution.get(), kPatienceMs, output.get(), error));
    ACCEPTED(capsule_execution_next(execution.get(), kPatienceMs, output.get(), error));
    do {
      ACCEPTED(capsule_execution_next(execution.get(), kPatienceMs, result.get(), error));
    } while (result->kind != CAPSULE_EVENT_RESULT);
    execution.reset();
    session.reset();
    ACCEPTED(capsule_runtime_close(runtime.get(), 0, error));
  }
  CHECK_EQ(copy_of(*output.get()).data.substr(0, 100), std::string(100, 'x'));
  CHECK_EQ(copy_of(*result.get()).repr, "'" + std::string(1000, 'y') + "'");
}

CAPSULE_TEST(an_event_released_twice_is_empty) {
  const Session session = open_session();
  const Execution execution = submit(session, "1");
  EventStruct event;
  ACCEPTED(capsule_execution_next(execution.get(), kPatienceMs, event.get(), error));
  CHECK_EQ(event->kind, CAPSULE_EVENT_STARTED);
  for (int i = 0; i < 2; ++i) {
    capsule_event_release(event.get());
    CHECK_EQ(event->kind, 0);
    CHECK(event->storage == nullptr);
    CHECK_EQ(event->struct_size, sizeof(capsule_event));
  }
  capsule_event_release(nullptr);
  ACCEPTED(capsule_execution_next(execution.get(), kPatienceMs, event.get(), error));
}

CAPSULE_TEST(one_struct_serves_several_executions) {
  const Session one = open_session();
  const Session two = open_session();
  const Execution first = submit(one, "'" + std::string(100, 'a') + "'");
  const Execution second = submit(two, "'" + std::string(100, 'b') + "'");
  EventStruct event;
  for (int round = 0; round < 2; ++round) {
    for (const Execution *execution : {&first, &second}) {
      ACCEPTED(capsule_execution_next(execution->get(), kPatienceMs, event.get(), error));
    }
  }
  CHECK_EQ(copy_of(*event.get()).repr, "'" + std::string(100, 'b') + "'");
}

CAPSULE_TEST(released_while_another_thread_waits) {
  const Session session = open_session();
  for (int round = 0; round < 10; ++round) {
    Execution execution = submit(session, kEndless);
    capsule_execution *raw = execution.get();
    EventStruct started;
    ACCEPTED(capsule_execution_next(raw, kPatienceMs, started.get(), error));
    Threads threads;
    for (const std::int64_t timeout : {std::int64_t{-1}, kPatienceMs}) {
      threads.start([raw, timeout] {
        EventStruct event;
        CHECK_EQ(capsule_execution_next(raw, timeout, event.get(), nullptr), CAPSULE_E_HANDLE);
        CHECK_EQ(event->kind, 0);
      });
    }
    // Half of the rounds release at once, before the others have begun to wait; both must end alike.
    if (round % 2 == 0) {
      EventStruct event;
      REFUSED(CAPSULE_E_TIMEOUT, capsule_execution_next(raw, 20, event.get(), error));
    }
    execution.reset();
    threads.join();
    // Nothing else can end it now.
    ACCEPTED(capsule_session_restart(session.get(), error));
  }
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_session_closed_while_a_thread_waits_ends_the_wait) {
  Session session = open_session();
  const Execution execution = submit(session, kEndless);
  Threads threads;
  Counter started;
  threads.start([&] {
    EventStruct event;
    CHECK_EQ(capsule_execution_next(execution.get(), -1, event.get(), nullptr), CAPSULE_OK);
    started.add();
    CHECK_EQ(capsule_execution_next(execution.get(), -1, event.get(), nullptr), CAPSULE_OK);
    const Event end = copy_of(*event.get());
    CHECK_EQ(end.outcome + " " + end.message, "killed " + end.message);
  });
  started.wait_for(1, "a start");
  ACCEPTED(capsule_session_close(session.get(), 0, error));
  threads.join();
}

CAPSULE_TEST(handles_released_in_every_order) {
  for (int order = 0; order < 6; ++order) {
    Runtime runtime = make_runtime();
    Session session = open_session(runtime);
    Execution execution = submit(session, order % 2 == 0 ? "print('x')" : kEndless);
    const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (const int which : orders[order]) {
      if (which == 0) {
        runtime.reset();
      } else if (which == 1) {
        session.reset();
      } else {
        execution.reset();
      }
    }
  }
}

CAPSULE_TEST(an_execution_runs_on_after_its_parents_were_released) {
  Runtime runtime = make_runtime();
  Session session = open_session(runtime);
  Run run(session, "import time\ntime.sleep(0.1)\nprint('still')\n'alive'");
  session.reset();
  runtime.reset();
  CHECK_EQ(run.end().repr, "'alive'");
  CHECK_EQ(run.out(), "still\n");
}

CAPSULE_TEST(a_session_runs_on_after_its_runtime_was_released) {
  Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  runtime.reset();
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "2 + 2"), "4");
}

CAPSULE_TEST(a_session_released_with_work_in_flight_leaves_the_execution_usable) {
  Session session = open_session();
  Run run(session, "input('?')");
  Run queued(session, "'queued'");
  session.reset();
  run.until(CAPSULE_EVENT_INPUT);
  run.answer("answered");
  CHECK_EQ(run.end().repr, "'answered'");
  CHECK_EQ(queued.end().repr, "'queued'");
}
