// The requests that are under way: what each waits for, and on which thread it runs.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cli/serve/call.hpp"
#include "cli/serve/handles.hpp"
#include "cli/serve/messages.hpp"
#include "cli/serve/streams.hpp"

namespace capsule::cli::serve {

class Requests {
 public:
  Requests(void *runtime, Handles &handles, Streams &streams, Messages &messages);
  Requests(const Requests &) = delete;
  Requests &operator=(const Requests &) = delete;
  // Waits for what waits: everything that it waits for has to be closed.
  ~Requests();

  // Carries out what a line asks for, at once or, where that would wait, beside what comes later. Every request is answered, by a result or
  // an error.
  void begin(std::string_view line);
  // Readable when requests that waited have ended; `finish_ended` answers them.
  [[nodiscard]] int fd() const { return ended_fd_; }
  void finish_ended();
  // Makes it readable, from any thread.
  void wake() const;
  // Whether none is under way.
  [[nodiscard]] bool idle() const { return open_.empty(); }

 private:
  struct Request {
    Incoming asked;
    const Function *function;
    Names names{};       // of the handles that it makes
    std::string turn{};  // those that have the same take turns; empty for none
    bool has_turn = false;
    std::unique_ptr<Call> call{};
    std::thread thread{};
  };
  using Shared = std::shared_ptr<Request>;

  void begin(Incoming asked);
  void attempt(const Shared &request);
  void run_beside(const Shared &request);
  void finish(const Shared &request);
  void fail(const Shared &request, int code, const std::string &message, const Json &data);
  void go_on_behind(const Shared &request);
  void report(const Shared &ended);

  void *runtime_;
  Handles &handles_;
  Streams &streams_;
  Messages &messages_;
  std::set<Shared> open_;
  std::map<std::string, std::vector<Shared>> behind_handle_;  // by the name of one that is still made
  std::map<std::string, std::deque<Shared>> behind_turn_;     // there is an entry while one has the turn
  std::mutex mutex_;
  std::vector<Shared> ended_;
  int ended_fd_;
};

}  // namespace capsule::cli::serve
