// What a Resonate server sends is read, or is no answer.
#include <string>

#include "promise/resonate_wire.hpp"
#include "test.hpp"

using namespace capsule;

namespace {

std::string reply_with(const std::string &data) {
  return R"({"kind":"task.fence","head":{"corrId":"c","status":200},"data":)" + data + "}";
}

}  // namespace

CAPSULE_TEST(an_answer_is_that_to_the_request) {
  const auto reply = resonate::read_reply(reply_with("[[1]]"), "c");
  CHECK(reply.has_value());
  CHECK_EQ(reply->status, 200);
  CHECK_EQ(resonate::text_of(reply->data), "[[1]]");
  CHECK(!resonate::read_reply(reply_with("1"), "another").has_value());
  CHECK(!resonate::read_reply("{", "c").has_value());
}

// A copy of it would take the stack of the loop's thread.
CAPSULE_TEST(what_is_nested_without_end_is_none) {
  constexpr std::size_t kLevels = 500'000;
  const std::string deep = std::string(kLevels, '[') + std::string(kLevels, ']');
  CHECK(!resonate::read_reply(reply_with(deep), "c").has_value());
  CHECK(resonate::parse_message(deep).is_discarded());
}
