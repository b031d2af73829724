#include "promise/http_exchange.hpp"

#include <sys/socket.h>

#include <utility>

namespace capsule {
namespace {

constexpr std::size_t kMaxReceived = 64U << 20U;
constexpr long kConnectTimeoutMs = 5'000;

}  // namespace

bool http_ready() {
  static const bool done = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return done;
}

HttpExchange::HttpExchange() {
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");  // what the environment says of proxies is the host's business
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT,
                   1L);  // else it waits for the thread that looks up a name, for as long as that takes
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, on_open);
}

HttpExchange::~HttpExchange() { curl_easy_cleanup(easy_); }

void HttpExchange::add_header(const std::string &line) {
  if (curl_slist *const longer = curl_slist_append(headers_.get(), line.c_str())) {
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_.get());
}

void HttpExchange::prepare_call() {
  add_header("Content-Type: application/json");
  add_header("Accept:");
  add_header("Expect:");  // libcurl would ask first whether it may send a large body, and wait
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, on_answer);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
}

void HttpExchange::set_call(std::string body, std::int64_t timeout_ms, bool fresh) {
  body_ = std::move(body);
  received_.clear();
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, body_.data());
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
}

Result<HttpAnswer> HttpExchange::answer(CURLcode code) {
  if (Status failed = outcome(code); !failed.ok()) {
    return failed;
  }
  return HttpAnswer{status(), std::exchange(received_, {})};
}

long HttpExchange::status() const {
  long code = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &code);
  return code;
}

Status HttpExchange::outcome(CURLcode code) const {
  if (code == CURLE_OK) {
    return {};
  }
  return {CAPSULE_E_UNAVAILABLE, error_[0] != '\0' ? error_ : curl_easy_strerror(code)};
}

std::size_t HttpExchange::on_answer(char *data, std::size_t one, std::size_t size, void *self) {
  std::string &received = static_cast<HttpExchange *>(self)->received_;
  if (received.size() + size > kMaxReceived) {
    return 0;
  }
  received.append(data, one * size);
  return size;
}

// Of its own accord libcurl lets programs that the host starts inherit its connections.
curl_socket_t HttpExchange::on_open(void * /*self*/, curlsocktype /*purpose*/, curl_sockaddr *address) {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace capsule
