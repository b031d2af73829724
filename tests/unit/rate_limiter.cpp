// transport/rate_limiter: tokens come exactly as often as the rate says.
#include "transport/rate_limiter.hpp"

#include "base/clock.hpp"
#include "test.hpp"

using namespace capsule;

CAPSULE_TEST(it_starts_full) {
  RateLimiter limiter(1, 100);
  for (int i = 0; i < 100; ++i) {
    CHECK_EQ(limiter.take(1000), 0);
  }
  CHECK_EQ(limiter.take(1000), kNsPerSecond);
}

CAPSULE_TEST(tokens_come_at_the_rate) {
  RateLimiter limiter(10, 1);
  std::uint64_t now = 5 * kNsPerSecond;
  CHECK_EQ(limiter.take(now), 0);
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t wait = limiter.take(now);
    CHECK(wait >= 99'999'999 && wait <= 100'000'001);
    now += wait;
    CHECK_EQ(limiter.take(now), 0);
  }
}

CAPSULE_TEST(a_wait_that_was_cut_short_is_told_what_is_left) {
  RateLimiter limiter(7, 1);
  CHECK_EQ(limiter.take(1), 0);
  const std::uint64_t whole = limiter.take(1);
  CHECK(whole >= 142'857'142 && whole <= 142'857'144);
  const std::uint64_t rest = limiter.take(1 + 42'857'143);
  CHECK(rest >= 99'999'999 && rest <= 100'000'001);
}

CAPSULE_TEST(it_never_holds_more_than_the_burst) {
  RateLimiter limiter(1000, 3);
  CHECK_EQ(limiter.take(1), 0);
  CHECK(limiter.tokens(3600 * kNsPerSecond) == 3);
}

CAPSULE_TEST(a_clock_that_goes_back_gives_nothing) {
  RateLimiter limiter(1, 1);
  CHECK_EQ(limiter.take(10 * kNsPerSecond), 0);
  CHECK_EQ(limiter.take(2 * kNsPerSecond), kNsPerSecond);
  CHECK_EQ(limiter.take(11 * kNsPerSecond), 0);
}

CAPSULE_TEST(a_burst_of_0_is_one_token) {
  RateLimiter limiter(1, 0);
  CHECK_EQ(limiter.take(1), 0);
}

CAPSULE_TEST(a_rate_of_0_limits_nothing) { CHECK(!RateLimiter(0, 100).active()); }
