// Pools of sessions without Python: who gets which session, and what is counted.
#include <csignal>

#include "pool.hpp"
#include "process.hpp"
#include "snapshots.hpp"
#include "threads.hpp"
#include "values.hpp"

using namespace capsule_test;

namespace {

PoolOptions small(std::uint32_t min_idle, std::uint32_t max_sessions, std::int32_t reset = CAPSULE_RESET_PRISTINE) {
  PoolOptions options = PoolOptions::echo();
  options.raw.min_idle = min_idle;
  options.raw.max_sessions = max_sessions;
  options.raw.reset = reset;
  return options;
}

}  // namespace

CAPSULE_TEST(a_pool_that_is_ready_serves_at_once) {
  const Pool pool = make_pool(small(2, 2));
  wait_ready(pool);
  Session session = acquire(pool);
  CHECK_EQ(printed_by(session, "out hello"), "hello\n");
  const capsule_pool_metrics before = metrics_of(pool);
  check_balance(before);
  CHECK_EQ(before.sessions_active, 1);
  CHECK_EQ(before.pool_hits, 1);
  CHECK_EQ(before.pool_misses, 0);
  CHECK_EQ(before.sessions_created, 2);
  CHECK_EQ(before.sessions_created_from_warmup, 2);
  CHECK(before.hit_rate == 1.0);
  give_back(pool, std::move(session));
  const capsule_pool_metrics after = until(pool, "another takes its place", [](const auto &m) { return m.sessions_idle == 2; });
  CHECK_EQ(after.given_back, 1);
  CHECK_EQ(after.removed_used, 1);
  CHECK_EQ(after.sessions_created, 3);
  CHECK_EQ(after.executions, 1);
  CHECK_EQ(after.creations_failed, 0);
}

CAPSULE_TEST(nobody_sees_what_another_left) {
  PoolOptions options = small(1, 2);
  options.warmup = "out warm";
  const Pool pool = make_pool(options);
  for (int i = 0; i < 5; ++i) {
    Session session = acquire(pool);
    CHECK_EQ(NameList(session).text(), "");
    set_text(session, "x", "left behind");
    give_back(pool, std::move(session));
  }
  CHECK_EQ(metrics_of(pool).removed_used, 5);
}

CAPSULE_TEST(a_pool_that_keeps_gives_the_same_session_again) {
  const Pool pool = make_pool(small(1, 1, CAPSULE_RESET_KEEP));
  Session first = acquire(pool);
  const std::uint64_t id = info_of(first).session_id;
  set_text(first, "x", "kept");
  give_back(pool, std::move(first));
  Session second = acquire(pool);
  CHECK_EQ(info_of(second).session_id, id);
  CHECK_EQ(Value(second, "x").data(), "kept");
  give_back(pool, std::move(second));
  const capsule_pool_metrics metrics = metrics_of(pool);
  check_balance(metrics);
  CHECK_EQ(metrics.sessions_created, 1);
  CHECK_EQ(metrics.sessions_removed, 0);
  CHECK_EQ(metrics.given_back, 2);
}

CAPSULE_TEST(a_new_process_each_time) {
  PoolOptions options = small(1, 2, CAPSULE_RESET_NEW_PROCESS);
  options.warmup = "value warm";
  const Pool pool = make_pool(options);
  Session first = acquire(pool);
  const std::int32_t pid = info_of(first).pid;
  CHECK_EQ(info_of(first).parent_session_id, 0);
  give_back(pool, std::move(first));
  Session second = acquire(pool);
  CHECK(info_of(second).pid != pid);
  give_back(pool, std::move(second));
  CHECK_EQ(metrics_of(pool).executions, 0);
}

CAPSULE_TEST(a_session_is_recycled_after_its_executions) {
  PoolOptions options = small(0, 1, CAPSULE_RESET_KEEP);
  options.raw.recycle_executions = 3;
  options.warmup = "value not counted";
  const Pool pool = make_pool(options);
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 7; ++i) {
    Session session = acquire(pool);
    ids.push_back(info_of(session).session_id);
    value_of(session, "value x");
    give_back(pool, std::move(session));
  }
  CHECK(ids[0] == ids[2] && ids[2] != ids[3] && ids[3] == ids[5] && ids[5] != ids[6]);
  const capsule_pool_metrics metrics = metrics_of(pool);
  check_balance(metrics);
  CHECK_EQ(metrics.sessions_recycled, 2);
  CHECK_EQ(metrics.sessions_restarted, 0);
  CHECK_EQ(metrics.executions, 7);
}

CAPSULE_TEST(waiters_are_served_in_the_order_they_came) {
  const Pool pool = make_pool(small(0, 1, CAPSULE_RESET_KEEP));
  Session session = acquire(pool);
  std::vector<Acquisition> line;
  for (int i = 0; i < 20; ++i) {
    line.push_back(acquire_async(pool));
  }
  CHECK_EQ(metrics_of(pool).waiters_now, 20);
  for (std::size_t i = 0; i < line.size(); ++i) {
    give_back(pool, std::move(session));
    std::int32_t fd = -1;
    for (std::size_t other = i; other < line.size(); ++other) {
      ACCEPTED(capsule_acquisition_get_fd(line[other].get(), &fd, error));
      CHECK_EQ(wait_readable(fd, Deadline(other == i ? kPatienceMs : 0)), other == i);
    }
    session = take(line[i]);
  }
  give_back(pool, std::move(session));
  const capsule_pool_metrics metrics = metrics_of(pool);
  check_balance(metrics);
  CHECK_EQ(metrics.waiters_peak, 20);
  CHECK_EQ(metrics.pool_misses, 21);
  CHECK_EQ(metrics.sessions_created, 1);
}

// Whoever comes when others wait goes behind them, also where a session is just given back.
CAPSULE_TEST(nobody_jumps_the_line) {
  const Pool pool = make_pool(small(0, 1, CAPSULE_RESET_KEEP));
  Session session = acquire(pool);
  const Acquisition first = acquire_async(pool);
  give_back(pool, std::move(session));
  refuse_acquire(pool, CAPSULE_E_TIMEOUT, 0);
  give_back(pool, take(first));
  give_back(pool, acquire(pool));
}

CAPSULE_TEST(a_wait_ends_at_its_deadline) {
  PoolOptions options = small(0, 1);
  options.raw.acquire_timeout_ms = 30;
  const Pool pool = make_pool(options);
  const capsule_acquire_options patient = acquire_options(kPatienceMs);
  Session session;
  ACCEPTED(capsule_pool_acquire(pool.get(), &patient, session.out(), error));
  CHECK_CONTAINS(refuse_acquire(pool, CAPSULE_E_TIMEOUT), "30 ms");
  CHECK_CONTAINS(refuse_acquire(pool, CAPSULE_E_TIMEOUT, 0), "idle");
  const Acquisition late = acquire_async(pool);
  Session none;
  REFUSED(CAPSULE_E_TIMEOUT, capsule_acquisition_take(late.get(), -1, none.out(), error));
  const capsule_pool_metrics metrics = metrics_of(pool);
  check_balance(metrics);
  CHECK_EQ(metrics.acquisition_timeouts, 3);
  CHECK_EQ(metrics.waiters_now, 0);
  give_back(pool, std::move(session));
}

CAPSULE_TEST(a_wait_can_be_canceled) {
  const Pool pool = make_pool(small(0, 1, CAPSULE_RESET_KEEP));
  Session session = acquire(pool);
  const Acquisition waiting = acquire_async(pool);
  Acquisition released = acquire_async(pool);
  Threads threads;
  threads.start([&] {
    Session none;
    REFUSED(CAPSULE_E_STATE, capsule_acquisition_take(waiting.get(), kPatienceMs, none.out(), error));
  });
  ACCEPTED(capsule_acquisition_cancel(waiting.get(), error));
  threads.join();
  ACCEPTED(capsule_acquisition_cancel(waiting.get(), error));
  released.reset();
  CHECK_EQ(metrics_of(pool).acquisition_canceled, 2);
  // One that has its session already gives it back unused.
  Acquisition served = acquire_async(pool);
  give_back(pool, std::move(session));
  std::int32_t fd = -1;
  ACCEPTED(capsule_acquisition_get_fd(served.get(), &fd, error));
  CHECK(wait_readable(fd, Deadline()));
  served.reset();
  const capsule_pool_metrics metrics = metrics_of(pool);
  check_balance(metrics);
  CHECK_EQ(metrics.acquisition_canceled, 2);
  CHECK_EQ(metrics.reclaimed, 1);
  CHECK_EQ(metrics.sessions_idle, 1);
  CHECK_EQ(metrics.sessions_created, 1);
}

CAPSULE_TEST(a_session_is_taken_once) {
  const Pool pool = make_pool(small(1, 1));
  const Acquisition acquisition = acquire_async(pool);
  const Session session = take(acquisition);
  Session none;
  REFUSED(CAPSULE_E_STATE, capsule_acquisition_take(acquisition.get(), -1, none.out(), error));
}

CAPSULE_TEST(a_key_gets_its_session_back) {
  const Pool pool = make_pool(small(3, 3, CAPSULE_RESET_KEEP));
  wait_ready(pool);
  std::vector<std::uint64_t> ids;
  {
    std::vector<Session> sessions;
    for (const char *key : {"a", "b"}) {
      sessions.push_back(acquire(pool, key));
      ids.push_back(info_of(sessions.back()).session_id);
    }
    for (Session &session : sessions) {
      give_back(pool, std::move(session));
    }
  }
  for (int i = 0; i < 3; ++i) {
    Session of_b = acquire(pool, "b");
    CHECK_EQ(info_of(of_b).session_id, ids[1]);
    Session of_a = acquire(pool, "a");
    CHECK_EQ(info_of(of_a).session_id, ids[0]);
    // Others get what is nobody's, while there is any.
    Session of_c = acquire(pool);
    CHECK(info_of(of_c).session_id != ids[0] && info_of(of_c).session_id != ids[1]);
    give_back(pool, std::move(of_a));
    give_back(pool, std::move(of_b));
    give_back(pool, std::move(of_c));
  }
  CHECK_EQ(metrics_of(pool).affinity_hits, 6);
}

CAPSULE_TEST(giving_back_twice_or_to_another_pool_is_refused) {
  const Pool pool = make_pool(small(1, 2));
  const Pool other = make_pool(small(1, 2));
  Session session = acquire(pool);
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_pool_give_back(other.get(), session.get(), error)), "session");
  CHECK_EQ(printed_by(session, "out still mine"), "still mine\n");
  capsule_session *token = session.take();
  ACCEPTED(capsule_pool_give_back(pool.get(), token, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_pool_give_back(pool.get(), token, error));
  capsule_session_info info{.struct_size = sizeof info};
  REFUSED(CAPSULE_E_HANDLE, capsule_session_get_info(token, &info, error));
  const Session own = open_session(SessionOptions::echo());
  REFUSED(CAPSULE_E_ARGUMENT, capsule_pool_give_back(pool.get(), own.get(), error));
  CHECK_EQ(printed_by(own, "out mine"), "mine\n");
  CHECK_EQ(metrics_of(pool).given_back, 1);
  CHECK_EQ(metrics_of(other).given_back, 0);
}

CAPSULE_TEST(a_handle_that_is_released_gives_the_session_back) {
  const Pool pool = make_pool(small(0, 1));
  Session session = acquire(pool);
  session.reset();
  give_back(pool, acquire(pool));
  const capsule_pool_metrics metrics = metrics_of(pool);
  check_balance(metrics);
  CHECK_EQ(metrics.reclaimed, 1);
  CHECK_EQ(metrics.given_back, 1);
}

CAPSULE_TEST(what_runs_is_canceled_when_the_session_is_given_back) {
  for (const std::int32_t reset : {CAPSULE_RESET_PRISTINE, CAPSULE_RESET_KEEP, CAPSULE_RESET_NEW_PROCESS}) {
    const Pool pool = make_pool(small(0, 1, reset));
    Session session = acquire(pool);
    Run running(session, "spin");
    running.until(CAPSULE_EVENT_STARTED);
    Run queued(session, "out never");
    give_back(pool, std::move(session));
    CHECK_EQ(running.end().outcome, "canceled");
    CHECK_EQ(queued.end().outcome, "canceled");
    CHECK_EQ(queued.out(), "");
    Session next = acquire(pool);
    CHECK_EQ(printed_by(next, "out hello"), "hello\n");
    give_back(pool, std::move(next));
    CHECK_EQ(metrics_of(pool).given_back_busy, 1);
  }
}

CAPSULE_TEST(what_cannot_be_canceled_is_killed) {
  PoolOptions options = small(0, 1, CAPSULE_RESET_KEEP);
  options.session.raw.cancel_grace_ms = 20;
  const Pool pool = make_pool(options);
  Session session = acquire(pool);
  Run running(session, "out began\nstubborn");
  running.until_output("began");
  give_back(pool, std::move(session));
  CHECK_EQ(running.end().outcome, "canceled");
  Session next = acquire(pool);
  CHECK_EQ(printed_by(next, "out hello"), "hello\n");
  CHECK_EQ(metrics_of(pool).sessions_restarted, 1);
}

CAPSULE_TEST(idle_sessions_that_die_are_replaced) {
  const Pool pool = make_pool(small(2, 2, CAPSULE_RESET_KEEP));
  wait_ready(pool);
  capsule_pool_sessions list{.struct_size = sizeof list};
  ACCEPTED(capsule_pool_list_sessions(pool.get(), &list, error));
  CHECK_EQ(list.count, 2);
  std::vector<Watched> killed;
  for (std::size_t i = 0; i < list.count; ++i) {
    CHECK_EQ(capsule_pooled_state_name(list.sessions[i].state), "idle"sv);
    killed.emplace_back(list.sessions[i].pid).kill(SIGKILL);
  }
  capsule_pool_sessions_release(&list);
  check_gone(killed, Deadline(), "the sessions");
  until(pool, "both are replaced", [](const auto &m) { return m.sessions_restarted == 2 && m.sessions_idle == 2; });
  Session session = acquire(pool);
  CHECK_EQ(printed_by(session, "out alive"), "alive\n");
}

CAPSULE_TEST(a_session_that_died_in_use_is_replaced_when_it_is_given_back) {
  const Pool pool = make_pool(small(0, 1, CAPSULE_RESET_KEEP));
  Session session = acquire(pool);
  Run run(session, "kill");
  CHECK_EQ(run.end().outcome, "died");
  CHECK_EQ(metrics_of(pool).sessions_active, 1);
  give_back(pool, std::move(session));
  Session next = acquire(pool);
  CHECK_EQ(printed_by(next, "out alive"), "alive\n");
  CHECK_EQ(metrics_of(pool).sessions_restarted, 1);
  // One that its caller has restarted is no longer warm.
  ACCEPTED(capsule_session_restart(next.get(), error));
  give_back(pool, std::move(next));
  CHECK_EQ(metrics_of(pool).sessions_restarted, 2);
}

CAPSULE_TEST(a_thousand_waiters_end_when_the_pool_is_closed) {
  const Pool pool = make_pool(small(0, 1));
  const Session session = acquire(pool);
  std::vector<Acquisition> line;
  for (int i = 0; i < 1000; ++i) {
    line.push_back(acquire_async(pool));
  }
  Threads threads;
  for (int i = 0; i < 10; ++i) {
    threads.start([&] { refuse_acquire(pool, CAPSULE_E_CLOSED); });
  }
  until(pool, "all wait", [](const auto &m) { return m.waiters_now == 1010; });
  const Watched worker(info_of(session).pid);
  close_pool(pool);
  threads.join();
  check_gone({}, Deadline(), "");
  CHECK(worker.wait_gone(Deadline(0)));
  for (const Acquisition &one : line) {
    Session none;
    REFUSED(CAPSULE_E_CLOSED, capsule_acquisition_take(one.get(), 0, none.out(), error));
  }
  refuse_acquire(pool, CAPSULE_E_CLOSED);
  const capsule_pool_metrics metrics = metrics_of(pool);
  check_balance(metrics);
  CHECK_EQ(metrics.acquisition_refused, 1011);
  CHECK_EQ(metrics.reclaimed, 1);
  CHECK_EQ(metrics.sessions_total, 0);
  CHECK_EQ(metrics.sessions_created, metrics.sessions_removed);
  CHECK_EQ(info_of(pool).state, 2);
  // The handle of the session is still one, and of a closed session.
  REFUSED(CAPSULE_E_CLOSED, capsule_execution_create(session.get(), "out x", 5, nullptr, Execution().out(), error));
  REFUSED(CAPSULE_E_CLOSED, capsule_pool_give_back(pool.get(), session.get(), error));
}

CAPSULE_TEST(a_close_waits_for_what_is_given_back_in_time) {
  const Pool pool = make_pool(small(1, 2));
  Session session = acquire(pool);
  Run run(session, "input ?");
  run.until(CAPSULE_EVENT_INPUT);
  Threads threads;
  threads.start([&] { close_pool(pool, kPatienceMs); });
  until(pool, "idle ones are gone", [](const auto &m) { return m.sessions_total == 1; });
  run.answer("fine");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(run.out(), "fine\n");
  give_back(pool, std::move(session));
  threads.join();
  const capsule_pool_metrics metrics = metrics_of(pool);
  check_balance(metrics);
  CHECK_EQ(metrics.given_back, 1);
  CHECK_EQ(metrics.reclaimed, 0);
}

CAPSULE_TEST(a_shorter_close_ends_the_longer_one) {
  const Pool pool = make_pool(small(0, 1));
  const Session session = acquire(pool);
  Threads threads;
  threads.start([&] { close_pool(pool, 86'400'000); });
  until(pool, "it closes", [&](const auto &) { return info_of(pool).state == 1; });
  close_pool(pool, 0);
  threads.join();
  CHECK_EQ(metrics_of(pool).reclaimed, 1);
}

CAPSULE_TEST(any_order_of_release_is_safe) {
  Runtime runtime = make_runtime();
  Pool pool = make_pool(small(1, 2), runtime);
  Session session = acquire(pool);
  Acquisition acquisition = acquire_async(pool);
  runtime.reset();
  pool.reset();
  CHECK_EQ(printed_by(session, "out alive"), "alive\n");
  session.reset();
  session = take(acquisition);
  acquisition.reset();
  CHECK_EQ(printed_by(session, "out alive"), "alive\n");
  session.reset();
}

CAPSULE_TEST(a_runtime_that_is_closed_closes_its_pools) {
  Runtime runtime = make_runtime();
  const Pool pool = make_pool(small(1, 1), runtime);
  Session session = acquire(pool);
  const Acquisition waiting = acquire_async(pool);
  ACCEPTED(capsule_runtime_close(runtime.get(), 0, error));
  give_back(pool, std::move(session));
  Session none;
  REFUSED(CAPSULE_E_CLOSED, capsule_acquisition_take(waiting.get(), kPatienceMs, none.out(), error));
  refuse_acquire(pool, CAPSULE_E_CLOSED);
  check_balance(metrics_of(pool));
  close_pool(pool);
}

CAPSULE_TEST(a_pool_that_is_not_pre_warmed_starts_with_the_first_acquisition) {
  PoolOptions options = small(2, 3);
  options.raw.pre_warm = 0;
  const Pool pool = make_pool(options);
  CHECK_EQ(metrics_of(pool).creations_requested, 0);
  give_back(pool, acquire(pool));
  until(pool, "it is filled", [](const auto &m) { return m.sessions_idle == 2; });
}

CAPSULE_TEST(no_more_wait_than_max_waiters) {
  PoolOptions options = small(0, 1);
  options.raw.max_waiters = 2;
  const Pool pool = make_pool(options);
  const Session session = acquire(pool);
  const Acquisition first = acquire_async(pool);
  const Acquisition second = acquire_async(pool);
  CHECK_CONTAINS(refuse_acquire(pool, CAPSULE_E_LIMIT), "max_waiters is 2");
  CHECK_EQ(metrics_of(pool).acquisition_refused, 1);
  check_balance(metrics_of(pool));
}

CAPSULE_TEST(idle_sessions_beyond_the_least_are_let_go) {
  PoolOptions options = small(1, 4, CAPSULE_RESET_KEEP);
  options.raw.idle_timeout_ms = 20;
  const Pool pool = make_pool(options);
  std::vector<Session> sessions;
  for (int i = 0; i < 4; ++i) {
    sessions.push_back(acquire(pool));
  }
  for (Session &session : sessions) {
    give_back(pool, std::move(session));
  }
  const capsule_pool_metrics metrics =
      until(pool, "those beyond are let go", [](const auto &m) { return m.removed_idle == 3; });
  CHECK_EQ(metrics.sessions_idle, 1);
}

CAPSULE_TEST(old_sessions_are_replaced) {
  PoolOptions options = small(1, 1, CAPSULE_RESET_KEEP);
  options.raw.recycle_age_ms = 30;
  const Pool pool = make_pool(options);
  until(pool, "three generations", [](const auto &m) { return m.sessions_recycled >= 2 && m.sessions_idle == 1; });
}

CAPSULE_TEST(idle_sessions_that_hang_are_found_by_a_look) {
  PoolOptions options = small(1, 1, CAPSULE_RESET_KEEP);
  options.raw.health_interval_ms = 50;
  const Pool pool = make_pool(options);
  until(pool, "it was looked at", [](const auto &m) { return m.health_touches >= 2 && m.sessions_idle == 1; });
  Session session = acquire(pool);
  const Watched worker(info_of(session).pid);
  give_back(pool, std::move(session));
  worker.kill(SIGSTOP);
  until(pool, "it is replaced", [](const auto &m) { return m.removed_by_health + m.sessions_restarted >= 1; });
  CHECK(worker.wait_gone(Deadline()));
  Session next = acquire(pool);
  CHECK_EQ(printed_by(next, "out alive"), "alive\n");
}

CAPSULE_TEST(at_rest_nothing_is_done) {
  const Pool pool = make_pool(small(2, 4));
  wait_ready(pool);
  give_back(pool, acquire(pool));
  const capsule_pool_metrics before =
      until(pool, "it is at rest", [](const auto &m) { return m.sessions_idle == 2 && m.sessions_total == 2; });
  // As long as an acquisition that waits in vain.
  const Session one = acquire(pool);
  until(pool, "and at rest again", [](const auto &m) { return m.sessions_idle == 2; });
  const capsule_pool_metrics after = metrics_of(pool);
  CHECK_EQ(after.health_check_runs, before.health_check_runs);
  CHECK_EQ(after.sessions_created, before.sessions_created + 1);
  CHECK_EQ(after.warmup_triggers, before.warmup_triggers + 1);
}
