#include "promise/http.hpp"

#include <unistd.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "promise/http_exchange.hpp"

namespace capsule {
namespace {

constexpr std::size_t kMaxLine = 4U << 20U;
// Of a stream on which nothing may come for days: a peer that is gone is noticed.
constexpr long kKeepAliveS = 15;
// Of calls that are over, for those to come.
constexpr std::size_t kIdleCalls = 64;

// What a stream has been sent, and nobody has looked at yet.
struct Delivery {
  std::size_t pieces = 0;
  CURL *paused = nullptr;  // the stream, where it waits for that
};

// One call or stream.
struct Transfer {
  HttpExchange exchange;
  HttpClient::Done done;
  // Of a stream:
  std::shared_ptr<HttpClient::Listener> listener;
  Loop *loop = nullptr;
  bool connected = false;
  std::string received;
  std::size_t searched = 0;  // of it there is no end of a line in so many
  std::shared_ptr<Delivery> delivery = std::make_shared<Delivery>();
};

// A connection's descriptor.
struct Socket {
  std::shared_ptr<Loop::Watch> watch;
  bool readable = false;
  bool writable = false;
  bool wanted = false;  // by a transfer
};

// Of all that comes only `data:` is anybody's.
std::vector<std::string> take_lines(Transfer &transfer) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = transfer.received.find('\n', transfer.searched); end != std::string::npos;
       end = transfer.received.find('\n', begin)) {
    std::string_view line = std::string_view(transfer.received).substr(begin, end - begin);
    line.remove_suffix(line.ends_with('\r') ? 1 : 0);
    if (line.starts_with("data:")) {
      lines.emplace_back(line);
    }
    begin = end + 1;
  }
  transfer.received.erase(0, begin);
  transfer.searched = transfer.received.size();
  return lines;
}

// Inside of libcurl's callbacks no call can be begun: what came is told later. Meanwhile a server that sends and sends is not read on, so that
// the loop has its turns for others.
void deliver(const Transfer &transfer, std::vector<std::string> lines) {
  ++transfer.delivery->pieces;
  transfer.loop->post([delivery = transfer.delivery, listener = transfer.listener, lines = std::move(lines)] {
    for (const std::string &line : lines) {
      listener->line(line);
    }
    --delivery->pieces;
    if (CURL *const paused = std::exchange(delivery->paused, nullptr)) {
      curl_easy_pause(paused, CURLPAUSE_CONT);
    }
  });
}

std::size_t on_stream(char *data, std::size_t one, std::size_t size, void *user) {
  auto &transfer = *static_cast<Transfer *>(user);
  if (transfer.delivery->pieces > 0) {
    transfer.delivery->paused = transfer.exchange.easy();
    return CURL_WRITEFUNC_PAUSE;  // it comes again
  }
  transfer.received.append(data, one * size);
  std::vector<std::string> lines = take_lines(transfer);
  if (transfer.connected) {
    deliver(transfer, std::move(lines));
  }
  return transfer.received.size() > kMaxLine ? 0 : size;
}

std::size_t on_header(char *data, std::size_t one, std::size_t size, void *user) {
  auto &transfer = *static_cast<Transfer *>(user);
  const std::string_view line(data, one * size);
  if (!transfer.connected && (line == "\r\n" || line == "\n") && transfer.exchange.status() == 200) {
    transfer.connected = true;
    transfer.loop->post([listener = transfer.listener] { listener->connected(); });
  }
  return size;
}

}  // namespace

struct HttpClient::Impl {
  explicit Impl(Loop &on) : loop(on) {}
  ~Impl() { close(); }

  std::unique_ptr<Transfer> make_transfer();
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

int HttpClient::Impl::on_socket(CURL *easy, curl_socket_t fd, int what, void *self, void * /*socket*/) {
  auto &impl = *static_cast<Impl *>(self);
  if (what != CURL_POLL_REMOVE) {
    impl.watch(fd, (what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0);
    return 0;
  }
  // Only of a connection on which an answer came is the end told by `on_close`: libcurl closes one that was never made, and what it
  // resolves names with, without a word, and the number is somebody else's at once.
  const auto transfer = impl.transfers.find(easy);
  const bool answered = transfer != impl.transfers.end() && transfer->second->exchange.status() != 0;
  if (const auto found = impl.sockets.find(fd); found != impl.sockets.end() && answered) {
    found->second.wanted = false;
  } else {
    impl.sockets.erase(fd);
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
  transfer->delivery->paused = nullptr;
  if (transfer->listener) {
    const Status failed = transfer->exchange.outcome(code);
    const std::string text = "the server ended the stream with status " + std::to_string(transfer->exchange.status());
    transfer->listener->ended(failed.ok() ? Status(CAPSULE_E_UNAVAILABLE, text) : failed);
  } else {
    const HttpClient::Done done = std::exchange(transfer->done, nullptr);
    auto answer = transfer->exchange.answer(code);
    if (answer.ok() && idle_calls.size() < kIdleCalls) {
      idle_calls.push_back(std::move(transfer));
    }
    done(std::move(answer));  // the last: it may close the client
  }
}

std::unique_ptr<Transfer> HttpClient::Impl::make_transfer() {
  auto transfer = std::make_unique<Transfer>();
  curl_easy_setopt(transfer->exchange.easy(), CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(transfer->exchange.easy(), CURLOPT_CLOSESOCKETDATA, this);
  return transfer;
}

// One that was used, or a new one: libcurl takes longer to prepare a call than to make it.
std::unique_ptr<Transfer> HttpClient::Impl::take_call() {
  if (!idle_calls.empty()) {
    auto transfer = std::move(idle_calls.back());
    idle_calls.pop_back();
    return transfer;
  }
  auto transfer = make_transfer();
  transfer->exchange.prepare_call();
  return transfer;
}

void HttpClient::Impl::start(std::unique_ptr<Transfer> transfer) {
  CURL *const easy = transfer->exchange.easy();
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
    transfer->delivery->paused = nullptr;
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
  if (!http_ready()) {
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
  transfer->done = std::move(done);
  curl_easy_setopt(transfer->exchange.easy(), CURLOPT_URL, url.c_str());
  transfer->exchange.set_call(std::move(body), timeout_ms, fresh);
  impl_->start(std::move(transfer));
}

void HttpClient::listen(const std::string &url, const std::string &bearer, Listener listener) {
  auto transfer = impl_->make_transfer();
  transfer->listener = std::make_shared<Listener>(std::move(listener));
  transfer->loop = &impl_->loop;
  transfer->exchange.add_header("Accept: text/event-stream");
  if (!bearer.empty()) {
    transfer->exchange.add_header("Authorization: Bearer " + bearer);
  }
  CURL *const easy = transfer->exchange.easy();
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, kKeepAliveS);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, kKeepAliveS);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_stream);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer.get());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer.get());
  impl_->start(std::move(transfer));
}

void HttpClient::close() { impl_->close(); }

}  // namespace capsule
