// What a worker leaves in shared memory for whoever wants to know where its Python code stands. The host takes it for an enemy's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace capsule {

// Where in the memory of an interpreter lies what a stack is made of: addresses, and offsets in its structs. They differ between the
// versions of CPython; the worker names those of its own, once it has tried them on itself.
struct FrameLayout {
  static constexpr std::uint16_t kNone = UINT16_MAX;

  std::uint64_t main_thread;  // the thread state of the main thread
  std::uint64_t code_type;
  std::uint64_t gil_holder;  // of a pointer to the thread state that has the GIL; 0: thread_holds_gil says it

  std::uint16_t thread_previous;  // to the thread that began after it
  std::uint16_t thread_ident;
  std::uint16_t thread_tid;
  std::uint16_t thread_frame;
  std::uint16_t frame_in_holder;  // thread_frame names a struct that names the frame, there; or kNone
  std::uint16_t thread_status;    // 32 bits
  std::uint32_t thread_holds_gil;

  std::uint16_t frame_previous;
  std::uint16_t frame_code;
  std::uint16_t frame_instruction;
  std::uint16_t frame_owner;        // 8 bits
  std::uint16_t foreign_owner;      // from this on, what stands for C code between Python's; or kNone
  std::uint16_t code_pointer_tags;  // low bits that are not the address's

  std::uint16_t code_file;
  std::uint16_t code_name;
  std::uint16_t code_lines;
  std::uint16_t code_first_line;
  std::uint16_t code_instructions;
  std::uint16_t bytes_size;
  std::uint16_t bytes_data;
  std::uint16_t text_length;
  std::uint16_t text_state;
  std::uint16_t text_ascii_data;
  std::uint16_t text_other_data;
};

// Whether the layout is there, and if not, why.
enum class LayoutState : std::uint32_t {
  kNone = 0,      // no Python, or not yet
  kVerified = 1,  // what it found of the worker's own stack was right
  kUnknownVersion = 2,
  kWrong = 3,  // it was not: another build than those known
};

// Starts as zeros, as shared memory does.
struct alignas(64) WorkerStacks {
  // Of the main thread, as `threading.get_ident()` has it.
  std::atomic<std::uint64_t> main_ident;
  std::atomic<LayoutState> layout_state;  // written after the layout
  FrameLayout layout;

  // What CPython's faulthandler writes at a fatal signal, by way of a descriptor whose position begins here. The last in the file:
  // the seal on its size keeps what is written in bounds.
  static constexpr std::size_t kDeathTextBytes = std::size_t{64} << 10U;
  alignas(64) char death_text[kDeathTextBytes];
};
static_assert(sizeof(WorkerStacks) % 64 == 0 && offsetof(WorkerStacks, death_text) % 64 == 0);

}  // namespace capsule
