// `capsule serve`: what is wrong is told and loses nothing, and whatever ends it leaves no process behind.
#include <csignal>

#include "serve.hpp"

using namespace capsule_test;

namespace {

using json = nlohmann::json;

struct Wrong {
  std::string line;
  int code;
  std::string told;  // the key or the name of the status; a part of the message where there is neither
};

const std::vector<Wrong> kWrong{
    {R"({"id": 1, "method": )", -32'700, "byte 21"},
    {"{\"id\": 1, \"method\": \"session_\xff\"}", -32'700, "byte"},
    {std::string("{\"id\": 1, \0}", 11), -32'700, "byte"},
    {"", -32'700, "byte"},
    {"[]", -32'600, "an object"},
    {R"({"method": "session_restart"})", -32'600, "id"},
    {R"({"id": null, "method": "session_restart"})", -32'600, "id"},
    {R"({"id": 1.5, "method": "session_restart"})", -32'600, "id"},
    {R"({"id": 1, "method": "session_restart", "jsonrpc": "1.0"})", -32'600, "jsonrpc"},
    {R"({"id": 1, "method": "session_restart", "parms": {}})", -32'600, "parms"},
    {R"({"id": 1, "method": "session_restart", "params": []})", -32'600, "params"},
    {R"({"id": 1, "method": 7})", -32'600, "method"},
    {R"({"id": 1})", -32'600, "method"},
    {R"({"id": 1, "method": "session_fold"})", -32'601, "session_fold"},
    {R"({"id": 1, "method": "runtime_close"})", -32'601, "runtime_close"},
    {R"({"id": 1, "method": "session_restart"})", -32'602, "session"},
    {R"({"id": 1, "method": "session_restart", "params": {"session": "none"}})", -32'602, "session"},
    {R"({"id": 1, "method": "session_restart", "params": {"session": "b"}})", -32'602, "session"},
    {R"({"id": 1, "method": "session_restart", "params": {"session": "s", "force": 1}})", -32'602, "force"},
    {R"({"id": 1, "method": "bridge_create", "params": {"bridge": "s"}})", -32'602, "bridge"},
    {R"({"id": 1, "method": "bridge_create", "params": {"bridge": ""}})", -32'602, "bridge"},
    {R"({"id": 1, "method": "bridge_create", "params": {"bridge": 7}})", -32'602, "bridge"},
    {R"({"id": 1, "method": "session_open", "params": {"runtime": "runtime"}})", -32'602, "runtime"},
    {R"({"id": 1, "method": "session_open", "params": {"options": 7}})", -32'602, "options"},
    {R"({"id": 1, "method": "session_open", "params": {"options": {"qeue_limit": 7}}})", -32'602, "options.qeue_limit"},
    {R"({"id": 1, "method": "session_open", "params": {"options": {"struct_size": 7}}})", -32'602, "options.struct_size"},
    {R"({"id": 1, "method": "session_open", "params": {"options": {"queue_limit": "7"}}})", -32'602, "options.queue_limit"},
    {R"({"id": 1, "method": "session_open", "params": {"options": {"queue_limit": 7.5}}})", -32'602, "options.queue_limit"},
    {R"({"id": 1, "method": "session_open", "params": {"options": {"queue_limit": -1}}})", -32'602, "options.queue_limit"},
    {R"({"id": 1, "method": "session_open", "params": {"options": {"queue_limit": 4294967296}}})", -32'602,
     "options.queue_limit"},
    {R"({"id": 1, "method": "session_open", "params": {"options": {"executor": "lua"}}})", -32'602, "options.executor"},
    {R"({"id": 1, "method": "session_open", "params": {"options": {"preload": ["json", 7]}}})", -32'602, "options.preload[1]"},
    {R"({"id": 1, "method": "session_open", "params": {"options": {"bridge": "b", "rules": [{"decision": "maybe"}]}}})",
     -32'602, "options.rules[0].decision"},
    {R"({"id": 1, "method": "execution_create", "params": {"session": "s", "source": {"base64": "a"}}})", -32'602,
     "source.base64"},
    {R"({"id": 1, "method": "execution_create", "params": {"session": "s", "source": {"base65": "aa=="}}})", -32'602, "source"},
    {R"({"id": 1, "method": "session_get_trace", "params": {"session": "s", "capacity": -1}})", -32'602, "capacity"},
    {R"({"id": 1, "method": "execution_create", "params": {"session": "s", "source": "a\u0000b"}})", 1, "CAPSULE_E_ARGUMENT"},
    {R"({"id": 1, "method": "execution_create", "params": {"session": "s", "source": {"base64": "/w=="}}})", 1,
     "CAPSULE_E_ARGUMENT"},
    {R"({"id": 1, "method": "execution_create", "params": {"session": "s", "source": ""}})", 1, "CAPSULE_E_ARGUMENT"},
    {R"({"id": 1, "method": "session_open", "params": {"options": {"executor": "echo", "queue_limit": 70000}}})", 1,
     "CAPSULE_E_ARGUMENT"},
};

void check_refused(Serve &serve, const Wrong &wrong) {
  serve.write(wrong.line);
  const json answer = serve.read();
  if (!answer.contains("error")) {
    FAIL(wrong.line + " is answered by " + answer.dump());
  }
  const json &error = answer.at("error");
  const json data = error.value("data", json::object());
  CHECK_EQ(error.at("code").get<int>(), wrong.code);
  const std::string told = data.empty() ? error.at("message").get<std::string>() : data.front().get<std::string>();
  CHECK_CONTAINS(told, wrong.told);
  CHECK_CONTAINS(error.at("message").get<std::string>(), data.contains("key") ? wrong.told : "");
}

// One that serves an echo session that goes on for ever.
struct Busy {
  explicit Busy(const std::vector<std::string> &options = {}) : serve(options) {
    serve.open_echo("s");
    serve.execute("s", "stubborn", "e");
    serve.event("started");
  }
  Serve serve;
};

}  // namespace

CAPSULE_TEST(what_is_wrong_is_told_with_its_key) {
  Serve serve;
  serve.open_echo("s");
  serve.call("bridge_create", {{"bridge", "b"}});
  for (const Wrong &wrong : kWrong) {
    check_refused(serve, wrong);
  }
  serve.execute("s", "out still here", "e");
  CHECK_EQ(at(serve.event("output"), "/event/data"), "still here\n");
}

CAPSULE_TEST(a_line_that_is_too_long_takes_no_other_with_it) {
  Serve serve;
  serve.write(std::string((64U << 20U) + 1, 'x'));
  const json refused = serve.read();
  CHECK_EQ(at(refused, "/error/code"), "-32600");
  CHECK_CONTAINS(at(refused, "/error/message"), "67108864 bytes");
  serve.open_echo("s");
}

CAPSULE_TEST(a_line_that_is_nested_without_end_is_refused) {
  constexpr std::size_t kLevels = 500'000;
  const std::string deep = std::string(kLevels, '[') + std::string(kLevels, ']');
  Serve serve;
  for (const std::string &line : {R"({"id":1,"method":"bridge_respond","params":{"bridge":)" + deep + R"(,"request_id":1}})",
                                  R"({"id":1,"method":"session_open","params":{"options":)" + deep + "}}",
                                  R"({"id":)" + deep + R"(,"method":"session_open"})"}) {
    serve.write(line);
    const json refused = serve.read();
    CHECK_EQ(at(refused, "/error/code"), "-32600");
    CHECK_CONTAINS(at(refused, "/error/message"), "100 levels");
  }
  serve.open_echo("s");
}

CAPSULE_TEST(a_handle_may_be_named_before_it_is_made) {
  Serve serve;
  serve.send(1, "session_open", {{"session", "s"}, {"options", {{"executor", "echo"}}}});
  serve.send(2, "execution_create", {{"session", "s"}, {"source", "sleep 100000"}, {"execution", "e"}});
  serve.send(3, "execution_cancel", {{"execution", "e"}});
  serve.call("session_release", json::object());  // of none, which this is not
  CHECK_EQ(at(serve.answer_to(1), "/result/session"), "s");
  CHECK_EQ(at(serve.answer_to(2), "/result/execution"), "e");
  CHECK(serve.answer_to(3).contains("result"));
  CHECK_EQ(at(serve.event("error"), "/event/outcome"), "canceled");
}

CAPSULE_TEST(a_handle_that_could_not_be_made_is_told_to_who_waits_for_it) {
  Serve serve;
  serve.send(1, "session_open", {{"session", "s"}, {"options", {{"python", "/no/such/python"}}}});
  serve.send(2, "execution_create", {{"session", "s"}, {"source", "1"}, {"execution", "e"}});
  serve.send(3, "execution_cancel", {{"execution", "e"}});
  CHECK(serve.answer_to(1).at("error").at("data").contains("status"));
  CHECK_EQ(at(serve.answer_to(2), "/error/data/key"), "session");
  CHECK_EQ(at(serve.answer_to(3), "/error/data/key"), "execution");
  serve.open_echo("s");  // the name is free again
}

CAPSULE_TEST(each_line_tells_whose_it_is) {
  Serve serve;
  const std::string sessions[] = {"one", "two"};
  for (const std::string &session : sessions) {
    serve.open_echo(session);
  }
  serve.send(1, "execution_create", {{"session", "one"}, {"source", "input ?"}, {"execution", "first"}});
  serve.send(2, "execution_create", {{"session", "two"}, {"source", "out hello"}});
  const std::string made = at(serve.answer_to(2), "/result/execution");
  const json output = serve.event("output");
  CHECK_EQ(at(output, "/execution"), made);
  CHECK_EQ(at(output, "/session"), "two");
  CHECK_EQ(at(output, "/id"), "2");
  serve.event("result", made);
  const json input_id = serve.event("input", "first").at("event").at("input_id");
  serve.call("execution_answer", {{"execution", "first"}, {"input_id", input_id}, {"text", "yes"}});
  CHECK_EQ(at(serve.event("output", "first"), "/event/data"), "yes\n");
  serve.event("result", "first");
  serve.send(3, "execution_cancel", {{"execution", "first"}});  // gone with its last event
  CHECK_EQ(at(serve.answer_to(3), "/error/data/key"), "execution");
}

CAPSULE_TEST(a_promise_that_is_watched_is_told_of) {
  Serve serve;
  serve.call("promise_store_open", {{"store", "p"}});
  serve.call("promise_create", {{"store", "p"}, {"wish", {{"id", "one"}}}});
  serve.call("promise_watch", {{"store", "p"}, {"id", "one"}});
  serve.call("promise_settle", {{"store", "p"}, {"id", "one"}, {"state", "resolved"}, {"value", "yes"}});
  const json told = serve.next("promise_next");
  CHECK_EQ(at(told, "/store"), "p");
  CHECK_EQ(at(told, "/promise/id") + at(told, "/promise/state") + at(told, "/promise/value"), "oneresolvedyes");
}

CAPSULE_TEST(more_requests_than_there_may_be_are_refused_and_the_others_answered) {
  Serve serve({"--grace-ms", "0"});
  serve.call("promise_store_open", {{"store", "p"}});
  serve.call("promise_create", {{"store", "p"}, {"wish", {{"id", "one"}}}});
  for (int id = 1; id <= 1'025; ++id) {
    serve.send(id, "promise_wait", {{"store", "p"}, {"id", "one"}});
  }
  CHECK_EQ(at(serve.read(), "/error/code"), "-32000");
  serve.child().close_input();
  for (int i = 0; i < 1'024; ++i) {
    CHECK_EQ(at(serve.read(), "/error/data/status"), "CAPSULE_E_CLOSED");
  }
  CHECK_EQ(serve.child().exit_code(), 0);
}

CAPSULE_TEST(at_the_end_what_was_asked_for_is_done) {
  Serve serve;
  serve.open_echo("s");
  const Watched worker = serve.worker_of("s");
  serve.execute("s", "sleep 50\nout done", "e");
  serve.execute("s", "input ?", "asks");
  serve.child().close_input();
  CHECK_EQ(at(serve.event("output", "e"), "/event/data"), "done\n");
  CHECK_EQ(at(serve.event("error", "asks"), "/event/error_type"), "EOFError");
  CHECK_EQ(serve.child().exit_code(), 0);
  CHECK(worker.wait_gone(Deadline()));
}

CAPSULE_TEST(at_the_end_what_does_not_end_is_killed) {
  Busy busy({"--grace-ms", "50"});
  const Watched worker = busy.serve.worker_of("s");
  busy.serve.send(1, "session_wait_ready", {{"session", "s"}});
  busy.serve.send(2, "session_set", {{"session", "s"}, {"name", "x"}, {"value", {{"kind", "json"}, {"data", "1"}}}});
  busy.serve.child().close_input();
  CHECK(busy.serve.answer_to(2).contains("error"));  // it waited for its turn
  CHECK_EQ(at(busy.serve.event("error"), "/event/outcome"), "killed");
  CHECK_EQ(busy.serve.child().exit_code(), 0);
  CHECK(worker.wait_gone(Deadline()));
}

CAPSULE_TEST(a_signal_ends_it_with_all_that_runs) {
  for (const int signal_number : {SIGINT, SIGTERM}) {
    Busy busy;
    const Watched worker = busy.serve.worker_of("s");
    busy.serve.child().kill(signal_number);
    CHECK_EQ(at(busy.serve.event("error"), "/event/outcome"), "killed");
    CHECK_EQ(busy.serve.child().exit_code(), 128 + signal_number);
    CHECK(worker.wait_gone(Deadline()));
  }
}

CAPSULE_TEST(a_signal_ends_it_though_nobody_reads) {
  Serve serve;
  serve.open_echo("s");
  const Watched worker = serve.worker_of("s");
  serve.send(1, "execution_create", {{"session", "s"}, {"source", "flood 100000"}});
  serve.read();  // and no more
  serve.child().kill(SIGTERM);
  CHECK_EQ(serve.child().exit_code(), 128 + SIGTERM);
  CHECK(worker.wait_gone(Deadline()));
}

CAPSULE_TEST(when_its_reader_is_gone_it_ends) {
  Child child({"bash", "-c", serve_program() + " serve | head -n 1; exit ${PIPESTATUS[0]}"});
  child.write_line(R"({"id": 1, "method": "session_open", "params": {"session": "s", "options": {"executor": "echo"}}})");
  child.write_line(R"({"id": 2, "method": "execution_create", "params": {"session": "s", "source": "stubborn"}})");
  child.read_line();
  CHECK_EQ(child.exit_code(), 128 + SIGPIPE);
}
