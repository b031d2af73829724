#include "diagnostics/fault_text.hpp"

#include <charconv>
#include <cstring>

#include "base/clock.hpp"
#include "base/utf8.hpp"
#include "capsule/stack.h"

namespace capsule {
namespace {

constexpr std::string_view kCause = "Fatal Python error: ";
constexpr std::string_view kCurrentThread = "Current thread 0x";
constexpr std::string_view kThread = "Thread 0x";
constexpr std::string_view kFrame = "  File \"";
constexpr std::string_view kLine = "\", line ";
constexpr std::string_view kFunction = " in ";

// Most frames of a thread that faulthandler tells of. Not every version says so when there were more.
constexpr std::size_t kMostFrames = 100;

// It writes in pieces of at most so many bytes. Near the end of its room a piece that does not fit is left out, while smaller ones
// behind it are not: what stands there is no text any more.
constexpr std::size_t kMostPiece = 512;

std::string clean(std::string_view text) {
  std::string cleaned;
  utf8_replace_invalid(text, cleaned);
  return cleaned;
}

// Takes the beginning off the text when it is that.
bool take(std::string_view &text, std::string_view beginning) {
  if (!text.starts_with(beginning)) {
    return false;
  }
  text.remove_prefix(beginning.size());
  return true;
}

template <typename Number>
Number take_number(std::string_view &text, int base) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc() ? number : 0;
}

// `File "a.py", line 3 in function`, without its beginning. A file's name may hold anything but a line's end.
StackFrame read_frame(std::string_view text) {
  StackFrame frame;
  const std::size_t line = text.rfind(kLine);
  frame.file = clean(text.substr(0, line));
  if (line != std::string_view::npos) {
    text.remove_prefix(line + kLine.size());
    frame.line = take_number<std::uint32_t>(text, 10);
    const std::size_t function = text.find(kFunction);
    frame.function = function == std::string_view::npos ? std::string() : clean(text.substr(function + kFunction.size()));
  }
  return frame;
}

class Reader {
 public:
  explicit Reader(std::uint64_t main_ident) : main_ident_(main_ident) {}

  void read(std::string_view line) {
    if (take(line, kCause)) {
      stack_ = {.cause = clean(line)};
      in_thread_ = false;
    } else if (take(line, kCurrentThread)) {
      begin_thread(line, true);
    } else if (take(line, kThread)) {
      begin_thread(line, false);
    } else if (line == "...") {
      ++stack_.threads_omitted;
    } else if (in_thread_ && take(line, kFrame)) {
      StackThread &thread = stack_.threads.back();
      thread.frames.push_back(read_frame(line));
      thread.frames_omitted = thread.frames.size() >= kMostFrames ? 1 : 0;
    } else if (in_thread_ && line == "  ...") {
      stack_.threads.back().frames_omitted = 1;
    } else if (!line.starts_with("  ")) {
      in_thread_ = false;
    }
  }

  Stack take_stack(bool cut) {
    if (cut && in_thread_) {
      stack_.threads.back().frames_omitted = 1;
    }
    stack_.threads_omitted += cut ? 1 : 0;
    return std::move(stack_);
  }

 private:
  // `7f00 (most recent call first):`, since 3.14 with a name in brackets.
  void begin_thread(std::string_view text, bool hit) {
    StackThread thread{.hit = hit};
    thread.ident = take_number<std::uint64_t>(text, 16);
    thread.is_main = thread.ident == main_ident_;
    thread.state = CAPSULE_TASK_DEAD;
    const std::size_t name_end = text.rfind("] (");
    if (thread.is_main) {
      thread.name = "main";
    } else if (take(text, " [") && name_end != std::string_view::npos && name_end >= 2) {
      thread.name = clean(text.substr(0, name_end - 2));
    }
    stack_.threads.push_back(std::move(thread));
    in_thread_ = true;
  }

  const std::uint64_t main_ident_;
  Stack stack_;
  bool in_thread_ = false;
};

}  // namespace

Stack parse_fault_text(std::string_view text, std::uint64_t main_ident) {
  Reader reader(main_ident);
  constexpr std::size_t kSound = WorkerStacks::kDeathTextBytes - kMostPiece;
  std::string_view rest = text.substr(0, kSound);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      break;
    }
    reader.read(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  Stack stack = reader.take_stack(!rest.empty() || text.size() > kSound);
  hide_engine_frames(stack);
  return stack;
}

std::shared_ptr<const Stack> read_death_stack(const WorkerStacks &stacks, int pid) {
  // A copy: a child of the worker's may have the memory too, and go on writing.
  const std::string copy(stacks.death_text, strnlen(stacks.death_text, WorkerStacks::kDeathTextBytes));
  Stack stack = parse_fault_text(copy, stacks.main_ident.load(std::memory_order_relaxed));
  if (stack.threads.empty()) {
    return nullptr;
  }
  stack.source = CAPSULE_STACK_DEATH;
  stack.process_state = CAPSULE_TASK_DEAD;
  stack.pid = pid;
  stack.time_ns = monotonic_ns();
  return std::make_shared<const Stack>(std::move(stack));
}

}  // namespace capsule
