#include "diagnostics/native_stack.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <ctime>

#include "base/clock.hpp"
#include "base/unique_fd.hpp"
#include "capsule/stack.h"
#include "diagnostics/unwind.hpp"

namespace capsule {
namespace {

constexpr std::uint64_t kMostCpuNs = 5 * kNsPerMs;
constexpr int kTries = 3;

// Of this thread: a host that gets no CPU meanwhile is no reason to tell less.
std::uint64_t cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kNsPerSecond + static_cast<std::uint64_t>(now.tv_nsec);
}

// Where the kernel says a thread stands.
struct Place {
  std::int32_t why_not = CAPSULE_UNWIND_REFUSED;  // CAPSULE_UNWIND_…; NONE where it is known
  std::int64_t system_call = -1;
  std::uint64_t stack_pointer = 0;
  std::uint64_t pc = 0;

  bool operator==(const Place &) const = default;
};

// `running`, `-1 0xSP 0xPC`, or `NUMBER 0xARGUMENT… 0xSP 0xPC`.
Place read_place(int pid, std::int32_t tid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/syscall";
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char buffer[256];
  const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
  const std::string_view text(buffer, count > 0 ? static_cast<std::size_t>(count) : 0);
  Place place;
  if (text.starts_with("running")) {
    place.why_not = CAPSULE_UNWIND_RUNNING;
    return place;
  }
  const std::size_t pc_at = text.rfind(" 0x");
  const std::size_t sp_at = pc_at == std::string_view::npos || pc_at == 0 ? pc_at : text.rfind(" 0x", pc_at - 1);
  if (sp_at == std::string_view::npos || sp_at == pc_at) {
    return place;
  }
  const auto number = [&](std::size_t at) {
    std::uint64_t value = 0;
    std::from_chars(text.data() + at + 3, text.data() + text.size(), value, 16);
    return value;
  };
  std::from_chars(text.data(), text.data() + text.size(), place.system_call);
  place.stack_pointer = number(sp_at);
  place.pc = number(pc_at);
  place.why_not = place.pc == 0 ? CAPSULE_UNWIND_REFUSED : CAPSULE_UNWIND_NONE;
  return place;
}

class NativeWalk {
 public:
  NativeWalk(int pid, const StackWish &wish)
      : pid_(pid),
        most_(wish.native_frames),
        deadline_ns_(wish.deadline_ns),
        cpu_end_ns_(cpu_ns() + kMostCpuNs),
        memory_(pid) {}

  void add(StackThread &thread) {
    for (int i = 0; i < kTries; ++i) {
      const Place place = read_place(pid_, thread.tid);
      thread.native.clear();
      thread.native_state = place.why_not;
      thread.system_call = static_cast<std::int32_t>(place.system_call);
      if (place.why_not != CAPSULE_UNWIND_NONE) {
        return;
      }
      follow(place, thread);
      if (thread.native_state == CAPSULE_UNWIND_LATE || read_place(pid_, thread.tid) == place) {
        return;
      }
    }
    thread.native.clear();
    thread.native_state = CAPSULE_UNWIND_RUNNING;
    thread.system_call = -1;
  }

 private:
  void follow(const Place &place, StackThread &thread) {
    if (!code_) {
      code_.emplace(pid_, memory_);
    }
    NativeRegisters registers;
    registers.values[NativeRegisters::kStackPointer] = place.stack_pointer;
    registers.pc = place.pc;
    thread.native_state = CAPSULE_UNWIND_PARTIAL;
    while (thread.native.size() < most_) {
      if (cpu_ns() > cpu_end_ns_ || monotonic_ns() > deadline_ns_) {
        thread.native_state = CAPSULE_UNWIND_LATE;
        thread.native.clear();
        return;
      }
      thread.native.push_back(describe(registers));
      const Unwound to = unwind(memory_, *code_, registers);
      if (to != Unwound::kCaller) {
        thread.native_state = to == Unwound::kOutermost ? CAPSULE_UNWIND_WHOLE : CAPSULE_UNWIND_PARTIAL;
        return;
      }
    }
  }

  NativeFrame describe(const NativeRegisters &registers) {
    NativeFrame frame{.module_offset = registers.pc};
    const std::uint64_t within = registers.pc - (registers.is_return ? 1 : 0);
    if (CodeMap::Module *module = code_->find(within)) {
      frame.module = module->path();
      frame.module_offset = module->offset_of(registers.pc);
      if (auto symbol = code_->symbol_at(*module, within)) {
        frame.symbol = std::move(symbol->name);
        frame.symbol_offset = symbol->offset + (registers.is_return ? 1 : 0);
      }
    }
    return frame;
  }

  const int pid_;
  const std::size_t most_;
  const std::uint64_t deadline_ns_;
  const std::uint64_t cpu_end_ns_;
  ProcessMemory memory_;
  std::optional<CodeMap> code_;
};

}  // namespace

void add_native_frames(Stack &stack, const StackWish &wish) {
  NativeWalk walk(stack.pid, wish);
  for (StackThread &thread : stack.threads) {
    if (thread.tid > 0) {
      walk.add(thread);
    }
  }
}

}  // namespace capsule
