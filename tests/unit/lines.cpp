// base/lines: the same count as byte by byte, for texts of any length and place.
#include "base/lines.hpp"

#include <algorithm>
#include <random>

#include "test.hpp"

CAPSULE_TEST(newlines_are_counted_exactly) {
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 700, '\0');
    for (char &byte : text) {
      const auto pick = random() % 4;
      byte = pick == 0 ? '\n' : pick == 1 ? '\x0b' : pick == 2 ? '\x8a' : static_cast<char>(random());
    }
    const std::string_view part = std::string_view(text).substr(std::min<std::size_t>(text.size(), random() % 9));
    CHECK_EQ(capsule::count_newlines(part), static_cast<std::uint64_t>(std::count(part.begin(), part.end(), '\n')));
  }
}

CAPSULE_TEST(nothing_but_newlines) {
  for (std::size_t size = 0; size < 2000; ++size) {
    CHECK_EQ(capsule::count_newlines(std::string(size, '\n')), size);
  }
}
