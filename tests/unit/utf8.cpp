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

CAPSULE_TEST(what_is_not_utf8_is_replaced_a_maximal_beginning_at_a_time) {
  // As Python's bytes.decode("utf-8", "replace") does.
  const struct {
    const char *bytes;
    const char *text;
    std::size_t replaced;
  } cases[] = {{"plain", "plain", 0},
               {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", 0},
               {"a\xffz", "a\xEF\xBF\xBDz", 1},
               {"\xe9\x9b", "\xEF\xBF\xBD", 2},
               {"\xf0\x9f\x90x", "\xEF\xBF\xBDx", 3},
               {"\xc0\xaf", "\xEF\xBF\xBD\xEF\xBF\xBD", 2},
               {"\xed\xa0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", 3},
               {"12345678\x80"
                "12345678",
                "12345678\xEF\xBF\xBD"
                "12345678",
                1}};
  for (const auto &one : cases) {
    std::string text;
    CHECK_EQ(utf8_replace_invalid(one.bytes, text), one.replaced);
    CHECK_EQ(text, one.text);
  }
}

CAPSULE_TEST(only_the_beginning_of_a_character_is_an_incomplete_tail) {
  CHECK_EQ(utf8_incomplete_tail(""), 0);
  CHECK_EQ(utf8_incomplete_tail("abc"), 0);
  CHECK_EQ(utf8_incomplete_tail("a\xc3"), 1);
  CHECK_EQ(utf8_incomplete_tail("a\xe9\x9b"), 2);
  CHECK_EQ(utf8_incomplete_tail("a\xf0\x9f\x90"), 3);
  CHECK_EQ(utf8_incomplete_tail("a\xf0\x9f\x90\x8d"), 0);
  CHECK_EQ(utf8_incomplete_tail("a\x80"), 0);
  CHECK_EQ(utf8_incomplete_tail("a\xed\xa0"), 0);  // no character begins so
}
