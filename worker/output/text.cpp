#include "output/text.hpp"

#include <algorithm>

namespace capsule::worker {
namespace {

// Where the part of a line begins that shows in the end: behind its last carriage return, unless that is where the line ends.
std::size_t shown_from(const std::string &text, std::size_t begin, std::size_t end) {
  std::size_t last = end;
  while (last > begin && text[last - 1] == '\r') {
    --last;  // goes back to the beginning, and nothing follows
  }
  const std::size_t found = text.rfind('\r', last == begin ? begin : last - 1);
  return found == std::string::npos || found < begin || last == begin ? begin : found;
}

}  // namespace

std::size_t coalesce_carriage_returns(std::string &text) {
  if (text.find('\r') == std::string::npos) {
    return 0;
  }
  std::string kept;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t newline = std::min(text.find('\n', begin), text.size());
    const std::size_t next = std::min(newline + 1, text.size());
    const std::size_t from = shown_from(text, begin, newline);
    kept.append(text, from, next - from);
    begin = next;
  }
  const std::size_t left_out = text.size() - kept.size();
  text = std::move(kept);
  return left_out;
}

}  // namespace capsule::worker
