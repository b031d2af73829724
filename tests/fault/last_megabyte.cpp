// A megabyte written right before a crash is delivered to its last byte, whichever way it was written (I2, I9).
#include <csignal>

#include "process.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

const char *const kCrashes[] = {"os._exit(7)", "os.kill(os.getpid(), signal.SIGKILL)", "ctypes.string_at(0)", "os.abort()"};

// Defines `text`, a little over a megabyte in numbered lines, and `write_all`.
const std::string kPrelude = R"(
import ctypes, os, signal, sys
text = ''.join('line %06d of the last megabyte\n' % i for i in range(32_000))
def write_all(fd, data):
    while data: data = data[os.write(fd, data):]
)";

std::string expected_text() {
  std::string text;
  for (int i = 0; i < 32'000; ++i) {
    const std::string number = show(i);
    text += "line " + std::string(6 - number.size(), '0') + number + " of the last megabyte\n";
  }
  return text;
}

void check_text(const char *what, const std::string &got) {
  static const std::string expected = expected_text();
  if (got != expected) {
    FAIL(std::string(what) + " has " + show(got.size()) + " bytes of " + show(expected.size()) + ", the last " +
         show(got.substr(got.size() - std::min<std::size_t>(got.size(), 40))));
  }
}

// Each crash in turn right after the writing. With `late`, nothing is taken before the worker is dead.
void check_delivered(const Session &session, const std::string &writing, bool out, bool err, bool late) {
  for (const char *crash : kCrashes) {
    const Watched worker(info_of(session).pid);
    Run run(session, kPrelude + writing + "\n" + crash);
    CHECK(!late || worker.wait_gone(Deadline()));
    const Event end = run.end();
    CHECK_EQ(end.outcome, "died");
    CHECK(end.death_reason == "exit" || end.death_reason == "signal");
    check_text("stdout", out ? run.out() : expected_text() + run.out());
    check_text("stderr", err ? run.err() : expected_text() + run.err());
    ACCEPTED(capsule_session_restart(session.get(), error));
  }
}

void check_both_ways(const std::string &writing, bool out, bool err) {
  const Session session = open_session();
  check_delivered(session, writing, out, err, false);
  check_delivered(session, writing, out, err, true);
}

}  // namespace

CAPSULE_TEST(printed_at_once) { check_both_ways("print(text, end='')", true, false); }

CAPSULE_TEST(printed_in_lines) { check_both_ways("for line in text.splitlines(): print(line)", true, false); }

CAPSULE_TEST(printed_on_stderr) { check_both_ways("print(text, end='', file=sys.stderr)", false, true); }

CAPSULE_TEST(written_to_the_buffer) { check_both_ways("sys.stdout.buffer.write(text.encode())", true, false); }

CAPSULE_TEST(written_to_the_descriptor) { check_both_ways("write_all(1, text.encode())", true, false); }

CAPSULE_TEST(written_to_the_descriptor_in_lines) {
  check_both_ways("for line in text.splitlines(True): write_all(1, line.encode())", true, false);
}

CAPSULE_TEST(written_to_the_descriptor_of_stderr) { check_both_ways("write_all(2, text.encode())", false, true); }

CAPSULE_TEST(written_by_a_child_process) {
  check_both_ways(
      "import subprocess\nsubprocess.run([sys.executable, '-c', 'import sys; sys.stdout.write(sys.stdin.read())'], "
      "input=text.encode())",
      true, false);
}

CAPSULE_TEST(a_megabyte_on_both_streams_by_both_ways) {
  check_both_ways("print(text, end='')\nwrite_all(2, text.encode())", true, true);
  check_both_ways("write_all(1, text.encode())\nprint(text, end='', file=sys.stderr)", true, true);
}

// The window lets 64 KiB through until the host takes some; what stays in the worker's queue is read after its death.
CAPSULE_TEST(behind_the_smallest_window) {
  SessionOptions options;
  options.raw.output_window_bytes = 64U << 10U;
  const Session session = open_session(options);
  check_delivered(session, "print(text, end='')", true, false, true);
  check_delivered(session, "write_all(1, text.encode())", true, false, true);
  CHECK_AT_LEAST(info_of(session).recovered_output_bytes, 4U * expected_text().size());
}

CAPSULE_TEST(printed_before_a_kill_from_outside) {
  const Session session = open_session();
  const Watched worker(info_of(session).pid);
  Run run(session, kPrelude + "print(text, end='')\nwrite_all(2, b'written\\n')\nwhile True: pass");
  Deadline deadline;
  while (run.err() != "written\n") {
    run.next(deadline);
  }
  worker.kill(SIGKILL);
  CHECK_EQ(run.end().signal_number, SIGKILL);
  check_text("stdout", run.out());
}
