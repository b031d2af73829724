// Functions of the library behind signatures that are all alike, for the tables.
#pragma once

#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

#include "cli/serve/library.hpp"

namespace capsule::cli::serve {

inline constexpr std::size_t kSlot = 8;

constexpr std::size_t slots_of(std::size_t size) { return (size + kSlot - 1) / kSlot * kSlot; }

template <typename T>
inline constexpr std::size_t room_of = slots_of(sizeof(T));

// A parameter takes one slot, a text two.
template <typename... Parameters>
struct Slots {
  template <std::size_t Index>
  static constexpr std::size_t offset() {
    constexpr std::size_t sizes[] = {slots_of(sizeof(Parameters))...};  // NOLINT(bugprone-sizeof-expression): of pointers too
    std::size_t at = 0;
    for (std::size_t i = 0; i < Index; ++i) {
      at += sizes[i];
    }
    return at;
  }
};

template <typename T>
T load(const std::byte *at) {
  T value;
  std::memcpy(&value, at, sizeof value);  // NOLINT(bugprone-sizeof-expression): the pointer itself, where it is one
  return value;
}

// One that can fail takes an error as its last parameter.
template <typename... Parameters, std::size_t... Index>
capsule_status call_with(capsule_status (*function)(Parameters...), const std::byte *block, capsule_error *error,
                         std::index_sequence<Index...>) {
  using Of = Slots<Parameters...>;
  const auto parameter = [&]<typename T, std::size_t I>() {
    if constexpr (std::is_same_v<T, capsule_error *>) {
      return error;
    } else {
      return load<T>(block + Of::template offset<I>());
    }
  };
  return function(parameter.template operator()<Parameters, Index>()...);
}

template <typename Handle>
capsule_status call_with(void (*function)(Handle *), const std::byte *block, capsule_error *, std::index_sequence<0>) {
  function(load<Handle *>(block));
  return CAPSULE_OK;
}

template <auto Function, typename Return, typename... Parameters>
capsule_status call_unpacked(Return (*)(Parameters...), const std::byte *block, capsule_error *error) {
  return call_with(Function, block, error, std::index_sequence_for<Parameters...>());
}

template <auto Function>
capsule_status call(const std::byte *block, capsule_error *error) {
  return call_unpacked<Function>(Function, block, error);
}

template <auto Function>
void init(void *it, std::uint32_t size) {
  [&]<typename T>(void (*function)(T *, std::uint32_t)) { function(static_cast<T *>(it), size); }(Function);
}

template <auto Function>
void release(void *it) {
  [&]<typename T>(void (*function)(T *)) { function(static_cast<T *>(it)); }(Function);
}

}  // namespace capsule::cli::serve
