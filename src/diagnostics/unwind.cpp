#include "diagnostics/unwind.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

namespace capsule {
namespace {

using Registers = NativeRegisters;

constexpr std::size_t kLongestEntry = 4096;  // of an unwind table
constexpr std::size_t kMostRemembered = 16;

// How a pointer is written; see the Linux Standard Base, "DWARF Exception Header Encoding".
enum Encoding : std::uint8_t { kAbsolute = 0x00, kUnsigned4 = 0x03, kUnsigned8 = 0x04, kSigned4 = 0x0b, kSigned8 = 0x0c };
constexpr std::uint8_t kFormMask = 0x0f;
constexpr std::uint8_t kRelative = 0x10;     // to where it stands
constexpr std::uint8_t kHeaderTable = 0x3b;  // signed 4 bytes, relative to the header: what all linkers write
constexpr std::uint8_t kNotThere = 0xff;

// Bytes that are here; what is beyond them is 0, and told.
class Bytes {
 public:
  Bytes() = default;
  Bytes(ProcessMemory &memory, std::uint64_t address, std::size_t size)
      : address_(address), bytes_(size > kLongestEntry ? 0 : size) {
    bad_ = size > kLongestEntry || !memory.read(address, bytes_.data(), size);
  }

  [[nodiscard]] bool bad() const { return bad_; }
  [[nodiscard]] bool at_end() const { return bad_ || at_ >= bytes_.size(); }
  [[nodiscard]] std::uint64_t address() const { return address_ + at_; }
  void skip(std::uint64_t count) {
    bad_ = bad_ || count > bytes_.size() - at_;
    at_ = bad_ ? at_ : at_ + static_cast<std::size_t>(count);
  }

  template <typename T>
  T take() {
    T value{};
    const std::size_t from = at_;
    skip(sizeof value);
    if (!bad_) {
      std::memcpy(&value, bytes_.data() + from, sizeof value);
    }
    return value;
  }
  std::uint64_t uleb() { return leb(false); }
  std::int64_t sleb() { return static_cast<std::int64_t>(leb(true)); }

  std::uint64_t pointer(std::uint8_t encoding) {
    const std::uint64_t base = (encoding & 0x70U) == kRelative ? address() : 0;
    bad_ = bad_ || (encoding & 0xe0U) != 0;
    switch (encoding & kFormMask) {
      case kAbsolute:
      case kUnsigned8:
      case kSigned8:
        return base + take<std::uint64_t>();
      case kUnsigned4:
        return base + take<std::uint32_t>();
      case kSigned4:
        return base + static_cast<std::uint64_t>(std::int64_t{take<std::int32_t>()});
      default:
        bad_ = true;
        return 0;
    }
  }

 private:
  std::uint64_t leb(bool is_signed) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = take<std::uint8_t>();
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80U) == 0) {
        const bool negative = is_signed && (byte & 0x40U) != 0 && shift + 7 < 64;
        return negative ? value | ~std::uint64_t{0} << (shift + 7) : value;
      }
    }
    bad_ = true;
    return 0;
  }

  std::uint64_t address_ = 0;
  std::vector<std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool bad_ = false;
};

// Of a table, behind its length; empty and bad where that is none of a table's.
Bytes entry_at(ProcessMemory &memory, std::uint64_t address) {
  const auto length = memory.get<std::uint32_t>(address);
  return {memory, address + sizeof *length, length && *length != 0 ? *length : kLongestEntry + 1};
}

// What is alike of many functions (a CIE).
struct Common {
  std::uint64_t code_factor = 1;
  std::int64_t data_factor = 1;
  std::uint64_t return_register = Registers::kReturnAddress;
  std::uint8_t pointers = kAbsolute;
  bool augmented = false;
  bool is_signal = false;
  Bytes program;
};

std::optional<Common> read_common(ProcessMemory &memory, std::uint64_t address) {
  Common common;
  Bytes &in = common.program = entry_at(memory, address);
  in.skip(sizeof(std::uint32_t));  // its id
  const auto version = in.take<std::uint8_t>();
  std::string augmentation;
  for (char c = in.take<char>(); c != 0 && augmentation.size() < 8; c = in.take<char>()) {
    augmentation += c;
  }
  common.code_factor = in.uleb();
  common.data_factor = in.sleb();
  common.return_register = version == 1 ? in.take<std::uint8_t>() : in.uleb();
  common.augmented = augmentation.starts_with('z');
  if (common.augmented) {
    const std::uint64_t size = in.uleb();
    const std::uint64_t end = in.address() + size;
    for (const char c : augmentation.substr(1)) {
      if (c == 'R') {
        common.pointers = in.take<std::uint8_t>();
      } else if (c == 'P') {
        in.pointer(in.take<std::uint8_t>() & static_cast<std::uint8_t>(kFormMask));
      } else if (c == 'L') {
        in.skip(1);
      } else if (c == 'S') {
        common.is_signal = true;
      }
    }
    in.skip(end - in.address());
  }
  const bool known = (version == 1 || version == 3) && (augmentation.empty() || common.augmented);
  return in.bad() || !known || common.return_register >= Registers::kCount ? std::nullopt : std::optional(common);
}

// Of the function around the address (an FDE); 0: there is none.
std::uint64_t find_entry(ProcessMemory &memory, const CodeMap::Module &module, std::uint64_t pc) {
  const std::uint64_t header = module.unwind_header();
  const auto form = header == 0 ? std::nullopt : memory.get<std::array<std::uint8_t, 4>>(header);
  if (!form || (*form)[0] != 1 || (*form)[1] == kNotThere || (*form)[3] != kHeaderTable) {
    return 0;
  }
  Bytes in(memory, header + form->size(), 16);
  in.pointer((*form)[1] & static_cast<std::uint8_t>(kRelative | kFormMask));
  std::uint64_t count = in.pointer((*form)[2]);
  if (in.bad() || count > module.unwind_header_bytes() / 8) {
    return 0;
  }
  const std::uint64_t table = in.address();
  const auto row = [&](std::uint64_t index) {
    return memory.get<std::array<std::int32_t, 2>>(table + index * 8).value_or(std::array<std::int32_t, 2>{});
  };
  const auto from_header = [header](std::int32_t offset) { return header + static_cast<std::uint64_t>(std::int64_t{offset}); };
  std::uint64_t first = 0;  // the last whose function begins at or before the address
  while (count > 1) {
    const std::uint64_t half = count / 2;
    const bool before = from_header(row(first + half)[0]) <= pc;
    first += before ? half : 0;
    count = before ? count - half : half;
  }
  return count == 0 ? 0 : from_header(row(first)[1]);
}

struct Rule {
  enum class Kind : std::uint8_t { kSame, kUndefined, kAtOffset, kIsOffset, kRegister, kUnknown } kind = Kind::kSame;
  std::int64_t value = 0;
};

// What the table says of one place in the code.
struct Row {
  std::uint64_t frame_register = Registers::kStackPointer;
  std::int64_t frame_offset = 0;
  bool frame_known = false;
  std::array<Rule, Registers::kCount> rules{};
};

class Program {
 public:
  Program(const Common &common, Row &row) : common_(common), row_(row) {}

  // Up to the instruction that is for code behind `pc`; false where it is no program.
  bool run(Bytes in, std::uint64_t location, std::uint64_t pc) {
    while (!in.at_end() && location <= pc) {
      const auto opcode = in.take<std::uint8_t>();
      const std::uint8_t operand = opcode & 0x3fU;
      switch (opcode & 0xc0U) {
        case 0x40:
          location += operand * common_.code_factor;
          break;
        case 0x80:
          set(operand, Rule::Kind::kAtOffset, scaled(in.uleb()));
          break;
        case 0xc0:
          restore(operand);
          break;
        default:
          if (!run_other(operand, in, location)) {
            return false;
          }
      }
    }
    return !in.bad();
  }
  void begin_function() { initial_ = row_; }

 private:
  // What overflows was never meant.
  [[nodiscard]] std::int64_t scaled(std::uint64_t count) const {
    return static_cast<std::int64_t>(count * static_cast<std::uint64_t>(common_.data_factor));
  }
  void set(std::uint64_t which, Rule::Kind kind, std::int64_t value = 0) {
    if (which < row_.rules.size()) {
      row_.rules[which] = {kind, value};
    }
  }
  void restore(std::uint64_t which) {
    if (which < row_.rules.size()) {
      row_.rules[which] = initial_.rules[which];
    }
  }
  void define_frame(std::uint64_t which, std::int64_t offset) {
    row_.frame_register = which;
    row_.frame_offset = offset;
    row_.frame_known = which < Registers::kCount;
  }

  bool run_other(std::uint8_t opcode, Bytes &in, std::uint64_t &location) {
    switch (opcode) {
      case 0x00:  // nop
        return true;
      case 0x01:  // set_loc
        location = in.pointer(common_.pointers);
        return true;
      case 0x02:  // advance_loc1, 2, 4
        location += in.take<std::uint8_t>() * common_.code_factor;
        return true;
      case 0x03:
        location += in.take<std::uint16_t>() * common_.code_factor;
        return true;
      case 0x04:
        location += in.take<std::uint32_t>() * common_.code_factor;
        return true;
      case 0x0a:  // remember_state
        remembered_.push_back(row_);
        return remembered_.size() <= kMostRemembered;
      case 0x0b:  // restore_state
        if (remembered_.empty()) {
          return false;
        }
        row_ = remembered_.back();
        remembered_.pop_back();
        return true;
      case 0x0c: {  // def_cfa
        const std::uint64_t which = in.uleb();
        define_frame(which, static_cast<std::int64_t>(in.uleb()));
        return true;
      }
      case 0x12: {  // def_cfa_sf
        const std::uint64_t which = in.uleb();
        define_frame(which, scaled(static_cast<std::uint64_t>(in.sleb())));
        return true;
      }
      case 0x0d:  // def_cfa_register
        define_frame(in.uleb(), row_.frame_offset);
        return true;
      case 0x0e:  // def_cfa_offset
        row_.frame_offset = static_cast<std::int64_t>(in.uleb());
        return true;
      case 0x13:  // def_cfa_offset_sf
        row_.frame_offset = scaled(static_cast<std::uint64_t>(in.sleb()));
        return true;
      case 0x0f:  // def_cfa_expression
        row_.frame_known = false;
        in.skip(in.uleb());
        return true;
      case 0x2d:  // GNU_window_save, of other machines; on arm64 the return address is signed from here on: see strip()
        return true;
      case 0x2e:  // GNU_args_size
        in.uleb();
        return true;
      default:
        return run_of_register(opcode, in);
    }
  }

  bool run_of_register(std::uint8_t opcode, Bytes &in) {
    const std::uint64_t which = in.uleb();
    switch (opcode) {
      case 0x05:  // offset_extended
        set(which, Rule::Kind::kAtOffset, scaled(in.uleb()));
        return true;
      case 0x11:  // offset_extended_sf
        set(which, Rule::Kind::kAtOffset, scaled(static_cast<std::uint64_t>(in.sleb())));
        return true;
      case 0x14:  // val_offset
        set(which, Rule::Kind::kIsOffset, scaled(in.uleb()));
        return true;
      case 0x15:  // val_offset_sf
        set(which, Rule::Kind::kIsOffset, scaled(static_cast<std::uint64_t>(in.sleb())));
        return true;
      case 0x06:  // restore_extended
        restore(which);
        return true;
      case 0x07:
        set(which, Rule::Kind::kUndefined);
        return true;
      case 0x08:
        set(which, Rule::Kind::kSame);
        return true;
      case 0x09:  // register
        set(which, Rule::Kind::kRegister, static_cast<std::int64_t>(in.uleb()));
        return true;
      case 0x10:  // expression, val_expression
      case 0x16:
        set(which, Rule::Kind::kUnknown);
        in.skip(in.uleb());
        return true;
      default:
        return false;
    }
  }

  const Common &common_;
  Row &row_;
  Row initial_;
  std::vector<Row> remembered_;
};

std::uint64_t strip([[maybe_unused]] std::uint64_t address) {
#if defined(__aarch64__)
  return address & 0x0000'ffff'ffff'ffffU;  // of what may sign it
#else
  return address;
#endif
}

std::optional<std::uint64_t> read_word(ProcessMemory &memory, std::uint64_t address) {
  std::uint64_t value = 0;
  return memory.read_anew(address, &value, sizeof value) ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> apply(ProcessMemory &memory, const Rule &rule, const Registers &registers, std::size_t which,
                                   std::uint64_t frame) {
  const std::uint64_t place = frame + static_cast<std::uint64_t>(rule.value);
  switch (rule.kind) {
    case Rule::Kind::kSame:
      return registers.values[which];
    case Rule::Kind::kAtOffset:
      return read_word(memory, place);
    case Rule::Kind::kIsOffset:
      return place;
    case Rule::Kind::kRegister:
      return static_cast<std::uint64_t>(rule.value) < Registers::kCount ? registers.values[static_cast<std::size_t>(rule.value)]
                                                                        : std::nullopt;
    default:
      return std::nullopt;
  }
}

// Code without tables, as what a compiler makes at run time: by the chain of frame pointers, where one is known.
Unwound follow_frame_pointer(ProcessMemory &memory, const CodeMap &code, Registers &registers) {
  const auto frame = registers.values[Registers::kFramePointer];
  const auto stack = registers.values[Registers::kStackPointer];
  if (!frame || !stack || *frame < *stack) {
    return Unwound::kLost;
  }
  const auto outer = read_word(memory, *frame);
  const auto back = read_word(memory, *frame + sizeof(std::uint64_t));
  if (!outer || !back || !code.is_code(strip(*back))) {
    return Unwound::kLost;
  }
  registers.values.fill(std::nullopt);
  registers.values[Registers::kFramePointer] = outer;
  registers.values[Registers::kStackPointer] = *frame + 2 * sizeof(std::uint64_t);
  registers.pc = strip(*back);
  registers.is_return = true;
  return Unwound::kCaller;
}

// What the table says of the address; nothing where it has no such place.
std::optional<Row> row_of(ProcessMemory &memory, std::uint64_t entry, std::uint64_t pc, Common &common) {
  Bytes in = entry_at(memory, entry);
  const std::uint64_t id_at = in.address();
  auto read = read_common(memory, id_at - in.take<std::uint32_t>());
  if (in.bad() || !read) {
    return std::nullopt;
  }
  common = std::move(*read);
  const std::uint64_t begin = in.pointer(common.pointers);
  const std::uint64_t size = in.pointer(common.pointers & kFormMask);
  if (common.augmented) {
    in.skip(in.uleb());
  }
  if (in.bad() || pc < begin || pc - begin >= size) {
    return std::nullopt;
  }
  Row row;
  Program program(common, row);
  if (!program.run(common.program, begin, UINT64_MAX)) {
    return std::nullopt;
  }
  program.begin_function();
  return program.run(std::move(in), begin, pc) ? std::optional(row) : std::nullopt;
}

}  // namespace

Unwound unwind(ProcessMemory &memory, CodeMap &code, NativeRegisters &registers) {
  const std::uint64_t pc = registers.pc - (registers.is_return ? 1 : 0);
  const CodeMap::Module *module = code.find(pc);
  const std::uint64_t entry = module == nullptr ? 0 : find_entry(memory, *module, pc);
  Common common;
  const auto row = entry == 0 ? std::nullopt : row_of(memory, entry, pc, common);
  if (!row) {
    return follow_frame_pointer(memory, code, registers);
  }
  const auto base = row->frame_known ? registers.values[row->frame_register] : std::nullopt;
  if (!base) {
    return Unwound::kLost;
  }
  const std::uint64_t frame = *base + static_cast<std::uint64_t>(row->frame_offset);
  if (frame <= registers.values[Registers::kStackPointer].value_or(0)) {
    return Unwound::kLost;  // stacks grow downwards: what does not would go round for ever
  }
  const Rule &back = row->rules[common.return_register];
  const auto address = apply(memory, back, registers, common.return_register, frame);
  if (back.kind == Rule::Kind::kUndefined || (address && *address == 0)) {
    return Unwound::kOutermost;
  }
  if (!address || !code.is_code(strip(*address))) {
    return Unwound::kLost;
  }
  NativeRegisters caller;
  for (std::size_t i = 0; i < Registers::kCount; ++i) {
    caller.values[i] = apply(memory, row->rules[i], registers, i, frame);
  }
  caller.values[Registers::kStackPointer] = frame;
  caller.pc = strip(*address);
  caller.is_return = !common.is_signal;
  registers = caller;
  return Unwound::kCaller;
}

}  // namespace capsule
