#include "diagnostics/trace_slot.hpp"

#include <algorithm>

namespace capsule {
namespace {

constexpr std::uint64_t kLinked = 1U << 8U;  // of the first word: the last is the link
constexpr std::uint32_t kSequenceShift = 16;
// Of EXECUTION_SUBMITTED: its arguments; nanoseconds until it was sent, and until it finished; and the arguments of that.
constexpr std::size_t kSizes = 4;
constexpr std::size_t kAfter = 5;
constexpr std::size_t kRan = 6;
constexpr std::size_t kPrinted = 7;

std::uint32_t low(std::uint64_t word) { return static_cast<std::uint32_t>(word); }
std::uint32_t high(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32U); }
std::uint64_t both(std::uint64_t low, std::uint64_t high) { return low | (high << 32U); }
bool fits_half(std::uint64_t a, std::uint64_t b) { return ((a | b) >> 32U) == 0; }
std::uint64_t status_word(std::int32_t status) { return std::uint64_t{static_cast<std::uint16_t>(status)} << 16U; }
FlightWriter flight_writer(std::uint8_t writer) { return static_cast<FlightWriter>(writer - CAPSULE_TRACE_WRITER_MAIN); }

}  // namespace

bool TraceSlot::assign(const HostEvent &event) {
  const auto [a, b, c, d] = event.arguments;
  if (event.kind == CAPSULE_TRACE_EXECUTION_SUBMITTED) {
    const bool fits =
        begin({.execution_id = event.execution_id, .time_ns = event.time_ns, .source_bytes = a, .inputs = b}, event.sequence);
    words[3] |= both(0, event.label);
    return fits && event.status == 0 && event.link == 0;
  }
  if (event.status != static_cast<std::int16_t>(event.status) || (event.link != 0 && d != 0)) {
    return false;
  }
  words = {static_cast<std::uint64_t>(CAPSULE_TRACE_WRITER_HOST) | (event.link != 0 ? kLinked : 0U) |
               (event.sequence << kSequenceShift),
           event.time_ns,
           event.execution_id,
           both(static_cast<std::uint16_t>(event.kind) | status_word(event.status), event.label),
           a,
           b,
           c,
           event.link != 0 ? event.link : d};
  return true;
}

bool TraceSlot::begin(const Submitted &event, std::uint64_t sequence) {
  words = {static_cast<std::uint64_t>(CAPSULE_TRACE_WRITER_HOST) | (sequence << kSequenceShift), event.time_ns,
           event.execution_id, static_cast<std::uint16_t>(CAPSULE_TRACE_EXECUTION_SUBMITTED),
           both(event.source_bytes, event.inputs)};
  return fits_half(event.source_bytes, event.inputs);
}

void TraceSlot::assign(FlightWriter writer, const FlightWords &told) {
  words = told;
  words[0] = static_cast<std::uint64_t>(CAPSULE_TRACE_WRITER_MAIN + static_cast<int>(writer)) | (told[0] << kSequenceShift);
}

bool TraceSlot::add_sent(std::uint64_t execution_id, std::uint64_t time_ns, std::uint64_t sequence) {
  const std::uint64_t after_ns = time_ns - words[1];
  if (words[2] != execution_id || words[kAfter] != 0 || (words[0] >> kSequenceShift) + 1 != sequence ||
      after_ns - 1 >= UINT32_MAX) {
    return false;
  }
  words[kAfter] = after_ns;
  return true;
}

bool TraceSlot::add_finished(const Finished &event, std::uint64_t sequence) {
  const std::uint64_t after_ns = event.time_ns - words[1];
  const bool is_next = words[kAfter] - 1 < UINT32_MAX && (words[0] >> kSequenceShift) + 2 == sequence;
  if (words[2] != event.execution_id || !is_next || after_ns - 1 >= UINT32_MAX ||
      !fits_half(event.stdout_bytes, event.stderr_bytes) || event.outcome != static_cast<std::int16_t>(event.outcome)) {
    return false;
  }
  words[kAfter] |= after_ns << 32U;
  words[3] |= status_word(event.outcome);
  words[kRan] = event.ran_ns;
  words[kPrinted] = both(event.stdout_bytes, event.stderr_bytes);
  return true;
}

std::uint32_t TraceSlot::events() const {
  if (by_worker()) {
    return flight_events(flight_writer(writer()), words);
  }
  return !opens() || words[kAfter] == 0 ? 1 : high(words[kAfter]) == 0 ? 2 : 3;
}

TraceRecord TraceSlot::record(std::uint32_t incarnation) const {
  TraceRecord record{
      .execution_id = execution_id(), .time_ns = words[1], .sequence = words[0] >> kSequenceShift, .writer = writer()};
  if (by_worker()) {
    const FlightRecord told = flight_record(flight_writer(writer()), words);
    record.parent = told.parent;
    record.status = told.status;
    record.incarnation = incarnation;
    record.kind = told.kind;
    record.after_ns = {told.started_after_ns, told.sent_after_ns};
    std::copy(told.arguments.begin(), told.arguments.end(), record.arguments.begin());
    return record;
  }
  record.kind = static_cast<std::uint16_t>(words[3]);
  record.status = static_cast<std::int16_t>(words[3] >> 16U);
  record.label = high(words[3]);
  if (opens()) {
    record.arguments = {low(words[kSizes]), high(words[kSizes]), words[kRan], low(words[kPrinted]), high(words[kPrinted])};
    record.after_ns = {low(words[kAfter]), high(words[kAfter])};
  } else {
    const bool is_linked = (words[0] & kLinked) != 0;
    record.link = is_linked ? words[7] : 0;
    record.arguments = {words[4], words[5], words[6], is_linked ? 0 : words[7]};
  }
  return record;
}

}  // namespace capsule
