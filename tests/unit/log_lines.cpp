// What another process wrote as a record, as the host tells it: whose it is stands behind the event, and cannot be said otherwise.
#include "base/log.hpp"
#include "base/log_format.hpp"
#include "test.hpp"

using namespace capsule;

namespace {

std::string marked(std::string_view line) { return with_fields(line, "session=1 source=worker"); }

}  // namespace

CAPSULE_TEST(whose_a_record_is_stands_behind_its_event) {
  CHECK_EQ(marked("event=told"), "event=told session=1 source=worker");
  CHECK_EQ(marked("event=told size_bytes=3 raw=a b"), "event=told session=1 source=worker size_bytes=3 raw=a b");
  CHECK_EQ(marked("event=\"two words\" x=1"), "event=\"two words\" session=1 source=worker x=1");
  CHECK_EQ(marked("event= x=1"), "event= session=1 source=worker x=1");
}

CAPSULE_TEST(what_a_record_says_of_itself_does_not_replace_what_is_said_of_it) {
  const std::string json = json_record(7, "warn", marked("event=told session=99 source=host level=error time_ns=1"));
  CHECK_EQ(json, R"({"time_ns":7,"level":"warn","event":"told","session":1,"source":"worker"})");
}

CAPSULE_TEST(a_hundred_records_a_second_are_admitted) {
  LogRate rate;
  constexpr std::uint64_t kSecond = 1'000'000'000;
  int admitted = 0;
  for (int i = 0; i < 300; ++i) {
    admitted += rate.admits(5 * kSecond) ? 1 : 0;
  }
  CHECK_EQ(admitted, 100);
  CHECK(rate.admits(6 * kSecond));
}

CAPSULE_TEST(every_event_is_told_once_and_whole) {
  for (std::size_t i = 0; i < kLogEvents.size(); ++i) {
    const LogEventInfo &event = kLogEvents[i];
    CHECK(event.level >= CAPSULE_LOG_DEBUG && event.level <= CAPSULE_LOG_ERROR);
    CHECK(!event.fields.empty() && event.meaning.ends_with("."));
    for (std::size_t j = 0; j < i; ++j) {
      CHECK(event.name != kLogEvents[j].name);
    }
  }
}
