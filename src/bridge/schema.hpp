// JSON Schemas, by RapidJSON, which knows Draft 4: what later drafts say otherwise and means the same is translated, what they say
// beyond is refused when the schema is compiled, so that no assertion is passed over.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace capsule {

class Schema {
 public:
  // CAPSULE_E_ARGUMENT, naming `argument` and where in the document, for what is no schema, or asserts what is not known.
  static Result<std::shared_ptr<const Schema>> compile(const std::string &argument, std::string_view text);
  virtual ~Schema() = default;

  // CAPSULE_E_ARGUMENT, telling where in the document, and which assertion does not hold.
  [[nodiscard]] virtual Status check(const std::string &argument, std::string_view document) const = 0;
};

// Whether a text is one JSON document; CAPSULE_E_ARGUMENT, with the offset, where it is not.
Status check_json(const std::string &argument, std::string_view document);

}  // namespace capsule
