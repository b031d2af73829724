// Two sessions on one thread: coroutines that wait for their executions by an event loop of forty lines.
#include <poll.h>

#include <capsule/capsule_coroutines.hpp>
#include <functional>
#include <iostream>
#include <vector>

namespace {

class Loop {
 public:
  void when_readable(int fd, std::function<void()> call) { waiting_.push_back({fd, std::move(call)}); }
  void run() {
    while (!waiting_.empty()) {
      std::vector<pollfd> fds;
      for (const Waiting &one : waiting_) fds.push_back({one.fd, POLLIN, 0});
      ::poll(fds.data(), fds.size(), -1);
      std::vector<Waiting> before = std::exchange(waiting_, {});
      for (std::size_t i = 0; i < fds.size(); ++i) {
        if (fds[i].revents != 0) {
          before[i].call();
        } else {
          waiting_.push_back(std::move(before[i]));
        }
      }
    }
  }

 private:
  struct Waiting {
    int fd;
    std::function<void()> call;
  };
  std::vector<Waiting> waiting_;
};

// A coroutine that starts at once and that nobody awaits.
struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

Task talk(capsule::Session &session, Loop &loop, std::string source, int &sum) {
  capsule::Execution first = session.execute(source);
  while (std::optional<capsule::Event> event = co_await capsule::next(first, loop)) {
    if (event->kind() == CAPSULE_EVENT_OUTPUT) std::cout << "first: " << event->data();
  }
  capsule::Execution second = session.execute("number");
  const capsule::RunResult result = co_await capsule::finish(second, loop);
  sum += std::stoi(result.repr.value_or("0"));
}

}  // namespace

int main() {
  capsule::Runtime runtime;
  capsule::Session slow = runtime.open();
  capsule::Session quick = runtime.open();
  Loop loop;
  int sum = 0;
  talk(slow, loop, "import time; time.sleep(0.3); number = 1; print('slow')", sum);
  talk(quick, loop, "number = 2; print('quick')", sum);
  loop.run();
  std::cout << "both: " << sum << '\n';
  return sum == 3 ? 0 : 1;
}
