// base/utf8 against the forms that Unicode forbids.
#include "base/utf8.hpp"

#include "test.hpp"

using namespace capsule;

CAPSULE_TEST(only_utf8_is_utf8) {
  for (const char *text :
       {"", "a", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac", "\xf0\x9f\x90\x8d", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    CHECK(is_utf8(text));
  }
  // A stray continuation, a lead alone, overlong forms of / in two and three bytes, a surrogate, one beyond U+10FFFF, 0xFF.
  for (const char *text :
       {"\x80", "a\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xf0\x9f\x90"}) {
    CHECK(!is_utf8(text));
  }
}

CAPSULE_TEST(a_prefix_never_cuts_a_character) {
  const std::string text = "a\xc3\xbc\xf0\x9f\x90\x8d";
  CHECK_EQ(utf8_prefix(text, 100), text.size());
  CHECK_EQ(utf8_prefix(text, 1), 1);
  CHECK_EQ(utf8_prefix(text, 2), 1);
  CHECK_EQ(utf8_prefix(text, 3), 3);
  for (std::size_t limit = 4; limit < 7; ++limit) {
    CHECK_EQ(utf8_prefix(text, limit), 3);
  }
  CHECK_EQ(utf8_prefix("\x80\x80\x80\x80\x80\x80", 4), 4);  // not UTF-8 anyway: cut where the limit says
}
