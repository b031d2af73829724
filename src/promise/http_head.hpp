// The head of an HTTP answer, as far as a client needs it that keeps its connection. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace capsule {

struct HttpHead {
  long status = 0;
  std::size_t length = 0;  // of the body behind it
  bool keeps = true;       // whether the connection can be used again
};

// `head` ends with its empty line. Nullopt for what is no such answer: its body has no length of its own, it comes in pieces, it is
// provisional, or it is no HTTP.
std::optional<HttpHead> read_http_head(std::string_view head);

}  // namespace capsule
