// `capsule run --session NAME=VALUE --execution NAME=VALUE`.
#include "command.hpp"
#include "test.hpp"

using namespace capsule_test;

CAPSULE_TEST(options_hold_for_what_is_behind_them) {
  const CommandEnd echo = run_sources({"--session", "executor=echo", "-c", "out hello"});
  CHECK_EQ(echo.exit_code, 0);
  CHECK_EQ(echo.out, "hello\n");
  const CommandEnd rolled_back =
      run_sources({"-c", "x = 1", "--execution", "transaction=rollback_always", "-c", "x = 2", "--execution",
                   "transaction=commit", "--execution", "timeout_ms=1000", "-c", "print(x)\nwhile True: pass"});
  CHECK_EQ(rolled_back.exit_code, 124);
  CHECK_EQ(rolled_back.out, "1\n");
}

CAPSULE_TEST(a_dead_worker_that_came_back_by_itself_is_not_restarted) {
  const CommandEnd run =
      run_sources({"--session", "restart_policy=fresh", "--info", "-c", "import os; os._exit(1)", "-c", "'back'"});
  CHECK_EQ(run.exit_code, 3);
  CHECK_CONTAINS(run.out, "'back'");
}

CAPSULE_TEST(what_is_no_option_or_no_value_is_refused) {
  for (const std::string setting : {"executor", "executor=none", "no=1", "cancel_grace_ms=", "cancel_grace_ms=5s",
                                    "idle_tasks=2", "cancel_grace_ms=-5", "rate_limit_per_s=x"}) {
    const CommandEnd run = run_sources({"--session", setting, "-c", "1"});
    CHECK_EQ(run.exit_code, 2);
    CHECK_CONTAINS(run.err, setting.substr(0, setting.find('=')));
  }
  CHECK_CONTAINS(run_sources({"--session", "no=1", "-c", "1"}).err, "their names: cancel_grace_ms, ");
  CHECK_EQ(run_sources({"--execution", "transaction=never", "-c", "1"}).exit_code, 2);
  CHECK_EQ(run_sources({"--pool", "2", "--session", "executor=echo", "-c", "out a"}).exit_code, 2);
}
