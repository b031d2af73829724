// Frames that no encoder makes: decoding them takes no more memory than they have, and shows nothing that is not theirs.
#include <cstring>
#include <random>

#include "test.hpp"
#include "wire/codec.hpp"

using namespace capsule;
using namespace capsule_test;

namespace {

// A frame, 8-aligned.
class Frame {
 public:
  explicit Frame(wire::Body body) {
    wire::Encoder encoder;
    const auto bytes = encoder.encode(1, std::move(body));
    words_.resize(bytes.size() / sizeof(std::uint64_t));
    std::memcpy(words_.data(), bytes.data(), bytes.size());
  }

  [[nodiscard]] std::span<const std::uint8_t> bytes() const {
    return {reinterpret_cast<const std::uint8_t *>(words_.data()), words_.size() * sizeof(std::uint64_t)};
  }
  [[nodiscard]] std::uint32_t at(std::size_t position) const {
    std::uint32_t number = 0;
    std::memcpy(&number, bytes().data() + position, sizeof number);
    return number;
  }
  void put(std::size_t position, std::uint32_t number) {
    std::memcpy(reinterpret_cast<std::uint8_t *>(words_.data()) + position, &number, sizeof number);
  }
  // Where the number stands, as the length of what follows it.
  [[nodiscard]] std::size_t find(std::uint32_t number) const {
    for (std::size_t position = 4; position + 4 <= bytes().size(); position += 4) {
      if (at(position) == number) {
        return position;
      }
    }
    FAIL("the frame has no " + show(number));
  }
  // Makes all of a list of so many texts or tables what its last one is.
  void alias(std::uint32_t count) {
    const std::size_t list = find(count) + 4;
    const std::size_t last = list + 4 * (count - std::size_t{1});
    const std::size_t target = last + at(last);
    for (std::size_t place = list; place < last; place += 4) {
      put(place, static_cast<std::uint32_t>(target - place));
    }
  }

 private:
  std::vector<std::uint64_t> words_;
};

constexpr std::uint32_t kCount = 4321;
constexpr std::uint32_t kSize = 98'765;

}  // namespace

CAPSULE_TEST(names_that_are_all_the_same_bytes_are_no_frame) {
  const std::string large(kSize, 'x');
  std::vector<wire::Text> names(kCount, "n");
  names.back() = large;
  for (const wire::Body &body :
       {wire::Body(wire::Call{.call_id = 7, .capability = "read", .names = names}),
        wire::Body(wire::Answer{.request_id = 7, .names = names}), wire::Body(wire::Ready{.pid = 7, .capabilities = names})}) {
    Frame frame(body);
    CHECK(wire::decode(frame.bytes()).ok());
    frame.alias(kCount);
    CHECK_CONTAINS(wire::decode(frame.bytes()).status().message(), "more than it holds");
  }
}

CAPSULE_TEST(a_display_whose_parts_are_all_the_same_bytes_is_no_frame) {
  const std::string large(kSize, 'x');
  constexpr std::uint32_t kParts = 123;
  std::vector<wire::MimePart> parts(kParts, {"text/plain", "short"});
  parts.back().data = large;
  Frame frame(wire::Display{.parts = parts});
  CHECK(wire::decode(frame.bytes()).ok());
  frame.alias(kParts);
  CHECK_CONTAINS(wire::decode(frame.bytes()).status().message(), "more than it holds");
}

CAPSULE_TEST(frames_with_numbers_changed_at_random_are_decoded_or_refused) {
  const std::string text(200, 't');
  const std::vector<std::int64_t> shape{1, 2, 3};
  const wire::Answer value{.request_id = 1,
                           .message = text,
                           .data = text,
                           .shape = shape,
                           .strides = shape,
                           .names = {text, text},
                           .types = {text},
                           .sizes = {1, 2},
                           .kinds = {1, 2}};
  std::mt19937 random(20);
  for (const wire::Body &body :
       {wire::Body(value),
        wire::Body(wire::Call{.call_id = 1, .capability = text, .names = {text, text}, .values = {value, value}}),
        wire::Body(wire::Display{text, true, true, {{text, text}, {text, text}}, text}),
        wire::Body(wire::Result{.repr = text, .value = std::make_shared<const wire::Answer>(value)})}) {
    for (int round = 0; round < 20'000; ++round) {
      Frame frame(body);
      for (int change = 0; change < 3; ++change) {
        const std::size_t position = 4 + 4 * (random() % (frame.bytes().size() / 4 - 1));
        frame.put(position, round % 2 == 0 ? static_cast<std::uint32_t>(random() % 512U)
                                           : frame.at(position) + 4 * static_cast<std::uint32_t>(random() % 16U));
      }
      const auto envelope = wire::decode(frame.bytes());
      if (!envelope.ok()) {
        continue;
      }
      if (const auto *answer = std::get_if<wire::Answer>(&envelope.value().body)) {
        std::size_t told = answer->message.size() + answer->data.size() + 8 * (answer->shape.size() + answer->sizes.size());
        for (const wire::Text name : answer->names) {
          told += std::string(name).size();
        }
        CHECK(told <= frame.bytes().size());
      }
    }
  }
}
