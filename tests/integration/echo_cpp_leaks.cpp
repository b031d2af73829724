// Thousands of executions by the C++ wrapper take neither memory nor descriptors with them.
#include <capsule/capsule.hpp>
#include <cstdlib>

#include "deadline.hpp"
#include "process.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// As many as the environment says; the sanitizers look at each allocation themselves.
int executions() {
  const char *given = std::getenv("CAPSULE_LEAK_EXECUTIONS");
  return given != nullptr ? std::atoi(given) : kSanitized ? 500 : 100'000;
}

void run_many(capsule::Session &session, int count) {
  for (int i = 0; i < count; ++i) {
    const capsule::RunResult result = session.run("out line\nvalue x");
    CHECK_EQ(result.stdout_text, "line\n");
  }
}

// Every way to wait, and one that is dropped while it runs.
void run_in_other_ways(capsule::Session &session, int count) {
  for (int i = 0; i < count; ++i) {
    capsule::Execution execution = session.execute("out a\nout b");
    CHECK(execution.fd() >= 0);
    execution.notify([] {});
    CHECK(execution.next().has_value());
  }
}

}  // namespace

// What one execution prints goes through one Event, whose memory does not grow with it: not from the first outputs to the last.
CAPSULE_TEST(a_stream_of_many_outputs_takes_no_memory) {
  constexpr std::size_t kOutputs = kSanitized ? 10'000 : 100'000;
  constexpr std::size_t kWarm = kOutputs / 5;
  capsule::Runtime runtime;
  capsule::SessionOptions options;
  options.executor = CAPSULE_EXECUTOR_ECHO;
  options.output_window_bytes = 64U << 10U;  // What may wait for this test.
  capsule::Session session = runtime.open(options);
  // Two streams by turns: what is printed on one does not join what was printed on the other.
  std::string source;
  for (std::size_t i = 0; i < kOutputs / 2; ++i) {
    source += "out a line of output\nerr and another one\n";
  }
  capsule::Execution execution = session.execute(source);
  capsule::Event event;
  std::size_t outputs = 0;
  std::size_t resident = 0;
  while (execution.take(event, capsule::kForever) == capsule::Taken::kEvent) {
    outputs += event.kind() == CAPSULE_EVENT_OUTPUT ? 1 : 0;
    if (outputs == kWarm && resident == 0) {
      resident = resident_bytes();
    }
  }
  CHECK_EQ(outputs, kOutputs);
  if (!kSanitized) {
    CHECK_AT_MOST(resident_bytes(), resident + (4U << 20U));
  }
}

CAPSULE_TEST(executions_leave_neither_memory_nor_descriptors) {
  capsule::Runtime runtime;
  capsule::SessionOptions options;
  options.executor = CAPSULE_EXECUTOR_ECHO;
  capsule::Session session = runtime.open(options);
  const int count = executions();
  run_many(session, count / 10);
  run_in_other_ways(session, count / 100);
  run_many(session, 1);  // Behind those that were dropped.
  const std::size_t open = descriptors().size();
  const std::size_t resident = resident_bytes();
  run_many(session, count);
  run_in_other_ways(session, count / 100);
  run_many(session, 1);
  check_descriptors_at_most(open);
  if (!kSanitized) {
    CHECK_AT_MOST(resident_bytes(), resident + (4U << 20U));
  }
}
