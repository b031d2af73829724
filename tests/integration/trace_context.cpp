// The trace context of an execution is in the environment of its code: the caller's, or the one that was made.
#include "run.hpp"
#include "snapshots.hpp"
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

// As it was made for the last execution: of those of a branch the first has the number behind those of its snapshot.
std::string made_for(const Session &session) {
  capsule_trace_context context{.struct_size = sizeof context};
  std::uint64_t last = 1;
  while (capsule_session_get_trace_context(session.get(), last + 1, &context, nullptr) == CAPSULE_OK) {
    ++last;
  }
  ACCEPTED(capsule_session_get_trace_context(session.get(), last, &context, error));
  CHECK_EQ(context.given, 0);
  return context.traceparent;
}

// What the code is told, without a caller's.
void check_made(const Session &session) {
  const std::string read = value_of(session, kRead);
  CHECK_EQ(read, "('" + made_for(session) + "', None)");
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
  check_made(session);
  value_with(session, "1", traced(kParent, kState));
  check_made(session);
  Run failing(session, "1 / 0", traced(kParent, kState));
  CHECK_EQ(failing.end().outcome, "error");
  check_made(session);
}

CAPSULE_TEST(each_execution_has_one_that_was_made_and_so_have_its_children) {
  const Session session = open_session();
  const std::string print = "import subprocess\nsubprocess.run('echo \"$TRACEPARENT\"', shell=True)\nNone";
  const std::string first = printed_by(session, print);
  CHECK_EQ(first, made_for(session) + "\n");
  const std::string second = printed_by(session, print);
  CHECK_EQ(second, made_for(session) + "\n");
  CHECK(first != second);
}

CAPSULE_TEST(what_code_sets_or_puts_back_is_its_own) {
  const Session session = open_session();
  value_of(session, "import os; saved = dict(os.environ)");
  value_of(session, "os.environ.clear(); os.environ.update(saved)");
  check_made(session);  // what was made before does not stay
  value_of(session, "del os.environ['TRACEPARENT']");
  check_made(session);
  value_of(session, "os.environ['TRACEPARENT'] = 'mine'");
  CHECK_EQ(value_of(session, kRead), "('mine', None)");
  CHECK_EQ(printed_by(session, "import subprocess\nsubprocess.run('echo $TRACEPARENT', shell=True)\nNone"), "mine\n");
  value_with(session, "1", traced());
  CHECK_EQ(value_of(session, kRead), "('mine', None)");
}

CAPSULE_TEST(a_branch_has_contexts_of_its_own) {
  const Session session = open_session();
  check_made(session);
  const Session branch = branch_of(snapshot_of(session));
  check_made(branch);
  check_made(session);
  CHECK(made_for(branch) != made_for(session));
}

CAPSULE_TEST(the_context_is_removed_after_a_timeout) {
  const Session session = open_session();
  ExecutionOptions options = traced(kParent, kState);
  options.raw.timeout_ms = 50;
  Run run(session, "while True: pass", options);
  CHECK_EQ(run.end().outcome, "timeout");
  check_made(session);
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
  const std::string printed = printed_by(session, print);
  CHECK_EQ(printed, made_for(session) + "/\n");
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
