#include "base/log_format.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/log.hpp"

namespace capsule {
namespace {

bool is_key_char(unsigned char c) { return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_'; }

// Takes `key=` from the front; empty where there is none.
std::string_view take_key(std::string_view &rest) {
  const auto end =
      std::find_if_not(rest.begin(), rest.end(), [](char c) { return is_key_char(static_cast<unsigned char>(c)); });
  const auto size = static_cast<std::size_t>(end - rest.begin());
  if (size == 0 || size == rest.size() || rest[size] != '=') {
    return {};
  }
  const std::string_view key = rest.substr(0, size);
  rest.remove_prefix(size + 1);
  return key;
}

std::string_view take_value(std::string_view &rest) {
  const bool quoted = !rest.empty() && rest.front() == '"';
  const std::size_t close = quoted ? rest.find('"', 1) : rest.find(' ');
  const std::size_t end = close == std::string_view::npos ? rest.size() : close;
  const std::string_view value = quoted ? rest.substr(1, end - 1) : rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), quoted ? end + 1 : end));
  if (!rest.empty() && rest.front() == ' ') {
    rest.remove_prefix(1);
  }
  return value;
}

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> log_fields(std::string_view line) {
  std::vector<std::pair<std::string_view, std::string_view>> fields;
  while (!line.empty()) {
    const std::string_view key = take_key(line);
    if (key.empty()) {
      return {};
    }
    if (key == "raw") {
      fields.emplace_back(key, line);
      return fields;
    }
    fields.emplace_back(key, take_value(line));
  }
  return fields;
}

std::string json_record(std::uint64_t time_ns, std::string_view level, std::string_view line) {
  nlohmann::ordered_json record{{"time_ns", time_ns}, {"level", level}};
  for (const auto &[key, value] : log_fields(line)) {
    if (record.contains(key)) {
      continue;  // what another process wrote does not replace what is said of it
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc() && end == value.data() + value.size() && key != "raw") {
      record[std::string(key)] = number;
    } else {
      record[std::string(key)] = value;
    }
  }
  return record.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string text_record(std::uint64_t time_ns, std::string_view level, std::string_view line) {
  return log_text("time_ns={} level={} {}", time_ns, level, line);
}

std::string with_fields(std::string_view line, std::string_view fields) {
  const std::string_view event = log_fields(line).front().second;
  auto end = static_cast<std::size_t>(event.data() + event.size() - line.data());
  end += end < line.size() && line[end] == '"' ? 1 : 0;
  std::string marked(line.substr(0, end));
  marked += ' ';
  marked += fields;
  marked += line.substr(end);
  return marked;
}

bool is_log_record(std::string_view line) {
  const bool printable = std::none_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
  return printable && line.starts_with("event=") && line.size() <= 4096 && !log_fields(line).empty();
}

std::string one_line(std::string_view text, std::size_t most) {
  std::string line(text.substr(0, most));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return line;
}

}  // namespace capsule
