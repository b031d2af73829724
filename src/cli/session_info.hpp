// The fields of a session's info struct, for those who print it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "capsule.hpp"

namespace capsule::cli {

struct InfoField {
  std::string name;  // as in capsule_session_info
  nlohmann::ordered_json value;
  std::string text;  // for people
};

// All fields in the order of the struct, but for its size.
std::vector<InfoField> info_fields(const capsule_session_info &info);

}  // namespace capsule::cli
