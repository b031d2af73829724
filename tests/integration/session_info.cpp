// The counters and times of a session and of its runtime are exact.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

void cancel_while_it_runs(const Session &session) {
  Run run(session, "print('in', flush=True)\nwhile True: pass");
  run.until_output("in");
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().outcome, "canceled");
}

SessionOptions beating_every_10_ms() {
  SessionOptions options;
  options.raw.heartbeat_interval_ms = 10;
  return options;
}

}  // namespace

CAPSULE_TEST(a_new_session_has_counted_nothing) {
  const std::uint64_t before = now_ns();
  const Session session = open_session();
  const capsule_session_info info = info_of(session);
  CHECK_EQ(info.struct_size, sizeof info);
  CHECK_EQ(info.executor, CAPSULE_EXECUTOR_PYTHON);
  CHECK(info.session_id > 0);
  CHECK(info.pid > 0);
  CHECK(info.created_ns >= before && info.created_ns <= now_ns());
  CHECK(info.ready_ns >= info.created_ns && info.ready_ns <= now_ns());
  for (const std::uint64_t zero : {info.last_used_ns,
                                   info.current_execution_id,
                                   info.executions_queued,
                                   info.executions_started,
                                   info.executions_succeeded,
                                   info.executions_failed,
                                   info.executions_canceled,
                                   info.executions_timed_out,
                                   info.executions_killed,
                                   info.executions_died,
                                   info.executions_refused,
                                   info.cancels_noop,
                                   info.restarts,
                                   info.frames_unknown,
                                   info.frames_rejected,
                                   info.output_bytes,
                                   info.late_output_bytes,
                                   info.abandoned_output_bytes,
                                   info.recovered_output_bytes,
                                   info.input_requests}) {
    CHECK_EQ(zero, 0);
  }
  CHECK_EQ(info.death_reason, CAPSULE_DEATH_NONE);
  CHECK_EQ(std::string(info.last_error_type), "");
}

CAPSULE_TEST(each_end_is_counted_once_in_its_place) {
  SessionOptions options;
  options.raw.queue_limit = 1;
  const Session session = open_session(options);
  value_of(session, "1");
  value_of(session, "print('12345')");
  Run error(session, "1 / 0");
  error.end();
  cancel_while_it_runs(session);
  Run late(session, "1");
  late.end();
  late.cancel();
  Run timeout(session, "while True: pass", ExecutionOptions::with_timeout_ms(20));
  CHECK_EQ(timeout.end().outcome, "timeout");
  Run running(session, "print('in', flush=True)\nwhile True: pass");
  running.until_output("in");
  Run queued(session, "1");
  Execution refused;
  REFUSED(CAPSULE_E_BUSY, capsule_execution_create(session.get(), "1", 1, nullptr, refused.out(), error));
  queued.cancel();
  queued.end();
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(running.end().outcome, "killed");
  Run dying(session, "import os; os._exit(1)");
  CHECK_EQ(dying.end().outcome, "died");

  const capsule_session_info info = info_of(session);
  CHECK_EQ(info.executions_started, 8);
  CHECK_EQ(info.executions_succeeded, 3);
  CHECK_EQ(info.executions_failed, 1);
  CHECK_EQ(info.executions_canceled, 2);
  CHECK_EQ(info.executions_timed_out, 1);
  CHECK_EQ(info.executions_killed, 1);
  CHECK_EQ(info.executions_died, 1);
  CHECK_EQ(info.executions_refused, 1);
  CHECK_EQ(info.cancels_noop, 1);
  CHECK_EQ(info.restarts, 1);
  CHECK_EQ(info.executions_queued, 0);
  CHECK_EQ(info.output_bytes, 6 + 3 + 3);
}

CAPSULE_TEST(counters_are_there_once_the_terminal_event_is) {
  const Session session = open_session();
  for (std::uint64_t i = 1; i <= 50; ++i) {
    value_of(session, "1");
    const capsule_session_info info = info_of(session);
    CHECK_EQ(info.executions_started, i);
    CHECK_EQ(info.executions_succeeded, i);
    CHECK_EQ(info.state, CAPSULE_SESSION_IDLE);
    CHECK_EQ(info.current_execution_id, 0);
  }
}

CAPSULE_TEST(output_is_counted_by_its_bytes) {
  const Session session = open_session();
  Run run(session, "import sys\nprint('雪')\nsys.stderr.write('12')\nNone");
  const Event end = run.end();
  CHECK_EQ(end.stdout_bytes, 4);
  CHECK_EQ(end.stderr_bytes, 2);
  CHECK_EQ(info_of(session).output_bytes, 6);
}

CAPSULE_TEST(a_source_that_is_too_large_is_counted_as_refused) {
  const Session session = open_session();
  const std::string source(17U << 20U, ' ');
  Execution execution;
  REFUSED(CAPSULE_E_LIMIT,
          capsule_execution_create(session.get(), source.data(), source.size(), nullptr, execution.out(), error));
  CHECK_EQ(info_of(session).executions_refused, 1);
}

CAPSULE_TEST(frames_and_bytes_are_counted_both_ways) {
  const Session session = open_session();
  const capsule_session_info before = info_of(session);
  value_of(session, "'" + std::string(10'000, 'x') + "'");
  const capsule_session_info after = info_of(session);
  CHECK(after.frames_sent > before.frames_sent);
  CHECK(after.frames_received > before.frames_received);
  CHECK_AT_LEAST(after.bytes_sent - before.bytes_sent, 10'000);
  CHECK_AT_LEAST(after.bytes_received - before.bytes_received, 10'000);
  CHECK_EQ(after.frames_rejected, 0);
}

CAPSULE_TEST(counters_never_go_back_over_a_restart) {
  const Session session = open_session();
  value_of(session, "print('x')");
  const capsule_session_info before = info_of(session);
  ACCEPTED(capsule_session_restart(session.get(), error));
  const capsule_session_info after = info_of(session);
  CHECK_AT_LEAST(after.frames_sent, before.frames_sent);
  CHECK_AT_LEAST(after.bytes_sent, before.bytes_sent);
  CHECK_AT_LEAST(after.frames_received, before.frames_received);
  CHECK_AT_LEAST(after.output_bytes, before.output_bytes);
  CHECK_EQ(after.session_id, before.session_id);
  CHECK_EQ(after.created_ns, before.created_ns);
  CHECK(after.ready_ns > before.ready_ns);
}

CAPSULE_TEST(heartbeats_tell_of_the_worker) {
  const Session session = open_session(beating_every_10_ms());
  Run run(session, "name = 1\ninput()");
  run.until(CAPSULE_EVENT_INPUT);
  capsule_session_info busy = info_of(session);
  for (const Deadline deadline; busy.heartbeats < 3 || busy.execution_age_ns < 100'000'000; busy = info_of(session)) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
  CHECK(busy.heartbeat_ns > busy.ready_ns && busy.heartbeat_ns <= now_ns());
  CHECK(busy.resident_bytes > 1'000'000);
  CHECK(busy.private_bytes > 0 && busy.private_bytes <= busy.resident_bytes);
  CHECK_AT_LEAST(busy.threads, 1);
  CHECK(busy.cpu_ns > 0);
  CHECK(busy.cpu_ratio >= 0 && busy.cpu_ratio <= 1024);
  run.answer("");
  run.end();
  for (const Deadline deadline; info_of(session).namespace_size < 2;) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
}

CAPSULE_TEST(heartbeats_do_not_need_the_gil) {
  const Session session = open_session(beating_every_10_ms());
  value_of(session, "1");
  const std::uint64_t before = info_of(session).heartbeats;
  // One C call that never gives the GIL away, of at least a few hundred milliseconds.
  Run run(session, "sum(range(3 * 10 ** 7))");
  const std::uint64_t duration_ms = run.end().duration_ns / 1'000'000;
  CHECK_AT_LEAST(info_of(session).heartbeats - before, duration_ms / 100);
}

CAPSULE_TEST(cpu_time_is_of_the_worker) {
  const Session session = open_session(beating_every_10_ms());
  value_of(session, "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass");
  for (const Deadline deadline; info_of(session).cpu_ns < 300'000'000;) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
}

CAPSULE_TEST(the_interpreter_s_version_is_told) {
  const Session session = open_session();
  CHECK_EQ("'" + std::string(info_of(session).python_version) + "'",
           value_of(session, "import sys; '%d.%d.%d' % sys.version_info[:3]"));
}

CAPSULE_TEST(late_output_is_counted) {
  const Session session = open_session();
  // The thread's first word after its execution, said when the host lets it; the second execution waits for it.
  value_of(session, R"(
import os, threading
gate, opener = os.pipe()
def speak():
    os.read(gate, 1)
    print('late', flush=True)
speaker = threading.Thread(target=speak)
speaker.start()
os.set_inheritable(opener, True)
import subprocess, sys
writer = 'import os, time; time.sleep(0.2); os.write(%d, b"x")' % opener
child = subprocess.Popen([sys.executable, '-c', writer], pass_fds=[opener])
None)");
  Run run(session, "speaker.join()");
  run.end();
  const capsule_session_info info = info_of(session);
  CHECK_EQ(info.output_bytes, 5);
  // Taken by the second execution, or, before that began, by none.
  CHECK_EQ(info.late_output_bytes + info.late_output_delivered_bytes, 5);
  CHECK_EQ(run.end().stdout_bytes, 0);
}

CAPSULE_TEST(the_last_use_is_told) {
  const Session session = open_session();
  const std::uint64_t before = now_ns();
  value_of(session, "1");
  const std::uint64_t used = info_of(session).last_used_ns;
  CHECK(used >= before && used <= now_ns());
  value_of(session, "1");
  CHECK(info_of(session).last_used_ns > used);
}

CAPSULE_TEST(the_runtime_s_counters_cover_its_sessions) {
  const Runtime runtime = make_runtime();
  CHECK_EQ(info_of(runtime).zygotes_started, 0);
  CHECK_EQ(info_of(runtime).zygote_pid, 0);
  {
    const Session one = open_session(runtime);
    const Session two = open_session(runtime);
    CHECK_EQ(info_of(one).session_id, 1);
    CHECK_EQ(info_of(two).session_id, 2);
    Run run(one, "import os; os._exit(1)");
    run.end();
    ACCEPTED(capsule_session_restart(one.get(), error));
    const capsule_runtime_info info = info_of(runtime);
    CHECK_EQ(info.sessions_open, 2);
    CHECK_EQ(info.sessions_opened, 2);
    CHECK_EQ(info.workers_started, 3);
    CHECK_EQ(info.workers_died, 1);
    CHECK_EQ(info.zygotes_started, 1);
    CHECK_EQ(info.zygotes_restarted, 0);
    CHECK(info.zygote_pid > 0);
    ACCEPTED(capsule_session_close(one.get(), 0, error));
    CHECK_EQ(info_of(runtime).sessions_open, 1);
  }
  ACCEPTED(capsule_runtime_close(runtime.get(), 0, error));
  const capsule_runtime_info info = info_of(runtime);
  CHECK_EQ(info.sessions_open, 0);
  CHECK_EQ(info.sessions_opened, 2);
  CHECK_EQ(info.workers_died, 1);  // those that were told to end did not die of themselves
  CHECK_EQ(info.zygote_pid, 0);
}

CAPSULE_TEST(it_tells_of_its_trace_and_of_its_interceptors) {
  const Session session = open_session();
  capsule_interceptor_options options{};
  capsule_interceptor_options_init(&options, sizeof options);
  options.name = capsule_text_from("fails");
  options.callback = [](void *, const capsule_frame *) -> std::int32_t { return 1; };
  std::uint64_t id = 0;
  ACCEPTED(capsule_session_add_interceptor(session.get(), &options, &id, error));
  value_of(session, "1");
  capsule_interceptor_info intercepted{.struct_size = sizeof intercepted};
  ACCEPTED(capsule_session_get_interceptor_info(session.get(), id, &intercepted, error));
  capsule_trace_info trace{.struct_size = sizeof trace};
  std::size_t count = 0;
  ACCEPTED(capsule_session_get_trace(session.get(), nullptr, nullptr, 0, &count, &trace, error));
  capsule_session_info info = info_of(session);
  CHECK_EQ(info.interceptors, 1);
  CHECK_AT_LEAST(info.interceptor_errors, 2);
  CHECK_EQ(info.interceptor_errors, intercepted.errors);
  CHECK_EQ(info.trace_events, 9);  // three of the session, and six of the execution
  CHECK_EQ(info.trace_events, trace.emitted);
  CHECK_EQ(info.trace_events_stored, trace.stored);
  CHECK_EQ(info.trace_stored_bytes, trace.stored_bytes);
  ACCEPTED(capsule_session_remove_interceptor(session.get(), id, error));
  info = info_of(session);
  CHECK_EQ(info.interceptors, 0);
  CHECK_EQ(info.interceptor_errors, intercepted.errors);
}
