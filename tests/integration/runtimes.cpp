// Several runtimes, and sessions in parallel.
#include <filesystem>

#include "child.hpp"
#include "files.hpp"
#include "process.hpp"
#include "run.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

CAPSULE_TEST(runtimes_do_not_know_each_other) {
  const Runtime one = make_runtime();
  const Runtime two = make_runtime();
  const Session first = open_session(one);
  const Session second = open_session(two);
  CHECK(info_of(one).zygote_pid != info_of(two).zygote_pid);
  ACCEPTED(capsule_runtime_close(one.get(), 0, error));
  CHECK_EQ(state_of(first), "terminated");
  CHECK_EQ(value_of(second, "1 + 1"), "2");
  CHECK_EQ(info_of(two).sessions_open, 1);
}

CAPSULE_TEST(a_runtime_without_sessions_starts_no_process) {
  const std::size_t before = children().size();
  const Runtime runtime = make_runtime();
  CHECK_EQ(children().size(), before);
}

CAPSULE_TEST(sessions_run_in_parallel_from_threads) {
  std::vector<Session> sessions;
  for (int i = 0; i < 8; ++i) {
    sessions.push_back(open_session());
  }
  run_at_once(8, [&](int number) {
    const Session &session = sessions[static_cast<std::size_t>(number)];
    for (int i = 0; i < 10; ++i) {
      const std::string mark = show(number) + "-" + show(i);
      Run run(session, "for n in range(200): print('" + mark + "')\n'" + mark + "'");
      CHECK_EQ(run.end().repr, "'" + mark + "'");
      std::string expected;
      for (int n = 0; n < 200; ++n) {
        expected += mark + "\n";
      }
      CHECK(run.out() == expected);
    }
  });
}

CAPSULE_TEST(sessions_are_opened_and_released_in_parallel) {
  const Runtime runtime = make_runtime();
  run_at_once(8, [&](int number) {
    for (int i = 0; i < 5; ++i) {
      const Session session = open_session(runtime);
      CHECK_EQ(value_of(session, show(number) + " * 2"), show(number * 2));
    }
  });
  CHECK_EQ(info_of(runtime).sessions_opened, 40);
  CHECK_EQ(info_of(runtime).zygotes_started, 1);
}

CAPSULE_TEST(sessions_block_without_holding_others_up) {
  std::vector<Session> sessions;
  std::vector<Run> runs;
  for (int i = 0; i < 6; ++i) {
    sessions.push_back(open_session());
    runs.emplace_back(sessions.back(), "import time; time.sleep(0.5)");
  }
  const Session free = open_session();
  const Stopwatch watch;
  CHECK_EQ(value_of(free, "1 + 1"), "2");
  for (Run &run : runs) {
    CHECK_EQ(run.end().outcome, "ok");
  }
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(500));
}

CAPSULE_TEST(a_closed_runtime_takes_nothing_and_tells_what_was) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run run(session, "print('in', flush=True)\nwhile True: pass");
  run.until_output("in");
  ACCEPTED(capsule_runtime_close(runtime.get(), 0, error));
  ACCEPTED(capsule_runtime_close(runtime.get(), 1000, error));
  CHECK_EQ(run.end().outcome, "killed");
  CHECK_EQ(state_of(session), "terminated");
  Session other;
  SessionOptions options;
  REFUSED(CAPSULE_E_CLOSED, capsule_session_open(runtime.get(), options.get(), other.out(), error));
  CHECK(other.get() == nullptr);
  Execution execution;
  REFUSED(CAPSULE_E_CLOSED, capsule_execution_create(session.get(), "1", 1, nullptr, execution.out(), error));
  CHECK_EQ(info_of(runtime).sessions_opened, 1);
}

CAPSULE_TEST(a_closed_runtime_takes_no_exporter_and_makes_no_file) {
  const TempFolder folder;
  const std::string path = folder.path() + "/events.ndjson";
  const Runtime runtime = make_runtime();
  capsule_exporter_options options;
  capsule_exporter_options_init(&options, sizeof options);
  options.kind = CAPSULE_EXPORTER_NDJSON;
  options.path = text_of(path);
  const auto create = [&](capsule_error *error) {
    Handle<capsule_exporter, capsule_exporter_release> exporter;
    const capsule_status status = capsule_exporter_create(runtime.get(), &options, exporter.out(), error);
    CHECK_EQ(exporter.get() != nullptr, status == CAPSULE_OK);
    return status;
  };
  ACCEPTED(create(error));
  CHECK(std::filesystem::remove(path));
  ACCEPTED(capsule_runtime_close(runtime.get(), 0, error));
  CHECK_CONTAINS(REFUSED(CAPSULE_E_CLOSED, create(error)), "runtime is closed");
  CHECK(!std::filesystem::exists(path));
}

CAPSULE_TEST(a_runtime_s_close_waits_for_every_process) {
  const Runtime runtime = make_runtime();
  std::vector<Session> sessions;
  std::vector<Watched> processes;
  for (int i = 0; i < 4; ++i) {
    sessions.push_back(open_session(runtime));
    processes.emplace_back(info_of(sessions.back()).pid);
  }
  processes.emplace_back(info_of(runtime).zygote_pid);
  const std::size_t others = children().size() - 1;
  ACCEPTED(capsule_runtime_close(runtime.get(), kPatienceMs, error));
  check_gone(processes, Deadline(0), "after the close");
  CHECK_EQ(children().size(), others);  // and no zombie of the zygote either
}

CAPSULE_TEST(a_runtime_s_close_gives_all_its_sessions_one_deadline) {
  const Runtime runtime = make_runtime();
  std::vector<Session> sessions;
  std::vector<Run> runs;
  for (int i = 0; i < 4; ++i) {
    sessions.push_back(open_session(runtime));
    runs.emplace_back(sessions.back(), i == 0 ? "'quick'" : "print('in', flush=True)\nwhile True: pass");
    runs.back().next();
  }
  const Stopwatch watch;
  ACCEPTED(capsule_runtime_close(runtime.get(), 1000, error));
  CHECK_AT_LEAST(watch.elapsed_ms(), 999);
  CHECK_AT_MOST(watch.elapsed_ms(), with_slack_ms(1000));
  CHECK_EQ(runs[0].end().repr, "'quick'");
  for (std::size_t i = 1; i < runs.size(); ++i) {
    CHECK_EQ(runs[i].end().outcome, "killed");
  }
}

CAPSULE_TEST(a_runtime_closes_while_its_sessions_are_used) {  // I5
  const Runtime runtime = make_runtime();
  std::vector<Session> sessions;
  for (int i = 0; i < 4; ++i) {
    sessions.push_back(open_session(runtime));
  }
  Threads threads;
  Counter running;
  for (int i = 0; i < 4; ++i) {
    threads.start([&, i] {
      const Session &session = sessions[static_cast<std::size_t>(i)];
      for (;;) {
        Execution execution;
        const capsule_status status =
            capsule_execution_create(session.get(), "print('x')\n1", 12, nullptr, execution.out(), nullptr);
        if (status != CAPSULE_OK) {
          CHECK_EQ(status, CAPSULE_E_CLOSED);
          return;
        }
        Run run(std::move(execution));
        const Event end = run.end();
        CHECK(end.outcome == "killed" || end.repr == "1");
        running.add();
      }
    });
  }
  running.wait_for(40, "an execution");
  ACCEPTED(capsule_runtime_close(runtime.get(), 0, error));
  threads.join();
}

CAPSULE_TEST(runtimes_come_and_go_without_a_trace) {
  close_shared_runtime();
  const std::size_t fds = descriptors().size();
  const std::size_t threads = thread_count();
  for (int i = 0; i < 20; ++i) {
    const Runtime runtime = make_runtime();
    if (i % 5 == 0) {
      const Session session = open_session(runtime);
      CHECK_EQ(value_of(session, "1"), "1");
    }
  }
  CHECK_EQ(descriptors().size(), fds);
  check_threads_at_most(threads);
  CHECK_EQ(describe(children()), "");
}

// Its destructor runs behind those of whatever the library made later.
CAPSULE_HELPER(releases_at_exit) {
  static Runtime runtime;
  static Session session;
  runtime = make_runtime();
  session = open_session(runtime, SessionOptions::echo());
  return 0;
}

CAPSULE_TEST(handles_may_be_released_while_the_host_exits) {
  Child host(helper("releases_at_exit"));
  CHECK_EQ(host.exit_code(), 0);
}
