// The container of checkpoints: what was altered is never taken for what was written.
#include <fcntl.h>
#include <unistd.h>

#include <random>

#include "checkpoint/container.hpp"
#include "files.hpp"
#include "test.hpp"

using namespace capsule;

namespace {

constexpr ContainerLimits kLimits{1U << 20U, 1U << 20U};
const std::string kManifest = R"({"host":{},"worker":{}})";
const std::string kKey(32, 'k');

std::string encode(const std::string &body, int level = 1, const std::string &key = {}) {
  auto bytes = encode_container(kManifest, body, level, key);
  CHECK(bytes.ok());
  return bytes.value();
}

// The manifest and the body behind it, as a worker gets them; the reason where there are none.
std::string unpack(const Container &container, const std::string &path) {
  const UniqueFd file(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600));
  const Status status = unpack_container(container, file.get());
  return status.ok() ? capsule_test::read_file(path) : status.message();
}

std::string refusal(const std::string &bytes, const std::string &key = {}, const ContainerLimits &limits = kLimits) {
  const auto read = read_container(bytes, key, limits);
  return read.ok() ? "" : read.status().message();
}

}  // namespace

CAPSULE_TEST(what_was_written_is_read) {
  const capsule_test::TempFolder folder;
  for (const std::string &body : {std::string(), std::string("body"), std::string(300'000, 'x')}) {
    for (const int level : {0, 1, 19}) {
      for (const std::string &key : {std::string(), kKey}) {
        const std::string bytes = encode(body, level, key);
        const auto read = read_container(bytes, key, kLimits);
        CHECK(read.ok());
        CHECK_EQ(std::string(read.value().manifest), kManifest);
        CHECK_EQ(read.value().body_bytes, body.size());
        CHECK_EQ(read.value().is_signed, !key.empty());
        CHECK(read.value().is_verified);
        CHECK(unpack(read.value(), folder.path() + "/unpacked") == kManifest + body);
      }
    }
  }
}

CAPSULE_TEST(any_bit_that_differs_is_seen) {
  for (const std::string &key : {std::string(), kKey}) {
    const std::string bytes = encode("some body", 1, key);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      const auto read = read_container(flipped, key, kLimits);
      CHECK(!read.ok() || !read.value().is_verified);  // the flag that it is signed: it can be looked at, and not restored
    }
  }
}

CAPSULE_TEST(what_is_cut_off_or_longer_is_refused) {
  const std::string bytes = encode("some body");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK(!refusal(bytes.substr(0, size)).empty());
  }
  CHECK_CONTAINS(refusal(bytes + "x"), "something behind it");
}

CAPSULE_TEST(keys_are_asked_for_and_checked) {
  const std::string plain = encode("body");
  const std::string with_key = encode("body", 1, kKey);
  CHECK_CONTAINS(refusal(plain, kKey), "not signed");
  CHECK_CONTAINS(refusal(with_key, std::string(32, 'w')), "another key");
  const auto unchecked = read_container(with_key, {}, kLimits);
  CHECK(unchecked.ok());
  CHECK(unchecked.value().is_signed);
  CHECK(!unchecked.value().is_verified);
}

CAPSULE_TEST(more_than_the_limits_is_refused_before_it_is_read) {
  const std::string bytes = encode(std::string(5000, 'x'));
  CHECK_CONTAINS(refusal(bytes, {}, {1000, 4999}), "it can hold 1000 and 4999");
  CHECK_CONTAINS(refusal(bytes, {}, {10, 5000}), "it can hold 10 and 5000");
}

// A body that is larger than it says, signed by whoever made it.
CAPSULE_TEST(a_decompression_bomb_ends_at_its_own_size) {
  const capsule_test::TempFolder folder;
  const std::string bytes = encode(std::string(1 << 20, '\0'), 19);
  auto read = read_container(bytes, {}, kLimits);
  CHECK(read.ok());
  Container container = read.value();
  container.body_bytes = 1000;
  CHECK_CONTAINS(unpack(container, folder.path() + "/bomb"), "cannot be decompressed");
  CHECK(capsule_test::read_file(folder.path() + "/bomb").size() < 1000);
  container.body_bytes = (1 << 20) + 1;
  CHECK_CONTAINS(unpack(container, folder.path() + "/short"), "not of the size");
}

CAPSULE_TEST(noise_is_refused) {
  std::mt19937 random(7);
  const std::string bytes = encode("some body");
  for (int i = 0; i < 2000; ++i) {
    std::string noise = i % 2 == 0 ? bytes.substr(0, 8) : "";
    for (std::size_t size = random() % 300; size > 0; --size) {
      noise += static_cast<char>(random());
    }
    CHECK(!refusal(noise).empty());
  }
}
