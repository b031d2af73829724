// A host that has run out of descriptors: calls fail with a status, nothing leaks, and all is well when there are some again.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "child.hpp"
#include "deadline.hpp"
#include "process.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

void allow_descriptors(rlim_t count) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = count;
  CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

// The lowest number that no descriptor has.
rlim_t first_free() {
  const UniqueFd probe(::dup(0));
  return static_cast<rlim_t>(probe.get());
}

void check_known(capsule_status status) {
  CHECK(status == CAPSULE_OK || status == CAPSULE_E_SYSTEM || status == CAPSULE_E_WORKER || status == CAPSULE_E_PYTHON ||
        status == CAPSULE_E_TIMEOUT || status == CAPSULE_E_MEMORY);
}

void check_starving(const std::string &start) {
  if (kSanitized) {
    skip_test("the undefined-behaviour sanitizer takes memory for inaccessible when it cannot make a pipe to try it with");
  }
  Child host(helper("starving_host", {start}));
  host.close_input();
  if (const int code = host.exit_code(); code != 0) {
    FAIL("the host ended with " + show(code) + ": " + host.out() + host.err());
  }
  CHECK_AT_LEAST(std::stoi(host.out()), 5);
}

}  // namespace

CAPSULE_HELPER(starving_host) {
  if (arguments.at(0) == "warm") {
    make_runtime();  // what libuv makes once for the process exists then
  }
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlim_t free = first_free();
  int refused = 0;
  for (rlim_t more = 0; more < 40; ++more) {
    allow_descriptors(free + more);
    Runtime runtime;
    const capsule_status created = capsule_runtime_create(nullptr, runtime.out(), nullptr);
    check_known(created);
    Session session;
    if (created == CAPSULE_OK) {
      SessionOptions options;
      options.raw.start_timeout_ms = 3000;
      const capsule_status opened = capsule_session_open(runtime.get(), options.get(), session.out(), nullptr);
      check_known(opened);
      refused += opened == CAPSULE_OK ? 0 : 1;
      if (opened == CAPSULE_OK) {
        CHECK_EQ(value_of(session, "1 + 1"), "2");
      }
    }
    refused += created == CAPSULE_OK ? 0 : 1;
    allow_descriptors(before.rlim_cur);
    session.reset();
    runtime.reset();
  }
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  std::printf("%d\n", refused);
  return 0;
}

CAPSULE_TEST(each_descriptor_missing_in_turn) { check_starving("warm"); }

CAPSULE_TEST(each_descriptor_missing_in_turn_from_the_first_runtime_on) { check_starving("cold"); }
