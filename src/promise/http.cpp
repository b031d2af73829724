#include "promise/http.hpp"

#include <curl/curl.h>
#include <unistd.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace capsule {
namespace {

constexpr std::size_t kMaxAnswer = 64U << 20U;
constexpr std::size_t kMaxLine = 4U << 20U;
constexpr long kConnectTimeoutMs = 5'000;
// Of a stream on which nothing may come for days: a peer that is gone is noticed.
constexpr long kKeepAliveS = 15;
// Of calls that are over, for those to come.
constexpr std::size_t kIdleCalls = 64;

struct FreeList {
  void operator()(curl_slist *list) const { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, FreeList>;

void add_header(Headers &headers, const std::string &line) {
  if (curl_slist *const longer = curl_slist_append(headers.get(), line.c_str())) {
    static_cast<void>(headers.release());
    headers.reset(longer);
  }
}

// libcurl keeps state for the process, which is made once and stays.
bool initialised() {
  static const bool done = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return done;
}

// One call or stream.
struct Transfer {
  ~Transfer() { curl_easy_cleanup(easy); }
  CURL *easy = curl_easy_init();
  Headers headers;
  std::string body;
  std::string received;
  HttpClient::Done done;
  std::shared_ptr<HttpClient::Listener> listener;  // of a stream
  Loop *loop = nullptr;
  bool connected = false;
  char error[CURL_ERROR_SIZE] = "";

  [[nodiscard]] long status() const {
    long code = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    return code;
  }
};

// A connection's descriptor.
struct Socket {
  std::shared_ptr<Loop::Watch> watch;
  bool readable = false;
  bool writable = false;
  bool wanted = false;  // by a transfer
};

std::size_t on_answer(char *data, std::size_t one, std::size_t size, void *user) {
  auto &transfer = *static_cast<Transfer *>(user);
  if (transfer.received.size() + size > kMaxAnswer) {
    return 0;
  }
  transfer.received.append(data, one * size);
  return size;
}

std::size_t on_stream(char *data, std::size_t one, std::size_t size, void *user) {
  auto &transfer = *static_cast<Transfer *>(user);
  transfer.received.append(data, one * size);
  std::size_t begin = 0;
  for (std::size_t end = transfer.received.find('\n'); end != std::string::npos; end = transfer.received.find('\n', begin)) {
    const std::size_t size_of_line = end - begin - (end > begin && transfer.received[end - 1] == '\r' ? 1 : 0);
    if (transfer.connected) {
      // Later: inside of libcurl's callbacks no call can be begun.
      transfer.loop->post(
          [listener = transfer.listener, line = transfer.received.substr(begin, size_of_line)] { listener->line(line); });
    }
    begin = end + 1;
  }
  transfer.received.erase(0, begin);
  return transfer.received.size() > kMaxLine ? 0 : size;
}

std::size_t on_header(char *data, std::size_t one, std::size_t size, void *user) {
  auto &transfer = *static_cast<Transfer *>(user);
  const std::string_view line(data, one * size);
  if (!transfer.connected && (line == "\r\n" || line == "\n") && transfer.status() == 200) {
    transfer.connected = true;
    transfer.loop->post([listener = transfer.listener] { listener->connected(); });
  }
  return size;
}

}  // namespace

struct HttpClient::Impl {
  explicit Impl(Loop &on) : loop(on) {}
  ~Impl() { close(); }

  void set_common(Transfer &transfer);
  std::unique_ptr<Transfer> take_call();
  void watch(curl_socket_t fd, bool readable, bool writable);
  void on_ready(curl_socket_t fd, bool readable, bool writable);
  void start(std::unique_ptr<Transfer> transfer);
  void act(curl_socket_t fd, int events);
  void finish_done();
  void finish(std::unique_ptr<Transfer> transfer, CURLcode code);
  void close();
  static int on_socket(CURL *easy, curl_socket_t fd, int what, void *self, void *socket);
  static int on_close(void *self, curl_socket_t fd);
  static int on_timer(CURLM *multi, long timeout_ms, void *self);

  Loop &loop;
  std::weak_ptr<HttpClient> owner;
  CURLM *multi = curl_multi_init();
  std::map<CURL *, std::unique_ptr<Transfer>> transfers;
  std::vector<std::unique_ptr<Transfer>> idle_calls;
  std::map<curl_socket_t, Socket> sockets;
  std::optional<Loop::TimerId> timer;
};

int HttpClient::Impl::on_socket(CURL * /*easy*/, curl_socket_t fd, int what, void *self, void * /*socket*/) {
  auto &impl = *static_cast<Impl *>(self);
  if (what != CURL_POLL_REMOVE) {
    impl.watch(fd, (what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0);
  } else if (const auto found = impl.sockets.find(fd); found != impl.sockets.end()) {
    found->second.wanted = false;
  }
  return 0;
}

// A connection that is kept is watched until something comes that nobody waits for: the next call needs no system call for it.
void HttpClient::Impl::watch(curl_socket_t fd, bool readable, bool writable) {
  Socket &socket = sockets[fd];
  socket.wanted = true;
  if (!socket.watch) {
    socket.watch = loop.watch(fd, readable, writable, [weak = owner, fd](bool can_read, bool can_write) {
      if (const auto client = weak.lock()) {
        client->impl_->on_ready(fd, can_read, can_write);
      }
    });
  } else if (socket.readable != readable || socket.writable != writable) {
    loop.change(*socket.watch, readable, writable);
  }
  socket.readable = readable;
  socket.writable = writable;
}

void HttpClient::Impl::on_ready(curl_socket_t fd, bool readable, bool writable) {
  const auto found = sockets.find(fd);
  if (found == sockets.end()) {
    return;
  }
  if (!found->second.wanted) {
    sockets.erase(found);
    return;
  }
  act(fd, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
}

int HttpClient::Impl::on_close(void *self, curl_socket_t fd) {
  static_cast<Impl *>(self)->sockets.erase(fd);
  return ::close(fd);
}

int HttpClient::Impl::on_timer(CURLM * /*multi*/, long timeout_ms, void *self) {
  auto &impl = *static_cast<Impl *>(self);
  if (impl.timer) {
    impl.loop.cancel_timer(*impl.timer);
    impl.timer.reset();
  }
  if (timeout_ms >= 0) {
    const std::uint64_t at = monotonic_ns() + static_cast<std::uint64_t>(timeout_ms) * kNsPerMs;
    impl.timer = impl.loop.add_timer(at, [weak = impl.owner] {
      if (const auto client = weak.lock()) {
        client->impl_->timer.reset();
        client->impl_->act(CURL_SOCKET_TIMEOUT, 0);
      }
    });
  }
  return 0;
}

void HttpClient::Impl::act(curl_socket_t fd, int events) {
  if (multi != nullptr) {
    int running = 0;
    curl_multi_socket_action(multi, fd, events, &running);
    finish_done();
  }
}

void HttpClient::Impl::finish_done() {
  int left = 0;
  // Who is told may close the client.
  while (CURLMsg *const message = multi == nullptr ? nullptr : curl_multi_info_read(multi, &left)) {
    if (message->msg == CURLMSG_DONE) {
      const CURLcode code = message->data.result;
      auto node = transfers.extract(message->easy_handle);
      curl_multi_remove_handle(multi, node.key());
      finish(std::move(node.mapped()), code);
    }
  }
}

void HttpClient::Impl::finish(std::unique_ptr<Transfer> transfer, CURLcode code) {
  const std::string why = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
  const Status failed = code == CURLE_OK ? Status() : Status(CAPSULE_E_UNAVAILABLE, why);
  if (transfer->listener) {
    const std::string text = "the server ended the stream with status " + std::to_string(transfer->status());
    transfer->listener->ended(failed.ok() ? Status(CAPSULE_E_UNAVAILABLE, text) : failed);
  } else {
    const HttpClient::Done done = std::exchange(transfer->done, nullptr);
    auto answer =
        failed.ok() ? Result<HttpAnswer>(HttpAnswer{transfer->status(), std::exchange(transfer->received, {})}) : failed;
    if (failed.ok() && idle_calls.size() < kIdleCalls) {
      idle_calls.push_back(std::move(transfer));
    }
    done(std::move(answer));  // the last: it may close the client
  }
}

void HttpClient::Impl::set_common(Transfer &transfer) {
  CURL *const easy = transfer.easy;
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // what the environment says of proxies is the host's business
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
}

// One that was used, or a new one: libcurl takes longer to prepare a call than to make it.
std::unique_ptr<Transfer> HttpClient::Impl::take_call() {
  if (!idle_calls.empty()) {
    auto transfer = std::move(idle_calls.back());
    idle_calls.pop_back();
    return transfer;
  }
  auto transfer = std::make_unique<Transfer>();
  add_header(transfer->headers, "Content-Type: application/json");
  add_header(transfer->headers, "Expect:");  // libcurl would ask first whether it may send a large body, and wait
  set_common(*transfer);
  curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, on_answer);
  return transfer;
}

void HttpClient::Impl::start(std::unique_ptr<Transfer> transfer) {
  CURL *const easy = transfer->easy;
  if (curl_multi_add_handle(multi, easy) == CURLM_OK) {
    transfers[easy] = std::move(transfer);
    return;
  }
  // Later, as anything else.
  const auto held = std::make_shared<std::unique_ptr<Transfer>>(std::move(transfer));
  loop.post([weak = owner, held] {
    if (const auto client = weak.lock()) {
      client->impl_->finish(std::move(*held), CURLE_OUT_OF_MEMORY);
    }
  });
}

void HttpClient::Impl::close() {
  if (multi == nullptr) {
    return;
  }
  for (const auto &[easy, transfer] : transfers) {
    curl_multi_remove_handle(multi, easy);
  }
  transfers.clear();
  idle_calls.clear();
  curl_multi_cleanup(multi);
  multi = nullptr;
  sockets.clear();
  if (timer) {
    loop.cancel_timer(*timer);
    timer.reset();
  }
}

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpClient::~HttpClient() = default;

Result<std::shared_ptr<HttpClient>> HttpClient::create(Loop &loop) {
  if (!initialised()) {
    return Status(CAPSULE_E_SYSTEM, "libcurl cannot be initialised");
  }
  auto impl = std::make_unique<Impl>(loop);
  if (impl->multi == nullptr) {
    return Status(CAPSULE_E_MEMORY, "libcurl has no memory");
  }
  Impl &made = *impl;
  std::shared_ptr<HttpClient> client(new HttpClient(std::move(impl)));
  made.owner = client;
  curl_multi_setopt(made.multi, CURLMOPT_SOCKETFUNCTION, Impl::on_socket);
  curl_multi_setopt(made.multi, CURLMOPT_SOCKETDATA, &made);
  curl_multi_setopt(made.multi, CURLMOPT_TIMERFUNCTION, Impl::on_timer);
  curl_multi_setopt(made.multi, CURLMOPT_TIMERDATA, &made);
  return client;
}

void HttpClient::post(const std::string &url, std::string body, std::int64_t timeout_ms, bool fresh, Done done) {
  auto transfer = impl_->take_call();
  transfer->body = std::move(body);
  transfer->done = std::move(done);
  CURL *const easy = transfer->easy;
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer->body.size()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
  impl_->start(std::move(transfer));
}

void HttpClient::listen(const std::string &url, const std::string &bearer, Listener listener) {
  auto transfer = std::make_unique<Transfer>();
  transfer->listener = std::make_shared<Listener>(std::move(listener));
  transfer->loop = &impl_->loop;
  add_header(transfer->headers, "Accept: text/event-stream");
  if (!bearer.empty()) {
    add_header(transfer->headers, "Authorization: Bearer " + bearer);
  }
  impl_->set_common(*transfer);
  CURL *const easy = transfer->easy;
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kKeepAliveS);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, kKeepAliveS);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_stream);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer.get());
  impl_->start(std::move(transfer));
}

void HttpClient::close() { impl_->close(); }

}  // namespace capsule
