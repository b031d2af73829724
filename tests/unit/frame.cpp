// transport/frame: cutting a stream into frames, whatever the pieces it comes in.
#include "transport/frame.hpp"

#include <cstring>

#include "test.hpp"
#include "wire/codec.hpp"

using namespace capsule;

namespace {

std::vector<std::uint8_t> frame_of(std::size_t data_bytes) {
  wire::Encoder encoder;
  const std::string data(data_bytes, 'x');
  const auto frame = encoder.encode(7, wire::Output{1, data, 99, 7});
  return {frame.begin(), frame.end()};
}

void feed(FrameReader &reader, const std::uint8_t *bytes, std::size_t size) {
  while (size > 0) {
    const auto room = reader.room();
    const std::size_t part = std::min(size, room.size());
    std::memcpy(room.data(), bytes, part);
    reader.filled(part);
    bytes += part;
    size -= part;
  }
}

}  // namespace

CAPSULE_TEST(frames_come_out_whole_from_any_pieces) {
  std::vector<std::uint8_t> stream;
  for (const std::size_t size : {0U, 1U, 100U, 5000U}) {
    const auto frame = frame_of(size);
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  for (const std::size_t piece : {1U, 3U, 8U, 1000U, 100000U}) {
    FrameReader reader(1U << 20U);
    std::vector<std::size_t> sizes;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      feed(reader, stream.data() + at, std::min<std::size_t>(piece, stream.size() - at));
      for (auto frame = reader.next(); frame.ok() && frame.value(); frame = reader.next()) {
        const auto envelope = wire::decode(*frame.value());
        CHECK(envelope.ok());
        sizes.push_back(std::get<wire::Output>(envelope.value().body).data.size());
      }
    }
    CHECK_EQ(sizes, (std::vector<std::size_t>{0, 1, 100, 5000}));
    CHECK(!reader.mid_frame());
  }
}

CAPSULE_TEST(a_frame_over_the_limit_is_refused_by_its_prefix_alone) {
  FrameReader reader(4096);
  const auto frame = frame_of(5000);
  feed(reader, frame.data(), 8);
  const auto next = reader.next();
  CHECK_EQ(next.status().code(), CAPSULE_E_PROTOCOL);
  CHECK_CONTAINS(next.status().message(), "4096");
}

CAPSULE_TEST(a_length_that_no_frame_has_is_refused) {
  for (const std::uint32_t size : {0U, 3U, 9U, 17U}) {
    FrameReader reader(4096);
    std::uint8_t bytes[8] = {};
    std::memcpy(bytes, &size, sizeof size);
    feed(reader, bytes, sizeof bytes);
    CHECK_EQ(reader.next().status().code(), CAPSULE_E_PROTOCOL);
  }
}

CAPSULE_TEST(half_a_frame_is_not_a_frame) {
  FrameReader reader(1U << 20U);
  const auto frame = frame_of(1000);
  feed(reader, frame.data(), frame.size() - 1);
  const auto next = reader.next();
  CHECK(next.ok() && !next.value());
  CHECK(reader.mid_frame());
}
