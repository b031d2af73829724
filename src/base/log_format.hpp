// How a record is written: the key=value line as it is made, or a JSON object of its fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace capsule {

// The fields of a line in order; `raw` takes all that follows it. Nothing where it is not such a line.
std::vector<std::pair<std::string_view, std::string_view>> log_fields(std::string_view line);

// The record with more of them right behind its event.
std::string with_fields(std::string_view line, std::string_view fields);

// A field that comes twice is told as it came first.
std::string json_record(std::uint64_t time_ns, std::string_view level, std::string_view line);
std::string text_record(std::uint64_t time_ns, std::string_view level, std::string_view line);

}  // namespace capsule
