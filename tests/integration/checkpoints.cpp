// Checkpoints: what a session knows as bytes, and back.
#include "checkpoints.hpp"

#include <sys/stat.h>

#include <csignal>

#include "files.hpp"
#include "interpreters.hpp"
#include "log.hpp"

using namespace capsule_test;

namespace {

constexpr const char *kWork = R"(
import math, os.path as path
shared = [1, 2]
alias = shared
def double(x): return x * factor
factor = 2
class Point:
    def __init__(self, x): self.x = x
    def twice(self): return double(self.x)
point = Point(21)
text = 'grüß'
)";

}  // namespace

CAPSULE_TEST(values_functions_classes_and_imports_come_back_in_another_session) {  // W-37
  const Session session = open_session();
  value_of(session, kWork);
  const std::string bytes = bytes_of(checkpoint_of(session));
  const Session other = open_session();
  const auto report = restore(other, read_checkpoint(bytes));
  for (const char *name : {"math", "path", "shared", "alias", "double", "factor", "Point", "point", "text"}) {
    CHECK_EQ(report.at(name), "ok");
  }
  CHECK_EQ(value_of(other, "alias is shared, point.twice(), type(point) is Point, text, path.join('a', 'b')"),
           "(True, 42, True, 'grüß', 'a/b')");
  // Functions see the names of the session that they are in.
  CHECK_EQ(value_of(other, "factor = 10; point.twice()"), "210");
}

CAPSULE_TEST(what_cannot_be_pickled_is_skipped_and_named) {
  const Session session = open_session();
  value_of(session, "import threading\nlock = threading.Lock()\nholder = [lock]\ngenerator = (i for i in 'x')\nx = 1");
  const Checkpoint checkpoint = checkpoint_of(session);
  const Entries entries(checkpoint);
  const auto statuses = entries.statuses();
  CHECK_EQ(statuses.at("lock"), "skipped");
  CHECK_EQ(statuses.at("holder"), "skipped");
  CHECK_EQ(statuses.at("generator"), "skipped");
  CHECK_EQ(statuses.at("x"), "ok");
  CHECK_CONTAINS(entries.reason("lock"), "TypeError: cannot pickle '_thread.lock' object");
  CHECK_EQ(info_of(checkpoint).skipped, 3);
  const Session other = open_session();
  CHECK_EQ(restore(other, checkpoint).count("lock"), 0);
  CHECK_EQ(value_of(other, "x"), "1");
}

// The worker takes most names of plain data by the thousand; those that this is nothing for are among them here.
CAPSULE_TEST(thousands_of_names_come_back_with_those_that_are_special) {
  const Session session = open_session();
  value_of(session, R"(
import threading
class Text(str):
    def __hash__(self):
        if armed: globals().pop('v9', None)
        return str.__hash__(self)
    def __eq__(self, other): return str.__eq__(self, other)
class Number(int): pass
for i in range(2500):
    globals()[f'v{i}'] = (i, f'text {i}', {'key': [i]}) if i % 3 else [float(i)]
    if i % 500 == 0:
        globals().update({f'o{i}': Number(i), f'_{i}': i, f'é{i}': i, f'a "b" \\ {i}': i, f'h{i}': [Number(i)], f'__x{i}__': i})
        globals().update({i: i, 'l' * (256 + i): i, f'l\ne{i}': i, f'\ud800{i}': i, f'c{i}': [threading.Lock()]})
armed = False
globals()[Text('own')] = 1
armed = True
v2400 = v5[2]
)");
  const Checkpoint checkpoint = checkpoint_of(session);
  const auto statuses = Entries(checkpoint).statuses();
  for (const char *name : {"v0", "v9", "v2499", "o500", "_500", "é1000", "a \"b\" \\ 0", "h1500", "own"}) {
    CHECK_EQ(statuses.at(name), "ok");
  }
  CHECK_EQ(statuses.at("c2000"), "skipped");
  CHECK_EQ(statuses.count("In") + statuses.count("__x0__"), 0);
  CHECK_EQ(info_of(checkpoint).skipped, 4 + 5 + 5 + 5);  // too long, with a line end, without UTF-8, not to be pickled
  const Session other = open_session();
  restore(other, checkpoint);
  CHECK_EQ(value_of(other,
                    "all(globals()[f'v{i}'] == ((i, f'text {i}', {'key': [i]}) if i % 3 else [float(i)])"
                    " for i in range(2500) if i != 2400), v2400 is v5[2]"),
           "(True, True)");
  CHECK_EQ(
      value_of(other, "o500, type(h1500[0]).__name__, _500, é1000, own, globals()['a \"b\" \\\\ 0'], '__x0__' in globals()"),
      "(500, 'Number', 500, 1000, 1, 0, False)");
}

CAPSULE_TEST(names_are_cleared_merged_or_kept) {
  const Session session = open_session();
  value_of(session, "x = 1; y = 1");
  const Checkpoint checkpoint = checkpoint_of(session);
  value_of(session, "x = 2; z = 2");
  CHECK_EQ(restore(session, checkpoint, CAPSULE_RESTORE_MERGE | CAPSULE_RESTORE_KEEP).at("x"), "skipped");
  CHECK_EQ(value_of(session, "x, y, z"), "(2, 1, 2)");
  restore(session, checkpoint, CAPSULE_RESTORE_MERGE);
  CHECK_EQ(value_of(session, "x, y, z"), "(1, 1, 2)");
  restore(session, checkpoint);
  CHECK_EQ(value_of(session, "x, y, 'z' in globals(), '__builtins__' in globals(), 'Out' in globals()"),
           "(1, 1, False, True, True)");
}

CAPSULE_TEST(what_a_checkpoint_says_of_itself_needs_no_worker) {
  std::string bytes;
  {
    const Session session = open_session();
    value_of(session, kWork);
    capsule_checkpoint_options options = checkpoint_options();
    options.name = text_of("first");
    options.metadata = text_of(R"({"author": "me"})");
    bytes = bytes_of(checkpoint_of(session, options));
  }
  const Checkpoint checkpoint = read_checkpoint(bytes);
  const capsule_checkpoint_info info = info_of(checkpoint);
  CHECK_EQ(string_of(info.name), "first");
  CHECK_EQ(string_of(info.metadata), R"({"author": "me"})");
  CHECK(string_of(info.python_version).starts_with("3."));
  CHECK_EQ(info.functions, 1);
  CHECK_EQ(info.classes, 1);
  CHECK_EQ(info.modules, 2);
  CHECK_EQ(info.values, 5);
  CHECK_EQ(info.names, 9);
  CHECK_EQ(info.imports, 1);
  CHECK_EQ(info.execution_id, 1);
  CHECK_EQ(info.size_bytes, bytes.size());
  CHECK_EQ(info.is_signed, 0);
  CHECK_EQ(info.is_verified, 1);
  CHECK(info.created_unix_ns > 0);
}

CAPSULE_TEST(a_signed_one_is_restored_with_its_key_only) {
  const Session session = open_session();
  value_of(session, "x = 1");
  capsule_checkpoint_options options = checkpoint_options();
  const std::string key(32, 'k');
  options.key = text_of(key);
  const std::string bytes = bytes_of(checkpoint_of(session, options));
  CHECK_EQ(restore(session, read_checkpoint(bytes, options)).at("x"), "ok");
  const Checkpoint unverified = read_checkpoint(bytes);
  CHECK_EQ(info_of(unverified).is_signed, 1);
  CHECK_EQ(info_of(unverified).is_verified, 0);
  CHECK_CONTAINS(REFUSED(CAPSULE_E_CHECKPOINT,
                         capsule_session_restore_checkpoint(session.get(), unverified.get(), 0, kPatienceMs, nullptr, error)),
                 "without its key");
  const std::string wrong(32, 'w');
  options.key = text_of(wrong);
  Checkpoint refused;
  REFUSED(CAPSULE_E_CHECKPOINT, capsule_checkpoint_read(bytes.data(), bytes.size(), &options, refused.out(), error));
  const std::string plain = bytes_of(checkpoint_of(session));
  CHECK_CONTAINS(
      REFUSED(CAPSULE_E_CHECKPOINT, capsule_checkpoint_read(plain.data(), plain.size(), &options, refused.out(), error)),
      "not signed");
}

CAPSULE_TEST(damaged_bytes_are_refused_and_the_session_is_unchanged) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const std::string bytes = bytes_of(checkpoint_of(session));
  Checkpoint refused;
  for (std::size_t i = 0; i < bytes.size(); i += 7) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    CHECK(capsule_checkpoint_read(damaged.data(), damaged.size(), nullptr, refused.out(), nullptr) != CAPSULE_OK);
    CHECK(capsule_checkpoint_read(bytes.data(), i, nullptr, refused.out(), nullptr) != CAPSULE_OK);
  }
  CHECK_EQ(value_of(session, "x"), "1");
}

CAPSULE_TEST(files_are_written_whole_and_for_the_owner_only) {
  const Session session = open_session();
  value_of(session, "x = 1");
  const Checkpoint checkpoint = checkpoint_of(session);
  const TempFolder folder;
  const std::string path = folder.path() + "/a.checkpoint";
  for (int i = 0; i < 2; ++i) {  // the second in the place of the first
    ACCEPTED(capsule_checkpoint_write_file(checkpoint.get(), path.data(), path.size(), error));
  }
  struct stat info {};
  CHECK_EQ(stat(path.c_str(), &info), 0);
  CHECK_EQ(info.st_mode & 0777, 0600);
  Checkpoint read;
  ACCEPTED(capsule_checkpoint_read_file(path.data(), path.size(), nullptr, read.out(), error));
  CHECK_EQ(restore(session, read).at("x"), "ok");
  const std::string nowhere = path + "/nothing";
  CHECK_CONTAINS(
      REFUSED(CAPSULE_E_SYSTEM, capsule_checkpoint_write_file(checkpoint.get(), nowhere.data(), nowhere.size(), error)),
      "nothing");
  REFUSED(CAPSULE_E_SYSTEM, capsule_checkpoint_read_file(nowhere.data(), nowhere.size(), nullptr, read.out(), error));
}

CAPSULE_TEST(more_than_the_limit_is_refused) {
  const Session session = open_session();
  value_of(session, "x = 'x' * 100_000");
  capsule_checkpoint_options options = checkpoint_options();
  options.max_bytes = 10'000;
  Checkpoint refused;
  REFUSED(CAPSULE_E_LIMIT, capsule_session_checkpoint(session.get(), &options, kPatienceMs, refused.out(), error));
  const std::string bytes = bytes_of(checkpoint_of(session));
  REFUSED(CAPSULE_E_LIMIT, capsule_checkpoint_read(bytes.data(), bytes.size(), &options, refused.out(), error));
}

CAPSULE_TEST(a_reduce_that_does_not_end_is_broken_off) {
  const Session session = open_session();
  value_of(session, "import time\nclass Slow:\n    def __reduce__(self): time.sleep(60)\nx = Slow()\ny = 1");
  Checkpoint refused;
  REFUSED(CAPSULE_E_TIMEOUT, capsule_session_checkpoint(session.get(), nullptr, 100, refused.out(), error));
  CHECK_EQ(value_of(session, "y"), "1");
}

CAPSULE_TEST(a_worker_that_dies_over_it_fails_it) {
  const Session session = open_session();
  value_of(session, "import os\nclass Deadly:\n    def __reduce__(self): os._exit(3)\nx = Deadly()");
  Checkpoint refused;
  REFUSED(CAPSULE_E_DIED, capsule_session_checkpoint(session.get(), nullptr, kPatienceMs, refused.out(), error));
  CHECK_EQ(state_of(session), "error");
}

CAPSULE_TEST(a_checkpoint_of_another_minor_version_is_made_from_sources) {
  const Session session = open_session();
  value_of(session, kWork);
  const Checkpoint checkpoint = checkpoint_of(session);
  const auto [major, minor] = version_under_test();
  for (const char *path :
       {"/root/.pyenv/versions/3.12.1/bin/python3", "/root/.pyenv/versions/3.13.0/bin/python3", "/usr/bin/python3"}) {
    SessionOptions options;
    options.python = path;
    Session other;
    if (access(path, X_OK) != 0 ||
        capsule_session_open(shared_runtime().get(), options.get(), other.out(), nullptr) != CAPSULE_OK) {
      continue;
    }
    const auto report = restore(other, checkpoint);
    const std::string version = "3." + std::to_string(minor);
    const bool same = value_of(other, "import sys; '%d.%d' % sys.version_info[:2]") == "'" + version + "'";
    CHECK_EQ(report.at("double"), same ? "ok" : "from_source");
    CHECK_EQ(value_of(other, "point.twice(), type(point) is Point"), "(42, True)");
  }
}

CAPSULE_TEST(what_keeps_the_engine_from_its_work_is_told) {
  const Session session = open_session();
  value_of(session,
           "import sys\ndef hook(event, arguments):\n  if event == 'compile': raise RuntimeError('not "
           "today')\nsys.addaudithook(hook)");
  const capsule_checkpoint_options options = checkpoint_options();
  Checkpoint none;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_TYPE, capsule_session_checkpoint(session.get(), &options, kPatienceMs, none.out(), error)),
                 "RuntimeError");
}
