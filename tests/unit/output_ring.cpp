// transport/output_ring and output_queue: what is written comes out, in order; a write cut short is found; hostile memory does no harm.
#include "transport/output_ring.hpp"

#include <cstring>
#include <random>

#include "test.hpp"
#include "transport/output_queue.hpp"

using namespace capsule;

namespace {

constexpr std::size_t kQueue = 4096;

// Zeroed and 64-aligned, as shared memory is.
struct Memory {
  explicit Memory(std::size_t size) : words(size / 8 + 8) {}
  void *data() { return reinterpret_cast<void *>((reinterpret_cast<std::uintptr_t>(words.data()) + 63) & ~std::uintptr_t{63}); }
  std::vector<std::uint64_t> words;
};

struct RingWithMemory {
  Memory memory{OutputRing::memory_size(kQueue)};
  OutputRing ring{memory.data(), OutputRing::memory_size(kQueue)};
};

OutputRing::Record record(std::uint64_t execution_id, std::uint64_t after, std::size_t size, std::uint8_t stream) {
  return {execution_id, after, static_cast<std::uint32_t>(size), 0, stream, 1, 0, 0};
}

bool append(OutputRing &ring, std::string_view text, std::uint64_t execution_id = 1, std::uint8_t stream = 1) {
  return ring.append(record(execution_id, 0, text.size(), stream), text.data());
}

// What the kernel does to a reservation.
void fill(OutputRing &ring, std::string_view text, std::uint32_t reserved, std::uint64_t after = 0) {
  const auto parts = ring.reserve(record(1, after, reserved, 1));
  CHECK(parts.has_value());
  for (const iovec &part : *parts) {
    const std::size_t size = std::min(part.iov_len, text.size());
    std::memcpy(part.iov_base, text.data(), size);
    text.remove_prefix(size);
  }
}

std::string read_all(const OutputQueue &queue, std::size_t limit) {
  std::string all;
  OutputQueue::Cursor cursor;
  while (queue.peek(cursor, queue.head())) {
    std::string piece;
    queue.take(cursor, queue.head(), limit, piece);
    all += piece;
  }
  return all;
}

}  // namespace

CAPSULE_TEST(records_come_out_in_order_across_many_turns) {
  RingWithMemory one;
  std::mt19937 random(1);
  std::uint64_t position = 0;
  std::vector<std::string> waiting;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < 20000; ++i) {
    const std::string text(random() % 300, static_cast<char>('a' + i % 26));
    if (append(one.ring, text, i, i % 2 == 0 ? 1 : 2)) {
      waiting.push_back(text);
    }
    if (random() % 3 != 0 && taken < waiting.size()) {
      const auto record = one.ring.peek(position, one.ring.head());
      CHECK(record.has_value());
      std::string data;
      position = one.ring.take(position, *record, data);
      CHECK(data == waiting[taken++]);
      one.ring.release(position);
    }
  }
  CHECK_AT_LEAST(taken, 1000);
}

CAPSULE_TEST(a_full_ring_refuses_and_takes_again_when_room_was_made) {
  RingWithMemory one;
  const std::string text(1000, 'x');
  int appended = 0;
  while (append(one.ring, text)) {
    ++appended;
  }
  CHECK_EQ(appended, 3);  // of 1,032 bytes in 4,096
  CHECK(!one.ring.reserve(record(1, 0, 1000, 1)).has_value());
  std::string data;
  const std::uint64_t behind = one.ring.take(0, *one.ring.peek(0, one.ring.head()), data);
  CHECK(!append(one.ring, text));  // reading frees nothing: releasing does
  one.ring.release(behind);
  CHECK(append(one.ring, text));
}

CAPSULE_TEST(a_reservation_is_a_record_only_once_committed) {
  RingWithMemory one;
  for (int turn = 0; turn < 40; ++turn) {  // across the end of the memory
    const std::uint64_t before = one.ring.head();
    fill(one.ring, "captured", 300);
    CHECK_EQ(one.ring.head(), before);
    one.ring.commit(8);
    std::string data;
    const std::uint64_t behind = one.ring.take(before, *one.ring.peek(before, one.ring.head()), data);
    CHECK_EQ(data, "captured");
    CHECK(!one.ring.unfinished().has_value());
    one.ring.release(behind);
  }
}

CAPSULE_TEST(what_a_death_left_in_a_reservation_is_found) {  // I9
  RingWithMemory one;
  append(one.ring, "before");
  CHECK(!one.ring.unfinished().has_value());
  fill(one.ring, "", 5);
  CHECK(!one.ring.unfinished()->touched);  // the death came before the bytes
  fill(one.ring, "bytes", 5);
  const auto found = one.ring.unfinished();
  CHECK(found->touched);
  CHECK_EQ(found->data, "bytes");
  one.ring.commit(0);
  CHECK(!one.ring.unfinished().has_value());
}

CAPSULE_TEST(captured_output_stands_where_it_came) {  // I2
  Memory memory(OutputQueue::memory_size(kQueue));
  OutputQueue queue(memory.data(), OutputQueue::memory_size(kQueue));
  const auto capture = [&queue](std::string_view text) {
    fill(queue.captured(), text, static_cast<std::uint32_t>(text.size()), queue.printed().head());
    queue.captured().commit(static_cast<std::uint32_t>(text.size()));
  };
  append(queue.printed(), "one ");
  append(queue.printed(), "two ");
  capture("THREE ");
  append(queue.printed(), "four ");
  capture("FIVE ");
  capture("SIX ");
  append(queue.printed(), "seven");
  for (const std::size_t limit : {1U, 9U, 4096U}) {
    CHECK_EQ(read_all(queue, limit), "one two THREE four FIVE SIX seven");
  }
}

CAPSULE_TEST(memory_written_by_an_enemy_yields_records_or_none) {
  std::mt19937_64 random(7);
  const std::size_t size = OutputQueue::memory_size(kQueue);
  for (int round = 0; round < 400; ++round) {
    Memory memory(size);
    OutputQueue queue(memory.data(), size);
    append(queue.printed(), "before");
    fill(queue.captured(), "captured", 100);
    auto *words = static_cast<std::uint64_t *>(memory.data());
    for (int i = 0; i < 12; ++i) {
      const std::size_t at = (i % 2 == 0 ? 0 : size / 16) + random() % (i % 3 == 0 ? 24 : 200);
      words[at] = round % 2 == 0 ? random() : random() % 5000;
    }
    OutputQueue::Cursor cursor;
    const OutputQueue::Cursor head = queue.head();
    while (queue.peek(cursor, head)) {
      const OutputQueue::Cursor before = cursor;
      std::string data;
      queue.take(cursor, head, 4096, data);
      CHECK(!(cursor == before));  // it goes on, and so comes to an end
      CHECK_AT_MOST(data.size(), size);
    }
    if (const auto found = queue.captured().unfinished()) {
      CHECK_AT_MOST(found->data.size(), size);
    }
  }
}
