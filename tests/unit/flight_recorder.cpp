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

  void start(std::uint64_t execution_id) {
    recorder.record<CAPSULE_TRACE_EXECUTION_STARTED>(FlightWriter::kMain,
                                                     {.execution_id = execution_id, .time_ns = execution_id + 1000});
  }
};

struct Read {
  std::vector<FlightRecord> records;
  FlightReader::Lost lost;
};

Read read(FlightReader &reader, bool dead = false) {
  Read read;
  read.lost = reader.read(dead, [&](FlightWriter, const FlightRecord &record) { read.records.push_back(record); });
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
  constexpr std::uint64_t kEvents = 300'000;
  std::thread writer([&] {
    for (std::uint64_t id = 1; id <= kEvents; ++id) {
      recorded.start(id);
    }
  });
  std::uint64_t seen = 0;
  std::uint64_t last = 0;
  FlightReader::Lost lost;
  const auto take = [&] {
    const FlightReader::Lost more = recorded.reader.read(false, [&](FlightWriter, const FlightRecord &record) {
      CHECK(record.sequence > last && record.execution == record.sequence && record.time_ns == record.sequence + 1000);
      last = record.sequence;
      ++seen;
    });
    lost.dropped += more.dropped;
    lost.invalid += more.invalid;
  };
  while (last < kEvents && seen + lost.dropped < kEvents) {
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
