// How deep JSON is nested: many who copy, write or check a document call themselves once for each level.
#pragma once

#include <cstddef>
#include <string_view>

namespace capsule {

// Of a text that is JSON; of another, no more than there are brackets that open.
std::size_t json_levels(std::string_view text);

}  // namespace capsule
