// Structs that hold what their caller frees. They may grow, as others do: in their first version they ended with `storage`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "api/call.hpp"

namespace capsule::api {

template <typename Struct>
Status check_owned_size(const Struct &given, const char *name) {
  constexpr std::size_t least = offsetof(Struct, storage) + sizeof(void *);
  if (given.struct_size < least || given.struct_size > kMaxStructSize) {
    return {CAPSULE_E_ARGUMENT, std::string(name) + ".struct_size is " + std::to_string(given.struct_size) +
                                    "; set it to the size of the struct before the call"};
  }
  return {};
}

// Empties the caller's struct, for a call to fill by write_struct(); what it held is not freed.
template <typename Struct>
Status empty_owned(Struct *given, const char *name) {
  if (given == nullptr) {
    return {CAPSULE_E_ARGUMENT, std::string(name) + " is NULL"};
  }
  Status status = check_owned_size(*given, name);
  return status.ok() ? write_struct(given, Struct{}, name) : status;
}

// Frees what it holds and empties it, but for its size.
template <typename Struct>
void release_owned(Struct *held) {
  if (held != nullptr && check_owned_size(*held, "").ok()) {
    delete held->storage;
    static_cast<void>(write_struct(held, Struct{}, ""));  // the size was checked
  }
}

}  // namespace capsule::api
