// `capsule run`: what a second Ctrl-C kills is told, down to the C function it waits in.
#include <csignal>

#include "command.hpp"
#include "files.hpp"

using namespace capsule_test;

namespace {

// Until the process has taken the signals that were sent to it: two at once are one.
void wait_for_signals(pid_t pid) {
  const Deadline deadline;
  while (read_file("/proc/" + std::to_string(pid) + "/status").find("ShdPnd:\t0000000000000000") == std::string::npos) {
    CHECK(!deadline.over());
  }
}

// A lock that no signal ends the wait for; a thread tells once it is waited for.
constexpr char kHang[] =
    "import ctypes, os, threading\n"
    "lock = ctypes.create_string_buffer(64)\n"
    "take = ctypes.CDLL(None).pthread_mutex_lock\n"
    "take(lock)\n"
    "def watch():\n"
    "    while hex(ctypes.addressof(lock)) not in open(f'/proc/self/task/{os.getpid()}/syscall').read(): pass\n"
    "    print('in', flush=True)\n"
    "threading.Thread(target=watch, daemon=True).start()\n"
    "def grip():\n"
    "    take(lock)\n"
    "grip()";

}  // namespace

CAPSULE_TEST(a_second_interrupt_tells_where_the_code_hangs) {
  const std::string program = std::string(CAPSULE_TEST_BINARY_DIR) + "/bin/capsule";
  if (::access(program.c_str(), X_OK) != 0) {
    skip_test("the command is not built");
  }
  Child child({program, "run", "--python", python_under_test(), "-c", kHang});
  CHECK_EQ(child.read_line(), "in");
  child.kill(SIGINT);
  wait_for_signals(child.pid());
  child.kill(SIGINT);
  CHECK_EQ(child.exit_code(), 130);
  CHECK_CONTAINS(child.err(), "capsule: killed where it stood:\nthread main:\n");
  CHECK_CONTAINS(child.err(), "pthread_mutex_lock+");
  CHECK_CONTAINS(child.err(), ", line 10, in grip\n");
}
