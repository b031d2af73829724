// The layers of the C++ wrapper beside the throwing one: results, and coroutines. The examples show the rest.
#include <poll.h>

#include <capsule/capsule_coroutines.hpp>
#include <capsule/capsule_result.hpp>
#include <functional>

#include "test.hpp"

using namespace capsule_test;

namespace {

capsule_session_options echo_options() {
  capsule_session_options options{};
  capsule_session_options_init(&options, sizeof options);
  options.executor = CAPSULE_EXECUTOR_ECHO;
  return options;
}

class Loop {
 public:
  void when_readable(int fd, std::function<void()> call) {
    CHECK(waiting_ == nullptr);
    fd_ = fd;
    waiting_ = std::move(call);
  }
  void run() {
    while (waiting_) {
      pollfd one{fd_, POLLIN, 0};
      CHECK_EQ(::poll(&one, 1, 30'000), 1);
      std::exchange(waiting_, nullptr)();
    }
  }

 private:
  int fd_ = -1;
  std::function<void()> waiting_;
};

struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

capsule::SessionOptions echo() {
  capsule::SessionOptions options;
  options.executor = CAPSULE_EXECUTOR_ECHO;
  return options;
}

}  // namespace

CAPSULE_TEST(a_result_is_a_value_or_a_failure) {
  namespace results = capsule::results;
  auto runtime = results::Runtime::create();
  CHECK(runtime);
  const capsule_session_options options = echo_options();
  auto session = runtime->open(&options);
  CHECK(session);
  CHECK_EQ(session->run("out a\nvalue b")->stdout_text, "a\n");

  auto spinning = session->execute("spin");
  CHECK_EQ((*spinning->next())->kind(), CAPSULE_EVENT_STARTED);
  CHECK_EQ(spinning->next(capsule::Milliseconds{1}).status(), CAPSULE_E_TIMEOUT);
  CHECK_EQ(spinning->cancel().status(), CAPSULE_OK);
  CHECK_EQ(spinning->finish()->outcome, CAPSULE_OUTCOME_CANCELED);
  CHECK(!*spinning->next());
  CHECK_EQ(spinning->finish().status(), CAPSULE_E_END);

  const results::Session moved = *std::move(session);
  CHECK_EQ(session->info().status(), CAPSULE_E_HANDLE);
  CHECK_EQ(moved.info()->state, CAPSULE_SESSION_IDLE);
  CHECK_EQ(session->run("out").failure().status, CAPSULE_E_HANDLE);
  CHECK(!session->run("out").failure().message.empty());
}

CAPSULE_TEST(a_pool_gives_and_takes_results) {
  namespace results = capsule::results;
  auto runtime = results::Runtime::create();
  const capsule_session_options session_options = echo_options();
  capsule_pool_options options{};
  capsule_pool_options_init(&options, sizeof options);
  options.session = &session_options;
  auto pool = runtime->open_pool(&options);
  CHECK(pool->wait_ready());
  auto session = pool->acquire();
  CHECK_EQ(session->run("value 1")->repr, "1");
  CHECK(pool->give_back(*std::move(session)));
  CHECK_EQ(pool->give_back(*std::move(session)).status(), CAPSULE_E_HANDLE);
  CHECK(pool->close(capsule::Milliseconds{0}));
  CHECK_EQ(pool->acquire().status(), CAPSULE_E_CLOSED);
}

CAPSULE_TEST(calls_of_a_bridge_are_taken_and_answered_as_results) {
  namespace results = capsule::results;
  auto runtime = results::Runtime::create();
  auto bridge = runtime->open_bridge();
  capsule_capability offered = results::defaults(capsule_capability_init);
  offered.name = capsule_text_from("add");
  CHECK(bridge->add(offered));
  CHECK_EQ(bridge->add(offered).status(), CAPSULE_E_NAME);
  CHECK_EQ(bridge->next_request(capsule::Milliseconds{0}).status(), CAPSULE_E_TIMEOUT);

  const capsule_rule rule{.capability = capsule_text_from("*"), .decision = CAPSULE_POLICY_ALLOW};
  capsule_session_options options = echo_options();
  options.bridge = bridge->capi();
  options.rules = &rule;
  options.rule_count = 1;
  auto session = runtime->open(&options);
  auto execution = session->execute("call add {\"n\": 1}\ncall add {}");
  auto request = bridge->next_request();
  CHECK_EQ((*request)->kind(), CAPSULE_REQUEST_CALL);
  CHECK_EQ((*request)->arguments(), "{\"n\": 1}");
  CHECK(bridge->report_progress((*request)->id(), 1, 2));
  CHECK(bridge->respond((*request)->id(), CAPSULE_VALUE_JSON, "2"));
  CHECK_EQ(bridge->respond((*request)->id()).status(), CAPSULE_E_STATE);
  request = bridge->next_request();
  CHECK(bridge->fail((*request)->id(), "ValueError", "no"));
  const auto result = execution->finish();
  CHECK_EQ(session->bridge_metrics()->failed, 1);
  CHECK_EQ(bridge->metrics()->ok, 1);

  CHECK(bridge->close());
  CHECK(!*bridge->next_request());
}

CAPSULE_TEST(promises_and_durable_executions_are_results) {
  namespace results = capsule::results;
  auto runtime = results::Runtime::create();
  auto store = runtime->open_promises();
  CHECK(store->create("one")->pending());
  CHECK(store->watch("one"));
  CHECK_EQ(store->next(capsule::Milliseconds{0}).status(), CAPSULE_E_TIMEOUT);
  CHECK_EQ(store->wait("one", capsule::Milliseconds{1}).status(), CAPSULE_E_TIMEOUT);
  CHECK_EQ(store->resolve("one", "yes")->value(), "yes");
  CHECK_EQ(store->reject("one")->value(), "yes");
  CHECK_EQ((*store->next())->id(), "one");
  CHECK(store->get("one")->resolved());
  CHECK_EQ(store->metrics()->created, 1);
  CHECK(store->forget("one"));
  CHECK_EQ(store->get("one").status(), CAPSULE_E_NAME);

  const capsule_session_options options = echo_options();
  auto session = runtime->open(&options);
  capsule_durable_options durable = results::defaults(capsule_durable_options_init);
  durable.store = store->capi();
  durable.promise_id = capsule_text_from("job");
  auto begun = session->execute_durable("value a", durable);
  CHECK(begun->execution.has_value());
  CHECK(begun->execution->finish()->ok());
  CHECK(store->wait("job")->resolved());
  begun = session->execute_durable("value a", durable);
  CHECK(!begun->execution.has_value());
  CHECK(begun->promise.resolved());

  CHECK(store->close());
  CHECK(!*store->next());
}

CAPSULE_TEST(a_trace_is_read_as_results) {
  namespace results = capsule::results;
  auto runtime = results::Runtime::create();
  const capsule_session_options options = echo_options();
  auto session = runtime->open(&options);
  auto reader = session->follow();
  CHECK(session->run("value 1"));
  CHECK_EQ((*session->trace({.kind = CAPSULE_TRACE_SESSION_CREATED}))[0].kind, CAPSULE_TRACE_SESSION_CREATED);
  CHECK_EQ((*reader->next(capsule::kForever))->kind, CAPSULE_TRACE_SESSION_CREATED);
  CHECK_EQ(session->trace_label(0).status(), CAPSULE_E_ARGUMENT);
  CHECK(session->close(capsule::Milliseconds{0}));
  std::size_t read = 1;
  auto event = reader->next(capsule::kForever);
  for (; event && *event; event = reader->next(capsule::kForever)) ++read;
  CHECK(event);
  CHECK_EQ(read, session->trace()->size());
  CHECK_EQ(reader->info()->struct_size, sizeof(capsule_trace_info));
  CHECK_EQ(results::TraceReader(nullptr).next().status(), CAPSULE_E_HANDLE);
}

CAPSULE_TEST(a_coroutine_takes_events_and_the_end) {
  capsule::Runtime runtime;
  capsule::Session session = runtime.open(echo());
  Loop loop;
  std::string output;
  std::string repr;
  const auto talk = [&]() -> Task {
    capsule::Execution execution = session.execute("out a\nsleep 20\nout b\ninput ?\nvalue c");
    while (std::optional<capsule::Event> event = co_await capsule::next(execution, loop)) {
      output += event->data();
      if (event->kind() == CAPSULE_EVENT_INPUT) execution.answer((*event)->input_id, "Ada");
    }
    capsule::Execution second = session.execute("sleep 20\nvalue d");
    repr = (co_await capsule::finish(second, loop)).repr.value_or("");
  };
  talk();
  CHECK_EQ(repr, "");
  loop.run();
  CHECK_EQ(output, "a\nb\nAda\n");
  CHECK_EQ(repr, "d");
}

CAPSULE_TEST(a_coroutine_is_thrown_what_went_wrong) {
  capsule::Runtime runtime;
  capsule::Session session = runtime.open(echo());
  Loop loop;
  std::vector<capsule_status> thrown;
  const auto expect_error = [&](capsule::Execution &execution) -> Task {
    try {
      co_await capsule::finish(execution, loop);
    } catch (const capsule::Error &error) {
      thrown.push_back(error.status());
    }
  };
  capsule::Execution taken = session.execute("value 1");
  while (taken.next()) {
  }
  expect_error(taken);
  capsule::Execution moved = std::move(taken);
  expect_error(taken);
  loop.run();
  CHECK_EQ(thrown.size(), 2);
  CHECK_EQ(thrown[0], CAPSULE_E_END);
  CHECK_EQ(thrown[1], CAPSULE_E_HANDLE);
}
