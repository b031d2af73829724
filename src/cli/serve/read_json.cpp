#include "cli/serve/read_json.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "cli/base64.hpp"
#include "cli/serve/bad_parameter.hpp"

namespace capsule::cli::serve {
namespace {

template <typename T>
void store(std::byte *at, T value) {
  std::memcpy(at, &value, sizeof value);
}

const std::string &text_of(const Json &value, const std::string &path) {
  if (!value.is_string()) {
    throw BadParameter(path, "it has to be a text");
  }
  return value.get_ref<const std::string &>();
}

// The value of a name of an enumeration, which may be given as it is too.
std::int64_t value_named(const Enumeration &enumeration, const Json &name, const std::string &path) {
  const std::string &text = text_of(name, path);
  std::string known;
  for (const Enumerator &one : enumeration.values) {
    if (one.name == text) {
      return one.value;
    }
    known += (known.empty() ? "" : ", ") + std::string(one.name);
  }
  throw BadParameter(path, "there is no '" + text + "'; there are " + known);
}

std::int64_t bits_named(const Enumeration &enumeration, const Json &names, const std::string &path) {
  std::int64_t bits = 0;
  for (const Json &name : names) {
    bits |= value_named(enumeration, name, path);
  }
  return bits;
}

// 1 and 0 may be said as true and false.
template <typename Number>
Number number_of(const Json &value, const std::string &path) {
  if (value.is_boolean()) {
    return value.get<bool>() ? 1 : 0;
  }
  if constexpr (std::is_floating_point_v<Number>) {
    if (value.is_number()) {
      return value.get<Number>();
    }
    throw BadParameter(path, "it has to be a number");
  } else {
    if (!value.is_number_integer()) {
      throw BadParameter(path, "it has to be a whole number");
    }
    const bool fits = value.is_number_unsigned() ? std::in_range<Number>(value.get<std::uint64_t>())
                                                 : std::in_range<Number>(value.get<std::int64_t>());
    if (!fits) {
      throw BadParameter(path, "it has to be " + std::to_string(std::numeric_limits<Number>::min()) + " … " +
                                   std::to_string(std::numeric_limits<Number>::max()));
    }
    return value.get<Number>();
  }
}

template <typename Number>
void store_number(const Member &member, const Json &value, std::byte *at, const std::string &path) {
  const Enumeration *enumeration = member.enumeration;
  if (enumeration != nullptr && enumeration->flags && value.is_array()) {
    store(at, static_cast<Number>(bits_named(*enumeration, value, path)));
  } else if (enumeration != nullptr && !value.is_number()) {
    store(at, static_cast<Number>(value_named(*enumeration, value, path)));
  } else {
    store(at, number_of<Number>(value, path));
  }
}

void store_length(const Member &member, std::size_t length, std::byte *base) {
  if (member.length_kind == Kind::kU64) {
    store(base + member.length_offset, static_cast<std::uint64_t>(length));
  } else {
    store(base + member.length_offset, static_cast<std::uint32_t>(length));
  }
}

const Member *member_named(const Struct &structure, std::string_view name) {
  const auto found =
      std::find_if(structure.members.begin(), structure.members.end(), [name](const Member &one) { return one.name == name; });
  return found == structure.members.end() ? nullptr : &*found;
}

std::size_t size_of(const Member &member) {
  switch (member.entry) {
    case Kind::kText:
      return sizeof(capsule_text);
    case Kind::kStruct:
      return member.structure->size;
    default:
      return sizeof(std::uint64_t);
  }
}

}  // namespace

std::byte *Memory::structure(const Struct &structure, std::size_t count) {
  std::byte *const first = room(structure.size * count);
  for (std::size_t i = 0; i < count; ++i) {
    std::byte *const one = first + structure.size * i;
    if (structure.init != nullptr) {
      structure.init(one, static_cast<std::uint32_t>(structure.size));
    } else if (structure.extensible) {
      store(one, static_cast<std::uint32_t>(structure.size));
    }
  }
  return first;
}

void Reader::read(const Member &member, const Json &value, std::byte *base, const std::string &path) const {
  std::byte *const at = base + member.offset;
  switch (member.kind) {
    case Kind::kI32:
      return store_number<std::int32_t>(member, value, at, path);
    case Kind::kU32:
      return store_number<std::uint32_t>(member, value, at, path);
    case Kind::kI64:
      return store_number<std::int64_t>(member, value, at, path);
    case Kind::kU64:
      return store_number<std::uint64_t>(member, value, at, path);
    case Kind::kDouble:
      return store(at, number_of<double>(value, path));
    case Kind::kText: {
      const std::string &text = read_bytes(value, path);
      return store(at, capsule_text{text.data(), text.size()});
    }
    case Kind::kBytes: {
      const std::string &bytes = read_bytes(value, path);
      store(at, bytes.data());
      return store_length(member, bytes.size(), base);
    }
    case Kind::kHandle:
      return store(at, handles_.find(member.handle, text_of(value, path), path));
    case Kind::kStruct:
      return read_struct(*member.structure, value, at, path);
    case Kind::kPointer: {
      std::byte *const pointed = memory_.structure(*member.structure);
      read_struct(*member.structure, value, pointed, path);
      return store(at, pointed);
    }
    case Kind::kArray:
      return read_array(member, value, base, path);
    case Kind::kString:
    case Kind::kFixed:
      throw BadParameter(path, "it cannot be set");
  }
}

void Reader::read_struct(const Struct &structure, const Json &object, std::byte *base, const std::string &path) const {
  if (!object.is_object()) {
    throw BadParameter(path, "it has to be an object");
  }
  for (const auto &item : object.items()) {
    std::string inner = path;
    inner.append(".").append(item.key());
    const Member *member = member_named(structure, item.key());
    if (member == nullptr) {
      throw BadParameter(inner, "there is no such key");
    }
    if (!item.value().is_null()) {
      read(*member, item.value(), base, inner);
    }
  }
}

void Reader::read_array(const Member &member, const Json &list, std::byte *base, const std::string &path) const {
  if (!list.is_array()) {
    throw BadParameter(path, "it has to be a list");
  }
  const std::size_t size = size_of(member);
  std::byte *const entries =
      member.entry == Kind::kStruct ? memory_.structure(*member.structure, list.size()) : memory_.room(size * list.size());
  // Each is read as a member of its kind, alone in its place.
  const Member entry{.kind = member.entry, .structure = member.structure, .enumeration = member.enumeration};
  for (std::size_t i = 0; i < list.size(); ++i) {
    read(entry, list[i], entries + size * i, path + "[" + std::to_string(i) + "]");
  }
  store(base + member.offset, entries);
  store_length(member, list.size(), base);
}

// A text, or bytes that are none: {"base64": …}.
const std::string &Reader::read_bytes(const Json &value, const std::string &path) const {
  if (value.is_string()) {
    return memory_.text(value.get<std::string>());
  }
  if (value.is_object() && value.size() == 1 && value.contains("base64")) {
    auto bytes = base64_decoded(text_of(value["base64"], path + ".base64"));
    if (!bytes) {
      throw BadParameter(path + ".base64", "it is no base64");
    }
    return memory_.text(std::move(*bytes));
  }
  throw BadParameter(path, R"(it has to be a text, or {"base64": …})");
}

}  // namespace capsule::cli::serve
