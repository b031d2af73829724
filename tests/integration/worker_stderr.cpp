// What workers and zygotes write before they serve: log records, each with whose it is, and no output of anybody's.
#include "files.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

constexpr std::size_t kMostLines = 1000;  // src/session/stderr_log.cpp

// Runs as part of each interpreter's start, before anything of the library's.
struct Loud {
  TempFolder folder;
  Runtime runtime = make_runtime();
  LogSpy log{CAPSULE_LOG_WARN};

  [[nodiscard]] SessionOptions options(std::int32_t start, std::vector<std::string> preload = {}) const {
    SessionOptions options;
    options.environment = {"PYTHONPATH=" + folder.path()};
    options.raw.start = start;
    options.preload = std::move(preload);
    return options;
  }
};

std::string session_tag(const Session &session) {
  const capsule_session_info info = info_of(session);
  return "event=worker_stderr session=" + std::to_string(info.session_id) + " source=worker pid=" + std::to_string(info.pid) +
         " ";
}

}  // namespace

CAPSULE_TEST(a_spawned_worker_s_first_words_are_its_session_s) {
  Loud loud;
  loud.folder.write("usercustomize.py", "");
  loud.folder.write("sitecustomize.py", "import os, sys\nsys.stderr.write('site speaks\\nin lines\\n')\n");
  loud.folder.write("talks.py", "import sys\nprint('import prints')\nprint('import complains', file=sys.stderr)\n");
  const Session first = open_session(loud.runtime, loud.options(CAPSULE_START_SPAWN, {"talks"}));
  const Session second = open_session(loud.runtime, loud.options(CAPSULE_START_SPAWN, {"talks"}));
  for (const Session *session : {&first, &second}) {
    const std::string tag = session_tag(*session);
    for (const char *text : {"size_bytes=11 raw=site speaks", "size_bytes=8 raw=in lines", "size_bytes=13 raw=import prints",
                             "size_bytes=16 raw=import complains"}) {
      CHECK_EQ(loud.log.lines(tag + text).size(), 1);
    }
    Run run(*session, "import sys; print('output'); print('error', file=sys.stderr)");
    CHECK_EQ(run.end().outcome, "ok");
    CHECK_EQ(run.out(), "output\n");
    CHECK_EQ(run.err(), "error\n");
    CHECK_EQ(info_of(*session).late_output_bytes, 0);
  }
  // The process that starts them is an interpreter too, and nobody's.
  const std::string zygote = "source=zygote pid=" + std::to_string(info_of(loud.runtime).zygote_pid);
  CHECK_CONTAINS(loud.log.wait_for(zygote), "raw=site speaks");
}

CAPSULE_TEST(a_fork_s_first_words_are_its_session_s) {
  Loud loud;
  loud.folder.write("forks.py",
                    "import os\nprint('imported')\n"
                    "os.register_at_fork(after_in_child=lambda: os.write(2, b'born %d\\n' % os.getpid()))\n");
  const Session session = open_session(loud.runtime, loud.options(CAPSULE_START_FORK, {"forks"}));
  CHECK_CONTAINS(loud.log.wait_for(session_tag(session)), "raw=born " + std::to_string(info_of(session).pid));
  const std::string zygote = "source=zygote pid=" + std::to_string(info_of(loud.runtime).zygote_pid);
  CHECK_CONTAINS(loud.log.wait_for(zygote), "raw=imported");
  Run run(session, "1");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(run.out() + run.err(), "");
  CHECK_EQ(loud.log.lines("raw=imported").size(), 1);
}

CAPSULE_TEST(a_line_that_is_a_record_is_passed_on_as_one) {
  Loud loud;
  loud.folder.write("talks.py", "import sys\nsys.stderr.write('event=told size_bytes=3\\nevent no=record')\n");
  const Session session = open_session(loud.runtime, loud.options(CAPSULE_START_SPAWN, {"talks"}));
  const std::string whose = "session=" + std::to_string(info_of(session).session_id) + " source=worker pid=";
  CHECK_CONTAINS(loud.log.wait_for("event=told " + whose), " size_bytes=3");
  CHECK_CONTAINS(loud.log.wait_for("no=record"), "size_bytes=15 raw=event no=record");  // and one without an end
}

CAPSULE_TEST(more_than_the_log_takes_is_counted_and_holds_nobody_up) {
  Loud loud;
  loud.folder.write("floods.py",
                    "import sys\nsys.stderr.write('x' * 200_000 + '\\n')\n"
                    "for _ in range(2_000): sys.stderr.write('line\\n')\n");
  const Session session = open_session(loud.runtime, loud.options(CAPSULE_START_SPAWN, {"floods"}));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  CHECK_EQ(loud.log.lines("source=worker").size(), kMostLines);
  CHECK_EQ(loud.log.lines("size_bytes=200000 ").size(), 1);
  CHECK_EQ(info_of(loud.runtime).stderr_dropped_bytes, 200'000 - 1024 + (2'001 - kMostLines) * 4);
}

CAPSULE_TEST(a_worker_that_dies_before_it_serves_has_its_last_words_told) {
  Loud loud;
  loud.folder.write("dies.py", "import os, sys\nsys.stderr.write('the last words')\nos._exit(7)\n");
  Session session;
  SessionOptions options = loud.options(CAPSULE_START_SPAWN, {"dies"});
  const std::string message =
      REFUSED(CAPSULE_E_WORKER, capsule_session_open(loud.runtime.get(), options.get(), session.out(), error));
  CHECK_CONTAINS(message, "before it was ready; it wrote: the last words");
  CHECK_CONTAINS(loud.log.wait_for("the last words"), "event=worker_stderr session=1 source=worker ");
}
