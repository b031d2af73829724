// Frames that travel in the output stream, in order with it: displays and progress. Each is cut into pieces, records of a stream of
// their own, that are bounded, credited, kept in shared memory and recovered after a death as output is.
//
// A piece is a header and bytes. The worker sends the pieces of one message one after the other, with output in between; a message
// that another begins in the middle of has been given up.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace capsule {

// Beside CAPSULE_STREAM_…: what a record of a piece has for its stream.
inline constexpr std::uint8_t kMessageStream = 3;

struct PieceHeader {
  std::uint32_t total;   // bytes of the message
  std::uint32_t offset;  // of this piece in it
};

inline std::string make_piece(std::string_view message, std::size_t offset, std::size_t size) {
  const PieceHeader header{static_cast<std::uint32_t>(message.size()), static_cast<std::uint32_t>(offset)};
  std::string piece(sizeof header + size, '\0');
  std::memcpy(piece.data(), &header, sizeof header);
  std::memcpy(piece.data() + sizeof header, message.data() + offset, size);
  return piece;
}

// Host: puts the pieces together again; the worker is not believed.
class MessageAssembly {
 public:
  enum class State { kMore, kWhole, kTooLarge };

  // Takes a piece. What does not fit to what came before is dropped, and counted by dropped().
  State take(std::string_view piece, std::size_t most) {
    PieceHeader header{};
    if (piece.size() <= sizeof header) {
      ++dropped_;
      return State::kMore;
    }
    std::memcpy(&header, piece.data(), sizeof header);
    piece.remove_prefix(sizeof header);
    if (header.total > most) {
      return State::kTooLarge;
    }
    if (header.offset == 0) {
      give_up();
      total_ = header.total;
    } else if (header.total != total_ || header.offset != message_.size()) {
      give_up();
      return State::kMore;
    }
    if (piece.size() > total_ - message_.size()) {
      ++dropped_;
      reset();
      return State::kMore;
    }
    message_.append(piece);
    return message_.size() == total_ ? State::kWhole : State::kMore;
  }

  [[nodiscard]] std::size_t size() const { return message_.size(); }
  // After kWhole.
  std::string finish() {
    std::string message = std::move(message_);
    reset();
    return message;
  }
  // A message of which not all came, or none.
  void give_up() {
    dropped_ += message_.empty() ? 0 : 1;
    reset();
  }
  // Messages dropped so far.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  void reset() {
    message_.clear();
    total_ = 0;
  }

  std::string message_;
  std::size_t total_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace capsule
