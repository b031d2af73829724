// Calls of the host that a worker under a stranger's control makes: none passes the rules, stops the host's servers, or is kept.
#include "bridge.hpp"
#include "hostile.hpp"

using namespace capsule_test;

namespace {

struct Hostile {
  Hostile() {
    bridge = make_bridge(runtime);
    capsule_capability read = capability("read", "path, data=None");
    read.timeout_ms = -1;  // a flood may take longer
    offer(bridge, read);
  }

  // Once the host has seen so many calls; with 0, has ended the worker for them.
  capsule_bridge_metrics play(const std::string &kind, std::uint64_t calls) {
    const capsule_text folder = capsule_text_from("/data");
    const capsule_constraint below = {capsule_text_from("path"), CAPSULE_CONSTRAINT_PATH, 0, &folder, 1, 0};
    capsule_rule read = rule("read");
    read.constraints = &below;
    read.constraint_count = 1;
    const Session session = open_with(bridge, {read}, SessionOptions::echo(), runtime);
    Run run(session, kind);
    if (calls == 0) {
      CHECK_EQ(run.end().outcome, "died");
    }
    until(calls);
    const capsule_bridge_metrics metrics = metrics_of(bridge);
    check_balance(metrics);
    return metrics;
  }

  // How long a flood takes is the machine's affair: it hangs where no call comes in all the time that one may take.
  void until(std::uint64_t calls, std::uint64_t pending = UINT64_MAX) const {
    Deadline deadline;
    std::uint64_t seen = 0;
    for (auto m = metrics_of(bridge); m.calls < calls || m.bridge_pending_current > pending; m = metrics_of(bridge)) {
      if (m.calls > seen) {
        seen = m.calls;
        deadline = Deadline();
      }
      CHECK(!deadline.over());
      before_the_next_look();
    }
  }

  Runtime runtime = make_hostile_runtime();
  Bridge bridge;
};

}  // namespace

CAPSULE_TEST(an_argument_that_is_there_twice_passes_no_rule) {
  for (const char *kind : {"call_doubled", "call_garbage", "call_shadowed"}) {
    Hostile hostile;
    const capsule_bridge_metrics metrics = hostile.play(kind, 1);
    CHECK_EQ(metrics.denied, 1);
    Request none;
    CHECK_EQ(none.take(hostile.bridge, 0), CAPSULE_E_TIMEOUT);
  }
}

CAPSULE_TEST(a_value_that_is_not_what_it_says_ends_the_worker_and_stops_no_server) {
  for (const char *kind : {"call_shape", "call_nameless", "call_site"}) {
    Hostile hostile;
    const capsule_bridge_metrics metrics = hostile.play(kind, 0);
    CHECK_EQ(metrics.calls, 0);
    Request none;
    CHECK_EQ(none.take(hostile.bridge, 0), CAPSULE_E_TIMEOUT);
  }
}

CAPSULE_TEST(a_call_that_comes_twice_is_open_once_and_ends_with_its_worker) {
  Hostile hostile;
  hostile.play("call_twice", 2);
  hostile.until(2, 0);
  const capsule_bridge_metrics metrics = metrics_of(hostile.bridge);
  check_balance(metrics);
  CHECK_EQ(metrics.bridge_pending_current, 0);
  CHECK_EQ(metrics.calls, 2);
  CHECK_EQ(metrics.refused, 1);
  CHECK_EQ(metrics.canceled, 1);
}

CAPSULE_TEST(a_flood_of_calls_is_held_at_the_session_s_limit) {
  Hostile hostile;
  const capsule_bridge_metrics metrics = hostile.play("call_flood", 700);
  CHECK_EQ(metrics.bridge_pending_hwm, 671);  // 64 MiB of 100 kB each
  CHECK_EQ(metrics.refused, 29);
}
