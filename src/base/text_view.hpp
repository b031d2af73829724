// A text of ours as the C API shows it.
#pragma once

#include <string>

#include "capsule/base.h"

namespace capsule {

// Lives as long as the string does.
inline capsule_text text_of(const std::string &text) { return {text.data(), text.size()}; }

}  // namespace capsule
