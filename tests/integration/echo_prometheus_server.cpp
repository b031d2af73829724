// A real Prometheus: promtool checks the text, and a server scrapes it from a responder of this test's own and answers queries.
#include <netinet/in.h>
#include <sys/socket.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "bridge.hpp"
#include "child.hpp"
#include "files.hpp"
#include "metrics.hpp"
#include "pool.hpp"
#include "promises.hpp"
#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// Listens on a free port of the loopback address.
UniqueFd listen_on(std::uint16_t &port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::bind(fd.get(), reinterpret_cast<sockaddr *>(&address), sizeof address) == 0 && ::listen(fd.get(), 8) == 0);
  socklen_t size = sizeof address;
  CHECK(::getsockname(fd.get(), reinterpret_cast<sockaddr *>(&address), &size) == 0);
  port = ntohs(address.sin_port);
  return fd;
}

std::uint16_t free_port() {
  std::uint16_t port = 0;
  const UniqueFd closed_again = listen_on(port);
  return port;
}

// Answers every request with the runtime's text.
class Responder {
 public:
  explicit Responder(const Runtime &runtime) : listener_(listen_on(port_)), thread_([this, &runtime] { serve(runtime); }) {}
  Responder(const Responder &) = delete;
  Responder &operator=(const Responder &) = delete;
  ~Responder() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  // Until it was asked once more than now.
  void wait_for_request(const Deadline &deadline) {
    std::unique_lock lock(mutex_);
    const int before = requests_;
    CHECK(asked_.wait_until(lock, deadline.at(), [&] { return requests_ > before; }));
  }

 private:
  void serve(const Runtime &runtime) {
    for (;;) {
      UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (peer.get() < 0) {
        return;
      }
      char request[4096];
      [[maybe_unused]] const ssize_t read = ::recv(peer.get(), request, sizeof request, 0);
      const std::string text = prometheus_of(runtime);
      const std::string answer =
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\nContent-Length: " +
          std::to_string(text.size()) + "\r\n\r\n" + text;
      std::size_t sent = 0;
      while (sent < answer.size()) {
        const ssize_t count = ::send(peer.get(), answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) {
          break;
        }
        sent += static_cast<std::size_t>(count);
      }
      const std::lock_guard lock(mutex_);
      ++requests_;
      asked_.notify_all();
    }
  }

  std::uint16_t port_ = 0;
  const UniqueFd listener_;
  std::mutex mutex_;
  std::condition_variable asked_;
  int requests_ = 0;
  std::thread thread_;
};

// What a GET answers; "" while nobody listens.
std::string get(std::uint16_t port, const std::string &path) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) {
    return "";
  }
  const std::string request = "GET " + path + " HTTP/1.0\r\nHost: localhost\r\n\r\n";
  CHECK_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  std::string answer;
  char room[4096];
  for (ssize_t count = 0; (count = ::recv(fd.get(), room, sizeof room, 0)) > 0;) {
    answer.append(room, static_cast<std::size_t>(count));
  }
  const std::size_t body = answer.find("\r\n\r\n");
  return body == std::string::npos ? "" : answer.substr(body + 4);
}

// The value of a query that has one result; "" for none yet.
std::string query(std::uint16_t port, const std::string &expression) {
  const std::string answer = get(port, "/api/v1/query?query=" + expression);
  if (answer.empty() || answer.front() != '{') {
    return "";
  }
  const auto result = nlohmann::json::parse(answer).at("data").at("result");
  return result.empty() ? "" : result.at(0).at("value").at(1).get<std::string>();
}

// Asks again until it is that value: what is waited for is the next scrape.
void wait_for(Responder &responder, std::uint16_t port, const std::string &expression, const std::string &value) {
  const Deadline deadline(2 * kPatienceMs);
  std::string last;
  while ((last = query(port, expression)) != value) {
    if (deadline.over()) {
      FAIL(expression + " is \"" + last + "\" and not " + value);
    }
    responder.wait_for_request(deadline);
  }
}

void run_some(const Session &session, int count) {
  for (int i = 0; i < count; ++i) {
    Run run(session, "out x");
    CHECK_EQ(run.end().outcome, "ok");
  }
}

}  // namespace

CAPSULE_TEST(promtool_finds_nothing_to_say) {
  const Runtime runtime = make_runtime();
  SessionOptions options = SessionOptions::echo();
  options.raw.enable_metrics = 1;
  const Session session = open_session(runtime, std::move(options));
  run_some(session, 3);
  // Whatever else there are series of.
  const Pool pool = make_pool(PoolOptions::echo(), runtime);
  wait_ready(pool);
  const Bridge bridge = make_bridge(runtime);
  const Session calling = open_with(bridge, {rule("*")}, SessionOptions::echo(), runtime);
  Run(calling, "call nothing {}").end();
  const Store store = open_store(store_options(), runtime);
  create(store, "a");
  Child promtool({"promtool", "check", "metrics"});
  promtool.write_line(prometheus_of(runtime));
  promtool.close_input();
  const int code = promtool.exit_code();
  CHECK_EQ(promtool.err() + promtool.out(), "");
  CHECK_EQ(code, 0);
}

CAPSULE_TEST(a_server_scrapes_and_answers) {
  if (kSanitized) {
    return;  // it is the server that would be tested again
  }
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, SessionOptions::echo());
  run_some(session, 3);
  Responder responder(runtime);
  const TempFolder folder;
  const std::uint16_t port = free_port();
  const std::string config = folder.write("prometheus.yml",
                                          "global: {scrape_interval: 100ms, scrape_timeout: 100ms}\n"
                                          "scrape_configs:\n- job_name: capsule\n  static_configs:\n  - targets: ['127.0.0.1:" +
                                              std::to_string(responder.port()) + "']\n");
  Child server({"prometheus", "--config.file=" + config, "--storage.tsdb.path=" + folder.path() + "/data",
                "--web.listen-address=127.0.0.1:" + std::to_string(port), "--log.level=error"});
  wait_for(responder, port, "sum(capsule_executions_total)", "3");
  run_some(session, 2);
  wait_for(responder, port, "sum(capsule_executions_total)", "5");
  wait_for(responder, port, "capsule_sessions%7Bstate=%22idle%22%7D", "1");
  wait_for(responder, port, "count(capsule_build_info)", "1");
  wait_for(responder, port, "histogram_quantile(1,sum(capsule_execution_queue_duration_seconds_bucket)by(le))%3E=bool%200",
           "1");
}
