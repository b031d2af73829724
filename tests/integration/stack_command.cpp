// `capsule run`: what a second Ctrl-C kills is told, down to the C function it waits in.
#include <csignal>

#include "command.hpp"

using namespace capsule_test;

namespace {

// A lock that no signal ends the wait for; a thread tells once it is waited for, and once it is again, behind a signal.
constexpr char kHang[] =
    "import ctypes, os, threading\n"
    "lock = ctypes.create_string_buffer(64)\n"
    "take = ctypes.CDLL(None).pthread_mutex_lock\n"
    "take(lock)\n"
    "def told(what): return open(f'/proc/self/task/{os.getpid()}/{what}').read()\n"
    "def waits(): return hex(ctypes.addressof(lock)) in told('syscall')\n"
    "def switches(): return told('status').split('voluntary_ctxt_switches:')[1].split()[0]\n"
    "def watch():\n"
    "    while not waits(): pass\n"
    "    before = switches()\n"
    "    print('in', flush=True)\n"
    "    while switches() == before or not waits(): pass\n"
    "    print('in again', flush=True)\n"
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
  CHECK_EQ(child.read_line(), "in again");
  child.kill(SIGINT);
  CHECK_EQ(child.exit_code(), 130);
  CHECK_CONTAINS(child.err(), "capsule: killed where it stood:\nthread main:\n");
  CHECK_CONTAINS(child.err(), "pthread_mutex_lock+");
  CHECK_CONTAINS(child.err(), ", line 16, in grip\n");
}
