// Promises: in memory, and of a server over HTTP.
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "child.hpp"
#include "client.hpp"
#include "floors.hpp"

namespace bench {
namespace {

constexpr int kPromises = 100'000;
constexpr int kRounds = 5;
constexpr int kBlocks = 15;
constexpr int kPairs = 100;

class Store {
 public:
  explicit Store(const Runtime &runtime, const std::string &url = {}) {
    capsule_promise_store_options options;
    capsule_promise_store_options_init(&options, sizeof options);
    options.url = {url.data(), url.size()};
    capsule_error error = empty_error();
    check(capsule_promise_store_open(runtime.get(), &options, &handle_, &error), error, "capsule_promise_store_open");
  }
  Store(const Store &) = delete;
  Store &operator=(const Store &) = delete;
  ~Store() { capsule_promise_store_release(handle_); }

  void create(const std::string &id) const {
    capsule_promise_wish wish;
    capsule_promise_wish_init(&wish, sizeof wish);
    wish.id = {id.data(), id.size()};
    capsule_error error = empty_error();
    check(capsule_promise_create(handle_, &wish, nullptr, &error), error, "capsule_promise_create");
  }
  void settle(const std::string &id) const {
    capsule_error error = empty_error();
    check(capsule_promise_settle(handle_, {id.data(), id.size()}, CAPSULE_PROMISE_RESOLVED, capsule_text_from("42"), nullptr,
                                 &error),
          error, "capsule_promise_settle");
  }

 private:
  capsule_promise_store *handle_ = nullptr;
};

std::vector<std::string> make_ids(const std::string &prefix, int count) {
  std::vector<std::string> ids;
  for (int i = 0; i < count; ++i) {
    ids.push_back(prefix + std::to_string(i));
  }
  return ids;
}

// The least that keeps a promise: a map under a lock.
double map_us(const std::vector<std::string> &ids) {
  std::mutex mutex;
  std::unordered_map<std::string, std::string> values;
  const std::uint64_t start = now_ns();
  for (const std::string &id : ids) {
    const std::lock_guard lock(mutex);
    values.emplace(id, "");
  }
  for (const std::string &id : ids) {
    const std::lock_guard lock(mutex);
    values.find(id)->second = "42";
  }
  return us_between(start, now_ns()) / static_cast<double>(ids.size());
}

double store_us(const Runtime &runtime, const std::vector<std::string> &ids) {
  const Store store(runtime);
  const std::uint64_t start = now_ns();
  for (const std::string &id : ids) {
    store.create(id);
  }
  for (const std::string &id : ids) {
    store.settle(id);
  }
  return us_between(start, now_ns()) / static_cast<double>(ids.size());
}

std::string body_of(const std::string &kind, const std::string &data) {
  return "{\"kind\":\"" + kind + "\",\"head\":{\"corrId\":\"c\",\"version\":\"2026-04-01\"},\"data\":" + data + "}";
}

// A client that does nothing but what the protocol needs: one connection, no threads, no JSON read.
class BareClient {
 public:
  explicit BareClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(socket_.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0) {
      fail_call("connect");
    }
    const int one = 1;
    setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }

  void call(const std::string &kind, const std::string &data) {
    const std::string body = body_of(kind, data);
    const std::string request = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
                                std::to_string(body.size()) + "\r\n\r\n" + body;
    if (write(socket_.get(), request.data(), request.size()) != static_cast<ssize_t>(request.size())) {
      fail_call("write");
    }
    std::string answer;
    std::size_t whole = std::string::npos;
    while (answer.size() < whole) {
      char piece[4096];
      const ssize_t size = read(socket_.get(), piece, sizeof piece);
      if (size <= 0) {
        fail_call("read");
      }
      answer.append(piece, static_cast<std::size_t>(size));
      const std::size_t end = answer.find("\r\n\r\n");
      if (whole == std::string::npos && end != std::string::npos) {
        whole = end + 4 + length_in(answer);
      }
    }
    if (!answer.starts_with("HTTP/1.1 200")) {
      fail("the server answered %s", answer.substr(0, 80).c_str());
    }
  }

 private:
  static std::size_t length_in(const std::string &answer) {
    for (const char *name : {"Content-Length: ", "content-length: "}) {
      const std::size_t at = answer.find(name);
      std::size_t length = 0;
      if (at != std::string::npos) {
        const char *const begin = answer.data() + at + std::string_view(name).size();
        std::from_chars(begin, answer.data() + answer.size(), length);
        return length;
      }
    }
    fail("the server's answer has no length");
  }

  Fd socket_;
};

// libcurl as a program uses it that has nothing else to do: one handle, prepared once, its connection kept.
class EasyClient {
 public:
  explicit EasyClient(const std::string &url)
      : easy_(curl_easy_init()), headers_(curl_slist_append(nullptr, "Content-Type: application/json")) {
    curl_easy_setopt(easy_.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy_.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
    curl_easy_setopt(easy_.get(), CURLOPT_WRITEDATA, &answer_);
    curl_easy_setopt(
        easy_.get(), CURLOPT_WRITEFUNCTION, +[](char *data, std::size_t, std::size_t size, void *answer) {
          static_cast<std::string *>(answer)->append(data, size);
          return size;
        });
  }

  void call(const std::string &kind, const std::string &data) {
    const std::string body = body_of(kind, data);
    answer_.clear();
    curl_easy_setopt(easy_.get(), CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(easy_.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    const CURLcode code = curl_easy_perform(easy_.get());
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status != 200) {
      fail("libcurl: %s, status %ld", curl_easy_strerror(code), status);
    }
  }

 private:
  struct Free {
    void operator()(CURL *easy) const { curl_easy_cleanup(easy); }
    void operator()(curl_slist *list) const { curl_slist_free_all(list); }
  };
  std::unique_ptr<CURL, Free> easy_;
  std::unique_ptr<curl_slist, Free> headers_;
  std::string answer_;
};

template <typename Client>
double client_us(Client &client, const std::vector<std::string> &ids) {
  std::vector<double> samples;
  for (const std::string &id : ids) {
    const std::uint64_t start = now_ns();
    client.call("promise.create",
                "{\"id\":\"" + id + "\",\"timeoutAt\":4000000000000,\"param\":{},\"tags\":{\"resonate:scope\":\"global\"}}");
    client.call("promise.settle", "{\"id\":\"" + id + "\",\"state\":\"resolved\",\"value\":{\"data\":\"NDI=\"}}");
    samples.push_back(us_between(start, now_ns()));
  }
  return median(samples);
}

double durable_us(const Store &store, const std::vector<std::string> &ids) {
  std::vector<double> samples;
  for (const std::string &id : ids) {
    const std::uint64_t start = now_ns();
    store.create(id);
    store.settle(id);
    samples.push_back(us_between(start, now_ns()));
  }
  return median(samples);
}

}  // namespace

Rows promise_store(const Context & /*context*/) {
  const Runtime runtime;
  const std::vector<std::string> ids = make_ids("promise-", kPromises);
  std::vector<double> ours;
  std::vector<double> floors;
  for (int i = 0; i < kRounds; ++i) {
    floors.push_back(map_us(ids));
    ours.push_back(store_us(runtime, ids));
  }
  return {{
      .name = "promise_store",
      .value = median(ours),
      .unit = "us",
      .floor = median(floors),
      .peer = "a std::unordered_map under a mutex that is filled and then changed, entry by entry",
      .how =
          format("median of %d rounds: %d promises created and then settled in memory by one thread, each one by a call of the "
                 "C interface, %.0f promises a second",
                 kRounds, kPromises, 1e6 / median(ours)),
  }};
}

Rows promise_durable(const Context & /*context*/) {
  Child server({CAPSULE_BENCH_NODE, std::string(CAPSULE_BENCH_RESONATE) + "/front.mjs"});
  const std::string line = server.read_line();
  const std::string port = line.substr(8, line.find('}') - 8);
  const Runtime runtime;
  const Store store(runtime, "http://127.0.0.1:" + port);
  BareClient bare(std::stoi(port));
  EasyClient easy("http://127.0.0.1:" + port);
  client_us(bare, make_ids("warm-bare-", kPairs));
  client_us(easy, make_ids("warm-easy-", kPairs));
  durable_us(store, make_ids("warm-", kPairs));
  std::vector<double> ours;
  std::vector<double> floors;
  std::vector<double> easies;
  for (int i = 0; i < kBlocks; ++i) {
    easies.push_back(client_us(easy, make_ids("easy-" + std::to_string(i) + "-", kPairs)));
    floors.push_back(client_us(bare, make_ids("bare-" + std::to_string(i) + "-", kPairs)));
    ours.push_back(durable_us(store, make_ids("ours-" + std::to_string(i) + "-", kPairs)));
  }
  return {{
      .name = "promise_durable",
      .value = median(ours),
      .unit = "us",
      .floor = median(floors),
      .peer = "the same two calls over one bare keep-alive connection to the same server, no answer read but its length",
      .how = format(
          "median of the p50 of %d blocks of %d promises created and settled one after the other, by turns, on the "
          "vendor's in-memory server logic behind Node's HTTP server; with curl_easy_perform() on one kept handle, and no "
          "answer read, they take %.1f us, %.2f times the floor",
          kBlocks, kPairs, median(easies), median(easies) / median(floors)),
  }};
}

}  // namespace bench
