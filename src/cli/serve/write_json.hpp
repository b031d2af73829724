// Structs and results of the library as JSON.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>

#include "cli/serve/library.hpp"

namespace capsule::cli::serve {

using Json = nlohmann::ordered_json;

enum class Form {
  kAll,    // every member
  kBrief,  // without those that are zero, and without texts that are absent
};

// By their names; bytes that are not UTF-8 are {"base64": …}, what is no number null.
Json to_json(std::span<const Member> members, const std::byte *base, Form form);
// One member of the struct or block at `base`.
Json to_json(const Member &member, const std::byte *base, Form form);

}  // namespace capsule::cli::serve
