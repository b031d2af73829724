// What an execution cost, told in its terminal event.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// The terminal event of the source, as the C struct has it.
capsule_event bill_of(const Session &session, std::string_view source) {
  const Execution execution = submit(session, source);
  capsule_event event{};
  event.struct_size = sizeof event;
  const Deadline deadline;
  do {
    ACCEPTED(capsule_execution_next(execution.get(), deadline.left_ms(), &event, error));
  } while (event.kind != CAPSULE_EVENT_RESULT && event.kind != CAPSULE_EVENT_ERROR);
  capsule_event copy = event;
  capsule_event_release(&event);
  copy.storage = nullptr;
  return copy;
}

const char *const kBusy = "import time\nend = time.process_time() + 0.05\nwhile time.process_time() < end: pass\n";

}  // namespace

CAPSULE_TEST(cpu_time_is_told) {
  const Session session = open_session();
  const capsule_event bill = bill_of(session, kBusy);
  CHECK_EQ(bill.resources_measured, 1);
  CHECK_AT_LEAST(bill.user_cpu_ns + bill.system_cpu_ns, 49'000'000U);
  CHECK_AT_LEAST(bill.duration_ns, 49'000'000U);
}

CAPSULE_TEST(an_exception_has_its_bill_too) {
  const Session session = open_session();
  const capsule_event bill = bill_of(session, std::string(kBusy) + "1 / 0");
  CHECK_EQ(bill.kind, CAPSULE_EVENT_ERROR);
  CHECK_AT_LEAST(bill.user_cpu_ns + bill.system_cpu_ns, 49'000'000U);
}

CAPSULE_TEST(each_pays_for_its_own) {
  const Session session = open_session();
  bill_of(session, kBusy);
  const capsule_event bill = bill_of(session, "import time; time.sleep(0.02)");
  CHECK_EQ(bill.resources_measured, 1);
  CHECK_AT_MOST(bill.user_cpu_ns + bill.system_cpu_ns, 20'000'000U);
  CHECK_AT_LEAST(bill.voluntary_switches, 1);
}

CAPSULE_TEST(memory_and_page_faults_are_told) {
  const Session session = open_session();
  const capsule_event bill = bill_of(session, "block = bytearray(b'x') * (64 << 20)");
  CHECK_EQ(bill.resources_measured, 1);
  CHECK_AT_LEAST(bill.peak_resident_delta_bytes, 60U << 20U);
  CHECK_AT_LEAST(bill.minor_faults, 16);
}

CAPSULE_TEST(what_is_too_short_is_not_measured) {
  const Session session = open_session();
  for (int i = 0; i < 20; ++i) {  // one of them is surely not disturbed
    const capsule_event bill = bill_of(session, "1 + 1");
    if (bill.duration_ns < 500'000) {
      CHECK_EQ(bill.resources_measured, 0);
      CHECK_EQ(bill.user_cpu_ns + bill.system_cpu_ns + bill.minor_faults + bill.voluntary_switches, 0);
      return;
    }
    CHECK_EQ(bill.resources_measured, 1);
  }
  FAIL("no execution of 1 + 1 took less than 500 us");
}

CAPSULE_TEST(lines_are_counted_by_stream) {
  const Session session = open_session();
  const capsule_event bill =
      bill_of(session, "import os, sys\nprint('a\\nb')\nos.write(2, b'c\\n')\nsys.stderr.write('d')\nNone");
  CHECK_EQ(bill.stdout_lines, 2);
  CHECK_EQ(bill.stderr_lines, 1);
  CHECK_EQ(bill.stdout_bytes, 4);
  CHECK_EQ(bill.stderr_bytes, 3);
}

CAPSULE_TEST(waiting_for_input_is_told_by_itself) {
  const Session session = open_session();
  Run run(session, "input()");
  const Event request = run.until(CAPSULE_EVENT_INPUT);
  // The answer comes no earlier than another session's 30 ms.
  value_of(open_session(), "import time; time.sleep(0.03)");
  run.answer("");
  CHECK_AT_LEAST(run.end().input_wait_ns, 30'000'000U);
  CHECK_EQ(bill_of(session, "None").input_wait_ns, 0);
}

CAPSULE_TEST(where_the_worker_died_nothing_was_measured) {
  const Session session = open_session();
  const capsule_event bill = bill_of(session, std::string(kBusy) + "import os\nos._exit(0)");
  CHECK_EQ(bill.outcome, CAPSULE_OUTCOME_DIED);
  CHECK_EQ(bill.resources_measured, 0);
  CHECK_AT_LEAST(bill.duration_ns, 49'000'000U);  // by the host's clock
}
