// Files, read whole.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace capsule {

// To write: made, or emptied, or appended to. CAPSULE_E_SYSTEM for what is neither a file nor a device: a pipe would have to be waited for.
enum class Begin { kEmpty, kBehind };
Result<UniqueFd> open_to_write(const std::string &path, Begin begin);

// CAPSULE_E_ARGUMENT for what is no regular file, CAPSULE_E_LIMIT for one of more than `most` bytes.
Result<std::string> read_file(const std::string &path, std::uint64_t most);

}  // namespace capsule
