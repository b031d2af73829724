// pool/wait_queue, pool/demand, pool/latency: the parts of a pool that know no thread.
#include "pool/wait_queue.hpp"

#include "pool/demand.hpp"
#include "pool/latency.hpp"
#include "test.hpp"

using namespace capsule;

CAPSULE_TEST(first_come_first_served) {
  WaitQueue<int> queue;
  for (int i = 0; i < 5; ++i) {
    queue.push(std::make_shared<int>(i), kNoDeadline);
  }
  CHECK_EQ(queue.size(), 5);
  CHECK_EQ(queue.next_deadline(), kNoDeadline);
  for (int i = 0; i < 5; ++i) {
    CHECK_EQ(*queue.pop(), i);
  }
  CHECK(queue.pop() == nullptr);
  CHECK(queue.empty());
}

CAPSULE_TEST(any_may_leave) {
  WaitQueue<int> queue;
  std::vector<std::shared_ptr<int>> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(std::make_shared<int>(i));
    queue.push(all.back(), 100);
  }
  CHECK(queue.take(all[2].get()) == all[2]);
  CHECK(queue.take(all[2].get()) == nullptr);
  CHECK(queue.take(all[0].get()) == all[0]);
  CHECK_EQ(*queue.pop(), 1);
  CHECK_EQ(*queue.pop(), 3);
  CHECK_EQ(queue.size(), 1);
}

CAPSULE_TEST(deadlines_come_in_their_own_order) {
  WaitQueue<int> queue;
  queue.push(std::make_shared<int>(1), 300);
  queue.push(std::make_shared<int>(2), kNoDeadline);
  queue.push(std::make_shared<int>(3), 100);
  queue.push(std::make_shared<int>(4), 100);
  CHECK_EQ(queue.next_deadline(), 100);
  CHECK(queue.pop_expired(99) == nullptr);
  const int first = *queue.pop_expired(100);
  const int second = *queue.pop_expired(100);
  CHECK_EQ(first + second, 7);
  CHECK(queue.pop_expired(299) == nullptr);
  CHECK_EQ(*queue.pop(), 1);
  CHECK_EQ(queue.next_deadline(), kNoDeadline);
  CHECK_EQ(queue.size(), 1);
}

CAPSULE_TEST(demand_grows_with_arrivals_and_fades) {
  Demand demand;
  std::uint64_t now = kNsPerSecond;
  CHECK_EQ(demand.ahead(now, 100), 0);
  for (int i = 0; i < 20; ++i) {
    demand.created(10 * kNsPerMs);
  }
  for (int i = 0; i < 5'000; ++i) {  // a thousand a second
    now += kNsPerMs;
    demand.arrived(now);
  }
  CHECK(demand.per_second(now) > 850 && demand.per_second(now) < 1'000);
  CHECK(demand.ahead(now, 100) >= 17 && demand.ahead(now, 100) <= 20);
  CHECK_EQ(demand.ahead(now, 5), 5);
  now += 20 * kNsPerSecond;
  CHECK_EQ(demand.ahead(now, 100), 0);
}

CAPSULE_TEST(buckets_double_from_a_microsecond) {
  CHECK_EQ(bucket_of(0), 0);
  CHECK_EQ(bucket_of(1'000), 0);
  CHECK_EQ(bucket_of(1'001), 1);
  CHECK_EQ(bucket_of(2'000), 1);
  CHECK_EQ(bucket_of(2'001), 2);
  CHECK_EQ(bucket_of(std::uint64_t{1'000} << 26U), 26);
  CHECK_EQ(bucket_of((std::uint64_t{1'000} << 26U) + 1), 27);
  CHECK_EQ(bucket_of(UINT64_MAX / 2), 27);
}

CAPSULE_TEST(percentiles_are_bounds_of_buckets) {
  capsule_pool_metrics metrics{};
  CHECK_EQ(percentile_ns(metrics, 50), 0);
  metrics.acquisition_successes = 100;
  metrics.acquire_buckets[1] = 50;
  metrics.acquire_buckets[3] = 45;
  metrics.acquire_buckets[27] = 5;
  metrics.acquire_max_ns = 99 * kNsPerSecond;
  CHECK_EQ(percentile_ns(metrics, 50), 2'000);
  CHECK_EQ(percentile_ns(metrics, 51), 8'000);
  CHECK_EQ(percentile_ns(metrics, 95), 8'000);
  CHECK_EQ(percentile_ns(metrics, 99), 99 * kNsPerSecond);
}
