// Heartbeats: what a worker tells of itself, also while its Python hangs, and what is counted when it does not.
#include <csignal>

#include "metrics.hpp"
#include "process.hpp"
#include "run.hpp"
#include "signal_rows.hpp"
#include "test.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

SessionOptions with_heartbeat_ms(std::uint32_t interval_ms) {
  SessionOptions options;
  options.raw.heartbeat_interval_ms = interval_ms;
  return options;
}

// Fails the test at the deadline.
template <typename Holds>
capsule_worker_metrics wait_until(const Session &session, Holds holds) {
  const Deadline deadline;
  for (;;) {
    const capsule_worker_metrics metrics = worker_metrics_of(session);
    if (holds(metrics)) {
      return metrics;
    }
    if (deadline.over()) {
      FAIL("the heartbeats do not tell it");
    }
    before_the_next_look();
  }
}

}  // namespace

CAPSULE_TEST(a_heartbeat_tells_what_the_process_is) {
  const Session session = open_session(with_heartbeat_ms(50));
  value_of(
      session,
      "import threading, time, os\nfor i in range(3): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
      "opened = [os.open('/dev/null', os.O_RDONLY) for i in range(20)]");
  const capsule_worker_metrics m = wait_until(session, [](const auto &now) {
    return now.threads >= 5 && now.open_descriptors >= 20 && now.namespace_size > 3 && now.execution_id == 0;
  });
  CHECK_EQ(m.pid, info_of(session).pid);
  CHECK_EQ(m.state, CAPSULE_SESSION_IDLE);
  CHECK_EQ(m.heartbeat_interval_ms, 50);
  CHECK(m.uptime_ns > 0 && m.heartbeat_ns > 0 && m.cpu_ns > 0 && m.namespace_age_ns > 0);
  CHECK_AT_LEAST(m.resident_bytes, 1U << 20U);
  CHECK_AT_LEAST(m.peak_resident_bytes, m.resident_bytes / 2);
  CHECK_AT_LEAST(m.resident_bytes, m.private_bytes);
  CHECK_AT_LEAST(m.shared_bytes, 1);
  CHECK_EQ(m.send_failures, 0);
  CHECK_EQ(m.execution_id, 0);
  CHECK_EQ(m.cpu_total_ns, m.cpu_ns);
}

CAPSULE_TEST(heartbeats_come_while_c_code_holds_the_gil) {
  const Session session = open_session(with_heartbeat_ms(50));
  Run run(session, "import ctypes\nprint('in', flush=True)\nctypes.PyDLL(None).sleep(60)");
  run.until_line();
  const std::uint64_t before = worker_metrics_of(session).heartbeats;
  const capsule_worker_metrics m =
      wait_until(session, [&](const auto &now) { return now.heartbeats >= before + 3 && now.execution_id != 0; });
  CHECK_EQ(m.state, CAPSULE_SESSION_BUSY);
  CHECK(m.execution_age_ns > 0);
  run.cancel(0);
  run.end();
}

CAPSULE_TEST(heartbeats_that_do_not_come_are_counted) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, with_heartbeat_ms(50));
  wait_until(session, [](const auto &now) { return now.heartbeats > 0; });
  const Watched worker(info_of(session).pid);
  worker.kill(SIGSTOP);
  // Since the last that came: one for each interval, and half of the next, without one.
  const auto due = [](const capsule_worker_metrics &now) {
    constexpr std::uint64_t kIntervalNs = 50'000'000;
    return now.heartbeat_age_ns <= kIntervalNs ? 0 : (now.heartbeat_age_ns - kIntervalNs / 2) / kIntervalNs;
  };
  const capsule_worker_metrics stopped = wait_until(session, [&due](const auto &now) { return due(now) >= 3; });
  const std::uint64_t before = stopped.heartbeats_missed - due(stopped);
  const capsule_worker_metrics later =
      wait_until(session, [&stopped](const auto &now) { return now.heartbeats_missed >= stopped.heartbeats_missed + 2; });
  CHECK_EQ(later.heartbeats_missed, before + due(later));
  worker.kill(SIGCONT);
  wait_until(session, [&later](const auto &now) { return now.heartbeats > later.heartbeats; });
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  const std::uint64_t missed = worker_metrics_of(session).heartbeats_missed;
  CHECK_AT_LEAST(missed, later.heartbeats_missed);  // it does not forget
  compare({"heartbeats_missed_total"}, runtime, [&] {
    return std::vector<Row>{{"heartbeats_missed_total", "", number(worker_metrics_of(session).heartbeats_missed)}};
  });
  const auto events = trace_of(session, {.kind = CAPSULE_TRACE_SESSION_HEARTBEAT_MISSED}).events;
  CHECK_EQ(events.size(), missed);
  for (std::size_t i = before; i < before + 3; ++i) {
    CHECK_AT_LEAST(events[i].arguments[0],
                   static_cast<std::int64_t>(i - before) * 50'000'000 + 75'000'000);  // since the last that came
  }
}

CAPSULE_TEST(a_restart_keeps_the_sums_and_begins_the_rest_anew) {
  const Session session = open_session(with_heartbeat_ms(50));
  value_of(session, "sum(range(3_000_000))");
  const std::uint64_t before = wait_until(session, [](const auto &now) { return now.cpu_ns > 10'000'000; }).cpu_total_ns;
  ACCEPTED(capsule_session_restart(session.get(), error));
  const capsule_worker_metrics m = worker_metrics_of(session);
  CHECK_AT_LEAST(m.cpu_total_ns, before);
  CHECK(m.cpu_ns < before);
  CHECK_EQ(m.namespace_size, 0);
  ACCEPTED(capsule_session_close(session.get(), 0, error));
  CHECK_EQ(worker_metrics_of(session).pid, 0);
  CHECK_AT_LEAST(worker_metrics_of(session).cpu_total_ns, before);
}

CAPSULE_TEST(a_worker_announces_what_it_can_do_and_what_limits_it) {
  const Session session = open_session();
  const auto info = metrics_by<capsule_worker_info>(capsule_session_get_worker_info, session);
  CHECK_EQ(std::string(info.python_version), std::string(info_of(session).python_version));
  CHECK_EQ(info.pid, info_of(session).pid);
  CHECK(info.python_path[0] == '/');
  CHECK_EQ(std::string(info.executors), "python");
  CHECK_CONTAINS(std::string(info.features), "execute,input,cancel");
  CHECK_CONTAINS(std::string(info.limits), "nofile=");
  CHECK_CONTAINS(std::string(info.isolation), "process,process_group");
}

CAPSULE_TEST(the_transport_is_counted_each_way) {
  const Session session = open_session(with_heartbeat_ms(3'600'000));
  const capsule_transport_metrics before = transport_metrics_of(session);
  value_of(session, "print('x' * 100_000)");
  const capsule_transport_metrics after = transport_metrics_of(session);
  const auto number = [](const char *name) {
    for (std::int32_t i = 0; i < CAPSULE_MESSAGES; ++i) {
      if (capsule_message_name(i) != nullptr && std::string(capsule_message_name(i)) == name) {
        return i;
      }
    }
    FAIL(std::string("there is no message ") + name);
  };
  CHECK_EQ(after.sent.messages[number("Execute")] - before.sent.messages[number("Execute")], 1);
  CHECK_EQ(after.received.messages[number("Result")] - before.received.messages[number("Result")], 1);
  CHECK_AT_LEAST(after.received.messages[number("Output")] - before.received.messages[number("Output")], 1);
  CHECK_EQ(after.received.messages[number("Ready")], 1);
  CHECK_AT_LEAST(after.received.bytes - before.received.bytes, 100'000);
  CHECK_AT_LEAST(after.received.largest_bytes, 1000);
  CHECK_AT_LEAST(after.wakeups, before.wakeups + 1);
  CHECK_EQ(after.queue_bytes, 0);
  // A frame behind the result may have been counted in one and not yet in the other.
  const auto agree = [&session] {
    const capsule_transport_metrics now = transport_metrics_of(session);
    const capsule_session_info info = info_of(session);
    return now.sent.frames == info.frames_sent && now.received.frames == info.frames_received &&
           now.sent.bytes == info.bytes_sent && now.received.bytes == info.bytes_received;
  };
  for (const Deadline deadline; !agree();) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
  CHECK(capsule_message_name(-1) == nullptr && capsule_message_name(63) == nullptr);
}

CAPSULE_TEST(what_a_socket_does_not_take_at_once_is_a_stall) {
  const Session session = open_session();
  const std::string source = "'''" + std::string(8U << 20U, 'x') + "'''";
  value_of(session, source);
  const capsule_transport_metrics metrics = transport_metrics_of(session);
  CHECK_AT_LEAST(metrics.write_stalls, 1);
  CHECK_AT_LEAST(metrics.queue_bytes_max, 1U << 20U);
  CHECK_EQ(metrics.queue_bytes, 0);
  CHECK_AT_LEAST(metrics.sent.largest_bytes, 8U << 20U);
}
