// Code that uses what its worker shares with the host to keep the host waiting.
#include <unistd.h>

#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

CAPSULE_TEST(a_capture_pipe_that_is_made_to_block_does_not_stop_the_host) {
  const std::string name = "capsule-test-" + std::to_string(getpid());
  const Session holder = open_session();
  const Session session = open_session();
  value_of(holder,
           "import socket\nlistener = socket.socket(socket.AF_UNIX)\nlistener.bind('\\0" + name + "')\nlistener.listen()");
  Run holds(holder,
            "connection, _ = listener.accept()\n_, held, _, _ = socket.recv_fds(connection, 1, 1)\nconnection.send(b'y')");
  // The write end lives on with the other session; the read end, whose open file the host could have too, blocks from now on.
  Run run(session, R"(
import fcntl, os, socket, stat
for fd in range(3, 256):
    try:
        flags = fcntl.fcntl(fd, fcntl.F_GETFL)
        if stat.S_ISFIFO(os.fstat(fd).st_mode) and flags & os.O_ACCMODE == os.O_RDONLY:
            fcntl.fcntl(fd, fcntl.F_SETFL, flags & ~os.O_NONBLOCK)
    except OSError:
        pass
connection = socket.socket(socket.AF_UNIX)
connection.connect('\0)" +
                       name + R"(')
socket.send_fds(connection, [b'x'], [1])
connection.recv(1)
os.write(1, b'last words\n')
os._exit(3)
)");
  CHECK_EQ(run.end().outcome, "died");
  CHECK_EQ(run.out(), "last words\n");
  CHECK_EQ(holds.end().outcome, "ok");
  CHECK_EQ(value_of(holder, "len(held)"), "1");
}
