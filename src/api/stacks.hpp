// Handles of stacks and profiles.
#pragma once

#include "api/handles.hpp"
#include "capsule/stack.h"
#include "diagnostics/stack.hpp"
#include "session/profiler.hpp"

namespace capsule::api {

template <>
struct HandleTraits<capsule_stack> {
  using Object = Stack;
  static constexpr Kind kKind = Kind::kStack;
  static constexpr const char *kName = "stack";
};

template <>
struct HandleTraits<capsule_profile> {
  using Object = Profiler;
  static constexpr Kind kKind = Kind::kProfile;
  static constexpr const char *kName = "profile";
};

// Of a stack: what is told without a wish, and the most that may be asked for.
inline constexpr std::uint32_t kDefaultFrames = 128;
inline constexpr std::uint32_t kMostFrames = 4096;
inline constexpr std::uint32_t kDefaultNativeFrames = 32;
inline constexpr std::uint32_t kMostNativeFrames = 256;

// CAPSULE_E_ARGUMENT, naming what is out of range.
Result<capsule_stack_options> read_stack_options(const capsule_stack_options *given);

}  // namespace capsule::api
