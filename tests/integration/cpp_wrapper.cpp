// The C++ wrapper: functions of the host, promises, durable executions, stacks and names of traces.
#include <capsule/capsule.hpp>
#include <thread>

#include "child.hpp"
#include "deadline.hpp"
#include "files.hpp"
#include "introspection.hpp"
#include "process.hpp"
#include "session.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;
using namespace std::chrono_literals;

namespace {

constexpr capsule::Milliseconds kPatience{30'000};

// A bridge that a thread serves, and a session that may call what the rules say.
struct Host {
  explicit Host(const capsule::BridgeOptions &options = {}) : bridge(runtime.open_bridge(options)) {}
  ~Host() {
    bridge.close();
    threads.join();
  }
  void serve() {
    threads.start([this] { bridge.serve(); });
  }
  capsule::Session open(std::vector<capsule::Rule> rules = {capsule::Rule("*")}) {
    capsule::SessionOptions options;
    options.python = python_under_test();
    options.bridge = &bridge;
    options.rules = std::move(rules);
    return runtime.open(options);
  }
  // What the source prints.
  std::string run(capsule::Session &session, const std::string &source) {
    const capsule::RunResult result = session.run(source);
    CHECK_EQ(result.error_type + result.message, "");
    return result.stdout_text;
  }

  capsule::Runtime runtime;
  capsule::Bridge bridge;
  Threads threads;
};

template <typename Call>
capsule_status status_of(Call call) {
  try {
    call();
  } catch (const capsule::Error &error) {
    return error.status();
  }
  return CAPSULE_OK;
}

}  // namespace

CAPSULE_TEST(functions_are_called_and_what_they_throw_is_raised) {
  Host host;
  host.bridge.offer({"echo", "**given"},
                    [](const capsule::Request &request) { return capsule::Answer::json(std::string(request.arguments())); });
  host.bridge.offer("text", [](const capsule::Request &) { return capsule::Answer::text("a text"); });
  host.bridge.offer("data", [](const capsule::Request &) { return capsule::Answer::bytes(std::string("a\0b", 3)); });
  host.bridge.offer("none", [](const capsule::Request &) { return capsule::Answer(); });
  host.bridge.offer("memory", [](const capsule::Request &request) {
    capsule::Buffer buffer(request.attachment("data").value_or("").size());
    const std::string_view bytes = *request.attachment("data");
    std::copy(bytes.begin(), bytes.end(), static_cast<char *>(buffer.data()));
    return capsule::Answer::buffer(std::move(buffer));
  });
  host.bridge.offer("key", [](const capsule::Request &) -> capsule::Answer { throw capsule::PythonError("KeyError", "x"); });
  host.bridge.offer("odd", [](const capsule::Request &) -> capsule::Answer { throw std::runtime_error("it is odd"); });
  host.bridge.offer("garbage", [](const capsule::Request &) { return capsule::Answer::json("{"); });
  host.bridge.add("nobodys");
  host.serve();
  capsule::Session session = host.open();
  CHECK_EQ(host.run(session,
                    "print(host.none(), host.text(), host.data())\n"
                    "print(bytes(host.memory(data=b'bytes' * 20000)) == b'bytes' * 20000)\n"
                    "for call in host.key, host.odd, host.garbage, host.nobodys:\n"
                    "    try: call()\n"
                    "    except Exception as error: print(type(error).__name__)\n"),
           "None a text b'a\\x00b'\nTrue\nKeyError\nError\nError\nNotImplementedError\n");
  CHECK_EQ(session.bridge_metrics().calls, 8);
  CHECK_EQ(status_of([&] { host.bridge.add("text"); }), CAPSULE_E_NAME);
  CHECK_EQ(status_of([&] { host.bridge.offer("text", [](const capsule::Request &) { return capsule::Answer(); }); }),
           CAPSULE_E_NAME);
  CHECK_EQ(host.run(session, "print(host.text())"), "a text\n");  // the first one's still
  host.bridge.remove("text");
  CHECK_EQ(status_of([&] { host.bridge.remove("text"); }), CAPSULE_E_NAME);
}

CAPSULE_TEST(rules_constraints_and_approval_hold) {
  Host host;
  for (const char *name : {"asked", "never", "sized", "denied"}) {
    host.bridge.offer(
        {name, "value=0"}, [](const capsule::Request &) { return capsule::Answer::text("yes"); },
        [](const capsule::Request &request) { return request.arguments().find("1") != std::string_view::npos; });
  }
  host.bridge.offer("undecided", [](const capsule::Request &) { return capsule::Answer::text("no"); });
  host.serve();
  capsule::Rule sized("sized");
  sized.constraints = {{"value", CAPSULE_CONSTRAINT_TEXT, {"a*", "b*"}}, {"value", CAPSULE_CONSTRAINT_SIZE, {}, 4}};
  capsule::Rule twice("denied");
  twice.max_calls = 1;
  capsule::Session session =
      host.open({capsule::Rule("asked", CAPSULE_POLICY_ASK), sized, twice, capsule::Rule("undecided", CAPSULE_POLICY_ASK)});
  const std::string source =
      "for call in (lambda: host.asked(1), lambda: host.asked(2), host.never, lambda: host.sized('abc'), lambda: "
      "host.sized('abcde'),\n"
      "             lambda: host.sized('c'), host.denied, host.denied, host.undecided):\n"
      "    try: print(call(), end=' ')\n"
      "    except PermissionError: print('-', end=' ')\n";
  CHECK_EQ(host.run(session, source), "yes - - yes - - yes - - ");
  session.narrow_rules({capsule::Rule("sized")});
  CHECK_EQ(host.run(session, "try: host.asked(1)\nexcept PermissionError as error: print(error.reason)"), "no_rule\n");
}

CAPSULE_TEST(requests_are_taken_and_answered_one_by_one_in_any_order) {
  Host host;
  host.bridge.add({"pull", "n"});
  capsule::Session session = host.open();
  capsule::Request request;
  CHECK(host.bridge.take(request) == capsule::Taken::kEmpty);
  CHECK_EQ(status_of([&] { host.bridge.next_request(1ms); }), CAPSULE_E_TIMEOUT);
  Counter told;
  host.bridge.notify([&] { told.add(); });
  capsule::Execution execution = session.execute(
      "import asyncio\nprint(*await asyncio.gather(*[host.pull(i) for i in range(3)], return_exceptions=True))");
  told.wait_for(1, "a request");
  const Deadline deadline;
  CHECK(wait_readable(host.bridge.fd(), deadline));
  std::vector<capsule::Request> all;
  while (all.size() < 3) {
    all.push_back(std::move(*host.bridge.next_request(kPatience)));
  }
  CHECK_EQ(host.bridge.pending().size(), 3U);
  CHECK_EQ(std::string(all[2].capability()), "pull");
  host.bridge.respond(all[2].id(), capsule::Answer::json("22"));
  host.bridge.fail(all[1].id(), "ValueError", "one");
  const std::string text = "zero";
  capsule_value value{};
  value.struct_size = sizeof value;
  value.kind = CAPSULE_VALUE_TEXT;
  value.data = text.data();
  value.size_bytes = text.size();
  host.bridge.respond(all[0].id(), value);
  CHECK_EQ(status_of([&] { host.bridge.respond(all[0].id(), capsule::Answer()); }), CAPSULE_E_STATE);
  std::string out;
  for (const capsule::Event &event : execution) {
    out += event.kind() == CAPSULE_EVENT_OUTPUT ? event.data() : "";
  }
  CHECK_EQ(out, "zero one 22\n");
  CHECK_EQ(host.bridge.metrics().duplicate_settlements, 1);
  host.bridge.notify({});
  host.bridge.close();
  CHECK(!host.bridge.next_request().has_value());
}

CAPSULE_TEST(pieces_travel_both_ways) {
  Host host;
  capsule::Capability rows("rows", "n");
  rows.flags = CAPSULE_CAPABILITY_STREAM;
  host.bridge.offer(rows, [&](const capsule::Request &request) {
    for (int i = 0; i < 100; ++i) {
      host.bridge.send_chunk(request.id(), capsule::Answer::json(std::to_string(i)));
    }
    return capsule::Answer();
  });
  capsule::Capability put("put");
  put.flags = CAPSULE_CAPABILITY_UPLOAD;
  host.bridge.offer(put, [&](const capsule::Request &request) {
    std::size_t bytes = 0;
    while (const auto piece = host.bridge.next_chunk(request.id())) {
      bytes += piece->data().size();
    }
    return capsule::Answer::json(std::to_string(bytes));
  });
  host.serve();
  capsule::Session session = host.open();
  CHECK_EQ(host.run(session,
                    "print(sum(host.rows(1)))\n"
                    "with host.put() as put:\n"
                    "    for _ in range(5): put.send(b'1234')\n"
                    "    print(put.finish())\n"),
           "4950\n20\n");
}

CAPSULE_TEST(a_bridge_that_is_moved_is_served_on_and_its_end_ends_the_calls) {
  auto runtime = std::make_unique<capsule::Runtime>();
  capsule::SessionOptions options;
  options.python = python_under_test();
  options.rules = {capsule::Rule("*")};
  auto bridge = std::make_unique<capsule::Bridge>(runtime->open_bridge());
  Counter called;
  bridge->offer("once", [&](const capsule::Request &) {
    called.add();
    return capsule::Answer();
  });
  bridge->add("hang");
  options.bridge = bridge.get();
  capsule::Session session = runtime->open(options);
  auto moved = std::make_unique<capsule::Bridge>(std::move(*bridge));
  CHECK_EQ(status_of([&] { bridge->cancel_all(); }), CAPSULE_E_HANDLE);
  Threads threads;
  threads.start([&] {
    capsule::Request request;
    while (moved->take(request, kPatience) == capsule::Taken::kEvent && request.capability() != "hang") {
      moved->answer(request);
    }
    moved.reset();
  });
  const capsule::RunResult result = session.run("host.once()\ntry: host.hang()\nexcept ConnectionError: print('gone')");
  threads.join();
  CHECK_EQ(called.value(), 1);
  CHECK_EQ(result.stdout_text, "gone\n");
  runtime.reset();
}

CAPSULE_TEST(a_promise_is_settled_once_and_waited_for) {
  capsule::Runtime runtime;
  const TempFolder folder;
  capsule::PromiseStoreOptions options;
  options.path = folder.path() + "/promises.db";
  {
    capsule::PromiseStore store = runtime.open_promises(options);
    CHECK(store.create({"a", "about"}).pending());
    CHECK_EQ(status_of([&] { store.wait("a", 5ms); }), CAPSULE_E_TIMEOUT);
    store.watch("a");
    Counter told;
    store.notify([&] { told.add(); });
    CHECK_EQ(store.pending().size(), 1U);
    CHECK(store.resolve("a", "42").resolved());
    CHECK_EQ(std::string(store.reject("a", "no").value()), "42");
    told.wait_for(1, "a promise that is settled");
    const Deadline deadline;
    CHECK(wait_readable(store.fd(), deadline));
    const auto settled = store.next(kPatience);
    CHECK(settled && settled->id() == "a" && settled->value() == "42" && settled->param() == "about");
    capsule::Promise none;
    CHECK(store.take(none) == capsule::Taken::kEmpty);
    CHECK_EQ(store.cancel(store.create("b").id()).state(), CAPSULE_PROMISE_CANCELED);
    store.forget("b");
    CHECK_EQ(status_of([&] { store.get("b"); }), CAPSULE_E_NAME);
    store.notify({});
    store.close();
    CHECK(!store.next().has_value());
    CHECK_EQ(status_of([&] { store.create("c"); }), CAPSULE_E_CLOSED);
  }
  const capsule::PromiseStore again = runtime.open_promises(options);
  CHECK_EQ(std::string(again.wait("a").value()), "42");
  CHECK_EQ(again.metrics().kept, 1);
}

CAPSULE_TEST(a_durable_execution_runs_once) {
  Host host;
  Counter calls;
  host.bridge.offer("step", [&](const capsule::Request &) {
    calls.add();
    return capsule::Answer::json("7");
  });
  host.serve();
  const capsule::PromiseStore store = host.runtime.open_promises();
  capsule::Session session = host.open();
  const std::string source = "host.step() * 6";
  CHECK_EQ(std::string(session.run_durable(source, store, "job").value()), "42");
  CHECK_EQ(std::string(session.run_durable(source, store, "job").value()), "42");
  CHECK_EQ(calls.value(), 1);
  capsule::DurableExecution begun = session.execute_durable("1 / 0", store, "fails");
  CHECK(begun.promise.pending());
  for (const capsule::Event &event : *begun.execution) {
    CHECK(!event.terminal() || event.error_type() == "ZeroDivisionError");
  }
  CHECK_EQ(store.get("fails").state(), CAPSULE_PROMISE_REJECTED);
  CHECK(!session.execute_durable("1", store, "fails").execution.has_value());
}

CAPSULE_TEST(who_settles_the_promise_of_an_input_answers_it) {
  capsule::Runtime runtime;
  capsule::PromiseStore store = runtime.open_promises();
  capsule::SessionOptions echo;
  echo.executor = CAPSULE_EXECUTOR_ECHO;
  capsule::Session session = runtime.open(echo);
  capsule::DurableExecution begun = session.execute_durable("input name?\nvalue x", store, "exec:trip");
  std::string answered;
  for (const capsule::Event &event : begun.execution.value()) {
    if (event.kind() == CAPSULE_EVENT_INPUT) {
      CHECK_EQ(std::string(event.input_promise().value()), "exec:trip:input:1");
      CHECK_EQ(std::string(store.resolve(event.input_promise().value(), "\"Ada\"").param()), "{\"prompt\":\"name?\"}");
    }
    answered += event.data();
  }
  CHECK_EQ(answered, "Ada\n");
  for (capsule::Execution plain = session.execute("input name?"); const capsule::Event &event : plain) {
    CHECK(!event.input_promise().has_value());
    if (event.kind() == CAPSULE_EVENT_INPUT) plain.decline(event->input_id);
  }
}

CAPSULE_TEST(a_stack_tells_where_python_stands_and_where_it_stood) {
  capsule::Runtime runtime;
  capsule::SessionOptions options;
  options.python = python_under_test();
  capsule::Session session = runtime.open(options);
  const auto told = [](const capsule::StackTrace &stack) {
    std::string frames;
    for (const capsule_stack_frame &frame : stack.frames(0)) {
      frames += string_of(frame.function) + ":" + std::to_string(frame.line) + " ";
    }
    return frames;
  };
  for (capsule::Execution execution =
           session.execute("import os\ndef ask():\n    return input('in')\nif ask() == 'end':\n    os.abort()");
       const capsule::Event &event : execution) {
    if (event.kind() == CAPSULE_EVENT_INPUT) {
      CHECK_EQ(session.stack().threads().at(0).frames_omitted, 2);
      CHECK_EQ(told(session.stack()), "");
      capsule_introspection_policy policy = policy_of(CAPSULE_INSPECT_FULL);
      policy.max_label_bytes = 1'024;
      runtime.set_introspection_policy(policy);
      CHECK_EQ(told(session.stack()), "ask:3 <module>:4 ");
      CHECK_EQ(session.stack().threads().at(0).is_main, 1);
      execution.answer(event->input_id, "end");
    }
  }
  const capsule::StackTrace dead = session.postmortem().stack();
  CHECK_EQ(told(dead), "<module>:5 ");
  CHECK_EQ(string_of(dead.info().cause), "Aborted");
  CHECK_EQ(status_of([&] { dead.frames(1000); }), CAPSULE_E_ARGUMENT);
  session.restart();
  session.run("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)");
  CHECK_EQ(status_of([&] { session.postmortem().stack(); }), CAPSULE_E_STATE);
}

CAPSULE_TEST(a_trace_names_what_was_called_as_the_policy_shows_it) {
  Host host;
  host.bridge.offer({"customers"}, [](const capsule::Request &) { return capsule::Answer::json("1"); });
  host.serve();
  capsule::Session session = host.open();
  host.run(session, "host.customers()");
  const auto called = session.trace({.kind = CAPSULE_TRACE_CAPABILITY_CALLED});
  CHECK_EQ(called.size(), 1);
  CHECK_EQ(session.trace_label(called[0].label).form, CAPSULE_LABEL_DROPPED);
  host.runtime.set_introspection_policy(policy_of(CAPSULE_INSPECT_FULL));
  CHECK_EQ(std::string(session.trace_label(called[0].label).text), "customers");
  CHECK_EQ(status_of([&] { session.trace_label(called[0].label + 1); }), CAPSULE_E_ARGUMENT);
}

// What the wrapper's README.md shows in parts, so that it compiles; abi.readme_examples compares the two.
namespace {

// clang-format off
[[maybe_unused]] void readme_pools(capsule::Runtime &runtime) {
  capsule::Pool pool = runtime.open_pool();
  capsule::Session session = pool.acquire();
  session.run("1 + 1");
  pool.give_back(std::move(session));
}

[[maybe_unused]] std::string readme_calls(capsule::Runtime &runtime, capsule::Session &session,
                                          capsule::SessionOptions &options, std::string (*count_of)(std::string_view)) {
  capsule::Bridge bridge = runtime.open_bridge();
  bridge.offer({"stock.count", "name"}, [&](const capsule::Request &request) {
    return capsule::Answer::json(count_of(request.arguments()));  // what it throws, Python raises
  });
  std::thread server([&] { bridge.serve(); });                    // until bridge.close(); or bridge.next_request(), .respond(), .fail()

  options.bridge = &bridge;
  options.rules = {capsule::Rule("stock.*")};                     // what no rule allows is denied

  capsule::PromiseStore store = runtime.open_promises();          // in memory; with a path or url, kept
  const capsule::Promise promise = session.run_durable("host.stock.count('apple')", store, "job-17");  // runs once
  bridge.close();
  server.join();
  return std::string(promise.id());
}

[[maybe_unused]] void readme_looks(capsule::Runtime &runtime, capsule::Session &session, void (*use)(capsule_text)) {
  capsule_introspection_policy policy = capsule::defaults(capsule_introspection_policy_init);
  policy.namespace_summary = CAPSULE_INSPECT_FULL;                // by default counts; what asks for more fails with CAPSULE_E_DENIED
  runtime.set_introspection_policy(policy);
  const capsule::NamespaceSummary names = session.inspect_namespace();
  for (const capsule_namespace_row &row : names.rows()) use(row.name.text);
}
// clang-format on

}  // namespace

CAPSULE_TEST(the_example_asks_the_hosts_database) {
  const std::string program = std::string(CAPSULE_TEST_BINARY_DIR) + "/bin/example-database";
  if (::access(program.c_str(), X_OK) != 0) {
    skip_test("the examples are not built");
  }
  Child example({program}, {"CAPSULE_PYTHON=" + python_under_test()});
  CHECK_EQ(example.exit_code(), 0);
  CHECK_EQ(example.out(),
           "apple 40\napricot 12\nleft: 37\nPermissionError\nPermissionError\nKeyError\n\ncalls: 5, denied: 2\n");
}
