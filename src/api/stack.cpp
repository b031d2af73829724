#include "capsule/stack.h"

#include "api/call.hpp"
#include "api/handles.hpp"
#include "api/stacks.hpp"
#include "base/text_view.hpp"

using namespace capsule;
using namespace capsule::api;

namespace {

constexpr std::int64_t kDefaultTimeoutMs = 1'000;
constexpr std::int64_t kLongestTimeoutMs = 60'000;

Status there_are_fewer(const char *what, std::uint64_t index, std::size_t count) {
  return {CAPSULE_E_ARGUMENT, std::string(what) + " is " + std::to_string(index) + ", and there are " + std::to_string(count)};
}

// tell(frame) for one of a thread's frames, of either sort.
template <typename Frame, typename Tell>
Status with_frame(capsule_stack *stack, std::uint64_t thread, std::uint64_t index, std::vector<Frame> StackThread::*sort,
                  Tell &&tell) {
  const auto found = look_up(stack);
  if (!found.ok()) {
    return found.status();
  }
  const auto &threads = found.value()->threads;
  if (thread >= threads.size()) {
    return there_are_fewer("thread", thread, threads.size());
  }
  const auto &frames = threads[thread].*sort;
  if (index >= frames.size()) {
    return there_are_fewer("index", index, frames.size());
  }
  return tell(frames[index]);
}

}  // namespace

Result<capsule_stack_options> capsule::api::read_stack_options(const capsule_stack_options *given) {
  auto read = read_options(given, capsule_stack_options_init, "options");
  if (!read.ok()) {
    return read;
  }
  for (const Status &status : {check_range("max_frames", read.value().max_frames, 1, kMostFrames),
                               check_range("timeout_ms", read.value().timeout_ms, 1, kLongestTimeoutMs),
                               check_range("max_native_frames", read.value().max_native_frames, 0, kMostNativeFrames),
                               check_range("reserved", read.value().reserved, 0, 0)}) {
    if (!status.ok()) {
      return status;
    }
  }
  return read;
}

extern "C" {

void capsule_stack_options_init(capsule_stack_options *options, uint32_t struct_size) {
  write_defaults(options, struct_size,
                 capsule_stack_options{
                     .max_frames = kDefaultFrames, .timeout_ms = kDefaultTimeoutMs, .max_native_frames = kDefaultNativeFrames});
}

capsule_status capsule_stack_get_info(capsule_stack *stack, capsule_stack_info *info, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(stack);
    if (!found.ok()) {
      return found.status();
    }
    const Stack &told = *found.value();
    return write_struct(info,
                        capsule_stack_info{.source = told.source,
                                           .pid = told.pid,
                                           .process_state = told.process_state,
                                           .time_ns = told.time_ns,
                                           .collect_ns = told.collect_ns,
                                           .threads = told.threads.size(),
                                           .threads_omitted = told.threads_omitted,
                                           .cause = text_of(told.cause)},
                        "info");
  });
}

capsule_status capsule_stack_get_thread(capsule_stack *stack, uint64_t index, capsule_stack_thread *thread,
                                        capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(stack);
    if (!found.ok()) {
      return found.status();
    }
    if (index >= found.value()->threads.size()) {
      return there_are_fewer("index", index, found.value()->threads.size());
    }
    const StackThread &told = found.value()->threads[index];
    return write_struct(thread,
                        capsule_stack_thread{.tid = told.tid,
                                             .ident = told.ident,
                                             .name = text_of(told.name),
                                             .is_main = told.is_main ? 1 : 0,
                                             .state = told.state,
                                             .holds_gil = told.holds_gil,
                                             .hit = told.hit ? 1 : 0,
                                             .torn = told.torn ? 1 : 0,
                                             .frames = told.frames.size(),
                                             .frames_omitted = told.frames_omitted,
                                             .native_frames = told.native.size(),
                                             .native_frames_omitted = told.native_omitted,
                                             .native_state = told.native_state,
                                             .system_call = told.system_call},
                        "thread");
  });
}

capsule_status capsule_stack_get_frame(capsule_stack *stack, uint64_t thread, uint64_t index, capsule_stack_frame *frame,
                                       capsule_error *error) {
  return call(error, [&] {
    return with_frame(stack, thread, index, &StackThread::frames, [&](const StackFrame &told) {
      return write_struct(
          frame, capsule_stack_frame{.line = told.line, .file = text_of(told.file), .function = text_of(told.function)},
          "frame");
    });
  });
}

capsule_status capsule_stack_get_native_frame(capsule_stack *stack, uint64_t thread, uint64_t index,
                                              capsule_native_frame *frame, capsule_error *error) {
  return call(error, [&] {
    return with_frame(stack, thread, index, &StackThread::native, [&](const NativeFrame &told) {
      return write_struct(frame,
                          capsule_native_frame{.module = text_of(told.module),
                                               .symbol = text_of(told.symbol),
                                               .symbol_offset = told.symbol_offset,
                                               .module_offset = told.module_offset},
                          "frame");
    });
  });
}

void capsule_stack_release(capsule_stack *stack) { release_handle(stack); }

}  // extern "C"
