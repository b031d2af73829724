// What the code shows: bundles of representations, in order with the output, bounded in size.
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
    std::this_thread::yield();
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
