// Runs the registered tests through cmocka, or one helper: `PROGRAM [PATTERN]`, `PROGRAM --helper NAME ARGUMENT…`.
#include <cerrno>
#include <cstdio>
#include <map>
#include <string>

#include "deadline.hpp"
#include "process.hpp"
#include "session.hpp"
#include "test.hpp"

// Last: it defines macros named fail and skip.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

// Version 1.1.5 has no linkage of its own for C++.
extern "C" {
#include <cmocka.h>
}

namespace capsule_test {
namespace {

enum class Outcome { kPassed, kFailed, kSkipped };

std::map<std::string, HelperBody> &helpers() {
  static std::map<std::string, HelperBody> all;
  return all;
}

// cmocka ends a failed test by longjmp(), which would pass over destructors: they have all run when this returns.
Outcome attempt(const Test &test) {
  try {
    test.body();
    return Outcome::kPassed;
  } catch (const Skipped &reason) {
    print_message("%s: not run: %s\n", test.name, reason.what());
    return Outcome::kSkipped;
  } catch (const std::exception &failure) {
    print_error("%s\n", failure.what());
  }
  // What the test left behind must not fail the next one too.
  close_shared_runtime();
  return Outcome::kFailed;
}

void run(void **state) {
  const Outcome outcome = attempt(*static_cast<const Test *>(*state));
  if (outcome == Outcome::kSkipped) {
    skip();
  }
  if (outcome == Outcome::kFailed) {
    fail();
  }
}

std::vector<std::string> descriptors_at_start;

// Runs last: whatever the tests did, their executable ends as it began.
void nothing_is_left_behind() {
  close_shared_runtime();
  CHECK_EQ(describe(children()), std::string());
  CHECK_EQ(descriptors(), descriptors_at_start);
}

int run_all(const char *pattern) {
  std::vector<Test> all = tests();
  all.push_back({"nothing_is_left_behind", nothing_is_left_behind});
  std::vector<CMUnitTest> units;
  for (Test &test : all) {
    units.push_back({test.name, run, nullptr, nullptr, &test});
  }
  if (pattern != nullptr) {
    cmocka_set_test_filter(pattern);
  }
  return _cmocka_run_group_tests(program_invocation_short_name, units.data(), units.size(), nullptr, nullptr);
}

int run_helper(const std::string &name, const std::vector<std::string> &arguments) {
  try {
    return helpers().at(name)(arguments);
  } catch (const std::exception &failure) {
    std::fprintf(stderr, "helper %s: %s\n", name.c_str(), failure.what());
    return 125;
  }
}

}  // namespace

std::vector<Test> &tests() {
  static std::vector<Test> all;
  return all;
}

TestRegistration::TestRegistration(const char *name, void (*body)()) { tests().push_back({name, body}); }

HelperRegistration::HelperRegistration(const char *name, HelperBody body) { helpers().emplace(name, body); }

}  // namespace capsule_test

int main(int argc, char **argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() >= 2 && arguments[0] == "--helper") {
    return capsule_test::run_helper(arguments[1], {arguments.begin() + 2, arguments.end()});
  }
  // libuv's descriptors for the whole process come with the first loop, and stay.
  capsule_test::make_runtime();
  capsule_test::descriptors_at_start = capsule_test::descriptors();
  return capsule_test::run_all(argc > 1 ? argv[1] : nullptr);
}
