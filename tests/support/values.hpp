// Values between host and session, as tests use them.
#pragma once

#include <string>
#include <string_view>

#include "run.hpp"
#include "session.hpp"
#include "test.hpp"

namespace capsule_test {

using namespace std::string_view_literals;

inline void set_value(const Session &session, std::string_view name, std::int32_t kind, std::string_view data,
                      std::int32_t strategy = CAPSULE_SET_OVERWRITE) {
  const capsule_value value{.struct_size = sizeof value, .kind = kind, .data = data.data(), .size_bytes = data.size()};
  ACCEPTED(capsule_session_set(session.get(), name.data(), name.size(), &value, strategy, kPatienceMs, error));
}
inline void set_json(const Session &session, std::string_view name, std::string_view json) {
  set_value(session, name, CAPSULE_VALUE_JSON, json);
}
inline void set_text(const Session &session, std::string_view name, std::string_view text) {
  set_value(session, name, CAPSULE_VALUE_TEXT, text);
}
inline void set_bytes(const Session &session, std::string_view name, std::string_view bytes) {
  set_value(session, name, CAPSULE_VALUE_BYTES, bytes);
}

// A value that was read.
class Value {
 public:
  Value(const Session &session, std::string_view name, std::int32_t kind = CAPSULE_VALUE_AUTO) {
    ACCEPTED(capsule_session_get(session.get(), name.data(), name.size(), kind, kPatienceMs, &raw_, error));
  }
  Value(const Value &) = delete;
  Value &operator=(const Value &) = delete;
  ~Value() { capsule_value_release(&raw_); }

  const capsule_value *operator->() const { return &raw_; }
  [[nodiscard]] std::string_view data() const { return {static_cast<const char *>(raw_.data), raw_.size_bytes}; }

 private:
  capsule_value raw_{.struct_size = sizeof(capsule_value)};
};

class NameList {
 public:
  explicit NameList(const Session &session, std::uint32_t limit = 1000) {
    ACCEPTED(capsule_session_list(session.get(), limit, kPatienceMs, &raw_, error));
  }
  NameList(const NameList &) = delete;
  NameList &operator=(const NameList &) = delete;
  ~NameList() { capsule_name_list_release(&raw_); }

  const capsule_name_list *operator->() const { return &raw_; }

  // "name type kind, …".
  [[nodiscard]] std::string text() const {
    constexpr const char *kinds[] = {"?", "value", "function", "class", "module"};
    std::string text;
    for (std::size_t i = 0; i < raw_.count; ++i) {
      const capsule_name &name = raw_.names[i];
      text += (i == 0 ? "" : ", ") + string_of(name.name) + " " + string_of(name.type_name) + " " + kinds[name.kind];
    }
    return text;
  }

 private:
  capsule_name_list raw_{.struct_size = sizeof(capsule_name_list)};
};

}  // namespace capsule_test
