// Structs as hosts with older and with newer headers have them: sizes up to each field, and room behind the last.
#pragma once

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "check.hpp"

namespace capsule_test {

inline constexpr unsigned char kCanary = 0xA5;
inline constexpr std::size_t kRoom = 64;

struct Layout {
  std::size_t size;
  // Where a field begins: sizes that the struct had, or could have had, in older headers; the whole size last.
  std::vector<std::size_t> ends;
};

inline std::map<std::string, Layout> layouts() {
  std::ifstream file(CAPSULE_TEST_SOURCE_DIR "/abi/api.json");
  std::map<std::string, Layout> found;
  const nlohmann::json structs = nlohmann::json::parse(file).at("structs");
  for (const nlohmann::json &entry : structs) {
    if (!entry.at("extensible").get<bool>()) {
      continue;
    }
    Layout layout{entry.at("size").get<std::size_t>(), {}};
    const auto align = entry.at("align").get<std::size_t>();  // no struct ends within it
    for (const nlohmann::json &field : entry.at("fields")) {
      const auto offset = field.at("offset").get<std::size_t>();
      if (offset >= 8 && offset % align == 0) {
        layout.ends.push_back(offset);
      }
    }
    layout.ends.push_back(layout.size);
    found[entry.at("name").get<std::string>()] = layout;
  }
  return found;
}

// The struct in the caller's memory, with room behind it.
class Given {
 public:
  explicit Given(std::size_t size) : bytes_(size + 2 * kRoom, kCanary) {}

  [[nodiscard]] void *get() { return bytes_.data(); }
  unsigned char &operator[](std::size_t at) { return bytes_[at]; }
  void begin(std::size_t size) {
    std::memset(bytes_.data(), 0, size);
    set_size(size);
  }
  void set_size(std::size_t size) {
    const auto struct_size = static_cast<std::uint32_t>(size);
    std::memcpy(bytes_.data(), &struct_size, sizeof struct_size);
  }
  [[nodiscard]] std::uint32_t size() const {
    std::uint32_t struct_size = 0;
    std::memcpy(&struct_size, bytes_.data(), sizeof struct_size);
    return struct_size;
  }
  [[nodiscard]] bool all(std::size_t from, std::size_t to, unsigned char byte) const {
    return std::all_of(bytes_.begin() + static_cast<std::ptrdiff_t>(from), bytes_.begin() + static_cast<std::ptrdiff_t>(to),
                       [byte](unsigned char b) { return b == byte; });
  }
  [[nodiscard]] bool untouched_from(std::size_t from) const { return all(from, bytes_.size(), kCanary); }

 private:
  std::vector<unsigned char> bytes_;
};

using GrowthCall = std::function<capsule_status(void *given, capsule_error *error)>;
using Touch = std::function<void(void *given)>;

// One struct: a call that is given it, what fills it before where the call reads it, what frees what it holds where the call writes it.
struct Row {
  GrowthCall call;
  Touch fill = nullptr;
  Touch release = nullptr;
};

template <typename T>
GrowthCall given(std::function<capsule_status(T *, capsule_error *)> call) {
  return [call](void *bytes, capsule_error *error) { return call(static_cast<T *>(bytes), error); };
}

template <typename T>
Touch touching(std::function<void(T *)> touch) {
  return [touch](void *bytes) { touch(static_cast<T *>(bytes)); };
}

// A struct that a call reads: with its defaults, and what else the call needs.
template <typename T>
Row read(
    void (*init)(T *, std::uint32_t), std::function<capsule_status(T *, capsule_error *)> call,
    std::function<void(T *)> more = [](T *) {}) {
  return {given<T>(call), touching<T>([init, more](T *options) {
            init(options, sizeof *options);
            more(options);
          })};
}

template <typename T>
Row written(std::function<capsule_status(T *, capsule_error *)> call, void (*release)(T *) = nullptr) {
  return {given<T>(call), nullptr, release == nullptr ? Touch() : touching<T>(release)};
}

// A size is refused for being too small, or taken; once it is taken, so are all larger ones, and the whole.
class Sizes {
 public:
  Sizes(std::string name, std::size_t whole) : name_(std::move(name)), whole_(whole) {}
  bool taken(std::size_t size, capsule_status status, const capsule_error &error) {
    const std::string what = name_ + " of " + show(size) + " bytes: " + capsule_status_name(status) + ": " + error.message;
    const bool refused =
        status == CAPSULE_E_ARGUMENT || status == CAPSULE_E_HANDLE;  // too small, or without a handle that is due
    if (status != CAPSULE_OK && (!refused || taken_ || size >= whole_)) {
      FAIL(what);
    }
    taken_ = status == CAPSULE_OK;
    return taken_;
  }

 private:
  const std::string name_;
  const std::size_t whole_;
  bool taken_ = false;
};

inline void check_read(const std::string &name, const Layout &layout, const Row &row) {
  capsule_error error{.struct_size = sizeof error};
  Sizes sizes(name, layout.size);
  for (const std::size_t size : layout.ends) {
    Given older(layout.size);
    row.fill(older.get());
    std::fill_n(&older[size], layout.size - size, kCanary);
    older.set_size(size);
    sizes.taken(size, row.call(older.get(), &error), error);
    CHECK(older.untouched_from(size));
  }
  for (const std::size_t set : {kRoom, std::size_t{0}, kRoom / 2, kRoom - 1}) {
    Given newer(layout.size);
    newer.begin(layout.size + kRoom);
    row.fill(newer.get());
    newer.set_size(layout.size + kRoom);
    if (set < kRoom) {
      newer[layout.size + set] = 1;
    }
    const capsule_status status = row.call(newer.get(), &error);
    if (status != (set < kRoom ? CAPSULE_E_ARGUMENT : CAPSULE_OK)) {
      FAIL(name + " of newer headers, byte " + show(set) + " set: " + capsule_status_name(status));
    }
  }
}

inline void check_written(const std::string &name, const Layout &layout, const Row &row) {
  capsule_error error{.struct_size = sizeof error};
  Sizes sizes(name, layout.size);
  for (const std::size_t size : layout.ends) {
    Given older(layout.size);
    older.begin(size);
    const bool taken = sizes.taken(size, row.call(older.get(), &error), error);
    CHECK_EQ(older.size(), size);
    CHECK(older.untouched_from(size));
    if (taken && row.release) {
      row.release(older.get());
      CHECK(older.untouched_from(size));
    }
  }
  Given newer(layout.size);
  newer.begin(layout.size);
  newer.set_size(layout.size + kRoom);
  sizes.taken(layout.size + kRoom, row.call(newer.get(), &error), error);
  // A field that an older library does not know must not look as if it were set.
  CHECK_EQ(newer.size(), layout.size + kRoom);
  if (!newer.all(layout.size, layout.size + kRoom, 0)) {
    FAIL(name + ": what the library does not know is not zero");
  }
  CHECK(newer.untouched_from(layout.size + kRoom));
  if (row.release) {
    row.release(newer.get());
  }
}

}  // namespace capsule_test
