#include "diagnostics/stack.hpp"

#include "diagnostics/redaction.hpp"

namespace capsule {

void hide_engine_frames(Stack &stack) {
  for (StackThread &thread : stack.threads) {
    const bool complete = thread.frames_omitted == 0;
    if (thread.is_main && complete && !thread.frames.empty() && thread.frames.back().file == "<string>" &&
        thread.frames.back().function == "<module>") {
      thread.frames.pop_back();  // session/bootstrap.py
    }
    std::erase_if(thread.frames, [](const StackFrame &frame) { return frame.file == "<capsule>"; });
  }
}

std::uint64_t redact(Stack &stack, Redactor &redactor) {
  std::uint64_t bytes = sizeof stack;
  for (StackThread &thread : stack.threads) {
    if (!redactor.shows_rows()) {
      thread.frames_omitted += thread.frames.size();
      thread.frames.clear();
    }
    if (!thread.name.empty() && !thread.is_main) {
      thread.name = redactor.shows_rows() ? redactor.label(thread.name).text : std::string();
    }
    if (!redactor.shows_rows()) {
      thread.native_omitted = thread.native.size();
      thread.native.clear();
    }
    bytes += sizeof thread + thread.name.size();
    for (NativeFrame &frame : thread.native) {
      frame.module = frame.module.empty() ? "" : redactor.label(frame.module).text;
      frame.symbol = frame.symbol.empty() ? "" : redactor.label(frame.symbol).text;
      bytes += sizeof frame + frame.module.size() + frame.symbol.size();
    }
    for (StackFrame &frame : thread.frames) {
      frame.file = redactor.label(frame.file).text;
      frame.function = redactor.label(frame.function).text;
      bytes += sizeof frame + frame.file.size() + frame.function.size();
    }
  }
  return bytes;
}

}  // namespace capsule
