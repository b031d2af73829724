// promise/http_head: which answers a line reads itself, and which are libcurl's.
#include "promise/http_head.hpp"

#include "test.hpp"

using namespace capsule;

CAPSULE_TEST(an_answer_with_a_length_is_read) {
  const auto head =
      read_http_head("HTTP/1.1 404 Not Found\r\nDate: x\r\ncontent-LENGTH:  12 \r\nKeep-Alive: timeout=5\r\n\r\n");
  CHECK(head.has_value());
  CHECK_EQ(head->status, 404);
  CHECK_EQ(head->length, 12U);
  CHECK(head->keeps);
  CHECK(read_http_head("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n")->keeps);
  CHECK(!read_http_head("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")->keeps);
  CHECK(!read_http_head("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive, close\r\n\r\n")->keeps);
}

CAPSULE_TEST(what_needs_more_is_not_guessed_at) {
  for (const char *head :
       {"", "\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 100 Continue\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n"}) {
    CHECK(!read_http_head(head).has_value());
  }
}
