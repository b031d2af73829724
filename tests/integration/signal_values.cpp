// Every value of every label that SIGNALS.md lists has been seen to move, in a struct and as text: those that need Python here, the others in
// echo_signal_values.cpp and in the tests of the rows.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <regex>

#include "bridge.hpp"
#include "checkpoints.hpp"
#include "files.hpp"
#include "interpreters.hpp"
#include "pool.hpp"
#include "process.hpp"
#include "signal_rows.hpp"
#include "snapshots.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

constexpr std::uint32_t kHour = 3'600'000;

SessionOptions calm() {
  SessionOptions options;
  options.raw.heartbeat_interval_ms = kHour;
  return options;
}

// By kind of message, both ways: what goes over a session's own channels in all_messages_are_counted.
const std::vector<std::string> kMessages = {
    "HelloAck",  "Ready",      "Heartbeat",  "Execute",     "Output",     "InputRequest", "Result", "InputResponse",
    "Error",     "Cancel",     "Shutdown",   "Log",         "Credit",     "Ask",          "Answer", "Call",
    "Interrupt", "CallAnswer", "CallGiveUp", "TraceEvents", "CallCredit", "CallPiece"};

constexpr const char *kZygotes = "goes between host and zygote, whose channel is no session's";

// What no honest test can bring about, or not for certain: "metric label value", and why.
const std::map<std::string, std::string> kUnseen = {
    {"worker_deaths reason memory_limit", "the library sets no such limit: isolation reports it as unavailable"},
    {"worker_deaths reason unknown",
     "whether the kernel still tells how a worker without its zygote ended is the kernel's "
     "matter; fault/zygote_death.cpp takes both answers"},
    {"execution_page_faults kind major", "what has to be read from a disk is the kernel's choice"},
    {"execution_context_switches kind involuntary", "when a thread is taken off its CPU is the kernel's choice"},
    {"output_lines stream display", "displays have no lines; a row of lines has the labels of streams"},
    {"transport_frames message Display", "goes as a piece of Output, to keep its place among what is printed"},
    {"transport_frames message Progress", "goes as a piece of Output too"},
    {"transport_frames message Hello", kZygotes},
    {"transport_frames message Preload", kZygotes},
    {"transport_frames message Fork", kZygotes},
    {"transport_frames message Forked", kZygotes},
    {"transport_frames message Exited", kZygotes},
    {"execution_cpu_seconds mode unknown", "what cannot be compiled is over before it is measured"},
};

// Without line breaks and escapes.
std::vector<std::string> sources_of_tests() {
  std::vector<std::string> sources;
  for (const char *folder : {"integration", "fault"}) {
    for (const auto &file : std::filesystem::directory_iterator(std::string(CAPSULE_TEST_SOURCE_DIR) + "/tests/" + folder)) {
      std::string &source = sources.emplace_back();
      for (const char c : read_file(file.path().string())) {
        const bool space = c == ' ' || c == '\n';
        if (c != '\\' && !(space && source.ends_with(' '))) {
          source += space ? ' ' : c;
        }
      }
    }
  }
  return sources;
}

// The places that look at a metric, up to the end of the row or of the series, but for those that may find a zero: what they compare is
// compared by compare(), check_moved() or CHECK_….
std::string looks_at(const std::vector<std::string> &sources, const std::string &metric) {
  std::string looks;
  for (const std::string &source : sources) {
    for (std::size_t at = source.find(metric); at != std::string::npos; at = source.find(metric, at + 1)) {
      std::size_t behind = at + metric.size();
      for (const std::string_view suffix : {"_total", "_count", "_sum"}) {
        behind += source.compare(behind, suffix.size(), suffix) == 0 ? suffix.size() : 0;
      }
      const bool whole = at > 0 && (source[at - 1] == '"' || source[at - 1] == '(');
      if (!whole || (source[behind] != '"' && source[behind] != '{')) {
        continue;
      }
      std::size_t end = behind + 1;
      for (int depth = 1; depth > 0 && end < source.size(); ++end) {
        depth += source[end] == '{' ? 1 : source[end] == '}' ? -1 : 0;
      }
      const std::string_view look = std::string_view(source).substr(at, end - at);
      if (!look.ends_with(", true}") && source.compare(end, 7, ")\"], 0)") != 0) {
        looks += look;
      }
    }
  }
  return looks;
}

}  // namespace

CAPSULE_TEST(workers_by_how_they_were_born) {
  const Runtime runtime = make_runtime();
  SessionOptions options = calm();
  options.raw.start = CAPSULE_START_SPAWN;
  const Session spawned = open_session(runtime, options);
  value_of(spawned, "1");
  const Session forked = open_session(runtime, calm());
  const Session branch = branch_of(snapshot_of(forked));
  value_of(branch, "1");
  const double started = number(info_of(runtime).workers_started) - 1;  // and the one that was forked
  check_moved(runtime, [&] {
    return std::vector<Moved>{{"sessions_started_total", "path=\"spawn\"", started - 1, 1},
                              {"sessions_started_total", "path=\"restore\"", started - 1, 1},
                              {"session_start_duration_seconds_count", "path=\"spawn\"", started - 1, 1},
                              {"session_start_duration_seconds_count", "path=\"restore\"", started - 1, 1}};
  });
}

CAPSULE_TEST(deaths_by_a_limit_and_before_the_start) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, calm());
  // As a limit of the kernel ends it, which fault/death.cpp runs into.
  Run burns(session, "import os, signal; os.kill(os.getpid(), signal.SIGXCPU)");
  CHECK_EQ(burns.end().death_reason, "cpu_limit");
  const TempFolder folder;
  folder.write("gone.py", "import os\nos._exit(3)\n");
  SessionOptions options = calm();
  options.environment = {"PYTHONPATH=" + folder.path()};
  options.preload = {"gone"};
  options.raw.start = CAPSULE_START_SPAWN;
  Session none;
  const capsule_status opened = capsule_session_open(runtime.get(), options.get(), none.out(), nullptr);
  CHECK(opened != CAPSULE_OK || capsule_session_wait_ready(none.get(), kPatienceMs, nullptr) != CAPSULE_OK);
  check_moved(runtime, [&] {
    const bool limited = info_of(session).death_reason == CAPSULE_DEATH_CPU_LIMIT;
    return std::vector<Moved>{{"worker_deaths_total", "reason=\"cpu_limit\"", limited ? 1.0 : 0.0, 1},
                              {"worker_deaths_total", "reason=\"start\"", 1, 1}};
  });
}

CAPSULE_TEST(executions_by_what_their_code_is) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, calm());
  const std::string busy = "until = time.thread_time() + 0.002\nwhile time.thread_time() < until: pass\n";
  value_of(session, "import asyncio, time\n" + busy);
  value_of(session, busy + "1");
  value_of(session, busy + "await asyncio.sleep(0)");
  value_of(session, busy + "async def later(): pass");
  value_of(session, busy + "time.sleep(0.001)");
  Run(session, "= 1").end();
  check_moved(runtime, [&] {
    const capsule_async_metrics m = async_metrics_of(session);
    const double a = number(m.mode_top_level_await);
    const double d = number(m.mode_async_def);
    const double b = number(m.mode_blocking_sync);
    const double u = number(m.mode_unknown);
    return std::vector<Moved>{{"executions_total", "mode=\"async_def\"", d, 1},
                              {"executions_total", "mode=\"blocking_sync\"", b, 1},
                              {"executions_total", "mode=\"unknown\"", u, 1},
                              {"execution_duration_seconds_count", "mode=\"top_level_await\"", a, 1},
                              {"execution_duration_seconds_count", "mode=\"async_def\"", d, 1},
                              {"execution_duration_seconds_count", "mode=\"blocking_sync\"", b, 1},
                              {"execution_duration_seconds_count", "mode=\"unknown\"", u, 1},
                              {"execution_queue_duration_seconds_count", "mode=\"top_level_await\"", a, 1},
                              {"execution_queue_duration_seconds_count", "mode=\"async_def\"", d, 1},
                              {"execution_queue_duration_seconds_count", "mode=\"blocking_sync\"", b, 1},
                              {"execution_queue_duration_seconds_count", "mode=\"unknown\"", u, 1},
                              {"execution_cpu_seconds_count", "mode=\"top_level_await\"", a, 1},
                              {"execution_cpu_seconds_count", "mode=\"async_def\"", d, 1},
                              {"execution_cpu_seconds_count", "mode=\"blocking_sync\"", b, 1},
                              {"execution_cpu_seconds_count", "mode=\"simple_sync\"", number(m.mode_simple_sync), 2}};
  });
}

CAPSULE_TEST(output_by_its_stream) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, calm());
  Run run(session, "import sys\nprint('12345')\nprint('123', file=sys.stderr)\ndisplay({'text/plain': '12'}, raw=True)");
  const Event end = run.end();
  check_moved(runtime, [&] {
    const capsule_executor_metrics m = executor_metrics_of(session);
    const double enqueued = number(m.outputs_enqueued + m.outputs_captured) - 1;  // without the other stream's
    const double sent = number(m.outputs_sent) - 2;                               // without the two others
    const double displayed = number(m.output_bytes_sent - end.stdout_bytes - end.stderr_bytes);
    return std::vector<Moved>{{"outputs_enqueued_total", "stream=\"stdout\"", enqueued, 1},
                              {"outputs_enqueued_total", "stream=\"stderr\"", enqueued, 1},
                              {"outputs_enqueued_total", "stream=\"display\"", number(m.displays_made), 1},
                              {"outputs_sent_total", "stream=\"stdout\"", sent, 1},
                              {"outputs_sent_total", "stream=\"stderr\"", sent, 1},
                              {"outputs_sent_total", "stream=\"display\"", sent, 1},
                              {"output_bytes_total", "stream=\"stdout\"", number(end.stdout_bytes), 6},
                              {"output_bytes_total", "stream=\"stderr\"", number(end.stderr_bytes), 4},
                              {"output_bytes_total", "stream=\"display\"", displayed, displayed}};
  });
}

CAPSULE_TEST(what_is_dropped_by_its_stream) {
  const Runtime runtime = make_runtime();
  SessionOptions options = calm();
  options.raw.output_policy = CAPSULE_OUTPUT_DROP_NEW;
  options.raw.output_queue_bytes = options.raw.output_window_bytes = 64U << 10U;
  const Session errors = open_session(runtime, options);
  Run(errors, "import sys\nfor i in range(30): sys.stderr.write('x' * 100_000)").end();
  const Session prints = open_session(runtime, options);
  Run(prints, "import sys\nfor i in range(30): sys.stdout.write('x' * 100_000)").end();
  const Session displays = open_session(runtime, options);
  Run(displays, "for i in range(5000): display({'text/plain': 'x' * 1000}, raw=True)").end();
  check_moved(runtime, [&] {
    const double e = number(executor_metrics_of(errors).outputs_dropped);
    const double d = number(executor_metrics_of(displays).displays_dropped);
    const double p = number(executor_metrics_of(prints).outputs_dropped);
    double bytes = 0;
    for (const Session *session : {&errors, &prints, &displays}) {
      bytes += number(executor_metrics_of(*session).output_bytes_dropped);
    }
    const capsule_runtime_metrics all = runtime_metrics_of(runtime);
    const auto newest = [](const capsule_output_totals &totals) { return number(totals.dropped_newest); };
    return std::vector<Moved>{{"output_lost_bytes_total", "reason=\"policy\"", bytes, bytes},
                              {"outputs_dropped_total", "stream=\"stdout\",reason=\"newest\"", newest(all.standard_output), p},
                              {"outputs_dropped_total", "stream=\"stderr\",reason=\"newest\"", newest(all.standard_error), e},
                              {"outputs_dropped_total", "stream=\"display\",reason=\"newest\"", newest(all.displays), d}};
  });
}

CAPSULE_TEST(input_that_is_not_answered) {
  const Runtime runtime = make_runtime();
  SessionOptions options = calm();
  const Session waits = open_session(runtime, options);
  Run canceled(waits, "input()");
  canceled.until(CAPSULE_EVENT_INPUT);
  canceled.cancel(kPatienceMs);
  canceled.end();
  options.raw.input_timeout_ms = 50;
  const Session hurries = open_session(runtime, options);
  Run(hurries, "input()").end();
  check_moved(runtime, [&] {
    const double timed_out = number(executor_metrics_of(hurries).input_timed_out);
    return std::vector<Moved>{
        {"input_requests_total", "outcome=\"canceled\"", number(executor_metrics_of(waits).input_canceled), 1},
        {"input_requests_total", "outcome=\"timeout\"", timed_out, 1}};
  });
}

CAPSULE_TEST(codes_that_come_again_and_cancels_on_the_loop) {
  const Runtime runtime = make_runtime();
  SessionOptions options = calm();
  options.raw.ast_cache_entries = options.raw.code_cache_entries = 2;
  const Session cached = open_session(runtime, options);
  for (const char *source : {"print(1)", "print(2)", "print(1)", "print(3)", "print(2)"}) {
    class_of(cached, source);
  }
  const Session loop = open_session(runtime, calm());
  const TempFolder folder;
  const std::string go = folder.path() + "/go";
  value_of(loop, "import asyncio, os, time\ndef hold():\n    print('in', flush=True)\n    while not os.path.exists(" +
                     py_quote(go) + "): time.sleep(0.005)");
  // Both as in async_metrics.cpp: ahead of the next execution's task, and behind one before its execution is over.
  value_of(loop, "await asyncio.sleep(0)\nloop = asyncio.get_running_loop()\nloop.call_soon(loop.call_soon, hold)");
  Run pending(loop, "await asyncio.sleep(0)");
  pending.until_output("in\n");
  pending.cancel(kPatienceMs);
  CHECK_EQ(pending.end().outcome, "canceled");
  Run done(loop, "await asyncio.sleep(0)\nasyncio.get_running_loop().call_soon(hold)\n'done'");
  done.until_output("in\n");
  done.cancel(2 * kPatienceMs);
  wait_for([&] { return async_metrics_of(loop).cancels_noop == 1; });
  folder.write("go", "");
  done.end();
  check_moved(runtime, [&] {
    const capsule_async_metrics c = async_metrics_of(cached);
    const capsule_async_metrics l = async_metrics_of(loop);
    return std::vector<Moved>{
        {"async_cache_lookups_total", "cache=\"code\",outcome=\"hit\"", number(c.code_cache_hits), 1},
        {"async_cache_lookups_total", "cache=\"code\",outcome=\"eviction\"", number(c.code_cache_evictions), 2},
        {"async_cache_lookups_total", "cache=\"code\",outcome=\"miss\"", number(c.code_cache_misses + l.code_cache_misses), 8},
        {"async_cancels_total", "outcome=\"noop\"", number(l.cancels_noop), 1},
        {"async_cancels_total", "outcome=\"pending\"", number(l.cancels_pending), 1}};
  });
}

CAPSULE_TEST(checkpoints_that_fail_and_those_gone_back_to) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, calm());
  value_of(session,
           "import sys\nframe = sys._getframe()\ngenerator = (x for x in [])\ngood = 1\n"
           "class Raises:\n    def __reduce__(self): raise LookupError('TypeError: no')\nraises = Raises()\n"
           "globals()['two\\nlines'] = 1\ndeep = []\nfor _ in range(100_000): deep = [deep]");
  const Checkpoint good = checkpoint_of(session);
  capsule_checkpoint_options tight = checkpoint_options();
  tight.max_bytes = 1;
  Checkpoint none;
  REFUSED(CAPSULE_E_LIMIT, capsule_session_checkpoint(session.get(), &tight, kPatienceMs, none.out(), error));
  restore(session, good);
  const Session other = open_session(runtime, calm());
  value_of(other, "import os\nclass Trap:\n  def __reduce__(self): return (eval, (\"os._exit(9)\", {'os': os}))\nx = Trap()");
  const Checkpoint trap = checkpoint_of(other);
  Entries report;
  CHECK(capsule_session_restore_checkpoint(other.get(), trap.get(), 0, kPatienceMs, report.raw(), nullptr) != CAPSULE_OK);
  check_moved(runtime, [&] {
    const capsule_session_info s = info_of(session);
    const double skipped = number(s.checkpoint_entries_skipped);
    const auto of_checkpoints = [](const Session &of) {
      const Taken taken = trace_of(of);
      return std::count_if(taken.events.begin(), taken.events.end(),
                           [](const capsule_trace_event &event) { return event.source == CAPSULE_TRACE_SOURCE_CHECKPOINT; });
    };
    const auto events = static_cast<double>(of_checkpoints(session) + of_checkpoints(other));
    return std::vector<Moved>{
        {"trace_events_total", "source=\"checkpoint\"", events, events},
        {"checkpoints_total", "outcome=\"failed\"", number(s.checkpoints_failed), 1},
        {"checkpoints_total", "outcome=\"restored\"", number(s.checkpoint_restores), 1},
        {"checkpoints_total", "outcome=\"restore_failed\"", number(info_of(other).checkpoint_restores_failed), 1},
        {"checkpoint_entries_skipped_total", "reason=\"name\"", skipped - 4, 1},
        {"checkpoint_entries_skipped_total", "reason=\"unpicklable\"", skipped - 3, 2},
        {"checkpoint_entries_skipped_total", "reason=\"too_large\"", skipped - 4, 1},
        {"checkpoint_entries_skipped_total", "reason=\"raised\"", skipped - 4, 1}};
  });
}

CAPSULE_TEST(sessions_that_are_being_made) {
  const Runtime runtime = make_runtime();
  const Session first = open_session(runtime, calm());
  value_of(first, "1");
  // A zygote that stands still makes no worker; and a worker of its own waits in what it imports.
  const Watched zygote(info_of(runtime).zygote_pid);
  zygote.kill(SIGSTOP);
  Threads opening;
  opening.start([&] { value_of(open_session(runtime, calm()), "1"); });
  const TempFolder folder;
  folder.write("waits.py",
               "import os, time\nwhile not os.path.exists(" + py_quote(folder.path() + "/go") + "): time.sleep(0.005)\n");
  SessionOptions options = calm();
  options.environment = {"PYTHONPATH=" + folder.path()};
  options.preload = {"waits"};
  options.raw.start = CAPSULE_START_SPAWN;
  opening.start([&] { value_of(open_session(runtime, options), "1"); });
  check_moved(runtime, [] {
    return std::vector<Moved>{{"sessions", "state=\"creating\"", 1, 1}, {"sessions", "state=\"warming\"", 1, 1}};
  });
  zygote.kill(SIGCONT);
  folder.write("go", "");
  opening.join();
}

// One whose warm-up waits, and one whose session is cleared while its worker stands still.
CAPSULE_TEST(sessions_of_a_pool_that_are_being_made_and_reset) {
  const Runtime runtime = make_runtime();
  PoolOptions options;
  options.raw.min_idle = options.raw.max_sessions = 1;
  options.raw.reset = CAPSULE_RESET_CLEAR_NAMES;
  options.raw.name = capsule_text_from("resets");
  const Pool resets = make_pool(options, runtime);
  options.raw.reset = CAPSULE_RESET_NEW_PROCESS;
  options.warmup = "import time; time.sleep(3600)";
  options.raw.name = capsule_text_from("warms");
  const Pool warms = make_pool(options, runtime);
  Session session = acquire(resets);
  const Watched worker(info_of(session).pid);
  worker.kill(SIGSTOP);
  give_back(resets, std::move(session));
  check_moved(runtime, [&] {
    return std::vector<Moved>{
        {"pool_sessions", "pool=\"warms\",state=\"warming\"", number(metrics_of(warms).sessions_warming), 1},
        {"pool_sessions", "pool=\"resets\",state=\"resetting\"", number(metrics_of(resets).sessions_resetting), 1}};
  });
  worker.kill(SIGCONT);
}

CAPSULE_TEST(frames_by_their_message) {
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("ask"));
  capsule_capability upload = capability("put");
  upload.flags = CAPSULE_CAPABILITY_UPLOAD;
  offer(bridge, upload);
  SessionOptions options;
  options.raw.heartbeat_interval_ms = 50;
  options.raw.trace_transport = CAPSULE_TRACE_BY_MESSAGES;
  const Session session = open_with(bridge, {rule("*")}, options, runtime);
  value_of(session, "print('x' * 3_000_000)\nprogress(1, 2)\ndisplay({'text/plain': '1'}, raw=True)");
  Run asking(session, "input()");
  asking.until(CAPSULE_EVENT_INPUT);
  asking.answer("x");
  asking.end();
  Run(session, "1 / 0").end();
  Run calls(session, "host.ask()");
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  respond(bridge, request.id(), "1");
  calls.end();
  Run puts(session, "with host.put() as put:\n    for n in range(200): put.send(n)\n    put.finish()");
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  capsule_value piece{.struct_size = sizeof piece};
  while (capsule_bridge_next_chunk(bridge.get(), request.id(), kPatienceMs, &piece, nullptr) == CAPSULE_OK) {
    capsule_value_release(&piece);
  }
  respond(bridge, request.id(), "1");
  puts.end();
  Run gives_up(session, "host.ask()");
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  gives_up.cancel(kPatienceMs);
  gives_up.end();
  Run interrupted(session, "print('in', flush=True)\nwhile True: pass");
  interrupted.until_output("in\n");
  interrupted.interrupt();
  interrupted.end();
  snapshot_of(session);
  wait_for([&] { return worker_metrics_of(session).heartbeats > 0; });
  ACCEPTED(capsule_session_close(session.get(), kPatienceMs, error));
  const auto frames_of = [](const capsule_transport_metrics &m, const std::string &name) {
    double count = 0;
    for (std::int32_t i = 0; i < CAPSULE_MESSAGES; ++i) {
      const char *const other = capsule_message_name(i);
      count += other != nullptr && name == other ? number(m.sent.messages[i] + m.received.messages[i]) : 0;
    }
    return count;
  };
  std::string missing;
  for (const std::string &name : kMessages) {
    missing += frames_of(transport_metrics_of(session), name) == 0 ? name + " " : "";
  }
  CHECK_EQ(missing, "");
  check_moved(runtime, [&] {
    std::vector<Moved> rows;
    const capsule_transport_metrics m = transport_metrics_of(session);
    for (const std::string &name : kMessages) {
      rows.push_back({"transport_frames_total", "message=\"" + name + "\"", frames_of(m, name), frames_of(m, name)});
    }
    return rows;
  });
}

CAPSULE_TEST(no_value_of_any_label_was_seen_by_nobody) {
  const std::vector<std::string> sources = sources_of_tests();
  std::ifstream page(std::string(CAPSULE_TEST_SOURCE_DIR) + "/include/capsule/SIGNALS.md");
  const std::regex row("\\| `(\\w+)` \\| (\\w+) \\| (`.*`) \\|");
  const std::regex name("`(\\w+)`");
  std::size_t values = 0;
  std::set<std::string> unseen;
  for (std::string line; std::getline(page, line);) {
    std::smatch parts;
    if (!std::regex_match(line, parts, row)) {
      continue;
    }
    const std::string looks = looks_at(sources, parts[1]);
    const std::string listed = parts[3];
    for (std::sregex_iterator value(listed.begin(), listed.end(), name); value != std::sregex_iterator(); ++value, ++values) {
      if (looks.find(parts[2].str() + "=\"" + (*value)[1].str() + "\"") == std::string::npos) {
        unseen.insert(parts[1].str() + " " + parts[2].str() + " " + (*value)[1].str());
      }
    }
  }
  for (const std::string &message : kMessages) {
    unseen.erase("transport_frames message " + message);
  }
  CHECK_AT_LEAST(values, 200);
  for (const auto &[value, why] : kUnseen) {
    if (unseen.erase(value) == 0) {
      FAIL(value + " is seen after all, or is no more");
    }
  }
  std::string all;
  for (const std::string &value : unseen) {
    all += value + "\n";
  }
  CHECK_EQ(all, "");
}
