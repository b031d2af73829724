// transport/flight_recorder: what a worker writes comes out once, in order; what was overwritten is counted; hostile memory does no harm.
#include "transport/flight_recorder.hpp"

#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "recorder.hpp"
#include "test.hpp"

using namespace capsule;
using capsule::worker::Recorder;

namespace {

struct Recorded {
  std::unique_ptr<FlightMemory> memory = std::make_unique<FlightMemory>();
  Recorder recorder;
  FlightReader reader{memory.get()};

  explicit Recorded(std::int32_t level = CAPSULE_LOG_INFO) { recorder.attach(*memory, level); }

  void receive(std::uint64_t execution_id, std::uint64_t time_ns) {
    recorder.record<CAPSULE_TRACE_EXECUTION_RECEIVED>(FlightWriter::kMain,
                                                      {.execution_id = execution_id, .time_ns = time_ns, .arguments = {20}});
  }
  void start(std::uint64_t execution_id, std::uint64_t time_ns) {
    recorder.record<CAPSULE_TRACE_EXECUTION_STARTED>(FlightWriter::kMain,
                                                     {.execution_id = execution_id, .time_ns = time_ns, .arguments = {3}});
  }
  void start(std::uint64_t execution_id) { start(execution_id, execution_id + 1000); }
  void send_result(std::uint64_t execution_id, std::uint64_t time_ns, std::uint8_t status = 0) {
    recorder.record<CAPSULE_TRACE_EXECUTION_RESULT_SENT>(
        FlightWriter::kMain, {.execution_id = execution_id, .time_ns = time_ns, .status = status, .arguments = {25, 7}});
  }
  void run(std::uint64_t execution_id, std::uint64_t time_ns) {
    receive(execution_id, time_ns);
    start(execution_id, time_ns + 10);
    send_result(execution_id, time_ns + 30);
  }
};

struct Read {
  std::vector<FlightRecord> records;
  FlightReader::Lost lost;
};

Read read(FlightReader &reader, bool dead = false) {
  Read read;
  read.lost = reader.read(
      dead, [&](FlightWriter writer, const FlightWords &words) { read.records.push_back(flight_record(writer, words)); });
  return read;
}

}  // namespace

CAPSULE_TEST(an_event_comes_out_as_it_was_written) {
  Recorded recorded;
  recorded.recorder.record<CAPSULE_TRACE_EXECUTION_RECEIVED>(FlightWriter::kMain,
                                                             {.execution_id = 7, .time_ns = 99, .arguments = {5}});
  recorded.recorder.record<CAPSULE_TRACE_EXECUTION_RESULT_SENT>(
      FlightWriter::kMain, {.execution_id = 7, .time_ns = 100, .status = 1, .arguments = {1, 2, 3, 4}});
  recorded.recorder.record<CAPSULE_TRACE_CANCEL_DELIVERED>(FlightWriter::kLink,
                                                           {.execution_id = std::uint64_t{1} << 62U, .time_ns = 101});
  const Read all = read(recorded.reader);
  CHECK_EQ(all.records.size(), 3);
  const FlightRecord &sent = all.records[1];
  CHECK_EQ(sent.sequence, 2);
  CHECK_EQ(sent.time_ns, 100);
  CHECK_EQ(sent.execution, 7);
  CHECK_EQ(sent.parent, 1);
  CHECK_EQ(sent.kind, CAPSULE_TRACE_EXECUTION_RESULT_SENT);
  CHECK_EQ(sent.source, CAPSULE_TRACE_SOURCE_WORKER);
  CHECK_EQ(sent.status, 1);
  CHECK_EQ(sent.arguments[3], 4);
  CHECK_EQ(all.records[2].execution, 0);  // a request's number is no execution's
  CHECK(read(recorded.reader).records.empty());
}

CAPSULE_TEST(a_short_execution_is_three_events_in_one_slot) {
  Recorded recorded;
  recorded.run(1, 100);
  recorded.run(2, 200);
  const Read all = read(recorded.reader);
  CHECK_EQ(all.records.size(), 2);
  const FlightRecord &second = all.records[1];
  CHECK_EQ(second.events(), 3);
  const FlightRecord received = second.event(0);
  CHECK(received == (FlightRecord{.sequence = 4,
                                  .time_ns = 200,
                                  .execution = 2,
                                  .kind = CAPSULE_TRACE_EXECUTION_RECEIVED,
                                  .source = CAPSULE_TRACE_SOURCE_WORKER,
                                  .arguments = {20}}));
  CHECK(second.event(1) == (FlightRecord{.sequence = 5,
                                         .time_ns = 210,
                                         .execution = 2,
                                         .parent = 4,
                                         .kind = CAPSULE_TRACE_EXECUTION_STARTED,
                                         .source = CAPSULE_TRACE_SOURCE_EXECUTOR,
                                         .arguments = {3}}));
  CHECK(second.event(2) == (FlightRecord{.sequence = 6,
                                         .time_ns = 230,
                                         .execution = 2,
                                         .parent = 4,
                                         .kind = CAPSULE_TRACE_EXECUTION_RESULT_SENT,
                                         .source = CAPSULE_TRACE_SOURCE_WORKER,
                                         .arguments = {25, 7}}));
}

CAPSULE_TEST(what_has_no_room_in_the_slot_of_another_has_its_own) {
  constexpr std::uint64_t kLong = std::uint64_t{5} * kNsPerSecond;
  Recorded recorded;
  recorded.receive(1, 100);
  recorded.start(1, 100 + kLong);  // later than the slot can tell
  recorded.send_result(1, 200 + kLong);
  recorded.receive(2, 300 + kLong);
  recorded.recorder.record<CAPSULE_TRACE_EXECUTION_TRANSFORMED>(FlightWriter::kMain, {.execution_id = 2});
  recorded.start(2, 310 + kLong);  // not the next
  recorded.receive(3, 400 + kLong);
  recorded.start(3, 410 + kLong);
  recorded.send_result(3, 420 + kLong, /*status=*/1);
  const Read all = read(recorded.reader);
  CHECK_EQ(all.records.size(), 8);
  std::uint64_t events = 0;
  for (const FlightRecord &record : all.records) {
    CHECK_EQ(record.sequence, events + 1);
    events += record.events();
  }
  CHECK_EQ(events, 9);
  CHECK_EQ(all.records[1].time_ns, 100 + kLong);
  CHECK_EQ(all.records[1].parent, 1);
  CHECK_EQ(all.records[6].events(), 2);
  CHECK_EQ(all.records[7].status, 1);
}

CAPSULE_TEST(what_is_added_after_a_look_comes_at_the_next) {
  Recorded recorded;
  recorded.receive(1, 100);
  CHECK_EQ(read(recorded.reader).records.at(0).events(), 1);
  CHECK(read(recorded.reader).records.empty());
  recorded.start(1, 110);
  const Read started = read(recorded.reader);
  CHECK_EQ(started.records.size(), 1);
  CHECK_EQ(started.records[0].kind, CAPSULE_TRACE_EXECUTION_STARTED);
  CHECK_EQ(started.records[0].sequence, 2);
  CHECK_EQ(started.records[0].events(), 1);
  recorded.send_result(1, 130);
  recorded.run(2, 200);
  const Read rest = read(recorded.reader);
  CHECK_EQ(rest.records.size(), 2);
  CHECK_EQ(rest.records[0].kind, CAPSULE_TRACE_EXECUTION_RESULT_SENT);
  CHECK_EQ(rest.records[0].sequence, 3);
  CHECK_EQ(rest.records[1].sequence, 4);
  CHECK_EQ(rest.lost.dropped, 0);
}

CAPSULE_TEST(to_what_is_not_the_latest_nothing_is_added) {
  Recorded recorded;
  recorded.receive(1, 100);
  recorded.recorder.record<CAPSULE_TRACE_EXECUTION_TRANSFORMED>(FlightWriter::kMain, {.execution_id = 1});
  CHECK_EQ(read(recorded.reader).records.size(), 2);
  recorded.memory->slots[FlightMemory::index(FlightWriter::kMain, 0)].words[FlightSlot::kStarted].store(5);
  CHECK(read(recorded.reader).records.empty());
}

CAPSULE_TEST(words_are_as_many_events_as_their_record) {
  std::mt19937_64 random(8);
  const auto some = [&random] { return random() % 3 == 0 ? 0 : random() % 2 == 0 ? random() << 32U : random() % 100; };
  for (int i = 0; i < 1000; ++i) {
    const FlightWords words{1, 2, 3, std::uint64_t{CAPSULE_TRACE_EXECUTION_RECEIVED} << 32U, some(), some(), some(), some()};
    CHECK_EQ(flight_record(FlightWriter::kMain, words).events(), flight_events(FlightWriter::kMain, words));
    CHECK_EQ(flight_record(FlightWriter::kCode, words).events(), 1);
  }
}

CAPSULE_TEST(of_a_dead_writer_what_was_added_last_is_read) {
  Recorded recorded;
  recorded.receive(1, 100);
  CHECK_EQ(read(recorded.reader).records.size(), 1);
  recorded.start(1, 110);
  const Read last = read(recorded.reader, /*dead=*/true);
  CHECK_EQ(last.records.size(), 1);
  CHECK_EQ(last.records[0].kind, CAPSULE_TRACE_EXECUTION_STARTED);
}

CAPSULE_TEST(what_was_overwritten_is_counted_by_events_not_by_slots) {
  Recorded recorded;
  recorded.receive(1, 100);
  CHECK_EQ(read(recorded.reader).records.size(), 1);
  recorded.start(1, 110);
  recorded.send_result(1, 120);
  for (std::uint64_t id = 2; id <= 300; ++id) {
    recorded.run(id, id * 1000);
  }
  const Read all = read(recorded.reader);
  CHECK_EQ(all.records.size(), 256);
  CHECK_EQ(all.lost.dropped, 2 + 3 * (299 - 256));
  CHECK_EQ(all.records.back().sequence, 3 * 300 - 2);
  CHECK_EQ(all.lost.invalid, 0);
}

CAPSULE_TEST(a_sequence_that_no_writer_gives_is_invalid) {
  Recorded recorded;
  recorded.start(1);
  recorded.start(2);
  recorded.start(3);
  std::atomic<std::uint64_t> &word = recorded.memory->slots[FlightMemory::index(FlightWriter::kMain, 1)].words[3];
  word.store(word.load() + 1000);
  const Read all = read(recorded.reader);
  CHECK_EQ(all.records.size(), 2);
  CHECK_EQ(all.records[1].sequence, 3);
  CHECK_EQ(all.lost.invalid, 1);
  CHECK_EQ(all.lost.dropped, 0);
}

CAPSULE_TEST(what_is_below_the_level_is_not_written) {
  Recorded recorded(CAPSULE_LOG_WARN);
  recorded.start(1);
  recorded.recorder.record<CAPSULE_TRACE_OUTPUT_DRAIN_TIMEOUT>(FlightWriter::kOutput, {.execution_id = 1});
  CHECK_EQ(read(recorded.reader).records.size(), 1);
  recorded.recorder.stop();
  recorded.recorder.record<CAPSULE_TRACE_OUTPUT_DRAIN_TIMEOUT>(FlightWriter::kOutput, {.execution_id = 1});
  CHECK(read(recorded.reader).records.empty());
}

CAPSULE_TEST(a_kind_that_is_told_once_is_told_once_an_execution) {
  Recorded recorded;
  for (const std::uint64_t id : {1, 1, 2, 1, 2, 3}) {
    recorded.recorder.record_once<CAPSULE_TRACE_OUTPUT_FIRST>(FlightWriter::kCode, {.execution_id = id});
  }
  CHECK_EQ(read(recorded.reader).records.size(), 3);
}

CAPSULE_TEST(what_was_overwritten_is_counted) {
  Recorded recorded;
  for (std::uint64_t id = 1; id <= 1000; ++id) {
    recorded.start(id);
  }
  CHECK(recorded.reader.due());
  const Read all = read(recorded.reader);
  CHECK_EQ(all.records.size(), 256);
  CHECK_EQ(all.lost.dropped, 744);
  CHECK_EQ(all.lost.invalid, 0);
  CHECK_EQ(all.records.front().execution, 745);
  CHECK_EQ(all.records.back().execution, 1000);
  CHECK(!recorded.reader.due());
}

CAPSULE_TEST(a_reader_beside_its_writer_accounts_for_every_event) {
  Recorded recorded;
  constexpr std::uint64_t kExecutions = 100'000;
  constexpr std::uint64_t kEvents = 3 * kExecutions;
  std::thread writer([&] {
    for (std::uint64_t id = 1; id <= kExecutions; ++id) {
      recorded.run(id, id * 1000);
    }
  });
  std::uint64_t seen = 0;
  std::uint64_t last = 0;
  FlightReader::Lost lost;
  const auto take = [&] {
    const FlightReader::Lost more = recorded.reader.read(false, [&](FlightWriter writer, const FlightWords &words) {
      const FlightRecord record = flight_record(writer, words);
      for (std::uint32_t i = 0; i < record.events(); ++i) {
        const FlightRecord event = record.event(i);
        const std::uint64_t offset_ns = std::array<std::uint64_t, 3>{30, 0, 10}.at(event.sequence % 3);
        CHECK(event.sequence > last && event.execution == (event.sequence + 2) / 3 &&
              event.time_ns == std::uint64_t{event.execution} * 1000 + offset_ns);
        last = event.sequence;
        ++seen;
      }
    });
    lost.dropped += more.dropped;
    lost.invalid += more.invalid;
  };
  while (last < kEvents && seen + lost.dropped + lost.invalid < kEvents) {
    take();
  }
  writer.join();
  take();
  CHECK_EQ(seen + lost.dropped, kEvents);
  CHECK_EQ(lost.invalid, 0);
}

CAPSULE_TEST(of_a_dead_writer_the_event_that_is_whole_counts_and_the_one_that_is_not_does_not) {
  Recorded recorded;
  recorded.start(1);
  recorded.start(2);
  recorded.memory->head(FlightWriter::kMain).store(1);  // it died between the event and the head
  CHECK_EQ(read(recorded.reader).records.size(), 1);
  CHECK_EQ(read(recorded.reader, true).records.size(), 1);
  const Read again = read(recorded.reader, true);
  CHECK(again.records.empty() && again.lost.invalid == 0 && again.lost.dropped == 0);
  Recorded torn;
  torn.start(1);
  torn.start(2);
  torn.memory->slots[FlightMemory::index(FlightWriter::kMain, 1)].words[0].store(0);
  const Read rest = read(torn.reader, true);
  CHECK_EQ(rest.records.size(), 1);
  CHECK_EQ(rest.lost.invalid, 1);
}

CAPSULE_TEST(hostile_memory_is_read_to_an_end_and_does_no_harm) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 2000; ++round) {
    Recorded recorded;
    auto *words = reinterpret_cast<std::atomic<std::uint64_t> *>(recorded.memory.get());
    const std::size_t count = sizeof(FlightMemory) / sizeof(std::uint64_t);
    std::uint64_t total = 0;
    for (int turn = 0; turn < 3; ++turn) {
      for (int i = 0; i < 50; ++i) {
        words[random() % count].store(random() >> (random() % 64));
      }
      for (auto &head : recorded.memory->heads) {
        if (random() % 2 == 0) {
          head.value.store(random() % 3 == 0 ? random() : random() % 600);
        }
      }
      const Read all = read(recorded.reader, turn == 2);
      total += all.records.size();
      CHECK(all.records.size() <= recorded.memory->slots.size() + kFlightWriters);
    }
    CHECK(total <= 3 * (recorded.memory->slots.size() + kFlightWriters));
  }
}

CAPSULE_TEST(a_head_that_runs_away_is_not_followed) {
  Recorded recorded;
  recorded.start(1);
  CHECK_EQ(read(recorded.reader).records.size(), 1);
  recorded.memory->head(FlightWriter::kMain).store(0);
  Read all = read(recorded.reader);
  CHECK(all.records.empty());
  recorded.memory->head(FlightWriter::kMain).store(UINT64_MAX / 2);
  all = read(recorded.reader);
  CHECK(all.records.empty());
  CHECK_EQ(all.lost.invalid, 1);
  CHECK_EQ(all.lost.dropped, 0);
  recorded.start(2);
  CHECK(read(recorded.reader).records.empty());  // it is not believed again
}
