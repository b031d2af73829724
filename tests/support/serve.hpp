// `capsule serve`, driven as any program would: lines of JSON both ways.
#pragma once

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "child.hpp"
#include "test.hpp"

namespace capsule_test {

inline std::string serve_program() {
  const std::string program = std::string(CAPSULE_TEST_BINARY_DIR) + "/bin/capsule";
  if (::access(program.c_str(), X_OK) != 0) {
    skip_test("the command is not built");
  }
  return program;
}

// A text, or another value as it is written.
inline std::string at(const nlohmann::json &value, const std::string &pointer) {
  const auto &found = value.at(nlohmann::json::json_pointer(pointer));
  return found.is_string() ? found.get<std::string>() : found.dump();
}

class Serve {
 public:
  using json = nlohmann::json;

  explicit Serve(const std::vector<std::string> &options = {}) : child_(argv(options)) {}

  void write(const std::string &line) { child_.write_line(line); }
  void send(int id, const std::string &method, const json &params) {
    write(json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}.dump());
  }
  // The next line, whatever it is.
  json read() { return json::parse(child_.read_line()); }
  // The answer to the request of that id; what else comes meanwhile is kept.
  json answer_to(const json &id) {
    return take([&id](const json &line) { return line.contains("id") && line.at("id") == id; });
  }
  json call(const std::string &method, const json &params) {
    send(++last_id_, method, params);
    const json answer = answer_to(last_id_);
    if (!answer.contains("result")) {
      FAIL(method + " is refused: " + answer.dump());
    }
    return answer.at("result");
  }
  // What comes by itself, in order: its `params`.
  json next(const std::string &method) {
    return take([&method](const json &line) { return line.value("method", "") == method; }).at("params");
  }
  // The next event of that kind, of that execution or of any.
  json event(const std::string &kind, const std::string &execution = "") {
    return take([&](const json &line) {
             return line.value("method", "") == "execution_next" && at(line, "/params/event/kind") == kind &&
                    (execution.empty() || at(line, "/params/execution") == execution);
           })
        .at("params");
  }
  Watched worker_of(const std::string &session) {
    return Watched(call("session_get_info", {{"session", session}}).at("info").at("pid").get<pid_t>());
  }
  void open_echo(const std::string &session) {
    call("session_open", {{"session", session}, {"options", {{"executor", "echo"}}}});
  }
  void execute(const std::string &session, const std::string &source, const std::string &execution) {
    call("execution_create", {{"session", session}, {"source", source}, {"execution", execution}});
  }
  Child &child() { return child_; }

 private:
  // The first line, of those that are kept and those that come, that is wanted.
  template <typename Wanted>
  json take(Wanted wanted) {
    for (auto line = kept_.begin(); line != kept_.end(); ++line) {
      if (wanted(*line)) {
        json found = std::move(*line);
        kept_.erase(line);
        return found;
      }
    }
    for (;;) {
      json line = read();
      if (wanted(line)) {
        return line;
      }
      kept_.push_back(std::move(line));
    }
  }
  static std::vector<std::string> argv(const std::vector<std::string> &options) {
    std::vector<std::string> all{serve_program(), "serve"};
    all.insert(all.end(), options.begin(), options.end());
    return all;
  }

  Child child_;
  int last_id_ = 1'000;
  std::vector<json> kept_;
};

}  // namespace capsule_test
