// The metrics as text: names and labels of the table, values that move by what happened, sums that outlive what they count.
#include <csignal>

#include "bridge.hpp"
#include "metrics.hpp"
#include "pool.hpp"
#include "process.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

CAPSULE_TEST(executions_are_counted_by_mode_and_outcome) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  value_of(session, "1 + 1");
  value_of(session, "import asyncio\nawait asyncio.sleep(0)");
  Run failing(session, "1 / 0");
  CHECK_EQ(failing.end().outcome, "error");
  const Samples samples(runtime);
  CHECK_EQ(samples[R"(executions_total{pool="none",mode="simple_sync",outcome="ok"})"], 1);
  CHECK_EQ(samples[R"(executions_total{pool="none",mode="top_level_await",outcome="ok"})"], 1);
  CHECK_EQ(samples[R"(executions_total{pool="none",mode="simple_sync",outcome="error"})"], 1);
  CHECK_EQ(samples.sum("executions_total"), 3);
  CHECK_EQ(samples[R"(execution_duration_seconds_count{pool="none",mode="simple_sync"})"], 2);
  CHECK_EQ(samples[R"(execution_duration_seconds_bucket{pool="none",mode="simple_sync",le="+Inf"})"], 2);
  CHECK(samples.real(R"(execution_duration_seconds_sum{pool="none",mode="simple_sync"})") > 0);
  CHECK_EQ(samples[R"(execution_queue_duration_seconds_count{pool="none",mode="simple_sync"})"], 2);
  CHECK_EQ(samples[R"(async_executions_total{pool="none",mode="top_level_await"})"], 1);
  CHECK_EQ(samples[R"(async_loop_executions_total{pool="none",outcome="ok"})"], 1);
  CHECK_EQ(samples[R"(sessions{pool="none",state="idle"})"], 1);
  CHECK_EQ(samples[R"(sessions_started_total{pool="none",path="fork"})"], 1);
  CHECK_EQ(samples[R"(session_start_duration_seconds_count{pool="none",path="fork"})"], 1);
}

CAPSULE_TEST(what_is_gone_stays_in_the_sums) {
  const Runtime runtime = make_runtime();
  {
    const Session session = open_session(runtime);
    value_of(session, "print('12345')");
    ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
    const Samples samples(runtime);
    CHECK_EQ(samples.sum("sessions"), 0);
    CHECK_EQ(samples.sum("executions_total"), 1);
  }
  const Session second = open_session(runtime);
  value_of(second, "print('1')");
  const Samples samples(runtime);
  CHECK_EQ(samples.sum("executions_total"), 2);
  CHECK_EQ(samples[R"(output_bytes_total{pool="none",stream="stdout"})"], 8);
  CHECK_EQ(samples[R"(outputs_sent_total{pool="none",stream="stdout"})"], 2);
  CHECK_EQ(samples[R"(sessions_ended_total{pool="none",reason="closed"})"], 1);
  CHECK_EQ(samples.sum("worker_deaths_total"), 0);
  CHECK_EQ(samples[R"(output_drain_duration_seconds_count{pool="none"})"], 2);
}

CAPSULE_TEST(no_counter_ever_falls) {
  const Runtime runtime = make_runtime();
  std::map<std::string, double> before;
  for (int i = 0; i < 4; ++i) {
    Session session = open_session(runtime);
    value_of(session, "import sys; print('x'); print('y', file=sys.stderr)");
    Run dying(session, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)");
    dying.end();
    for (const bool released : {false, true}) {
      if (released) {
        session.reset();
      }
      const Samples samples(runtime);
      for (const auto &[series, value] : before) {
        if (series.find("_total") != std::string::npos || series.find("_bucket") != std::string::npos) {
          const auto now = samples.all().find(series);
          CHECK(now != samples.all().end());
          if (now->second < value) {
            FAIL(series + " fell");
          }
        }
      }
      before = samples.all();
    }
  }
  const Samples samples(runtime);
  CHECK_EQ(samples[R"(worker_deaths_total{pool="none",reason="signal"})"], 4);
  CHECK_EQ(samples[R"(outputs_enqueued_total{pool="none",stream="stderr"})"], 4);
}

CAPSULE_TEST(opt_in_series_are_absent_and_not_zero) {
  const Runtime runtime = make_runtime();
  {
    const Session session = open_session(runtime);
    value_of(session, "1");
    CHECK(!Samples(runtime).has(R"(limiter_acquires_total{pool="none"})"));
    CHECK_LACKS(prometheus_of(runtime), "cancel_event_triggers");
    capsule_cancel_metrics metrics{.struct_size = sizeof metrics};
    REFUSED(CAPSULE_E_STATE, capsule_session_get_cancel_metrics(session.get(), &metrics, error));
  }
  SessionOptions options;
  options.raw.enable_metrics = 1;
  options.raw.rate_limit_per_s = 1000;
  const Session session = open_session(runtime, std::move(options));
  Run running(session, "while True: pass");
  running.until(CAPSULE_EVENT_STARTED);
  Run queued(session, "1");
  queued.cancel();
  queued.cancel();
  CHECK_EQ(queued.end().outcome, "canceled");
  running.cancel();
  running.cancel();
  CHECK_EQ(running.end().outcome, "canceled");
  const capsule_cancel_metrics metrics = cancel_metrics_of(session);
  CHECK_EQ(metrics.triggers, 2);  // each once
  CHECK_EQ(metrics.executions_canceled, 2);
  CHECK_EQ(metrics.waits_interrupted, 1);
  const Samples samples(runtime);
  CHECK_EQ(samples[R"(cancel_event_triggers_total{pool="none"})"], 2);
  CHECK_EQ(samples[R"(executions_canceled_total{pool="none"})"], 2);
  CHECK_EQ(samples[R"(waits_interrupted_total{pool="none"})"], 1);
  CHECK_AT_LEAST(samples[R"(limiter_acquires_total{pool="none"})"], 1);
  CHECK_AT_LEAST(samples[R"(limiter_tokens{pool="none"})"], 1);
  CHECK_AT_MOST(samples[R"(limiter_tokens{pool="none"})"], 100);  // rate_limit_burst
  CHECK_EQ(samples[R"(cancels_total{pool="none",outcome="effective"})"], 2);
  // The second of `queued`; that of `running` too, where it came behind the end.
  CHECK_AT_LEAST(info_of(session).cancels_noop, 1);
  CHECK_EQ(samples[R"(cancels_total{pool="none",outcome="noop"})"], info_of(session).cancels_noop);
}

CAPSULE_TEST(pools_are_told_apart_by_their_names) {
  const Runtime runtime = make_runtime();
  PoolOptions options;
  options.raw.min_idle = 1;
  options.raw.max_sessions = 2;
  options.raw.name = capsule_text_from("blue \"one\"");
  Pool pool = make_pool(std::move(options), runtime);
  wait_ready(pool);
  Session session = acquire(pool);
  value_of(session, "1");
  give_back(pool, std::move(session));
  const std::string label = R"({pool="blue \"one\"")";
  Samples samples(runtime);
  CHECK_EQ(samples["pool_acquisitions_total" + label + R"(,outcome="hit"})"] +
               samples["pool_acquisitions_total" + label + R"(,outcome="miss"})"],
           1);
  CHECK_EQ(samples["pool_acquire_duration_seconds_count" + label + "}"], 1);
  CHECK_AT_LEAST(samples["executions_total" + label + R"(,mode="simple_sync",outcome="ok"})"], 1);
  CHECK_EQ(samples[R"(executions_total{pool="none",mode="simple_sync",outcome="ok"})"], 0);
  CHECK_EQ(samples["pool_breaker_state" + label + "}"], 0);
  pool.reset();
  samples = Samples(runtime);
  CHECK_EQ(samples["pool_acquire_duration_seconds_count" + label + "}"], 1);
  CHECK_EQ(samples.sum("pool_sessions"), 0);
}

CAPSULE_TEST(a_pool_cannot_be_named_none) {
  PoolOptions options = PoolOptions::echo();
  options.raw.name = capsule_text_from("none");
  Pool pool;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_pool_create(shared_runtime().get(), options.get(), pool.out(), error));
}

CAPSULE_TEST(calls_of_the_host_are_counted_by_capability) {
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("one"));
  const Session session = open_with(bridge, {rule("one")}, {}, runtime);
  Run run(session, "host.one()\ntry: host.no_such_thing_at_all()\nexcept Exception: pass");
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  ACCEPTED(capsule_bridge_respond(bridge.get(), request.raw.request_id, nullptr, error));
  CHECK_EQ(run.end().outcome, "ok");
  REFUSED(CAPSULE_E_STATE, capsule_bridge_respond(bridge.get(), request.raw.request_id, nullptr, error));
  const Samples samples(runtime);
  CHECK_EQ(samples[R"(capability_calls_total{pool="none",capability="one",outcome="ok"})"], 1);
  CHECK_EQ(samples[R"(bridge_resolution_duration_seconds_count{pool="none",capability="one"})"], 1);
  CHECK_EQ(samples[R"(bridge_settlements_ignored_total{pool="none",reason="duplicate"})"], 1);
  CHECK_EQ(samples.sum("bridge_promises_created_total"), samples.sum("bridge_promises_settled_total"));
  CHECK_LACKS(prometheus_of(runtime), "no_such_thing_at_all");  // what code makes up is no label
}

CAPSULE_TEST(answers_that_nobody_waits_for_are_counted_for_the_pool_of_their_call) {
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("one"));
  std::vector<capsule_rule> rules = {rule("one")};
  PoolOptions options = PoolOptions::echo();
  options.raw.name = capsule_text_from("callers");
  options.session.raw.bridge = bridge.get();
  options.session.raw.rules = rules.data();
  options.session.raw.rule_count = rules.size();
  const Pool pool = make_pool(std::move(options), runtime);
  Request request;
  {
    const Session session = acquire(pool);
    Run run(session, "call one {}");
    CHECK_EQ(request.take(bridge), CAPSULE_OK);
    ACCEPTED(capsule_bridge_respond(bridge.get(), request.raw.request_id, nullptr, error));
    CHECK_EQ(run.end().outcome, "ok");
  }
  ACCEPTED(capsule_pool_close(pool.get(), 0, error));  // its sessions are gone when the answer comes
  REFUSED(CAPSULE_E_STATE, capsule_bridge_respond(bridge.get(), request.raw.request_id, nullptr, error));
  const Samples samples(runtime);
  CHECK_EQ(samples[R"(bridge_settlements_ignored_total{pool="callers",reason="duplicate"})"], 1);
  CHECK_EQ(samples.sum("bridge_settlements_ignored_total"), 1);
}

CAPSULE_TEST(input_and_checkpoints_and_losses_are_counted) {
  const Runtime runtime = make_runtime();
  SessionOptions options;
  options.raw.output_budget_bytes = 1024;
  const Session session = open_session(runtime, std::move(options));
  Run asking(session, "input()");
  asking.until(CAPSULE_EVENT_INPUT);
  asking.answer("x");
  asking.end();
  Run asking_again(session, "try: input()\nexcept EOFError: pass");
  asking_again.until(CAPSULE_EVENT_INPUT);
  asking_again.decline();
  asking_again.end();
  Run loud(session, "print('x' * 10_000)");
  loud.end();
  capsule_checkpoint *made = nullptr;
  ACCEPTED(capsule_session_checkpoint(session.get(), nullptr, kPatienceMs, &made, error));
  capsule_checkpoint_release(made);
  const Samples samples(runtime);
  CHECK_EQ(samples[R"(input_requests_total{pool="none",outcome="answered"})"], 1);
  CHECK_EQ(samples[R"(input_requests_total{pool="none",outcome="declined"})"], 1);
  const auto waited_ns = static_cast<double>(asking.end().input_wait_ns + asking_again.end().input_wait_ns);
  CHECK(waited_ns > 0);
  CHECK(std::abs(samples.real(R"(execution_input_wait_seconds_total{pool="none"})") - waited_ns / 1e9) < 1e-6);
  CHECK_AT_LEAST(info_of(session).left_out_output_bytes, 8000);
  CHECK_EQ(samples[R"(output_lost_bytes_total{pool="none",reason="budget"})"], info_of(session).left_out_output_bytes);
  CHECK_EQ(samples[R"(checkpoints_total{pool="none",outcome="ok"})"], 1);
  CHECK_EQ(samples[R"(checkpoint_size_bytes_count{pool="none"})"], 1);
  CHECK_EQ(samples[R"(checkpoint_duration_seconds_count{pool="none"})"], 1);
}

CAPSULE_TEST(nothing_of_the_user_s_is_in_the_text) {  // I7
  const Runtime runtime = make_runtime();
  SessionOptions options;
  options.environment = {"CANARY=swordfish"};
  const Session session = open_session(runtime, std::move(options));
  Run run(session, "swordfish = 'swordfish'; print(swordfish); raise RuntimeError(input('swordfish'))");
  run.until(CAPSULE_EVENT_INPUT);
  run.answer("swordfish");
  run.end();
  CHECK_LACKS(prometheus_of(runtime), "swordfish");
}

CAPSULE_TEST(a_closed_runtime_still_tells) {
  const Runtime runtime = make_runtime();
  {
    const Session session = open_session(runtime, SessionOptions::echo());
    Run run(session, "out x");
    run.end();
  }
  ACCEPTED(capsule_runtime_close(runtime.get(), 0, error));
  CHECK_EQ(Samples(runtime).sum("executions_total"), 1);
  CHECK_CONTAINS(prometheus_of(runtime), std::string("capsule_build_info{version=\"") + capsule_version());
}

CAPSULE_TEST(wrong_arguments_are_refused) {
  capsule_metrics_text text{};
  REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_get_prometheus(shared_runtime().get(), nullptr, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_get_prometheus(shared_runtime().get(), &text, error));
  text.struct_size = sizeof text;
  REFUSED(CAPSULE_E_HANDLE, capsule_runtime_get_prometheus(nullptr, &text, error));
  CHECK(text.text.data == nullptr);
  capsule_metrics_text_release(&text);
  capsule_metrics_text_release(nullptr);
}
