#include "transport/flight_recorder.hpp"

#include <algorithm>

#include "capsule/trace.h"

namespace capsule {
namespace {

// A head that runs ahead of its reader by more is no writer's.
constexpr std::uint64_t kMostAhead = std::uint64_t{1} << 40U;
// Slots that are fetched ahead: another processor's cache has them.
constexpr std::uint64_t kPrefetched = 4;
constexpr std::uint64_t kMostEventsOfSlot = 3;

bool may_be_more(FlightWriter writer, const FlightWords &words) {
  return writer == FlightWriter::kMain && static_cast<std::uint16_t>(words[3] >> 32U) == CAPSULE_TRACE_EXECUTION_RECEIVED;
}

// Of an EXECUTION_RECEIVED: nothing stays of what was not added.
void clear_what_was_not_added(FlightWords &words) {
  if (static_cast<std::uint32_t>(words[FlightSlot::kStarted]) == 0) {
    words[FlightSlot::kStarted] = 0;
    words[FlightSlot::kResultSent] = 0;
  }
  if (static_cast<std::uint32_t>(words[FlightSlot::kResultSent]) == 0) {
    words[FlightSlot::kResultSent] = 0;
    words[FlightSlot::kValueBytes] = 0;
  }
}

}  // namespace

FlightRecord FlightRecord::event(std::uint32_t which) const {
  FlightRecord one = *this;
  one.started_after_ns = 0;
  one.sent_after_ns = 0;
  if (events() == 1) {
    return one;
  }
  one.sequence = sequence + which;
  one.parent = which == 0 ? parent : static_cast<std::uint32_t>(sequence);
  if (which == 0) {
    one.arguments = {arguments[0]};
  } else if (which == 1) {
    one.kind = CAPSULE_TRACE_EXECUTION_STARTED;
    one.source = CAPSULE_TRACE_SOURCE_EXECUTOR;
    one.time_ns = time_ns + started_after_ns;
    one.arguments = {arguments[1]};
  } else {
    one.kind = CAPSULE_TRACE_EXECUTION_RESULT_SENT;
    one.time_ns = time_ns + sent_after_ns;
    one.arguments = {arguments[2], arguments[3]};
  }
  return one;
}

FlightRecord flight_record(FlightWriter writer, const FlightWords &words) {
  FlightRecord record{.sequence = words[0],
                      .time_ns = words[1],
                      .execution = static_cast<std::uint32_t>(words[2]),
                      .parent = static_cast<std::uint32_t>(words[2] >> 32U),
                      .kind = static_cast<std::uint16_t>(words[3] >> 32U),
                      .source = static_cast<std::uint8_t>(words[3] >> 48U),
                      .status = static_cast<std::uint8_t>(words[3] >> 56U),
                      .arguments = {words[4], words[5], words[6], words[7]}};
  if (const std::uint32_t events = flight_events(writer, words); events != 1) {
    const std::uint64_t started = words[FlightSlot::kStarted];
    const std::uint64_t sent = words[FlightSlot::kResultSent];
    record.arguments = {words[4], started >> 32U, sent >> 32U, words[FlightSlot::kValueBytes]};
    record.started_after_ns = static_cast<std::uint32_t>(started);
    record.sent_after_ns = events == 3 ? static_cast<std::uint32_t>(sent) : 0;
  }
  return record;
}

FlightWords flight_words(const FlightRecord &record) {
  FlightWords words{
      record.sequence, record.time_ns, record.execution | (std::uint64_t{record.parent} << 32U),
      (std::uint64_t{record.kind} << 32U) | (std::uint64_t{record.source} << 48U) | (std::uint64_t{record.status} << 56U)};
  if (record.events() == 1) {
    std::copy(record.arguments.begin(), record.arguments.end(), words.begin() + 4);
  } else {
    words[4] = record.arguments[0];
    words[FlightSlot::kStarted] = record.started_after_ns | (record.arguments[1] << 32U);
    words[FlightSlot::kResultSent] = record.sent_after_ns | (record.arguments[2] << 32U);
    words[FlightSlot::kValueBytes] = record.arguments[3];
  }
  return words;
}

std::uint32_t flight_events(FlightWriter writer, const FlightWords &words) {
  const auto is_added = [&words](std::size_t word) { return static_cast<std::uint32_t>(words[word]) != 0; };
  return !may_be_more(writer, words) || !is_added(FlightSlot::kStarted) ? 1 : is_added(FlightSlot::kResultSent) ? 3 : 2;
}

std::uint64_t FlightReader::begin(FlightWriter writer, Lost &lost) {
  Lane &lane = lanes_[static_cast<std::size_t>(writer)];
  const std::uint64_t head = memory_->head(writer).load(std::memory_order_acquire);
  // One more than the head says may have been read after a death.
  if (lane.broken || head == lane.next || head + 1 == lane.next) {
    return lane.next;
  }
  if (head - lane.next > kMostAhead) {
    lane.broken = true;
    ++lost.invalid;
    return lane.next;
  }
  if (const std::uint64_t capacity = FlightMemory::kCapacity[static_cast<std::size_t>(writer)]; head - lane.next > capacity) {
    lane.missed += head - lane.next - capacity;
    lane.next = head - capacity;
  }
  for (std::uint64_t ahead = 0; ahead < kPrefetched; ++ahead) {
    __builtin_prefetch(&memory_->slots[FlightMemory::index(writer, lane.next + ahead)]);
  }
  return head;
}

bool FlightReader::next_words(FlightWriter writer, FlightWords &words, Lost &lost) {
  Lane &lane = lanes_[static_cast<std::size_t>(writer)];
  __builtin_prefetch(&memory_->slots[FlightMemory::index(writer, lane.next + kPrefetched)]);
  const std::uint64_t number = lane.next++;
  if (!peek(writer, number, words)) {
    // The writer has come round, or is about to; else nobody has written what the head promised.
    const std::uint64_t head = memory_->head(writer).load(std::memory_order_acquire);
    const bool is_overwritten = head - number >= FlightMemory::kCapacity[static_cast<std::size_t>(writer)];
    ++lane.missed;
    lane.invalid += is_overwritten ? 0 : 1;
    lost.invalid += is_overwritten ? 0 : 1;
    return false;
  }
  const std::uint32_t missing = static_cast<std::uint32_t>(words[3]) - static_cast<std::uint32_t>(lane.sequence) - 1;
  if (missing > kMostEventsOfSlot * lane.missed) {  // no writer of ours
    ++lane.missed;
    ++lane.invalid;
    ++lost.invalid;
    return false;
  }
  if (lane.missed != 0) {
    lost.dropped += missing - std::min<std::uint64_t>(missing, lane.invalid);
    lane.missed = 0;
    lane.invalid = 0;
  }
  words[0] = lane.sequence + missing + 1;
  if (writer == FlightWriter::kMain) {
    partly_.reset();  // it is no longer the latest
  }
  std::uint32_t events = 1;
  if (may_be_more(writer, words)) {
    clear_what_was_not_added(words);
    events = flight_events(writer, words);
    if (events != kMostEventsOfSlot) {
      partly_ = flight_record(writer, words);
      partly_at_ = number;
    }
  }
  lane.sequence += missing + events;
  return true;
}

// What was read of it stands, whatever the slot holds now.
FlightRecord FlightReader::look_again(std::uint64_t head) {
  const FlightRecord record = *partly_;
  Lane &lane = lanes_[static_cast<std::size_t>(FlightWriter::kMain)];
  FlightWords words;
  if (!peek(FlightWriter::kMain, partly_at_, words)) {
    partly_.reset();
    ++lane.missed;
    return record;
  }
  const FlightWords before = flight_words(record);
  std::copy_n(before.begin(), record.events() == 1 ? FlightSlot::kStarted : FlightSlot::kResultSent, words.begin());
  clear_what_was_not_added(words);
  const FlightRecord now = flight_record(FlightWriter::kMain, words);
  lane.sequence += now.events() - record.events();
  partly_ = now;
  if (head > partly_at_ + 1 || now.events() == kMostEventsOfSlot) {
    partly_.reset();
  }
  return now;
}

bool FlightReader::peek(FlightWriter writer, std::uint64_t number, FlightWords &words) const {
  const FlightSlot &slot = memory_->slots[FlightMemory::index(writer, number)];
  if (slot.words[0].load(std::memory_order_acquire) != number + 1) {
    return false;
  }
  for (std::size_t at = 1; at < words.size(); ++at) {
    words[at] = slot.words[at].load(std::memory_order_acquire);  // what is added last tells that the rest of it is there
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  return slot.words[0].load(std::memory_order_relaxed) == number + 1;
}

FlightReader::Lost FlightReader::read_words(std::vector<std::uint64_t> &words) {
  return read(false, [&words](FlightWriter writer, const FlightWords &told) {
    const FlightRecord record = flight_record(writer, told);
    for (std::uint32_t i = 0; i < record.events(); ++i) {
      const FlightWords event = flight_words(record.event(i));
      words.push_back(static_cast<std::uint64_t>(writer));
      words.insert(words.end(), event.begin(), event.end());
    }
  });
}

}  // namespace capsule
