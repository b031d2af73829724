// Output that is written after its execution has ended: adopted, delivered to its own handle, or dropped; never lost without a count.
#include <poll.h>

#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

Session open_with(std::int32_t late_output) {
  SessionOptions options;
  options.raw.late_output = late_output;
  return open_session(options);
}

// An execution of such a session, up to its end.
Run ended(const Session &session, std::string_view source) {
  Run run(session, source);
  run.late_may_follow = true;
  CHECK_EQ(run.end().outcome, "ok");
  return run;
}

// A thread that says a word for each time the gate opens.
const char *const kSpeaker = R"(
import threading
gate, said = threading.Semaphore(0), threading.Semaphore(0)
def speak():
    while True:
        gate.acquire()
        print('late')
        said.release()
threading.Thread(target=speak, daemon=True).start())";
const char *const kOpenGate = "gate.release(); said.acquire()";

}  // namespace

CAPSULE_TEST(the_running_execution_adopts_it_and_names_the_writer_s) {
  const Session session = open_with(CAPSULE_LATE_ADOPT);
  value_of(session, kSpeaker);
  Run run(session, std::string("print('own')\n") + kOpenGate);
  const Event &end = run.end();
  CHECK_EQ(end.stdout_bytes, 4);
  CHECK_EQ(end.stdout_bytes + 5, run.out().size());
  for (const Event &event : run.events()) {
    if (event.late) {
      CHECK_EQ(event.data, "late\n");
      CHECK_EQ(event.writer_execution_id, 1);
      CHECK_EQ(event.origin, "thread");
    }
  }
  CHECK_EQ(info_of(session).late_output_delivered_bytes, 5);
  CHECK_EQ(info_of(session).late_output_bytes, 0);
}

CAPSULE_TEST(its_own_handle_gets_it_behind_the_terminal_event) {
  const Session session = open_with(CAPSULE_LATE_DELIVER);
  Run first = ended(session, kSpeaker);
  EventStruct none;
  REFUSED(CAPSULE_E_TIMEOUT, capsule_execution_next(first.get(), 0, none.get(), error));
  Run second = ended(session, kOpenGate);
  CHECK_EQ(second.out(), "");
  const Event &late = first.next();
  CHECK(late.late);
  CHECK_EQ(late.data, "late\n");
  CHECK_EQ(late.execution_id, 1);
  CHECK_EQ(late.writer_execution_id, 1);
  CHECK_EQ(first.events()[first.events().size() - 2].stdout_bytes, 0);
  CHECK_EQ(info_of(session).late_output_delivered_bytes, 5);
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  for (Run *run : {&first, &second}) {
    REFUSED(CAPSULE_E_END, capsule_execution_next(run->get(), kPatienceMs, none.get(), error));
  }
}

CAPSULE_TEST(a_waiting_host_gets_it_while_nothing_runs) {
  const Session session = open_with(CAPSULE_LATE_DELIVER);
  Run run = ended(session, "import threading\nthreading.Timer(0.05, print, ['late']).start()");
  run.until_output("late\n");
  CHECK(run.events().back().late);
}

CAPSULE_TEST(what_children_print_while_nothing_runs_is_the_last_execution_s) {
  const Session session = open_with(CAPSULE_LATE_DELIVER);
  Run run = ended(session, "import subprocess\nchild = subprocess.Popen('sleep 0.05; echo child', shell=True)\nNone");
  run.until_output("child\n");
  CHECK(run.events().back().late);
  CHECK_EQ(run.events().back().origin, "descriptor");
}

CAPSULE_TEST(what_atexit_prints_is_the_last_execution_s) {
  const Session session = open_with(CAPSULE_LATE_DELIVER);
  Run run = ended(session, "import atexit\n_ = atexit.register(print, 'bye')");
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  CHECK_EQ(run.next().data, "bye\n");
  EventStruct none;
  REFUSED(CAPSULE_E_END, capsule_execution_next(run.get(), 0, none.get(), error));
}

CAPSULE_TEST(a_restart_ends_it) {
  const Session session = open_with(CAPSULE_LATE_DELIVER);
  Run run = ended(session, kSpeaker);
  ACCEPTED(capsule_session_restart(session.get(), error));
  EventStruct none;
  REFUSED(CAPSULE_E_END, capsule_execution_next(run.get(), kPatienceMs, none.get(), error));
  ended(session, "1 + 1");
}

CAPSULE_TEST(the_worker_s_death_ends_a_wait_for_it) {
  const Session session = open_with(CAPSULE_LATE_DELIVER);
  Run run = ended(session, "import os, threading\nthreading.Timer(0.05, os._exit, [3]).start()");
  EventStruct none;
  REFUSED(CAPSULE_E_END, capsule_execution_next(run.get(), kPatienceMs, none.get(), error));
}

CAPSULE_TEST(what_nobody_takes_is_bounded_and_holds_nothing_up) {  // I6
  SessionOptions options;
  options.raw.late_output = CAPSULE_LATE_DELIVER;
  options.raw.output_window_bytes = 64U << 10U;
  const Session session = open_session(options);
  Run first = ended(session, R"(
import threading
gate, done = threading.Event(), threading.Event()
def flood():
    gate.wait()
    for _ in range(2_000): print('x' * 999)
    done.set()
threading.Thread(target=flood, daemon=True).start())");
  CHECK_EQ(ended(session, "gate.set(); done.wait(); print('whole')").out(), "whole\n");
  std::uint64_t taken = 0;
  EventStruct event;
  while (capsule_execution_next(first.get(), 0, event.get(), nullptr) == CAPSULE_OK) {
    taken += event->raw.size;
  }
  CHECK(taken > 0 && taken <= 64U << 10U);
  // What is still on its way comes yet.
  for (const Deadline deadline;;) {
    const capsule_session_info info = info_of(session);
    if (info.late_output_bytes + info.late_output_delivered_bytes == 2'000'000) {
      break;
    }
    CHECK(!deadline.over());
    before_the_next_look();
    while (capsule_execution_next(first.get(), 0, event.get(), nullptr) == CAPSULE_OK) {
    }
  }
}

CAPSULE_TEST(it_is_dropped_and_counted_where_the_host_wants_none) {
  const Session session = open_with(CAPSULE_LATE_DROP);
  value_of(session, kSpeaker);
  CHECK_EQ(printed_by(session, std::string("print('own')\n") + kOpenGate), "own\n");
  value_of(session, "1");  // behind it in the order of the output
  CHECK_EQ(info_of(session).late_output_bytes, 5);
  CHECK_EQ(info_of(session).late_output_delivered_bytes, 0);
}

CAPSULE_TEST(a_released_handle_s_is_dropped_and_counted) {
  const Session session = open_with(CAPSULE_LATE_DELIVER);
  { ended(session, kSpeaker); }
  CHECK_EQ(ended(session, kOpenGate).out(), "");
  ended(session, "1");
  CHECK_EQ(info_of(session).late_output_bytes, 5);
}

CAPSULE_TEST(the_descriptor_tells_of_it) {
  const Session session = open_with(CAPSULE_LATE_DELIVER);
  Run run = ended(session, "import threading\nthreading.Timer(0.05, print, ['late']).start()");
  std::int32_t fd = -1;
  ACCEPTED(capsule_execution_get_fd(run.get(), &fd, error));
  pollfd ready{fd, POLLIN, 0};
  CHECK_EQ(::poll(&ready, 1, static_cast<int>(kPatienceMs)), 1);
  CHECK_EQ(run.next().data, "late\n");
}
