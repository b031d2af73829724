// Modules imported once, before the first session starts.
#include <mutex>

#include "child.hpp"
#include "files.hpp"
#include "introspection.hpp"
#include "metrics.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// A folder of modules that the session's interpreter finds.
struct Modules {
  TempFolder folder;
  Runtime runtime = make_runtime();

  [[nodiscard]] SessionOptions options(const std::vector<std::string> &preload) const {
    SessionOptions options;
    options.environment = {"PYTHONPATH=" + folder.path()};
    options.preload = preload;
    return options;
  }
  [[nodiscard]] std::string refuse(const std::vector<std::string> &preload, capsule_status status = CAPSULE_E_PRELOAD) const {
    Session session;
    SessionOptions with = options(preload);
    const std::string message = REFUSED(status, capsule_session_open(runtime.get(), with.get(), session.out(), error));
    CHECK(session.get() == nullptr);
    return message;
  }
};

// A shared library whose constructor leaves a native thread running, and the module that loads it.
void write_native_module(const Modules &modules) {
  if (!has_tool("cc")) {
    skip_test("no C compiler");
  }
  const std::string source = modules.folder.write("native.c", R"(
#include <pthread.h>
#include <unistd.h>
static void *wait_for_ever(void *unused) { (void)unused; for (;;) pause(); }
__attribute__((constructor)) static void start(void) {
  pthread_t thread;
  pthread_create(&thread, 0, wait_for_ever, 0);
}
)");
  run_tool({"cc", "-shared", "-fPIC", "-pthread", "-o", modules.folder.path() + "/libnative.so", source});
  modules.folder.write("native_pool.py", "import ctypes\nctypes.CDLL('" + modules.folder.path() + "/libnative.so')\n");
}

}  // namespace

CAPSULE_TEST(a_preloaded_module_is_there_before_the_code_runs) {
  const Modules modules;
  const Session session = open_session(modules.runtime, modules.options({"json", "decimal", "xml.dom.minidom"}));
  CHECK_EQ(value_of(session, "import sys; [m in sys.modules for m in ('json', 'decimal', 'xml.dom.minidom')]"),
           "[True, True, True]");
  CHECK_EQ(value_of(session, "'json' in globals()"), "False");
}

CAPSULE_TEST(a_module_is_imported_once_for_all_sessions) {
  const Modules modules;
  modules.folder.write("counted.py",
                       "open('" + modules.folder.path() + "/log', 'a').write('x')\nimport os\nborn_in = os.getpid()\n");
  const Session one = open_session(modules.runtime, modules.options({"counted"}));
  const Session two = open_session(modules.runtime, modules.options({"counted"}));
  CHECK_EQ(read_file(modules.folder.path() + "/log"), "x");
  CHECK_EQ(number_of(one, "import counted; counted.born_in"), info_of(modules.runtime).zygote_pid);
  CHECK_EQ(number_of(two, "import counted; counted.born_in"), info_of(modules.runtime).zygote_pid);
}

CAPSULE_TEST(what_one_session_does_to_a_preloaded_module_the_other_does_not_see) {
  const Modules modules;
  modules.folder.write("shared.py", "values = []\n");
  const Session one = open_session(modules.runtime, modules.options({"shared"}));
  const Session two = open_session(modules.runtime, modules.options({"shared"}));
  value_of(one, "import shared; shared.values.append(1)");
  CHECK_EQ(value_of(two, "import shared; shared.values"), "[]");
}

CAPSULE_TEST(a_module_that_fails_to_import_is_named) {
  const Modules modules;
  modules.folder.write("fails.py", "raise RuntimeError('on purpose')\n");
  modules.folder.write("exits.py", "import sys\nsys.exit(3)\n");
  modules.folder.write("syntax.py", "= =\n");
  const std::string message = modules.refuse({"json", "fails"});
  CHECK_CONTAINS(message, "fails");
  CHECK_CONTAINS(message, "on purpose");
  CHECK_CONTAINS(modules.refuse({"no_such_module"}), "no_such_module");
  CHECK_CONTAINS(modules.refuse({"exits"}), "exits");
  CHECK_CONTAINS(modules.refuse({"syntax"}), "syntax");
}

CAPSULE_TEST(a_failed_preload_can_be_tried_again) {
  const Modules modules;
  modules.folder.write("fixed_later.py", "raise RuntimeError('not yet')\n");
  CHECK_CONTAINS(modules.refuse({"fixed_later"}), "not yet");
  modules.folder.write("fixed_later.py", "value = 'fixed by now'\n");
  const Session session = open_session(modules.runtime, modules.options({"fixed_later"}));
  CHECK_EQ(value_of(session, "import fixed_later; fixed_later.value"), "'fixed by now'");
}

CAPSULE_TEST(a_module_that_kills_the_zygote_is_a_refusal) {
  const Modules modules;
  modules.folder.write("dies.py", "import os\nos._exit(7)\n");
  Session session;
  SessionOptions options = modules.options({"dies"});
  const capsule_status status = capsule_session_open(modules.runtime.get(), options.get(), session.out(), nullptr);
  CHECK(status == CAPSULE_E_PRELOAD || status == CAPSULE_E_WORKER || status == CAPSULE_E_PYTHON);
  const Session usable = open_session(modules.runtime);
  CHECK_EQ(value_of(usable, "1 + 1"), "2");
}

CAPSULE_TEST(a_module_that_leaves_a_python_thread_running_is_named) {
  const Modules modules;
  modules.folder.write("quiet.py", "import threading\nt = threading.Thread(target=lambda: None)\nt.start()\nt.join()\n");
  modules.folder.write("threaded.py",
                       "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n");
  const Session session = open_session(modules.runtime, modules.options({"quiet"}));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  CHECK_CONTAINS(modules.refuse({"quiet", "threaded"}), "threaded");
}

CAPSULE_TEST(a_module_that_takes_too_long_is_given_up) {
  const Modules modules;
  modules.folder.write(
      "slow.py", "import os, time\nopen('" + modules.folder.path() + "/pid', 'w').write(str(os.getpid()))\ntime.sleep(600)\n");
  SessionOptions options = modules.options({"slow"});
  options.raw.start_timeout_ms = kSanitized ? 5000 : 1000;
  Session session;
  const Stopwatch watch;
  REFUSED(CAPSULE_E_TIMEOUT, capsule_session_open(modules.runtime.get(), options.get(), session.out(), error));
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(options.raw.start_timeout_ms));
  CHECK(!read_file(modules.folder.path() + "/pid").empty());
}

CAPSULE_TEST(what_a_module_prints_does_not_reach_the_host_or_the_session) {
  const Modules modules;
  modules.folder.write("loud.py",
                       "import sys, os\nprint('on stdout')\nprint('on stderr', file=sys.stderr)\nos.write(1, b'raw\\n')\n");
  const Session session = open_session(modules.runtime, modules.options({"loud"}));
  Run run(session, "import loud\nprint('mine')");
  run.end();
  CHECK_EQ(run.output(), "mine\n");
}

CAPSULE_TEST(a_module_that_closes_its_descriptors_does_no_harm_or_is_refused) {
  const Modules modules;
  modules.folder.write("closer.py", "import os\nos.close(0)\nos.close(1)\nos.close(2)\n");
  Session session;
  SessionOptions options = modules.options({"closer"});
  const capsule_status status = capsule_session_open(modules.runtime.get(), options.get(), session.out(), nullptr);
  if (status == CAPSULE_OK) {
    CHECK_EQ(printed_by(session, "print('works')"), "works\n");
  }
  const Session usable = open_session(modules.runtime);
  CHECK_EQ(value_of(usable, "1 + 1"), "2");
}

CAPSULE_TEST(a_native_thread_is_warned_of_and_counted) {
  const Modules modules;
  write_native_module(modules);
  struct Log {
    std::mutex mutex;
    std::string lines;
  } log;
  const auto keep = [](void *user_data, std::int32_t, const char *line, std::size_t size) {
    auto *into = static_cast<Log *>(user_data);
    const std::lock_guard lock(into->mutex);
    into->lines.append(line, size).append("\n");
  };
  set_policy(modules.runtime, policy_of(CAPSULE_INSPECT_FULL));  // else by its hash, see log_sink.cpp
  ACCEPTED(capsule_log_set_callback(CAPSULE_LOG_WARN, keep, &log, error));
  const Session session = open_session(modules.runtime, modules.options({"native_pool"}));
  ACCEPTED(capsule_log_set_callback(CAPSULE_LOG_OFF, nullptr, nullptr, error));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  CHECK_EQ(info_of(modules.runtime).native_thread_warnings, 1);
  CHECK_EQ(Samples(modules.runtime)["native_thread_warnings_total"], 1);
  CHECK_CONTAINS(log.lines, "event=native_threads module=\"native_pool\" pid=");
}

CAPSULE_TEST(an_allowed_native_thread_is_not_warned_of) {
  const Modules modules;
  write_native_module(modules);
  SessionOptions options = modules.options({"native_pool"});
  options.native_thread_allow = {"native_pool"};
  const Session session = open_session(modules.runtime, options);
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  CHECK_EQ(info_of(modules.runtime).native_thread_warnings, 0);
}

CAPSULE_TEST(a_restart_keeps_the_preload) {
  const Modules modules;
  modules.folder.write("kept.py", "value = 5\n");
  const Session session = open_session(modules.runtime, modules.options({"kept"}));
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "import sys; 'kept' in sys.modules"), "True");
}
