// transport/worker_counters: what one writer counts is copied as it was at one moment, and a writer that stops in the middle keeps nobody
// waiting.
#include "transport/worker_counters.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "test.hpp"
#include "transport/session_memory.hpp"

using namespace capsule;

namespace {

constexpr std::uint64_t kBytesEach = 10;

void print_one(WorkerCounters &counters) {
  WorkerCounters::Step step(counters, CounterWriter::kCode);
  step.add(Counter::outputs_enqueued);
  step.add(Counter::output_bytes_enqueued, kBytesEach);
  step.add(Counter::enqueued_stdout);
}

void send_one(WorkerCounters &counters) {
  WorkerCounters::Step step(counters, CounterWriter::kSender);
  step.add(Counter::outputs_sent);
  step.add(Counter::sent_stdout);
}

}  // namespace

CAPSULE_TEST(what_one_writer_counts_together_is_copied_together) {
  const auto counters = std::make_unique<WorkerCounters>();
  std::atomic<bool> over{false};
  std::thread code([&] {
    while (!over) {
      print_one(*counters);
    }
  });
  std::thread sender([&] {
    while (!over) {
      if (counters->get(Counter::outputs_sent) < counters->get(Counter::outputs_enqueued)) {
        send_one(*counters);
      }
    }
  });
  CountersCopy copy;
  int whole = 0;
  bool fit = true;
  for (int i = 0; i < 20'000 && fit; ++i) {
    whole += counters->copy_to(copy) ? 1 : 0;
    fit = copy.get(Counter::output_bytes_enqueued) == kBytesEach * copy.get(Counter::outputs_enqueued) &&
          copy.get(Counter::outputs_sent) == copy.get(Counter::sent_stdout);
  }
  // Of two writers: nothing is sent in a whole copy that is not printed there.
  for (int i = 0; i < 20'000 && fit; ++i) {
    fit = !counters->copy_to(copy) || copy.get(Counter::outputs_sent) <= copy.get(Counter::outputs_enqueued);
  }
  over = true;
  code.join();
  sender.join();
  CHECK(fit);
  CHECK_AT_LEAST(whole, 1);
  CHECK(counters->copy_to(copy));
  CHECK_EQ(queued_pieces(copy), copy.get(Counter::outputs_enqueued) - copy.get(Counter::outputs_sent));
}

CAPSULE_TEST(of_a_writer_in_the_middle_of_a_step_the_last_copy_stays) {
  const auto counters = std::make_unique<WorkerCounters>();
  print_one(*counters);
  CountersCopy copy;
  CHECK(counters->copy_to(copy));
  CHECK_EQ(copy.get(Counter::outputs_enqueued), 1);
  {
    WorkerCounters::Step step(*counters, CounterWriter::kCode);
    step.add(Counter::outputs_enqueued);
    counters->add(Counter::drains);
    CHECK(!counters->copy_to(copy));
    CHECK_EQ(copy.get(Counter::outputs_enqueued), 1);
    CHECK_EQ(copy.get(Counter::drains), 1);  // another writer's
    CountersCopy left;
    counters->take_all(left);  // as of one that was killed
    CHECK_EQ(left.get(Counter::outputs_enqueued), 2);
    CHECK_EQ(left.get(Counter::output_bytes_enqueued), kBytesEach);
  }
  CHECK(counters->copy_to(copy));
  CHECK_EQ(copy.get(Counter::outputs_enqueued), 2);
}

CAPSULE_TEST(a_step_that_never_ended_spoils_none_that_follows) {
  const auto counters = std::make_unique<WorkerCounters>();
  alignas(WorkerCounters::Step) std::byte room[sizeof(WorkerCounters::Step)];
  new (room) WorkerCounters::Step(*counters, CounterWriter::kCode);  // its end never comes
  CountersCopy copy;
  CHECK(!counters->copy_to(copy));
  print_one(*counters);
  CHECK(counters->copy_to(copy));
  CHECK_EQ(copy.get(Counter::outputs_enqueued), 1);
}

CAPSULE_TEST(counters_and_rings_are_there_before_anybody_writes) {
  auto made = SharedMemory::create("test", SessionMemory::size(1U << 20U));
  CHECK(made.ok());
  const SessionMemory memory(std::move(made.value()));
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  auto *const first = reinterpret_cast<char *>(&memory.counters());
  const std::size_t rings = sizeof(WorkerCounters) + sizeof(FlightMemory);
  std::vector<unsigned char> present(rings / page + 4);
  CHECK_EQ(mincore(first, present.size() * page, present.data()), 0);
  for (std::size_t i = 0; i < present.size(); ++i) {
    CHECK_EQ(present[i] & 1, i * page < rings ? 1 : 0);  // and the queue is not, which may be large
  }
}
