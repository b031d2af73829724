// pool/breaker: when it lets creations through. The clock is the test's.
#include "pool/breaker.hpp"

#include "base/clock.hpp"
#include "test.hpp"

using namespace capsule;

namespace {

constexpr std::uint64_t kPause = 200 * kNsPerMs;
constexpr std::uint64_t kLongest = kNsPerSecond;

Breaker make_breaker(std::uint64_t seed = 1) { return Breaker({3, kPause, kLongest}, seed); }

void check_pause(const Breaker &breaker, std::uint64_t now, std::uint64_t pause) {
  CHECK_AT_LEAST(breaker.until_ns(), now + pause - pause / 4);
  CHECK_AT_MOST(breaker.until_ns(), now + pause + pause / 4);
}

}  // namespace

CAPSULE_TEST(closed_it_lets_everything_through) {
  Breaker breaker = make_breaker();
  CHECK_EQ(breaker.admit(1, 7), 7);
  CHECK(!breaker.failed(1));
  CHECK(!breaker.failed(1));
  CHECK_EQ(breaker.admit(1, 7), 7);
  breaker.succeeded();
  CHECK(!breaker.failed(1));
  CHECK(!breaker.failed(1));
  CHECK_EQ(breaker.state(), CAPSULE_BREAKER_CLOSED);
  CHECK_EQ(breaker.until_ns(), 0);
}

CAPSULE_TEST(failures_in_a_row_open_it_once) {
  Breaker breaker = make_breaker();
  breaker.failed(5);
  breaker.failed(5);
  CHECK(breaker.failed(5));
  CHECK_EQ(breaker.state(), CAPSULE_BREAKER_OPEN);
  CHECK_EQ(breaker.failures_in_a_row(), 3);
  check_pause(breaker, 5, kPause);
  const std::uint64_t until = breaker.until_ns();
  CHECK(!breaker.failed(6));  // of those that were under way
  CHECK_EQ(breaker.until_ns(), until);
  CHECK_EQ(breaker.admit(until - 1, 7), 0);
  CHECK(breaker.blocks(until - 1));
  CHECK(!breaker.blocks(until));
}

CAPSULE_TEST(behind_the_pause_one_is_tried_at_a_time) {
  Breaker breaker = make_breaker();
  for (int i = 0; i < 3; ++i) {
    breaker.failed(0);
  }
  const std::uint64_t later = breaker.until_ns();
  CHECK_EQ(breaker.admit(later, 0), 0);
  CHECK_EQ(breaker.state(), CAPSULE_BREAKER_OPEN);
  CHECK_EQ(breaker.admit(later, 7), 1);
  CHECK_EQ(breaker.state(), CAPSULE_BREAKER_HALF_OPEN);
  CHECK_EQ(breaker.admit(later, 7), 0);
  breaker.succeeded();
  CHECK_EQ(breaker.state(), CAPSULE_BREAKER_CLOSED);
  CHECK_EQ(breaker.admit(later, 7), 7);
}

CAPSULE_TEST(pauses_double_up_to_the_longest_and_begin_anew) {
  Breaker breaker = make_breaker();
  for (int i = 0; i < 3; ++i) {
    breaker.failed(0);
  }
  for (const std::uint64_t pause : {2 * kPause, 4 * kPause, kLongest, kLongest}) {
    const std::uint64_t now = breaker.until_ns();
    CHECK_EQ(breaker.admit(now, 1), 1);
    CHECK(breaker.failed(now));
    check_pause(breaker, now, pause);
  }
  CHECK_EQ(breaker.admit(breaker.until_ns(), 1), 1);
  breaker.succeeded();
  for (int i = 0; i < 3; ++i) {
    breaker.failed(0);
  }
  check_pause(breaker, 0, kPause);
}

CAPSULE_TEST(pauses_vary) {
  Breaker one = make_breaker(1);
  Breaker other = make_breaker(2);
  for (int i = 0; i < 3; ++i) {
    one.failed(0);
    other.failed(0);
  }
  CHECK(one.until_ns() != other.until_ns());
}
