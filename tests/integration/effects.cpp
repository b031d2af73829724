// What a rollback cannot undo, as the terminal event tells it.
#include "files.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

ExecutionOptions transaction(std::int32_t scope = CAPSULE_SCOPE_MEMORY) {
  ExecutionOptions options;
  options.raw.transaction = CAPSULE_TRANSACTION_ROLLBACK_ALWAYS;
  options.raw.transaction_scope = scope;
  return options;
}

std::uint32_t effects_of(const Session &session, const std::string &source, ExecutionOptions options) {
  Run run(session, source, std::move(options));
  const Event &end = run.end();
  CHECK(end.outcome == "ok" || end.outcome == "died");
  return end.effects;
}

}  // namespace

CAPSULE_TEST(each_kind_of_effect_is_told) {
  const Session session = open_session();
  const TempFolder folder;
  const std::string path = "'" + folder.path() + "/file'";
  value_of(session, "import os, signal, socket, subprocess, sys");
  const struct {
    std::string source;
    std::uint32_t effects;
  } cases[] = {
      {"open(" + path + ", 'w').close()", CAPSULE_EFFECT_FILES},
      {"os.close(os.open(" + path + ", os.O_RDWR))", CAPSULE_EFFECT_FILES},
      {"os.remove(" + path + ")", CAPSULE_EFFECT_FILES},
      {"import pathlib; pathlib.Path(" + path + ").mkdir()", CAPSULE_EFFECT_FILES},
      {"s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 0)); s.close()", CAPSULE_EFFECT_NETWORK},
      {"subprocess.run([sys.executable, '-S', '-c', '']); None", CAPSULE_EFFECT_PROCESSES},
      {"os.kill(os.getpid(), 0)", CAPSULE_EFFECT_SIGNALS},
      {"import ctypes; ctypes.CDLL(None).getpid(); None", CAPSULE_EFFECT_NATIVE},
      {"os.system('true'); open(os.devnull, 'w').close()", CAPSULE_EFFECT_PROCESSES | CAPSULE_EFFECT_FILES},
      {"open(os.devnull).close(); x = 1; print(x)", 0},
  };
  for (const std::int32_t scope : {CAPSULE_SCOPE_MEMORY, CAPSULE_SCOPE_NAMES}) {
    for (const auto &one : cases) {
      const std::uint32_t effects = effects_of(session, one.source, transaction(scope));
      if (effects != one.effects) {
        FAIL(one.source + " has effects " + std::to_string(effects));
      }
      if (one.source.find("mkdir") != std::string::npos) {
        effects_of(session, "os.rmdir(" + path + ")", transaction(scope));
      }
    }
  }
  CHECK_EQ(effects_of(session, cases[0].source, ExecutionOptions()), 0);
}

CAPSULE_TEST(effects_are_told_of_what_killed_its_worker) {
  const Session session = open_session();
  value_of(session, "import os");
  CHECK_EQ(effects_of(session, "os.system('true'); os._exit(1)", transaction()), CAPSULE_EFFECT_PROCESSES);
  CHECK_EQ(effects_of(session, "1", transaction()), 0);
}

CAPSULE_TEST(effects_are_an_execution_s_own) {
  const Session session = open_session();
  ExecutionOptions options = transaction();
  options.raw.transaction = CAPSULE_TRANSACTION_ROLLBACK_ON_FAILURE;
  CHECK_EQ(effects_of(session, "open('/dev/null', 'w').close()", options), CAPSULE_EFFECT_FILES);
  CHECK_EQ(effects_of(session, "1", options), 0);
  CHECK_EQ(effects_of(session, "import os; os._exit(1)", options), 0);
}

CAPSULE_TEST(what_python_caches_of_modules_is_no_effect) {
  const Session session = open_session();
  const TempFolder folder;
  value_of(session, "import os, sys\nsys.dont_write_bytecode = False\nsys.path.insert(0, '" + folder.path() + "')\nopen('" +
                        folder.path() + "/cached_module.py', 'w').close()");
  CHECK_EQ(effects_of(session, "import cached_module", transaction()), 0);
  CHECK_EQ(value_of(session, "os.path.isdir('" + folder.path() + "/__pycache__')"), "True");
}
