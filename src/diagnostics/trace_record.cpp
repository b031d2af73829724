#include "diagnostics/trace_record.hpp"

#include <algorithm>

#include "capsule/trace.h"

namespace capsule {
namespace {

// Bits of the first two bytes: how many arguments, who wrote it, and what else there is.
constexpr std::uint32_t kWriterShift = 3;
constexpr std::uint32_t kSmallMask = 7;
enum Has : std::uint32_t {
  kParent = 1U << 6U,
  kLink = 1U << 7U,
  kLabel = 1U << 8U,
  kStatus = 1U << 9U,
  kByWorker = 1U << 10U,
  kSecond = 1U << 11U,
  kThird = 1U << 12U,
  kExecution = 1U << 13U
};

std::uint8_t *put(std::uint64_t value, std::uint8_t *out) {
  for (; value >= 0x80; value >>= 7U) {
    *out++ = static_cast<std::uint8_t>(value | 0x80U);
  }
  *out++ = static_cast<std::uint8_t>(value);
  return out;
}

std::uint64_t take(const std::uint8_t *&in) {
  std::uint64_t value = 0;
  for (std::uint32_t shift = 0;; shift += 7) {
    const std::uint64_t byte = *in++;
    value |= (byte & 0x7FU) << shift;
    if (byte < 0x80) {
      return value;
    }
  }
}

// Of either sign, small where it is near zero.
std::uint64_t folded(std::uint64_t difference) { return (difference << 1U) ^ (0 - (difference >> 63U)); }
std::uint64_t unfolded(std::uint64_t number) { return (number >> 1U) ^ (0 - (number & 1U)); }

std::uint32_t arguments_of(const TraceRecord &record) {
  auto count = static_cast<std::uint32_t>(record.arguments.size());
  while (count > 0 && record.arguments[count - 1] == 0) {
    --count;
  }
  return count;
}

TraceBase behind(const TraceRecord &record) {
  return {record.cursor + record.events() - 1, record.time_ns + std::max(record.after_ns[0], record.after_ns[1]),
          record.execution_id};
}

}  // namespace

TraceRecord TraceRecord::event(std::uint32_t which) const {
  TraceRecord one = *this;
  one.after_ns = {};
  if (events() == 1) {
    return one;
  }
  const bool is_received = kind == CAPSULE_TRACE_EXECUTION_RECEIVED;
  const auto [a, b, c, d, e] = arguments;
  one.cursor += which;
  one.sequence += which;
  one.status = which == 2 ? status : 0;
  if (which == 0) {
    one.arguments = {a, is_received ? 0 : b};
    return one;
  }
  one.time_ns += after_ns[which - 1];
  one.parent = is_received || parent == 0 ? static_cast<std::uint32_t>(sequence) : parent;
  one.link = 0;
  one.label = 0;
  if (which == 1) {
    one.kind = is_received ? CAPSULE_TRACE_EXECUTION_STARTED : CAPSULE_TRACE_EXECUTION_SENT;
    one.arguments = {is_received ? b : after_ns[0]};
  } else {
    one.kind = is_received ? CAPSULE_TRACE_EXECUTION_RESULT_SENT : CAPSULE_TRACE_EXECUTION_FINISHED;
    one.arguments = is_received ? std::array<std::uint64_t, 5>{c, d} : std::array<std::uint64_t, 5>{c, d, e};
  }
  return one;
}

std::uint8_t *encode(const TraceRecord &record, TraceBase &base, std::uint8_t *out) {
  const std::uint32_t arguments = arguments_of(record);
  const std::uint32_t has = arguments | (std::uint32_t{record.writer} << kWriterShift) | (record.parent != 0 ? kParent : 0U) |
                            (record.link != 0 ? kLink : 0U) | (record.label != 0 ? kLabel : 0U) |
                            (record.status != 0 ? kStatus : 0U) | (record.incarnation != 0 ? kByWorker : 0U) |
                            (record.after_ns[0] != 0 ? kSecond : 0U) | (record.after_ns[1] != 0 ? kThird : 0U) |
                            (record.execution_id != base.execution_id ? kExecution : 0U);
  *out++ = static_cast<std::uint8_t>(has);
  *out++ = static_cast<std::uint8_t>(has >> 8U);
  *out++ = static_cast<std::uint8_t>(record.kind);
  *out++ = static_cast<std::uint8_t>(record.kind >> 8U);
  out = put(record.cursor - base.cursor, out);
  out = put(folded(record.time_ns - base.time_ns), out);
  out = put(record.sequence, out);
  if ((has & kExecution) != 0) {
    out = put(folded(record.execution_id - base.execution_id), out);
  }
  if ((has & kParent) != 0) {
    out = put(static_cast<std::uint32_t>(record.sequence) - record.parent, out);  // it is not long ago
  }
  if ((has & kLink) != 0) {
    out = put(record.link, out);
  }
  if ((has & kLabel) != 0) {
    out = put(record.label, out);
  }
  if ((has & kStatus) != 0) {
    out = put(static_cast<std::uint32_t>(record.status), out);
  }
  if ((has & kByWorker) != 0) {
    out = put(record.incarnation, out);
  }
  if ((has & kSecond) != 0) {
    out = put(record.after_ns[0], out);
  }
  if ((has & kThird) != 0) {
    out = put(record.after_ns[1], out);
  }
  for (std::uint32_t i = 0; i < arguments; ++i) {
    out = put(record.arguments[i], out);
  }
  base = behind(record);
  return out;
}

const std::uint8_t *decode(const std::uint8_t *in, TraceBase &base, TraceRecord &record) {
  record = {};
  const std::uint32_t has = in[0] | (std::uint32_t{in[1]} << 8U);
  record.writer = static_cast<std::uint8_t>((has >> kWriterShift) & kSmallMask);
  record.kind = static_cast<std::uint16_t>(in[2] | (std::uint32_t{in[3]} << 8U));
  in += 4;
  record.cursor = base.cursor + take(in);
  record.time_ns = base.time_ns + unfolded(take(in));
  record.sequence = take(in);
  record.execution_id = base.execution_id + ((has & kExecution) == 0 ? 0 : unfolded(take(in)));
  record.parent = (has & kParent) == 0 ? 0 : static_cast<std::uint32_t>(record.sequence) - static_cast<std::uint32_t>(take(in));
  record.link = (has & kLink) == 0 ? 0 : take(in);
  record.label = (has & kLabel) == 0 ? 0 : static_cast<std::uint32_t>(take(in));
  record.status = (has & kStatus) == 0 ? 0 : static_cast<std::int32_t>(static_cast<std::uint32_t>(take(in)));
  record.incarnation = (has & kByWorker) == 0 ? 0 : static_cast<std::uint32_t>(take(in));
  record.after_ns[0] = (has & kSecond) == 0 ? 0 : take(in);
  record.after_ns[1] = (has & kThird) == 0 ? 0 : take(in);
  for (std::uint32_t i = 0; i < (has & kSmallMask); ++i) {
    record.arguments[i] = take(in);
  }
  base = behind(record);
  return in;
}

}  // namespace capsule
