// The caller's trace context is in the environment of the code, and nowhere else.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

constexpr const char *kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr const char *kState = "vendor=opaque,other=1";
constexpr const char *kRead = "import os; os.environ.get('TRACEPARENT'), os.environ.get('TRACESTATE')";

ExecutionOptions traced(const std::string &parent = kParent, const std::string &state = "") {
  ExecutionOptions options;
  options.traceparent = parent;
  options.tracestate = state;
  return options;
}

std::string value_with(const Session &session, std::string_view source, const ExecutionOptions &options) {
  Run run(session, source, options);
  CHECK_EQ(run.end().outcome, "ok");
  return run.end().repr.value_or("");
}

}  // namespace

CAPSULE_TEST(the_context_is_in_os_environ_while_the_code_runs) {
  const Session session = open_session();
  CHECK_EQ(value_with(session, kRead, traced()), "('" + std::string(kParent) + "', None)");
  CHECK_EQ(value_with(session, kRead, traced(kParent, kState)), "('" + std::string(kParent) + "', '" + kState + "')");
}

CAPSULE_TEST(the_context_is_removed_afterwards) {
  const Session session = open_session();
  CHECK_EQ(value_of(session, kRead), "(None, None)");
  value_with(session, "1", traced(kParent, kState));
  CHECK_EQ(value_of(session, kRead), "(None, None)");
  Run failing(session, "1 / 0", traced(kParent, kState));
  CHECK_EQ(failing.end().outcome, "error");
  CHECK_EQ(value_of(session, kRead), "(None, None)");
}

CAPSULE_TEST(the_context_is_removed_after_a_timeout) {
  const Session session = open_session();
  ExecutionOptions options = traced(kParent, kState);
  options.raw.timeout_ms = 50;
  Run run(session, "while True: pass", options);
  CHECK_EQ(run.end().outcome, "timeout");
  CHECK_EQ(value_of(session, kRead), "(None, None)");
}

CAPSULE_TEST(one_context_does_not_leak_into_the_next) {
  const Session session = open_session();
  value_with(session, "1", traced(kParent, kState));
  const std::string other = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-00";
  CHECK_EQ(value_with(session, kRead, traced(other)), "('" + other + "', None)");
}

CAPSULE_TEST(child_processes_inherit_the_context) {
  const Session session = open_session();
  const std::string print = "import subprocess\nsubprocess.run('echo \"$TRACEPARENT/$TRACESTATE\"', shell=True)\nNone";
  Run run(session, print, traced(kParent, kState));
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(run.out(), std::string(kParent) + "/" + kState + "\n");
  CHECK_EQ(printed_by(session, print), "/\n");
}

CAPSULE_TEST(an_invalid_context_is_refused) {
  const Session session = open_session();
  const std::string bad[] = {"x",
                             "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                             "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                             "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                             "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                             "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                             std::string(kParent) + "\n"};
  for (const std::string &parent : bad) {
    ExecutionOptions options = traced(parent);
    Execution execution;
    CHECK_CONTAINS(
        REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "1", 1, options.get(), execution.out(), error)),
        "traceparent");
    CHECK(execution.get() == nullptr);
  }
}

CAPSULE_TEST(a_state_needs_a_parent_and_has_a_limit) {
  const Session session = open_session();
  Execution execution;
  ExecutionOptions lone = traced("", kState);
  CHECK_CONTAINS(
      REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "1", 1, lone.get(), execution.out(), error)),
      "tracestate");
  ExecutionOptions longest = traced(kParent, "a=" + std::string(510, 'b'));
  ACCEPTED(capsule_execution_create(session.get(), "1", 1, longest.get(), execution.out(), error));
  ExecutionOptions longer = traced(kParent, "a=" + std::string(511, 'b'));
  CHECK_CONTAINS(
      REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "1", 1, longer.get(), execution.out(), error)),
      "tracestate");
}

CAPSULE_TEST(a_variable_of_the_session_s_own_comes_back) {
  SessionOptions options;
  options.environment = {"TRACEPARENT=from-the-session"};
  const Session session = open_session(options);
  CHECK_EQ(value_of(session, kRead), "('from-the-session', None)");
  CHECK_EQ(value_with(session, kRead, traced()), "('" + std::string(kParent) + "', None)");
  CHECK_EQ(value_of(session, kRead), "('from-the-session', None)");
}
