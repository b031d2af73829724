// Files, read whole.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.hpp"

namespace capsule {

// CAPSULE_E_ARGUMENT for what is no regular file, CAPSULE_E_LIMIT for one of more than `most` bytes.
Result<std::string> read_file(const std::string &path, std::uint64_t most);

}  // namespace capsule
