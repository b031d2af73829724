#include "cli/stack_text.hpp"

#include <string_view>

namespace capsule::cli {
namespace {

// The function of CPython that runs code of Python: what called it is told as Python's own frames.
constexpr std::string_view kEvaluates = "_PyEval_EvalFrameDefault";

std::string_view view(capsule_text text) { return {text.data, text.size}; }

std::string native_line(const capsule_native_frame &frame) {
  const std::string function =
      frame.symbol.size == 0 ? "?" : std::string(view(frame.symbol)) + "+" + std::to_string(frame.symbol_offset);
  return "  " + function + " in " + std::string(view(frame.module)) + "\n";
}

std::string python_line(const capsule_stack_frame &frame) {
  return "  File \"" + std::string(view(frame.file)) + "\", line " + std::to_string(frame.line) + ", in " +
         std::string(view(frame.function)) + "\n";
}

}  // namespace

std::string stack_text(const StackTrace &stack) {
  std::string text;
  const auto threads = stack.threads();
  for (std::size_t i = 0; i < threads.size(); ++i) {
    if (threads[i].frames == 0) {
      continue;
    }
    text += "thread " + (threads[i].name.size == 0 ? std::to_string(threads[i].tid) : std::string(view(threads[i].name))) +
            (threads[i].holds_gil == 1 ? ", with the GIL:\n" : ":\n");
    for (const capsule_native_frame &frame : stack.native_frames(i)) {
      if (view(frame.symbol) == kEvaluates) {
        break;
      }
      text += native_line(frame);
    }
    for (const capsule_stack_frame &frame : stack.frames(i)) {
      text += python_line(frame);
    }
  }
  return text;
}

}  // namespace capsule::cli
