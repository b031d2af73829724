#include "diagnostics/redaction.hpp"

#include "base/digest.hpp"
#include "base/utf8.hpp"

namespace capsule {
namespace {

// 64 bits: as many names collide once in four billion.
constexpr std::size_t kHashBytes = 8;

}  // namespace

Label Redactor::label(std::string_view name) {
  if (rules_.level >= CAPSULE_INSPECT_FULL) {
    return cut(std::string(name), CAPSULE_LABEL_NAME);
  }
  ++redactions_;
  if (rules_.form == CAPSULE_REDACT_HASH) {
    return cut("h:" + hex_of(digest_of(name, rules_.key), kHashBytes), CAPSULE_LABEL_HASH);
  }
  return rules_.form == CAPSULE_REDACT_LENGTH ? cut("len:" + std::to_string(name.size()), CAPSULE_LABEL_LENGTH)
                                              : Label{.form = CAPSULE_LABEL_DROPPED};
}

Label Redactor::plain(std::string_view name) const { return cut(std::string(name), CAPSULE_LABEL_NAME); }

Label Redactor::cut(std::string text, std::int32_t form) const {
  const std::uint64_t full = text.size();
  text.resize(utf8_prefix(text, rules_.max_label_bytes));
  return {.text = std::move(text), .full_bytes = full, .form = form};
}

}  // namespace capsule
