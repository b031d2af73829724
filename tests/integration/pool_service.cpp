// The example service: strangers' snippets at once, each in a session that nobody has used, with deadlines.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.hpp"
#include "session.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

class Client {
 public:
  explicit Client(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    CHECK_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
  }
  void send(const std::string &line) const {
    const std::string text = line + "\n";
    CHECK_EQ(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL), text.size());
  }
  std::string ask(const std::string &line) const {
    send(line);
    std::string answer;
    const Deadline deadline;
    for (char c = 0; wait_readable(socket_.get(), deadline);) {
      CHECK_EQ(::read(socket_.get(), &c, 1), 1);
      if (c == '\n') {
        return answer;
      }
      answer += c;
    }
    FAIL("no answer to " + line);
  }

 private:
  UniqueFd socket_;
};

}  // namespace

CAPSULE_TEST(snippets_of_strangers_run_at_once) {
  const std::string program = std::string(CAPSULE_TEST_BINARY_DIR) + "/bin/example-service";
  if (::access(program.c_str(), X_OK) != 0) {
    skip_test("the examples are not built");
  }
  Child service({program}, {"CAPSULE_PYTHON=" + python_under_test()});
  const std::string line = service.read_line();
  CHECK(line.starts_with("port "));
  const int port = std::stoi(line.substr(5));
  run_at_once(6, [&](int which) {
    const Client client(port);
    for (int i = 0; i < 4; ++i) {
      const std::string number = std::to_string(10 * which + i);
      CHECK_EQ(client.ask("seen = " + number + "\\nmath.sqrt(seen * seen) == seen, seen"), "ok (True, " + number + ")");
      CHECK_EQ(client.ask("'seen' in dir(), json.dumps([1])"), "ok (False, '[1]')");
    }
    CHECK_EQ(client.ask("1 / 0"), "error ZeroDivisionError: division by zero");
  });
  const Client client(port);
  CHECK_CONTAINS(client.ask("while True: pass"), "error TimeoutError: timed out after 2000 ms");
  CHECK_CONTAINS(client.ask("import os\\nos.kill(os.getpid(), 9)"), "error WorkerDied: ");
  CHECK_EQ(client.ask("6 * 7"), "ok 42");
  CHECK_CONTAINS(client.ask("info"), " active=0 ");
  client.send("quit");
  const std::string info = service.read_line();
  CHECK_CONTAINS(info, " acquired=57 ");
  CHECK_CONTAINS(info, " timeouts=0 ");
  CHECK_CONTAINS(info, " breaker=closed");
  CHECK_EQ(service.exit_code(), 0);
}
