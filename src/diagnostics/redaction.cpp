#include "diagnostics/redaction.hpp"

#include "base/digest.hpp"
#include "base/utf8.hpp"

namespace capsule {
namespace {

// 64 bits: as many names collide once in four billion.
constexpr std::size_t kHashBytes = 8;
constexpr std::size_t kMostHashes = 4'096;

}  // namespace

Label Redactor::label(std::string_view name) {
  if (rules_.level >= CAPSULE_INSPECT_FULL) {
    return cut(std::string(name), CAPSULE_LABEL_NAME);
  }
  ++redactions_;
  if (rules_.form == CAPSULE_REDACT_HASH) {
    return cut(hash(name), CAPSULE_LABEL_HASH);
  }
  return rules_.form == CAPSULE_REDACT_LENGTH ? cut("len:" + std::to_string(name.size()), CAPSULE_LABEL_LENGTH)
                                              : Label{.form = CAPSULE_LABEL_DROPPED};
}

const std::string &Redactor::hash(std::string_view name) {
  const auto known = hashes_.find(name);
  if (known != hashes_.end()) {
    return known->second;
  }
  if (hashes_.size() >= kMostHashes) {
    hashes_.clear();
  }
  return hashes_.emplace(name, "h:" + hex_of(digest_of(name, rules_.key), kHashBytes)).first->second;
}

Label Redactor::plain(std::string_view name) const { return cut(std::string(name), CAPSULE_LABEL_NAME); }

Label Redactor::cut(std::string text, std::int32_t form) const {
  const std::uint64_t full = text.size();
  text.resize(utf8_prefix(text, rules_.max_label_bytes));
  return {.text = std::move(text), .full_bytes = full, .form = form};
}

}  // namespace capsule
