// The text of output: always UTF-8, with the bytes beside it; and carriage returns.
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

std::string text_of_run(const Run &run) {
  std::string text;
  for (const Event &event : run.events()) {
    text += event.data;
  }
  return text;
}

std::uint64_t invalid_of(const Run &run) {
  std::uint64_t bytes = 0;
  for (const Event &event : run.events()) {
    bytes += event.invalid_bytes;
  }
  return bytes;
}

}  // namespace

CAPSULE_TEST(what_is_not_utf8_is_replaced_and_counted_and_the_bytes_are_there) {
  const Session session = open_session();
  // Pieces as Python's own "replace" handler sees them: a cut character, a lone continuation, overlong, surrogate.
  for (const char *bytes : {"b'a\\xffb'", "b'\\xe9\\x9b'", "b'\\x80'", "b'\\xc0\\xaf'", "b'\\xed\\xa0\\x80'",
                            "b'\\xf0\\x9f\\x90x'", "bytes(range(256))"}) {
    Run run(session, std::string("import os\ndata = ") + bytes + "\nn = os.write(1, data)\ndata.decode('utf-8', 'replace')");
    CHECK_EQ(run.end().outcome, "ok");
    CHECK_EQ(value_of(
                 session, "data.decode('utf-8', 'replace') == " + std::string("bytes.fromhex('") +
                              [&] {
                                std::string hex;
                                for (const char c : text_of_run(run)) {
                                  static constexpr char digits[] = "0123456789abcdef";
                                  hex += digits[static_cast<unsigned char>(c) >> 4U];
                                  hex += digits[static_cast<unsigned char>(c) & 15U];
                                }
                                return hex;
                              }() +
                              "').decode()"),
             "True");
    CHECK(invalid_of(run) > 0);
    CHECK_EQ(run.end().stdout_bytes, run.out().size());
  }
  CHECK_EQ(info_of(session).invalid_output_bytes, 1 + 2 + 1 + 2 + 3 + 3 + 128);
}

CAPSULE_TEST(a_character_that_is_written_in_pieces_is_whole) {
  const Session session = open_session();
  Run run(session, R"(
import os, time
for byte in '雪🐍'.encode():
    os.write(1, bytes([byte]))
    time.sleep(0.002))");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(text_of_run(run), "雪🐍");
  CHECK_EQ(invalid_of(run), 0);
}

CAPSULE_TEST(what_another_writes_in_between_cuts_it) {
  const Session session = open_session();
  Run run(session, R"(
import os, sys
os.write(1, b'\xe9\x9b')
input()
print('between')
input()
os.write(1, b'\xaa'))");
  for (int i = 0; i < 2; ++i) {
    run.until(CAPSULE_EVENT_INPUT);
    run.answer("");
  }
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(text_of_run(run),
           "\xEF\xBF\xBD"
           "between\n\xEF\xBF\xBD");
  CHECK_EQ(run.out(),
           "\xe9\x9b"
           "between\n\xaa");
}

CAPSULE_TEST(a_carriage_return_is_sent_as_soon_as_a_line) {
  const Session session = open_session();
  Run run(session, "print('50%', end='\\r')\ninput()\nprint('100%')");
  run.until_output("50%\r");
  run.until(CAPSULE_EVENT_INPUT);
  run.answer("");
  run.end();
  CHECK_EQ(run.out(), "50%\r100%\n");
}

CAPSULE_TEST(what_carriage_returns_go_over_is_left_out_on_request) {
  SessionOptions options;
  options.raw.coalesce_carriage_returns = 1;
  const Session session = open_session(options);
  Run run(session, R"(
import sys
text = 'begin\r\n' + ''.join(f'\r{i:3}%' for i in range(101)) + '\nend\n'
_ = sys.stdout.write(text))");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(run.out(), "begin\r\n\r100%\nend\n");
  CHECK_EQ(executor_metrics_of(session).output_bytes_coalesced, 500);
  CHECK_EQ(run.end().stdout_bytes, run.out().size());
}

CAPSULE_TEST(all_of_them_arrive_without_it) {
  const Session session = open_session();
  CHECK_EQ(printed_by(session, "import sys\n_ = sys.stdout.write('\\r1%\\r2%\\n')"), "\r1%\r2%\n");
  CHECK_EQ(executor_metrics_of(session).output_bytes_coalesced, 0);
}
