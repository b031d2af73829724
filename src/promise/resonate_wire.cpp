#include "promise/resonate_wire.hpp"

#include <nettle/base64.h>

#include "base/json_levels.hpp"

namespace capsule::resonate {
namespace {

constexpr const char *kVersion = "2026-04-01";
// What the protocol has is a few levels deep; a copy of what is deeper would take the stack of whoever makes it.
constexpr std::size_t kMostLevels = 100;

std::int32_t state_of(const std::string &name) {
  static constexpr std::pair<const char *, std::int32_t> kStates[] = {{"pending", CAPSULE_PROMISE_PENDING},
                                                                      {"resolved", CAPSULE_PROMISE_RESOLVED},
                                                                      {"rejected", CAPSULE_PROMISE_REJECTED},
                                                                      {"rejected_canceled", CAPSULE_PROMISE_CANCELED},
                                                                      {"rejected_timedout", CAPSULE_PROMISE_TIMED_OUT}};
  for (const auto &[known, state] : kStates) {
    if (name == known) {
      return state;
    }
  }
  return 0;
}

std::string text_at(const Json &object, const char *name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t number_at(const Json &object, const char *name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

const Json &member(const Json &object, const char *name) {
  static const Json kNone;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() ? *found : kNone;
}

// `data` of a parameter or value: base64 as the SDKs write it; what is none is taken as it is.
std::string content_of(const Json &holder) {
  std::string text = text_at(holder, "data");
  auto bytes = from_base64(text);
  return bytes ? std::move(*bytes) : std::move(text);
}

Json holder_of(const std::string &bytes) { return bytes.empty() ? Json::object() : Json{{"data", to_base64(bytes)}}; }

}  // namespace

std::string to_base64(const std::string &bytes) {
  std::string text(BASE64_ENCODE_RAW_LENGTH(bytes.size()), '\0');
  base64_encode_raw(text.data(), bytes.size(), reinterpret_cast<const std::uint8_t *>(bytes.data()));
  return text;
}

std::optional<std::string> from_base64(const std::string &text) {
  base64_decode_ctx context;
  base64_decode_init(&context);
  std::string bytes(BASE64_DECODE_LENGTH(text.size()), '\0');
  std::size_t size = bytes.size();
  const int good =
      base64_decode_update(&context, &size, reinterpret_cast<std::uint8_t *>(bytes.data()), text.size(), text.data());
  if (good == 0 || base64_decode_final(&context) == 0) {
    return std::nullopt;
  }
  bytes.resize(size);
  return bytes;
}

std::string text_of(const Json &document) { return document.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string envelope(const std::string &kind, const std::string &correlation, const std::string &token,
                     const std::string &data) {
  const std::string auth = token.empty() ? std::string() : ",\"auth\":" + text_of(token);
  return R"({"kind":")" + kind + R"(","head":{"corrId":")" + correlation + R"(","version":")" + kVersion + "\"" + auth +
         R"(},"data":)" + data + "}";
}

Json parse_message(std::string_view text) {
  return json_levels(text) > kMostLevels ? Json(Json::value_t::discarded)
                                         : Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

std::optional<Reply> read_reply(const std::string &body, const std::string &correlation) {
  Json reply = parse_message(body);
  const Json &head = member(reply, "head");
  const std::int64_t status = number_at(head, "status");
  if (status < 100 || status > 599 || text_at(head, "corrId") != correlation) {
    return std::nullopt;
  }
  return Reply{static_cast<int>(status), std::move(reply["data"])};
}

Reply inner_reply(const Reply &outer) {
  const Json &inner = member(outer.data, "action");
  const std::int64_t status = number_at(member(inner, "head"), "status");
  return {status >= 100 && status <= 599 ? static_cast<int>(status) : outer.status, member(inner, "data")};
}

Json create_data(const PromiseWish &wish, Json tags) {
  tags["resonate:scope"] = tags.value("resonate:scope", "global");
  if (!wish.target.empty()) {
    tags["resonate:target"] = wish.target;
    for (const char *lineage : {"resonate:origin", "resonate:branch", "resonate:parent"}) {
      tags[lineage] = wish.id;
    }
  }
  return {
      {"id", wish.id}, {"timeoutAt", unix_ms() + wish.timeout_ms}, {"param", holder_of(wish.param)}, {"tags", std::move(tags)}};
}

Json settle_data(const Settlement &settlement) {
  const char *const state = settlement.state == CAPSULE_PROMISE_RESOLVED   ? "resolved"
                            : settlement.state == CAPSULE_PROMISE_REJECTED ? "rejected"
                                                                           : "rejected_canceled";
  return {{"id", settlement.id}, {"state", state}, {"value", holder_of(settlement.value)}};
}

Json action(const char *kind, Json data) { return {{"kind", kind}, {"head", Json::object()}, {"data", std::move(data)}}; }

std::optional<Promise> read_promise(const Json &data) {
  Promise promise{.state = state_of(text_at(data, "state")),
                  .id = text_at(data, "id"),
                  .param = content_of(member(data, "param")),
                  .value = content_of(member(data, "value")),
                  .timeout_at_ms = number_at(data, "timeoutAt"),
                  .created_at_ms = number_at(data, "createdAt"),
                  .settled_at_ms = number_at(data, "settledAt")};
  if (promise.state == 0 || promise.id.empty()) {
    return std::nullopt;
  }
  return promise;
}

std::optional<Promise> promise_in(const Json &data) { return read_promise(member(data, "promise")); }

std::optional<Task> task_in(const Json &data) {
  const Json &task = member(data, "task");
  if (text_at(task, "state").empty()) {
    return std::nullopt;
  }
  return Task{text_at(task, "state"), text_at(task, "pid"), static_cast<std::uint64_t>(number_at(task, "version"))};
}

}  // namespace capsule::resonate
