// Calls that a waiting thread makes itself, to a server that answers as the test says.
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <atomic>
#include <filesystem>

#include "resonate.hpp"

using namespace capsule_test;

namespace {

// What a request is answered with, literally, and whether the connection ends behind it. Empty: nothing comes.
struct Reply {
  std::string bytes;
  bool ends = false;
};

std::string between(const std::string &text, const std::string &before, const std::string &after) {
  const std::size_t begin = text.find(before);
  CHECK(begin != std::string::npos);
  return text.substr(begin + before.size(), text.find(after, begin + before.size()) - begin - before.size());
}

// The JSON that says that the promise of the request is pending. Who waits for one names it by another key.
std::string pending(const std::string &request) {
  const char *const key = request.find(R"("awaited":")") == std::string::npos ? R"("id":")" : R"("awaited":")";
  return R"({"kind":"promise.get","head":{"corrId":")" + between(request, R"("corrId":")", "\"") +
         R"(","status":200,"version":"2026-04-01"},"data":{"promise":{"id":")" + between(request, key, "\"") +
         R"(","state":"pending","param":{},"value":{},"tags":{},"timeoutAt":4000000000000,"createdAt":1}}})";
}

std::string whole(const std::string &body, const std::string &headers = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

class RawServer {
 public:
  using Answer = std::function<Reply(const std::string &request)>;

  explicit RawServer(Answer answer) : RawServer(std::move(answer), 64) { accept(); }
  // No connection is made before `accept`: its only place is taken.
  static std::unique_ptr<RawServer> silent(Answer answer) {
    std::unique_ptr<RawServer> server(new RawServer(std::move(answer), 0));
    server->filler_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK_EQ(::connect(server->filler_.get(), reinterpret_cast<sockaddr *>(&server->address_), sizeof server->address_), 0);
    return server;
  }
  void accept() {
    if (filler_.get() >= 0) {
      const UniqueFd first(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
    acceptor_ = std::thread([this] { accept_all(); });
  }
  RawServer(const RawServer &) = delete;
  RawServer &operator=(const RawServer &) = delete;
  ~RawServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (acceptor_.joinable()) {
      acceptor_.join();
    }
    for (const UniqueFd &client : clients_) {
      ::shutdown(client.get(), SHUT_RDWR);
    }
    for (std::thread &thread : threads_) {
      thread.join();
    }
  }
  // That it outlives.
  [[nodiscard]] capsule_promise_store_options options() const { return server_options(url_); }
  void want_name_and_password() { url_.insert(url_.find("127"), "name:password@"); }
  // Requests that were read.
  Counter requests;
  std::atomic<int> connections{0};

 private:
  RawServer(Answer answer, int places) : answer_(std::move(answer)) {
    socklen_t size = sizeof address_;
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr *>(&address_), size), 0);
    CHECK_EQ(::listen(listener_.get(), places), 0);
    CHECK_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr *>(&address_), &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address_.sin_port));
  }
  void accept_all() {
    for (;;) {
      const int client = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) {
        return;
      }
      ++connections;
      clients_.emplace_back(client);
      threads_.emplace_back([this, client] { serve(client); });
    }
  }
  void serve(int client) {
    std::string received;
    char bytes[4096];
    for (ssize_t count = 0; (count = ::recv(client, bytes, sizeof bytes, 0)) > 0;) {
      received.append(bytes, static_cast<std::size_t>(count));
      const std::size_t end = received.find("\r\n\r\n");
      if (end == std::string::npos || !received.starts_with("POST ")) {
        continue;
      }
      const std::size_t length = std::stoul(between(received, "Content-Length: ", "\r\n"));
      if (received.size() < end + 4 + length) {
        continue;
      }
      const Reply reply = answer_(received.substr(end + 4));
      received.clear();
      ::send(client, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
      requests.add();
      if (reply.ends) {
        ::shutdown(client, SHUT_RDWR);
      }
    }
  }

  const Answer answer_;
  const UniqueFd listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address_{};
  std::string url_;
  UniqueFd filler_;
  std::thread acceptor_;
  std::vector<UniqueFd> clients_;
  std::vector<std::thread> threads_;
};

}  // namespace

CAPSULE_TEST(one_connection_is_kept_for_calls_one_after_the_other) {
  RawServer server([](const std::string &request) { return Reply{whole(pending(request))}; });
  const Store store = open_store(server.options());
  for (int i = 0; i < 20; ++i) {
    CHECK_EQ(create(store, "a" + std::to_string(i)), "pending ");
  }
  CHECK_EQ(server.connections.load(), 1);
  CHECK_EQ(metrics_of(store).retries, 0);
}

CAPSULE_TEST(who_waits_for_an_answer_wakes_when_the_store_is_closed) {
  RawServer server([](const std::string &) { return Reply{}; });
  const Store store = open_store(server.options());
  Threads threads;
  for (int i = 0; i < 3; ++i) {
    threads.start([&store] {
      const capsule_promise_wish made = wish_for(capsule_text_from("a"));
      REFUSED(CAPSULE_E_CLOSED, capsule_promise_create(store.get(), &made, nullptr, error));
    });
  }
  server.requests.wait_for(3, "requests");
  const Deadline deadline(3'000);  // less than a try takes
  ACCEPTED(capsule_promise_store_close(store.get(), error));
  threads.join();
  CHECK(!deadline.over());
}

CAPSULE_TEST(more_callers_than_there_are_lines_are_served_too) {
  RawServer server([](const std::string &request) { return Reply{whole(pending(request))}; });
  const Store store = open_store(server.options());
  run_at_once(40, [&](int thread) {
    for (int i = 0; i < 5; ++i) {
      CHECK_EQ(create(store, "t" + std::to_string(thread) + "-" + std::to_string(i)), "pending ");
    }
  });
  CHECK_EQ(metrics_of(store).failures, 0);
}

CAPSULE_TEST(an_answer_with_another_promise_is_none) {
  RawServer server([](const std::string &request) {
    const std::string id = between(request, R"("id":")", "\"");
    std::string body = pending(request);
    return Reply{whole(body.replace(body.find("\"" + id + "\""), id.size() + 2, R"("another")"))};
  });
  const Store store = open_store(server.options());
  const capsule_promise_wish made = wish_for(capsule_text_from("a"));
  CHECK_CONTAINS(REFUSED(CAPSULE_E_UNAVAILABLE, capsule_promise_create(store.get(), &made, nullptr, error)), "another promise");
}

CAPSULE_TEST(a_server_that_never_answers_is_an_error_in_time) {
  RawServer server([](const std::string &) { return Reply{}; });
  capsule_promise_store_options options = server.options();
  options.request_timeout_ms = 100;
  const Store store = open_store(options);
  const capsule_promise_wish made = wish_for(capsule_text_from("a"));
  CHECK_CONTAINS(REFUSED(CAPSULE_E_UNAVAILABLE, capsule_promise_create(store.get(), &made, nullptr, error)),
                 "the server did not answer for");
  CHECK_EQ(metrics_of(store).failures, 1);
}

// As servers do with what was not used for a while, and proxies with every one.
CAPSULE_TEST(a_connection_that_ended_is_made_anew) {
  for (const char *headers : {"", "Connection: close\r\n"}) {
    RawServer server([headers](const std::string &request) { return Reply{whole(pending(request), headers), true}; });
    const Store store = open_store(server.options());
    for (int i = 0; i < 5; ++i) {
      CHECK_EQ(create(store, "a" + std::to_string(i)), "pending ");
    }
    CHECK_EQ(server.connections.load(), 5);
    CHECK_EQ(metrics_of(store).retries, 0);
  }
}

CAPSULE_TEST(answers_whose_length_is_not_told_are_read_all_the_same) {
  RawServer server([](const std::string &request) {
    const std::string body = pending(request);
    char size[16];
    std::snprintf(size, sizeof size, "%zx", body.size());
    return Reply{std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") + size + "\r\n" + body + "\r\n0\r\n\r\n"};
  });
  const Store store = open_store(server.options());
  for (int i = 0; i < 5; ++i) {
    CHECK_EQ(create(store, "a" + std::to_string(i)), "pending ");
  }
  CHECK_EQ(metrics_of(store).failures, 0);
  CHECK_EQ(metrics_of(store).retries, 1);  // the one by which it was found out
}

// Of the caller's connections, and of the loop's, which a large value and the stream of messages take.
CAPSULE_TEST(no_connection_is_inherited_by_other_programs) {
  RawServer server([](const std::string &request) { return Reply{whole(pending(request))}; });
  const Store store = open_store(server.options());
  create(store, "a");
  settle(store, "a", std::string(100'000, 'x'));
  ACCEPTED(capsule_promise_watch(store.get(), capsule_text_from("a"), error));
  int connections = 0;
  for (const auto &entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr *>(&peer), &size) == 0 && peer.ss_family == AF_INET) {
      ++connections;
      CHECK_EQ(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    }
  }
  CHECK_AT_LEAST(connections, 4);  // both ends of two, the stream aside
}

// By the loop, as all calls to a server that wants a name and a password. libcurl closes such a connection without a word.
CAPSULE_TEST(a_connection_that_was_never_made_leaves_nothing_on_the_loop) {
  const auto server = RawServer::silent([](const std::string &request) { return Reply{whole(pending(request))}; });
  server->want_name_and_password();
  capsule_promise_store_options options = server->options();
  options.request_timeout_ms = kSanitized ? 1'000 : 500;
  const Store impatient = open_store(options);
  options.request_timeout_ms = 5'000;
  const Store store = open_store(options);
  for (int i = 0; i < 3; ++i) {
    const capsule_promise_wish made = wish_for(capsule_text_from("a"));
    REFUSED(CAPSULE_E_UNAVAILABLE, capsule_promise_create(impatient.get(), &made, nullptr, error));
  }
  server->accept();
  // Its socket has the number that those had.
  for (int i = 0; i < 5; ++i) {
    CHECK_EQ(create(store, "b" + std::to_string(i)), "pending ");
    CHECK_EQ(create(impatient, "a" + std::to_string(i)), "pending ");
  }
}
