// What a dead worker leaves: its last events are those of what it was doing, whenever it was killed, and every event is accounted for.
// CAPSULE_TEST_SEEDS is how many random kills there are, with each interpreter: on four of them 1,000, and a soak takes as many on each.
#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include "process.hpp"
#include "stacks.hpp"
#include "threads.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

int seeds() {
  const char *given = std::getenv("CAPSULE_TEST_SEEDS");
  return given != nullptr ? std::atoi(given) : kSanitized ? 50 : 250;
}

// The kinds of the main thread's events of an execution, in the only order there is.
using Course = std::vector<std::int32_t>;
const Course kUsual = {CAPSULE_TRACE_EXECUTION_RECEIVED, CAPSULE_TRACE_EXECUTION_STARTED, CAPSULE_TRACE_EXECUTION_RESULT_SENT};

std::vector<std::int32_t> course_of(const std::vector<capsule_trace_event> &events, std::uint64_t execution_id) {
  std::vector<std::int32_t> kinds;
  for (const capsule_trace_event &event : events) {
    if (event.execution_id == execution_id && event.writer == CAPSULE_TRACE_WRITER_MAIN) {
      kinds.push_back(event.kind);
    }
  }
  return kinds;
}

// Whether the events are a beginning of the course, at least so long.
void check_course(const Course &course, const std::vector<std::int32_t> &kinds, std::size_t least) {
  CHECK_AT_LEAST(kinds.size(), least);
  CHECK(kinds.size() <= course.size());
  CHECK(std::equal(kinds.begin(), kinds.end(), course.begin()));
}

// The numbers of each writer have no gap.
void check_numbers(const std::vector<capsule_trace_event> &events) {
  std::uint64_t last[5] = {};
  for (const capsule_trace_event &event : events) {
    CHECK(event.writer >= 1 && event.writer <= 4);
    CHECK(last[event.writer] == 0 || event.sequence == last[event.writer] + 1);
    last[event.writer] = event.sequence;
  }
}

Event die(const Session &session, std::string_view source) {
  Run run(session, source);
  const Event end = run.end();
  CHECK_EQ(end.outcome, "died");
  return end;
}

struct Victim {
  SessionOptions options;
  std::vector<std::string> sources;
  std::uint32_t longest_us;  // to the kill
};

// What became of what was under way when the worker was killed.
struct Aftermath {
  std::uint64_t died = 0;  // the first that did
  std::uint64_t last_ok = 0;
  bool printed = false;  // the one that died
};

Aftermath run_and_kill(const Session &session, const Victim &victim, std::chrono::microseconds pause) {
  const Watched worker(info_of(session).pid);
  std::vector<Run> runs;
  for (std::size_t i = 0; i < 8; ++i) {
    runs.emplace_back(session, victim.sources[i % victim.sources.size()]);
  }
  std::thread killer([&] {
    std::this_thread::sleep_for(pause);  // no wait for anything: the moment of the kill
    worker.kill(SIGKILL);
  });
  Aftermath after;
  for (Run &run : runs) {
    const Event &end = run.end();
    after.last_ok = end.outcome == "ok" ? end.execution_id : after.last_ok;
    if (end.outcome == "died" && after.died == 0) {
      after.died = end.execution_id;
      after.printed = !run.output().empty();
    }
  }
  killer.join();
  return after;
}

// Of what the host has, all is told; of what was under way, a beginning; of what came behind it, nothing.
void check_aftermath(const Aftermath &after, const capsule_postmortem_info &info) {
  const auto events = events_of(info);
  check_numbers(events);
  if (after.last_ok != 0) {
    check_course(kUsual, course_of(events, after.last_ok), kUsual.size());
  }
  if (after.died != 0 && info.execution_id == after.died) {
    const auto began = std::find(kUsual.begin(), kUsual.end(), CAPSULE_TRACE_EXECUTION_STARTED);
    const auto least = static_cast<std::size_t>(began - kUsual.begin()) + 1;
    check_course(kUsual, course_of(events, after.died), after.printed ? least : 0);
  }
  CHECK(after.died == 0 || course_of(events, after.died + 1).empty());
}

void kill_at_random(const Victim &victim, int rounds) {
  const Session session = open_session(victim.options);
  const TraceReader reader = follow(session, {.kind = CAPSULE_TRACE_SESSION_DIED});
  // Other moments on each interpreter, the same ones again on the same.
  std::minstd_rand random(static_cast<std::uint32_t>(std::hash<std::string>()(python_under_test())));
  for (int seed = 0; seed < rounds; ++seed) {
    const Aftermath after = run_and_kill(session, victim, std::chrono::microseconds(random() % victim.longest_us));
    until(reader, CAPSULE_TRACE_SESSION_DIED);
    const Postmortem postmortem = postmortem_of(session);
    ACCEPTED(capsule_session_restart(session.get(), error));
    const capsule_postmortem_info info = info_of(postmortem);
    CHECK_EQ(info.signal_number, SIGKILL);
    CHECK_EQ(info.incarnation, static_cast<std::uint32_t>(seed) + 1);
    check_aftermath(after, info);
  }
  CHECK_EQ(trace_of(session).info.dropped, 0);
}

}  // namespace

CAPSULE_TEST(a_post_mortem_says_how_and_in_the_middle_of_what) {
  const Session session = open_session();
  REFUSED(CAPSULE_E_STATE, capsule_session_get_postmortem(session.get(), 0, Postmortem().out(), error));
  value_of(session, "import os, signal\nclass Deadly:\n    def __repr__(self): os.kill(os.getpid(), 9)");
  Run run(session, "print('last words')\nDeadly()");
  const std::uint64_t id = run.end().execution_id;
  const Postmortem postmortem = postmortem_of(session);
  const capsule_postmortem_info info = info_of(postmortem);
  CHECK_EQ(info.death_reason, CAPSULE_DEATH_SIGNAL);
  CHECK_EQ(info.death_certain, 1);
  CHECK_EQ(info.signal_number, SIGKILL);
  CHECK_EQ(info.execution_id, id);
  CHECK_EQ(info.incarnation, 1);
  CHECK_EQ(info.last_kind, CAPSULE_TRACE_EXECUTION_STARTED);  // it began, and has no value
  CHECK(info.execution_age_ns > 0 && info.execution_age_ns < info.uptime_ns);
  CHECK(info.output_untaken_bytes <= 11);  // the run takes it as it comes
  CHECK_EQ(info.events_lost, 0);
  const auto events = events_of(info);
  check_course(kUsual, course_of(events, id), 2);
  check_course(kUsual, course_of(events, id - 1), 3);
  CHECK_CONTAINS(kinds_of(events), "output_first");
  capsule_text json{};
  ACCEPTED(capsule_postmortem_to_json(postmortem.get(), &json, error));
  CHECK_CONTAINS(string_of(json), "\"reason\":\"signal\"");
  CHECK_CONTAINS(string_of(json), "\"last_kind\":\"execution_started\"");
  CHECK_CONTAINS(string_of(json), "\"announced\":\"" + string_of(info_of(postmortem).announced_limits) + "\"");
  CHECK(info_of(postmortem).announced_limits.size > 0);
}

CAPSULE_TEST(the_last_events_tell_where_the_code_stood) {
  const Session session = open_told();
  const auto last_kind = [&session](std::string_view source) {
    die(session, source);
    const std::int32_t kind = info_of(postmortem_of(session)).last_kind;
    ACCEPTED(capsule_session_restart(session.get(), error));
    return std::string(capsule_trace_kind_name(kind));
  };
  CHECK_EQ(last_kind("import os; os._exit(3)"), "execution_started");
  REFUSED(CAPSULE_E_STATE, capsule_postmortem_get_stack(postmortem_of(session).get(), StackHandle().out(), error));
  CHECK_EQ(last_kind("import os; os.abort()"), "execution_started");
  const Postmortem abortion = postmortem_of(session);
  const capsule_postmortem_info aborted = info_of(abortion);
  CHECK_EQ(aborted.signal_number, SIGABRT);
  CHECK_EQ(aborted.incarnation, 2);
  StackHandle stack;
  ACCEPTED(capsule_postmortem_get_stack(abortion.get(), stack.out(), error));
  capsule_stack_frame frame{.struct_size = sizeof frame};
  ACCEPTED(capsule_stack_get_frame(stack.get(), 0, 0, &frame, error));
  CHECK_EQ(string_of(frame.function), "<module>");
  CHECK_EQ(frame.line, 1);
  CHECK_EQ(info_of(postmortem_of(session, 1)).exit_code, 3);
  // Idle, nothing runs.
  value_of(session, "1");
  const TraceReader reader = follow(session, {.kind = CAPSULE_TRACE_SESSION_DIED});
  until(reader, CAPSULE_TRACE_SESSION_DIED);
  until(reader, CAPSULE_TRACE_SESSION_DIED);
  Watched(info_of(session).pid).kill(SIGKILL);
  until(reader, CAPSULE_TRACE_SESSION_DIED);
  const Postmortem last = postmortem_of(session);
  const capsule_postmortem_info idle = info_of(last);
  CHECK_EQ(idle.signal_number, SIGKILL);
  CHECK_EQ(idle.execution_id, 0);
  CHECK_EQ(idle.last_kind, CAPSULE_TRACE_EXECUTION_RESULT_SENT);
}

CAPSULE_TEST(a_session_keeps_its_last_post_mortems) {
  SessionOptions options = SessionOptions::echo();
  options.raw.restart_policy = CAPSULE_RESTART_FRESH;
  const Session session = open_session(options);
  for (int i = 0; i < CAPSULE_POSTMORTEMS_KEPT + 2; ++i) {
    die(session, "exit " + show(i));
  }
  for (std::uint32_t i = 0; i < CAPSULE_POSTMORTEMS_KEPT; ++i) {
    CHECK_EQ(info_of(postmortem_of(session, i)).exit_code, CAPSULE_POSTMORTEMS_KEPT + 1 - static_cast<int>(i));
  }
  REFUSED(CAPSULE_E_STATE, capsule_session_get_postmortem(session.get(), CAPSULE_POSTMORTEMS_KEPT, Postmortem().out(), error));
}

CAPSULE_TEST(an_end_that_was_asked_for_has_no_post_mortem) {
  const Session session = open_session(SessionOptions::echo());
  ACCEPTED(capsule_session_restart(session.get(), error));
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  REFUSED(CAPSULE_E_STATE, capsule_session_get_postmortem(session.get(), 0, Postmortem().out(), error));
}

CAPSULE_TEST(a_worker_killed_at_any_moment_leaves_its_last_events) {
  kill_at_random(
      {.options = SessionOptions::echo(), .sources = {"value 1", "out a\nout b\nflood 30\nvalue 2"}, .longest_us = 1'500},
      seeds());
}

CAPSULE_TEST(so_does_one_that_runs_python) {
  kill_at_random({.options = {}, .sources = {"1 + 1", "for i in range(20): print(i)\nsum(range(2000))"}, .longest_us = 3'000},
                 seeds() / 5);
}

CAPSULE_TEST(every_event_is_accounted_for_in_a_storm_with_kills) {
  SessionOptions options = SessionOptions::echo();
  options.raw.trace_bytes = 16U << 10U;
  options.raw.trace_level = CAPSULE_LOG_DEBUG;
  options.raw.restart_policy = CAPSULE_RESTART_FRESH;
  const Session session = open_session(options);
  Threads storm;
  for (int thread = 0; thread < 3; ++thread) {
    storm.start([&session, thread] {
      for (int i = 0; i < 40; ++i) {
        Run run(session, thread == 0 && i % 10 == 9 ? "kill" : "out x\nflood 20\nvalue 1");
        run.cancel(i % 7 == 0 ? 1 : kPatienceMs);
        run.end();
        trace_of(session);  // checks the account
      }
    });
  }
  storm.join();
  const Taken taken = trace_of(session);
  CHECK(taken.info.evicted > 0);
  CHECK_EQ(taken.info.invalid, 0);
}
