// A service that runs snippets of strangers: each line that comes over TCP is one Python source, run in a session of a pool that
// nobody has used before, with a deadline. Sources have \n for line ends. Answers:
//
//   ok REPR            the value of the last expression, or nothing
//   error TYPE: TEXT   the exception, the timeout, the death
//   busy TEXT          no session could be had
//
// The line `info` answers with what the pool says of itself, `quit` ends the service.
//
//   service [PORT]     0 or none: any; it is printed
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <capsule/capsule.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

std::string one_line(std::string text) {
  for (char &c : text) c = c == '\n' || c == '\r' ? ' ' : c;
  return text;
}

std::string source_of(const std::string &line) {
  std::string source;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool line_end = line[i] == '\\' && i + 1 < line.size() && line[i + 1] == 'n';
    source += line_end ? '\n' : line[i];
    i += line_end ? 1 : 0;
  }
  return source;
}

class Service {
 public:
  Service() : pool_(runtime_.open_pool(options())) { pool_.wait_ready(30s); }

  std::string answer(const std::string &line) {
    if (line == "info") return info();
    try {
      capsule::Session session = pool_.acquire(10s);
      capsule::ExecutionOptions limits;
      limits.timeout = 2s;
      limits.output_budget_bytes = 64 << 10;
      const capsule::RunResult result = session.run(source_of(line), limits);
      pool_.give_back(std::move(session));
      if (result.outcome == CAPSULE_OUTCOME_OK) return "ok " + one_line(result.repr.value_or(""));
      return "error " + one_line(result.error_type + ": " + result.message);
    } catch (const capsule::Error &error) {
      return std::string("busy ") + one_line(error.what());
    }
  }

 private:
  static capsule::PoolOptions options() {
    capsule::PoolOptions options;
    options.min_idle = 4;
    options.max_sessions = 8;
    options.imports = {"json", "math", "re"};
    options.warmup = "import json, math, re";
    return options;
  }

  std::string info() const {
    const capsule_pool_metrics m = pool_.metrics();
    std::ostringstream text;
    text << "idle=" << m.sessions_idle << " active=" << m.sessions_active << " created=" << m.sessions_created
         << " removed=" << m.sessions_removed << " acquired=" << m.acquisition_successes << " hits=" << m.pool_hits
         << " waiting=" << m.waiters_now << " timeouts=" << m.acquisition_timeouts
         << " p50_us=" << static_cast<double>(m.acquire_p50_ns) / 1e3
         << " breaker=" << capsule_breaker_state_name(pool_.info().breaker_state);
    return text.str();
  }

  capsule::Runtime runtime_;
  capsule::Pool pool_;
};

// Lines in, answers out, until the client leaves. True when it asks the service to end.
bool serve(Service &service, int client) {
  std::string received;
  char buffer[4096];
  for (ssize_t count; (count = ::read(client, buffer, sizeof buffer)) > 0;) {
    received.append(buffer, static_cast<std::size_t>(count));
    for (std::size_t end; (end = received.find('\n')) != std::string::npos; received.erase(0, end + 1)) {
      const std::string line = received.substr(0, end);
      if (line == "quit") return true;
      const std::string answer = service.answer(line) + "\n";
      if (::send(client, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return false;
    }
    if (received.size() > (1 << 20)) return false;  // no line of ours
  }
  return false;
}

int listen_on(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t size = sizeof address;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listener, reinterpret_cast<sockaddr *>(&address), size) != 0 || ::listen(listener, 128) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr *>(&address), &size) != 0) {
    std::perror("service");
    std::exit(1);
  }
  std::cout << "port " << ntohs(address.sin_port) << std::endl;
  return listener;
}

}  // namespace

int main(int argc, char **argv) try {
  Service service;
  const int listener = listen_on(static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0));
  std::vector<std::thread> clients;
  std::atomic<bool> ends{false};
  for (;;) {
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0 || ends) break;
    clients.emplace_back([&service, &ends, client, listener] {
      if (serve(service, client)) {
        ends = true;
        ::shutdown(listener, SHUT_RDWR);  // wakes accept()
      }
      ::close(client);
    });
  }
  ::close(listener);
  for (std::thread &client : clients) client.join();
  std::cout << service.answer("info") << std::endl;
  return 0;
} catch (const capsule::Error &error) {
  std::cerr << "service: " << error.what() << '\n';
  return 1;
}
