// The library as data: what `capsule serve` needs to know of a function to call it with JSON, and of a struct to read and write it.
// generated_library.cpp holds the tables.
#pragma once

#include <capsule/capsule.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace capsule::cli::serve {

struct Enumerator {
  std::string_view name;  // the last word of its constant, in lower case
  std::int64_t value;
};

struct Enumeration {
  bool flags;  // the values are bits
  std::span<const Enumerator> values;
};

enum class Kind : std::uint8_t {
  kI32,
  kU32,
  kI64,
  kU64,
  kDouble,
  kText,     // a capsule_text
  kBytes,    // a pointer, with a length elsewhere
  kString,   // an array of char that ends with NUL
  kStruct,   // in place
  kPointer,  // to a struct
  kArray,    // a pointer to `entry`, with a length elsewhere
  kFixed,    // `count` of `entry` in place
  kHandle
};

struct Struct;

// A field of a struct, a parameter, or what a parameter that is written to points to.
struct Member {
  std::string_view name{};
  Kind kind{};
  std::size_t offset = 0;  // in the struct, or in the block of the parameters or results
  Kind entry{};
  std::size_t count = 0;
  std::size_t length_offset = 0;
  Kind length_kind = Kind::kU64;
  std::size_t stride_offset = 0;  // of where the library says how large an entry is; 0: it is as large as here
  const Struct *structure = nullptr;
  const Enumeration *enumeration = nullptr;
  std::string_view handle{};  // its type
};

struct Struct {
  std::size_t size;
  bool extensible;  // begins with its size
  void (*init)(void *, std::uint32_t);
  void (*release)(void *);  // frees what it holds
  std::span<const Member> members;
};

struct Parameter {
  Member member;
  std::optional<std::int64_t> fallback;  // where the caller says nothing; none: it has to be said
};

struct Result {
  Member member;                  // in the block of the results
  std::size_t slot;               // of its address, in the block of the parameters
  std::size_t capacity_slot = 0;  // of an array: of the entries that it has room for
};

struct Function {
  std::string_view name;  // without `capsule_`
  bool waits;
  bool takes_turn;   // in its session, behind what was asked of that before
  bool ends_handle;  // the handle that is its last parameter is gone when it succeeds
  capsule_status (*call)(const std::byte *parameters, capsule_error *error);
  std::span<const Parameter> parameters;
  std::span<const Result> results;
  std::size_t parameters_size;
  std::size_t results_size;
};

struct HandleType {
  std::string_view name;
  void (*release)(void *);
};

std::span<const Function> functions();
std::span<const HandleType> handle_types();
const Struct &event_struct();
const Struct &request_struct();
const Struct &promise_struct();

}  // namespace capsule::cli::serve
