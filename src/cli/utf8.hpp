// UTF-8 at the edges of the command: arguments and files are checked, bytes of the user's code are repaired.
#pragma once

#include <string>
#include <string_view>

namespace capsule::cli {

bool is_utf8(std::string_view bytes);

// Makes text of a stream of bytes that is cut anywhere: a character may begin in one piece and end in the next. What is not
// UTF-8 becomes U+FFFD.
class Utf8Carry {
 public:
  std::string take(std::string_view bytes);
  // What the bytes that wait for their character's end become when none comes.
  std::string finish();

 private:
  std::string waiting_;
};

}  // namespace capsule::cli
