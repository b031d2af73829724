#include "promise/http_head.hpp"

#include <algorithm>
#include <charconv>

namespace capsule {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view text, std::string_view known) {
  return std::equal(text.begin(), text.end(), known.begin(), known.end(), [](char a, char b) { return lower(a) == b; });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  const std::size_t end = text.find_last_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin, end - begin + 1);
}

template <typename Number>
bool read_number(std::string_view text, Number &number) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc() && end == text.data() + text.size();
}

// Takes the next line off the text.
std::string_view take_line(std::string_view &text) {
  const std::size_t end = std::min(text.find("\r\n"), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 2, text.size()));
  return line;
}

}  // namespace

std::optional<HttpHead> read_http_head(std::string_view head) {
  HttpHead found;
  const std::string_view first = take_line(head);
  if (!first.starts_with("HTTP/1.1 ") || !read_number(first.substr(9, 3), found.status) || found.status < 200) {
    return std::nullopt;
  }
  std::optional<std::size_t> length;
  while (!head.empty()) {
    const std::string_view line = take_line(head);
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(std::min(colon + 1, line.size())));
    if (same(name, "content-length")) {
      std::size_t number = 0;
      if (length || !read_number(value, number)) {
        return std::nullopt;
      }
      length = number;
    } else if (same(name, "transfer-encoding") || same(name, "content-encoding")) {
      return std::nullopt;
    } else if (same(name, "connection")) {
      found.keeps = same(value, "keep-alive");
    }
  }
  if (!length) {
    return std::nullopt;
  }
  found.length = *length;
  return found;
}

}  // namespace capsule
