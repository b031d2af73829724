// Tests and helper programs register themselves; main() is in main.cpp.
//
//   CAPSULE_TEST(what_is_tested) { CHECK(...); }
//   CAPSULE_HELPER(name) { return exit_code; }     a second process, see helper() in child.hpp
#pragma once

#include <string>
#include <vector>

#include "check.hpp"

namespace capsule_test {

struct Test {
  const char *name;
  void (*body)();
};

using HelperBody = int (*)(const std::vector<std::string> &arguments);

std::vector<Test> &tests();

struct TestRegistration {
  TestRegistration(const char *name, void (*body)());
};

struct HelperRegistration {
  HelperRegistration(const char *name, HelperBody body);
};

}  // namespace capsule_test

#define CAPSULE_TEST(name)                                                             \
  static void name();                                                                  \
  static const ::capsule_test::TestRegistration test_registration_##name{#name, name}; \
  static void name()

#define CAPSULE_HELPER(name)                                                                        \
  static int helper_##name([[maybe_unused]] const std::vector<std::string> &arguments);             \
  static const ::capsule_test::HelperRegistration helper_registration_##name{#name, helper_##name}; \
  static int helper_##name([[maybe_unused]] const std::vector<std::string> &arguments)
