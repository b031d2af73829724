#include "diagnostics/frame_walk.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace capsule {
namespace {

constexpr int kAttempts = 16;  // at a thread that runs on while it is read
// Readings in a row that are the same. Some of code that does the same over and over agree by chance, though each is of two moments: of
// pairs one of some thousand did, of three in a row one of some ten thousand.
constexpr int kAlike = 4;
constexpr std::uint32_t kFramesPerClock = 256;
constexpr std::uint64_t kMostLineTable = std::uint64_t{1} << 20U;
constexpr std::uint64_t kMostLineTables = std::uint64_t{16} << 20U;  // of a whole stack
constexpr std::uint64_t kMostInstructions = std::uint64_t{1} << 28U;
constexpr std::uint64_t kMostTextLength = 4096;
constexpr std::uint64_t kUnitBytes = 2;  // of an instruction

// Bits of a str's state.
constexpr unsigned kKindShift = 2;
constexpr std::uint32_t kKindMask = 7;
constexpr std::uint32_t kCompact = 1U << 5U;
constexpr std::uint32_t kAscii = 1U << 6U;

constexpr std::uint32_t kReplacement = 0xfffd;

void append_utf8(std::uint32_t character, std::string &out) {
  if (character > 0x10ffff || (character >= 0xd800 && character < 0xe000) || character == 0) {
    character = kReplacement;
  }
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xc0U | character >> 6U);
    put(0x80U | (character & 0x3fU));
  } else if (character < 0x10000) {
    put(0xe0U | character >> 12U);
    put(0x80U | (character >> 6U & 0x3fU));
    put(0x80U | (character & 0x3fU));
  } else {
    put(0xf0U | character >> 18U);
    put(0x80U | (character >> 12U & 0x3fU));
    put(0x80U | (character >> 6U & 0x3fU));
    put(0x80U | (character & 0x3fU));
  }
}

// The numbers of a line table.
class LineTable {
 public:
  explicit LineTable(const std::vector<unsigned char> &bytes) : bytes_(bytes) {}

  [[nodiscard]] bool at_end() const { return at_ >= bytes_.size(); }
  unsigned next() { return at_end() ? 0 : bytes_[at_++]; }
  void skip(std::size_t count) { at_ += count; }
  std::uint32_t varint() {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 30; shift += 6) {
      const unsigned byte = next();
      value |= (byte & 0x3fU) << shift;
      if ((byte & 0x40U) == 0) {
        break;
      }
    }
    return value;
  }
  std::int32_t signed_varint() {
    const std::uint32_t value = varint();
    const auto magnitude = static_cast<std::int32_t>(value >> 1U);
    return (value & 1U) != 0 ? -magnitude : magnitude;
  }

 private:
  const std::vector<unsigned char> &bytes_;
  std::size_t at_ = 0;
};

}  // namespace

// The format is that of CPython's Objects/locations.md, which 3.11 brought.
std::uint32_t line_of(const std::vector<unsigned char> &table, std::int32_t first_line, std::uint64_t instruction_bytes) {
  constexpr unsigned kOneLine = 10;
  constexpr unsigned kNoColumns = 13;
  constexpr unsigned kLong = 14;
  constexpr unsigned kNowhere = 15;
  LineTable numbers(table);
  std::int64_t line = first_line;
  std::uint64_t end = 0;
  while (!numbers.at_end()) {
    const unsigned head = numbers.next();
    const unsigned kind = head >> 3U & 15U;
    end += ((head & 7U) + 1) * kUnitBytes;
    if (kind == kLong) {
      line += numbers.signed_varint();
      for (int column = 0; column < 3; ++column) {
        numbers.varint();
      }
    } else if (kind == kNoColumns) {
      line += numbers.signed_varint();
    } else if (kind >= kOneLine && kind < kNoColumns) {
      line += kind - kOneLine;
      numbers.skip(2);
    } else if (kind < kOneLine) {
      numbers.skip(1);
    }
    if (instruction_bytes < end) {
      return kind == kNowhere || line < 0 ? 0 : static_cast<std::uint32_t>(line);
    }
  }
  return 0;
}

bool FrameWalk::past_deadline() {
  late_ = late_ || monotonic_ns() >= limits_.deadline_ns;
  return late_;
}

std::optional<Stack> FrameWalk::walk() {
  Stack stack;
  std::uint64_t address = layout_.main_thread;
  while (address != 0 && !past_deadline()) {
    if (stack.threads.size() >= limits_.threads) {
      ++stack.threads_omitted;
      break;
    }
    Thread thread;
    if (!read_thread(address, thread)) {
      if (stack.threads.empty()) {
        return std::nullopt;
      }
      ++stack.threads_omitted;  // it ended while it was read, and what is behind it is not to be found
      break;
    }
    thread.told.is_main = stack.threads.empty();
    read_frames(thread);
    stack.threads.push_back(std::move(thread.told));
    address = thread.previous;
  }
  return stack.threads.empty() ? std::nullopt : std::optional<Stack>(std::move(stack));
}

bool FrameWalk::read_thread(std::uint64_t address, Thread &thread) {
  memory_.forget();
  const auto previous = memory_.get<std::uint64_t>(address + layout_.thread_previous);
  const auto ident = memory_.get<std::uint64_t>(address + layout_.thread_ident);
  const auto tid = memory_.get<std::uint64_t>(address + layout_.thread_tid);
  if (!previous || !ident || !tid) {
    return false;
  }
  thread.address = address;
  thread.previous = *previous;
  thread.told.ident = *ident;
  thread.told.tid = *tid <= INT32_MAX ? static_cast<std::int32_t>(*tid) : 0;
  thread.told.holds_gil = holds_gil(address);
  return true;
}

std::int32_t FrameWalk::holds_gil(std::uint64_t thread) {
  if (layout_.gil_holder != 0) {
    const auto holder = memory_.get<std::uint64_t>(layout_.gil_holder);
    return holder ? static_cast<std::int32_t>(*holder == thread) : kNotKnown;
  }
  const auto status = memory_.get<std::uint32_t>(thread + layout_.thread_status);
  return status && layout_.thread_holds_gil != 0 ? static_cast<std::int32_t>((*status & layout_.thread_holds_gil) != 0)
                                                 : kNotKnown;
}

std::optional<std::uint64_t> FrameWalk::top_frame(std::uint64_t thread) {
  std::uint64_t frame = 0;
  if (!memory_.read_anew(thread + layout_.thread_frame, &frame, sizeof frame)) {
    return std::nullopt;
  }
  if (layout_.frame_in_holder != FrameLayout::kNone &&
      !memory_.read_anew(frame + layout_.frame_in_holder, &frame, sizeof frame)) {
    return std::nullopt;
  }
  return frame;
}

// Until kAlike readings in a row are the same; else the last that came to an end will do, and is told as torn.
void FrameWalk::read_frames(Thread &thread) {
  Chain last;
  int alike = 0;
  for (int attempt = 0; attempt < kAttempts && alike < kAlike && !past_deadline(); ++attempt) {
    memory_.forget();
    const auto top = top_frame(thread.address);
    if (!top) {
      continue;
    }
    Chain chain = follow(*top);
    if (!chain.whole) {
      alike = 0;
    } else {
      alike = last.whole && chain.same_place(last) ? alike + 1 : 1;
    }
    if (chain.whole || !last.whole) {
      last = std::move(chain);
    }
  }
  thread.told.torn = alike < kAlike;
  tell(last, thread.told);
}

// But for the innermost frame's instruction, which is of no other frame's concern.
bool FrameWalk::Chain::same_place(const Chain &other) const {
  const auto same = [](const Frame &a, const Frame &b) { return a.code == b.code && a.instruction == b.instruction; };
  return omitted == other.omitted && frames.size() == other.frames.size() &&
         (frames.empty() || (frames.front().code == other.frames.front().code &&
                             std::equal(frames.begin() + 1, frames.end(), other.frames.begin() + 1, same)));
}

FrameWalk::Chain FrameWalk::follow(std::uint64_t frame) {
  Chain chain;
  for (std::uint32_t seen = 0; frame != 0; ++seen) {
    const auto code = memory_.get<std::uint64_t>(frame + layout_.frame_code);
    const auto instruction = memory_.get<std::uint64_t>(frame + layout_.frame_instruction);
    const auto previous = memory_.get<std::uint64_t>(frame + layout_.frame_previous);
    const auto owner = memory_.get<std::uint8_t>(frame + layout_.frame_owner);
    if (!code || !instruction || !previous || !owner) {
      return chain;
    }
    if (layout_.foreign_owner != FrameLayout::kNone && *owner >= layout_.foreign_owner) {
      // C code has called Python here.
    } else if (chain.frames.size() < limits_.frames) {
      chain.frames.push_back({*code & ~std::uint64_t{layout_.code_pointer_tags}, *instruction});
    } else {
      ++chain.omitted;
    }
    frame = *previous;
    if (seen >= limits_.frames_seen || (seen % kFramesPerClock == kFramesPerClock - 1 && past_deadline())) {
      chain.omitted += frame != 0 ? 1 : 0;
      break;
    }
  }
  chain.whole = true;
  return chain;
}

void FrameWalk::tell(const Chain &chain, StackThread &thread) {
  thread.frames_omitted = chain.omitted;
  for (const Frame &frame : chain.frames) {
    if (past_deadline()) {
      return;
    }
    const Code *code = code_at(frame.code);
    if (code == nullptr) {
      thread.torn = true;
      continue;
    }
    // Before a function's first instruction it is one short of it.
    const std::uint64_t at = frame.instruction + kUnitBytes >= code->instructions
                                 ? frame.instruction + kUnitBytes - code->instructions
                                 : kMostInstructions;
    if (at >= kMostInstructions) {
      thread.torn = true;
      continue;
    }
    thread.frames.push_back(
        {code->file, code->function, line_of(code->lines, code->first_line, at < kUnitBytes ? 0 : at - kUnitBytes)});
  }
}

const FrameWalk::Code *FrameWalk::code_at(std::uint64_t address) {
  auto found = codes_.find(address);
  if (found == codes_.end()) {
    found = codes_.emplace(address, read_code(address)).first;
  }
  return found->second ? &*found->second : nullptr;
}

std::optional<FrameWalk::Code> FrameWalk::read_code(std::uint64_t address) {
  constexpr std::uint64_t kTypeOffset = 8;  // of every object
  if (memory_.get<std::uint64_t>(address + kTypeOffset) != layout_.code_type) {
    return std::nullopt;
  }
  const auto file = memory_.get<std::uint64_t>(address + layout_.code_file);
  const auto name = memory_.get<std::uint64_t>(address + layout_.code_name);
  const auto lines = memory_.get<std::uint64_t>(address + layout_.code_lines);
  const auto first_line = memory_.get<std::int32_t>(address + layout_.code_first_line);
  if (!file || !name || !lines || !first_line) {
    return std::nullopt;
  }
  auto file_text = read_text(*file);
  auto name_text = read_text(*name);
  const auto size = memory_.get<std::uint64_t>(*lines + layout_.bytes_size);
  if (!file_text || !name_text || !size) {
    return std::nullopt;
  }
  Code code{.file = std::move(*file_text), .function = std::move(*name_text), .first_line = *first_line};
  code.instructions = address + layout_.code_instructions;
  code.lines.resize(std::min(*size, kMostLineTable));
  if ((tables_ += code.lines.size()) > kMostLineTables) {
    return std::nullopt;  // of a thousand functions a few kilobytes each are true to life
  }
  if (!memory_.read(*lines + layout_.bytes_data, code.lines.data(), code.lines.size())) {
    return std::nullopt;
  }
  return code;
}

std::optional<std::string> FrameWalk::read_text(std::uint64_t address) {
  const auto length = memory_.get<std::uint64_t>(address + layout_.text_length);
  const auto state = memory_.get<std::uint32_t>(address + layout_.text_state);
  if (!length || !state || (*state & kCompact) == 0) {
    return std::nullopt;
  }
  const std::uint32_t width = *state >> kKindShift & kKindMask;
  if (width != 1 && width != 2 && width != 4) {
    return std::nullopt;
  }
  const std::uint64_t data = address + ((*state & kAscii) != 0 ? layout_.text_ascii_data : layout_.text_other_data);
  const std::size_t count = std::min(*length, kMostTextLength);
  std::vector<unsigned char> bytes(count * width);
  if (!memory_.read(data, bytes.data(), bytes.size())) {
    return std::nullopt;
  }
  std::string text;
  text.reserve(count);
  for (std::size_t i = 0; i < bytes.size(); i += width) {
    std::uint32_t character = 0;
    for (std::uint32_t byte = 0; byte < width; ++byte) {
      character |= std::uint32_t{bytes[i + byte]} << 8U * byte;
    }
    append_utf8(character, text);
  }
  return text;
}

}  // namespace capsule
