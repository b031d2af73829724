// A host that is killed while a durable execution runs, again and again: it settles once, and what was answered is not asked again.
#include <sys/wait.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>

#include "bridge.hpp"
#include "child.hpp"
#include "files.hpp"
#include "promises.hpp"

using namespace capsule_test;

namespace {

constexpr int kSteps = 6;

// What the work does outside: a line for each call that the host served.
std::map<std::string, int> effects_in(const std::string &path) {
  std::map<std::string, int> effects;
  std::ifstream lines(path);
  for (std::string line; std::getline(lines, line);) {
    ++effects[line];
  }
  return effects;
}

bool host_is_over(const Child &host) {
  siginfo_t info{};
  CHECK_EQ(waitid(P_PID, static_cast<id_t>(host.pid()), &info, WEXITED | WNOHANG | WNOWAIT), 0);
  return info.si_pid != 0;
}

const char *const kWork =
    "import os\n"
    "got = []\n"
    "for step in range(6):\n"
    "    got.append(host.charge(step=step))\n"
    "    print('step', step, flush=True)\n"
    "[sum(got), os.getpid()]";

}  // namespace

// Runs the work with the store of that file, or finds it done; says what it came to.
CAPSULE_HELPER(host_of_work) {
  const Bridge bridge = make_bridge();
  offer(bridge, capability("charge", "step"));
  const Store store = open_store(store_options(text(arguments.at(0))));
  const Session session = open_with(bridge, {rule("*")});
  const Server server(bridge, [&arguments](const Bridge &to, const Request &request) {
    std::ofstream(arguments.at(1), std::ios::app) << request.arguments() << std::endl;
    respond(to, request.id(), "10");
  });
  std::puts("begun");
  std::fflush(stdout);
  PromiseRow row;
  const Execution execution = begin_durable(session, store, "work", kWork, row);
  if (execution.get() == nullptr) {
    std::printf("found %s\n", row.story().c_str());
    return 0;
  }
  std::printf("ran %s\n", wait_for(store, "work").c_str());
  return 0;
}

CAPSULE_TEST(killed_at_any_moment_it_settles_once) {
  const char *const given = std::getenv("CAPSULE_TEST_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : 20261124U;
  std::mt19937 random(seed);
  for (int round = 0; round < 3; ++round) {
    const TempFolder folder;
    const std::string db = folder.path() + "/db";
    const std::string effects_path = folder.path() + "/effects";
    int kills = 0;
    std::string settled;
    while (settled.empty()) {
      Child host(helper("host_of_work", {db, effects_path}));
      // Killed behind so many lines of effects, a little later; once in a while not at all.
      const auto until = static_cast<std::size_t>(random() % (2 * kSteps));
      const Deadline deadline;
      host.read_line();
      while (kills < 8 && effects_in(effects_path).size() <= until && !host_is_over(host)) {
        CHECK(!deadline.over());
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 2000));
      }
      if (kills < 8 && !host_is_over(host)) {
        host.kill(SIGKILL);
        ++kills;
      }
      const int code = host.exit_code();
      if (code == 0) {
        settled = host.out().substr(host.out().find('\n') + 1);
      } else {
        CHECK_EQ(code, -SIGKILL);
      }
    }
    CHECK_CONTAINS(settled, "resolved [60,");
    // Every step was done; again only where the host died between what it did and what it had recorded.
    const auto effects = effects_in(effects_path);
    CHECK_EQ(effects.size(), static_cast<std::size_t>(kSteps));
    int repeated = 0;
    for (const auto &[step, count] : effects) {
      repeated += count - 1;
    }
    CHECK_AT_LEAST(kills, repeated);
    // From now on it is what it was.
    Child again(helper("host_of_work", {db, effects_path}));
    CHECK_EQ(again.exit_code(), 0);
    CHECK_CONTAINS(again.out(), "found " + settled.substr(settled.find("resolved")));
    CHECK(effects_in(effects_path) == effects);
  }
}
