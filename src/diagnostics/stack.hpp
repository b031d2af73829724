// Where the Python code of a worker stands, or stood when it died.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace capsule {

class Redactor;

// What the host cannot know of a thread.
inline constexpr std::int32_t kNotKnown = -1;

struct StackFrame {
  std::string file;
  std::string function;
  std::uint32_t line = 0;  // 0: not known
};

struct NativeFrame {
  std::string module{};
  std::string symbol{};
  std::uint64_t symbol_offset = 0;
  std::uint64_t module_offset = 0;
};

struct StackThread {
  std::uint64_t ident = 0;  // as threading.get_ident() has it
  std::int32_t tid = 0;     // the kernel's; 0: not known
  std::string name;         // "main", the name the kernel knows when that is its own, or nothing
  bool is_main = false;
  bool torn = false;                   // it ran on while it was read: some frames may be of different moments
  std::int32_t state = 0;              // CAPSULE_TASK_…
  std::int32_t holds_gil = kNotKnown;  // 0 or 1
  bool hit = false;                    // of one that died: by the signal
  std::vector<StackFrame> frames;      // the innermost first
  std::uint64_t frames_omitted = 0;    // outer ones; at least so many
  std::vector<NativeFrame> native;     // the innermost first
  std::uint64_t native_omitted = 0;
  std::int32_t native_state = 0;  // CAPSULE_UNWIND_…
  std::int32_t system_call = -1;
};

struct Stack {
  std::int32_t source = 0;         // CAPSULE_STACK_…
  std::int32_t process_state = 0;  // CAPSULE_TASK_…
  std::int32_t pid = 0;
  std::uint64_t time_ns = 0;     // when it was read; of a death: when that was understood
  std::uint64_t collect_ns = 0;  // how long that took
  std::string cause;             // of a death: as faulthandler has it, "Segmentation fault"
  std::vector<StackThread> threads;
  std::uint64_t threads_omitted = 0;  // at least so many
};

// How a stack is to be had.
struct StackWish {
  std::uint32_t frames = 0;  // of each thread, at most
  std::uint32_t native_frames = 0;
  std::uint64_t deadline_ns = 0;
};

// Takes out of it what is not the user's: the engine's frames, and the program's in which the main thread began.
void hide_engine_frames(Stack &stack);

// Leaves what a policy shows: the frames themselves are rows, and their names labels. Returns the size of what is left.
std::uint64_t redact(Stack &stack, Redactor &redactor);

}  // namespace capsule
