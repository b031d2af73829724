// HTTP on the loop, by libcurl: calls over connections that are kept, and streams of lines. Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/status.hpp"
#include "loop/loop.hpp"

namespace capsule {

struct HttpAnswer {
  long status = 0;
  std::string body;
};

class HttpClient {
 public:
  using Done = std::function<void(Result<HttpAnswer>)>;
  struct Listener {
    std::function<void()> connected;                // the server answered 200
    std::function<void(const std::string &)> line;  // without its end
    std::function<void(Status)> ended;              // once, unless the client is closed
  };

  static Result<std::shared_ptr<HttpClient>> create(Loop &loop);
  ~HttpClient();
  HttpClient(const HttpClient &) = delete;
  HttpClient &operator=(const HttpClient &) = delete;

  // `fresh`: over a connection of its own. `done` is called later, and never where the client is closed.
  void post(const std::string &url, std::string body, std::int64_t timeout_ms, bool fresh, Done done);
  // `bearer`: an authorization, or empty.
  void listen(const std::string &url, const std::string &bearer, Listener listener);
  // Drops what is under way.
  void close();

 private:
  struct Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace capsule
