// What is done to output on its way: carriage returns, messages in pieces, progress held back.
#include "output/progress.hpp"
#include "output/text.hpp"
#include "test.hpp"
#include "transport/message_piece.hpp"

using namespace capsule;
using namespace capsule::worker;

namespace {

constexpr ProgressBars::Verdict kSendNow{true, false};
constexpr ProgressBars::Verdict kHeld{false, false};
constexpr ProgressBars::Verdict kReplaced{false, true};
constexpr ProgressBars::Verdict kSentInItsPlace{true, true};

std::string coalesced(std::string text) {
  const std::size_t before = text.size();
  const std::size_t left_out = coalesce_carriage_returns(text);
  CHECK_EQ(text.size() + left_out, before);
  return text;
}

MessageAssembly::State take(MessageAssembly &assembly, const std::string &message, std::size_t offset, std::size_t size) {
  return assembly.take(make_piece(message, offset, size), 1000);
}

}  // namespace

CAPSULE_TEST(carriage_returns_leave_what_shows_in_the_end) {
  CHECK_EQ(coalesced("plain\n"), "plain\n");
  CHECK_EQ(coalesced("1%\r2%\r3%"), "\r3%");
  CHECK_EQ(coalesced("1%\r2%\r"), "\r2%\r");
  CHECK_EQ(coalesced("\r1%\r2%\n\r3%\r4%\n"), "\r2%\n\r4%\n");
  CHECK_EQ(coalesced("dos\r\nlines\r\n"), "dos\r\nlines\r\n");
  CHECK_EQ(coalesced("a\rb\r\n"), "\rb\r\n");
  CHECK_EQ(coalesced("\r\r\r"), "\r\r\r");
  CHECK_EQ(coalesced("\r"), "\r");
  CHECK_EQ(coalesced(""), "");
}

CAPSULE_TEST(a_message_comes_together_from_its_pieces) {
  MessageAssembly assembly;
  const std::string message(100, 'm');
  CHECK(take(assembly, message, 0, 40) == MessageAssembly::State::kMore);
  CHECK(take(assembly, message, 40, 40) == MessageAssembly::State::kMore);
  CHECK(take(assembly, message, 80, 20) == MessageAssembly::State::kWhole);
  CHECK_EQ(assembly.finish(), message);
  CHECK_EQ(assembly.dropped(), 0);
}

CAPSULE_TEST(what_does_not_fit_together_is_dropped_and_counted) {
  MessageAssembly assembly;
  const std::string message(100, 'm');
  take(assembly, message, 0, 40);
  CHECK(take(assembly, message, 0, 40) == MessageAssembly::State::kMore);  // another begins
  CHECK_EQ(assembly.dropped(), 1);
  CHECK(take(assembly, message, 60, 40) == MessageAssembly::State::kMore);  // a piece is missing
  CHECK_EQ(assembly.dropped(), 2);
  CHECK(take(assembly, message, 40, 20) == MessageAssembly::State::kMore);
  CHECK(assembly.take("short", 1000) == MessageAssembly::State::kMore);
  CHECK_EQ(assembly.dropped(), 3);
  CHECK(take(assembly, std::string(1001, 'm'), 0, 10) == MessageAssembly::State::kTooLarge);
  CHECK(take(assembly, message, 0, 100) == MessageAssembly::State::kWhole);
}

CAPSULE_TEST(a_piece_that_says_less_than_it_has_is_dropped) {
  MessageAssembly assembly;
  std::string piece = make_piece(std::string(100, 'm'), 0, 100);
  piece[0] = 50;  // of 100
  CHECK(assembly.take(piece, 1000) == MessageAssembly::State::kMore);
  CHECK_EQ(assembly.dropped(), 1);
  CHECK_EQ(assembly.size(), 0);
}

CAPSULE_TEST(progress_is_told_once_an_interval_and_the_last_value_waits) {
  ProgressBars bars(100);
  const Writer writer{1, 0, 1};
  CHECK(bars.offer(writer, "a", "1", 1000) == kSendNow);
  CHECK(bars.offer(writer, "a", "2", 1050) == kHeld);
  CHECK(bars.offer(writer, "a", "3", 1060) == kReplaced);
  CHECK(bars.offer(writer, "b", "1", 1060) == kSendNow);
  CHECK_EQ(bars.due_ns(), 1100);
  std::string sent;
  const auto send = [&](const ProgressBars::Frame &frame) {
    sent += frame.bytes;
    return true;
  };
  bars.send_due(1099, send);
  CHECK_EQ(sent, "");
  bars.send_due(1100, [](const ProgressBars::Frame &) { return false; });  // no room
  CHECK_EQ(bars.due_ns(), 1200);
  bars.send_due(1200, send);
  CHECK_EQ(sent, "3");
  CHECK_EQ(bars.due_ns(), kNoDeadline);
  CHECK(bars.offer(writer, "b", "2", 1150) == kHeld);
  const auto last = bars.take_all();
  CHECK_EQ(last.size(), 1);
  CHECK_EQ(last[0].bytes, "2");
  CHECK(bars.offer(writer, "b", "3", 1151) == kSendNow);  // another execution's
}

CAPSULE_TEST(a_value_that_waited_and_is_overtaken_is_told_as_replaced) {
  ProgressBars bars(100);
  const Writer writer{1, 0, 1};
  CHECK(bars.offer(writer, "a", "1", 1000) == kSendNow);
  CHECK(bars.offer(writer, "a", "2", 1050) == kHeld);
  CHECK(bars.offer(writer, "a", "3", 1100) == kSentInItsPlace);  // before the pump came to it
  CHECK_EQ(bars.due_ns(), kNoDeadline);
}

CAPSULE_TEST(more_bars_than_are_limited_are_told_each_time) {
  ProgressBars bars(1'000'000);
  const Writer writer{1, 0, 1};
  for (int i = 0; i < 1000; ++i) {
    CHECK(bars.offer(writer, std::to_string(i), "1", 1) == kSendNow);
  }
  CHECK(bars.offer(writer, "0", "2", 2) == kHeld);
  CHECK(bars.offer(writer, "999", "2", 2) == kSendNow);
}
