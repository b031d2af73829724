// `capsule serve` with Python: what is no text arrives exactly, both ways.
#include "serve.hpp"
#include "session.hpp"

using namespace capsule_test;

CAPSULE_TEST(what_takes_its_turn_does_so_in_order) {
  Serve serve;
  serve.send(1, "session_open", {{"session", "s"}, {"options", {{"python", python_under_test()}}}});
  for (int i = 0; i < 5; ++i) {
    const nlohmann::json value{{"kind", "json"}, {"data", std::to_string(i)}};
    serve.send(10 * i + 10, "session_set", {{"session", "s"}, {"name", "x"}, {"value", value}});
    serve.send(10 * i + 11, "execution_create", {{"session", "s"}, {"source", "x *= 2"}});
    serve.send(10 * i + 12, "session_get", {{"session", "s"}, {"name", "x"}, {"kind", "json"}});
  }
  for (int i = 0; i < 5; ++i) {
    CHECK_EQ(at(serve.answer_to(10 * i + 12), "/result/value/data"), std::to_string(2 * i));
  }
}

CAPSULE_TEST(bytes_arrive_exactly) {
  Serve serve;
  serve.call("session_open", {{"session", "s"}, {"options", {{"python", python_under_test()}}}});
  const nlohmann::json bytes{{"base64", "AAH+/2E="}};
  serve.call("session_set", {{"session", "s"}, {"name", "x"}, {"value", {{"kind", "bytes"}, {"data", bytes}}}});
  serve.call("execution_create", {{"session", "s"}, {"source", "import os; os.write(1, x); x == b'\\0\\1\\xfe\\xffa'"}});
  const auto output = serve.event("output");
  CHECK_EQ(at(output, "/event/raw"), bytes.dump());
  CHECK_EQ(at(output, "/event/invalid_bytes"), "2");
  CHECK_EQ(at(serve.event("result"), "/event/json"), "true");
  CHECK_EQ(at(serve.call("session_get", {{"session", "s"}, {"name", "x"}, {"kind", "bytes"}}), "/value/data"), bytes.dump());
}
