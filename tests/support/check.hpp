// Assertions that throw, so that a test that fails still closes what it opened.
#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "capsule/capsule.h"

namespace capsule_test {

class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Thrown by a test that cannot run here; the text says why.
class Skipped : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Place {
  const char *file;
  int line;
};

[[noreturn]] void fail_test(Place place, const std::string &message);
[[noreturn]] void skip_test(const std::string &reason);

// A value as a failed check prints it.
std::string show(std::string_view text);
template <typename T>
requires std::integral<T> || std::floating_point<T> std::string show(T value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else {
    return std::to_string(value);
  }
}
// The constants of the C headers.
template <typename T>
requires std::is_enum_v<T> std::string show(T value) { return std::to_string(static_cast<std::underlying_type_t<T>>(value)); }
template <typename T>
std::string show(const std::optional<T> &value) {
  return value ? show(*value) : "absent";
}
inline std::string show(std::nullopt_t) { return "absent"; }
template <typename T>
std::string show(const std::vector<T> &values) {
  std::string text = "[";
  for (const T &value : values) {
    text += (text.size() > 1 ? ", " : "") + show(value);
  }
  return text + "]";
}

template <typename A, typename B>
bool equal(const A &a, const B &b) {
  if constexpr (std::is_enum_v<A>) {
    return equal(static_cast<std::underlying_type_t<A>>(a), b);
  } else if constexpr (std::is_enum_v<B>) {
    return equal(a, static_cast<std::underlying_type_t<B>>(b));
  } else if constexpr (std::is_integral_v<A> && std::is_integral_v<B> && !std::is_same_v<A, bool> && !std::is_same_v<B, bool>) {
    return std::cmp_equal(a, b);
  } else {
    return a == b;
  }
}

template <typename A, typename B>
void check_equal(Place place, const char *what, const A &actual, const B &expected) {
  if (!equal(actual, expected)) {
    fail_test(place, std::string(what) + " is " + show(actual) + ", not " + show(expected));
  }
}

template <typename A, typename B>
void check_at_least(Place place, const char *what, const A &actual, const B &least) {
  if (std::cmp_less(actual, least)) {
    fail_test(place, std::string(what) + " is " + show(actual) + ", less than " + show(least));
  }
}

template <typename A, typename B>
void check_at_most(Place place, const char *what, const A &actual, const B &most) {
  if (std::cmp_greater(actual, most)) {
    fail_test(place, std::string(what) + " is " + show(actual) + ", more than " + show(most));
  }
}

void check_contains(Place place, const char *what, std::string_view text, std::string_view part, bool expected);

// A library call, given the error struct to pass on.
using Call = std::function<capsule_status(capsule_error *)>;

// Fails the test unless the call succeeds and leaves the error struct alone.
void check_accepted(Place place, const char *what, const Call &call);
// Fails the test unless the call answers `expected` and explains itself; returns the message.
std::string check_refused(Place place, const char *what, capsule_status expected, const Call &call);

}  // namespace capsule_test

#define CAPSULE_TEST_HERE (::capsule_test::Place{__FILE__, __LINE__})

#define FAIL(message) ::capsule_test::fail_test(CAPSULE_TEST_HERE, (message))
#define CHECK(condition)                       \
  do {                                         \
    if (!(condition)) {                        \
      FAIL("this does not hold: " #condition); \
    }                                          \
  } while (false)
#define CHECK_EQ(actual, expected) ::capsule_test::check_equal(CAPSULE_TEST_HERE, #actual, (actual), (expected))
#define CHECK_AT_LEAST(actual, least) ::capsule_test::check_at_least(CAPSULE_TEST_HERE, #actual, (actual), (least))
#define CHECK_AT_MOST(actual, most) ::capsule_test::check_at_most(CAPSULE_TEST_HERE, #actual, (actual), (most))
#define CHECK_CONTAINS(text, part) ::capsule_test::check_contains(CAPSULE_TEST_HERE, #text, (text), (part), true)
#define CHECK_LACKS(text, part) ::capsule_test::check_contains(CAPSULE_TEST_HERE, #text, (text), (part), false)

// The call may use `error`, the capsule_error * that it hands to the library.
#define ACCEPTED(call)                                     \
  ::capsule_test::check_accepted(CAPSULE_TEST_HERE, #call, \
                                 [&]([[maybe_unused]] capsule_error *error) -> capsule_status { return (call); })
#define REFUSED(status, call)                                       \
  ::capsule_test::check_refused(CAPSULE_TEST_HERE, #call, (status), \
                                [&]([[maybe_unused]] capsule_error *error) -> capsule_status { return (call); })
