// What the code shows: bundles of representations, in order with the output, bounded in size.
#include <algorithm>
#include <thread>

#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

const char *const kShown = R"(
class Shown:
    def _repr_html_(self): return '<b>shown</b>'
    def _repr_png_(self): return b'\x89PNG\x00\xff'
    def __repr__(self): return 'Shown()'
None)";

std::vector<Event> displays_of(const Run &run) {
  std::vector<Event> displays;
  for (const Event &event : run.events()) {
    if (event.kind == CAPSULE_EVENT_DISPLAY) {
      displays.push_back(event);
    }
  }
  return displays;
}

std::string part(const Event &display, const std::string &type) {
  for (const auto &[mime_type, data] : display.parts) {
    if (mime_type == type) {
      return data;
    }
  }
  FAIL("a display has no " + type);
}

bool has_part(const Event &display, const std::string &type) {
  return std::ranges::any_of(display.parts, [&](const auto &each) { return each.first == type; });
}

// The displays of a source that has to succeed.
std::vector<Event> shown_by(const Session &session, std::string_view source) {
  Run run(session, source);
  CHECK_EQ(run.end().outcome, "ok");
  return displays_of(run);
}

// Window and queue as small as they may be.
SessionOptions small_options() {
  SessionOptions options;
  options.raw.output_window_bytes = 64U << 10U;
  options.raw.output_queue_bytes = 64U << 10U;
  return options;
}

// A thread that shows something each time the gate opens.
const char *const kShower = R"(
import threading
gate, shown = threading.Semaphore(0), threading.Semaphore(0)
def show():
    while True:
        gate.acquire()
        display('late')
        shown.release()
threading.Thread(target=show, daemon=True).start())";
const char *const kOpenGate = "gate.release(); shown.acquire(); None";

// Shows more than window and queue hold, in displays that fit each by itself, while the host takes nothing. Its value is how many
// calls raised. What comes is whole and in order.
Run flooded(const Session &session) {
  Run run(session, R"(
refused = 0
for i in range(1_000):
    try: display({'text/plain': f'{i:01000}'}, raw=True)
    except OutputBackpressureExceeded: refused += 1
refused)");
  for (const Deadline deadline; executor_metrics_of(session).displays_made < 1000;) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
  CHECK_EQ(run.end().outcome, "ok");
  long last = -1;
  for (const Event &display : displays_of(run)) {
    CHECK_EQ(part(display, "text/plain").size(), 1000);
    CHECK(std::stol(part(display, "text/plain")) > last);
    last = std::stol(part(display, "text/plain"));
  }
  const std::uint64_t dropped = executor_metrics_of(session).displays_dropped;
  CHECK_AT_LEAST(dropped, 1);
  CHECK_EQ(displays_of(run).size() + dropped, 1000);
  CHECK_EQ(info_of(session).displays, 1000 - dropped);
  CHECK_EQ(info_of(session).displays_incomplete, 0);
  return run;
}

}  // namespace

CAPSULE_TEST(binary_parts_are_the_bytes_themselves) {
  const Session session = open_session();
  value_of(session, kShown);
  Run run(session, "display(Shown())");
  CHECK_EQ(run.end().outcome, "ok");
  const auto displays = displays_of(run);
  CHECK_EQ(displays.size(), 1);
  CHECK_EQ(part(displays[0], "image/png"), std::string("\x89PNG\0\xff", 6));
  CHECK_EQ(part(displays[0], "text/html"), "<b>shown</b>");
  CHECK_EQ(part(displays[0], "text/plain"), "Shown()");
  CHECK_EQ(displays[0].writer_execution_id, 2);
  CHECK_EQ(info_of(session).displays, 1);
  CHECK_EQ(executor_metrics_of(session).displays_made, 1);
}

CAPSULE_TEST(a_rich_result_is_shown_before_the_result) {
  const Session session = open_session();
  value_of(session, kShown);
  Run run(session, "Shown()");
  CHECK_EQ(run.end().repr, "Shown()");
  CHECK_EQ(run.story(), "started display result");
  CHECK(displays_of(run)[0].is_result);
}

CAPSULE_TEST(an_update_names_what_it_replaces) {
  const Session session = open_session();
  Run run(session, "handle = display('one', display_id=True)\nhandle.update('two')\nhandle.display_id");
  const std::string id = run.end().repr->substr(1, run.end().repr->size() - 2);
  const auto displays = displays_of(run);
  CHECK_EQ(displays.size(), 2);
  CHECK(!displays[0].update);
  CHECK(displays[1].update);
  CHECK_EQ(displays[0].display_id, id);
  CHECK_EQ(displays[1].display_id, id);
}

CAPSULE_TEST(one_larger_than_the_window_arrives_whole) {
  SessionOptions options;
  options.raw.output_window_bytes = 64U << 10U;
  options.raw.output_queue_bytes = 64U << 10U;
  const Session session = open_session(options);
  Run run(session, "display({'application/octet-stream': bytes(range(256)) * 20_000}, raw=True)\nprint('after')");
  CHECK_EQ(run.end().outcome, "ok");
  const std::string data = part(displays_of(run).at(0), "application/octet-stream");
  CHECK_EQ(data.size(), 256 * 20'000);
  for (std::size_t i = 0; i < data.size(); ++i) {
    CHECK_EQ(static_cast<unsigned char>(data[i]), i % 256);
  }
  CHECK_EQ(run.out(), "after\n");
}

CAPSULE_TEST(threads_that_show_at_once_do_not_mix) {
  SessionOptions options;
  options.raw.output_window_bytes = 64U << 10U;
  options.raw.output_queue_bytes = 64U << 10U;
  const Session session = open_session(options);
  Run run(session, R"(
import threading
threads = [threading.Thread(target=display, args=[{'text/plain': c * 500_000}], kwargs={'raw': True}) for c in 'ab']
for thread in threads: thread.start()
for thread in threads: thread.join())");
  CHECK_EQ(run.end().outcome, "ok");
  const auto displays = displays_of(run);
  CHECK_EQ(displays.size(), 2);
  for (const Event &display : displays) {
    const std::string text = part(display, "text/plain");
    CHECK_EQ(text, std::string(500'000, text.at(0)));
  }
  CHECK_EQ(info_of(session).displays_incomplete, 0);
}

CAPSULE_TEST(what_was_shown_before_a_death_is_delivered) {
  const Session session = open_session();
  Run run(session, "display({'text/plain': 'x' * 200_000}, raw=True)\nimport os; os.kill(os.getpid(), 9)");
  CHECK_EQ(run.end().outcome, "died");
  CHECK_EQ(part(displays_of(run).at(0), "text/plain").size(), 200'000);
}

CAPSULE_TEST(parts_beyond_the_limit_are_left_out_and_counted) {
  SessionOptions options;
  options.raw.display_limit_bytes = 1024;
  const Session session = open_session(options);
  Run run(session, "display({'text/html': 'h' * 5000, 'text/plain': 'small'}, raw=True)");
  CHECK_EQ(run.end().outcome, "ok");
  const auto displays = displays_of(run);
  CHECK_EQ(displays.at(0).parts.size(), 1);
  CHECK_EQ(part(displays[0], "text/plain"), "small");
  CHECK_EQ(executor_metrics_of(session).displays_truncated, 1);
}

CAPSULE_TEST(a_method_that_raises_is_counted_and_told_on_stderr) {
  const Session session = open_session();
  Run run(session, R"(
class Broken:
    def _repr_html_(self): raise ValueError('no html')
    def __repr__(self): return 'Broken()'
display(Broken()))");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(part(displays_of(run).at(0), "text/plain"), "Broken()");
  CHECK_CONTAINS(run.err(), "ValueError: no html");
  CHECK_EQ(executor_metrics_of(session).display_errors, 1);
}

CAPSULE_TEST(one_that_is_canceled_is_dropped_and_the_session_goes_on) {
  SessionOptions options;
  options.raw.output_window_bytes = 64U << 10U;
  options.raw.output_queue_bytes = 64U << 10U;
  const Session session = open_session(options);
  Run run(session,
          "display({'text/plain': 'x' * 5_000_000}, raw=True)\nprint('y' * 200_000)\ndisplay({'text/plain': 'z' * 5_000_000}, "
          "raw=True)");
  run.next();
  // The host takes nothing, so that the code waits; its own output is the first thing that cannot be taken in passing.
  for (const Deadline deadline; executor_metrics_of(session).output_waits == 0;) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
  run.cancel(kPatienceMs);
  CHECK_EQ(run.end().outcome, "canceled");
  Run after(session, "display('whole')");
  CHECK_EQ(after.end().outcome, "ok");
  CHECK_EQ(part(displays_of(after).at(0), "text/plain"), "'whole'");
}

CAPSULE_TEST(a_display_that_comes_late_is_late_output) {
  SessionOptions options;
  options.raw.late_output = CAPSULE_LATE_DELIVER;
  const Session session = open_session(options);
  Run run(session, "import threading\nthreading.Timer(0.05, display, ['late']).start()");
  run.late_may_follow = true;
  CHECK_EQ(run.end().outcome, "ok");
  const Event &late = run.next();
  CHECK_EQ(late.kind, CAPSULE_EVENT_DISPLAY);
  CHECK(late.late);
}

CAPSULE_TEST(figures_of_matplotlib_are_shown_as_png) {
  const Session session = open_session();
  if (value_of(session, "import importlib.util; importlib.util.find_spec('matplotlib') is None") == "True") {
    skip_test("matplotlib is not installed");
  }
  Run run(session, "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2, 3])\nprint('plotted')");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(part(displays_of(run).at(0), "image/png").substr(0, 8), "\x89PNG\r\n\x1a\n");
}

CAPSULE_TEST(one_display_for_each_object_in_its_place_among_the_output) {
  const Session session = open_session();
  Run run(session, "print('a')\ndisplay(1, 'two')\nimport sys; print('b', file=sys.stderr)\ndisplay([3])\nprint('c', end='')");
  CHECK_EQ(run.end().outcome, "ok");
  CHECK_EQ(run.story(), "started output display display output display output result");
  std::string told;
  for (const Event &event : run.events()) {
    told += event.kind == CAPSULE_EVENT_DISPLAY ? "<" + part(event, "text/plain") + ">" : event.data;
  }
  CHECK_EQ(told, "a\n<1><'two'>b\n<[3]>c");
  for (const Event &display : displays_of(run)) {
    CHECK_EQ(display.parts.size(), 1);
    CHECK_EQ(display.display_id, "");
    CHECK_EQ(display.metadata, "");
    CHECK(!display.update && !display.is_result && !display.late);
  }
  CHECK_EQ(info_of(session).displays, 3);
}

CAPSULE_TEST(a_bundle_goes_before_the_single_methods) {
  const Session session = open_session();
  const auto displays = shown_by(session, R"(
class Bundle:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {'text/html': 'bundle', 'application/json': {'a': [1, None]}}, {'text/html': {'isolated': True}}
    def _repr_html_(self): return 'method'
    def _repr_latex_(self): return '$x$'
display(Bundle())
display(Bundle(), include=['text/html'])
display(Bundle(), exclude=['text/html', 'text/latex']))");
  CHECK_EQ(displays.size(), 3);
  CHECK_EQ(part(displays[0], "text/html"), "bundle");
  CHECK_EQ(part(displays[0], "application/json"), R"({"a": [1, null]})");
  CHECK_EQ(part(displays[0], "text/latex"), "$x$");
  CHECK(has_part(displays[0], "text/plain"));
  CHECK_EQ(displays[0].metadata, R"({"text/html": {"isolated": true}})");
  CHECK_EQ(displays[1].parts.size(), 1);
  CHECK_EQ(part(displays[1], "text/html"), "bundle");
  CHECK_EQ(displays[2].parts.size(), 2);
  CHECK(has_part(displays[2], "text/plain") && has_part(displays[2], "application/json"));
}

CAPSULE_TEST(base64_becomes_bytes_and_what_is_said_of_parts_comes_with_them) {
  const Session session = open_session();
  const auto displays = shown_by(session, R"(
class Sized:
    def _repr_png_(self): return 'iVBO\nRwD/', {'width': 10}
display(Sized())
display(Sized(), metadata={'image/png': {'height': 20}}))");
  CHECK_EQ(part(displays.at(0), "image/png"), std::string("\x89PNG\0\xff", 6));
  CHECK_EQ(displays.at(0).metadata, R"({"image/png": {"width": 10}})");
  CHECK_EQ(displays.at(1).metadata, R"({"image/png": {"width": 10, "height": 20}})");
}

CAPSULE_TEST(raw_parts_are_taken_as_they_are_and_a_nul_is_kept) {
  const Session session = open_session();
  const auto displays = shown_by(session, "display({'text/plain': 'a\\0b', 'application/x-mine': b'\\0\\xff'}, raw=True)");
  CHECK_EQ(displays.at(0).parts.size(), 2);
  CHECK_EQ(part(displays[0], "text/plain"), std::string("a\0b", 3));
  CHECK_EQ(part(displays[0], "application/x-mine"), std::string("\0\xff", 2));
}

CAPSULE_TEST(a_display_is_updated_by_its_name_in_later_executions_too) {
  const Session session = open_session();
  auto displays = shown_by(session, "handle = display('one', display_id='mine')\nupdate_display('two', display_id='mine')");
  for (const Event &event : shown_by(session, "handle.update({'text/html': 'three'}, raw=True)\nhandle.display('four')")) {
    displays.push_back(event);
  }
  CHECK_EQ(displays.size(), 4);
  std::string updates;
  for (const Event &display : displays) {
    CHECK_EQ(display.display_id, "mine");
    updates += display.update ? "u" : "-";
  }
  CHECK_EQ(updates, "-uu-");
  CHECK_EQ(part(displays[1], "text/plain"), "'two'");
  CHECK_EQ(part(displays[2], "text/html"), "three");
}

CAPSULE_TEST(wrong_calls_are_refused_and_show_nothing) {
  const Session session = open_session();
  const char *const cases[][2] = {{"display(1, update=True)", "display_id"},
                                  {"update_display(1)", "display_id"},
                                  {"display(1, metadata='x')", "metadata"},
                                  {"display('x', raw=True)", "raw"}};
  for (const auto &[source, name] : cases) {
    Run run(session, source);
    CHECK_EQ(run.end().error_type, "TypeError");
    CHECK_CONTAINS(run.end().message, name);
    CHECK_EQ(displays_of(run).size(), 0);
  }
  CHECK_EQ(executor_metrics_of(session).displays_made, 0);
}

CAPSULE_TEST(plain_values_are_results_only) {
  const Session session = open_session();
  value_of(session, kShown);
  for (const char *source : {"1", "'x'", "[1, 2]", "{'a': 1}", "object()", "Shown", "None"}) {
    CHECK_EQ(shown_by(session, source).size(), 0);
  }
  CHECK_EQ(executor_metrics_of(session).displays_made, 0);
}

CAPSULE_TEST(the_display_of_a_result_is_the_last_before_it_with_an_await_too) {
  const Session session = open_session();
  value_of(session, kShown);
  for (const char *source : {"display('first')\nprint('then')\nShown()",
                             "import asyncio\ndisplay('first')\nprint('then')\nawait asyncio.sleep(0)\nShown()"}) {
    Run run(session, source);
    CHECK_EQ(run.end().repr, "Shown()");
    CHECK_EQ(run.story(), "started display output display result");
    const auto displays = displays_of(run);
    CHECK(!displays[0].is_result);
    CHECK(displays[1].is_result);
    CHECK_EQ(part(displays[1], "text/html"), "<b>shown</b>");
  }
}

CAPSULE_TEST(a_result_whose_method_raises_is_still_a_result) {
  const Session session = open_session();
  Run run(session, R"(
class Broken:
    def _repr_html_(self): raise ValueError('no html')
    def __repr__(self): return 'Broken()'
Broken())");
  CHECK_EQ(run.end().repr, "Broken()");
  CHECK_EQ(displays_of(run).size(), 0);
  CHECK_CONTAINS(run.err(), "ValueError: no html");
  CHECK_LACKS(run.err(), "<capsule>");  // no frames of the engine
  CHECK_EQ(executor_metrics_of(session).display_errors, 1);
}

CAPSULE_TEST(of_what_is_too_large_the_largest_goes_first) {
  SessionOptions options;
  options.raw.display_limit_bytes = 1024;
  const Session session = open_session(options);
  auto displays = shown_by(session,
                           "display({'text/html': 'h' * 2000, 'image/png': b'p' * 900, 'text/markdown': 'm' * 500, "
                           "'text/plain': 'small'}, raw=True)");
  CHECK(!has_part(displays.at(0), "text/html") && !has_part(displays[0], "image/png"));
  CHECK_EQ(part(displays[0], "text/markdown"), std::string(500, 'm'));
  CHECK_EQ(executor_metrics_of(session).displays_truncated, 2);

  // Text is cut, not left out, and between two characters.
  displays = shown_by(session, "display({'text/plain': 'ü' * 3000}, raw=True)");
  const std::string text = part(displays.at(0), "text/plain");
  CHECK_AT_MOST(text.size(), 1024);
  const std::size_t kept = text.find("\n... ") / 2;
  CHECK_EQ(text.substr(2 * kept), "\n... " + show(3000 - kept) + " characters left out");
  CHECK_EQ(executor_metrics_of(session).displays_truncated, 3);

  displays = shown_by(session, "display({'text/html': 'h' * 2000}, raw=True)");
  CHECK_EQ(part(displays.at(0), "text/plain"), "<text/html left out: larger than 1024 bytes>");
  CHECK_EQ(executor_metrics_of(session).displays_truncated, 4);

  displays = shown_by(session, "display({'text/html': 'h' * 1000}, raw=True)");
  CHECK_EQ(part(displays.at(0), "text/html").size(), 1000);
  CHECK_EQ(executor_metrics_of(session).displays_truncated, 4);
}

CAPSULE_TEST(a_host_that_is_slow_gets_each_of_many_large_ones_whole) {
  const Session session = open_session(small_options());
  Run run(session, "for i in range(20): display({'text/plain': chr(97 + i) * 300_000}, raw=True)");
  while (!run.next().terminal()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));  // the worker gets ahead; what it does meanwhile does not matter
  }
  CHECK_EQ(run.end().outcome, "ok");
  const auto displays = displays_of(run);
  CHECK_EQ(displays.size(), 20);
  for (std::size_t i = 0; i < displays.size(); ++i) {
    CHECK(part(displays[i], "text/plain") == std::string(300'000, static_cast<char>('a' + i)));
  }
  CHECK_EQ(info_of(session).displays_incomplete, 0);
}

CAPSULE_TEST(drop_new_drops_whole_displays_and_counts_them) {
  SessionOptions options = small_options();
  options.raw.output_policy = CAPSULE_OUTPUT_DROP_NEW;
  const Session session = open_session(options);
  Run run = flooded(session);
  CHECK_EQ(run.end().repr, "0");
  CHECK_EQ(run.end().dropped_output_bytes, executor_metrics_of(session).output_bytes_dropped);
  CHECK_CONTAINS(run.err(), "bytes of output dropped]\n");
  CHECK_EQ(shown_by(session, "display('again')").size(), 1);
}

CAPSULE_TEST(error_raises_in_the_code_that_shows) {
  SessionOptions options = small_options();
  options.raw.output_policy = CAPSULE_OUTPUT_ERROR;
  const Session session = open_session(options);
  Run run = flooded(session);
  const capsule_executor_metrics metrics = executor_metrics_of(session);
  CHECK_EQ(run.end().repr, show(metrics.displays_dropped));
  CHECK_EQ(metrics.outputs_refused, metrics.displays_dropped);

  Run large(session, "display({'text/plain': 'x' * 200_000}, raw=True)");  // never fits
  CHECK_EQ(large.end().error_type, "capsule.OutputBackpressureExceeded");
  CHECK_EQ(displays_of(large).size(), 0);
}

CAPSULE_TEST(what_was_still_queued_at_a_death_is_recovered) {
  const Session session = open_session(small_options());
  // The window ends in the middle of the print, so that the display is in the queue when the worker dies.
  Run run(session, "import os\nprint('x' * 90_000)\ndisplay({'text/plain': 'y' * 10_000}, raw=True)\nos.kill(os.getpid(), 9)");
  for (const Deadline deadline; info_of(session).pid != 0;) {
    CHECK(!deadline.over());
    before_the_next_look();
  }
  CHECK_EQ(run.end().outcome, "died");
  CHECK_EQ(run.story(), "started output display error");
  CHECK_EQ(run.out().size(), 90'001);
  CHECK_EQ(part(displays_of(run).at(0), "text/plain"), std::string(10'000, 'y'));
  CHECK_AT_LEAST(info_of(session).recovered_output_bytes, 10'000);
  CHECK_EQ(info_of(session).displays, 1);
}

CAPSULE_TEST(a_late_one_is_adopted_or_dropped_as_the_session_says) {
  for (const std::int32_t late_output : {CAPSULE_LATE_ADOPT, CAPSULE_LATE_DROP}) {
    SessionOptions options;
    options.raw.late_output = late_output;
    const Session session = open_session(options);
    value_of(session, kShower);
    const auto displays = shown_by(session, std::string("display('own')\n") + kOpenGate);
    const bool adopted = late_output == CAPSULE_LATE_ADOPT;
    CHECK_EQ(displays.size(), adopted ? 2 : 1);
    for (const Event &display : displays) {
      CHECK_EQ(display.late, part(display, "text/plain") == "'late'");
      CHECK_EQ(display.writer_execution_id, display.late ? 1 : 2);
    }
    CHECK_EQ(executor_metrics_of(session).displays_made, 2);
    CHECK_EQ(info_of(session).displays, displays.size());
    CHECK_EQ(info_of(session).late_output_bytes == 0, adopted);
  }
}

CAPSULE_TEST(a_figure_is_shown_once_where_the_code_says_so_or_at_the_end) {
  const Session session = open_session();
  if (value_of(session, "import importlib.util; importlib.util.find_spec('matplotlib') is None") == "True") {
    skip_test("matplotlib is not installed");
  }
  value_of(session, "import matplotlib.pyplot as plt");
  for (const auto &[source, story] :
       {std::pair("plt.figure(); _ = plt.plot([1, 2])\nprint('plotted')", "started output display result"),
        std::pair("_ = plt.plot([1, 2])\nprint('before')\nplt.show()\nprint('after')", "started output display output result"),
        std::pair("1", "started result")}) {
    Run run(session, source);
    CHECK_EQ(run.end().outcome, "ok");
    CHECK_EQ(run.story(), story);
    for (const Event &display : displays_of(run)) {
      CHECK_EQ(part(display, "image/png").substr(0, 8), "\x89PNG\r\n\x1a\n");
    }
  }
}
