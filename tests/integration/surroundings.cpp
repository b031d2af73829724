// Where a session's code finds itself: environment, folder, and a process forked or fresh.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "child.hpp"
#include "files.hpp"
#include "interpreters.hpp"
#include "process.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

SessionOptions spawned() {
  SessionOptions options;
  options.raw.start = CAPSULE_START_SPAWN;
  return options;
}

std::string variable(const Session &session, const std::string &name) {
  return value_of(session, "import os; os.environ.get(" + py_quote(name) + ", 'absent')");
}

}  // namespace

CAPSULE_TEST(the_environment_is_the_host_s_with_additions) {
  setenv("CAPSULE_TEST_INHERITED", "from the host", 1);
  setenv("CAPSULE_TEST_REPLACED", "from the host", 1);
  SessionOptions options;
  options.environment = {"CAPSULE_TEST_ADDED=a=b=c", "CAPSULE_TEST_REPLACED=from the options",
                         "CAPSULE_TEST_EMPTY=", "CAPSULE_TEST_UNICODE=雪"};
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, options);
  unsetenv("CAPSULE_TEST_INHERITED");
  unsetenv("CAPSULE_TEST_REPLACED");
  CHECK_EQ(variable(session, "CAPSULE_TEST_INHERITED"), "'from the host'");
  CHECK_EQ(variable(session, "CAPSULE_TEST_ADDED"), "'a=b=c'");
  CHECK_EQ(variable(session, "CAPSULE_TEST_REPLACED"), "'from the options'");
  CHECK_EQ(variable(session, "CAPSULE_TEST_EMPTY"), "''");
  CHECK_EQ(variable(session, "CAPSULE_TEST_UNICODE"), "'雪'");
  CHECK(std::getenv("CAPSULE_TEST_ADDED") == nullptr);
}

CAPSULE_TEST(child_processes_inherit_the_environment) {
  SessionOptions options;
  options.environment = {"CAPSULE_TEST_ADDED=here"};
  const Session session = open_session(options);
  CHECK_EQ(printed_by(session, "import subprocess; _ = subprocess.run('echo $CAPSULE_TEST_ADDED', shell=True)"), "here\n");
}

CAPSULE_TEST(the_folder_is_the_host_s_or_the_one_given) {
  const Session own = open_session();
  CHECK_EQ(value_of(own, "import os; os.getcwd()"), py_quote(std::filesystem::current_path()));
  const TempFolder folder;
  SessionOptions options;
  options.working_directory = folder.path();
  const Session moved = open_session(options);
  CHECK_EQ(value_of(moved, "import os; os.getcwd()"), py_quote(folder.path()));
  value_of(moved, "os.chdir('/')");
  const Session another = open_session(options);
  CHECK_EQ(value_of(another, "import os; os.getcwd()"), py_quote(folder.path()));
}

CAPSULE_TEST(a_folder_that_does_not_exist_is_refused) {
  SessionOptions options;
  options.working_directory = "/no/such/folder";
  Session session;
  capsule_error error;
  error.struct_size = sizeof error;
  CHECK(capsule_session_open(shared_runtime().get(), options.get(), session.out(), &error) != CAPSULE_OK);
  CHECK_CONTAINS(std::string(error.message), "/no/such/folder");
}

CAPSULE_TEST(modules_of_the_folder_do_not_shadow_the_engine_s) {
  const TempFolder folder;
  for (const char *name : {"json.py", "traceback.py", "linecache.py", "ast.py", "signal.py", "io.py", "getpass.py"}) {
    folder.write(name, "raise RuntimeError('shadowed')\n");
  }
  SessionOptions options;
  options.working_directory = folder.path();
  const Session session = open_session(options);
  Run run(session, "print('x')\n[1]");
  CHECK_EQ(run.end().repr, "[1]");
  Run failing(session, "1 / 0");
  CHECK_EQ(failing.end().error_type, "ZeroDivisionError");
}

CAPSULE_TEST(a_spawned_session_works_like_a_forked_one) {
  const Session session = open_session(spawned());
  Run run(session, "print('hello')\nx = 5\nx");
  CHECK_EQ(run.end().repr, "5");
  CHECK_EQ(run.out(), "hello\n");
  Run endless(session, "print('in', flush=True)\nwhile True: pass");
  endless.until_output("in");
  endless.cancel(kPatienceMs);
  CHECK_EQ(endless.end().cancel_phase, "interrupted");
  CHECK_EQ(value_of(session, "x"), "5");
  Run dying(session, "import os; os._exit(5)");
  CHECK_EQ(dying.end().outcome, "died");
  CHECK_EQ(dying.end().exit_code, 5);
  ACCEPTED(capsule_session_restart(session.get(), error));
  CHECK_EQ(value_of(session, "'x' in globals()"), "False");
}

CAPSULE_TEST(a_spawned_session_has_a_fresh_interpreter) {
  SessionOptions options = spawned();
  options.preload = {"decimal"};
  const Runtime runtime = make_runtime();
  const Session one = open_session(runtime, options);
  const Session two = open_session(runtime, options);
  CHECK_EQ(value_of(one, "import sys; 'decimal' in sys.modules"), "True");
  // The kernel's random bytes for a program are drawn anew by each exec, and copied by each fork.
  const char *bytes = R"(
import ctypes, struct
at_random = dict(struct.iter_unpack('NN', open('/proc/self/auxv', 'rb').read()))[25]
ctypes.string_at(at_random, 16))";
  CHECK(value_of(one, bytes) != value_of(two, bytes));
  const Session forked = open_session(runtime);
  const Session sibling = open_session(runtime);
  CHECK_EQ(value_of(forked, bytes), value_of(sibling, bytes));
}

CAPSULE_TEST(a_spawned_session_with_a_failing_preload_is_refused) {
  SessionOptions options = spawned();
  options.preload = {"no_such_module"};
  Session session;
  CHECK_CONTAINS(REFUSED(CAPSULE_E_PRELOAD, capsule_session_open(shared_runtime().get(), options.get(), session.out(), error)),
                 "no_such_module");
}

CAPSULE_TEST(a_spawned_session_may_keep_python_threads_of_its_preload) {
  const TempFolder folder;
  folder.write("threaded.py",
               "import threading, time\nt = threading.Thread(target=time.sleep, args=(600,), daemon=True)\nt.start()\n");
  SessionOptions options = spawned();
  options.environment = {"PYTHONPATH=" + folder.path()};
  options.preload = {"threaded"};
  const Session session = open_session(options);
  CHECK_EQ(value_of(session, "import threaded; threaded.t.is_alive()"), "True");
}

CAPSULE_TEST(spawned_sessions_go_with_their_runtime) {
  Runtime runtime = make_runtime();
  const Session session = open_session(runtime, spawned());
  const Watched worker(info_of(session).pid);
  ACCEPTED(capsule_runtime_close(runtime.get(), kPatienceMs, error));
  CHECK(worker.wait_gone(Deadline(0)));
}

CAPSULE_TEST(a_worker_inherits_no_descriptor_of_the_host) {
  const TempFolder folder;
  const std::string marked = folder.write("marked", "");
  const UniqueFd leaky(::dup(STDERR_FILENO));
  std::FILE *file = std::fopen(marked.c_str(), "r");  // without O_CLOEXEC
  for (SessionOptions options : {SessionOptions(), spawned()}) {
    const Runtime runtime = make_runtime();
    const Session session = open_session(runtime, options);
    const std::string open = value_of(session, R"(
import os
names = []
for fd in os.listdir('/proc/self/fd'):
    try: names.append(os.readlink('/proc/self/fd/' + fd))
    except OSError: pass
names)");
    CHECK_LACKS(open, "marked");
    CHECK_LACKS(open, folder.path());
  }
  std::fclose(file);
}

CAPSULE_TEST(child_processes_inherit_no_channel_of_the_engine) {
  const Session session = open_session();
  const std::string listed =
      printed_by(session, "import subprocess\n_ = subprocess.run(['ls', '-l', '/proc/self/fd'], close_fds=False)");
  CHECK_LACKS(listed, "socket:");
  CHECK_LACKS(listed, "memfd:");
  CHECK_LACKS(listed, "pidfd");
}

CAPSULE_TEST(signals_of_the_host_are_not_inherited) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  const Session fresh = open_session(runtime, spawned());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  for (const Session *one : {&session, &fresh}) {
    CHECK_EQ(value_of(*one, "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [])"), "set()");
    CHECK_EQ(value_of(*one, "signal.getsignal(signal.SIGTERM) == signal.SIG_DFL"), "True");
  }
}

// A worker that runs in another folder is found all the same.
CAPSULE_HELPER(host_with_relative_paths) {
  CHECK_EQ(chdir(arguments.at(0).c_str()), 0);
  const Runtime runtime = make_runtime();
  SessionOptions options;
  options.python = "./interpreter";
  options.working_directory = "/";
  const Session session = open_session(runtime, std::move(options));
  CHECK_EQ(value_of(session, "import os; os.getcwd()"), "'/'");
  return 0;
}

CAPSULE_TEST(a_relative_path_of_the_interpreter_is_the_host_s) {
  const TempFolder folder;
  CHECK_EQ(symlink(std::getenv("CAPSULE_TEST_PYTHON"), (folder.path() + "/interpreter").c_str()), 0);
  Child host(helper("host_with_relative_paths", {folder.path()}));
  CHECK_EQ(host.exit_code(), 0);
}
