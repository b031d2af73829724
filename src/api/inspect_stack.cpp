#include "api/inspection.hpp"
#include "api/stacks.hpp"
#include "base/clock.hpp"

using capsule::Guarded;
using capsule::Stack;
using capsule::Status;
using namespace capsule::api;

namespace {

Status look_at_stack(capsule_session *session, const capsule_inspection *inspection, const capsule_stack_options *options,
                     capsule_stack **stack) {
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
  auto begun = Look::begin(target_of(Guarded::kStack, object), inspection);
  if (!begun.ok()) {
    return begun.status();
  }
  Look &look = begun.value();
  auto had = object.stack({.frames = read.value().max_frames,
                           .native_frames = read.value().max_native_frames,
                           .deadline_ns = capsule::deadline_after_ms(read.value().timeout_ms)});
  if (!had.ok()) {
    return look.fail(had.status());
  }
  const auto shown = std::make_shared<Stack>(*had.value());
  Status status = look.conclude(redact(*shown, look.redactor()));
  if (status.ok()) {
    *stack = make_handle<capsule_stack>(shown);
  }
  return status;
}

}  // namespace

extern "C" {

capsule_status capsule_session_get_stack(capsule_session *session, const capsule_stack_options *options, capsule_stack **stack,
                                         capsule_error *error) {
  return call(error, [&] { return look_at_stack(session, nullptr, options, stack); });
}

capsule_status capsule_session_inspect_stack(capsule_session *session, const capsule_inspection *inspection,
                                             const capsule_stack_options *options, capsule_stack **stack,
                                             capsule_error *error) {
  return call(error, [&] { return look_at_stack(session, inspection, options, stack); });
}

}  // extern "C"
