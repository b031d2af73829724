// One record of an audit trail, as a line of JSON that is chained to the one before. Pure: no lock, no file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "capsule/audit.h"

namespace capsule {

// What a guarded call says of itself.
struct AuditEntry {
  std::int32_t decision = CAPSULE_AUDIT_ALLOWED;
  std::int32_t level = 0;
  std::uint64_t redactions = 0;
  std::uint64_t answer_bytes = 0;
  std::string caller{};
  std::string call{};
  std::string target{};
  std::string policy{};
};

// The place of a record in its chain.
struct AuditPlace {
  std::string prev{};  // the head before it; empty for none
  std::string chain{};
  std::uint64_t number = 0;
  std::uint64_t lost = 0;  // records lost since the one before
};

// Sets in front of the hash, which is the last field of a line.
inline constexpr std::string_view kHashField = ",\"hash\":\"";
inline constexpr std::size_t kHashDigits = CAPSULE_AUDIT_HASH_SIZE - 1;

const char *mac_name(bool keyed);
// The line without its hash.
std::string audit_content(const AuditPlace &place, const AuditEntry &entry, std::uint64_t time_ns);
std::string start_content(const AuditPlace &place, bool keyed, std::uint64_t time_ns);
std::string audit_line(std::string content, const std::string &hash);

std::uint64_t unix_time_ns();

}  // namespace capsule
