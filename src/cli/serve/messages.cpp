#include "cli/serve/messages.hpp"

#include "base/json_levels.hpp"

namespace capsule::cli::serve {
namespace {

constexpr const char *kVersion = "2.0";
// No struct is a tenth as deep; what is written or copied further down would take the stack.
constexpr std::size_t kMostLevels = 100;

Json parsed(std::string_view line) {
  if (json_levels(line) > kMostLevels) {  // the parser itself copies
    throw NoRequest(kInvalidRequest, nullptr, "a line may be nested " + std::to_string(kMostLevels) + " levels deep");
  }
  try {
    return Json::parse(line);
  } catch (const Json::parse_error &error) {
    throw NoRequest(kParseError, nullptr, "not JSON, at byte " + std::to_string(error.byte) + " of the line");
  }
}

[[noreturn]] void refuse(const Json &id, const std::string &key, const std::string &message) {
  throw NoRequest(kInvalidRequest, id, "\"" + key + "\": " + message, {{"key", key}});
}

}  // namespace

Incoming parse_message(std::string_view line) {
  Json message = parsed(line);
  if (!message.is_object()) {
    throw NoRequest(kInvalidRequest, nullptr, "a line has to be one request, an object");
  }
  const auto id = message.find("id");
  if (id == message.end() || !(id->is_string() || id->is_number_integer())) {
    refuse(nullptr, "id", "it has to be a text or a whole number");
  }
  Incoming incoming{.id = *id, .method = {}, .params = Json::object()};
  for (auto &[key, value] : message.items()) {
    if (key == "method" && value.is_string()) {
      incoming.method = value.get<std::string>();
    } else if (key == "params" && value.is_object()) {
      incoming.params = std::move(value);
    } else if (key == "method" || key == "params") {
      refuse(incoming.id, key, key == "method" ? "it has to be a text" : "it has to be an object");
    } else if (key == "jsonrpc" && value != kVersion) {
      refuse(incoming.id, key, "it has to be \"2.0\"");
    } else if (key != "jsonrpc" && key != "id") {
      refuse(incoming.id, key, "there is no such key");
    }
  }
  if (!message.contains("method")) {
    refuse(incoming.id, "method", "it is missing");
  }
  return incoming;
}

void Messages::result(const Json &id, const Json &result) { write({{"jsonrpc", kVersion}, {"id", id}, {"result", result}}); }

void Messages::error(const Json &id, int code, const std::string &message, const Json &data) {
  Json error{{"code", code}, {"message", message}};
  if (!data.is_null()) {
    error["data"] = data;
  }
  write({{"jsonrpc", kVersion}, {"id", id}, {"error", std::move(error)}});
}

void Messages::notification(std::string_view method, const Json &params) {
  write({{"jsonrpc", kVersion}, {"method", method}, {"params", params}});
}

// Only what came in as a key or a name could be no UTF-8 by now, and the parser has seen to that.
void Messages::write(const Json &message) {
  console_.write_out(message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace capsule::cli::serve
