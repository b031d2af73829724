// A call of the host: from Python to a thread of the host and back.
#include <charconv>
#include <thread>

#include "client.hpp"
#include "floors.hpp"

namespace bench {
namespace {

constexpr int kBlocks = 15;
constexpr int kCalls = 200;

class Bridge {
 public:
  explicit Bridge(const Runtime &runtime) {
    capsule_error error = empty_error();
    check(capsule_bridge_create(runtime.get(), nullptr, &handle_, &error), error, "capsule_bridge_create");
    capsule_capability none;
    capsule_capability_init(&none, sizeof none);
    none.name = capsule_text_from("nothing");
    check(capsule_bridge_register(handle_, &none, &error), error, "capsule_bridge_register");
    server_ = std::thread([this] { serve(); });
  }
  Bridge(const Bridge &) = delete;
  Bridge &operator=(const Bridge &) = delete;
  ~Bridge() {
    capsule_bridge_close(handle_, nullptr);
    server_.join();
    capsule_bridge_release(handle_);
  }
  [[nodiscard]] capsule_bridge *get() const { return handle_; }

 private:
  void serve() const {
    capsule_request request{.struct_size = sizeof request};
    while (capsule_bridge_next_request(handle_, -1, &request, nullptr) == CAPSULE_OK) {
      capsule_bridge_respond(handle_, request.request_id, nullptr, nullptr);
      capsule_request_release(&request);
    }
  }

  capsule_bridge *handle_ = nullptr;
  std::thread server_;
};

// Of calls one after the other, by the session's own clock: the sum of a block.
double call_us(const Session &session) {
  Event event;
  Execution execution(session,
                      format("import time\ntimes = []\nfor _ in range(%d):\n    t = time.perf_counter_ns(); host.nothing(); "
                             "times.append(time.perf_counter_ns() - t)\nsorted(times)[len(times) // 2]",
                             kCalls));
  execution.finish(event);
  event.expect_result();
  double median_ns = 0;
  std::from_chars(event->repr.data, event->repr.data + event->repr.size, median_ns);
  return median_ns / 1e3;
}

double roundtrip_us(const Session &session) {
  std::vector<double> samples;
  Event event;
  for (int i = 0; i < kCalls; ++i) {
    const std::uint64_t start = now_ns();
    run_sum(session, event);
    samples.push_back(us_between(start, now_ns()));
  }
  return median(samples);
}

struct Measured {
  std::vector<double> calls;
  std::vector<double> roundtrips;
};

Measured measure(const Context &context) {
  const Runtime runtime;
  const Bridge bridge(runtime);
  const capsule_rule all{.capability = capsule_text_from("*"), .decision = CAPSULE_POLICY_ALLOW};
  const Session session(runtime, context, {.bridge = bridge.get(), .rule = &all});
  call_us(session);
  Measured measured;
  for (int i = 0; i < kBlocks; ++i) {
    measured.calls.push_back(call_us(session));
    measured.roundtrips.push_back(roundtrip_us(session));
  }
  return measured;
}

}  // namespace

Rows host_call(const Context &context) {
  const Measured free = measure(context);
  Measured pinned;
  {
    const OneCpu pin;
    pinned = measure(context);
  }
  return {{
      .name = "host_call",
      .value = median(pinned.calls),
      .unit = "us",
      .floor = median(pinned.roundtrips),
      .peer = "exec_roundtrip of the same session: create, next up to the result of 1+1, release",
      .how = format(
          "median of the p50 of %d blocks of %d calls of a capability that does nothing, by Python's clock, served by a thread "
          "of the host, each followed by as many round trips, all processes on one CPU (left to the scheduler: %.1f us, round "
          "trip %.1f us), Python %s",
          kBlocks, kCalls, median(free.calls), median(free.roundtrips), context.version.c_str()),
  }};
}

// So many calls of tasks are open at once before the first is answered; microseconds for each, by the host's clock.
double open_us(const Runtime &runtime, const Context &context, int count) {
  capsule_error error = empty_error();
  capsule_bridge *bridge = nullptr;
  check(capsule_bridge_create(runtime.get(), nullptr, &bridge, &error), error, "capsule_bridge_create");
  capsule_capability wait;
  capsule_capability_init(&wait, sizeof wait);
  wait.name = capsule_text_from("wait");
  check(capsule_bridge_register(bridge, &wait, &error), error, "capsule_bridge_register");
  double took_us = 0;
  {
    const capsule_rule all{.capability = capsule_text_from("*"), .decision = CAPSULE_POLICY_ALLOW};
    const Session session(runtime, context, {.bridge = bridge, .rule = &all});
    Event event;
    Execution warm(session, "import asyncio\nawait asyncio.sleep(0)");
    warm.finish(event);
    const std::uint64_t start = now_ns();
    Execution execution(session, format("len(await asyncio.gather(*(host.wait() for _ in range(%d))))", count));
    std::vector<std::uint64_t> ids;
    capsule_request request{.struct_size = sizeof request};
    while (static_cast<int>(ids.size()) < count) {
      check(capsule_bridge_next_request(bridge, kWaitMs, &request, &error), error, "capsule_bridge_next_request");
      ids.push_back(request.request_id);
      capsule_request_release(&request);
    }
    for (const std::uint64_t id : ids) {
      check(capsule_bridge_respond(bridge, id, nullptr, &error), error, "capsule_bridge_respond");
    }
    execution.finish(event);
    event.expect_result();
    took_us = us_between(start, now_ns()) / count;
  }
  capsule_bridge_release(bridge);
  return took_us;
}

Rows host_calls_open(const Context &context) {
  constexpr int kMany = 10'000;
  constexpr int kFew = 100;
  constexpr int kRounds = 5;
  const Runtime runtime;
  std::vector<double> many;
  std::vector<double> few;
  for (int i = 0; i < kRounds; ++i) {
    few.push_back(open_us(runtime, context, kFew));
    many.push_back(open_us(runtime, context, kMany));
  }
  return {{
      .name = "host_calls_open",
      .value = median(many),
      .unit = "us",
      .floor = median(few),
      .peer = format("the same for each call where %d are open at once", kFew),
      .how = format(
          "median of %d rounds: one execution awaits %d calls, all of which the host has taken before it answers the first; "
          "its time by the number of calls",
          kRounds, kMany),
  }};
}

}  // namespace bench
