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
  const bool is_submitted = event.kind == CAPSULE_TRACE_EXECUTION_SUBMITTED;
  if (event.status != static_cast<std::int16_t>(event.status) || (event.link != 0 && (d != 0 || is_submitted)) ||
      (is_submitted && !fits_half(a, b))) {
    return false;
  }
  words = {static_cast<std::uint64_t>(CAPSULE_TRACE_WRITER_HOST) | (event.link != 0 ? kLinked : 0U) |
               (event.sequence << kSequenceShift),
           event.time_ns, event.execution_id,
           both(static_cast<std::uint16_t>(event.kind) | status_word(event.status), event.label)};
  if (is_submitted) {
    words[kSizes] = both(a, b);
  } else {
    words[4] = a;
    words[5] = b;
    words[6] = c;
    words[7] = event.link != 0 ? event.link : d;
  }
  return true;
}

void TraceSlot::assign(FlightWriter writer, const FlightWords &told) {
  words = told;
  words[0] = static_cast<std::uint64_t>(CAPSULE_TRACE_WRITER_MAIN + static_cast<int>(writer)) | (told[0] << kSequenceShift);
}

bool TraceSlot::add(const HostEvent &event) {
  const std::uint64_t after_ns = event.time_ns - words[1];
  const bool is_sent = event.kind == CAPSULE_TRACE_EXECUTION_SENT;
  const bool has_sent = words[kAfter] != 0;
  const std::uint64_t next = (words[0] >> kSequenceShift) + (has_sent ? 2 : 1);
  if ((!is_sent && event.kind != CAPSULE_TRACE_EXECUTION_FINISHED) || words[2] != event.execution_id || is_sent == has_sent ||
      high(words[kAfter]) != 0 || next != event.sequence || after_ns == 0 ||
      !fits_half(after_ns, event.arguments[1] | event.arguments[2]) || (is_sent && event.arguments[0] != after_ns)) {
    return false;
  }
  if (is_sent) {
    words[kAfter] = after_ns;
    return true;
  }
  words[kAfter] |= after_ns << 32U;
  words[3] |= status_word(event.status);
  words[kRan] = event.arguments[0];
  words[kPrinted] = both(event.arguments[1], event.arguments[2]);
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
