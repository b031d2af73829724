// Which interpreter a session gets, and what is said of those that cannot be used.
#include "interpreters.hpp"

#include <cstdio>
#include <filesystem>

#include "child.hpp"
#include "files.hpp"
#include "process.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

std::string refuse(const std::string &python, capsule_status status = CAPSULE_E_PYTHON,
                   std::int64_t start_timeout_ms = kPatienceMs) {
  const Runtime runtime = make_runtime();
  SessionOptions options;
  options.python = python;
  options.raw.start_timeout_ms = start_timeout_ms;
  Session session;
  const std::string message = REFUSED(status, capsule_session_open(runtime.get(), options.get(), session.out(), error));
  CHECK(session.get() == nullptr);
  return message;
}

// A session of the interpreter that the library chooses, in a process with that environment; its output.
std::string default_session(const std::vector<std::string> &environment) {
  Child host(helper("default_session"), environment);
  host.close_input();
  CHECK_EQ(host.exit_code(), 0);
  return host.out();
}

std::string folder_of(const std::string &path) { return std::filesystem::path(path).parent_path(); }

}  // namespace

CAPSULE_HELPER(default_session) {
  const Runtime runtime = make_runtime();
  SessionOptions options;
  options.python = arguments.empty() ? "" : arguments[0];
  Session session;
  capsule_error error;
  error.struct_size = sizeof error;
  if (capsule_session_open(runtime.get(), options.get(), session.out(), &error) != CAPSULE_OK) {
    std::printf("%s: %s\n", capsule_status_name(error.status), error.message);
    return 0;
  }
  std::printf("%s", printed_by(session, "import os, sys\nprint(os.path.realpath(sys.executable))").c_str());
  return 0;
}

CAPSULE_TEST(the_interpreter_named_is_the_one_that_runs) {
  const Session session = open_session();
  CHECK_EQ(value_of(session, "import os, sys\nos.path.realpath(sys.executable)"),
           py_quote(std::filesystem::canonical(python_under_test())));
}

CAPSULE_TEST(a_missing_interpreter_is_named) {
  CHECK_CONTAINS(refuse("/no/such/python3"), "/no/such/python3");
  CHECK_CONTAINS(refuse("no-such-python-on-the-path"), "no-such-python-on-the-path");
}

CAPSULE_TEST(an_interpreter_that_is_too_old_is_named_with_its_version) {
  const std::vector<std::string> old = old_interpreters();
  if (old.empty()) {
    skip_test("no Python below 3.11 under pyenv");
  }
  for (const std::string &python : old) {
    const std::string message = refuse(python);
    CHECK_CONTAINS(message, python);
    const std::string version = std::filesystem::path(python).parent_path().parent_path().filename();
    CHECK_CONTAINS(message, version.substr(0, version.rfind('.')));
  }
}

CAPSULE_TEST(what_is_no_python_is_named) {
  CHECK_CONTAINS(refuse("/bin/ls"), "/bin/ls");
  CHECK_CONTAINS(refuse("/bin/true"), "/bin/true");
  CHECK_CONTAINS(refuse("/etc/passwd"), "/etc/passwd");
  CHECK_CONTAINS(refuse("/tmp"), "/tmp");
}

CAPSULE_TEST(a_program_that_talks_nonsense_is_refused) {
  const TempFolder folder;
  for (const char *script : {"#!/bin/sh\necho nonsense\n", "#!/bin/sh\nexit 0\n", "#!/bin/sh\nexit 3\n",
                             "#!/bin/sh\nkill -9 $$\n", "#!/bin/sh\nhead -c 1000000 /dev/zero\n", "not even a script"}) {
    const std::string path = folder.write("nonsense", script, true);
    CHECK_CONTAINS(refuse(path), path);
  }
}

CAPSULE_TEST(a_program_that_never_answers_is_given_up_and_killed) {
  const TempFolder folder;
  const std::string path = folder.write("silent", "#!/bin/sh\necho $$ > " + folder.path() + "/pid\nexec sleep 60\n", true);
  const Stopwatch watch;
  CHECK_CONTAINS(refuse(path, CAPSULE_E_TIMEOUT, 500), "start_timeout_ms");
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(500));
  const Watched silent(std::stoi(read_file(folder.path() + "/pid")));
  CHECK(silent.wait_gone(Deadline(with_slack_ms(0))));
}

CAPSULE_TEST(a_refused_interpreter_leaves_nothing_behind) {
  const Runtime runtime = make_runtime();
  const std::size_t fds = descriptors().size();
  const std::string before = describe(children());
  for (int i = 0; i < 10; ++i) {
    SessionOptions options;
    options.python = "/bin/ls";
    Session session;
    REFUSED(CAPSULE_E_PYTHON, capsule_session_open(runtime.get(), options.get(), session.out(), error));
  }
  check_descriptors_at_most(fds);
  CHECK_EQ(describe(children()), before);
  const Session usable = open_session(runtime);
  CHECK_EQ(value_of(usable, "1 + 1"), "2");
}

CAPSULE_TEST(without_wait_ready_a_failure_ends_the_executions) {  // I5
  const Runtime runtime = make_runtime();
  SessionOptions options;
  options.python = "/no/such/python3";
  options.raw.wait_ready = 0;
  const Session session = open_session(runtime, options);
  Execution execution;
  if (capsule_execution_create(session.get(), "1", 1, nullptr, execution.out(), nullptr) == CAPSULE_OK) {
    Run run(std::move(execution));
    const Event end = run.end();
    CHECK_EQ(run.story(), "error");
    CHECK_EQ(end.outcome, "died");
    CHECK_EQ(end.death_reason, "start");
    CHECK_CONTAINS(end.message, "/no/such/python3");
  }
  REFUSED(CAPSULE_E_PYTHON, capsule_session_wait_ready(session.get(), kPatienceMs, error));
  CHECK_EQ(state_of(session), "error");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_PYTHON, capsule_session_restart(session.get(), error)), "/no/such/python3");
}

CAPSULE_TEST(a_missing_worker_module_is_named) {
  const TempFolder folder;
  std::filesystem::create_directory(folder.path() + "/broken");
  folder.write("broken/_capsule_worker.abi3.so", "not a library");
  for (const std::string &dir : {std::string("/no/such/folder"), folder.path(), folder.path() + "/broken"}) {
    capsule_runtime_options options;
    capsule_runtime_options_init(&options, sizeof options);
    options.worker_dir = text_of(dir);
    const Runtime runtime = make_runtime(options);
    for (SessionOptions session_options : {SessionOptions(), SessionOptions::echo()}) {
      Session session;
      CHECK_CONTAINS(
          REFUSED(CAPSULE_E_WORKER, capsule_session_open(runtime.get(), session_options.get(), session.out(), error)), dir);
    }
  }
}

CAPSULE_TEST(a_virtual_environment_s_interpreter_keeps_its_packages) {
  const TempFolder folder;
  const std::string env = folder.path() + "/env";
  run_tool({python_under_test(), "-m", "venv", "--without-pip", env});
  const std::string site =
      run_tool({env + "/bin/python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'), end='')"});
  CHECK(site.starts_with(folder.path()));
  std::filesystem::create_directories(site);
  run_tool({"sh", "-c", "echo \"origin = 'the venv'\" > " + site + "/only_in_the_venv.py"});
  SessionOptions options;
  options.python = env + "/bin/python";
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, options);
  CHECK_EQ(value_of(session, "import sys; sys.prefix"), py_quote(env));
  CHECK_EQ(value_of(session, "sys.prefix != sys.base_prefix"), "True");
  CHECK_EQ(value_of(session, "import only_in_the_venv; only_in_the_venv.origin"), "'the venv'");
  const Session outside = open_session(runtime);
  Run run(outside, "import only_in_the_venv");
  CHECK_EQ(run.end().error_type, "ModuleNotFoundError");
}

CAPSULE_TEST(the_default_comes_from_capsule_python) {
  const std::string python = std::filesystem::canonical(python_under_test());
  CHECK_EQ(default_session({"CAPSULE_PYTHON=" + python}), python + "\n");
  CHECK_CONTAINS(default_session({"CAPSULE_PYTHON=/no/such/python3"}), "CAPSULE_E_PYTHON: ");
  CHECK_CONTAINS(default_session({"CAPSULE_PYTHON=/no/such/python3"}), "/no/such/python3");
}

CAPSULE_TEST(else_the_default_is_the_first_supported_python3_on_the_path) {
  const TempFolder folder;
  const std::string python = std::filesystem::canonical(python_under_test());
  std::string path;
  for (const std::string &old : old_interpreters()) {
    // 2.7 has no python3; the others come first on this PATH.
    path += folder_of(old) + ":";
  }
  const std::string good = folder.path() + "/good";
  std::filesystem::create_directory(good);
  std::filesystem::create_symlink(python, good + "/python3");
  path += good + ":/usr/bin:/bin";
  CHECK_EQ(default_session({"CAPSULE_PYTHON", "PATH=" + path}), python + "\n");
  CHECK_CONTAINS(default_session({"CAPSULE_PYTHON", "PATH=" + folder.path()}), "CAPSULE_E_PYTHON: ");
}

CAPSULE_TEST(a_bare_name_is_looked_up_on_the_path) {
  const TempFolder folder;
  const std::string python = std::filesystem::canonical(python_under_test());
  std::filesystem::create_symlink(python, folder.path() + "/my-own-python");
  Child host(helper("default_session", {"my-own-python"}), {"PATH=" + folder.path() + ":/usr/bin:/bin"});
  host.close_input();
  CHECK_EQ(host.exit_code(), 0);
  CHECK_EQ(host.out(), python + "\n");
}

CAPSULE_TEST(sessions_of_one_profile_share_a_zygote) {
  const Runtime runtime = make_runtime();
  const Session one = open_session(runtime);
  const Session two = open_session(runtime);
  CHECK_EQ(info_of(runtime).zygotes_started, 1);
  SessionOptions other;
  other.environment = {"OTHER=1"};
  const Session three = open_session(runtime, other);
  CHECK_EQ(info_of(runtime).zygotes_started, 2);
  const Session four = open_session(runtime, other);
  CHECK_EQ(info_of(runtime).zygotes_started, 2);
}
