// Output on its way from the worker to an event, and as it waits to be taken: small, as there may be many.
#pragma once

#include <cstdint>
#include <string>

namespace capsule {

struct OutputPiece {
  std::uint64_t execution_id = 0;  // whose code wrote it
  std::uint64_t time_ns = 0;
  std::uint32_t writer_id = 0;
  std::uint8_t stream = 0;
  std::uint8_t origin = 0;
  bool late = false;
  std::string data;
  std::uint64_t charge = 0;         // credit that the worker gave for it, and has back once it is taken
  std::uint32_t invalid_bytes = 0;  // of it that are not UTF-8

  [[nodiscard]] bool continued_by(const OutputPiece &other) const {
    return execution_id == other.execution_id && writer_id == other.writer_id && stream == other.stream &&
           origin == other.origin;
  }
};

}  // namespace capsule
