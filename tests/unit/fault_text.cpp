// diagnostics/fault_text: what faulthandler writes, and what only looks like it.
#include "diagnostics/fault_text.hpp"

#include <random>

#include "test.hpp"

namespace {

constexpr std::uint64_t kMain = 0x7f01;

capsule::Stack parse(const std::string &text) { return capsule::parse_fault_text(text, kMain); }

}  // namespace

CAPSULE_TEST(a_dump_of_two_threads) {
  const capsule::Stack stack = parse(
      "Fatal Python error: Segmentation fault\n"
      "\n"
      "Thread 0x0000000000007f02 [a [thread]] (most recent call first):\n"
      "  File \"/a/b.py\", line 12 in wait\n"
      "  ...\n"
      "\n"
      "Current thread 0x0000000000007f01 (most recent call first):\n"
      "  Garbage-collecting\n"
      "  File \"odd\", line 3 in it.py\", line 4 in inner in the end\n"
      "  File \"<capsule>\", line 9 in run\n"
      "  File \"<execution 1>\", line ??? in <module>\n"
      "  File \"<string>\", line 70 in <module>\n"
      "\n"
      "Extension modules: _capsule_worker, numpy (total: 2)\n"
      "  File \"not.py\", line 1 in a_frame\n");
  CHECK_EQ(stack.cause, "Segmentation fault");
  CHECK_EQ(stack.threads.size(), 2);
  CHECK_EQ(stack.threads_omitted, 0);
  const capsule::StackThread &other = stack.threads[0];
  CHECK_EQ(other.ident, 0x7f02);
  CHECK_EQ(other.name, "a [thread]");
  CHECK(!other.is_main);
  CHECK_EQ(other.frames.size(), 1);
  CHECK_EQ(other.frames_omitted, 1);
  const capsule::StackThread &main = stack.threads[1];
  CHECK(main.is_main && main.hit);
  CHECK_EQ(main.name, "main");
  CHECK_EQ(main.frames.size(), 2);
  CHECK_EQ(main.frames[0].file, "odd\", line 3 in it.py");
  CHECK_EQ(main.frames[0].line, 4);
  CHECK_EQ(main.frames[0].function, "inner in the end");
  CHECK_EQ(main.frames[1].file, "<execution 1>");
  CHECK_EQ(main.frames[1].line, 0);
  CHECK_EQ(main.frames[1].function, "<module>");
}

CAPSULE_TEST(the_last_dump_counts) {
  const capsule::Stack stack = parse(
      "Fatal Python error: Aborted\n\nThread 0x1 (most recent call first):\n  File \"a\", line 1 in b\n"
      "Fatal Python error: Bus error\n\nThread 0x2 (most recent call first):\n  File \"c\", line 2 in d\n...\n");
  CHECK_EQ(stack.cause, "Bus error");
  CHECK_EQ(stack.threads.size(), 1);
  CHECK_EQ(stack.threads[0].frames[0].function, "d");
  CHECK_EQ(stack.threads_omitted, 1);
}

CAPSULE_TEST(what_was_cut_off_is_told) {
  const capsule::Stack stack = parse("Thread 0x1 (most recent call first):\n  File \"a\", line 1 in b\n  File \"a\", li");
  CHECK_EQ(stack.threads[0].frames.size(), 1);
  CHECK_EQ(stack.threads[0].frames_omitted, 1);
  CHECK_EQ(stack.threads_omitted, 1);
}

CAPSULE_TEST(anything_may_stand_in_it) {
  std::mt19937 random(11);
  const std::string pieces[] = {"Fatal Python error: ",
                                "Thread 0x",
                                "Current thread 0x",
                                "  File \"",
                                "\", line ",
                                " in ",
                                "\n",
                                "] (",
                                " [",
                                "  ...",
                                "...",
                                "ffffffffffffffffff",
                                "\xff",
                                "7"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto piece = random() % 40; piece > 0; --piece) {
      text += pieces[random() % std::size(pieces)];
    }
    const capsule::Stack stack = parse(text);
    CHECK_AT_MOST(stack.threads.size(), text.size());
  }
}
