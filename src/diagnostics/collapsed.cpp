#include "diagnostics/collapsed.hpp"

#include "capsule/stack.h"

namespace capsule {
namespace {

// A name may not hold what the format itself is made of.
void append_name(const std::string &name, std::string &line) {
  for (const char byte : name) {
    const bool reserved = byte == ';' || byte == '\x7f' || static_cast<unsigned char>(byte) < ' ';
    line.push_back(reserved ? '_' : byte);
  }
}

std::string line_of(const StackThread &thread) {
  std::string line;
  append_name(thread.name.empty() ? "thread" : thread.name, line);
  line += thread.frames_omitted > 0 ? ";..." : "";
  for (auto frame = thread.frames.rbegin(); frame != thread.frames.rend(); ++frame) {
    line += ';';
    append_name(frame->function, line);
    line += " (";
    append_name(frame->file, line);
    line += ':' + std::to_string(frame->line) + ')';
  }
  return line;
}

}  // namespace

void CollapsedStacks::add(const Stack &stack, bool waiting_too) {
  for (const StackThread &thread : stack.threads) {
    const bool runs_code = !thread.frames.empty() || thread.frames_omitted > 0;
    if (!runs_code || (thread.state != CAPSULE_TASK_RUNNING && !waiting_too)) {
      continue;
    }
    ++counted_;
    std::string line = line_of(thread);
    if (const auto found = counts_.find(line); found != counts_.end()) {
      ++found->second;
    } else if (counts_.size() >= most_ || bytes_ + line.size() > kMostBytes) {
      ++overflowed_;
    } else {
      bytes_ += line.size();
      counts_.emplace(std::move(line), 1);
    }
  }
}

std::string CollapsedStacks::text() const {
  std::string text;
  for (const auto &[line, count] : counts_) {
    text += line + ' ' + std::to_string(count) + '\n';
  }
  return text;
}

}  // namespace capsule
