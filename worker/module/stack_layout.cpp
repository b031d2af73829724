#include "module/stack_layout.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <optional>

#include "base/clock.hpp"
#include "diagnostics/frame_walk.hpp"

namespace capsule::worker {
namespace {

constexpr std::uint16_t kNone = FrameLayout::kNone;

// What 3.11, 3.12 and 3.13 have in common.
constexpr FrameLayout kCommon = {
    .thread_previous = 0,
    .frame_in_holder = kNone,
    .foreign_owner = kNone,
    .code_file = 112,
    .code_name = 128,
    .code_lines = 136,
    .bytes_size = 16,
    .bytes_data = 32,
    .text_length = 16,
    .text_state = 32,
};

FrameLayout layout_3_11(const char *runtime) {
  constexpr std::uint64_t kGilHolder = 576;  // _PyRuntime.gilstate.tstate_current
  FrameLayout layout = kCommon;
  layout.gil_holder = runtime == nullptr ? 0 : reinterpret_cast<std::uint64_t>(runtime + kGilHolder);
  layout.thread_ident = 152;
  layout.thread_tid = 160;
  layout.thread_frame = 56;
  layout.frame_in_holder = 8;
  layout.frame_previous = 48;
  layout.frame_code = 32;
  layout.frame_instruction = 56;
  layout.frame_owner = 69;
  layout.code_first_line = 72;
  layout.code_instructions = 184;
  layout.text_ascii_data = 48;
  layout.text_other_data = 72;
  return layout;
}

FrameLayout layout_3_12() {
  FrameLayout layout = kCommon;
  layout.thread_ident = 136;
  layout.thread_tid = 144;
  layout.thread_frame = 56;
  layout.frame_in_holder = 0;
  layout.thread_status = 24;
  layout.thread_holds_gil = 0x10;  // "active"
  layout.frame_previous = 8;
  layout.frame_code = 0;
  layout.frame_instruction = 56;
  layout.frame_owner = 70;
  layout.foreign_owner = 3;
  layout.code_first_line = 68;
  layout.code_instructions = 192;
  layout.text_ascii_data = 40;
  layout.text_other_data = 56;
  return layout;
}

// From 3.13 on an interpreter says it itself, at the beginning of _PyRuntime: groups of 64-bit offsets, whose places in turn differ by
// version. These are the indices of the groups' first members, each group's size.
struct OffsetTable {
  std::size_t thread;
  std::size_t frame;
  std::size_t code;
  std::size_t bytes;
  std::size_t text;
};

std::optional<FrameLayout> layout_of_offsets(const char *runtime, unsigned minor) {
  constexpr OffsetTable k313 = {.thread = 19, .frame = 28, .code = 34, .bytes = 64, .text = 67};
  constexpr OffsetTable k314 = {.thread = 22, .frame = 31, .code = 39, .bytes = 74, .text = 77};
  constexpr std::size_t kWords = 81;
  const OffsetTable &table = minor == 13 ? k313 : k314;
  std::array<std::uint64_t, kWords> words;
  if (minor > 14 || runtime == nullptr || std::memcmp(runtime, "xdebugpy", 8) != 0) {
    return std::nullopt;
  }
  std::memcpy(words.data(), runtime, sizeof words);
  if (words[1] >> 16U != (0x0300U | minor)) {
    return std::nullopt;
  }
  const auto at = [&words](std::size_t group, std::size_t member) { return static_cast<std::uint16_t>(words[group + member]); };
  FrameLayout layout = kCommon;
  layout.thread_previous = at(table.thread, 1);
  layout.thread_frame = at(table.thread, 4);
  layout.thread_ident = at(table.thread, 5);
  layout.thread_tid = at(table.thread, 6);
  layout.thread_status = at(table.thread, 8);
  layout.thread_holds_gil = 0x20;
  layout.frame_previous = at(table.frame, 1);
  layout.frame_code = at(table.frame, 2);
  layout.frame_instruction = at(table.frame, 3);
  layout.frame_owner = at(table.frame, 5);
  layout.foreign_owner = 3;
  layout.code_pointer_tags = 7;
  layout.code_file = at(table.code, 1);
  layout.code_name = at(table.code, 3);
  layout.code_lines = at(table.code, 4);
  layout.code_first_line = at(table.code, 5);
  layout.code_instructions = at(table.code, 9);
  layout.bytes_size = at(table.bytes, 1);
  layout.bytes_data = at(table.bytes, 2);
  layout.text_state = at(table.text, 1);
  layout.text_length = at(table.text, 2);
  layout.text_ascii_data = at(table.text, 3);
  layout.text_other_data = static_cast<std::uint16_t>(layout.text_ascii_data + 16);
  return layout;
}

std::optional<FrameLayout> known_layout() {
  const auto *runtime = static_cast<const char *>(dlsym(RTLD_DEFAULT, "_PyRuntime"));
  const unsigned minor = Py_Version >> 16U & 0xffU;
  switch (minor) {
    case 11:
      return layout_3_11(runtime);
    case 12:
      return layout_3_12();
    default:
      return layout_of_offsets(runtime, minor);
  }
}

const FrameLayout *layout_on_trial = nullptr;
bool gil_is_right = false;

std::optional<Stack> own_stack() {
  ProcessMemory memory(getpid());
  return FrameWalk(memory, *layout_on_trial, {.frames = 4096, .deadline_ns = kNoDeadline}).walk();
}

// The frames of this thread as the layout has them: a list of (file, function, line), or None.
PyObject *py_probe(PyObject *, PyObject *) {
  const auto stack = own_stack();
  std::optional<Stack> released;
  Py_BEGIN_ALLOW_THREADS;
  released = own_stack();
  Py_END_ALLOW_THREADS;
  if (!stack || !released || stack->threads.front().torn || stack->threads.front().tid != getpid()) {
    Py_RETURN_NONE;
  }
  gil_is_right = stack->threads.front().holds_gil == 1 && released->threads.front().holds_gil == 0;
  PyRef list(PyList_New(0));
  for (const StackFrame &frame : stack->threads.front().frames) {
    const PyRef row(Py_BuildValue("(ssI)", frame.file.c_str(), frame.function.c_str(), frame.line));
    if (!list || !row || PyList_Append(list.get(), row.get()) != 0) {
      return nullptr;
    }
  }
  return list.release();
}

PyMethodDef probe_definition = {"probe", py_probe, METH_NOARGS, nullptr};

bool holds_on_own_stack(PyObject *engine, const FrameLayout &layout) {
  layout_on_trial = &layout;
  const PyRef probe(PyCFunction_NewEx(&probe_definition, nullptr, nullptr));
  const PyRef verdict(probe ? PyObject_CallMethod(engine, "try_stack_layout", "O", probe.get()) : nullptr);
  layout_on_trial = nullptr;
  PyErr_Clear();
  return verdict.get() == Py_True;
}

}  // namespace

StackLayout find_stack_layout(PyObject *engine) {
  auto layout = known_layout();
  if (!layout) {
    return {.state = LayoutState::kUnknownVersion};
  }
  layout->main_thread = reinterpret_cast<std::uint64_t>(PyThreadState_Get());
  const PyRef code(Py_CompileString("0", "<capsule>", Py_eval_input));
  layout->code_type = code ? reinterpret_cast<std::uint64_t>(Py_TYPE(code.get())) : 0;
  PyErr_Clear();
  if (!holds_on_own_stack(engine, *layout)) {
    return {.state = LayoutState::kWrong};
  }
  if (!gil_is_right) {
    layout->gil_holder = 0;
    layout->thread_holds_gil = 0;
  }
  return {.state = LayoutState::kVerified, .layout = *layout};
}

}  // namespace capsule::worker
