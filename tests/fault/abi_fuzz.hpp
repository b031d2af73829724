// Chooses arguments for functions of the library: good ones, and such as no caller should give. Pointers are always to memory that is as
// large as the call says, on the heap and no byte larger: the address sanitizer tells what goes beyond.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <random>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "capsule/capsule.h"

namespace capsule_fuzz {

// Number of the kind of handle.
template <typename Handle>
inline constexpr std::size_t kKind = SIZE_MAX;

// Every handle that was made, for all threads: released or not, of which a thread may take any at any time.
class Handles {
 public:
  static constexpr std::size_t kMostKinds = 32;
  static constexpr std::size_t kMost = 6;  // of a kind, which live

  void add(std::size_t kind, void *handle) {
    const std::lock_guard lock(mutex_);
    all_.at(kind).push_back(handle);
  }
  // One that was released: as somebody has it who does not know.
  void add_stale(std::size_t kind, void *handle) {
    const std::lock_guard lock(mutex_);
    all_.at(kind).insert(all_.at(kind).begin(), handle);
  }
  // Some handle of the kind, or null; the youngest most likely.
  void *pick(std::size_t kind, std::uint64_t random) {
    const std::lock_guard lock(mutex_);
    const std::vector<void *> &some = all_.at(kind);
    if (some.empty()) {
      return nullptr;
    }
    const std::size_t back = random % (random % 5 == 0 ? some.size() : std::min<std::size_t>(some.size(), 3));
    return some[some.size() - 1 - back];
  }
  [[nodiscard]] std::vector<void *> take(std::size_t kind) {
    const std::lock_guard lock(mutex_);
    return std::exchange(all_.at(kind), {});
  }
  // Those in front of the last few: to be released before there are too many.
  [[nodiscard]] std::vector<void *> take_old(std::size_t kind) {
    const std::lock_guard lock(mutex_);
    std::vector<void *> &some = all_.at(kind);
    if (some.size() <= kMost) {
      return {};
    }
    const auto end = some.end() - static_cast<std::ptrdiff_t>(kMost / 2);
    std::vector<void *> old(some.begin(), end);
    some.erase(some.begin(), end);
    return old;
  }

 private:
  std::mutex mutex_;
  std::array<std::vector<void *>, kMostKinds> all_;
};

class Fuzz {
 public:
  Fuzz(Handles &handles, std::uint64_t seed, std::string_view file) : handles_(handles), random_(seed), file_(file) {}

  std::uint64_t random() { return random_(); }
  bool one_in(std::uint64_t n) { return random() % n == 0; }
  // Whether a field is given, which is else as its default.
  bool some() { return bold_ != 0 && one_in(bold_); }

  // Memory of exactly so many bytes, zeroed, for the call.
  void *room(std::size_t size) {
    const std::size_t at_least_one = std::max<std::size_t>(size, 1);
    auto &block = blocks_.emplace_back(std::make_unique<char[]>(at_least_one));
    std::memset(block.get(), 0, at_least_one);
    return block.get();
  }
  // Behind the call.
  void forget() { blocks_.clear(); }
  std::uint32_t size() { return static_cast<std::uint32_t>(one_in(2) ? random() % 600 : random() % 2 * 4096); }

  template <typename Number>
  void number(Number &it, std::string_view name) {
    static constexpr std::int64_t kSome[] = {0,    1,    2,     3,       4,         5,          7,        64,
                                             1024, 4096, 65536, 1 << 20, INT32_MAX, UINT32_MAX, INT64_MAX};
    static constexpr std::int64_t kBad[] = {-1, -2, INT32_MIN, INT64_MIN};
    if constexpr (std::is_floating_point_v<Number>) {
      constexpr Number kFloats[] = {
          0, 1, 0.5, -1, 1e300, std::numeric_limits<Number>::quiet_NaN(), std::numeric_limits<Number>::infinity()};
      it = kFloats[random() % std::size(kFloats)];
    } else if (name.ends_with("_ms") || name.ends_with("_ns")) {
      // Nothing waits for long; what cannot be is asked for as well.
      it = static_cast<Number>(one_in(8) ? kBad[1 + random() % 3] : static_cast<std::int64_t>(random() % 8));
    } else if (is_amount(name)) {
      it = static_cast<Number>(one_in(8) ? kBad[random() % std::size(kBad)] : static_cast<std::int64_t>(random() % 3));
    } else {
      it = static_cast<Number>(one_in(8) ? kBad[random() % std::size(kBad)] : kSome[random() % std::size(kSome)]);
      it = one_in(2) ? static_cast<Number>(random() % 6) : it;
    }
  }

  capsule_text text(std::string_view name) {
    capsule_text it{nullptr, 0};
    if (name == "path" && !one_in(8)) {
      return copy(one_in(2) ? std::string_view() : file_);
    }
    bytes(it.data, it.size);
    return it;
  }
  const char *string() {
    if (one_in(6)) {
      return nullptr;
    }
    const capsule_text it = copy(words());
    return it.data;
  }
  template <typename Pointer, typename Size>
  void bytes(Pointer *&data, Size &size) {
    const capsule_text it = one_in(8) ? capsule_text{nullptr, random() % 3 * 7} : exact(words());
    data = it.data;
    size = static_cast<Size>(it.size);
  }
  void source(const char *&data, std::size_t &size) {
    static constexpr std::string_view kSources[] = {
        "out x",   "err x\nout y", "flood 300", "value 5",  "raise E x", "exit 3",       "input ask?", "secret s",
        "sleep 3", "spin",         "kill",      "stubborn", "call read", "call none {}", "sleep 1",    "out a\nvalue b"};
    const capsule_text it = one_in(8) ? exact(words()) : exact(kSources[random() % std::size(kSources)]);
    data = it.data;
    size = it.size;
  }

  template <typename Item, typename Size>
  void items(const Item *&it, Size &count) {
    const std::size_t many = one_in(4) ? 0 : random() % 4;
    count = static_cast<Size>(many);
    if (many == 0) {
      count = static_cast<Size>(one_in(4) ? 1 : 0);  // of none
      it = nullptr;
      return;
    }
    auto *made = static_cast<Item *>(room(many * sizeof(Item)));
    for (std::size_t i = 0; i < many; ++i) {
      make(made[i]);
    }
    it = made;
  }
  template <typename Item>
  void few(const Item *&it) {
    auto *made = static_cast<Item *>(room(4 * sizeof(Item)));
    for (std::size_t i = 0; i < 4; ++i) {
      make(made[i]);
    }
    it = made;
  }
  template <typename Item>
  void out_items(Item *&it, std::size_t &capacity) {
    capacity = random() % 4;
    it = static_cast<Item *>(room(capacity * sizeof(Item)));
    for (std::size_t i = 0; i < capacity; ++i) {
      set_size(it[i], sizeof(Item));
    }
    if (one_in(8)) {
      it = nullptr;
    }
  }

  // Of the right kind and alive, most often; of another, released, null, or of no kind at all.
  template <typename Handle>
  Handle *handle() {
    const std::uint64_t dice = random() % 40;
    if (dice == 0) {
      return nullptr;
    }
    if (dice == 1) {
      std::uint64_t token = random() >> (random() % 64);
      Handle *made = nullptr;
      std::memcpy(&made, &token, sizeof made);
      return made;
    }
    const std::size_t kind = dice == 2 ? random() % kKind<void> : kKind<Handle>;
    return static_cast<Handle *>(handles_.pick(kind, random()));
  }
  template <typename Handle>
  Handle **out_handle() {
    return one_in(12) ? nullptr : static_cast<Handle **>(room(sizeof(Handle *)));
  }
  template <typename Handle>
  void keep(Handle **made) {
    if (made != nullptr && *made != nullptr) {
      handles_.add(kKind<Handle>, *made);
    }
  }

  capsule_error *error() { return one_in(6) ? nullptr : sized<capsule_error>(); }
  template <typename Struct>
  const Struct *in() {
    if (one_in(10)) {
      return nullptr;
    }
    Struct whole{};
    const std::uint64_t before = std::exchange(bold_, one_in(3) ? 0 : one_in(3) ? 3 : 12);
    fill(*this, whole);
    bold_ = before;
    tame(whole);
    // Of a pool's or session's options a part would leave Python to be its default.
    constexpr bool kWhole = std::is_same_v<Struct, capsule_pool_options> || std::is_same_v<Struct, capsule_session_options>;
    const std::size_t given = kWhole ? sizeof(Struct) : given_size<Struct>();
    set_size(whole, given);
    auto *it = static_cast<Struct *>(room(given));
    std::memcpy(static_cast<void *>(it), &whole, given);
    return it;
  }
  template <typename Struct>
  Struct *out() {
    return one_in(10) ? nullptr : sized<Struct>();
  }
  template <typename Value>
  Value *place() {
    return one_in(6) ? nullptr : static_cast<Value *>(room(sizeof(Value)));
  }

  template <typename Result, typename... Arguments>
  void callback(Result (*&it)(Arguments...)) {
    it = one_in(4) ? nullptr : +[](Arguments...) { return Result(); };
  }

 private:
  // Sessions are of the echo executor, or of none that there is: those of an interpreter take too long.
  void tame(capsule_session_options &it) const {
    it.executor = it.executor == CAPSULE_EXECUTOR_PYTHON ? std::int32_t{CAPSULE_EXECUTOR_ECHO} : it.executor;
  }
  void tame(capsule_pool_options &it) {
    it.acquire_timeout_ms = std::min<std::int64_t>(it.acquire_timeout_ms, 20);  // what is its default for all that name none
    if (it.session == nullptr || it.session->struct_size < sizeof *it.session) {
      auto *session = static_cast<capsule_session_options *>(room(sizeof(capsule_session_options)));
      capsule_session_options_init(session, sizeof *session);
      tame(*session);
      it.session = session;
    }
  }
  template <typename Struct>
  void tame(Struct & /*it*/) const {}

  // What would take much of the machine, if the library did as it is told.
  static bool is_amount(std::string_view name) {
    return name.find("sessions") != std::string_view::npos || name.find("idle") != std::string_view::npos ||
           name.find("executor") != std::string_view::npos || name.find("frequency") != std::string_view::npos;
  }
  std::string_view words() {
    static constexpr std::string_view kWords[] = {"",
                                                  "x",
                                                  "read",
                                                  "a\xff\xfe",
                                                  "\xe2\x82",
                                                  "none",
                                                  std::string_view("a\0b", 3),
                                                  "*",
                                                  "{}",
                                                  "{\"path\":\"/data/x\"}",
                                                  "[1,",
                                                  "/nonexistent/path",
                                                  "name with space",
                                                  "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"};
    return kWords[random() % std::size(kWords)];
  }
  capsule_text copy(std::string_view text) {
    auto *made = static_cast<char *>(room(text.size() + 1));
    std::copy(text.begin(), text.end(), made);
    return {made, text.size()};
  }
  capsule_text exact(std::string_view text) {
    if (text.empty()) {
      return {nullptr, 0};
    }
    auto *made = static_cast<char *>(room(text.size()));
    std::copy(text.begin(), text.end(), made);
    return {made, text.size()};
  }

  template <typename Item>
  void make(Item &it) {
    if constexpr (std::is_same_v<Item, capsule_text>) {
      it = text("");
    } else if constexpr (std::is_arithmetic_v<Item>) {
      number(it, "");
    } else {
      fill(*this, it);
    }
  }
  template <typename Struct>
  static void set_size(Struct &it, std::size_t size) {
    if constexpr (requires { it.struct_size; }) {
      it.struct_size = static_cast<std::uint32_t>(size);
    }
  }
  template <typename Struct>
  std::size_t given_size() {
    if constexpr (requires(Struct it) { it.struct_size; }) {
      return one_in(6) ? std::max<std::size_t>(4, random() % sizeof(Struct)) : sizeof(Struct);
    }
    return sizeof(Struct);
  }
  template <typename Struct>
  Struct *sized() {
    const std::size_t given = given_size<Struct>();
    auto *it = static_cast<Struct *>(room(given));
    set_size(*it, one_in(30) ? random() % 4 : given);
    return it;
  }

  Handles &handles_;
  std::mt19937_64 random_;
  const std::string_view file_;
  std::uint64_t bold_ = 3;  // one in so many fields is given; 0: none
  std::vector<std::unique_ptr<char[]>> blocks_;
};

// Of a function that has no status.
inline constexpr capsule_status kNone = INT32_MAX;

struct NamedCall {
  const char *name;
  capsule_status (*make)(Fuzz &);
};

}  // namespace capsule_fuzz
