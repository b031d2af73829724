#include "bridge/schema.hpp"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <array>

#include "base/json_levels.hpp"
#include "base/utf8.hpp"

namespace capsule {
namespace {

using Json = rapidjson::Document;
using Value = rapidjson::Value;
using Allocator = Json::AllocatorType;

// Of a place in a document that does not fit, as a message tells it.
constexpr std::size_t kMostOfPath = 200;
// Levels of arrays and objects: the validator goes down them by calling itself, on a stack of the host's.
constexpr std::size_t kMostLevels = 1000;

// Keywords whose values are schemas, lists of them, or objects of them.
constexpr std::array kOfSchema = {"not", "additionalProperties", "additionalItems", "items"};
constexpr std::array kOfSchemas = {"allOf", "anyOf", "oneOf", "items"};
constexpr std::array kOfNamedSchemas = {"properties", "patternProperties", "definitions", "$defs", "dependencies"};
// Assertions that the validator knows, and what asserts nothing.
constexpr std::array kOthers = {"type",
                                "enum",
                                "required",
                                "minProperties",
                                "maxProperties",
                                "minItems",
                                "maxItems",
                                "uniqueItems",
                                "minLength",
                                "maxLength",
                                "pattern",
                                "minimum",
                                "maximum",
                                "exclusiveMinimum",
                                "exclusiveMaximum",
                                "multipleOf",
                                "$ref",
                                "$schema",
                                "$id",
                                "id",
                                "$comment",
                                "title",
                                "description",
                                "default",
                                "examples",
                                "format",
                                "readOnly",
                                "writeOnly",
                                "deprecated"};

template <typename List>
bool is_one_of(const List &list, const char *keyword) {
  return std::find_if(list.begin(), list.end(), [&](const char *one) { return std::string_view(one) == keyword; }) !=
         list.end();
}

Status parse(const std::string &argument, std::string_view text, Json &document) {
  // Iteratively: a document that is nested a million times must not end the host.
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  if (document.HasParseError()) {
    return {CAPSULE_E_ARGUMENT, argument + " is no JSON: at byte " + std::to_string(document.GetErrorOffset()) + ": " +
                                    rapidjson::GetParseError_En(document.GetParseError())};
  }
  return {};
}

// Rewrites a schema of a later draft as one of Draft 4.
class Translator {
 public:
  Translator(std::string argument, Allocator &allocator) : argument_(std::move(argument)), allocator_(allocator) {}

  Status translate(Value &schema, const std::string &path) {
    if (path.size() > kDeepest) {
      return refuse(path, "is nested too deep");
    }
    if (schema.IsBool()) {  // anything, or nothing
      const bool anything = schema.GetBool();
      schema.SetObject();
      if (!anything) {
        schema.AddMember("not", Value(rapidjson::kObjectType), allocator_);
      }
      return {};
    }
    if (!schema.IsObject()) {
      return refuse(path, "is no schema");
    }
    rename(schema, "dependentRequired", "dependencies");
    rename(schema, "prefixItems", "items", "additionalItems");
    if (auto constant = schema.FindMember("const"); constant != schema.MemberEnd()) {
      Value only(rapidjson::kArrayType);
      only.PushBack(constant->value, allocator_);
      schema.EraseMember(constant);
      schema.AddMember("enum", only, allocator_);
    }
    bound(schema, "exclusiveMinimum", "minimum");
    bound(schema, "exclusiveMaximum", "maximum");
    for (auto &member : schema.GetObject()) {
      if (Status status = translate_member(member, path); !status.ok()) {
        return status;
      }
    }
    return {};
  }

 private:
  static constexpr std::size_t kDeepest = 4096;

  Status refuse(const std::string &path, const std::string &why) const {
    return {CAPSULE_E_ARGUMENT, argument_ + ": '" + (path.empty() ? "/" : path.substr(0, 200)) + "' " + why};
  }

  Status translate_member(Value::Member &member, const std::string &path) {
    const char *keyword = member.name.GetString();
    const std::string below = path + "/" + keyword;
    Value &value = member.value;
    if (is_one_of(kOfNamedSchemas, keyword)) {
      if (!value.IsObject()) {
        return refuse(below, "is no object of schemas");
      }
      for (auto &named : value.GetObject()) {
        if (named.value.IsArray()) {  // of dependencies: names
          continue;
        }
        if (Status status = translate(named.value, below + "/" + named.name.GetString()); !status.ok()) {
          return status;
        }
      }
      return {};
    }
    if (is_one_of(kOfSchemas, keyword) && value.IsArray()) {
      for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
        if (Status status = translate(value[i], below + "/" + std::to_string(i)); !status.ok()) {
          return status;
        }
      }
      return {};
    }
    if (is_one_of(kOfSchema, keyword)) {
      const bool switches = value.IsBool() && std::string_view(keyword).starts_with("additional");  // known as they are
      return switches ? Status() : translate(value, below);
    }
    if (std::string_view(keyword) == "$ref" &&
        !(value.IsString() && value.GetStringLength() > 0 && *value.GetString() == '#')) {
      return refuse(below, "refers to another document");
    }
    return is_one_of(kOthers, keyword) ? Status() : refuse(below, "is a keyword that is not known");
  }

  // A keyword by its older name; where there are both the older one is of the rest, and has an older name too.
  void rename(Value &schema, const char *now, const char *before, const char *rest = nullptr) {
    auto found = schema.FindMember(now);
    if (found == schema.MemberEnd()) {
      return;
    }
    Value value(found->value, allocator_);
    schema.EraseMember(found);
    if (auto other = schema.FindMember(before); other != schema.MemberEnd()) {
      if (rest != nullptr) {
        Value rest_value(other->value, allocator_);
        schema.AddMember(rapidjson::StringRef(rest), rest_value, allocator_);
      }
      schema.EraseMember(other);
    }
    schema.AddMember(rapidjson::StringRef(before), value, allocator_);
  }

  // A number of later drafts as the pair of Draft 4: the stricter of the two bounds holds.
  void bound(Value &schema, const char *exclusive, const char *inclusive) {
    auto found = schema.FindMember(exclusive);
    if (found == schema.MemberEnd() || !found->value.IsNumber()) {
      return;
    }
    Value limit(found->value, allocator_);
    schema.EraseMember(found);
    if (auto other = schema.FindMember(inclusive); other != schema.MemberEnd() && other->value.IsNumber()) {
      const bool lower = std::string_view(inclusive) == "minimum";
      const double first = other->value.GetDouble();
      const double second = limit.GetDouble();
      if (lower ? first > second : first < second) {
        return;  // the inclusive one is stricter
      }
      schema.EraseMember(other);
    }
    schema.AddMember(rapidjson::StringRef(inclusive), limit, allocator_);
    schema.AddMember(rapidjson::StringRef(exclusive), true, allocator_);
  }

  const std::string argument_;
  Allocator &allocator_;
};

class CompiledSchema : public Schema {
 public:
  explicit CompiledSchema(const Json &schema) : schema_(schema) {}

  [[nodiscard]] Status check(const std::string &argument, std::string_view text) const override {
    Json document;
    if (Status status = parse(argument, text, document); !status.ok()) {
      return status;
    }
    if (json_levels(text) > kMostLevels) {
      return {CAPSULE_E_ARGUMENT, argument + " is nested deeper than " + std::to_string(kMostLevels) + " levels"};
    }
    rapidjson::SchemaValidator validator(schema_);
    if (document.Accept(validator)) {
      return {};
    }
    rapidjson::StringBuffer where;
    validator.GetInvalidDocumentPointer().Stringify(where);
    std::string path = where.GetString();
    path.resize(utf8_prefix(path, kMostOfPath));
    return {CAPSULE_E_ARGUMENT, argument + ": '" + (path.empty() ? "/" : path) + "' does not fit '" +
                                    validator.GetInvalidSchemaKeyword() + "' of its schema"};
  }

 private:
  const rapidjson::SchemaDocument schema_;
};

}  // namespace

Status check_json(const std::string &argument, std::string_view text) {
  Json document;
  return parse(argument, text, document);
}

Result<std::shared_ptr<const Schema>> Schema::compile(const std::string &argument, std::string_view text) {
  Json schema;
  if (Status status = parse(argument, text, schema); !status.ok()) {
    return status;
  }
  if (Status status = Translator(argument, schema.GetAllocator()).translate(schema, ""); !status.ok()) {
    return status;
  }
  return std::shared_ptr<const Schema>(std::make_shared<CompiledSchema>(schema));
}

}  // namespace capsule
