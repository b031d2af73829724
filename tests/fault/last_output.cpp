// What was printed before a crash is delivered after it (I2).
#include "process.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

const char *const kCrashes[] = {"import os; os._exit(1)", "import os; os.kill(os.getpid(), 9)",
                                "import ctypes; ctypes.string_at(0)", "import os; os.abort()"};

// Each crash in turn after the printing code, which has to be delivered whole.
void check_delivered(const std::string &printing, const std::string &expected, std::int32_t stream = CAPSULE_STREAM_STDOUT) {
  const Session session = open_session();
  for (const char *crash : kCrashes) {
    Run run(session, printing + "\n" + crash);
    CHECK_EQ(run.end().outcome, "died");
    const std::string got = stream == CAPSULE_STREAM_STDOUT ? run.out() : run.err();
    if (got != expected) {
      FAIL(show(printing) + " before " + show(crash) + " delivered " + show(got.size()) + " bytes of " + show(expected.size()) +
           ": " + show(got));
    }
    ACCEPTED(capsule_session_restart(session.get(), error));
  }
}

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += show(i) + "\n";
  }
  return text;
}

}  // namespace

CAPSULE_TEST(lines_that_print_wrote) { check_delivered("for i in range(1000): print(i)", lines(1000)); }

CAPSULE_TEST(a_line_without_its_end) { check_delivered("print('no newline', end='')", "no newline"); }

CAPSULE_TEST(a_flushed_piece) { check_delivered("import sys\nprint('flushed', end='')\nsys.stdout.flush()", "flushed"); }

CAPSULE_TEST(bytes_written_to_the_buffer) {
  check_delivered("import sys\nsys.stdout.buffer.write(b'\\xff\\x00raw')", std::string("\xff\0raw", 5));
}

CAPSULE_TEST(lines_on_stderr) {
  check_delivered("import sys\nfor i in range(100): print(i, file=sys.stderr)", lines(100), CAPSULE_STREAM_STDERR);
}

CAPSULE_TEST(bytes_written_to_the_descriptor) {  // I3
  check_delivered("import os\nfor i in range(100): os.write(1, b'%d\\n' % i)", lines(100));
  check_delivered("import os\nos.write(2, b'raw stderr')", "raw stderr", CAPSULE_STREAM_STDERR);
}

CAPSULE_TEST(what_a_child_process_wrote) {  // I3
  check_delivered("import subprocess\nsubprocess.run(['echo', 'from a child'])", "from a child\n");
}

CAPSULE_TEST(more_than_the_host_has_asked_for) {
  SessionOptions options;
  options.raw.output_window_bytes = 64U << 10U;
  options.raw.output_queue_bytes = 4U << 20U;
  const Session session = open_session(options);
  std::string expected;
  for (int i = 0; i < 20'000; ++i) {
    expected += std::string(99, 'x') + "\n";
  }
  for (const char *crash : kCrashes) {
    // The host takes nothing until the worker is dead: most of it is in the queue behind the window then.
    const Watched worker(info_of(session).pid);
    Run run(session, std::string("for i in range(20_000): print('x' * 99)\n") + crash);
    CHECK(worker.wait_gone(Deadline()));
    CHECK_EQ(run.end().outcome, "died");
    CHECK(run.out() == expected);
    ACCEPTED(capsule_session_restart(session.get(), error));
  }
  CHECK(info_of(session).recovered_output_bytes > 0);
}

CAPSULE_TEST(what_stood_before_a_kill_by_the_host) {
  const Session session = open_session();
  Run run(session, "for i in range(1000): print(i)\nprint('last', flush=True)\nwhile True: pass");
  run.until_output("last");
  run.cancel(0);
  CHECK_EQ(run.end().cancel_phase, "killed");
  CHECK_EQ(run.out(), lines(1000) + "last\n");
}

CAPSULE_TEST(the_order_of_the_streams_survives) {
  const Session session = open_session();
  Run run(session, "import sys, os\nfor i in range(100):\n    print('o', i)\n    print('e', i, file=sys.stderr)\nos._exit(1)");
  CHECK_EQ(run.end().outcome, "died");
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    expected += "o " + show(i) + "\ne " + show(i) + "\n";
  }
  CHECK_EQ(run.output(), expected);
}

CAPSULE_TEST(nothing_of_one_execution_is_told_in_the_next) {
  const Session session = open_session();
  Run crashing(session, "import os\nprint('first')\nos.write(1, b'raw')\nos._exit(1)");
  crashing.end();
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(printed_by(session, "print('second')"), "second\n");
}
