// Encodes and decodes frames. The only user of FlatBuffers.
#pragma once

#include <memory>
#include <span>

#include "base/status.hpp"
#include "wire/messages.hpp"

namespace capsule::wire {

// Builds frames, one at a time, in a buffer that is kept. Not thread-safe: one encoder a writer.
class Encoder {
 public:
  Encoder();
  ~Encoder();
  Encoder(const Encoder &) = delete;
  Encoder &operator=(const Encoder &) = delete;

  // The whole frame, prefix included; valid until the next call. Fills message_id (counting from 1), and time_ns when it is 0.
  std::span<const std::uint8_t> encode(Envelope envelope);
  std::span<const std::uint8_t> encode(std::uint64_t execution_id, Body body) {
    return encode(Envelope{0, execution_id, 0, std::move(body)});
  }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Verifies one whole frame, prefix included and 8-aligned in memory, and decodes it. CAPSULE_E_PROTOCOL for anything else.
capsule::Result<Envelope> decode(std::span<const std::uint8_t> frame);

// Whether a peer that introduced itself so can be talked to; the reason when not.
capsule::Status check_peer(std::uint16_t protocol_major, std::uint16_t protocol_minor, Text reason);

// The union member's name, as in "Execute".
const char *body_name(const Body &body);
// The same by its number in the union; null where there is none.
const char *message_name(std::size_t number);

}  // namespace capsule::wire
