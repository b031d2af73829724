// diagnostics/trace_record: what was kept of an event is that event.
#include "diagnostics/trace_record.hpp"

#include <random>
#include <vector>

#include "capsule/trace.h"
#include "test.hpp"

using namespace capsule;

namespace {

std::vector<TraceRecord> round_trip(const std::vector<TraceRecord> &records, TraceBase base) {
  std::vector<std::uint8_t> bytes(records.size() * kMostEncoded);
  TraceBase writing = base;
  std::uint8_t *out = bytes.data();
  for (const TraceRecord &record : records) {
    const std::uint8_t *const began = out;
    out = encode(record, writing, out);
    CHECK(static_cast<std::size_t>(out - began) <= kMostEncoded);
  }
  std::vector<TraceRecord> read(records.size());
  TraceBase reading = base;
  const std::uint8_t *in = bytes.data();
  for (TraceRecord &record : read) {
    in = decode(in, reading, record);
  }
  CHECK_EQ(in - bytes.data(), out - bytes.data());
  CHECK_EQ(reading.cursor, writing.cursor);
  CHECK_EQ(reading.time_ns, writing.time_ns);
  CHECK_EQ(reading.execution_id, writing.execution_id);
  return read;
}

}  // namespace

CAPSULE_TEST(any_numbers_come_back) {
  std::mt19937_64 random(8);
  // Of any size: small ones are as frequent as large ones.
  const auto some = [&random] { return random() >> (random() % 64); };
  std::vector<TraceRecord> records;
  for (int i = 0; i < 10'000; ++i) {
    records.push_back({.cursor = some(),
                       .execution_id = some(),
                       .time_ns = some(),
                       .sequence = some(),
                       .link = some(),
                       .arguments = {some(), some() % 2, some(), some() % 2, some() % 2},
                       .parent = static_cast<std::uint32_t>(some()),
                       .label = static_cast<std::uint32_t>(some()),
                       .status = static_cast<std::int32_t>(static_cast<std::uint32_t>(some())),
                       .incarnation = static_cast<std::uint32_t>(some()),
                       .kind = static_cast<std::uint16_t>(some()),
                       .writer = static_cast<std::uint8_t>(some() % 5),
                       .after_ns = {some() * (random() % 2), some() * (random() % 2)}});
  }
  constexpr std::uint64_t kMost = UINT64_MAX;
  records.push_back({kMost,
                     kMost,
                     kMost,
                     kMost,
                     kMost,
                     {kMost, kMost, kMost, kMost, kMost},
                     0,
                     UINT32_MAX,
                     -1,
                     UINT32_MAX,
                     UINT16_MAX,
                     4,
                     {kMost, kMost}});
  const std::vector<TraceRecord> read = round_trip(records, {some(), some(), some()});
  for (std::size_t i = 0; i < records.size(); ++i) {
    CHECK(read[i] == records[i]);
  }
}

CAPSULE_TEST(a_usual_event_takes_few_bytes) {
  TraceBase base{1'000'000, 1'000'000'000'000, 500'000};
  const TraceRecord received{.cursor = base.cursor + 1,
                             .execution_id = base.execution_id,
                             .time_ns = base.time_ns + 9'000,
                             .sequence = 2'000'000,
                             .arguments = {300},
                             .parent = 1'999'999,
                             .incarnation = 1,
                             .kind = CAPSULE_TRACE_EXECUTION_RECEIVED,
                             .writer = CAPSULE_TRACE_WRITER_MAIN};
  std::array<std::uint8_t, kMostEncoded> bytes;
  CHECK(encode(received, base, bytes.data()) - bytes.data() <= 16);
}

CAPSULE_TEST(what_the_host_tells_of_a_short_execution_is_three_events) {
  const TraceRecord all{.cursor = 7,
                        .execution_id = 2,
                        .time_ns = 100,
                        .sequence = 3,
                        .link = 9,
                        .arguments = {20, 1, 11, 12, 13},
                        .label = 5,
                        .status = CAPSULE_OUTCOME_OK,
                        .kind = CAPSULE_TRACE_EXECUTION_SUBMITTED,
                        .after_ns = {40, 70}};
  CHECK_EQ(all.events(), 3);
  const TraceRecord submitted{.cursor = 7,
                              .execution_id = 2,
                              .time_ns = 100,
                              .sequence = 3,
                              .link = 9,
                              .arguments = {20, 1},
                              .label = 5,
                              .kind = CAPSULE_TRACE_EXECUTION_SUBMITTED};
  CHECK(all.event(0) == submitted);
  const TraceRecord sent{.cursor = 8,
                         .execution_id = 2,
                         .time_ns = 140,
                         .sequence = 4,
                         .arguments = {40},
                         .parent = 3,
                         .kind = CAPSULE_TRACE_EXECUTION_SENT};
  CHECK(all.event(1) == sent);
  const TraceRecord finished{.cursor = 9,
                             .execution_id = 2,
                             .time_ns = 170,
                             .sequence = 5,
                             .arguments = {11, 12, 13},
                             .parent = 3,
                             .status = CAPSULE_OUTCOME_OK,
                             .kind = CAPSULE_TRACE_EXECUTION_FINISHED};
  CHECK(all.event(2) == finished);
}

CAPSULE_TEST(what_a_worker_tells_of_a_short_execution_is_three_events) {
  const TraceRecord all{.cursor = 7,
                        .execution_id = 2,
                        .time_ns = 100,
                        .sequence = 3,
                        .arguments = {20, 4, 60, 8},
                        .incarnation = 1,
                        .kind = CAPSULE_TRACE_EXECUTION_RECEIVED,
                        .writer = CAPSULE_TRACE_WRITER_MAIN,
                        .after_ns = {40, 70}};
  TraceRecord expected = all;
  expected.after_ns = {};
  expected.arguments = {20};
  CHECK(all.event(0) == expected);
  expected.cursor = 8;
  expected.sequence = 4;
  expected.time_ns = 140;
  expected.arguments = {4};
  expected.parent = 3;
  expected.kind = CAPSULE_TRACE_EXECUTION_STARTED;
  CHECK(all.event(1) == expected);
  expected.cursor = 9;
  expected.sequence = 5;
  expected.time_ns = 170;
  expected.arguments = {60, 8};
  expected.kind = CAPSULE_TRACE_EXECUTION_RESULT_SENT;
  CHECK(all.event(2) == expected);
}
