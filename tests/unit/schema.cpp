// JSON Schemas: what is translated, what is refused, what is checked.
#include "bridge/schema.hpp"

#include "test.hpp"

using namespace capsule;
using namespace capsule_test;

namespace {

std::string compile_error(std::string_view schema) { return Schema::compile("schema", schema).status().message(); }

bool fits(std::string_view schema, std::string_view document) {
  auto compiled = Schema::compile("schema", schema);
  CHECK_EQ(compiled.status().message(), "");
  return compiled.value()->check("document", document).ok();
}

}  // namespace

CAPSULE_TEST(later_drafts_mean_what_they_say) {
  CHECK(fits(R"({"const": {"a": 1}})", R"({"a": 1})") && !fits(R"({"const": 1})", "2"));
  CHECK(fits(R"({"exclusiveMinimum": 0})", "0.1") && !fits(R"({"exclusiveMinimum": 0})", "0"));
  CHECK(!fits(R"({"exclusiveMaximum": 5, "maximum": 9})", "5") && fits(R"({"exclusiveMaximum": 5, "maximum": 9})", "4"));
  CHECK(fits(R"({"exclusiveMaximum": 9, "maximum": 5})", "5") && !fits(R"({"exclusiveMaximum": 9, "maximum": 5})", "6"));
  CHECK(fits(R"({"prefixItems": [{"type": "string"}], "items": false})", R"(["a"])"));
  CHECK(!fits(R"({"prefixItems": [{"type": "string"}], "items": false})", R"(["a", 1])"));
  CHECK(!fits(R"({"properties": {"a": false}})", R"({"a": 1})") && fits(R"({"properties": {"a": true}})", R"({"a": 1})"));
  CHECK(!fits(R"({"dependentRequired": {"a": ["b"]}})", R"({"a": 1})"));
  CHECK(!fits(R"({"properties": {"a": {"$ref": "#/definitions/n"}}, "definitions": {"n": {"type": "integer"}}})",
              R"({"a": "x"})"));
}

CAPSULE_TEST(no_assertion_is_passed_over) {
  CHECK_CONTAINS(compile_error(R"({"if": {}})"), "schema: '/if' is a keyword that is not known");
  CHECK_CONTAINS(compile_error(R"({"items": {"contains": {}}})"), "'/items/contains' is a keyword that is not known");
  CHECK_CONTAINS(compile_error(R"({"$ref": "http://example.com/x"})"), "refers to another document");
  CHECK_CONTAINS(compile_error("[]"), "is no schema");
  CHECK_CONTAINS(compile_error("{"), "schema is no JSON");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) {
    deep += R"({"not":)";
  }
  CHECK_CONTAINS(compile_error(deep + "{}" + std::string(100'000, '}')), "nested too deep");
}

CAPSULE_TEST(a_document_that_is_nested_deep_does_no_harm) {
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  CHECK(check_json("document", deep).ok());
  CHECK_CONTAINS(check_json("document", "[1, 2").message(), "document is no JSON: at byte 5");
  CHECK_CONTAINS(check_json("document", "\"\xff\"").message(), "document is no JSON");
}

CAPSULE_TEST(a_document_that_is_nested_deep_is_not_compared_with_a_schema) {
  const auto nested = [](std::size_t levels) {
    return R"({"[\"[": )" + std::string(levels, '[') + std::string(levels, ']') + "}";
  };
  auto compiled = Schema::compile("schema", R"({"type": "object"})");
  CHECK(compiled.value()->check("arguments", nested(999)).ok());
  for (const std::size_t levels : {1'000U, 8'000'000U}) {
    CHECK_CONTAINS(compiled.value()->check("arguments", nested(levels)).message(),
                   "arguments is nested deeper than 1000 levels");
  }
}
