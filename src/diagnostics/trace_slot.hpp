// An event, or up to three of one execution, as it waits for its place: one cache line, which is all that is written of it while nobody
// looks.
#pragma once

#include <array>
#include <cstdint>

#include "capsule/trace.h"
#include "diagnostics/trace_record.hpp"
#include "transport/flight_recorder.hpp"

namespace capsule {

// What the host tells.
struct HostEvent {
  std::int32_t kind = 0;
  std::int32_t status = 0;
  std::uint32_t label = 0;
  std::uint64_t execution_id = 0;
  std::uint64_t link = 0;
  std::uint64_t time_ns = 0;
  std::uint64_t sequence = 0;
  std::array<std::uint64_t, 4> arguments{};
};

// The first and the last event of an execution, and what belongs to them.
struct Submitted {
  std::uint64_t execution_id = 0;
  std::uint64_t time_ns = 0;
  std::uint64_t source_bytes = 0;
  std::uint64_t inputs = 0;
};
struct Finished {
  std::uint64_t execution_id = 0;
  std::uint64_t time_ns = 0;
  std::int32_t outcome = 0;
  std::uint64_t ran_ns = 0;
  std::uint64_t stdout_bytes = 0;
  std::uint64_t stderr_bytes = 0;
};

// Words: writer and sequence; time; execution; and what there is of the rest. A worker's are those of its ring but for the first.
struct TraceSlot {
  std::array<std::uint64_t, 8> words;

  // False where a number does not fit.
  bool assign(const HostEvent &event);
  void assign(FlightWriter writer, const FlightWords &told);
  // EXECUTION_SUBMITTED, to which the two behind it can be added. False where a number does not fit.
  bool begin(const Submitted &event, std::uint64_t sequence);
  // EXECUTION_SENT and EXECUTION_FINISHED; false where it is not of that execution, not the next event, or does not fit.
  bool add_sent(std::uint64_t execution_id, std::uint64_t time_ns, std::uint64_t sequence);
  bool add_finished(const Finished &event, std::uint64_t sequence);

  [[nodiscard]] std::uint8_t writer() const { return static_cast<std::uint8_t>(words[0]); }
  [[nodiscard]] bool by_worker() const { return writer() != CAPSULE_TRACE_WRITER_HOST; }
  [[nodiscard]] std::uint64_t execution_id() const { return by_worker() ? static_cast<std::uint32_t>(words[2]) : words[2]; }
  // Is EXECUTION_SUBMITTED, whatever was added to it.
  [[nodiscard]] bool opens() const {
    return !by_worker() && static_cast<std::uint16_t>(words[3]) == CAPSULE_TRACE_EXECUTION_SUBMITTED;
  }
  [[nodiscard]] std::uint32_t events() const;
  // With no cursor. `incarnation`: the worker's, if one told it.
  [[nodiscard]] TraceRecord record(std::uint32_t incarnation) const;
};
static_assert(sizeof(TraceSlot) == 64);

}  // namespace capsule
