#include "transport/output_queue.hpp"

#include "transport/message_piece.hpp"

namespace capsule {

std::size_t OutputQueue::memory_size(std::size_t queue_bytes) { return 2 * OutputRing::memory_size(queue_bytes); }

OutputQueue::OutputQueue(void *memory, std::size_t size) {
  printed_ = OutputRing(memory, size / 2);
  captured_ = OutputRing(static_cast<char *>(memory) + size / 2, size / 2);
}

bool OutputQueue::next_is_captured(const Cursor &cursor, const Cursor &head) const {
  const auto captured = captured_.peek(cursor.captured, head.captured);
  return captured && (captured->after <= cursor.printed || !printed_.peek(cursor.printed, head.printed));
}

std::optional<OutputRing::Record> OutputQueue::peek(const Cursor &cursor, const Cursor &head) const {
  return next_is_captured(cursor, head) ? captured_.peek(cursor.captured, head.captured)
                                        : printed_.peek(cursor.printed, head.printed);
}

std::size_t OutputQueue::take(Cursor &cursor, const Cursor &head, std::size_t limit, std::string &out) const {
  const bool captured = next_is_captured(cursor, head);
  const OutputRing &ring = captured ? captured_ : printed_;
  std::uint64_t &position = captured ? cursor.captured : cursor.printed;
  const std::uint64_t end = captured ? head.captured : head.printed;
  const auto first = ring.peek(position, end);
  std::size_t taken = 0;
  for (auto record = first; record && first->continued_by(*record) && (out.empty() || out.size() + record->size <= limit);
       record = ring.peek(position, end)) {
    position = ring.take(position, *record, out);
    ++taken;
    if (first->stream == kMessageStream || next_is_captured(cursor, head) != captured) {
      break;
    }
  }
  return taken;
}

}  // namespace capsule
