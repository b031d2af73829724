// Durable executions on a Resonate server: one host at a time has them, and what is lost to another is stopped.
#include "resonate.hpp"

#include "bridge.hpp"
#include "files.hpp"
#include "log.hpp"

using namespace capsule_test;

namespace {

// A host that is held up for as long has lost it, and rightly.
constexpr std::int64_t kLeaseMs = kSanitized ? 4'000 : 1'500;

std::string refuse_busy(const Session &session, const Store &store, const std::string &id) {
  const capsule_durable_options durable = durable_options(store, text(id));
  Execution execution;
  return REFUSED(CAPSULE_E_BUSY,
                 capsule_session_execute_durable(session.get(), "1", 1, nullptr, &durable, execution.out(), nullptr, error));
}

}  // namespace

CAPSULE_TEST(it_runs_once_for_all_hosts) {
  const AnyServer server;
  const Store here = open_store(server_options(server.url()));
  const Store there = open_store(server_options(server.url()));
  const Session session = open_session(shared_runtime());
  const std::string id = unique("job");
  PromiseRow row;
  Run run(begin_durable(session, here, id, "int(input()) + 1", row));
  run.until(CAPSULE_EVENT_INPUT);
  refuse_busy(session, there, id);
  refuse_busy(session, here, id);
  run.answer("41");
  CHECK_EQ(wait_for(there, id), "resolved 42");
  CHECK_EQ(durable(session, there, id, "'again'"), "resolved 42");
  CHECK_CONTAINS(durable(session, here, unique("raises"), "1 / 0"), "\"name\":\"ZeroDivisionError\"");
}

CAPSULE_TEST(its_calls_are_recorded_there) {
  const AnyServer server;
  const Store store = open_store(server_options(server.url()));
  const Bridge bridge = make_bridge();
  offer(bridge, capability("step"));
  std::atomic<int> calls{0};
  const Server serving(
      bridge, [&calls](const Bridge &to, const Request &request) { respond(to, request.id(), std::to_string(++calls)); });
  SessionOptions options;
  options.raw.restart_policy = CAPSULE_RESTART_FRESH;
  const Session session = open_with(bridge, {rule("*")}, std::move(options));
  const TempFolder folder;
  const std::string source =
      "import os\na, b = host.step(), host.step()\n"
      "if not os.path.exists('" +
      folder.path() +
      "/alive'):\n"
      "    open('" +
      folder.path() +
      "/alive', 'w').close()\n"
      "    os._exit(3)\n"
      "[a, b, host.step()]";
  const std::string id = unique("steps");
  PromiseRow row;
  Run first(begin_durable(session, store, id, source, row));
  CHECK_EQ(first.end().outcome, "died");
  CHECK_EQ(durable(session, store, id, source), "resolved [1, 2, 3]");
  CHECK_EQ(calls.load(), 3);
}

CAPSULE_TEST(a_host_that_loses_its_lease_stops_and_another_may_run_it) {
  LogSpy log(CAPSULE_LOG_WARN);
  const Front front;
  FaultProxy proxy(front);
  const std::string url = proxy.url();
  capsule_promise_store_options options = server_options(url);
  options.lease_ms = kLeaseMs;
  options.request_timeout_ms = kLeaseMs;
  const Store store = open_store(options);
  const Session session = open_session(shared_runtime());
  PromiseRow row;
  Run run(begin_durable(session, store, "leased", "print('in', flush=True)\nwhile True: pass", row));
  run.until_line();
  proxy.set("{\"down\":true}");
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(metrics_of(store).lost_claims, 1);
  CHECK_CONTAINS(log.wait_for("event=promise_claim_lost"), "event=promise_claim_lost promise=\"h:");
  proxy.set("{\"down\":false}");
  // The server gives it to who asks once the lease is over.
  const std::string direct = front.url();
  const Store other = open_store(server_options(direct));
  const Deadline deadline;
  Execution again;
  while (again.get() == nullptr && !deadline.over()) {
    const capsule_durable_options durable = durable_options(other, capsule_text_from("leased"));
    capsule_session_execute_durable(session.get(), "'done'", 6, nullptr, &durable, again.out(), nullptr, nullptr);
    if (again.get() == nullptr) {
      REFUSED(CAPSULE_E_TIMEOUT, capsule_promise_wait(other.get(), durable.promise_id, 50, nullptr, error));
    }
  }
  CHECK_EQ(wait_for(other, "leased"), "resolved \"done\"");
}

CAPSULE_TEST(a_lease_that_is_kept_alive_lasts) {
  const Front front;
  const std::string url = front.url();
  capsule_promise_store_options options = server_options(url);
  options.lease_ms = kLeaseMs;
  const Store store = open_store(options);
  const Session session = open_session(shared_runtime());
  PromiseRow row;
  const std::string source = "import time\ntime.sleep(" + std::to_string(kLeaseMs * 5 / 2) + " / 1000)\n'kept'";
  Run run(begin_durable(session, store, "long", source, row));
  CHECK_EQ(wait_for(store, "long"), "resolved \"kept\"");
  CHECK_EQ(metrics_of(store).lost_claims, 0);
}

CAPSULE_TEST(answers_that_are_lost_do_not_make_it_run_twice) {
  const Front front;
  const Bridge bridge = make_bridge();
  offer(bridge, capability("step"));
  std::atomic<int> calls{0};
  const Server serving(
      bridge, [&calls](const Bridge &to, const Request &request) { respond(to, request.id(), std::to_string(++calls)); });
  const Session session = open_with(bridge, {rule("*")});
  for (int seed = 1; seed <= 4; ++seed) {
    FaultProxy proxy(front, seed);
    proxy.set("{\"drop\":0.3,\"truncate\":0.1,\"duplicate\":0.1}");
    const std::string url = proxy.url();
    const Store store = open_store(server_options(url));
    calls = 0;
    const std::string id = "lossy-" + std::to_string(seed);
    CHECK_EQ(durable(session, store, id, "[host.step() for i in range(5)]"), "resolved [1, 2, 3, 4, 5]");
    CHECK_EQ(calls.load(), 5);
  }
}

CAPSULE_TEST(what_is_no_execution_is_not_run) {
  const AnyServer server;
  const Store store = open_store(server_options(server.url()));
  const Session session = open_session(shared_runtime());
  const std::string id = unique("plain");
  create(store, id);
  const capsule_durable_options durable = durable_options(store, text(id));
  Execution execution;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_STATE, capsule_session_execute_durable(session.get(), "1", 1, nullptr, &durable,
                                                                          execution.out(), nullptr, error)),
                 "no execution's");
}

// Nothing that it says takes the host down or holds it up.
CAPSULE_TEST(a_server_that_says_anything) {
  const NodeServer liar("liar.mjs", {});
  const std::string url = liar.url();
  capsule_promise_store_options options = server_options(url);
  options.request_timeout_ms = 100;
  options.lease_ms = 1000;
  options.refresh_ms = 100;
  const Store store = open_store(options);
  const Session session = open_session(shared_runtime());
  const capsule_text id = capsule_text_from("a");
  const capsule_promise_wish made = wish_for(id);
  const capsule_durable_options durable = durable_options(store, id);
  for (int i = 0; i < 20; ++i) {
    PromiseRow row;
    capsule_promise_create(store.get(), &made, row.out(), nullptr);
    capsule_promise_settle(store.get(), id, CAPSULE_PROMISE_RESOLVED, {}, row.out(), nullptr);
    capsule_promise_get(store.get(), id, row.out(), nullptr);
    capsule_promise_wait(store.get(), id, 10, row.out(), nullptr);
    Execution execution;
    capsule_session_execute_durable(session.get(), "1", 1, nullptr, &durable, execution.out(), row.out(), nullptr);
    if (execution.get() != nullptr) {
      Run run(std::move(execution));
      run.end();
    }
  }
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  CHECK_AT_LEAST(metrics_of(store).retries, 1U);
}
