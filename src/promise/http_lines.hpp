// HTTP calls that a caller's own thread makes and waits for, each over a connection that is kept. Any thread.
//
// Nobody is woken for them: a call is one send(), one poll() and one recv() of the calling thread, and about 8 us of JSON. By the loop it was
// 3 to 5 futexes, an eventfd, epoll, and what libcurl takes for a call, 20 to 40 us where a server nearby answers in 60. So libcurl only
// connects here, and lines are for what nearly every call is: small, and with an answer whose length is told. All else is in http.cpp.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "base/unique_fd.hpp"
#include "promise/http.hpp"

namespace capsule {

// A connection, for one thread at a time.
class HttpLine {
 public:
  // `head`: of a request, up to its length. `closing`: readable when nothing is to be waited for any more.
  HttpLine(const std::string &url, const std::string &head, int closing) : url_(url), head_(head), closing_(closing) {}

  // `fresh`: over a new connection. Nullopt where libcurl has to make the call; then a call of this is under way no more, but may have
  // been heard.
  std::optional<Result<HttpAnswer>> post(const std::string &body, std::int64_t timeout_ms, bool fresh);

 private:
  enum class Step { kDone, kGone, kLate, kClosing, kForeign };
  Status connect(std::uint64_t deadline_ns);
  Step exchange(const std::string &body, std::uint64_t deadline_ns, HttpAnswer &answer);
  Step send(const std::string &request, std::uint64_t deadline_ns) const;
  Step receive(std::uint64_t deadline_ns);
  [[nodiscard]] Step wait(short events, std::uint64_t deadline_ns) const;

  const std::string &url_;
  const std::string &head_;
  const int closing_;
  UniqueFd socket_;
  std::string received_;
};

class HttpLines {
 public:
  // Bytes that a call may carry; its body holds them as base64.
  static constexpr std::size_t kMaxContent = 8U << 10U;

  explicit HttpLines(std::string url);
  HttpLines(const HttpLines &) = delete;
  HttpLines &operator=(const HttpLines &) = delete;

  struct GiveBack {
    HttpLines *lines;
    void operator()(HttpLine *line) const { lines->give_back(line); }
  };
  using Lease = std::unique_ptr<HttpLine, GiveBack>;
  // Null where all are in use, the server is not to be spoken to like this, or after close().
  Lease take();
  // The server's answers are none for a line: there are no more leases.
  void give_up();
  // Who waits wakes, with CAPSULE_E_CLOSED.
  void close();

 private:
  void give_back(HttpLine *line);

  const std::string url_;
  const std::string head_;  // empty where no line can be had
  UniqueFd closing_;
  std::mutex mutex_;  // guards below
  bool usable_ = false;
  std::size_t used_ = 0;
  std::vector<std::unique_ptr<HttpLine>> idle_;
};

}  // namespace capsule
