// One handle of libcurl, as calls and streams of HTTP are made by: on the loop in http.cpp, on a caller's thread in http_lines.cpp.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.hpp"
#include "promise/http.hpp"

namespace capsule {

// libcurl keeps state for the process, which is made once and stays.
bool http_ready();

// Used by one thread at a time.
class HttpExchange {
 public:
  HttpExchange();
  HttpExchange(const HttpExchange &) = delete;
  HttpExchange &operator=(const HttpExchange &) = delete;
  ~HttpExchange();

  void add_header(const std::string &line);
  // A call: what it needs once, what it needs each time, and what came of it.
  void prepare_call();
  void set_call(std::string body, std::int64_t timeout_ms, bool fresh);
  Result<HttpAnswer> answer(CURLcode code);

  [[nodiscard]] CURL *easy() const { return easy_; }
  [[nodiscard]] long status() const;
  [[nodiscard]] Status outcome(CURLcode code) const;

 private:
  struct FreeList {
    void operator()(curl_slist *list) const { curl_slist_free_all(list); }
  };
  static std::size_t on_answer(char *data, std::size_t one, std::size_t size, void *self);
  static curl_socket_t on_open(void *self, curlsocktype purpose, curl_sockaddr *address);

  CURL *const easy_ = curl_easy_init();
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::string body_;
  std::string received_;
  char error_[CURL_ERROR_SIZE] = "";
};

}  // namespace capsule
