// The three ways to wait: a blocking call, a descriptor, a callback.
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

#include <atomic>
#include <memory>

#include "process.hpp"
#include "run.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

int fd_of(const Run &run) {
  std::int32_t fd = -1;
  ACCEPTED(capsule_execution_get_fd(run.get(), &fd, error));
  CHECK(fd >= 0);
  return fd;
}

bool readable(int fd) {
  pollfd one{fd, POLLIN, 0};
  return poll(&one, 1, 0) == 1 && (one.revents & POLLIN) != 0;
}

// Takes what is there, as the header says: until the queue is empty or ended.
capsule_status drain(const Run &run, std::string &out) {
  for (;;) {
    EventStruct event;
    const capsule_status status = capsule_execution_next(run.get(), 0, event.get(), nullptr);
    if (status != CAPSULE_OK) {
      return status;
    }
    out += copy_of(*event.get()).data;
  }
}

void count(void *user_data) { static_cast<Counter *>(user_data)->add(); }

}  // namespace

CAPSULE_TEST(a_descriptor_tells_of_each_event) {
  const Session session = open_session();
  Run run(session, "import time\nfor i in range(5):\n    print(i, flush=True)\n    time.sleep(0.02)");
  const int fd = fd_of(run);
  std::string out;
  int rounds = 0;
  do {
    CHECK(wait_readable(fd, Deadline()));
    ++rounds;
  } while (drain(run, out) == CAPSULE_E_TIMEOUT);
  CHECK_EQ(out, "0\n1\n2\n3\n4\n");
  CHECK_AT_LEAST(rounds, 2);
  REFUSED(CAPSULE_E_END, capsule_execution_next(run.get(), 0, EventStruct().get(), error));
}

CAPSULE_TEST(a_descriptor_is_level_triggered_and_quiet_when_the_queue_is_empty) {
  const Session session = open_session();
  Run run(session, "x = input()\nprint(x)");
  const int fd = fd_of(run);
  run.until(CAPSULE_EVENT_INPUT);
  CHECK(!readable(fd));
  run.answer("a");
  CHECK(wait_readable(fd, Deadline()));
  CHECK(readable(fd));
  run.next();
  run.end();
}

CAPSULE_TEST(a_descriptor_stays_readable_after_the_end) {
  const Session session = open_session();
  Run run(session, "1");
  const int fd = fd_of(run);
  run.end();
  CHECK(readable(fd));
  CHECK(readable(fd));
}

CAPSULE_TEST(a_descriptor_made_late_is_readable_at_once) {
  const Session session = open_session();
  Run waiting(session, "1");
  value_of(session, "2");
  CHECK(readable(fd_of(waiting)));
  waiting.end();
  Run ended(session, "1");
  ended.end();
  CHECK(readable(fd_of(ended)));
}

CAPSULE_TEST(a_descriptor_is_one_and_closes_with_its_execution) {
  const Session session = open_session();
  const std::size_t before = descriptors().size();
  {
    Run run(session, "1");
    const int fd = fd_of(run);
    CHECK_EQ(fd_of(run), fd);
    CHECK_EQ(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    run.end();
    CHECK(fcntl(fd, F_GETFD) != -1);  // as long as the execution; others may close meanwhile
  }
  check_descriptors_at_most(before);
}

CAPSULE_TEST(one_loop_serves_many_executions) {
  std::vector<Session> sessions;
  std::vector<Run> runs;
  const UniqueFd loop(epoll_create1(EPOLL_CLOEXEC));
  for (std::uint32_t i = 0; i < 5; ++i) {
    sessions.push_back(open_session());
    runs.emplace_back(sessions.back(),
                      "import time\nfor i in range(10):\n    print(" + show(i) + ", flush=True)\n    time.sleep(0.005)");
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.u32 = i;
    CHECK_EQ(epoll_ctl(loop.get(), EPOLL_CTL_ADD, fd_of(runs.back()), &interest), 0);
  }
  std::vector<std::string> out(runs.size());
  std::size_t ended = 0;
  const Deadline deadline;
  while (ended < runs.size()) {
    epoll_event ready{};
    CHECK_EQ(epoll_wait(loop.get(), &ready, 1, deadline.poll_ms()), 1);
    const std::uint32_t i = ready.data.u32;
    if (drain(runs[i], out[i]) == CAPSULE_E_END) {
      ++ended;
      CHECK_EQ(epoll_ctl(loop.get(), EPOLL_CTL_DEL, fd_of(runs[i]), nullptr), 0);
    }
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    CHECK_EQ(out[i].size(), 20);
  }
}

CAPSULE_TEST(a_callback_tells_once_for_each_time_the_queue_fills) {
  const Session session = open_session();
  Run run(session, "input('1')\ninput('2')\n3");
  Counter told;
  ACCEPTED(capsule_execution_set_notify(run.get(), count, &told, error));
  told.wait_for(1, "a notification");
  run.until(CAPSULE_EVENT_INPUT);
  const int before = told.value();
  EventStruct event;
  REFUSED(CAPSULE_E_TIMEOUT, capsule_execution_next(run.get(), 0, event.get(), error));
  CHECK_EQ(told.value(), before);
  run.answer("x");
  told.wait_for(before + 1, "a notification");
  run.until(CAPSULE_EVENT_INPUT);
  run.answer("y");
  CHECK_EQ(run.end().repr, "3");
  ACCEPTED(capsule_execution_set_notify(run.get(), nullptr, nullptr, error));
}

CAPSULE_TEST(a_callback_set_while_events_wait_is_called_at_once_on_this_thread) {
  const Session session = open_session();
  Run run(session, "1");
  value_of(session, "2");
  struct Seen {
    std::thread::id thread;
    int calls = 0;
  } seen;
  const auto record = [](void *user_data) {
    auto *into = static_cast<Seen *>(user_data);
    into->thread = std::this_thread::get_id();
    ++into->calls;
  };
  ACCEPTED(capsule_execution_set_notify(run.get(), record, &seen, error));
  CHECK_EQ(seen.calls, 1);
  CHECK(seen.thread == std::this_thread::get_id());
  ACCEPTED(capsule_execution_set_notify(run.get(), nullptr, nullptr, error));
  run.end();
}

CAPSULE_TEST(calls_that_wait_answer_reentrant_in_a_callback) {
  const Session session = open_session();
  const Session other = open_session();
  Run run(session, "import time\ntime.sleep(0.05)\nprint('x')");
  struct Tried {
    capsule_execution *execution;
    capsule_session *session;
    SessionOptions options;
    std::vector<capsule_status> waiting;
    capsule_status look = -1;
    capsule_status info = -1;
    Counter done;
  } tried{run.get(), other.get(), {}, {}, -1, -1, {}};
  const auto attempt = [](void *user_data) {
    auto *t = static_cast<Tried *>(user_data);
    EventStruct event;
    capsule_session *opened = nullptr;
    capsule_session_info info{};
    info.struct_size = sizeof info;
    t->waiting = {capsule_execution_next(t->execution, -1, event.get(), nullptr),
                  capsule_execution_next(t->execution, 1, event.get(), nullptr),
                  capsule_session_wait_ready(t->session, -1, nullptr),
                  capsule_session_restart(t->session, nullptr),
                  capsule_session_close(t->session, 0, nullptr),
                  capsule_runtime_close(shared_runtime().get(), 0, nullptr),
                  capsule_session_open(shared_runtime().get(), t->options.get(), &opened, nullptr)};
    t->look = capsule_session_wait_ready(t->session, 0, nullptr);
    t->info = capsule_session_get_info(t->session, &info, nullptr);
    t->done.add();
  };
  run.until(CAPSULE_EVENT_STARTED);
  ACCEPTED(capsule_execution_set_notify(run.get(), attempt, &tried, error));
  tried.done.wait_for(1, "a notification");
  ACCEPTED(capsule_execution_set_notify(run.get(), nullptr, nullptr, error));
  CHECK_EQ(tried.waiting, std::vector<capsule_status>(7, CAPSULE_E_REENTRANT));
  CHECK_EQ(tried.look, CAPSULE_OK);
  CHECK_EQ(tried.info, CAPSULE_OK);
  CHECK_EQ(value_of(other, "1 + 1"), "2");
  run.end();
}

CAPSULE_TEST(a_callback_may_look_answer_and_release) {
  const Session session = open_session();
  struct Host {
    capsule_execution *execution;
    std::atomic<int> kinds{0};
    Counter ended;
  } host{submit(session, "import time\ntime.sleep(0.02)\nx = input('?')\nx").take(), {}, {}};
  const auto serve = [](void *user_data) {
    auto *h = static_cast<Host *>(user_data);
    EventStruct event;
    while (capsule_execution_next(h->execution, 0, event.get(), nullptr) == CAPSULE_OK) {
      h->kinds |= 1 << event->kind;
      if (event->kind == CAPSULE_EVENT_INPUT) {
        capsule_execution_answer(h->execution, event->input_id, "a", 1, nullptr);
      }
      if (event->kind == CAPSULE_EVENT_RESULT) {
        capsule_execution_release(h->execution);
        h->ended.add();
        return;
      }
    }
  };
  ACCEPTED(capsule_execution_set_notify(host.execution, serve, &host, error));
  host.ended.wait_for(1, "the end");
  CHECK_EQ(host.kinds.load(), 1 << CAPSULE_EVENT_STARTED | 1 << CAPSULE_EVENT_INPUT | 1 << CAPSULE_EVENT_RESULT);
  CHECK_EQ(value_of(session, "x"), "'a'");
}

CAPSULE_TEST(a_callback_that_was_replaced_is_not_called_again) {
  const Session session = open_session();
  for (int round = 0; round < 20; ++round) {
    Run run(session, "for i in range(50): print(i, flush=True)");
    auto counter = std::make_unique<Counter>();
    ACCEPTED(capsule_execution_set_notify(run.get(), count, counter.get(), error));
    run.next();
    ACCEPTED(capsule_execution_set_notify(run.get(), nullptr, nullptr, error));
    counter.reset();  // a call from here on would touch freed memory
    run.end();
  }
}

CAPSULE_TEST(a_callback_is_not_called_after_the_release) {
  const Session session = open_session();
  for (int round = 0; round < 20; ++round) {
    auto counter = std::make_unique<Counter>();
    {
      Run run(session, "for i in range(50): print(i, flush=True)");
      ACCEPTED(capsule_execution_set_notify(run.get(), count, counter.get(), error));
      run.next();
      ACCEPTED(capsule_execution_set_notify(run.get(), nullptr, nullptr, error));
    }
    counter.reset();
    CHECK_EQ(value_of(session, "1"), "1");
  }
}

CAPSULE_TEST(a_descriptor_and_a_callback_serve_together) {
  const Session session = open_session();
  Run run(session, "input()\n1");
  Counter told;
  ACCEPTED(capsule_execution_set_notify(run.get(), count, &told, error));
  const int fd = fd_of(run);
  run.until(CAPSULE_EVENT_INPUT);
  const int before = told.value();
  run.answer("");
  CHECK(wait_readable(fd, Deadline()));
  told.wait_for(before + 1, "a notification");
  CHECK_EQ(run.end().repr, "1");
  ACCEPTED(capsule_execution_set_notify(run.get(), nullptr, nullptr, error));
}
