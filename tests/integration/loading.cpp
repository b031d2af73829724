// The library comes and goes by dlopen() and dlclose() without a trace.
#include <algorithm>
#include <sstream>

#include "child.hpp"
#include "files.hpp"
#include "session.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

struct Cycle {
  long descriptors = 0;
  long threads = 0;
  long resident_kib = 0;
  std::string mapped;
};

std::vector<Cycle> run_cycles(int count) {
  Child host({python_under_test(), CAPSULE_TEST_SOURCE_DIR "/tests/integration/dlopen_host.py", library_path(), show(count)},
             {"CAPSULE_PYTHON=" + python_under_test()});
  host.close_input();
  if (host.exit_code() != 0) {
    FAIL("the host failed: " + host.out() + host.err());
  }
  std::istringstream lines(host.out());
  std::vector<Cycle> cycles;
  for (Cycle cycle; lines >> cycle.descriptors >> cycle.threads >> cycle.resident_kib >> cycle.mapped;) {
    cycles.push_back(cycle);
  }
  CHECK_EQ(cycles.size(), count);
  return cycles;
}

}  // namespace

CAPSULE_TEST(fifty_times_loaded_used_and_unloaded) {
  const std::vector<Cycle> cycles = run_cycles(kSanitized ? 15 : 50);
  const Cycle &settled = cycles[cycles.size() / 5];
  for (std::size_t i = cycles.size() / 5; i < cycles.size(); ++i) {
    CHECK_EQ(cycles[i].descriptors, settled.descriptors);
    CHECK_AT_MOST(cycles[i].threads, settled.threads);
  }
  // A leak of a page in each cycle would show; the allocator's own moods do not. What the address sanitizer itself takes, for freed
  // memory and for the shadow of each new mapping, would hide it: there the leak sanitizer looks, in the echo tests.
  if (!kSanitized) {
    CHECK_AT_MOST(cycles.back().resident_kib - settled.resident_kib, 1000);
  }
}

CAPSULE_TEST(an_unloaded_library_is_gone) {
  if (kSanitized) {
    skip_test("the sanitizers keep libraries loaded");
  }
  for (const Cycle &cycle : run_cycles(3)) {
    CHECK_EQ(cycle.mapped, "False");
  }
}
