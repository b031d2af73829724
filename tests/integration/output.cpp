// What code prints arrives whole, in order, and before its end.
#include <algorithm>

#include "run.hpp"
#include "test.hpp"
#include "utf8.hpp"

using namespace capsule_test;

CAPSULE_TEST(output_comes_before_the_result) {  // I2
  const Session session = open_session();
  Run run(session, "print('hello')\n6 * 7");
  CHECK_EQ(run.end().repr, "42");
  CHECK_EQ(run.story(), "started output result");
  CHECK_EQ(run.out(), "hello\n");
  CHECK_EQ(run.err(), "");
}

CAPSULE_TEST(output_comes_before_the_error) {  // I2
  const Session session = open_session();
  Run run(session, "print('before')\n1 / 0");
  CHECK_EQ(run.end().error_type, "ZeroDivisionError");
  CHECK_EQ(run.story(), "started output error");
  CHECK_EQ(run.out(), "before\n");
}

CAPSULE_TEST(stdout_and_stderr_keep_the_order_written) {
  const Session session = open_session();
  Run run(session, R"(
import sys
for i in range(300):
    print('out', i)
    print('err', i, file=sys.stderr)
)");
  run.end();
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    expected += "out " + show(i) + "\nerr " + show(i) + "\n";
  }
  CHECK_EQ(run.output(), expected);
}

CAPSULE_TEST(each_byte_is_on_the_stream_it_was_written_to) {
  const Session session = open_session();
  Run run(session, "import sys\nsys.stdout.write('o' * 1000)\nsys.stderr.write('e' * 2000)\nsys.stdout.write('p')\nNone");
  CHECK_EQ(run.end().stdout_bytes, 1001);
  CHECK_EQ(run.out(), std::string(1000, 'o') + "p");
  CHECK_EQ(run.err(), std::string(2000, 'e'));
}

CAPSULE_TEST(unicode_arrives_as_utf8) {
  const Session session = open_session();
  CHECK_EQ(printed_by(session, "print('naïve — 雪 🐍 \\u00e9\\U0001F600')"), "naïve — 雪 🐍 é😀\n");
  CHECK_EQ(printed_by(session, "print('a\\x00b', end='')"), std::string("a\0b", 3));
}

CAPSULE_TEST(output_without_a_newline_arrives) {
  const Session session = open_session();
  CHECK_EQ(printed_by(session, "import sys; _ = sys.stdout.write('no newline')"), "no newline");
  CHECK_EQ(printed_by(session, "print('x', end='')"), "x");
  CHECK_EQ(printed_by(session, "print('', end='')"), "");
  CHECK_EQ(printed_by(session, "print('\\r50%\\r100%\\r\\n', end='')"), "\r50%\r100%\r\n");
}

CAPSULE_TEST(flushed_output_arrives_while_the_code_runs) {
  const Session session = open_session();
  Run run(session, "import time\nprint('half a line', end='', flush=True)\ntime.sleep(60)");
  run.until_output("half a line");
  CHECK_EQ(state_of(session), "busy");
  run.cancel();
  CHECK_EQ(run.end().outcome, "canceled");
}

CAPSULE_TEST(lines_arrive_while_the_code_runs) {
  const Session session = open_session();
  Run run(session, "import time\nprint('a line')\ntime.sleep(60)");
  run.until_output("a line\n");
  run.cancel();
  CHECK_EQ(run.end().outcome, "canceled");
}

CAPSULE_TEST(bytes_written_to_the_buffer_arrive_unchanged) {
  const Session session = open_session();
  std::string all;
  for (int i = 0; i < 256; ++i) {
    all += static_cast<char>(i);
  }
  CHECK_EQ(printed_by(session, "import sys; _ = sys.stdout.buffer.write(bytes(range(256)))"), all);
  Run run(session, "import sys; _ = sys.stderr.buffer.write(bytes(range(256)))");
  run.end();
  CHECK_EQ(run.err(), all);
}

CAPSULE_TEST(text_and_buffer_of_one_stream_keep_their_order) {
  const Session session = open_session();
  CHECK_EQ(printed_by(session, R"(
import sys
print('a')
sys.stdout.flush()
sys.stdout.buffer.write(b'b\n')
sys.stdout.buffer.flush()
print('c')
)"),
           "a\nb\nc\n");
}

CAPSULE_TEST(many_small_writes_arrive_whole) {
  const Session session = open_session();
  std::string expected;
  for (int i = 0; i < 20'000; ++i) {
    expected += show(i) + "\n";
  }
  CHECK_EQ(printed_by(session, "for i in range(20000): print(i)"), expected);
}

CAPSULE_TEST(descriptor_level_output_is_captured) {  // I3
  const Session session = open_session();
  Run run(session, "import os\nos.write(1, b'one\\n')\nos.write(2, b'two\\n')\nos.write(1, b'three\\n')\nNone");
  run.end();
  CHECK_EQ(run.out(), "one\nthree\n");
  CHECK_EQ(run.err(), "two\n");
}

CAPSULE_TEST(output_of_child_processes_is_captured) {  // I3, I2
  const Session session = open_session();
  for (int i = 0; i < 10; ++i) {
    Run run(session, "import subprocess\nsubprocess.run('echo to stdout; echo to stderr >&2', shell=True, check=True)\nNone");
    CHECK_EQ(run.end().outcome, "ok");
    CHECK_EQ(run.out(), "to stdout\n");
    CHECK_EQ(run.err(), "to stderr\n");
  }
}

CAPSULE_TEST(large_descriptor_level_output_is_captured) {  // I3, I2
  const Session session = open_session();
  Run run(session, "import subprocess\nsubprocess.run('yes 0123456789 | head -n 100000', shell=True)\nNone");
  CHECK_EQ(run.end().stdout_bytes, 1'100'000);
}

CAPSULE_TEST(output_of_threads_is_captured) {
  const Session session = open_session();
  Run run(session, R"(
import threading
threads = [threading.Thread(target=lambda: [print('x' * 50) for _ in range(100)]) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
)");
  CHECK_EQ(run.end().outcome, "ok");
  // Two threads may each write between the other's text and its newline; nothing may be lost or torn inside a write.
  const std::string out = run.out();
  CHECK_EQ(out.size(), 4U * 100 * 51);
  CHECK_EQ(std::count(out.begin(), out.end(), '\n'), 400);
}

CAPSULE_TEST(standard_streams_are_whole_text_files) {
  const Session session = open_session();
  CHECK_EQ(value_of(session, "import sys; sys.stdout.encoding.lower().replace('-', '')"), "'utf8'");
  CHECK_EQ(value_of(session, "(sys.stdout.isatty(), sys.stdout.writable(), sys.stdout.closed)"), "(False, True, False)");
  CHECK_EQ(value_of(session, "sys.stdout.write('abc')"), "3");
  CHECK_EQ(printed_by(session, "sys.stdout.writelines(['a', 'b\\n'])"), "ab\n");
  CHECK_EQ(printed_by(session, "print('x', file=sys.__stdout__, flush=True)"), "x\n");
}

CAPSULE_TEST(a_lone_surrogate_does_not_wedge_the_session) {
  const Session session = open_session();
  Run run(session, "print('\\ud800')");
  run.end();
  CHECK(is_utf8(run.out()));
  CHECK_EQ(printed_by(session, "print('still here')"), "still here\n");
}

CAPSULE_TEST(redirected_output_stays_in_python) {
  const Session session = open_session();
  Run run(session, R"(
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as inner:
    print('inside')
print('outside')
inner.getvalue())");
  CHECK_EQ(run.end().repr, "'inside\\n'");
  CHECK_EQ(run.out(), "outside\n");
}

CAPSULE_TEST(times_of_events_never_go_back) {
  const Session session = open_session();
  Run run(session, "import time\nfor i in range(20):\n    print(i)\n    time.sleep(0.001)");
  run.end();
  for (std::size_t i = 1; i < run.events().size(); ++i) {
    CHECK_AT_LEAST(run.events()[i].time_ns, run.events()[i - 1].time_ns);
  }
}

CAPSULE_TEST(durations_are_measured) {
  const Session session = open_session();
  Run run(session, "import time; time.sleep(0.05)");
  CHECK_AT_LEAST(run.end().duration_ns, 50'000'000);
  CHECK_AT_MOST(run.end().duration_ns, 50'000'000 + with_slack_ms(0) * 1'000'000);
}
