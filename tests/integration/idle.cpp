// Nothing polls: a session that waits costs no wake-ups (I8).
#include <filesystem>

#include "process.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// How often the threads of a process went to sleep so far: a thread that polls does so again and again.
long long switches_of(const std::string &process) {
  long long sum = 0;
  for (const auto &task : std::filesystem::directory_iterator("/proc/" + process + "/task")) {
    const std::string field = status_field(process + "/task/" + task.path().filename().string(), "voluntary_ctxt_switches");
    sum += field.empty() ? 0 : std::stoll(field);
  }
  return sum;
}

SessionOptions without_heartbeats() {
  SessionOptions options;
  options.raw.heartbeat_interval_ms = 3'600'000;
  return options;
}

// A second goes by in another session, of another runtime.
void let_a_second_pass() {
  const Session clock = open_session();
  value_of(clock, "import time; time.sleep(1)");
}

}  // namespace

CAPSULE_TEST(an_idle_session_is_not_woken) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, without_heartbeats());
  value_of(session, "print('x')");
  let_a_second_pass();  // for what the worker and the zygote still do after a start
  const std::string worker = show(info_of(session).pid);
  const std::string zygote = show(info_of(runtime).zygote_pid);
  const long long worker_before = switches_of(worker);
  const long long zygote_before = switches_of(zygote);
  let_a_second_pass();
  CHECK_AT_MOST(switches_of(worker) - worker_before, 2);
  CHECK_AT_MOST(switches_of(zygote) - zygote_before, 2);
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_session_that_waits_for_input_is_not_woken) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, without_heartbeats());
  Run run(session, "input('?')");
  run.until(CAPSULE_EVENT_INPUT);
  let_a_second_pass();
  const std::string worker = show(info_of(session).pid);
  const long long before = switches_of(worker);
  let_a_second_pass();
  CHECK_AT_MOST(switches_of(worker) - before, 2);
  run.answer("x");
  CHECK_EQ(run.end().repr, "'x'");
}

CAPSULE_TEST(heartbeats_come_at_their_interval_and_no_faster) {
  SessionOptions options;
  options.raw.heartbeat_interval_ms = 200;
  const Session session = open_session(options);
  value_of(session, "import time; time.sleep(0.1)");
  const std::uint64_t before = info_of(session).heartbeats;
  const Stopwatch watch;
  value_of(session, "time.sleep(1)");
  const std::uint64_t beats = info_of(session).heartbeats - before;
  CHECK_AT_LEAST(beats, 3);
  CHECK_AT_MOST(beats, static_cast<std::uint64_t>(watch.elapsed_ms() / 200 + 1));
}

CAPSULE_TEST(an_idle_host_is_not_woken) {
  close_shared_runtime();
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, without_heartbeats());
  Run run(session, "import time; time.sleep(1.2)");
  run.until(CAPSULE_EVENT_STARTED);
  const long long before = switches_of("self");
  CHECK_EQ(run.end().outcome, "ok");
  // This thread's wait, the loop's, and what their ends took.
  CHECK_AT_MOST(switches_of("self") - before, 20);
}
