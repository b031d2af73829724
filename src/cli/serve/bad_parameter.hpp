// Why a request cannot be carried out as it stands.
#pragma once

#include <stdexcept>
#include <string>

namespace capsule::cli::serve {

// A parameter cannot be what the request says.
class BadParameter : public std::runtime_error {
 public:
  BadParameter(std::string its_key, const std::string &message) : std::runtime_error(message), key_(std::move(its_key)) {}
  // Where it stands, as `options.rules[0].decision`.
  [[nodiscard]] const std::string &key() const { return key_; }

 private:
  std::string key_;
};

}  // namespace capsule::cli::serve
