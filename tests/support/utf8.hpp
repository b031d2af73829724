// Whether text is UTF-8, judged by other code than the library's.
#pragma once

#include <string_view>

namespace capsule_test {

bool is_utf8(std::string_view text);

}  // namespace capsule_test
