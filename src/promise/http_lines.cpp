#include "promise/http_lines.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/clock.hpp"
#include "base/quiet_thread.hpp"
#include "promise/http_exchange.hpp"
#include "promise/http_head.hpp"

namespace capsule {
namespace {

// Callers that have a connection each. More share those of the loop.
constexpr std::size_t kLines = 16;
constexpr std::size_t kMaxHead = 16U << 10U;
constexpr std::size_t kMaxAnswer = 4U << 20U;
constexpr std::size_t kReadBytes = 16U << 10U;

struct FreeUrl {
  void operator()(CURLU *url) const { curl_url_cleanup(url); }
};
struct FreeMulti {
  void operator()(CURLM *multi) const { curl_multi_cleanup(multi); }
};

std::string part_of(CURLU *url, CURLUPart part) {
  char *text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) {
    return {};
  }
  std::string copy(text);
  curl_free(text);
  return copy;
}

// A request up to its length; empty for a URL that wants more than this can do: TLS, a name and password.
std::string head_for(const std::string &text) {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK || part_of(url.get(), CURLUPART_SCHEME) != "http" ||
      !part_of(url.get(), CURLUPART_USER).empty() || !part_of(url.get(), CURLUPART_ZONEID).empty()) {
    return {};
  }
  const std::string port = part_of(url.get(), CURLUPART_PORT);
  const std::string query = part_of(url.get(), CURLUPART_QUERY);
  return "POST " + part_of(url.get(), CURLUPART_PATH) + (query.empty() ? "" : "?" + query) +
         " HTTP/1.1\r\nHost: " + part_of(url.get(), CURLUPART_HOST) + (port.empty() ? "" : ":" + port) +
         "\r\nContent-Type: application/json\r\nContent-Length: ";
}

}  // namespace

std::optional<Result<HttpAnswer>> HttpLine::post(const std::string &body, std::int64_t timeout_ms, bool fresh) {
  const std::uint64_t deadline_ns = deadline_after_ms(timeout_ms);
  if (fresh) {
    socket_.reset();
  }
  for (;;) {
    const bool kept = socket_.valid();
    if (Status status = kept ? Status() : connect(deadline_ns); !status.ok()) {
      return status;
    }
    HttpAnswer answer;
    const Step step = exchange(body, deadline_ns, answer);
    if (step == Step::kDone) {
      return answer;
    }
    socket_.reset();
    switch (step) {
      case Step::kForeign:
        return std::nullopt;
      case Step::kClosing:
        return Status(CAPSULE_E_CLOSED, "the store is closed");
      case Step::kLate:
        return Status(CAPSULE_E_UNAVAILABLE, "no answer came for " + std::to_string(timeout_ms) + " ms");
      default:
        break;
    }
    // A server may close what was not used for a while.
    if (!kept || !received_.empty()) {
      return Status(CAPSULE_E_UNAVAILABLE, "the server closed the connection");
    }
  }
}

// libcurl knows names, addresses of both families, and how long to try each.
Status HttpLine::connect(std::uint64_t deadline_ns) {
  HttpExchange exchange;
  CURL *const easy = exchange.easy();
  curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
  curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
  const std::unique_ptr<CURLM, FreeMulti> multi(curl_multi_init());
  if (curl_multi_add_handle(multi.get(), easy) != CURLM_OK) {
    return {CAPSULE_E_MEMORY, "libcurl has no memory"};
  }
  CURLcode code = CURLE_OPERATION_TIMEDOUT;
  for (curl_waitfd closing{.fd = closing_, .events = CURL_WAIT_POLLIN, .revents = 0}; closing.revents == 0;) {
    int running = 0;
    int left = 0;
    {
      const BlockedSignals quiet;  // it may start a thread that looks up a name
      curl_multi_perform(multi.get(), &running);
    }
    if (const CURLMsg *const message = curl_multi_info_read(multi.get(), &left)) {
      code = message->data.result;
      break;
    }
    const int wait_ms = poll_timeout_ms(deadline_ns);
    if (wait_ms == 0 || curl_multi_poll(multi.get(), &closing, 1, wait_ms, nullptr) != CURLM_OK) {
      break;
    }
  }
  curl_socket_t socket = CURL_SOCKET_BAD;
  if (code == CURLE_OK && curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK) {
    socket_.reset(fcntl(socket, F_DUPFD_CLOEXEC, 0));  // libcurl closes its own
    if (!socket_.valid()) {
      Status status = system_error("fcntl(F_DUPFD_CLOEXEC)", errno);
      curl_multi_remove_handle(multi.get(), easy);
      return status;
    }
  }
  curl_multi_remove_handle(multi.get(), easy);
  return socket_.valid() ? Status() : Status(CAPSULE_E_UNAVAILABLE, exchange.outcome(code).message());
}

HttpLine::Step HttpLine::exchange(const std::string &body, std::uint64_t deadline_ns, HttpAnswer &answer) {
  received_.clear();
  Step step = send(head_ + std::to_string(body.size()) + "\r\n\r\n" + body, deadline_ns);
  std::size_t end = std::string::npos;
  while (step == Step::kDone && end == std::string::npos) {
    step = received_.size() < kMaxHead ? receive(deadline_ns) : Step::kForeign;
    end = received_.find("\r\n\r\n");
  }
  if (step != Step::kDone) {
    return step;
  }
  const std::size_t begin = end + 4;
  const auto head = read_http_head(std::string_view(received_).substr(0, begin));
  if (!head || head->length > kMaxAnswer) {
    return Step::kForeign;
  }
  while (received_.size() - begin < head->length) {
    if (step = receive(deadline_ns); step != Step::kDone) {
      return step;
    }
  }
  answer = {head->status, received_.substr(begin, head->length)};
  if (!head->keeps || received_.size() > begin + head->length) {
    socket_.reset();
  }
  return Step::kDone;
}

HttpLine::Step HttpLine::send(const std::string &request, std::uint64_t deadline_ns) const {
  std::size_t sent = 0;
  while (sent < request.size()) {
    const ssize_t count = ::send(socket_.get(), request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (count >= 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      if (const Step step = wait(POLLOUT, deadline_ns); step != Step::kDone) {
        return step;
      }
    } else if (errno != EINTR) {
      return Step::kGone;
    }
  }
  return Step::kDone;
}

// What has come, and waits for it first: a server takes longer than a look.
HttpLine::Step HttpLine::receive(std::uint64_t deadline_ns) {
  char bytes[kReadBytes];
  for (;;) {
    if (const Step step = wait(POLLIN, deadline_ns); step != Step::kDone) {
      return step;
    }
    const ssize_t count = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    if (count > 0) {
      received_.append(bytes, static_cast<std::size_t>(count));
      return Step::kDone;
    }
    if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
      return Step::kGone;
    }
  }
}

HttpLine::Step HttpLine::wait(short events, std::uint64_t deadline_ns) const {
  pollfd fds[] = {{.fd = socket_.get(), .events = events, .revents = 0}, {.fd = closing_, .events = POLLIN, .revents = 0}};
  for (;;) {
    const int ready = poll(fds, std::size(fds), poll_timeout_ms(deadline_ns));
    if (ready > 0) {
      return fds[1].revents != 0 ? Step::kClosing : Step::kDone;
    }
    if (ready == 0 || errno != EINTR) {
      return Step::kLate;
    }
  }
}

HttpLines::HttpLines(std::string url)
    : url_(std::move(url)),
      head_(head_for(url_)),
      closing_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      usable_(!head_.empty() && closing_.valid()) {}

HttpLines::Lease HttpLines::take() {
  const std::lock_guard lock(mutex_);
  if (!usable_ || used_ >= kLines) {
    return {nullptr, {this}};
  }
  ++used_;
  if (idle_.empty()) {
    return {std::make_unique<HttpLine>(url_, head_, closing_.get()).release(), {this}};
  }
  Lease lease(idle_.back().release(), {this});
  idle_.pop_back();
  return lease;
}

void HttpLines::give_back(HttpLine *line) {
  std::unique_ptr<HttpLine> owned(line);
  const std::lock_guard lock(mutex_);
  --used_;
  if (usable_) {
    idle_.push_back(std::move(owned));
  }
}

void HttpLines::give_up() {
  std::vector<std::unique_ptr<HttpLine>> idle;
  const std::lock_guard lock(mutex_);
  usable_ = false;
  idle.swap(idle_);
}

void HttpLines::close() {
  give_up();
  eventfd_write(closing_.get(), 1);
}

}  // namespace capsule
