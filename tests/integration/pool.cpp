// Pools of Python sessions: what the warm-up leaves, what the reset takes away, and what happens where no session can be made.
#include "pool.hpp"

#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "files.hpp"
#include "process.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

PoolOptions small(std::uint32_t min_idle, std::uint32_t max_sessions, std::int32_t reset = CAPSULE_RESET_PRISTINE) {
  PoolOptions options;
  options.raw.min_idle = min_idle;
  options.raw.max_sessions = max_sessions;
  options.raw.reset = reset;
  return options;
}

struct Import {
  std::string module;
  std::string error;
  std::uint64_t duration_ns;
};

std::vector<Import> imports_of(const Pool &pool) {
  capsule_pool_imports list{.struct_size = sizeof list};
  ACCEPTED(capsule_pool_list_imports(pool.get(), &list, error));
  std::vector<Import> imports;
  for (std::size_t i = 0; i < list.count; ++i) {
    CHECK_EQ(list.imports[i].imported == 1, list.imports[i].error.size == 0);
    imports.push_back({string_of(list.imports[i].module), string_of(list.imports[i].error), list.imports[i].duration_ns});
  }
  capsule_pool_imports_release(&list);
  CHECK(list.imports == nullptr && list.count == 0);
  return imports;
}

// The message of the first failure.
std::string refuse_ready(const Pool &pool, capsule_status status) {
  return REFUSED(status, capsule_pool_wait_ready(pool.get(), kPatienceMs, error));
}

}  // namespace

CAPSULE_TEST(the_warm_up_is_there_for_every_acquisition) {
  for (const std::int32_t reset :
       {CAPSULE_RESET_PRISTINE, CAPSULE_RESET_KEEP, CAPSULE_RESET_CLEAR_NAMES, CAPSULE_RESET_NEW_PROCESS}) {
    PoolOptions options = small(1, 2, reset);
    options.imports = {"json", "decimal"};
    options.warmup = "import json\ntable = {n: n * n for n in range(1000)}";
    const Pool pool = make_pool(options);
    for (int i = 0; i < 3; ++i) {
      Session session = acquire(pool);
      CHECK_EQ(value_of(session, "import sys; (json.dumps(table[12]), 'decimal' in sys.modules, 'decimal' in dir())"),
               "('144', True, False)");
      give_back(pool, std::move(session));
    }
    CHECK_EQ(metrics_of(pool).executions, 3);
    CHECK_EQ(metrics_of(pool).creations_failed, 0);
  }
}

CAPSULE_TEST(no_request_sees_another_s_state) {
  PoolOptions options = small(1, 2);
  options.warmup = "shared = ['warm']";
  const Pool pool = make_pool(options);
  for (int i = 0; i < 4; ++i) {
    Session session = acquire(pool);
    CHECK_EQ(value_of(session,
                      "import sys, os, json; ('mine' in dir(), shared, hasattr(sys, 'mark'), os.environ.get('MARK'), "
                      "json.dumps is len, In[-2], Out)"),
             "(False, ['warm'], False, None, False, \"shared = ['warm']\", {})");
    value_of(session, "mine = 1; shared.append('seen'); sys.mark = 1; os.environ['MARK'] = 'x'; json.dumps = len");
    give_back(pool, std::move(session));
  }
}

CAPSULE_TEST(cleared_names_are_gone_and_warm_ones_as_they_were) {
  PoolOptions options = small(1, 1, CAPSULE_RESET_CLEAR_NAMES);
  options.warmup = "import json\nlimit = 10\n_own = 1";
  const Pool pool = make_pool(options);
  std::int32_t pid = 0;
  for (int i = 0; i < 3; ++i) {
    Session session = acquire(pool);
    CHECK(pid == 0 || pid == info_of(session).pid);
    pid = info_of(session).pid;
    CHECK_EQ(value_of(session, "sorted(n for n in globals() if n[:2] != '__' and n != '_'), limit, json.__name__, Out, _own"),
             "(['In', 'Out', '_i', '_ih', '_ii', '_iii', '_oh', '_own', 'json', 'limit'], 10, 'json', {}, 1)");
    value_of(session, "limit = 99; del json; secret = 'x'; 'a result'");
    CHECK_EQ(value_of(session, "_"), "'a result'");
    give_back(pool, std::move(session));
  }
  const capsule_pool_metrics metrics = until(pool, "it is idle", [](const auto &m) { return m.sessions_idle == 1; });
  CHECK_EQ(metrics.sessions_created, 1);
  CHECK_EQ(metrics.executions, 9);
}

CAPSULE_TEST(names_that_cannot_be_cleared_end_the_session) {
  PoolOptions options = small(1, 1, CAPSULE_RESET_CLEAR_NAMES);
  options.raw.warmup_timeout_ms = kSanitized ? 3'000 : 1'000;  // one that starts anew has them too
  options.session.raw.cancel_grace_ms = 100;
  const Pool pool = make_pool(options);
  Session session = acquire(pool);
  value_of(session, "class Stubborn:\n  def __del__(self):\n    sum(iter(int, 1))\nx = Stubborn()");
  give_back(pool, std::move(session));
  until(pool, "it is replaced", [](const auto &m) { return m.sessions_restarted == 1 && m.sessions_idle == 1; });
  session = acquire(pool);
  value_of(session, "import sys; del sys.modules['_capsule_pool']");
  give_back(pool, std::move(session));
  until(pool, "and again", [](const auto &m) { return m.sessions_restarted == 2 && m.sessions_idle == 1; });
}

CAPSULE_TEST(each_import_tells_its_result_and_its_time) {
  PoolOptions options = small(1, 1);
  options.imports = {"json", "no_such_module_at_all", "email.message"};
  const Pool pool = make_pool(options);
  wait_ready(pool);
  const std::vector<Import> imports = imports_of(pool);
  CHECK_EQ(imports.size(), 3);
  CHECK_EQ(imports[0].module, "json");
  CHECK_EQ(imports[0].error, "");
  CHECK_EQ(imports[1].error, "ModuleNotFoundError");
  CHECK_EQ(imports[2].error, "");
  for (const Import &one : imports) {
    CHECK(one.duration_ns > 0);
  }
  CHECK_EQ(info_of(pool).imports_done, 2);
  CHECK_EQ(info_of(pool).imports_failed, 1);
  Session session = acquire(pool);
  CHECK_EQ(value_of(session, "import sys; 'email.message' in sys.modules"), "True");
  give_back(pool, std::move(session));
}

CAPSULE_TEST(a_failing_import_can_be_fatal) {
  for (const std::int32_t reset : {CAPSULE_RESET_PRISTINE, CAPSULE_RESET_NEW_PROCESS}) {
    PoolOptions options = small(1, 1, reset);
    options.imports = {"json", "no_such_module_at_all"};
    options.raw.imports_fatal = 1;
    const Pool pool = make_pool(options);
    const std::string message = refuse_ready(pool, CAPSULE_E_PRELOAD);
    CHECK_EQ(message,
             "pool: import of no_such_module_at_all failed: ModuleNotFoundError: No module named "
             "'no_such_module_at_all'");
    CHECK_EQ(imports_of(pool).size(), 2);
  }
}

// The breaker opens, and acquisitions fail with the cause instead of their time's running out.
CAPSULE_TEST(a_warm_up_that_fails_is_told_at_once) {
  struct Case {
    const char *source;
    capsule_status status;
    const char *says;
    std::int64_t limit_ms = kPatienceMs;
  };
  for (const Case &one : {Case{"1 / 0", CAPSULE_E_PRELOAD, "ZeroDivisionError"},
                          Case{"while True: pass", CAPSULE_E_PRELOAD, "timed out after 100 ms", 100},
                          Case{"import os; os.kill(os.getpid(), 9)", CAPSULE_E_DIED, "SIGKILL"},
                          Case{"import time, threading; threading.Thread(target=time.sleep, args=[1000], daemon=True).start()",
                               CAPSULE_E_STATE, "cannot be copied"},
                          Case{"def", CAPSULE_E_PRELOAD, "SyntaxError"}}) {
    PoolOptions options = small(1, 1);
    options.warmup = one.source;
    options.raw.warmup_timeout_ms = one.limit_ms;
    options.raw.breaker_pause_ms = options.raw.breaker_pause_max_ms = 86'400'000;
    const Pool pool = make_pool(options);
    CHECK_CONTAINS(refuse_ready(pool, one.status), one.says);
    CHECK_CONTAINS(refuse_acquire(pool, one.status, -1), one.says);
    until(pool, "the breaker opens", [](const auto &m) { return m.breaker_opened == 1; });
    const std::string message = refuse_acquire(pool, one.status, -1);
    CHECK_CONTAINS(message, "pool: ");
    CHECK_CONTAINS(message, one.says);
    const capsule_pool_info info = info_of(pool);
    CHECK_EQ(std::string(capsule_breaker_state_name(info.breaker_state)), "open");
    CHECK_EQ(info.failures_in_a_row, 3);
    CHECK_EQ(info.last_error_status, one.status);
    CHECK_EQ(std::string(info.last_error), one.status == CAPSULE_E_PRELOAD ? "" : message);  // I7
    CHECK(info.breaker_until_ns > 0);
    const capsule_pool_metrics metrics = metrics_of(pool);
    check_balance(metrics);
    CHECK_EQ(metrics.acquisition_errors, 2);
    CHECK_EQ(metrics.acquisition_timeouts, 0);
    CHECK_EQ(metrics.sessions_total, 0);
  }
}

CAPSULE_TEST(the_breaker_closes_when_the_cause_is_gone) {
  const TempFolder folder;
  PoolOptions options = small(1, 1);
  options.warmup = "open(" + std::string("'") + folder.path() + "/there')";
  options.raw.breaker_pause_ms = 20;
  options.raw.breaker_pause_max_ms = 50;
  const Pool pool = make_pool(options);
  CHECK_CONTAINS(refuse_ready(pool, CAPSULE_E_PRELOAD), "FileNotFoundError");
  until(pool, "probes fail", [](const auto &m) { return m.breaker_opened >= 3; });
  folder.write("there", "");
  until(pool, "a probe succeeds", [](const auto &m) { return m.sessions_idle == 1; });
  CHECK_EQ(info_of(pool).breaker_state, CAPSULE_BREAKER_CLOSED);
  CHECK_EQ(info_of(pool).failures_in_a_row, 0);
  give_back(pool, acquire(pool));
}

CAPSULE_TEST(an_interpreter_that_vanishes_is_told_of) {
  const TempFolder folder;
  const std::string link = folder.path() + "/python";
  std::filesystem::create_symlink(python_under_test(), link);
  PoolOptions options = small(1, 2);
  options.session.python = link;
  options.raw.breaker_pause_ms = options.raw.breaker_pause_max_ms = 86'400'000;
  const Runtime runtime = make_runtime();
  const Pool pool = make_pool(options, runtime);
  Session session = acquire(pool);
  std::filesystem::remove(link);
  const Watched zygote(info_of(runtime).zygote_pid);
  zygote.kill(SIGKILL);
  CHECK(zygote.wait_gone(Deadline()));
  CHECK_EQ(value_of(session, "1 + 1"), "2");
  give_back(pool, std::move(session));
  until(pool, "the breaker opens", [&](const auto &m) {
    Session any;
    const capsule_acquire_options now = acquire_options(0);
    if (capsule_pool_acquire(pool.get(), &now, any.out(), nullptr) == CAPSULE_OK) {
      give_back(pool, std::move(any));
    }
    return m.breaker_opened == 1;
  });
  CHECK_CONTAINS(refuse_acquire(pool, CAPSULE_E_PYTHON, -1), link);
}

// The zygote that looks after the snapshot is gone: another warm session is made.
CAPSULE_TEST(a_pool_outlives_its_zygote) {
  const Runtime runtime = make_runtime();
  const Pool pool = make_pool(small(1, 2), runtime);
  wait_ready(pool);
  const Watched zygote(info_of(runtime).zygote_pid);
  zygote.kill(SIGKILL);
  CHECK(zygote.wait_gone(Deadline()));
  for (int i = 0; i < 4; ++i) {
    Session session = acquire(pool);
    CHECK_EQ(value_of(session, "1 + 1"), "2");
    give_back(pool, std::move(session));
  }
  check_balance(metrics_of(pool));
}

CAPSULE_TEST(spawned_sessions_warm_up_themselves) {
  PoolOptions options = small(1, 2);
  options.session.raw.start = CAPSULE_START_SPAWN;
  options.imports = {"json"};
  options.warmup = "import threading, time; t = threading.Thread(target=time.sleep, args=[1000], daemon=True); t.start()";
  const Pool pool = make_pool(options);
  Session session = acquire(pool);
  CHECK_EQ(value_of(session, "t.is_alive()"), "True");
  give_back(pool, std::move(session));
}

CAPSULE_TEST(sessions_that_have_grown_are_replaced) {
  PoolOptions options = small(1, 1, CAPSULE_RESET_KEEP);
  options.session.raw.heartbeat_interval_ms = 20;
  options.raw.session_memory_bytes = 100 << 20U;
  options.raw.health_interval_ms = 50;
  const Pool pool = make_pool(options);
  Session session = acquire(pool);
  const Watched worker(info_of(session).pid);
  value_of(session, "x = b'x' * (200 << 20)");
  give_back(pool, std::move(session));
  until(pool, "it is replaced", [](const auto &m) { return m.removed_by_health == 1 && m.sessions_idle == 1; });
  CHECK(worker.wait_gone(Deadline()));
}

CAPSULE_TEST(sessions_whose_growth_is_too_much_are_recycled) {
  PoolOptions options = small(1, 1, CAPSULE_RESET_KEEP);
  options.session.raw.heartbeat_interval_ms = 20;
  options.raw.recycle_growth_bytes = 100 << 20U;
  options.raw.health_interval_ms = 50;
  const Pool pool = make_pool(options);
  until(pool, "its size is known", [](const auto &m) { return m.memory_bytes > 0; });
  Session session = acquire(pool);
  const Watched worker(info_of(session).pid);
  value_of(session, "x = b'x' * (200 << 20)");
  give_back(pool, std::move(session));
  const capsule_pool_metrics metrics =
      until(pool, "it is replaced", [](const auto &m) { return m.sessions_recycled == 1 && m.sessions_idle == 1; });
  CHECK_EQ(metrics.removed_by_health, 0);
  CHECK(worker.wait_gone(Deadline()));
}

// The limit holds for whom it is not lifted: another real user than root, without the two capabilities that lift it.
CAPSULE_TEST(a_fork_that_fails_is_told) {
  const TempFolder folder;
  folder.write("no_forks.py", R"(
import ctypes, os, resource
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
if os.getuid() == 0:
    os.setresuid(65534, -1, -1)
    libc = ctypes.CDLL(None)
    header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    sets[0] &= ~(1 << 21 | 1 << 24)  # of the effective ones: CAP_SYS_ADMIN, CAP_SYS_RESOURCE
    assert libc.capset(header, sets) == 0
)");
  PoolOptions options = small(1, 2);
  options.session.environment = {"PYTHONPATH=" + folder.path()};
  options.session.preload = {"no_forks"};
  options.raw.breaker_pause_ms = 1;
  const Pool pool = make_pool(options);
  CHECK_CONTAINS(refuse_ready(pool, CAPSULE_E_WORKER), "fork");
  until(pool, "it is open", [](const auto &m) { return m.breaker_opened > 0; });
  CHECK_CONTAINS(refuse_acquire(pool, CAPSULE_E_WORKER), "fork");
  check_balance(metrics_of(pool));
}

CAPSULE_TEST(a_pool_over_its_budget_makes_no_more) {
  PoolOptions options = small(0, 4, CAPSULE_RESET_KEEP);
  options.session.raw.heartbeat_interval_ms = 20;
  options.raw.pool_memory_bytes = 200 << 20U;
  options.raw.health_interval_ms = 30;
  const Pool pool = make_pool(options);
  Session session = acquire(pool);
  // Not of the heap: what is freed there may stay with the process.
  value_of(session,
           "import mmap; x = mmap.mmap(-1, 300 << 20)\npage = b'x' * (1 << 20)\nfor i in range(300): x.write(page) and None");
  until(pool, "its memory is known", [](const auto &m) { return m.memory_bytes > 200U << 20U; });
  const Acquisition waiting = acquire_async(pool);
  until(pool, "another is put off", [](const auto &m) { return m.creations_refused_memory > 0; });
  CHECK_EQ(metrics_of(pool).sessions_total, 1);
  value_of(session, "x.close()");
  Session second = take(waiting);
  give_back(pool, std::move(second));
  give_back(pool, std::move(session));
}

CAPSULE_TEST(no_process_is_left_by_a_close) {
  const Runtime runtime = make_runtime();
  const Pool pool = make_pool(small(3, 5), runtime);
  wait_ready(pool);
  const Session session = acquire(pool);
  Run run(session, "import subprocess; subprocess.Popen(['sleep', '1000'])\nwhile True: pass");
  run.until(CAPSULE_EVENT_STARTED);
  std::vector<Watched> all;
  for (const Process &one : descendants(info_of(runtime).zygote_pid)) {
    if (one.name != "capsule-zygote") {  // the one that it keeps ready
      all.emplace_back(one.pid);
    }
  }
  CHECK_AT_LEAST(all.size(), 3);
  close_pool(pool);
  CHECK_EQ(run.end().outcome, "killed");
  check_gone(all, Deadline(), "processes of the pool");
  const capsule_pool_metrics metrics = metrics_of(pool);
  check_balance(metrics);
  CHECK_EQ(metrics.sessions_total, 0);
}

CAPSULE_TEST(a_pool_that_is_closed_while_it_warms_up_does_not_wait_for_it) {
  PoolOptions options = small(1, 1);
  options.warmup = "while True: pass";
  for (const std::int32_t reset : {CAPSULE_RESET_PRISTINE, CAPSULE_RESET_NEW_PROCESS}) {
    options.raw.reset = reset;
    const Pool pool = make_pool(options);
    Threads threads;
    threads.start([&] { refuse_acquire(pool, CAPSULE_E_CLOSED); });
    until(pool, "one waits", [](const auto &m) { return m.waiters_now == 1; });
    close_pool(pool);
    threads.join();
    check_balance(metrics_of(pool));
  }
}
