// Bytes that are no text, in JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace capsule::cli {

std::string base64(std::string_view bytes);

// Nothing where it is none, as RFC 4648 has it with its padding.
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace capsule::cli
