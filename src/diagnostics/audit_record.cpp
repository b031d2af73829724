#include "diagnostics/audit_record.hpp"

#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"

namespace capsule {
namespace {

using Json = nlohmann::ordered_json;

std::string time_text(std::uint64_t time_ns) {
  const auto seconds = static_cast<std::time_t>(time_ns / kNsPerSecond);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char day[32];
  char text[64];
  std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text, sizeof text, "%s.%09uZ", day, static_cast<unsigned>(time_ns % kNsPerSecond));
  return text;
}

Json begin(const AuditPlace &place, std::uint64_t time_ns) {
  Json content;
  content["prev"] = place.prev;
  content["chain"] = place.chain;
  content["number"] = place.number;
  content["time"] = time_text(time_ns);
  return content;
}

std::string open_object(const Json &content) {
  std::string text = content.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.pop_back();
  return text;
}

}  // namespace

const char *mac_name(bool keyed) { return keyed ? "hmac-sha256" : "sha256"; }

std::string audit_content(const AuditPlace &place, const AuditEntry &entry, std::uint64_t time_ns) {
  Json content = begin(place, time_ns);
  content["decision"] = capsule_audit_decision_name(entry.decision);
  content["caller"] = entry.caller;
  content["call"] = entry.call;
  content["target"] = entry.target;
  content["policy"] = entry.policy;
  content["level"] = entry.level;
  content["redactions"] = entry.redactions;
  content["answer_bytes"] = entry.answer_bytes;
  if (place.lost > 0) {
    content["lost"] = place.lost;
  }
  return open_object(content);
}

std::string start_content(const AuditPlace &place, bool keyed, std::uint64_t time_ns) {
  Json content = begin(place, time_ns);
  content["decision"] = capsule_audit_decision_name(CAPSULE_AUDIT_START);
  content["mac"] = mac_name(keyed);
  return open_object(content);
}

std::string audit_line(std::string content, const std::string &hash) {
  content += kHashField;
  content += hash;
  content += "\"}";
  return content;
}

std::uint64_t unix_time_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

}  // namespace capsule
