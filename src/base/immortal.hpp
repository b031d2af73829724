// What the library has once for the process and never destroys: a host's static objects may release their handles behind its own.
#pragma once

#include <cstddef>
#include <new>

namespace capsule {

// One object for each type; made when it is first asked for, by any thread.
template <typename T>
T &immortal() {
  alignas(T) static std::byte room[sizeof(T)];
  static T *const made = new (room) T;
  return *made;
}

}  // namespace capsule
