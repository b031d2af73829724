// Lists that are handed out: structs with a `storage` that they own, and names of enumerations.
#pragma once

#include "api/call.hpp"

namespace capsule::api {

// Empties the caller's list, whose size must be that of the library's headers at least.
template <typename List>
Status check_list(List *list, const char *name) {
  if (list == nullptr) {
    return {CAPSULE_E_ARGUMENT, std::string(name) + " is NULL"};
  }
  if (list->struct_size < sizeof *list || list->struct_size > kMaxStructSize) {
    return {CAPSULE_E_ARGUMENT, std::string(name) + ".struct_size is " + std::to_string(list->struct_size) +
                                    "; set it to the size of the struct before the call"};
  }
  *list = {.struct_size = sizeof *list};
  return {};
}

template <typename List>
void release_list(List *list) {
  if (list != nullptr && list->struct_size >= sizeof *list && list->struct_size <= kMaxStructSize) {
    delete list->storage;
    *list = {.struct_size = sizeof *list};
  }
}

template <std::size_t N>
const char *name_of(const char *const (&names)[N], std::int32_t value) {
  return value >= 0 && static_cast<std::size_t>(value) < N ? names[value] : "unknown";
}

}  // namespace capsule::api
