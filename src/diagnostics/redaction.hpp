// What a policy makes of a name: shown, hashed, measured or dropped, and then cut. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "capsule/introspection.h"

namespace capsule {

// A capsule_label that owns its text.
struct Label {
  std::string text{};
  std::uint64_t full_bytes = 0;
  std::int32_t form = CAPSULE_LABEL_DROPPED;
};

struct Redaction {
  std::int32_t level = CAPSULE_INSPECT_COUNTS;
  std::int32_t form = CAPSULE_REDACT_HASH;
  std::uint32_t max_label_bytes = 64;
  std::string key{};  // never empty where it hashes
};

class Redactor {
 public:
  explicit Redactor(Redaction rules) : rules_(std::move(rules)) {}

  Label label(std::string_view name);
  // Names are shown in some form, and what they belong to.
  [[nodiscard]] bool shows_rows() const { return rules_.level >= CAPSULE_INSPECT_REDACTED; }
  // A name that nobody chose: it is cut alone.
  [[nodiscard]] Label plain(std::string_view name) const;
  // Of label(), so far.
  [[nodiscard]] std::uint64_t redactions() const { return redactions_; }

 private:
  [[nodiscard]] Label cut(std::string text, std::int32_t form) const;
  const std::string &hash(std::string_view name);

  const Redaction rules_;
  std::map<std::string, std::string, std::less<>> hashes_;  // of the names so far: a stack has one again and again
  std::uint64_t redactions_ = 0;
};

}  // namespace capsule
