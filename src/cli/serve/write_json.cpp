#include "cli/serve/write_json.hpp"

#include <cmath>
#include <cstring>
#include <string>

#include "base/utf8.hpp"
#include "cli/base64.hpp"
#include "cli/serve/thunks.hpp"

namespace capsule::cli::serve {
namespace {

Json name_of(const Enumeration &enumeration, std::int64_t value) {
  for (const Enumerator &one : enumeration.values) {
    if (one.value == value) {
      return one.name;
    }
  }
  return value;
}

Json names_of(const Enumeration &enumeration, std::int64_t bits) {
  Json names = Json::array();
  for (const Enumerator &one : enumeration.values) {
    if ((bits & one.value) != 0) {
      names.push_back(one.name);
    }
  }
  return names;
}

template <typename Number>
Json number(const Member &member, const std::byte *at) {
  const auto value = load<Number>(at);
  if (member.enumeration == nullptr) {
    return value;
  }
  const auto code = static_cast<std::int64_t>(value);
  return member.enumeration->flags ? names_of(*member.enumeration, code) : name_of(*member.enumeration, code);
}

Json bytes(const char *data, std::size_t size) {
  if (data == nullptr) {
    return nullptr;
  }
  const std::string_view all(data, size);
  return is_utf8(all) ? Json(all) : Json{{"base64", base64(all)}};
}

std::size_t length_of(const Member &member, const std::byte *base) {
  const std::byte *const at = base + member.length_offset;
  return member.length_kind == Kind::kU64 ? load<std::uint64_t>(at) : load<std::uint32_t>(at);
}

std::size_t size_of(const Member &member, const std::byte *base) {
  if (member.stride_offset != 0) {
    return load<std::uint32_t>(base + member.stride_offset);
  }
  if (member.entry == Kind::kStruct) {
    return member.structure->size;
  }
  return member.entry == Kind::kText ? sizeof(capsule_text) : sizeof(std::uint64_t);
}

Json list(const Member &member, const std::byte *base, const std::byte *entries, std::size_t count, Form form) {
  Json all = Json::array();
  const Member entry{.kind = member.entry, .structure = member.structure, .enumeration = member.enumeration};
  for (std::size_t i = 0; entries != nullptr && i < count; ++i) {
    all.push_back(to_json(entry, entries + size_of(member, base) * i, form));
  }
  return all;
}

// Whether the member says nothing.
bool is_zero(const Member &member, const std::byte *base) {
  const std::byte *const at = base + member.offset;
  switch (member.kind) {
    case Kind::kI32:
    case Kind::kU32:
      return load<std::uint32_t>(at) == 0;
    case Kind::kArray:
      return length_of(member, base) == 0;
    case Kind::kStruct:
    case Kind::kString:
    case Kind::kFixed:
      return false;
    default:
      return load<std::uint64_t>(at) == 0;
  }
}

}  // namespace

Json to_json(const Member &member, const std::byte *base, Form form) {
  const std::byte *const at = base + member.offset;
  switch (member.kind) {
    case Kind::kI32:
      return number<std::int32_t>(member, at);
    case Kind::kU32:
      return number<std::uint32_t>(member, at);
    case Kind::kI64:
      return number<std::int64_t>(member, at);
    case Kind::kU64:
      return number<std::uint64_t>(member, at);
    case Kind::kDouble: {
      const auto value = load<double>(at);
      return std::isfinite(value) ? Json(value) : Json();
    }
    case Kind::kText: {
      const auto text = load<capsule_text>(at);
      return bytes(text.data, text.size);
    }
    case Kind::kBytes:
      return bytes(load<const char *>(at), length_of(member, base));
    case Kind::kString: {
      const auto *text = reinterpret_cast<const char *>(at);
      return bytes(text, ::strnlen(text, member.count));
    }
    case Kind::kStruct:
      return to_json(member.structure->members, at, form);
    case Kind::kPointer: {
      const auto *pointed = load<const std::byte *>(at);
      return pointed == nullptr ? Json() : to_json(member.structure->members, pointed, form);
    }
    case Kind::kArray:
      return list(member, base, load<const std::byte *>(at), length_of(member, base), form);
    case Kind::kFixed:
      return list(member, base, at, member.count, form);
    case Kind::kHandle:
      break;  // only the caller's own names tell which
  }
  return nullptr;
}

Json to_json(std::span<const Member> members, const std::byte *base, Form form) {
  Json object = Json::object();
  for (const Member &member : members) {
    if (member.kind != Kind::kHandle && (form == Form::kAll || !is_zero(member, base))) {
      object[std::string(member.name)] = to_json(member, base, form);
    }
  }
  return object;
}

}  // namespace capsule::cli::serve
