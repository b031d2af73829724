// diagnostics/trace: what is kept, what goes, and that each event is in exactly one count.
#include <poll.h>

#include <atomic>
#include <random>
#include <thread>

#include "base/clock.hpp"
#include "capsule/log.h"
#include "diagnostics/trace.hpp"
#include "test.hpp"

using namespace capsule;

namespace {

constexpr std::uint64_t kSmall = 8U << 10U;

struct Taken {
  std::vector<capsule_trace_event> events;
  capsule_trace_info info{};
  capsule_status status = CAPSULE_OK;
};

Taken take(Trace &trace, const capsule_trace_filter &filter = {}, std::size_t capacity = 1'000'000) {
  Taken taken;
  taken.status = trace.select(filter, capacity, taken.events, taken.info).code();
  const capsule_trace_info &info = taken.info;
  CHECK_EQ(info.emitted, info.stored + info.evicted + info.dropped + info.refused + info.late + info.truncated + info.invalid);
  CHECK(info.stored_bytes <= info.limit_bytes);
  return taken;
}

void run(Trace &trace, std::uint64_t id, int cancels = 0) {
  trace.add({.kind = CAPSULE_TRACE_EXECUTION_SUBMITTED, .execution_id = id});
  for (int i = 0; i < cancels; ++i) {
    trace.add({.kind = CAPSULE_TRACE_CANCEL_REQUESTED, .execution_id = id});
  }
  trace.add({.kind = CAPSULE_TRACE_EXECUTION_FINISHED, .execution_id = id});
}

FlightRecord from_worker(std::uint32_t execution, std::uint64_t sequence = 1) {
  return {.sequence = sequence,
          .time_ns = monotonic_ns(),
          .execution = execution,
          .kind = CAPSULE_TRACE_EXECUTION_STARTED,
          .source = CAPSULE_TRACE_SOURCE_EXECUTOR};
}

void tell(Trace &trace, const FlightRecord &record, const TraceWorker &worker = {.incarnation = 1}) {
  trace.collect_one(FlightWriter::kMain, flight_words(record), worker, monotonic_ns());
}

}  // namespace

CAPSULE_TEST(a_worker_gives_no_labels) {
  Trace trace(kSmall, CAPSULE_LOG_INFO, Trace::Of::kSession);
  trace.add({.kind = CAPSULE_TRACE_EXECUTION_SUBMITTED, .execution_id = 1, .label = "one"});
  const std::uint64_t what =
      (std::uint64_t{CAPSULE_TRACE_EXECUTION_STARTED} << 32U) | (std::uint64_t{CAPSULE_TRACE_SOURCE_EXECUTOR} << 48U);
  trace.collect_one(FlightWriter::kMain, {1, monotonic_ns(), 1, what | 2U /* that of "one" */}, {.incarnation = 1},
                    monotonic_ns());
  const Taken taken = take(trace);
  CHECK_EQ(taken.events.size(), 2);
  CHECK_EQ(*trace.labels().name_of(taken.events[0].label), "one");
  CHECK_EQ(taken.events[1].label, 0);
  CHECK_EQ(taken.info.labels, 1);
  CHECK_EQ(taken.info.labels_other, 0);
}

CAPSULE_TEST(a_short_execution_is_told_whenever_somebody_looks) {
  const auto tell_host = [](Trace &trace, std::int32_t kind, std::uint64_t id) {
    switch (kind) {
      case CAPSULE_TRACE_EXECUTION_SUBMITTED:
        return trace.add_submitted({.execution_id = id, .time_ns = 100 * id, .source_bytes = 20, .inputs = 1});
      case CAPSULE_TRACE_EXECUTION_SENT:
        return trace.add_sent(id, 100 * id + 10, 10);
      default:
        return trace.add_finished({.execution_id = id,
                                   .time_ns = 100 * id + 30,
                                   .outcome = CAPSULE_OUTCOME_ERROR,
                                   .ran_ns = 7,
                                   .stdout_bytes = 8,
                                   .stderr_bytes = 9});
    }
  };
  constexpr std::array kKinds{CAPSULE_TRACE_EXECUTION_SUBMITTED, CAPSULE_TRACE_EXECUTION_SENT,
                              CAPSULE_TRACE_EXECUTION_FINISHED};
  for (int look_after = 0; look_after <= 3; ++look_after) {
    for (const bool followed : {false, true}) {
      Trace trace(kSmall, CAPSULE_LOG_INFO, Trace::Of::kSession);
      const auto follower = std::make_shared<TraceFollower>();
      if (followed) {
        trace.follow(follower);
      }
      int told = 0;
      for (const std::int32_t kind : kKinds) {
        tell_host(trace, kind, 1);
        if (++told == look_after) {
          CHECK_EQ(take(trace).events.size(), static_cast<std::size_t>(told));
          trace.follow(follower);
        }
      }
      tell_host(trace, kKinds[0], 2);
      tell_host(trace, kKinds[0], 3);  // while the other waits
      tell_host(trace, kKinds[1], 2);
      tell_host(trace, kKinds[2], 2);
      const Taken taken = take(trace);
      CHECK_EQ(taken.events.size(), 7);
      CHECK_EQ(taken.info.emitted, 7);
      CHECK_EQ(taken.events[2].kind, CAPSULE_TRACE_EXECUTION_FINISHED);
      CHECK_EQ(taken.events[2].status, CAPSULE_OUTCOME_ERROR);
      CHECK_EQ(taken.events[2].arguments[2], 9);
      CHECK_EQ(taken.events[2].parent, taken.events[0].sequence);
      CHECK_EQ(taken.events[0].status, 0);
      CHECK_EQ(taken.events[0].arguments[1], 1);
      CHECK_EQ(taken.events[1].arguments[0], 10);
      for (std::size_t i = 0; i < 3; ++i) {
        CHECK_EQ(taken.events[i].sequence, i + 1);
      }
    }
  }
}

CAPSULE_TEST(the_oldest_finished_execution_goes_as_a_whole_and_a_running_one_last) {
  Trace trace(kSmall, CAPSULE_LOG_INFO, Trace::Of::kSession);
  trace.add({.kind = CAPSULE_TRACE_EXECUTION_SUBMITTED, .execution_id = 1});
  for (std::uint64_t id = 2; id <= 100; ++id) {
    run(trace, id);
  }
  const Taken taken = take(trace);
  CHECK_EQ(taken.events.front().execution_id, 1);  // it runs
  CHECK_EQ(taken.events[1].execution_id, 100 + 2 - (taken.events.size() + 1) / 2);
  CHECK_EQ(taken.events.back().execution_id, 100);
  CHECK_EQ(taken.info.evicted, 2 * taken.info.evicted_executions);
}

CAPSULE_TEST(what_was_sent_at_once_is_two_events_wherever_they_are_counted) {
  Trace trace(kSmall, CAPSULE_LOG_INFO, Trace::Of::kSession);
  const auto submit = [&trace](std::uint64_t id, std::uint64_t waited_ns) {
    trace.add_submitted({.execution_id = id, .time_ns = 1000 * id, .source_bytes = 8});
    trace.add_sent(id, 1000 * id + waited_ns, waited_ns);
    trace.add_finished({.execution_id = id, .time_ns = 1000 * id + 900});
  };
  submit(1, 300);
  const Taken one = take(trace);
  CHECK_EQ(one.info.stored, 3);
  for (std::size_t i = 0; i < one.events.size(); ++i) {
    CHECK_EQ(one.events[i].cursor, i + 1);
    CHECK_EQ(one.events[i].sequence, i + 1);
    CHECK_EQ(one.events[i].parent, i == 0 ? 0 : 1);
    CHECK_EQ(one.events[i].kind, i == 0   ? CAPSULE_TRACE_EXECUTION_SUBMITTED
                                 : i == 1 ? CAPSULE_TRACE_EXECUTION_SENT
                                          : CAPSULE_TRACE_EXECUTION_FINISHED);
  }
  CHECK_EQ(one.events[0].arguments[0], 8);
  CHECK_EQ(one.events[1].time_ns, 1300);
  CHECK_EQ(one.events[1].arguments[0], 300);
  for (std::uint64_t id = 2; id <= 200; ++id) {
    submit(id, id % 2 == 0 ? 300 : 0);  // also where the clock did not move
  }
  const Taken all = take(trace);
  CHECK_EQ(all.info.emitted, 600);
  CHECK_EQ(all.info.evicted, 3 * all.info.evicted_executions);
  CHECK_EQ(all.events.size(), all.info.stored);
  CHECK_EQ(all.events.back().cursor, 600);
}

CAPSULE_TEST(what_is_there_is_whole_and_the_latest_however_often_somebody_looks) {
  constexpr std::uint64_t kEvents = 4;
  std::mt19937 random(8);
  for (const unsigned looks : {1U, 20U, 400U}) {
    Trace trace(kSmall, CAPSULE_LOG_INFO, Trace::Of::kSession);
    for (std::uint64_t id = 1; id <= 3000; ++id) {
      trace.add_submitted({.execution_id = id, .time_ns = monotonic_ns()});
      const auto execution = static_cast<std::uint32_t>(id);
      tell(trace, from_worker(execution, 2 * id));
      trace.add_finished({.execution_id = id, .time_ns = monotonic_ns()});
      tell(trace, from_worker(execution, 2 * id + 1));
      if (random() % looks != 0 && id != 3000) {
        continue;
      }
      const Taken taken = take(trace);
      CHECK_EQ(taken.info.late, 0);
      CHECK_EQ(taken.info.stored % kEvents, 0);
      CHECK_EQ(taken.info.evicted, kEvents * taken.info.evicted_executions);
      CHECK_EQ(taken.info.evicted + taken.info.stored, kEvents * id);
      CHECK_AT_LEAST(taken.info.stored, std::min<std::uint64_t>(id, 20) * kEvents);
      CHECK_EQ(taken.info.oldest_cursor, taken.info.evicted);
      for (std::size_t i = 0; i < taken.events.size(); ++i) {
        CHECK_EQ(taken.events[i].execution_id, taken.info.evicted_executions + 1 + i / kEvents);
      }
    }
  }
}

CAPSULE_TEST(an_event_of_an_evicted_execution_is_late) {
  Trace trace(kSmall, CAPSULE_LOG_INFO, Trace::Of::kSession);
  for (std::uint64_t id = 1; id <= 1000; ++id) {
    run(trace, id);
  }
  trace.add({.kind = CAPSULE_TRACE_CANCEL_NOOP, .execution_id = 1});
  tell(trace, from_worker(2));
  CHECK_EQ(take(trace).info.late, 2);
  CHECK_EQ(take(trace).info.invalid, 0);
}

CAPSULE_TEST(one_that_fills_the_buffer_keeps_its_first_events_and_its_latest) {
  Trace trace(64U << 10U, CAPSULE_LOG_INFO, Trace::Of::kSession);
  run(trace, 1, 20'000);
  const Taken taken = take(trace);
  CHECK(taken.info.truncated > 4000);
  CHECK_EQ(taken.events.front().kind, CAPSULE_TRACE_EXECUTION_SUBMITTED);
  CHECK_EQ(taken.events.back().kind, CAPSULE_TRACE_EXECUTION_FINISHED);
  CHECK_EQ(taken.events[63].sequence, 64);
  CHECK_EQ(taken.events[64].kind, CAPSULE_TRACE_TRUNCATED);
  CHECK_EQ(static_cast<std::uint64_t>(taken.events[64].arguments[0]), taken.info.truncated);
  CHECK_EQ(taken.events[65].sequence, 65 + taken.info.truncated);
  CHECK_EQ(taken.events.size(), taken.info.stored + 1);
}

CAPSULE_TEST(what_belongs_to_no_execution_has_one_eighth) {
  Trace trace(64U << 10U, CAPSULE_LOG_INFO, Trace::Of::kSession);
  run(trace, 1);
  for (int i = 0; i < 5000; ++i) {
    trace.add({.kind = CAPSULE_TRACE_BRANCHED});
  }
  const Taken taken = take(trace);
  CHECK_EQ(taken.info.evicted_executions, 0);
  CHECK(taken.info.stored_bytes <= taken.info.limit_bytes / 8 + 1024);
  Trace pool(64U << 10U, CAPSULE_LOG_INFO, Trace::Of::kPool);
  for (int i = 0; i < 5000; ++i) {
    pool.add({.kind = CAPSULE_TRACE_POOL_HIT});
  }
  CHECK(take(pool).info.stored_bytes > taken.info.limit_bytes / 2);
}

CAPSULE_TEST(a_cursor_that_was_evicted_past_is_told_how_much_is_missing) {
  Trace trace(kSmall, CAPSULE_LOG_INFO, Trace::Of::kSession);
  for (std::uint64_t id = 1; id <= 100; ++id) {
    run(trace, id);
  }
  const Taken evicted = take(trace, {.after_cursor = 3});
  CHECK_EQ(evicted.status, CAPSULE_E_EVICTED);
  CHECK_EQ(evicted.info.lost, evicted.info.evicted - 3);
  CHECK_EQ(evicted.info.oldest_cursor, evicted.info.evicted);
  const Taken rest = take(trace, {.after_cursor = evicted.info.oldest_cursor});
  CHECK_EQ(rest.status, CAPSULE_OK);
  CHECK_EQ(rest.events.size(), evicted.info.stored);
  CHECK_EQ(take(trace, {.after_cursor = 0}).status, CAPSULE_OK);
  CHECK_EQ(take(trace, {.execution_id = 100, .after_cursor = 3}).status, CAPSULE_OK);
}

CAPSULE_TEST(a_reader_that_goes_on_from_its_cursor_misses_nothing_and_sees_nothing_twice) {
  Trace trace(1U << 20U, CAPSULE_LOG_INFO, Trace::Of::kSession);
  for (std::uint64_t id = 1; id <= 50; ++id) {
    run(trace, id, 3);
    tell(trace, from_worker(static_cast<std::uint32_t>(id), id));
  }
  std::uint64_t seen = 0;
  for (std::uint64_t cursor = 0;;) {
    const Taken page = take(trace, {.after_cursor = cursor}, 7);
    seen += page.events.size();
    if (page.events.empty()) {
      break;
    }
    cursor = page.info.next_cursor;
  }
  CHECK_EQ(seen, 300);
}

CAPSULE_TEST(filters_choose_by_kind_source_severity_time_and_execution) {
  Trace trace(1U << 20U, CAPSULE_LOG_DEBUG, Trace::Of::kSession);
  trace.add({.kind = CAPSULE_TRACE_SESSION_STATE_CHANGED, .time_ns = 10});
  trace.add({.kind = CAPSULE_TRACE_CHECKPOINT_BEGIN, .time_ns = 20});
  trace.add({.kind = CAPSULE_TRACE_SESSION_DIED, .time_ns = 30});
  CHECK_EQ(take(trace, {.kind = 100}).events.size(), 2);
  CHECK_EQ(take(trace, {.source = CAPSULE_TRACE_SOURCE_CHECKPOINT}).events.size(), 1);
  CHECK_EQ(take(trace, {.severity = CAPSULE_LOG_ERROR}).events.size(), 1);
  CHECK_EQ(take(trace, {.since_ns = 20, .until_ns = 30}).events.size(), 1);
  CHECK_EQ(take(trace, {.execution_id = 4}).events.size(), 0);
}

CAPSULE_TEST(what_no_worker_of_ours_writes_is_invalid) {
  Trace trace(1U << 20U, CAPSULE_LOG_INFO, Trace::Of::kSession);
  run(trace, 1);
  const TraceWorker worker{.incarnation = 1, .began_ns = monotonic_ns()};
  FlightRecord of_the_host = from_worker(1);
  of_the_host.kind = CAPSULE_TRACE_SESSION_DIED;
  FlightRecord of_nobody = from_worker(1);
  of_nobody.kind = 9999;
  FlightRecord of_another_source = from_worker(1);
  of_another_source.source = CAPSULE_TRACE_SOURCE_BRIDGE;
  FlightRecord early = from_worker(1);
  early.time_ns = worker.began_ns - 1;
  FlightRecord late = from_worker(1);
  late.time_ns = monotonic_ns() + kNsPerSecond;
  const FlightRecord never_run = from_worker(2);
  for (const FlightRecord &record : {of_the_host, of_nobody, of_another_source, early, late, never_run}) {
    tell(trace, record, worker);
  }
  CHECK_EQ(take(trace).info.invalid, 6);
  tell(trace, from_worker(1), worker);
  CHECK_EQ(take(trace).info.stored, 3);
}

CAPSULE_TEST(who_follows_is_woken_once_and_at_the_end_whatever_the_level) {
  Trace trace(kSmall, CAPSULE_LOG_OFF, Trace::Of::kSession);
  const auto follower = std::make_shared<TraceFollower>();
  const auto woken = [&follower] {
    pollfd wait{follower->fd(), POLLIN, 0};
    return ::poll(&wait, 1, 0) == 1;
  };
  trace.follow(follower);
  trace.add({.kind = CAPSULE_TRACE_SESSION_CLOSED});
  CHECK(!woken());  // not armed
  follower->arm();
  trace.add({.kind = CAPSULE_TRACE_SESSION_READY});
  CHECK(!woken());
  trace.add({.kind = CAPSULE_TRACE_SESSION_CLOSED});
  CHECK(woken());
}

CAPSULE_TEST(of_an_execution_that_stays_nothing_goes_from_the_middle) {
  Trace trace(1024, CAPSULE_LOG_INFO, Trace::Of::kSession);
  run(trace, 1);
  tell(trace, from_worker(1, 1));
  CHECK_EQ(take(trace).events.size(), 3);
  run(trace, 2);
  tell(trace, from_worker(1, 2));
  for (std::uint64_t id = 3; id <= 5; ++id) {
    run(trace, id);
  }
  tell(trace, from_worker(1, 3));
  std::vector<std::uint64_t> sequences;
  for (const capsule_trace_event &event : take(trace).events) {
    if (event.execution_id == 1) {
      sequences.push_back(event.sequence);
    }
  }
  CHECK(sequences.empty() || sequences.size() == 5);
}

CAPSULE_TEST(without_space_all_is_refused) {
  Trace trace(0, CAPSULE_LOG_INFO, Trace::Of::kSession);
  run(trace, 1);
  CHECK_EQ(take(trace).info.refused, 2);
}

CAPSULE_TEST(the_counts_add_up_after_any_sequence_of_events) {
  std::mt19937 random(8);
  for (int round = 0; round < 50; ++round) {
    Trace trace(4096U + random() % 60'000U, CAPSULE_LOG_INFO, Trace::Of::kSession);
    std::uint64_t last = 0;
    for (int i = 0; i < 2000; ++i) {
      const std::uint64_t some = last == 0 ? 0 : 1 + random() % last;
      if (random() % 300 == 0) {
        take(trace);
      }
      switch (random() % 6) {
        case 0:
          trace.add({.kind = CAPSULE_TRACE_EXECUTION_SUBMITTED, .execution_id = ++last});
          break;
        case 1:
          trace.add({.kind = CAPSULE_TRACE_EXECUTION_FINISHED, .execution_id = some});
          break;
        case 2:
          trace.add({.kind = CAPSULE_TRACE_BRANCHED});
          break;
        case 3:
          trace.add({.kind = CAPSULE_TRACE_CANCEL_REQUESTED, .execution_id = last});
          break;
        default:
          tell(trace, from_worker(static_cast<std::uint32_t>(some + random() % 2)));
      }
    }
    const Taken taken = take(trace);
    CHECK_EQ(taken.info.emitted, 2000);
    std::uint64_t markers = 0;
    for (const capsule_trace_event &event : taken.events) {
      markers += event.kind == CAPSULE_TRACE_TRUNCATED ? 1U : 0U;
    }
    CHECK_EQ(taken.events.size() - markers, taken.info.stored);
  }
}

CAPSULE_TEST(memory_that_changes_while_it_is_read_cannot_break_the_account) {
  const auto memory = std::make_unique<FlightMemory>();
  auto *words = reinterpret_cast<std::atomic<std::uint64_t> *>(memory.get());
  constexpr std::size_t kWords = sizeof(FlightMemory) / sizeof(std::uint64_t);
  constexpr std::size_t kHeads = sizeof memory->heads / sizeof(std::uint64_t);
  std::atomic<bool> done{false};
  std::thread hostile([&] {
    std::mt19937_64 random(8);
    while (!done.load()) {
      // Numbers that could be an event's, as often as any.
      const std::uint64_t word = random() % 2 == 0 ? random() : random() % 700;
      words[random() % (random() % 8 == 0 ? kHeads : kWords)].store(word, std::memory_order_relaxed);
    }
  });
  for (int round = 0; round < 200; ++round) {
    Trace trace(kSmall, CAPSULE_LOG_DEBUG, Trace::Of::kSession);
    run(trace, 1);
    FlightReader reader(memory.get());
    for (int look = 0; look < 20; ++look) {
      trace.collect(reader, {.incarnation = 1}, /*dead=*/look == 19);
    }
    for (const capsule_trace_event &event : take(trace).events) {
      CHECK(event.kind > 0 && event.source > 0 && event.severity > 0 && event.execution_id <= 1);
      CHECK(event.time_ns <= monotonic_ns());
    }
  }
  done.store(true);
  hostile.join();
}
