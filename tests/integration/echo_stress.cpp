// Many threads on many sessions at once, everything in any order: for the thread sanitizer, and for I5 under storm.
#include <atomic>
#include <random>
#include <thread>

#include "test.hpp"

using namespace capsule_test;

namespace {

constexpr int kThreads = 8;
constexpr int kRounds = 12;

struct SharedRuntime {
  SharedRuntime() { ACCEPTED(capsule_runtime_create(nullptr, &runtime, error)); }
  ~SharedRuntime() { capsule_runtime_release(runtime); }
  SharedRuntime(const SharedRuntime &) = delete;
  SharedRuntime &operator=(const SharedRuntime &) = delete;
  capsule_runtime *runtime = nullptr;
};

capsule_session *open_echo(capsule_runtime *runtime, std::uint32_t wait_ready) {
  capsule_session_options options;
  capsule_session_options_init(&options, sizeof options);
  options.executor = CAPSULE_EXECUTOR_ECHO;
  options.wait_ready = wait_ready;
  options.cancel_grace_ms = 5'000;
  capsule_session *session = nullptr;
  ACCEPTED(capsule_session_open(runtime, &options, &session, error));
  return session;
}

capsule_execution *submit(capsule_session *session, std::string_view source) {
  capsule_execution *execution = nullptr;
  ACCEPTED(capsule_execution_create(session, source.data(), source.size(), nullptr, &execution, error));
  return execution;
}

const char *const kSources[] = {"out one\nerr two\nvalue 3", "flood 300",        "sleep 1\nout slept", "spin",
                                "raise ValueError bad",      "fd raw\nout text", "input who?",         "nonsense"};

// Drains to the end, answering and cancelling on the way; returns the number of terminal events.
int drain(capsule_execution *execution, std::mt19937 &random) {
  int terminal = 0;
  std::uint64_t sequence = 0;
  capsule_event event{};
  event.struct_size = sizeof event;
  for (;;) {
    const capsule_status status = capsule_execution_next(execution, 20, &event, nullptr);
    if (status == CAPSULE_E_END) {
      return terminal;
    }
    if (status == CAPSULE_E_TIMEOUT) {
      ACCEPTED(capsule_execution_cancel(execution, random() % 4 == 0 ? 0 : -1, error));
      continue;
    }
    CHECK_EQ(status, CAPSULE_OK);
    CHECK_EQ(event.sequence, ++sequence);  // in order, without gaps
    if (event.kind == CAPSULE_EVENT_INPUT) {
      capsule_execution_answer(execution, event.input_id, "me", 2, nullptr);
    }
    terminal += event.kind == CAPSULE_EVENT_RESULT || event.kind == CAPSULE_EVENT_ERROR ? 1 : 0;
  }
}

void one_round(capsule_runtime *runtime, std::mt19937 &random) {
  capsule_session *session = open_echo(runtime, random() % 2);
  std::vector<capsule_execution *> executions;
  for (std::size_t i = 0; i < 1 + random() % 5; ++i) {
    executions.push_back(submit(session, kSources[random() % std::size(kSources)]));
  }
  if (random() % 3 == 0) {
    ACCEPTED(capsule_execution_cancel(executions.back(), -1, error));
  }
  const bool release_first = random() % 4 == 0;
  const bool close_early = random() % 4 == 0;
  if (close_early) {
    ACCEPTED(capsule_session_close(session, random() % 2 == 0 ? 0 : 50, error));
  }
  if (release_first) {
    capsule_session_release(session);
  }
  for (capsule_execution *execution : executions) {
    if (random() % 5 != 0) {  // some are never drained
      CHECK_EQ(drain(execution, random), 1);
    }
    capsule_execution_release(execution);
  }
  capsule_session_info info{};
  info.struct_size = sizeof info;
  if (!release_first) {
    ACCEPTED(capsule_session_get_info(session, &info, error));
    capsule_session_release(session);
  }
}

// Runs the body on threads of its own; the first failure of any is the test's.
template <typename Body>
void on_threads(Body body) {
  std::vector<std::string> failures(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      try {
        body(i);
      } catch (const std::exception &failure) {
        failures[static_cast<std::size_t>(i)] = failure.what();
      }
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
  for (const std::string &failure : failures) {
    CHECK_EQ(failure, std::string());
  }
}

}  // namespace

CAPSULE_TEST(every_execution_ends_exactly_once_under_storm) {  // I5
  const SharedRuntime shared;
  on_threads([&](int i) {
    std::mt19937 random(static_cast<unsigned>(i) + 1);
    for (int round = 0; round < kRounds; ++round) {
      one_round(shared.runtime, random);
    }
  });
  capsule_runtime_info info{};
  info.struct_size = sizeof info;
  ACCEPTED(capsule_runtime_get_info(shared.runtime, &info, error));
  CHECK_EQ(info.sessions_opened, kThreads * kRounds);
}

CAPSULE_TEST(threads_share_one_session_and_one_queue) {
  const SharedRuntime shared;
  capsule_session *session = open_echo(shared.runtime, 1);
  std::atomic<std::uint64_t> taken{0};
  std::atomic<int> terminal{0};
  capsule_execution *execution = submit(session, "flood 20000");
  on_threads([&](int) {
    capsule_event event{};
    event.struct_size = sizeof event;
    while (capsule_execution_next(execution, 20'000, &event, nullptr) == CAPSULE_OK) {
      taken += event.data.size;
      terminal += event.kind == CAPSULE_EVENT_RESULT ? 1 : 0;
    }
  });
  CHECK_EQ(terminal.load(), 1);
  CHECK_EQ(taken.load(), 2'000'000);
  capsule_execution_release(execution);
  capsule_session_release(session);
}

CAPSULE_TEST(a_runtime_closes_while_threads_use_it) {
  for (int round = 0; round < 5; ++round) {
    const SharedRuntime shared;
    std::atomic<int> ready{0};
    on_threads([&](int i) {
      capsule_session *session = open_echo(shared.runtime, 1);
      capsule_execution *execution = submit(session, "spin");
      if (++ready == kThreads) {
        ACCEPTED(capsule_runtime_close(shared.runtime, i % 2 == 0 ? 0 : 20, error));
      }
      capsule_event event{};
      event.struct_size = sizeof event;
      int kind = 0;
      while (capsule_execution_next(execution, 30'000, &event, nullptr) == CAPSULE_OK) {
        kind = event.kind;
      }
      CHECK_EQ(kind, CAPSULE_EVENT_ERROR);
      capsule_execution_release(execution);
      capsule_session_release(session);
    });
  }
}

CAPSULE_TEST(notify_and_descriptor_tell_of_every_event) {
  const SharedRuntime shared;
  capsule_session *session = open_echo(shared.runtime, 1);
  on_threads([&](int) {
    struct Waker {
      std::atomic<int> calls{0};
    } waker;
    capsule_execution *execution = submit(session, "out a\nsleep 2\nout b\nvalue c");
    ACCEPTED(capsule_execution_set_notify(
        execution,
        [](void *user_data) {
          auto *self = static_cast<Waker *>(user_data);
          ++self->calls;
          self->calls.notify_all();
        },
        &waker, error));
    capsule_event event{};
    event.struct_size = sizeof event;
    int seen = 0;
    for (;;) {
      const int before = waker.calls.load();
      const capsule_status status = capsule_execution_next(execution, 0, &event, nullptr);
      if (status == CAPSULE_E_END) {
        break;
      }
      if (status == CAPSULE_E_TIMEOUT) {
        waker.calls.wait(before);
        continue;
      }
      ++seen;
    }
    CHECK_AT_LEAST(seen, 3);
    ACCEPTED(capsule_execution_set_notify(execution, nullptr, nullptr, error));
    capsule_execution_release(execution);
  });
  capsule_session_release(session);
}
