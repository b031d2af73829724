#include "diagnostics/stack.hpp"

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

}  // namespace capsule
