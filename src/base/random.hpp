// Bytes that nobody can guess.
#pragma once

#include <sys/random.h>

#include <string>

#include "base/digest.hpp"

namespace capsule {

// As much as a key needs.
inline Digest random_key() {
  Digest key{};
  while (getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) {
  }
  return key;
}

// 128 bits, as 32 hexadecimal digits.
inline std::string random_id() { return hex_of(random_key(), 16); }

}  // namespace capsule
