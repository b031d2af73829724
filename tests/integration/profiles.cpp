// The profiler: samples of where a session stands.
#include <algorithm>
#include <sstream>

#include "command.hpp"
#include "files.hpp"
#include "run.hpp"
#include "stacks.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

using Profile = Handle<capsule_profile, capsule_profile_release>;

constexpr const char *kWork =
    "def much():\n    for _ in range(200_000): pass\n"
    "def little():\n    for _ in range(20_000): pass\n"
    "print('in', flush=True)\n"
    "while True:\n    much()\n    little()";

Profile profile_of(const Session &session, capsule_profile_options options) {
  Profile profile;
  ACCEPTED(capsule_session_profile(session.get(), &options, profile.out(), error));
  return profile;
}

capsule_profile_options options_of(std::uint32_t rate_hz, std::int64_t duration_ms) {
  capsule_profile_options options;
  capsule_profile_options_init(&options, sizeof options);
  options.rate_hz = rate_hz;
  options.duration_ms = duration_ms;
  return options;
}

capsule_profile_info info_of(const Profile &profile) {
  capsule_profile_info info{.struct_size = sizeof info};
  ACCEPTED(capsule_profile_get_info(profile.get(), &info, error));
  return info;
}

std::string collapsed(const Profile &profile) {
  const char *data = nullptr;
  std::size_t size = 0;
  ACCEPTED(capsule_profile_get_collapsed(profile.get(), &data, &size, error));
  return {data, size};
}

// The sum of the counts of the lines that contain the text.
std::uint64_t count_of(const std::string &lines, const std::string &part) {
  std::istringstream all(lines);
  std::uint64_t count = 0;
  for (std::string line; std::getline(all, line);) {
    if (line.find(part) != std::string::npos) {
      count += std::stoull(line.substr(line.rfind(' ')));
    }
  }
  return count;
}

}  // namespace

CAPSULE_TEST(the_counts_add_up) {
  const Session session = open_told();
  Run run(session, kWork);
  run.until_output("in");
  const Profile profile = profile_of(session, options_of(500, 1'000));
  ACCEPTED(capsule_profile_wait(profile.get(), kPatienceMs, error));
  const capsule_profile_info info = info_of(profile);
  const std::string lines = collapsed(profile);
  CHECK_EQ(info.is_running, 0);
  CHECK_AT_LEAST(info.samples, 5);
  // What was due between begin and end was taken or missed, but for the last, which may be under way then.
  CHECK_AT_LEAST(info.samples + info.missed, 450);
  CHECK_AT_MOST(info.samples + info.missed, 499);
  CHECK_EQ(count_of(lines, ""), info.stacks - info.overflowed);
  CHECK_AT_MOST(info.stacks, info.samples);
  CHECK_EQ(static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n')), info.different);
  CHECK_CONTAINS(lines, "main;<module> (<execution 1>:7);much (<execution 1>:2) ");
  CHECK_AT_LEAST(count_of(lines, ";much ("), count_of(lines, ";little ("));
  run.cancel();
  run.end();
}

CAPSULE_TEST(what_waits_is_counted_when_asked_for) {
  const Session session = open_told();
  Run run(session, "import time\ndef rest():\n    print('in', flush=True)\n    time.sleep(60)\nrest()");
  run.until_output("in");
  capsule_profile_options options = options_of(200, 0);
  const Profile running = profile_of(session, options);
  options.threads = CAPSULE_PROFILE_ALL;
  const Profile all = profile_of(session, options);
  while (info_of(all).stacks < 20 || info_of(running).samples < 20) {
    REFUSED(CAPSULE_E_TIMEOUT, capsule_profile_wait(all.get(), 5, error));
  }
  const char *data = nullptr;
  std::size_t size = 0;
  REFUSED(CAPSULE_E_BUSY, capsule_profile_get_collapsed(all.get(), &data, &size, error));
  for (const Profile *profile : {&running, &all}) {
    ACCEPTED(capsule_profile_stop(profile->get(), error));
    ACCEPTED(capsule_profile_stop(profile->get(), error));
    ACCEPTED(capsule_profile_wait(profile->get(), kPatienceMs, error));
  }
  CHECK_AT_LEAST(count_of(collapsed(all), ";rest (<execution 1>:4)"), 15);
  CHECK_AT_MOST(count_of(collapsed(running), ""), 5);
  run.cancel();
  run.end();
}

CAPSULE_TEST(a_release_ends_it_and_who_waits_goes_on) {
  const Session session = open_told();
  value_of(session, "1");
  Profile profile = profile_of(session, options_of(100, 0));
  capsule_profile *const handle = profile.get();
  Counter waiting;
  Threads threads;
  threads.start([&] {
    waiting.add();
    const capsule_status status = capsule_profile_wait(handle, kPatienceMs, nullptr);
    CHECK(status == CAPSULE_OK || status == CAPSULE_E_HANDLE);
  });
  waiting.wait_for(1, "a thread that waits");
  profile.reset();
  threads.join();
}

CAPSULE_TEST(different_stacks_have_a_bound) {  // I6
  const Session session = open_told();
  Run run(session,
          "def down(n):\n    if n: down(n - 1)\n    for _ in range(3000): pass\nprint('in', flush=True)\nwhile True: down(30)");
  run.until_output("in");
  capsule_profile_options options = options_of(500, 0);
  options.max_stacks = 2;
  const Profile profile = profile_of(session, options);
  while (info_of(profile).overflowed < 3) {
    REFUSED(CAPSULE_E_TIMEOUT, capsule_profile_wait(profile.get(), 5, error));
  }
  ACCEPTED(capsule_profile_stop(profile.get(), error));
  ACCEPTED(capsule_profile_wait(profile.get(), kPatienceMs, error));
  const capsule_profile_info info = info_of(profile);
  CHECK_EQ(info.different, 2);
  CHECK_EQ(count_of(collapsed(profile), "") + info.overflowed, info.stacks);
  run.cancel();
  run.end();
}

CAPSULE_TEST(it_goes_on_through_a_restart_and_ends_with_the_session) {
  const Session session = open_told();
  const Profile profile = profile_of(session, options_of(500, 0));
  Run death(session, "import os; os._exit(1)");
  death.end();
  const std::uint64_t missed = info_of(profile).missed;
  while (info_of(profile).missed == missed) {
    REFUSED(CAPSULE_E_TIMEOUT, capsule_profile_wait(profile.get(), 5, error));
  }
  ACCEPTED(capsule_session_restart(session.get(), error));
  const std::uint64_t samples = info_of(profile).samples;
  while (info_of(profile).samples == samples) {
    REFUSED(CAPSULE_E_TIMEOUT, capsule_profile_wait(profile.get(), 5, error));
  }
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  ACCEPTED(capsule_profile_wait(profile.get(), kPatienceMs, error));
}

CAPSULE_TEST(the_command_writes_a_file) {
  const TempFolder folder;
  const std::string path = folder.path() + "/stacks.txt";
  const CommandEnd ended =
      run_sources({"--profile", path, "-c",
                   "import time\nend = time.monotonic() + 0.5\ndef work():\n    while time.monotonic() < end: pass\nwork()"});
  CHECK_EQ(ended.exit_code, 0);
  CHECK_CONTAINS(ended.err, " samples (");
  CHECK_CONTAINS(read_file(path), "main;<module> (<execution 1>:5);work (<execution 1>:4) ");

  const CommandEnd nowhere = run_sources({"--profile", "/no/such/folder/file", "-c", "print('never')"});
  CHECK_EQ(nowhere.exit_code, 2);
  CHECK_EQ(nowhere.out, "");
}

CAPSULE_TEST(refusals) {
  const Session session = open_told();
  Profile profile;
  const Session echo = open_told(SessionOptions::echo());
  REFUSED(CAPSULE_E_STATE, capsule_session_profile(echo.get(), nullptr, profile.out(), error));
  REFUSED(CAPSULE_E_HANDLE, capsule_session_profile(nullptr, nullptr, profile.out(), error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_profile(session.get(), nullptr, nullptr, error));
  const auto refuse = [&](auto change) {
    capsule_profile_options options = options_of(10, 10);
    change(options);
    return REFUSED(CAPSULE_E_ARGUMENT, capsule_session_profile(session.get(), &options, profile.out(), error));
  };
  CHECK_CONTAINS(refuse([](auto &options) { options.reserved = 1; }), "options.reserved");
  refuse([](auto &options) { options.rate_hz = 0; });
  refuse([](auto &options) { options.rate_hz = 1'001; });
  refuse([](auto &options) { options.duration_ms = -1; });
  refuse([](auto &options) { options.threads = 2; });
  refuse([](auto &options) { options.max_frames = 0; });
  refuse([](auto &options) { options.max_stacks = 0; });
  ACCEPTED(capsule_session_profile(session.get(), nullptr, profile.out(), error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_profile_wait(profile.get(), 0, error));
  REFUSED(CAPSULE_E_ARGUMENT, capsule_profile_get_info(profile.get(), nullptr, error));
  capsule_profile *released = profile.get();
  profile.reset();  // stops it
  REFUSED(CAPSULE_E_HANDLE, capsule_profile_stop(released, error));
  capsule_profile_release(nullptr);
}
