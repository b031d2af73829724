// transport/output_ring: what is appended comes out, in order, and hostile memory does no harm.
#include "transport/output_ring.hpp"

#include <cstring>
#include <random>

#include "test.hpp"

using namespace capsule;

namespace {

constexpr std::size_t kQueue = 4096;

struct Memory {
  std::vector<std::uint64_t> words = std::vector<std::uint64_t>(OutputRing::memory_size(kQueue) / 8 + 8);
  // 64-aligned, as shared memory is.
  void *data() { return reinterpret_cast<void *>((reinterpret_cast<std::uintptr_t>(words.data()) + 63) & ~std::uintptr_t{63}); }
};

}  // namespace

CAPSULE_TEST(records_come_out_in_order_across_many_turns) {
  Memory memory;
  OutputRing ring(memory.data(), OutputRing::memory_size(kQueue));
  std::mt19937 random(1);
  std::uint64_t position = 0;
  std::vector<std::string> waiting;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < 20000; ++i) {
    const std::string text(random() % 300, static_cast<char>('a' + i % 26));
    if (ring.append(i, i % 2 == 0 ? 1 : 2, text)) {
      waiting.push_back(text);
    }
    if (random() % 3 != 0 && taken < waiting.size()) {
      const auto record = ring.read(position);
      CHECK(record.has_value());
      CHECK(record->data == waiting[taken++]);
      ring.release(position);
    }
  }
  CHECK_AT_LEAST(taken, 1000);
}

CAPSULE_TEST(a_full_queue_refuses_and_takes_again_when_room_was_made) {
  Memory memory;
  OutputRing ring(memory.data(), OutputRing::memory_size(kQueue));
  const std::string text(1000, 'x');
  int appended = 0;
  while (ring.append(1, 1, text)) {
    ++appended;
  }
  CHECK_EQ(appended, 4);
  std::uint64_t position = 0;
  CHECK(ring.read(position).has_value());
  CHECK(!ring.append(1, 1, text));  // reading frees nothing: releasing does
  ring.release(position);
  CHECK(ring.append(1, 1, text));
}

CAPSULE_TEST(memory_written_by_an_enemy_yields_records_or_none) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    Memory memory;
    OutputRing ring(memory.data(), OutputRing::memory_size(kQueue));
    ring.append(1, 1, "before");
    auto *words = static_cast<std::uint64_t *>(memory.data());
    for (int i = 0; i < 4; ++i) {
      words[random() % (OutputRing::memory_size(kQueue) / 8)] = round % 2 == 0 ? random() : random() % 5000;
    }
    std::uint64_t position = 0;
    std::size_t records = 0;
    while (const auto record = ring.read(position)) {
      CHECK_AT_MOST(record->data.size(), kQueue);
      CHECK_AT_MOST(++records, kQueue / 8);
    }
  }
}
