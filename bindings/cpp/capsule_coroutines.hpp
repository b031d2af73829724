/**
 * @file capsule_coroutines.hpp
 * @brief Coroutines over the C++ wrapper, C++20: `co_await` the next event of an execution, or its end, on the caller's event loop.
 *
 *     Task talk(capsule::Session &session, Loop &loop) {
 *       capsule::Execution execution = session.execute("print('hello')\n6 * 7");
 *       while (std::optional<capsule::Event> event = co_await capsule::next(execution, loop)) std::cout << event->data();
 *     }
 *
 * No thread waits. The loop, and the type of the coroutines, are the caller's. A loop is anything that has
 * `when_readable(int fd, F call)`: it calls `call()` once, later, on the thread that runs the coroutine, when the descriptor is
 * readable. A coroutine that waits must not be destroyed, nor its execution: cancel the execution, and its end comes.
 */
#ifndef CAPSULE_CAPSULE_COROUTINES_HPP
#define CAPSULE_CAPSULE_COROUTINES_HPP

#include <capsule/capsule.hpp>
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace capsule {
inline namespace cpp0 {
namespace detail {

// Takes events, as they come, until the collector has what it wants. What is thrown meanwhile is thrown to who awaits.
template <typename Loop, typename Collector>
class Awaiting {
 public:
  Awaiting(Execution &execution, Loop &loop) : execution_(execution), loop_(loop) {}
  bool await_ready() noexcept { return progress(); }
  void await_suspend(std::coroutine_handle<> waiter) { watch(waiter); }
  auto await_resume() {
    if (failure_) std::rethrow_exception(failure_);
    return collector_.value();
  }

 private:
  bool progress() noexcept try {
    for (Event event;;) {
      const Taken taken = execution_.take(event);
      if (taken == Taken::kEmpty) return false;
      if (taken == Taken::kEnd || collector_.add(execution_, event)) return true;
    }
  } catch (...) {
    failure_ = std::current_exception();
    return true;
  }
  void watch(std::coroutine_handle<> waiter) {
    loop_.when_readable(execution_.fd(), [this, waiter] { go_on(waiter); });
  }
  void go_on(std::coroutine_handle<> waiter) {
    try {
      if (!progress()) return watch(waiter);
    } catch (...) {
      failure_ = std::current_exception();
    }
    waiter.resume();
  }

  Execution &execution_;
  Loop &loop_;
  Collector collector_;
  std::exception_ptr failure_;
};

struct OneEvent {
  std::optional<Event> event;
  bool add(Execution &, Event &found) {
    event = std::move(found);
    return true;
  }
  std::optional<Event> value() { return std::move(event); }
};

struct ToTheEnd {
  RunResult result;
  bool ended = false;
  bool add(Execution &execution, Event &found) {
    // A request that a timeout ended meanwhile needs no answer.
    if (found.kind() == CAPSULE_EVENT_INPUT) capsule_execution_decline(execution.capi(), found->input_id, nullptr);
    return ended = result.add(found);
  }
  RunResult value() {
    if (!ended) throw Error(CAPSULE_E_END, capsule_status_text(CAPSULE_E_END));
    return std::move(result);
  }
};

}  // namespace detail

/** @brief `co_await` gives the next event; nullopt when there is none any more. */
template <typename Loop>
auto next(Execution &execution, Loop &loop) {
  return detail::Awaiting<Loop, detail::OneEvent>(execution, loop);
}

/** @brief `co_await` gives all that the execution did, from the first event that was not taken. Input requests are declined. */
template <typename Loop>
auto finish(Execution &execution, Loop &loop) {
  return detail::Awaiting<Loop, detail::ToTheEnd>(execution, loop);
}

}  // namespace cpp0
}  // namespace capsule

#endif
