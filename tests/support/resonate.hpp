// A Resonate server to test against: the front in tests/resonate, or the server at RESONATE_URL where CAPSULE_TEST_REAL_SERVER is set.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "child.hpp"
#include "promises.hpp"

namespace capsule_test {

inline std::vector<std::string> node_script(const std::string &name, const std::vector<std::string> &arguments) {
  const char *const node = std::getenv("CAPSULE_TEST_NODE");
  const char *const folder = std::getenv("CAPSULE_TEST_RESONATE");
  CHECK(node != nullptr && folder != nullptr);
  std::vector<std::string> argv{node, std::string(folder) + "/" + name};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

// Sanitizers that are preloaded for the tests are not for Node.
class NodeProcess {
 public:
  NodeProcess(const std::string &script, const std::vector<std::string> &arguments)
      : child(node_script(script, arguments), {"LD_PRELOAD"}) {}
  Child child;
};

// Prints {"port":N} first.
class NodeServer : public NodeProcess {
 public:
  NodeServer(const std::string &script, const std::vector<std::string> &arguments) : NodeProcess(script, arguments) {
    const std::string line = child.read_line();
    port_ = line.substr(8, line.find('}') - 8);
  }
  [[nodiscard]] const std::string &port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + port_; }

 private:
  std::string port_;
};

class Front : public NodeServer {
 public:
  explicit Front(const std::vector<std::string> &arguments = {}) : NodeServer("front.mjs", arguments) {}
};

class FaultProxy : public NodeServer {
 public:
  explicit FaultProxy(const Front &front, int seed = 1)
      : NodeServer("proxy.mjs", {"--target", front.port(), "--seed", std::to_string(seed)}) {}
  void set(const std::string &faults) {
    child.write_line(faults);
    CHECK_EQ(child.read_line(), "{\"ok\":true}");
  }
};

// The server of a suite that runs against the real one too.
class AnyServer {
 public:
  AnyServer() {
    if (std::getenv("CAPSULE_TEST_REAL_SERVER") == nullptr) {
      front_ = std::make_unique<Front>();
      url_ = front_->url();
    } else if (const char *url = std::getenv("RESONATE_URL")) {
      url_ = url;
    } else {
      skip_test("RESONATE_URL is not set");
    }
  }
  [[nodiscard]] const std::string &url() const { return url_; }

 private:
  std::unique_ptr<Front> front_;
  std::string url_;
};

// A real server keeps what earlier runs left.
inline std::string unique(const std::string &name) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return name + "-" + std::to_string(getpid()) + "-" + std::to_string(now.tv_nsec);
}

// `url` lives as long as the options.
inline capsule_promise_store_options server_options(const std::string &url) {
  capsule_promise_store_options options = store_options();
  options.url = text(url);
  return options;
}

}  // namespace capsule_test
