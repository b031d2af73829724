// A worker that sends more than it may, without end, or what is a burden to have: its host and the other sessions do not feel it.
#include <algorithm>

#include "hostile.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

struct Hostile {
  [[nodiscard]] Session open() const { return open_session(runtime, SessionOptions::echo()); }

  Runtime runtime = make_hostile_runtime();
};

void check_works(const Session &session) {
  Run run(session, "nothing");
  CHECK_EQ(run.end().outcome, "ok");
}

}  // namespace

CAPSULE_TEST(frames_without_end_keep_no_other_session_waiting) {
  const Hostile hostile;
  const Session other = hostile.open();
  for (const char *kind : {"flood_control", "flood_work"}) {
    const Session session = hostile.open();
    Run flood(session, kind);
    check_works(other);
    check_works(hostile.open());
    flood.cancel(0);
    CHECK_EQ(flood.end().outcome, "canceled");
  }
}

CAPSULE_TEST(frames_without_end_do_not_hold_up_a_timeout) {
  const Hostile hostile;
  const Session session = hostile.open();
  Run flood(session, "flood_work");
  flood.until(CAPSULE_EVENT_STARTED);
  capsule_event event{.struct_size = sizeof event};
  const Stopwatch watch;
  REFUSED(CAPSULE_E_TIMEOUT, capsule_execution_next(flood.get(), 300, &event, error));
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(300));
  flood.cancel(0);
  CHECK_EQ(flood.end().outcome, "canceled");
}

CAPSULE_TEST(output_without_credit_ends_the_worker) {
  const Hostile hostile;
  SessionOptions options = SessionOptions::echo();
  options.raw.output_window_bytes = 64U << 10U;
  const Session session = open_session(hostile.runtime, options);
  Run flood(session, "flood_output");  // of ten times the window, and nobody takes it
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  CHECK_EQ(flood.end().death_reason, "protocol");
  CHECK_AT_MOST(flood.out().size(), std::size_t{64} << 10U);
}

CAPSULE_TEST(output_that_claims_to_be_the_librarys_counts_as_any) {
  const Hostile hostile;
  SessionOptions options = SessionOptions::echo();
  options.raw.output_budget_bytes = 2000;
  const Session session = open_session(hostile.runtime, options);
  Run flood(session, "flood_library");
  const Event &end = flood.end();
  CHECK_EQ(end.outcome, "ok");
  CHECK_EQ(end.stdout_bytes, 100'000);
  CHECK_EQ(flood.out().size(), 2000);
}

CAPSULE_TEST(requests_for_input_that_nobody_takes_are_declined_beyond_some) {
  const Hostile hostile;
  const Session session = hostile.open();
  Run flood(session, "flood_inputs");
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  CHECK_EQ(flood.end().outcome, "ok");
  const auto asked = std::count_if(flood.events().begin(), flood.events().end(),
                                   [](const Event &event) { return event.kind == CAPSULE_EVENT_INPUT; });
  CHECK_EQ(asked, 32);  // of a megabyte each
}

CAPSULE_TEST(descriptors_that_linger_keep_nobody_waiting) {
  const Hostile hostile;
  const Session other = hostile.open();
  for (const char *kind : {"linger_host", "linger_zygote"}) {
    const Stopwatch watch;
    Session session = hostile.open();
    Run run(session, kind);
    CHECK_EQ(run.end().outcome, "ok");
    check_works(other);
    session.reset();
    check_works(other);
    check_works(hostile.open());
    CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(2'000));
  }
}
