// Sessions that begin where another stands: what they have of it, what they share with it, what is theirs.
#include <fstream>
#include <set>
#include <sstream>

#include "files.hpp"
#include "interpreters.hpp"
#include "process.hpp"
#include "snapshots.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

// Pages that only that process has.
std::uint64_t private_bytes_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  std::uint64_t total = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Private_")) {
      total += std::strtoull(line.substr(line.find(':') + 1).c_str(), nullptr, 10) << 10U;
    }
  }
  CHECK(total > 0);
  return total;
}

}  // namespace

CAPSULE_TEST(a_branch_of_a_branch_of_a_branch) {
  std::vector<Session> line;
  line.push_back(open_session());
  value_of(line.back(), "generations = [0]");
  for (int i = 1; i <= 8; ++i) {
    line.push_back(branch_of(line.back()));
    value_of(line.back(), "generations.append(" + std::to_string(i) + ")");
    CHECK_EQ(info_of(line.back()).parent_session_id, info_of(line[line.size() - 2]).session_id);
  }
  CHECK_EQ(value_of(line.back(), "generations"), "[0, 1, 2, 3, 4, 5, 6, 7, 8]");
  CHECK_EQ(value_of(line.front(), "generations"), "[0]");
  CHECK_EQ(value_of(line[4], "generations"), "[0, 1, 2, 3, 4]");
}

CAPSULE_TEST(a_branch_outlives_its_session_and_its_snapshot) {
  Session session = open_session();
  value_of(session, "x = 'inherited'");
  Snapshot snapshot = snapshot_of(session);
  const Session of_snapshot = branch_of(snapshot);
  const Session of_session = branch_of(session);
  const std::vector<Watched> gone = [&] {
    std::vector<Watched> all;
    all.emplace_back(info_of(session).pid);
    all.emplace_back(info_of(snapshot).pid);
    return all;
  }();
  session.reset();
  snapshot.reset();
  check_gone(gone, Deadline(), "the session and the snapshot");
  CHECK_EQ(value_of(of_snapshot, "x"), "'inherited'");
  CHECK_EQ(value_of(of_session, "x"), "'inherited'");
  const Snapshot again = snapshot_of(of_snapshot);
  value_of(of_snapshot, "x = 1");
  restore(of_snapshot, again);
  CHECK_EQ(value_of(of_snapshot, "x"), "'inherited'");
  CHECK_EQ(value_of(branch_of(again), "x"), "'inherited'");
}

CAPSULE_TEST(a_snapshot_of_a_branch_is_one_for_its_session_too) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const Session branch = branch_of(session);
  value_of(branch, "x = 2");
  const Snapshot snapshot = snapshot_of(branch);
  CHECK_EQ(info_of(snapshot).session_id, info_of(branch).session_id);
  CHECK_EQ(info_of(session).snapshots, 0);
  restore(session, snapshot);
  CHECK_EQ(value_of(session, "x"), "2");
}

CAPSULE_TEST(a_branch_has_the_options_of_its_session) {
  SessionOptions options;
  options.raw.mode = CAPSULE_MODE_SYNC;
  options.raw.queue_limit = 0;
  options.raw.snapshot_limit = 1;
  options.environment = {"OF_THE_SESSION=1"};
  const Session session = open_session(options);
  const Session branch = branch_of(session);
  Run awaits(branch, "await x");
  CHECK_EQ(awaits.end().error_type, "SyntaxError");
  CHECK_EQ(value_of(branch, "import os; os.environ['OF_THE_SESSION']"), "'1'");
  Run busy(branch, "input()");
  Execution refused;
  REFUSED(CAPSULE_E_BUSY, capsule_execution_create(branch.get(), "1", 1, nullptr, refused.out(), error));
  busy.until(CAPSULE_EVENT_INPUT);
  busy.answer("");
  busy.end();
  snapshot_of(branch);
  CHECK_EQ(info_of(session).snapshots, 0);
}

// The sources of before are still told of by their numbers.
CAPSULE_TEST(a_branch_numbers_its_executions_on) {
  const Session session = open_session();
  value_of(session, "def fail():\n  # a comment\n  1 / 0");
  value_of(session, "0");
  value_of(session, "0");
  const Session branch = branch_of(session);
  CHECK(info_of(branch).session_id != info_of(session).session_id);
  CHECK_EQ(info_of(branch).executions_started, 0);
  CHECK_EQ(state_of(branch), "ready");
  Run run(branch, "fail()");
  CHECK_EQ(run.end().execution_id, 4);
  CHECK_CONTAINS(*run.end().traceback, "File \"<execution 1>\", line 3, in fail\n    1 / 0\n");
  CHECK_EQ(info_of(session).executions_started, 3);
}

CAPSULE_TEST(history_goes_on_in_a_branch_and_after_a_restore) {
  const Session session = open_session();
  value_of(session, "'one'");
  value_of(session, "'two'");
  const Snapshot snapshot = snapshot_of(session);
  value_of(session, "'three'");
  const Session branch = branch_of(snapshot);
  CHECK_EQ(value_of(branch, "_, __, In[1:3], Out[1], Out[2], 3 in Out"),
           R"(('two', 'one', ["'one'", "'two'"], 'one', 'two', False))");
  CHECK_EQ(value_of(branch, "Out is _oh, In is _ih, In[-1], _i"),
           R"((True, True, 'Out is _oh, In is _ih, In[-1], _i', '_, __, )"
           R"(In[1:3], Out[1], Out[2], 3 in Out'))");
  restore(session, snapshot);
  // The session's own numbers go on: there was a third, and this is the fourth.
  Run run(session, "_, __, sorted(Out), len(In), In[3]");
  CHECK_EQ(run.end().execution_id, 4);
  CHECK_EQ(run.end().repr, "('two', 'one', [1, 2], 5, '')");
  CHECK_EQ(value_of(session, "Out[4][0], _[1]"), "('two', 'one')");
}

CAPSULE_TEST(what_c_extensions_hold_is_in_the_copy) {
  const Session session = open_session();
  value_of(session,
           "import decimal, hashlib, itertools, random, sqlite3, zlib\n"
           "db = sqlite3.connect(':memory:'); db.execute('create table t (x)'); db.execute('insert into t values (1)')\n"
           "counter = itertools.count(5); next(counter)\n"
           "own = random.Random(1)\n"
           "digest = hashlib.sha256(b'one')\n"
           "squeeze = zlib.compressobj(); head = squeeze.compress(b'x' * 1000)\n"
           "decimal.getcontext().prec = 5\n"
           "def numbers():\n  yield 1\n  yield 2\ngenerator = numbers(); next(generator)");
  const std::string look =
      "db.execute('insert into t values (2)')\n"
      "digest.update(b'two')\n"
      "(db.execute('select count(*) from t').fetchone()[0], next(counter), own.random() == random.Random(1).random(), "
      "digest.digest() == hashlib.sha256(b'onetwo').digest(), zlib.decompress(head + squeeze.flush()) == b'x' * 1000, "
      "str(decimal.Decimal(1) / 3), next(generator))";
  const char *seen = "(2, 6, True, True, True, '0.33333', 2)";
  const Snapshot snapshot = snapshot_of(session);
  CHECK_EQ(value_of(branch_of(session), look), seen);
  CHECK_EQ(value_of(branch_of(snapshot), look), seen);
  CHECK_EQ(value_of(session, look), seen);
  restore(session, snapshot);
  CHECK_EQ(value_of(session, look), seen);
}

CAPSULE_TEST(random_numbers_differ_between_copies) {
  const Session session = open_session();
  value_of(session, "import os, random, uuid; random.seed(1)");
  const Snapshot snapshot = snapshot_of(session);
  std::set<std::string> seen;
  for (int i = 0; i < 3; ++i) {
    seen.insert(value_of(branch_of(snapshot), "random.random()"));
    seen.insert(value_of(branch_of(session), "random.random()"));
    restore(session, snapshot);
    seen.insert(value_of(session, "random.random()"));
  }
  CHECK_EQ(seen.size(), 9);
}

CAPSULE_TEST(descriptors_are_shared_with_their_position) {
  const TempFolder folder;
  const std::string path = folder.write("file", "");
  const Session session = open_session();
  value_of(session, "import os; fd = os.open(" + py_quote(path) + ", os.O_RDWR)");
  const Snapshot snapshot = snapshot_of(session);
  value_of(session, "os.write(fd, b'session ')");
  const Session branch = branch_of(snapshot);
  CHECK_EQ(value_of(branch, "os.lseek(fd, 0, os.SEEK_CUR)"), "8");
  value_of(branch, "os.write(fd, b'branch')");
  CHECK_EQ(value_of(session, "os.lseek(fd, 0, os.SEEK_CUR)"), "14");
  CHECK_EQ(read_file(path), "session branch");
  value_of(branch, "os.close(fd)");
  CHECK_EQ(value_of(session, "os.lseek(fd, 0, os.SEEK_CUR)"), "14");
}

CAPSULE_TEST(folder_environment_and_limits_are_as_they_stood) {
  const Session session = open_session();
  value_of(session,
           "import os, resource, sys, locale\nos.chdir('/tmp'); os.environ['MINE'] = 'set'; os.umask(0o77)\n"
           "resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)); sys.setrecursionlimit(777)");
  const std::string look =
      "(os.getcwd(), os.environ['MINE'], os.popen('echo $MINE; pwd').read(), oct(os.umask(0o77)), "
      "resource.getrlimit(resource.RLIMIT_NOFILE), sys.getrecursionlimit())";
  const char *seen = "('/tmp', 'set', 'set\\n/tmp\\n', '0o77', (100, 100), 777)";
  const Snapshot snapshot = snapshot_of(session);
  const Session branch = branch_of(session);
  CHECK_EQ(value_of(branch, look), seen);
  value_of(branch, "os.chdir('/'); os.environ['MINE'] = 'else'; sys.setrecursionlimit(888)");
  CHECK_EQ(value_of(session, look), seen);
  value_of(session, "os.chdir('/'); os.environ['MINE'] = 'else'; sys.setrecursionlimit(888)");
  restore(session, snapshot);
  CHECK_EQ(value_of(session, look), seen);
}

CAPSULE_TEST(ten_branches_of_a_large_session_cost_little) {
  const Session session = open_session();
  value_of(session, "large = b'x' * 500_000_000");
  const Snapshot snapshot = snapshot_of(session);
  constexpr std::uint64_t kLittle = 25U << 20U;
  CHECK_AT_LEAST(info_of(snapshot).resident_bytes, 500'000'000);
  std::vector<Session> branches;
  for (int i = 0; i < 10; ++i) {
    branches.push_back(i % 2 == 0 ? branch_of(session) : branch_of(snapshot));
    CHECK_EQ(value_of(branches.back(), "len(large), large[499_999_999]"), "(500000000, 120)");
  }
  for (const Session &branch : branches) {
    CHECK_AT_MOST(private_bytes_of(info_of(branch).pid), kLittle);
  }
  CHECK_AT_MOST(info_of(snapshot).private_bytes, kLittle);
}

CAPSULE_TEST(host_threads_take_snapshots_and_branches_at_once) {
  const Session session = open_session();
  value_of(session, "x = ['seen']; n = 0");
  constexpr int kRounds = kSanitized ? 3 : 8;
  run_at_once(6, [&](int which) {
    for (int i = 0; i < kRounds; ++i) {
      if (which < 2) {
        CHECK_EQ(value_of(branch_of(session), "x"), "['seen']");
      } else if (which < 4) {
        const Snapshot snapshot = snapshot_of(session);
        CHECK_EQ(value_of(branch_of(snapshot), "x"), "['seen']");
      } else {
        CHECK_EQ(value_of(session, "n += 1; x"), "['seen']");
      }
    }
  });
  CHECK_EQ(value_of(session, "n"), std::to_string(2 * kRounds));
  CHECK_EQ(info_of(session).snapshots, 2 * kRounds);
}

CAPSULE_TEST(host_threads_restore_and_run_at_once) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const Snapshot snapshot = snapshot_of(session);
  constexpr int kRounds = kSanitized ? 3 : 8;
  run_at_once(4, [&](int which) {
    for (int i = 0; i < kRounds; ++i) {
      if (which < 2) {
        restore(session, snapshot);
      } else if (which == 2) {
        CHECK_EQ(value_of(session, "y = 1; x"), "1");
      } else {
        CHECK_EQ(value_of(branch_of(session), "x"), "1");
      }
    }
  });
  CHECK_EQ(info_of(session).restores, 2 * kRounds);
  CHECK_EQ(info_of(snapshot).uses, 2 * kRounds);
}
