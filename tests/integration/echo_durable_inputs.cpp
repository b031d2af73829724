// Inputs of durable executions: promises that are settled once, and answered once.
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "child.hpp"
#include "files.hpp"
#include "promises.hpp"
#include "resonate.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

Session open_echo() { return open_session(shared_runtime(), SessionOptions::echo()); }

// The session is closed while the execution waits: it gives the execution back.
void cut_short(const Session &session, Run &run) {
  ACCEPTED(capsule_session_close(session.get(), 0, error));
  CHECK_EQ(run.end().outcome, "killed");
}

std::string param_of(const Store &store, const std::string &id) {
  PromiseRow row;
  ACCEPTED(capsule_promise_get(store.get(), text(id), row.out(), error));
  return string_of(row.raw.param);
}

std::string refuse_answer(const Run &run, std::uint64_t id, const std::string &line, capsule_status status) {
  return REFUSED(status, capsule_execution_answer(run.get(), id, line.data(), line.size(), error));
}

// By whom its inputs were answered, in their order.
std::string answerers_in(const Session &session) {
  std::string by;
  for (const capsule_trace_event &event : trace_of(session, {.kind = CAPSULE_TRACE_INPUT_ANSWERED}).events) {
    by += std::to_string(event.arguments[1]);
  }
  return by;
}

// Without an id of its own; `row` tells it.
Execution begin_unnamed(const Session &session, const Store &store, const std::string &key, PromiseRow &row,
                        const std::string &source) {
  const capsule_durable_options durable = durable_options(store, {});
  capsule_execution_options options;
  capsule_execution_options_init(&options, sizeof options);
  options.idempotency_key = text(key);
  Execution execution;
  ACCEPTED(capsule_session_execute_durable(session.get(), source.data(), source.size(), &options, &durable, execution.out(),
                                           row.out(), error));
  return execution;
}

std::string refuse_unnamed(const Session &session, const Store &store, const std::string &id, const std::string &key) {
  const capsule_durable_options durable = durable_options(store, text(id));
  capsule_execution_options options;
  capsule_execution_options_init(&options, sizeof options);
  options.idempotency_key = text(key);
  Execution execution;
  return REFUSED(CAPSULE_E_ARGUMENT, capsule_session_execute_durable(session.get(), "value 1", 7, &options, &durable,
                                                                     execution.out(), nullptr, error));
}

// Waits for a second line, is cut short, and has in another session, and by another store where there is one, what it was answered with.
void check_that_it_is_asked_once(const Store &here, const Store &there, const std::string &id, const std::string &input_1) {
  const std::string source = "input a?\ninput b?\nvalue done";
  PromiseRow row;
  {
    const Session session = open_echo();
    Run run(begin_durable(session, here, id, source, row));
    CHECK_EQ(run.until(CAPSULE_EVENT_INPUT).input_promise.value_or(""), input_1);
    CHECK_EQ(read(there, input_1), "pending ");
    CHECK_EQ(param_of(there, input_1), "{\"prompt\":\"a?\"}");
    run.answer("one \"\xc3\xa9\"");
    CHECK_EQ(run.until(CAPSULE_EVENT_INPUT).prompt, "b?");
    CHECK_EQ(read(there, input_1), "resolved \"one \\\"\xc3\xa9\\\"\"");
    cut_short(session, run);
  }
  const Session other = open_echo();
  Run again(begin_durable(other, there, id, source, row));
  CHECK_EQ(again.until(CAPSULE_EVENT_INPUT).prompt, "b?");
  CHECK_EQ(again.story(), "started output input");
  CHECK_EQ(again.out(), "one \"\xc3\xa9\"\n");
  again.answer("");
  again.end();
  CHECK_EQ(answerers_in(other), "10");
  CHECK_EQ(again.out(), "one \"\xc3\xa9\"\n\n");
  CHECK_EQ(wait_for(here, id), "resolved \"done\"");
}

}  // namespace

CAPSULE_TEST(an_input_is_asked_once_however_often_the_execution_runs) {
  const Store store = open_store();
  check_that_it_is_asked_once(store, store, "job", "job:input:1");
  // Its inputs' promises are gone with it.
  CHECK_EQ(metrics_of(store).pending, 0);
  CHECK_EQ(metrics_of(store).kept, 1);
}

CAPSULE_TEST(so_it_is_on_a_server_for_all_hosts) {
  const AnyServer server;
  const Store here = open_store(server_options(server.url()));
  const Store there = open_store(server_options(server.url()));
  const std::string id = unique("asks");
  check_that_it_is_asked_once(here, there, id, id + ".input.1");
}

// Asks for two lines with the store of that file. Gives the answer to each, or says that it was asked for the second and stays.
CAPSULE_HELPER(host_that_asks) {
  const Store store = open_store(store_options(text(arguments.at(0))));
  const Session session = open_echo();
  PromiseRow row;
  Run run(begin_durable(session, store, "work", "input first\ninput second\nvalue done", row));
  for (;;) {
    const Event &event = run.next();
    if (event.kind == CAPSULE_EVENT_INPUT) {
      std::printf("asked %s\n", event.prompt.c_str());
      std::fflush(stdout);
      if (event.prompt == "second" && arguments.at(1) == "stay") {
        pause();
      }
      run.answer(arguments.at(1));
    } else if (event.kind == CAPSULE_EVENT_RESULT || event.kind == CAPSULE_EVENT_ERROR) {
      std::printf("printed %s", run.out().c_str());
      return 0;
    }
  }
}

CAPSULE_TEST(what_a_killed_host_was_answered_is_not_asked_again) {
  const TempFolder folder;
  const std::string path = folder.path() + "/db";
  Child first(helper("host_that_asks", {path, "stay"}));
  CHECK_EQ(first.read_line(), "asked first");
  CHECK_EQ(first.read_line(), "asked second");
  first.kill(SIGKILL);
  CHECK_EQ(first.exit_code(), -SIGKILL);
  Child second(helper("host_that_asks", {path, "go"}));
  CHECK_EQ(second.exit_code(), 0);
  CHECK_EQ(second.out(), "asked second\nprinted stay\ngo\n");
  const Store store = open_store(store_options(text(path)));
  CHECK_EQ(read(store, "work"), "resolved \"done\"");
}

CAPSULE_TEST(who_settles_its_promise_answers_it) {
  const Store store = open_store();
  const Session session = open_echo();
  PromiseRow row;
  Run run(begin_durable(session, store, "asks", "input a\ninput b\ninput c", row));
  const std::uint64_t first = run.until(CAPSULE_EVENT_INPUT).input_id;
  CHECK_EQ(settle(store, "asks:input:1", "\"from elsewhere\""), "resolved \"from elsewhere\"");
  run.until_output("from elsewhere\n");
  refuse_answer(run, first, "late", CAPSULE_E_STATE);
  run.until(CAPSULE_EVENT_INPUT);
  settle(store, "asks:input:2", "{\"data\":\"as a response\"}");
  run.until_output("as a response\n");
  run.until(CAPSULE_EVENT_INPUT);
  settle(store, "asks:input:3", "", CAPSULE_PROMISE_CANCELED);
  CHECK_EQ(run.end().error_type, "EOFError");
  CHECK_EQ(answerers_in(session), "222");
}

CAPSULE_TEST(who_settles_its_promise_on_a_server_answers_it_in_another_host) {
  const AnyServer server;
  const Store here = open_store(server_options(server.url()));
  const Store there = open_store(server_options(server.url()));
  const Session session = open_echo();
  PromiseRow row;
  Run run(begin_durable(session, here, unique("asks"), "input a", row));
  const std::string promise = run.until(CAPSULE_EVENT_INPUT).input_promise.value_or("");
  settle(there, promise, "\"from there\"");
  run.end();
  CHECK_EQ(run.out(), "from there\n");
}

// Between two runs as well: the code that comes to it gets that.
CAPSULE_TEST(an_answer_that_comes_while_nobody_runs_it_is_kept) {
  const Store store = open_store();
  PromiseRow row;
  {
    const Session session = open_echo();
    Run run(begin_durable(session, store, "later", "input a\nvalue done", row));
    run.until(CAPSULE_EVENT_INPUT);
    cut_short(session, run);
  }
  settle(store, "later:input:1", "\"meanwhile\"");
  const Session other = open_echo();
  Run again(begin_durable(other, store, "later", "input a\nvalue done", row));
  again.end();
  CHECK_EQ(again.story(), "started output result");
  CHECK_EQ(again.out(), "meanwhile\n");
}

CAPSULE_TEST(what_is_no_line_is_told_of) {
  const Store store = open_store();
  const Session session = open_echo();
  for (const char *value : {"5", "", "{}", "\"a\\u0000b\"", "yes"}) {
    PromiseRow row;
    const std::string id = "odd-" + std::to_string(std::string(value).size());
    Run run(begin_durable(session, store, id, "input a", row));
    run.until(CAPSULE_EVENT_INPUT);
    settle(store, id + ":input:1", value);
    CHECK_EQ(run.end().error_type, "ConnectionError");
    CHECK_EQ(run.end().message, "the input's promise cannot be had: what it was settled with is no line of text");
  }
}

CAPSULE_TEST(a_secret_is_asked_again_and_is_nowhere_in_the_store) {
  const Store store = open_store();
  const std::string source = "secret Password:\ninput a\nvalue done";
  PromiseRow row;
  {
    const Session session = open_echo();
    Run run(begin_durable(session, store, "safe", source, row));
    const Event &asked = run.until(CAPSULE_EVENT_INPUT);
    CHECK(asked.secret);
    CHECK(!asked.input_promise.has_value());
    run.answer("hunter2");
    CHECK_EQ(run.until(CAPSULE_EVENT_INPUT).input_promise.value_or(""), "safe:input:2");
    CHECK_EQ(metrics_of(store).created, 2);  // of the execution and of the second input
    cut_short(session, run);
  }
  const Session other = open_echo();
  Run again(begin_durable(other, store, "safe", source, row));
  CHECK(again.until(CAPSULE_EVENT_INPUT).secret);
  again.answer("hunter3");
  again.until(CAPSULE_EVENT_INPUT);
  CHECK_EQ(again.out(), "hunter3\n");
  CHECK_EQ(metrics_of(store).created, 2);
}

CAPSULE_TEST(an_answer_that_cannot_be_recorded_is_not_given) {
  Store store = open_store();
  const Session session = open_echo();
  PromiseRow row;
  Run run(begin_durable(session, store, "cut", "input a", row));
  run.until(CAPSULE_EVENT_INPUT);
  store.reset();
  run.answer("never seen");
  CHECK_EQ(run.end().error_type, "ConnectionError");
  CHECK_EQ(run.end().message, "the input's promise cannot be had: store: it is closed");
  CHECK_EQ(run.out(), "");
}

CAPSULE_TEST(a_line_that_is_too_large_for_the_store_is_refused_and_may_be_repeated) {
  capsule_promise_store_options options = store_options();
  options.max_value_bytes = 10;
  const Store store = open_store(options);
  const Session session = open_echo();
  PromiseRow row;
  Run run(begin_durable(session, store, "small", "input a prompt that is longer than that\nvalue ok", row));
  const std::uint64_t id = run.until(CAPSULE_EVENT_INPUT).input_id;
  CHECK_EQ(param_of(store, "small:input:1"), "");
  CHECK_CONTAINS(refuse_answer(run, id, "123456789", CAPSULE_E_LIMIT), "max_value_bytes is 10");
  run.answer("12345678");
  CHECK_EQ(run.end().repr, "ok");
  CHECK_EQ(run.out(), "12345678\n");
}

CAPSULE_TEST(one_that_is_given_no_id_is_named) {
  const Store store = open_store();
  const Session session = open_echo();
  PromiseRow row;
  Run named(begin_unnamed(session, store, "invoice-7", row, "input a\nvalue done"));
  CHECK_EQ(string_of(row.raw.id), "exec:invoice-7");
  CHECK_EQ(named.until(CAPSULE_EVENT_INPUT).input_promise.value_or(""), "exec:invoice-7:input:1");
  named.answer("");
  named.end();
  CHECK(begin_unnamed(session, store, "invoice-7", row, "value again").get() == nullptr);
  CHECK_EQ(row.story(), "resolved \"done\"");
  // Without any name it is another each time; the id that is told runs it again.
  Run one(begin_unnamed(session, store, "", row, "value 1"));
  const std::string id = string_of(row.raw.id);
  CHECK_EQ(id.size(), 37U);
  CHECK_EQ(id.substr(0, 5), "exec:");
  one.end();
  Run two(begin_unnamed(session, store, "", row, "value 2"));
  CHECK(string_of(row.raw.id) != id);
  two.end();
  CHECK_EQ(durable(session, store, id, "value again"), "resolved \"1\"");
}

CAPSULE_TEST(an_id_that_nothing_would_tell_is_refused) {
  const Store store = open_store();
  const Session session = open_echo();
  CHECK_CONTAINS(refuse_unnamed(session, store, "", ""), "nothing would tell the id");
  CHECK_CONTAINS(refuse_unnamed(session, store, "", "a b"), "idempotency_key");
  CHECK_CONTAINS(refuse_unnamed(session, store, "", std::string(196, 'a')), "too long");
  CHECK_CONTAINS(refuse_unnamed(session, store, "a", "b"), "idempotency_key");
  CHECK_CONTAINS(refuse_unnamed(session, store, "exec:", ""), "durable.promise_id");
  CHECK_CONTAINS(refuse_unnamed(session, store, "exec:a:b", ""), "durable.promise_id");
  CHECK_EQ(metrics_of(store).created, 0);
}

CAPSULE_TEST(on_a_server_the_name_has_no_colon) {
  const AnyServer server;
  const Store store = open_store(server_options(server.url()));
  const Session session = open_echo();
  const std::string key = unique("named");
  PromiseRow row;
  Run run(begin_unnamed(session, store, key, row, "value done"));
  run.end();
  CHECK_EQ(string_of(row.raw.id), "exec-" + key);
  CHECK_CONTAINS(refuse_unnamed(session, store, "exec:" + key, ""), "durable.promise_id");
  CHECK_EQ(durable(session, store, "exec-" + key, "value again"), "resolved \"done\"");
}
