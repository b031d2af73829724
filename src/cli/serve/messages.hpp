// JSON-RPC 2.0, a message a line: what comes in, and what goes out.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "cli/console.hpp"

namespace capsule::cli::serve {

using Json = nlohmann::ordered_json;

// Codes of JSON-RPC. What the library refuses has its status for a code.
inline constexpr int kParseError = -32'700;
inline constexpr int kInvalidRequest = -32'600;
inline constexpr int kMethodNotFound = -32'601;
inline constexpr int kInvalidParams = -32'602;
inline constexpr int kTooManyRequests = -32'000;

struct Incoming {
  Json id;
  std::string method;
  Json params;
};

// A line is no request.
class NoRequest : public std::runtime_error {
 public:
  NoRequest(int its_code, Json its_id, const std::string &message, Json its_data = {})
      : std::runtime_error(message), code(its_code), id(std::move(its_id)), data(std::move(its_data)) {}
  int code;
  Json id;  // null where it has none
  Json data;
};

// Throws NoRequest.
Incoming parse_message(std::string_view line);

class Messages {
 public:
  explicit Messages(Console &console) : console_(console) {}

  void result(const Json &id, const Json &result);
  // `data` may be null.
  void error(const Json &id, int code, const std::string &message, const Json &data);
  void notification(std::string_view method, const Json &params);

 private:
  void write(const Json &message);
  Console &console_;
};

}  // namespace capsule::cli::serve
