// Text that is none: surrogates, NUL bytes, bytes that are not UTF-8, lines without end. Every text of an event stays UTF-8 (Event
// copies are checked), what the code wrote as bytes arrives unchanged, and the session lives.
#include "run.hpp"
#include "test.hpp"
#include "utf8.hpp"

using namespace capsule_test;

namespace {

constexpr std::size_t kLine = 20'000'000;

// Runs the source to its one end (I5); the session has to live on.
Event end_of(const Session &session, const std::string &source) {
  Run run(session, source);
  const Event end = run.end();
  CHECK(is_utf8(end.message));
  CHECK(is_utf8(end.error_type));
  CHECK(is_utf8(end.traceback.value_or("")));
  CHECK(is_utf8(end.repr.value_or("")));
  CHECK(is_utf8(end.type_name.value_or("")));
  CHECK(is_utf8(end.json.value_or("")));
  CHECK_EQ(value_of(session, "21 * 2"), "42");
  return end;
}

// Counts what one byte repeated prints, without a copy of each event.
void check_huge(const std::string &source, std::int32_t stream) {
  const Session session = open_session();
  Run run(session, source);
  EventStruct event;
  std::size_t bytes = 0;
  do {
    ACCEPTED(capsule_execution_next(run.get(), kPatienceMs, event.get(), error));
    if (event->kind == CAPSULE_EVENT_OUTPUT) {
      CHECK_EQ(event->stream, stream);
      CHECK(std::string_view(event->data.data, event->data.size).find_first_not_of("x\n") == std::string_view::npos);
      bytes += event->data.size;
    }
  } while (event->kind != CAPSULE_EVENT_RESULT && event->kind != CAPSULE_EVENT_ERROR);
  CHECK_EQ(event->kind, CAPSULE_EVENT_RESULT);
  CHECK_EQ(bytes, kLine + 1);
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

}  // namespace

CAPSULE_TEST(printed_surrogates_are_an_error_or_escaped) {
  const Session session = open_session();
  for (const char *text : {"'\\ud800'", "'a\\udfffb'", "'\\udc80' * 1000", "'\\ud83d\\ude00'"}) {
    for (const char *stream : {"sys.stdout", "sys.stderr"}) {
      Run run(session, std::string("import sys\nprint(") + text + ", file=" + stream + ", flush=True)");
      const Event end = run.end();
      CHECK(end.outcome == "ok" || end.error_type == "UnicodeEncodeError");
      CHECK(is_utf8(run.output()));
      CHECK_EQ(printed_by(session, "print('next')"), "next\n");
    }
  }
}

CAPSULE_TEST(nul_bytes_arrive_as_they_are) {
  const Session session = open_session();
  Run run(session, "import os\nprint('a\\0b', flush=True)\nos.write(2, b'\\0\\0')");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(run.out(), std::string("a\0b\n", 4));
  CHECK_EQ(run.err(), std::string("\0\0", 2));
  CHECK_EQ(end_of(session, "'a\\0b'").repr, "'a\\x00b'");
}

CAPSULE_TEST(every_byte_value_arrives_by_either_way) {  // I3
  const Session session = open_session();
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all += static_cast<char>(byte);
  }
  for (const char *source : {"import os\nos.write(1, bytes(range(256))) and None",
                             "import sys\nsys.stdout.buffer.write(bytes(range(256))) and None"}) {
    Run run(session, source);
    CHECK_EQ(run.end().outcome, "ok");
    CHECK_EQ(run.out(), all);
  }
}

CAPSULE_TEST(invalid_utf8_in_the_middle_of_text) {
  const Session session = open_session();
  Run run(session, "import os\nfor piece in (b'\\xe9\\x9b', b'\\xaa', b'\\xff\\xfe', b'\\xf0\\x9f\\x90'): os.write(1, piece)");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(run.out(), "\xe9\x9b\xaa\xff\xfe\xf0\x9f\x90");
}

CAPSULE_TEST(exceptions_of_hostile_text) {
  const Session session = open_session();
  CHECK_EQ(end_of(session, "raise ValueError('\\ud800')").error_type, "ValueError");
  CHECK_EQ(end_of(session, "raise ValueError('a\\0b')").message, std::string("a\0b", 3));
  CHECK_EQ(end_of(session, "raise ValueError(b'\\xff'.decode('utf-8', 'surrogateescape'))").outcome, "error");
  CHECK_EQ(end_of(session, "raise type('E', (Exception,), {'__module__': '\\udfff', '__qualname__': '\\ud800'})('x')").outcome,
           "error");
  CHECK_EQ(end_of(session, "e = ValueError('noted')\ne.add_note('\\udfff')\nraise e").error_type, "ValueError");
  CHECK_EQ(end_of(session, "raise SystemExit('\\ud800')").error_type, "SystemExit");
}

CAPSULE_TEST(values_of_hostile_text) {
  const Session session = open_session();
  CHECK_EQ(end_of(session, "'\\ud800'").outcome, "ok");
  CHECK_EQ(end_of(session, "{'\\udfff': ['\\0']}").outcome, "ok");
  CHECK_EQ(end_of(session, "class R:\n    def __repr__(self): return '\\ud800\\0'\nR()").outcome, "ok");
  CHECK_EQ(end_of(session, "type('T', (), {'__module__': '\\udfff', '__qualname__': '\\ud800'})()").outcome, "ok");
}

CAPSULE_TEST(prompts_of_hostile_text) {
  const Session session = open_session();
  for (const char *prompt : {"'\\ud800'", "'a\\0b'", "'x' * 1_000_000", "'\\n\\r\\n'"}) {
    Run run(session, std::string("try: input(") + prompt + ")\nexcept (UnicodeError, ValueError): pass\n'asked'");
    const Deadline deadline;
    while (!run.next(deadline).terminal()) {
      if (run.events().back().kind == CAPSULE_EVENT_INPUT) {
        CHECK(is_utf8(run.events().back().prompt));
        run.answer("");
      }
    }
    CHECK_EQ(run.end().repr, "'asked'");
  }
}

CAPSULE_TEST(streams_set_to_another_encoding) {
  const Session session = open_session();
  Run run(session, "import sys\nsys.stdout.reconfigure(encoding='latin-1')\nprint('\\xe9')");
  run.end();
  CHECK(run.out() == "\xe9\n" || run.out() == "\xc3\xa9\n" || run.end().outcome == "error");
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(a_line_of_twenty_megabytes_on_stdout) { check_huge("print('x' * 20_000_000)", CAPSULE_STREAM_STDOUT); }

CAPSULE_TEST(a_line_of_twenty_megabytes_on_stderr) {
  check_huge("import sys\nprint('x' * 20_000_000, file=sys.stderr)", CAPSULE_STREAM_STDERR);
}

CAPSULE_TEST(a_line_of_twenty_megabytes_at_descriptor_level) {  // I3
  check_huge("import os\ndata = b'x' * 20_000_000 + b'\\n'\nwhile data: data = data[os.write(1, data[:1 << 20]):]",
             CAPSULE_STREAM_STDOUT);
}

CAPSULE_TEST(a_message_of_twenty_megabytes_says_so_or_is_cut) {
  const Session session = open_session();
  const Event end = end_of(session, "raise ValueError('x' * 20_000_000)");
  CHECK_EQ(end.error_type, "ValueError");
  CHECK_AT_LEAST(end.message.size(), 1000);
  CHECK_EQ(end.message.substr(0, 10), "xxxxxxxxxx");
}
