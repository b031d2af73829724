// The secret of the canary tests, in whatever form a surface might tell it.
#pragma once

#include <string>

#include "check.hpp"
#include "scene.hpp"

namespace capsule_test {

// As it is, and as an encoder might write it.
inline void check_lacks_secret(const std::string &where, const std::string &text) {
  const std::string secret = kSecret;
  std::string hex;
  std::string escaped;
  for (const char c : secret) {
    constexpr const char *kDigits = "0123456789abcdef";
    hex += {kDigits[static_cast<unsigned char>(c) >> 4U], kDigits[static_cast<unsigned char>(c) & 15U]};
    escaped += "%" + hex.substr(hex.size() - 2);
  }
  // The middle of it in base64, which begins at a boundary of three bytes in one of these.
  for (const std::string &form : {secret, hex, escaped, std::string("YXJ5VGVsbHNOb2JvZHk3Zj"),
                                  std::string("bmFyeVRlbGxzTm9ib2R5N2"), std::string("YW5hcnlUZWxsc05vYm9keTdmM2")}) {
    if (text.find(form) != std::string::npos) {
      FAIL(where + " tells the secret, as " + form);
    }
  }
}

}  // namespace capsule_test
