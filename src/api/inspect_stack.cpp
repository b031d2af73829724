#include "api/inspection.hpp"
#include "api/stacks.hpp"
#include "base/clock.hpp"

using capsule::Guarded;
using capsule::Stack;
using capsule::StackFrame;
using capsule::StackThread;
using capsule::Status;
using namespace capsule::api;

namespace {

// The frames themselves are rows, and their names labels. Returns the size of what is left.
std::uint64_t redact(Look &look, Stack &stack) {
  std::uint64_t bytes = sizeof stack;
  for (StackThread &thread : stack.threads) {
    if (!look.shows_rows()) {
      thread.frames_omitted += thread.frames.size();
      thread.frames.clear();
    }
    if (!thread.name.empty() && !thread.is_main) {
      thread.name = look.shows_rows() ? look.shown(thread.name) : std::string();
    }
    bytes += sizeof thread + thread.name.size();
    for (StackFrame &frame : thread.frames) {
      frame.file = look.shown(frame.file);
      frame.function = look.shown(frame.function);
      bytes += sizeof frame + frame.file.size() + frame.function.size();
    }
  }
  return bytes;
}

}  // namespace

extern "C" {

capsule_status capsule_session_inspect_stack(capsule_session *session, const capsule_inspection *inspection,
                                             const capsule_stack_options *options, capsule_stack **stack,
                                             capsule_error *error) {
  return call(error, [&]() -> Status {
    if (stack == nullptr) {
      return {CAPSULE_E_ARGUMENT, "stack is NULL"};
    }
    *stack = nullptr;
    auto found = look_up(session);
    auto read = read_stack_options(options);
    for (const Status &status : {found.status(), read.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    capsule::Session &object = *found.value();
    auto begun = Look::begin({Guarded::kStack, object.runtime(), "session", object.id()}, inspection);
    if (!begun.ok()) {
      return begun.status();
    }
    Look &look = begun.value();
    auto had = object.stack(read.value().max_frames, capsule::deadline_after_ms(read.value().timeout_ms));
    if (!had.ok()) {
      return look.fail(had.status());
    }
    const auto shown = std::make_shared<Stack>(*had.value());
    Status status = look.conclude(redact(look, *shown));
    if (status.ok()) {
      *stack = make_handle<capsule_stack>(shown);
    }
    return status;
  });
}

}  // extern "C"
