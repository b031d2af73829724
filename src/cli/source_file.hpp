// Source texts from files and stdin.
#pragma once

#include <string>
#include <string_view>

namespace capsule::cli {

// The whole text of a file, `-` for stdin, without a byte order mark. Throws UsageError where it cannot be read or run.
std::string read_source(const std::string &path);

// All bytes of a file. Throws UsageError where it cannot be read.
std::string read_bytes(const std::string &path);

// Throws UsageError, opening with `name`, unless a worker would accept the text.
void check_source(std::string_view name, std::string_view source);

}  // namespace capsule::cli
