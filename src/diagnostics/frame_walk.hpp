// Walks the frames of CPython's threads in the memory of a process, by a layout that says where everything lies. Nothing it reads
// there is believed: every loop is bounded, and what does not fit together is told as torn.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "diagnostics/process_memory.hpp"
#include "diagnostics/stack.hpp"
#include "transport/worker_stacks.hpp"

namespace capsule {

class FrameWalk {
 public:
  struct Limits {
    std::uint32_t threads = 256;
    std::uint32_t frames = 128;         // that are told, of each thread
    std::uint32_t frames_seen = 20000;  // counted, of each thread
    std::uint64_t deadline_ns;
  };

  FrameWalk(ProcessMemory &memory, const FrameLayout &layout, const Limits &limits)
      : memory_(memory), layout_(layout), limits_(limits) {}

  // The main thread first, then the others by age. What of a stack the memory can tell; nothing where even the first thread is not
  // where it should be.
  std::optional<Stack> walk();
  // Whether the deadline was met before all was read.
  [[nodiscard]] bool late() const { return late_; }

 private:
  struct Thread {
    std::uint64_t address = 0;
    std::uint64_t previous = 0;
    StackThread told;
  };
  struct Frame {
    std::uint64_t code;
    std::uint64_t instruction;
  };
  struct Chain {
    std::vector<Frame> frames;
    std::uint64_t omitted = 0;
    bool whole = false;  // it came to its end

    [[nodiscard]] bool same_place(const Chain &other) const;
  };
  struct Code {
    std::string file;
    std::string function;
    std::vector<unsigned char> lines;
    std::int32_t first_line = 0;
    std::uint64_t instructions = 0;
  };

  bool read_thread(std::uint64_t address, Thread &thread);
  std::int32_t holds_gil(std::uint64_t thread);
  void read_frames(Thread &thread);
  std::optional<std::uint64_t> top_frame(std::uint64_t thread);
  Chain follow(std::uint64_t frame);
  void tell(const Chain &chain, StackThread &thread);
  const Code *code_at(std::uint64_t address);
  std::optional<Code> read_code(std::uint64_t address);
  std::optional<std::string> read_text(std::uint64_t address);
  bool past_deadline();

  ProcessMemory &memory_;
  const FrameLayout layout_;
  const Limits limits_;
  std::map<std::uint64_t, std::optional<Code>> codes_;
  std::uint64_t tables_ = 0;  // bytes of their line tables
  bool late_ = false;
};

// The line of an instruction, by a code object's line table: 0 where it has none.
std::uint32_t line_of(const std::vector<unsigned char> &table, std::int32_t first_line, std::uint64_t instruction_bytes);

}  // namespace capsule
