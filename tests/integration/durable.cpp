// Durable executions: run once, and recorded with the calls they make.
#include "bridge.hpp"
#include "files.hpp"
#include "promises.hpp"

using namespace capsule_test;

namespace {

// Counts what is called, and answers "NAME COUNT".
struct Counted {
  Bridge bridge = make_bridge();
  std::atomic<int> calls{0};
  Server server{bridge, [this](const Bridge &to, const Request &request) {
                  const int number = ++calls;
                  if (request.capability() == "fail") {
                    fail_request(to, request.id(), "KeyError", "no such thing");
                  } else if (request.capability() == "bytes") {
                    const std::string bytes = request.arguments();
                    const capsule_value value = value_as(CAPSULE_VALUE_BYTES, bytes);
                    ACCEPTED(capsule_bridge_respond(to.get(), request.id(), &value, error));
                  } else if (request.capability() == "none") {
                    ACCEPTED(capsule_bridge_respond(to.get(), request.id(), nullptr, error));
                  } else {
                    respond(to, request.id(), std::to_string(number));
                  }
                }};
  Counted() {
    for (const char *name : {"step", "fail", "bytes", "none"}) {
      offer(bridge, capability(name));
    }
  }
};

std::string refuse(const Session &session, const capsule_durable_options &durable, capsule_status status,
                   const capsule_execution_options *options = nullptr, const std::string &source = "1") {
  Execution execution;
  return REFUSED(status, capsule_session_execute_durable(session.get(), source.data(), source.size(), options, &durable,
                                                         execution.out(), nullptr, error));
}

}  // namespace

CAPSULE_TEST(it_runs_once_and_is_recorded) {
  const Store store = open_store();
  const Session session = open_session(shared_runtime());
  const std::string source = "runs = globals().get('runs', 0) + 1\n{'runs': runs}";
  CHECK_EQ(durable(session, store, "job", source), "resolved {\"runs\": 1}");
  CHECK_EQ(durable(session, store, "job", source), "resolved {\"runs\": 1}");
  CHECK_EQ(value_of(session, "runs"), "1");
  CHECK_EQ(durable(session, store, "none", "x = 1"), "resolved null");
  CHECK_EQ(durable(session, store, "no_json", "{1, 2}"), "resolved \"{1, 2}\"");
  // Another session, the same promise.
  const Session other = open_session(shared_runtime());
  CHECK_EQ(durable(other, store, "job", "'not run'"), "resolved {\"runs\": 1}");
}

CAPSULE_TEST(its_events_are_those_of_any_execution) {
  const Store store = open_store();
  const Session session = open_session(shared_runtime());
  PromiseRow row;
  Run run(begin_durable(session, store, "seen", "print('hello')\n1 + 1", row));
  CHECK_EQ(row.story(), "pending ");
  CHECK_EQ(run.end().repr, "2");
  CHECK_EQ(run.out(), "hello\n");
  CHECK_EQ(wait_for(store, "seen"), "resolved 2");
}

CAPSULE_TEST(errors_timeouts_and_cancels_are_ends_too) {
  const Store store = open_store();
  const Session session = open_session(shared_runtime());
  const std::string error_story = durable(session, store, "raises", "1 / 0");
  CHECK_CONTAINS(error_story, "rejected {");
  CHECK_CONTAINS(error_story, "\"__type\":\"error\"");
  CHECK_CONTAINS(error_story, "\"name\":\"ZeroDivisionError\"");
  CHECK_CONTAINS(error_story, "\"message\":\"division by zero\"");
  CHECK_CONTAINS(error_story, "Traceback");
  CHECK_EQ(durable(session, store, "raises", "1"), error_story);
  capsule_execution_options options;
  capsule_execution_options_init(&options, sizeof options);
  options.timeout_ms = 50;
  PromiseRow row;
  const Execution slow = begin_durable(session, store, "slow", "while True: pass", row, &options);
  CHECK_CONTAINS(wait_for(store, "slow"), "\"name\":\"TimeoutError\"");
  Run canceled(begin_durable(session, store, "given_up", "print('in', flush=True)\nwhile True: pass", row));
  canceled.until_line();
  canceled.cancel();
  CHECK_CONTAINS(wait_for(store, "given_up"), "canceled {");
}

CAPSULE_TEST(what_was_cut_short_runs_again_and_its_calls_are_not_made_again) {
  const Counted counted;
  const Store store = open_store();
  SessionOptions options;
  options.raw.restart_policy = CAPSULE_RESTART_FRESH;
  const Session session = open_with(counted.bridge, {rule("*")}, std::move(options));
  // The first time it dies behind two calls. What is read of `alive` is not recorded.
  const TempFolder folder;
  const std::string alive = folder.path() + "/alive";
  const std::string source =
      "import os\n"
      "a = host.step.call(n=1)\n"
      "b = [host.step.call(n=i) for i in range(2)]\n"
      "if not os.path.exists('" +
      alive +
      "'):\n"
      "    open('" +
      alive +
      "', 'w').close()\n"
      "    os._exit(3)\n"
      "c = await host.step.start(n=9)\n"
      "[a, b, c]";
  PromiseRow row;
  Run first(begin_durable(session, store, "job", source, row));
  CHECK_EQ(first.end().outcome, "died");
  CHECK_EQ(read(store, "job"), "pending ");
  CHECK_EQ(counted.calls.load(), 3);
  CHECK_EQ(durable(session, store, "job", source), "resolved [1, [2, 3], 4]");
  CHECK_EQ(counted.calls.load(), 4);
  check_balance(metrics_of(counted.bridge));
  CHECK_EQ(metrics_of(counted.bridge).joined, 3);
  // Its calls' promises are gone with it.
  CHECK_EQ(metrics_of(store).pending, 0);
  CHECK_EQ(metrics_of(store).kept, 1);
}

CAPSULE_TEST(every_kind_of_answer_is_found_again) {
  const Counted counted;
  const Store store = open_store();
  SessionOptions options;
  options.raw.restart_policy = CAPSULE_RESTART_FRESH;
  const Session session = open_with(counted.bridge, {rule("*")}, std::move(options));
  const TempFolder folder;
  const std::string source =
      "import os\n"
      "def failing():\n"
      "    try: host.fail()\n"
      "    except KeyError as error: return str(error)\n"
      "got = [host.bytes(x=1), host.none(), failing()]\n"
      "if not os.path.exists('" +
      folder.path() +
      "/alive'):\n"
      "    open('" +
      folder.path() +
      "/alive', 'w').close()\n"
      "    os._exit(3)\n"
      "repr(got)";
  PromiseRow row;
  Run first(begin_durable(session, store, "kinds", source, row));
  CHECK_EQ(first.end().outcome, "died");
  CHECK_EQ(durable(session, store, "kinds", source), "resolved \"[b'{\\\"x\\\":1}', None, \\\"'no such thing'\\\"]\"");
  CHECK_EQ(counted.calls.load(), 3);
}

CAPSULE_TEST(what_is_under_way_is_not_begun_again) {
  const Store store = open_store();
  const Session session = open_session(shared_runtime());
  PromiseRow row;
  Run run(begin_durable(session, store, "one", "input()", row));
  run.until(CAPSULE_EVENT_INPUT);
  CHECK_CONTAINS(refuse(session, durable_options(store, capsule_text_from("one")), CAPSULE_E_BUSY), "is under way");
  capsule_pending_promise pending[2];
  std::size_t count = 0;
  ACCEPTED(capsule_promise_list_pending(store.get(), pending, std::size(pending), &count, nullptr, error));
  CHECK_EQ(count, 2);  // its own, and the input's
  CHECK_EQ(pending[0].claimed + pending[1].claimed, 1);
  run.answer("yes");
  CHECK_EQ(wait_for(store, "one"), "resolved \"yes\"");
}

// Settled by another, or its time is over: nobody wants what it does any more.
CAPSULE_TEST(it_is_canceled_with_its_promise) {
  const Store store = open_store();
  const Session session = open_session(shared_runtime());
  PromiseRow row;
  Run run(begin_durable(session, store, "unwanted", "print('in', flush=True)\nwhile True: pass", row));
  run.until_line();
  CHECK_EQ(settle(store, "unwanted", "enough", CAPSULE_PROMISE_CANCELED), "canceled enough");
  CHECK_EQ(run.end().outcome, "canceled");
  CHECK_EQ(read(store, "unwanted"), "canceled enough");
  capsule_durable_options options = durable_options(store, capsule_text_from("late"));
  options.timeout_ms = 500;
  Execution late;
  const std::string source = "while True: pass";
  ACCEPTED(capsule_session_execute_durable(session.get(), source.data(), source.size(), nullptr, &options, late.out(), nullptr,
                                           error));
  Run late_run(std::move(late));
  CHECK_EQ(late_run.end().outcome, "canceled");
  CHECK_EQ(read(store, "late"), "timed_out ");
}

CAPSULE_TEST(a_session_that_is_closed_gives_it_back) {
  const Store store = open_store();
  PromiseRow row;
  {
    const Session session = open_session(shared_runtime());
    Run run(begin_durable(session, store, "moved", "print('in', flush=True)\nwhile True: pass", row));
    run.until_line();
    ACCEPTED(capsule_session_close(session.get(), 0, error));
    CHECK_EQ(run.end().outcome, "killed");
    refuse(session, durable_options(store, capsule_text_from("moved")), CAPSULE_E_CLOSED);
  }
  const Session other = open_session(shared_runtime());
  CHECK_EQ(durable(other, store, "moved", "'there'"), "resolved \"there\"");
}

CAPSULE_TEST(calls_of_what_it_leaves_behind_are_made_and_not_recorded) {
  const Counted counted;
  const Store store = open_store();
  const Session session = open_with(counted.bridge, {rule("*")});
  CHECK_EQ(durable(session, store, "leaves",
                   "import asyncio\nasync def later():\n    await asyncio.sleep(0.01)\n    return await host.step()\n"
                   "task = asyncio.ensure_future(later())\nawait asyncio.sleep(0)"),
           "resolved null");
  CHECK_EQ(value_of(session, "await task"), "1");
  CHECK_EQ(metrics_of(store).kept, 1);
}

CAPSULE_TEST(a_store_that_is_closed_refuses_the_calls) {
  const Counted counted;
  Store store = open_store();
  const Session session = open_with(counted.bridge, {rule("*")});
  PromiseRow row;
  Run run(begin_durable(session, store, "cut",
                        "import getpass; getpass.getpass()\ntry: r = host.step()\nexcept ConnectionError as e: r = str(e)\nr",
                        row));
  run.until(CAPSULE_EVENT_INPUT);
  store.reset();
  run.answer("");
  CHECK_CONTAINS(run.end().repr.value_or(""), "the call's promise cannot be had: store: it is closed");
  CHECK_EQ(counted.calls.load(), 0);
  check_balance(metrics_of(counted.bridge));
}

CAPSULE_TEST(an_answer_that_cannot_be_recorded_is_refused) {
  const Bridge bridge = make_bridge();
  offer(bridge, capability("get"));
  const Store store = open_store();
  const Session session = open_with(bridge, {rule("*")});
  PromiseRow row;
  Run run(begin_durable(session, store, "large", "host.get()", row));
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  CHECK_CONTAINS(request.key(), "exec:key-large:get:");
  const std::string large(1U << 20U, 'x');
  const capsule_value value = value_as(CAPSULE_VALUE_BUFFER, large);
  CHECK_CONTAINS(REFUSED(CAPSULE_E_LIMIT, capsule_bridge_respond(bridge.get(), request.id(), &value, error)), "is recorded");
  respond(bridge, request.id(), "5");
  CHECK_EQ(wait_for(store, "large"), "resolved 5");
  refuse_respond(bridge, request.id(), CAPSULE_E_STATE);
}

CAPSULE_TEST(its_calls_are_bounded) {
  const Counted counted;
  const Store store = open_store();
  const Session session = open_with(counted.bridge, {rule("*")});
  const std::string source =
      "made = 0\n"
      "try:\n    while made < 20000:\n        host.none(); made += 1\n        if made % 500 == 0: print(made)\n"
      "except ConnectionError as error: made = str(made) + ': ' + str(error)\nmade";
  PromiseRow row;
  Run run(begin_durable(session, store, "many", source, row));
  while (!run.next().terminal()) {  // each has a deadline of its own: on a busy machine so many calls take their time
  }
  CHECK_EQ(read(store, "many"),
           "resolved \"10000: the call's promise cannot be had: the execution has made 10000 calls and inputs\"");
  CHECK_EQ(metrics_of(counted.bridge).refused, 1);
  CHECK_EQ(metrics_of(store).kept, 1);
}

CAPSULE_TEST(a_result_that_is_too_large_is_rejected_in_its_place) {
  capsule_promise_store_options options = store_options();
  options.max_value_bytes = 1000;
  const Store store = open_store(options);
  const Session session = open_session(shared_runtime());
  CHECK_CONTAINS(durable(session, store, "large", "'x' * 2000"), "\"name\":\"ValueTooLarge\"");
}

// What nobody answered in time is asked again, and so is a password; that the host declined is recorded.
CAPSULE_TEST(inputs_that_were_answered_or_declined_are_not_asked_again) {
  const Store store = open_store();
  const std::string source =
      "import getpass\n"
      "def line(ask, prompt):\n"
      "    try: return ask(prompt)\n"
      "    except (EOFError, TimeoutError) as error: return type(error).__name__\n"
      "got = [line(input, 'a'), line(input, 'b'), line(getpass.getpass, 'c'), line(input, 'd')]\n"
      "if 'stay' in got: input('e')\n"
      "got";
  SessionOptions options;
  options.raw.input_timeout_ms = kSanitized ? 2000 : 500;
  PromiseRow row;
  {
    const Session session = open_session(shared_runtime(), std::move(options));
    Run run(begin_durable(session, store, "asks", source, row));
    run.until(CAPSULE_EVENT_INPUT);
    run.answer("one");
    run.until(CAPSULE_EVENT_INPUT);
    run.decline();
    CHECK(run.until(CAPSULE_EVENT_INPUT).secret);
    run.answer("stay");
    CHECK_EQ(run.until(CAPSULE_EVENT_INPUT).prompt, "d");  // never answered
    CHECK_EQ(run.until(CAPSULE_EVENT_INPUT).prompt, "e");
    ACCEPTED(capsule_session_close(session.get(), 0, error));
    CHECK_EQ(run.end().outcome, "killed");
  }
  const Session other = open_session(shared_runtime());
  Run again(begin_durable(other, store, "asks", source, row));
  CHECK(again.until(CAPSULE_EVENT_INPUT).secret);
  again.answer("go");
  CHECK_EQ(again.until(CAPSULE_EVENT_INPUT).prompt, "d");
  again.answer("four");
  CHECK_EQ(again.end().repr, "['one', 'EOFError', 'go', 'four']");
  CHECK_EQ(again.story(), "started input input result");
}

CAPSULE_TEST(bad_input_is_named_and_claims_nothing) {
  const Store store = open_store();
  const Session session = open_session(shared_runtime());
  for (const char *id : {"", "a.b", "a:b", "a b"}) {
    CHECK_CONTAINS(refuse(session, durable_options(store, capsule_text_from(id)), CAPSULE_E_ARGUMENT), "durable.promise_id");
  }
  capsule_durable_options durable = durable_options(store, capsule_text_from("ok"));
  durable.timeout_ms = 0;
  CHECK_CONTAINS(refuse(session, durable, CAPSULE_E_ARGUMENT), "durable.timeout_ms");
  durable = durable_options(store, capsule_text_from("ok"));
  durable.store = nullptr;
  CHECK_CONTAINS(refuse(session, durable, CAPSULE_E_HANDLE), "store");
  durable.store = store.get();
  capsule_execution_options options;
  capsule_execution_options_init(&options, sizeof options);
  options.idempotency_key = capsule_text_from("mine");
  CHECK_CONTAINS(refuse(session, durable, CAPSULE_E_ARGUMENT, &options), "idempotency_key");
  refuse(session, durable, CAPSULE_E_ARGUMENT, nullptr, "");
  CHECK_EQ(metrics_of(store).created, 0);
}
