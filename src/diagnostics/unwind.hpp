// From a native frame to its caller's, by the unwind tables (.eh_frame) in the memory of a process. Of a thread that waits in the kernel
// only two registers are known; others come to be known as they are found saved. What needs one that is not, or an expression, ends it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "diagnostics/code_map.hpp"
#include "diagnostics/process_memory.hpp"

namespace capsule {

// By their numbers in DWARF.
struct NativeRegisters {
#if defined(__x86_64__)
  static constexpr std::size_t kStackPointer = 7;
  static constexpr std::size_t kReturnAddress = 16;
  static constexpr std::size_t kFramePointer = 6;
#else
  static constexpr std::size_t kStackPointer = 31;
  static constexpr std::size_t kReturnAddress = 30;
  static constexpr std::size_t kFramePointer = 29;
#endif
  static constexpr std::size_t kCount = 33;

  std::array<std::optional<std::uint64_t>, kCount> values{};
  std::uint64_t pc = 0;
  bool is_return = false;  // where a call goes on: the call itself stands before it
};

enum class Unwound { kCaller, kOutermost, kLost };

// `registers` becomes the caller's where there is one.
Unwound unwind(ProcessMemory &memory, CodeMap &code, NativeRegisters &registers);

}  // namespace capsule
