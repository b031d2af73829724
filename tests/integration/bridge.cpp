// Calls of the host from Python: what they look like there, what the host gets, and how they end.
#include "bridge.hpp"

#include <poll.h>

#include <csignal>
#include <set>

#include "process.hpp"
#include "values.hpp"

using namespace capsule_test;

namespace {

bool is_readable(std::int32_t fd, int timeout_ms) {
  pollfd one{fd, POLLIN, 0};
  return poll(&one, 1, timeout_ms) == 1;
}

// Takes it away once `calls` have been made in all: those that are not answered yet wait in its line. A call that comes later is
// refused, as one of what was never offered.
void take_away_after(const Bridge &bridge, const std::string &name, std::uint64_t calls) {
  const Deadline deadline;
  while (metrics_of(bridge).calls < calls && !deadline.over()) {
    before_the_next_look();
  }
  ACCEPTED(capsule_bridge_unregister(bridge.get(), name.data(), name.size(), error));
}

struct Echo {
  explicit Echo(std::vector<capsule_rule> rules = {rule("*")}) : session(open_with(bridge, std::move(rules))) {
    offer(bridge, capability("echo"));
    offer(bridge, capability("db.query", "sql, *, limit=100"));
  }
  Bridge bridge = make_bridge();
  Session session;
  Server server{bridge, echo_arguments};
};

}  // namespace

CAPSULE_TEST(python_calls_what_the_host_offers) {
  const Echo echo;
  CHECK_EQ(value_of(echo.session, "host.echo(a=1, b=['x', None], c={'d': 1.5})"),
           "{'a': 1, 'b': ['x', None], 'c': {'d': 1.5}}");
  CHECK_EQ(value_of(echo.session, "host.db.query('select 1', limit=5)"), "{'sql': 'select 1', 'limit': 5}");
  CHECK_EQ(value_of(echo.session, "host.db.query(sql='x')"), "{'sql': 'x', 'limit': 100}");
  CHECK_CONTAINS(raised_by(echo.session, "host.db.query()"),
                 "TypeError: query() missing 1 required positional argument: 'sql'");
  CHECK_CONTAINS(raised_by(echo.session, "host.nothing"), "AttributeError: the host offers no 'nothing'");
  CHECK_CONTAINS(raised_by(echo.session, "host.echo(a=object())"), "TypeError: Object of type object is not JSON serializable");
  CHECK_EQ(value_of(echo.session, "import inspect; str(inspect.signature(host.db.query))"), "'(sql, *, limit=100)'");
  CHECK_EQ(value_of(echo.session, "'db' in dir(host), 'query' in dir(host.db)"), "(True, True)");
  const capsule_bridge_metrics metrics = metrics_of(echo.bridge);
  check_balance(metrics);
  CHECK_EQ(metrics.calls, 3);
  CHECK_EQ(metrics.ok, 3);
  CHECK_EQ(metrics.bridge_pending_current, 0);
}

CAPSULE_TEST(what_runs_on_an_event_loop_awaits_its_calls) {
  const Echo echo;
  CHECK_EQ(value_of(echo.session,
                    "import asyncio\nrows = await asyncio.gather(*(host.echo(n=n) for n in range(50)))\n"
                    "[row['n'] for row in rows] == list(range(50)), await host.echo(x=1)"),
           "(True, {'x': 1})");
  CHECK_EQ(value_of(echo.session, "await asyncio.sleep(0)\nhost.echo.call(y=2)"), "{'y': 2}");
  // A task that outlives its execution has its call answered too.
  value_of(echo.session,
           "async def later(): return await host.echo(z=3)\ntask = asyncio.ensure_future(later())\nawait asyncio.sleep(0)");
  CHECK_EQ(value_of(echo.session, "await task"), "{'z': 3}");
}

CAPSULE_TEST(threads_call_at_once) {
  const Echo echo;
  CHECK_EQ(value_of(echo.session,
                    "from concurrent.futures import ThreadPoolExecutor\n"
                    "with ThreadPoolExecutor(8) as pool: got = list(pool.map(lambda n: host.echo(n=n)['n'], range(200)))\n"
                    "got == list(range(200))"),
           "True");
  CHECK_EQ(metrics_of(echo.bridge).ok, 200);
}

CAPSULE_TEST(the_host_answers_in_any_order) {
  const Bridge bridge = make_bridge();
  const Session session = open_with(bridge, {rule("*")});
  offer(bridge, capability("wait"));
  Run run(session, "import asyncio\nawait asyncio.gather(host.wait(n=0), host.wait(n=1), host.wait(n=2))");
  Request requests[3];
  for (Request &request : requests) {
    CHECK_EQ(request.take(bridge), CAPSULE_OK);
    CHECK_EQ(request.raw.kind, CAPSULE_REQUEST_CALL);
    CHECK_EQ(request.capability(), "wait");
  }
  CHECK_EQ(metrics_of(bridge).bridge_pending_current, 3);
  capsule_pending_call rows[2];
  std::size_t count = 0;
  std::uint64_t total = 0;
  ACCEPTED(capsule_bridge_list_pending(bridge.get(), rows, 2, &count, &total, error));
  CHECK_EQ(count, 2);
  CHECK_EQ(total, 3);
  CHECK_EQ(capsule_call_state_name(rows[0].state), "taken"sv);
  CHECK_EQ(std::string(rows[0].capability), "wait");
  for (int i = 2; i >= 0; --i) {
    respond(bridge, requests[i].id(), "\"" + requests[i].arguments().substr(5, 1) + "\"");
  }
  CHECK_EQ(run.end().repr, "['0', '1', '2']");
  const capsule_bridge_metrics metrics = metrics_of(bridge);
  check_balance(metrics);
  CHECK_EQ(metrics.bridge_pending_hwm, 3);
}

CAPSULE_TEST(bytes_and_buffers_travel_as_they_are) {
  const Bridge bridge = make_bridge();
  const Session session = open_with(bridge, {rule("*")});
  offer(bridge, capability("put", "name, data"));
  for (const std::size_t size : {std::size_t{5}, std::size_t{1} << 20U}) {
    Run run(session, "got = host.put('x', bytes(" + std::to_string(size) + "))\ntype(got).__name__, len(got), bytes(got[:3])");
    Request request;
    CHECK_EQ(request.take(bridge), CAPSULE_OK);
    CHECK_EQ(request.arguments(), "{\"name\":\"x\"}");
    CHECK_EQ(request.raw.attachment_count, 1);
    CHECK_EQ(string_of(request.raw.attachments[0].name), "data");
    CHECK_EQ(request.raw.attachments[0].value->size_bytes, size);
    const std::string answer(size, 'a');
    const capsule_value value = value_as(size < 100 ? CAPSULE_VALUE_BYTES : CAPSULE_VALUE_BUFFER, answer);
    ACCEPTED(capsule_bridge_respond(bridge.get(), request.id(), &value, error));
    CHECK_EQ(run.end().repr, (size < 100 ? "('bytes', 5, b'aaa')" : "('memoryview', 1048576, b'aaa')"));
  }
}

CAPSULE_TEST(a_call_that_no_frame_could_carry_is_refused_where_it_is_made) {
  const Echo echo;
  CHECK_CONTAINS(raised_by(echo.session, "host.echo(a='x' * (17 << 20))"), "ValueError: the arguments take 178258");
  CHECK_CONTAINS(raised_by(echo.session, "host.echo(**{f'a{i}': bytes(1 << 20) for i in range(17)})"),
                 "17 arguments are bytes-like, 17 of them large; there can be 1024, and 16");
  CHECK_CONTAINS(raised_by(echo.session, "host.echo(**{f'a{i}': b'x' for i in range(1025)})"), "1025 arguments are bytes-like");
  CHECK_EQ(value_of(echo.session, "host.echo(**{f'a{i}': bytes(1 << 20) for i in range(16)})"), "{}");
  CHECK_EQ(metrics_of(echo.bridge).calls, 1);
}

// A host's parser calls itself for each level; the code may allow itself more of them than the host does.
CAPSULE_TEST(arguments_that_are_nested_too_deep_for_hosts_are_refused) {
  const Echo echo;
  value_of(echo.session,
           "import sys\nsys.setrecursionlimit(20_000)\ndef nested(levels):\n    x = 1\n    for _ in range(levels): x = [x]\n"
           "    return x\nNone");
  CHECK_CONTAINS(raised_by(echo.session, "host.echo(a=nested(500))"), "ValueError: arguments: ");
  CHECK_EQ(value_of(echo.session, "host.echo(a=nested(499)) is not None"), "True");
}

CAPSULE_TEST(failures_are_exceptions_of_the_host_s_choice) {
  const Bridge bridge = make_bridge();
  const Session session = open_with(bridge, {rule("*")});
  offer(bridge, capability("fails", "type"));
  const Server server(bridge, [](const Bridge &to, const Request &request) {
    const std::string type = request.arguments().substr(9, request.arguments().size() - 11);
    fail_request(to, request.id(), type.c_str(), "no such row");
  });
  CHECK_EQ(raised_by(session, "host.fails('KeyError')"), "\"KeyError: 'no such row'\"");
  CHECK_EQ(raised_by(session, "host.fails('QuotaExceeded')"), "'Error: no such row'");
  CHECK_EQ(raised_by(session, "host.fails('SystemExit')"), "'Error: no such row'");
  CHECK_EQ(raised_by(session, "host.fails('StopIteration')"), "'Error: no such row'");
  Run awaited(session, "import asyncio\nawait host.fails('StopIteration')");
  CHECK_EQ(awaited.end().error_type, "host.Error");
  CHECK_EQ(raised_by(session, "host.fails('UnicodeDecodeError')"), "'Error: no such row'");
  CHECK_EQ(value_of(session, "try: host.fails('Odd')\nexcept host.Error as e: r = e.type, e.capability\nr"),
           "('Odd', 'fails')");
  // No frame of the engine is in the traceback.
  Run run(session, "host.fails('ValueError')");
  CHECK_EQ(run.end().error_type, "ValueError");
  CHECK(run.end().traceback.value_or("").find("<capsule>") == std::string::npos);
  CHECK_EQ(metrics_of(bridge).failed, 8);
}

CAPSULE_TEST(a_call_ends_at_its_deadline) {
  const Bridge bridge = make_bridge();
  capsule_capability slow = capability("slow");
  slow.timeout_ms = 30;
  offer(bridge, slow);
  offer(bridge, capability("long"));
  const Session session = open_with(bridge, {rule("*")});
  CHECK_EQ(raised_by(session, "host.slow()"), "'TimeoutError: the host did not answer in time'");
  CHECK_EQ(raised_by(session, "host.long(_timeout=0.02)"), "'TimeoutError: the host did not answer in time'");
  CHECK_CONTAINS(raised_by(session, "host.long(_timeout=-1)"), "ValueError: _timeout is -1");
  Request late;
  CHECK_EQ(late.take(bridge, 0), CAPSULE_E_TIMEOUT);  // they ended before anybody took them
  Run run(session, "try: host.slow()\nexcept TimeoutError: pass");
  CHECK_EQ(late.take(bridge), CAPSULE_OK);
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_CONTAINS(refuse_respond(bridge, late.id(), CAPSULE_E_STATE), "nobody waits");
  const capsule_bridge_metrics metrics = metrics_of(bridge);
  check_balance(metrics);
  CHECK_EQ(metrics.timed_out, 3);
  CHECK_EQ(metrics.late_settlements, 1);
}

CAPSULE_TEST(a_call_that_is_canceled_is_given_up) {
  capsule_bridge_options options;
  capsule_bridge_options_init(&options, sizeof options);
  options.cancel_notices = 1;
  const Bridge bridge = make_bridge(shared_runtime(), &options);
  offer(bridge, capability("wait"));
  const Session session = open_with(bridge, {rule("*")});
  for (const char *source : {"host.wait()", "import asyncio\nawait host.wait()"}) {
    Run run(session, source);
    Request taken;
    CHECK_EQ(taken.take(bridge), CAPSULE_OK);
    run.cancel();
    CHECK_EQ(run.end().outcome, "canceled");
    Request notice;
    CHECK_EQ(notice.take(bridge), CAPSULE_OK);
    CHECK_EQ(notice.raw.kind, CAPSULE_REQUEST_CANCELED);
    CHECK_EQ(notice.id(), taken.id());
    refuse_respond(bridge, taken.id(), CAPSULE_E_STATE);
  }
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  CHECK_EQ(metrics_of(bridge).canceled, 2);
}

CAPSULE_TEST(a_death_ends_what_its_worker_waited_for) {
  const Bridge bridge = make_bridge();
  offer(bridge, capability("wait"));
  const Session session = open_with(bridge, {rule("*")});
  Run run(session, "host.wait()");
  Request taken;
  CHECK_EQ(taken.take(bridge), CAPSULE_OK);
  Watched(info_of(session).pid).kill(SIGKILL);
  CHECK_EQ(run.end().outcome, "died");
  refuse_respond(bridge, taken.id(), CAPSULE_E_STATE);
  check_balance(metrics_of(bridge));
  CHECK_EQ(metrics_of(bridge).canceled, 1);
}

CAPSULE_TEST(a_close_ends_every_call_and_every_wait) {
  const Bridge bridge = make_bridge();
  offer(bridge, capability("wait"));
  const Session session = open_with(bridge, {rule("*")});
  Run run(session,
          "try: host.wait()\nexcept ConnectionError as e: print(e)\ntry: host.wait()\nexcept ConnectionError as e: print(e)");
  Request taken;
  CHECK_EQ(taken.take(bridge), CAPSULE_OK);
  ACCEPTED(capsule_bridge_close(bridge.get(), error));
  ACCEPTED(capsule_bridge_close(bridge.get(), error));
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(run.out(), "the bridge is closed\nthe bridge is closed\n");
  CHECK_EQ(taken.take(bridge), CAPSULE_E_CLOSED);
  CHECK_EQ(metrics_of(bridge).rejected_at_shutdown, 2);
  check_balance(metrics_of(bridge));
}

CAPSULE_TEST(all_calls_can_be_canceled) {
  const Bridge bridge = make_bridge();
  offer(bridge, capability("wait"));
  const Session session = open_with(bridge, {rule("*")});
  Run run(session, "try: host.wait()\nexcept Exception as e: r = type(e).__name__\nr");
  Request taken;
  CHECK_EQ(taken.take(bridge), CAPSULE_OK);
  ACCEPTED(capsule_bridge_cancel_all(bridge.get(), error));
  CHECK_EQ(run.end().repr, "'CancelledError'");
  ACCEPTED(capsule_bridge_cancel_all(bridge.get(), error));
}

CAPSULE_TEST(an_idempotent_call_reaches_the_host_once) {
  const Bridge bridge = make_bridge();
  capsule_capability charge = capability("charge", "amount");
  charge.flags = CAPSULE_CAPABILITY_IDEMPOTENT;
  offer(bridge, charge);
  int served = 0;
  const Server server(bridge, [&](const Bridge &to, const Request &request) {
    ++served;
    respond(to, request.id(), std::to_string(served));
  });
  const Session session = open_with(bridge, {rule("*")});
  ExecutionOptions options;
  options.raw.idempotency_key = capsule_text_from("order-17");
  const auto run_again = [&](const ExecutionOptions &with) {
    Run run(session, "[host.charge(5) for _ in range(3)]", with);
    return run.end().repr;
  };
  CHECK_EQ(run_again(options), "[1, 2, 3]");
  CHECK_EQ(run_again(options), "[1, 2, 3]");
  CHECK_EQ(run_again({}), "[4, 5, 6]");
  const Session other = open_with(bridge, {rule("*")});
  Run run(other, "[host.charge(5) for _ in range(3)]", options);
  CHECK_EQ(run.end().repr, "[1, 2, 3]");
  CHECK_EQ(metrics_of(bridge).joined, 6);
  check_balance(metrics_of(bridge));
}

CAPSULE_TEST(threads_and_tasks_that_call_from_one_place_have_keys_of_their_own) {
  const Bridge bridge = make_bridge();
  capsule_capability charge = capability("charge");
  charge.flags = CAPSULE_CAPABILITY_IDEMPOTENT;
  offer(bridge, charge);
  std::set<std::string> keys;
  const Server server(bridge, [&](const Bridge &to, const Request &request) {
    keys.insert(request.key());
    respond(to, request.id(), std::to_string(keys.size()));
  });
  const Session session = open_with(bridge, {rule("*")});
  CHECK_EQ(value_of(session,
                    "import asyncio, sys\nfrom concurrent.futures import ThreadPoolExecutor\nsys.setswitchinterval(1e-6)\n"
                    "def charge(_): return host.charge()\n"
                    "with ThreadPoolExecutor(8) as pool: got = list(pool.map(charge, range(300)))\nlen(set(got))"),
           "300");
  // A task of an execution that is over, between calls of one that runs.
  value_of(session,
           "async def two(): return [await host.charge() for _ in range(40)]\n"
           "task = asyncio.ensure_future(two())\nawait asyncio.sleep(0)");
  CHECK_EQ(value_of(session, "mine = [await host.charge() for _ in range(40)]\nlen(set(mine + await task))"), "80");
  CHECK_EQ(keys.size(), 380);
  CHECK_EQ(metrics_of(bridge).joined, 0);
}

CAPSULE_TEST(what_the_host_did_for_one_that_died_is_not_done_again) {
  const Bridge bridge = make_bridge();
  capsule_capability charge = capability("charge");
  charge.flags = CAPSULE_CAPABILITY_IDEMPOTENT;
  offer(bridge, charge);
  const Session session = open_with(bridge, {rule("*")});
  ExecutionOptions options;
  options.raw.idempotency_key = capsule_text_from("k");
  Run first(session, "host.charge()", options);
  Request taken;
  CHECK_EQ(taken.take(bridge), CAPSULE_OK);
  Watched(info_of(session).pid).kill(SIGKILL);
  CHECK_EQ(first.end().outcome, "died");
  const Session next = open_with(bridge, {rule("*")});
  Run second(next, "host.charge()", options);
  const Deadline deadline;
  while (metrics_of(bridge).joined == 0 && !deadline.over()) {
    before_the_next_look();
  }
  respond(bridge, taken.id(), "\"done\"");
  CHECK_EQ(second.end().repr, "'done'");
  Request none;
  CHECK_EQ(none.take(bridge, 0), CAPSULE_E_TIMEOUT);
  check_balance(metrics_of(bridge));
}

CAPSULE_TEST(a_stream_is_an_iterator_with_back_pressure) {
  const Bridge bridge = make_bridge();
  capsule_capability tail = capability("tail", "count");
  tail.flags = CAPSULE_CAPABILITY_STREAM;
  offer(bridge, tail);
  const Server server(bridge, [](const Bridge &to, const Request &request) {
    const int count = std::atoi(request.arguments().c_str() + 9);
    for (int i = 0; i < count; ++i) {
      const std::string json = std::to_string(i);
      const capsule_value piece = value_as(CAPSULE_VALUE_JSON, json);
      if (capsule_bridge_send_chunk(to.get(), request.id(), &piece, -1, nullptr) != CAPSULE_OK) {
        return;
      }
    }
    ACCEPTED(capsule_bridge_respond(to.get(), request.id(), nullptr, error));
  });
  const Session session = open_with(bridge, {rule("*")});
  CHECK_EQ(value_of(session, "list(host.tail(1000)) == list(range(1000))"), "True");
  CHECK_EQ(value_of(session, "import asyncio\n[n async for n in host.tail(300)] == list(range(300))"), "True");
  // One that wants no more is over for the host too.
  CHECK_EQ(value_of(session, "it = host.tail(10**9); [next(it) for _ in range(100)][-1], it.close()"), "(99, None)");
  CHECK_EQ(value_of(session, "list(host.tail(3))"), "[0, 1, 2]");
  check_balance(metrics_of(bridge));
}

CAPSULE_TEST(calls_wait_for_their_capability_s_limits) {
  const Bridge bridge = make_bridge();
  capsule_capability one = capability("one");
  one.max_concurrent = 1;
  offer(bridge, one);
  const Session session = open_with(bridge, {rule("*")});
  Run run(session, "import asyncio\nawait asyncio.gather(host.one(), host.one(), host.one())");
  for (int i = 0; i < 3; ++i) {
    Request request;
    CHECK_EQ(request.take(bridge), CAPSULE_OK);
    Request none;
    CHECK_EQ(none.take(bridge, 0), CAPSULE_E_TIMEOUT);
    respond(bridge, request.id(), "0");
  }
  CHECK_EQ(run.end().repr, "[0, 0, 0]");
  capsule_capability rated = capability("rated");
  rated.calls_per_s = 50;
  offer(bridge, rated);
  const Server server(bridge, echo_arguments);
  Run slow(session, "for _ in range(4): host.rated()");
  CHECK_EQ(slow.end().outcome, "ok");
  CHECK_AT_LEAST(slow.end().promise_wait_ns, 55'000'000U);
  // Those that wait have their turn also when the capability is taken away.
  const std::uint64_t before = metrics_of(bridge).calls;
  Run last(session, "import asyncio\nawait asyncio.gather(*(host.rated() for _ in range(5)))");
  take_away_after(bridge, "rated", before + 5);
  CHECK_EQ(last.end().outcome, "ok");
}

CAPSULE_TEST(registrations_are_checked) {
  const Bridge bridge = make_bridge();
  const auto refuse = [&](capsule_capability made, capsule_status status = CAPSULE_E_ARGUMENT) {
    return REFUSED(status, capsule_bridge_register(bridge.get(), &made, error));
  };
  for (const char *name : {"", "a b", "1a", "_a", ".a", "a.", "a..b", "a-b", "é"}) {
    CHECK_CONTAINS(refuse(capability(name)), "name");
  }
  offer(bridge, capability("db.query"));
  CHECK_CONTAINS(refuse(capability("db.query"), CAPSULE_E_NAME), "taken");
  CHECK_CONTAINS(refuse(capability("db"), CAPSULE_E_NAME), "taken");
  CHECK_CONTAINS(refuse(capability("db.query.x"), CAPSULE_E_NAME), "taken");
  capsule_capability bad = capability("bad");
  bad.arguments_schema = capsule_text_from(R"({"properties": {"x": {"if": {}}}})");
  CHECK_CONTAINS(refuse(bad), "'/properties/x/if' is a keyword that is not known");
  bad.arguments_schema = capsule_text_from("{");
  CHECK_CONTAINS(refuse(bad), "arguments_schema is no JSON");
  bad = capability("bad");
  bad.flags = 64;
  CHECK_CONTAINS(refuse(bad), "flags");
  bad = capability("bad");
  bad.timeout_ms = 0;
  CHECK_CONTAINS(refuse(bad), "timeout_ms");
  REFUSED(CAPSULE_E_NAME, capsule_bridge_unregister(bridge.get(), "x", 1, error));
  ACCEPTED(capsule_bridge_unregister(bridge.get(), "db.query", 8, error));
  offer(bridge, capability("db"));
  refuse_respond(bridge, 7, CAPSULE_E_ARGUMENT);
}

CAPSULE_TEST(the_host_may_serve_by_its_own_event_loop) {
  const Bridge bridge = make_bridge();
  offer(bridge, capability("x"));
  const Session session = open_with(bridge, {rule("*")});
  std::int32_t fd = -1;
  ACCEPTED(capsule_bridge_get_fd(bridge.get(), &fd, error));
  Run run(session, "host.x()");
  CHECK(is_readable(fd, kPatienceMs));
  Request request;
  CHECK_EQ(request.take(bridge, 0), CAPSULE_OK);
  CHECK(!is_readable(fd, 0));
  respond(bridge, request.id(), "1");
  CHECK_EQ(run.end().repr, "1");
}

CAPSULE_TEST(what_a_failed_call_raises_says_which_it_was) {
  const Bridge bridge = make_bridge();
  capsule_capability limited = capability("limited");
  limited.timeout_ms = 30'000;
  offer(bridge, limited);
  const Session session = open_with(bridge, {rule("limited")});
  Run run(session,
          "try: host.limited()\nexcept Exception as e: r = type(e).__name__, e.type, str(e), e.capability, e.execution_id, "
          "e.request_id, e.timeout\nr");
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  const std::string expected = "('Error', 'Odd', 'why', 'limited', " + std::to_string(request.raw.execution_id) + ", " +
                               std::to_string(request.id()) + ", 30.0)";
  fail_request(bridge, request.id(), "Odd", "why");
  CHECK_EQ(*run.end().repr, expected);
}
