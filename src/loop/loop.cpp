#include "loop/loop.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <uv.h>

#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <future>
#include <utility>

#include "base/clock.hpp"
#include "base/quiet_thread.hpp"
#include "base/unique_fd.hpp"

namespace capsule {
namespace {

constexpr int kHandoffBatch = 32;

// A libuv handle frees itself after its close callback, whoever held it.
template <typename Handle>
void close_handle(Handle *handle) {
  uv_close(reinterpret_cast<uv_handle_t *>(handle), [](uv_handle_t *closed) { delete reinterpret_cast<Handle *>(closed); });
}

struct PollHandle {
  uv_poll_t poll{};
  Loop::Ready ready;
};

// libuv aborts where it cannot make the pipe it keeps for the process, and when it closes one of the first three descriptors.
// So there must be enough of them, and where the host has closed its standard streams, `standard` takes their numbers meanwhile.
Status reserve_descriptors(std::vector<UniqueFd> &standard) {
  constexpr int kNeeded = 12;
  std::vector<UniqueFd> probes;
  for (int i = 0; i < kNeeded; ++i) {
    UniqueFd fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) {
      return system_error("open", errno);
    }
    (fd.get() <= STDERR_FILENO ? standard : probes).push_back(std::move(fd));
  }
  return {};
}

int events_of(bool readable, bool writable) { return (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0); }

}  // namespace

class Loop::Watch {
 public:
  Watch(uv_loop_t *loop, int fd, int events, Ready ready) : handle_(new PollHandle{{}, std::move(ready)}) {
    // Where the system has no more watches for this user.
    if (uv_poll_init(loop, &handle_->poll, fd) != 0) {
      delete std::exchange(handle_, nullptr);
      return;
    }
    handle_->poll.data = handle_;
    set_events(events);
  }
  [[nodiscard]] bool watches() const { return handle_ != nullptr; }
  void set_events(int events) {
    if (!watches()) {
      return;
    }
    uv_poll_start(&handle_->poll, events, [](uv_poll_t *poll, int failed, int told) {
      // A copy: who is called may remove its own watch.
      const Ready ready_copy = static_cast<PollHandle *>(poll->data)->ready;
      ready_copy(failed != 0 || (told & UV_READABLE) != 0, failed != 0 || (told & UV_WRITABLE) != 0);
    });
  }
  ~Watch() {
    if (!watches()) {
      return;
    }
    uv_poll_stop(&handle_->poll);
    uv_close(reinterpret_cast<uv_handle_t *>(&handle_->poll),
             [](uv_handle_t *closed) { delete static_cast<PollHandle *>(closed->data); });
  }
  Watch(const Watch &) = delete;
  Watch &operator=(const Watch &) = delete;

 private:
  PollHandle *handle_;  // owned by libuv until its close callback
};

struct Loop::Impl {
  uv_loop_t uv{};
  uv_async_t *wake = nullptr;
  uv_timer_t *timer = nullptr;
  UniqueFd handoff_epoll;
  std::shared_ptr<Watch> handoff_watch;
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}

Loop::~Loop() {
  if (thread_.joinable()) {
    stop();
  }
}

Result<std::unique_ptr<Loop>> Loop::start() {
  std::unique_ptr<Loop> loop(new Loop());
  if (Status status = loop->init(); !status.ok()) {
    return status;
  }
  std::promise<void> known;
  const Status status = start_quietly(loop->thread_, [raw = loop.get(), started = known.get_future().share()] {
    started.wait();  // thread_ is assigned: on_loop() can be asked
    raw->run();
  });
  if (!status.ok()) {
    uv_loop_close(&loop->impl_->uv);
    return status;
  }
  known.set_value();
  return loop;
}

Status Loop::init() {
  std::vector<UniqueFd> standard;
  if (Status status = reserve_descriptors(standard); !status.ok()) {
    return status;
  }
  if (const int error = uv_loop_init(&impl_->uv); error != 0) {
    return system_error("uv_loop_init", -error);
  }
  impl_->uv.data = this;
  impl_->wake = new uv_async_t;
  uv_async_init(&impl_->uv, impl_->wake, [](uv_async_t *wake) { static_cast<Loop *>(wake->loop->data)->run_mailbox(); });
  impl_->timer = new uv_timer_t;
  uv_timer_init(&impl_->uv, impl_->timer);
  impl_->handoff_epoll.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!impl_->handoff_epoll.valid()) {
    return system_error("epoll_create1", errno);
  }
  impl_->handoff_watch =
      std::make_shared<Watch>(&impl_->uv, impl_->handoff_epoll.get(), UV_READABLE, [this](bool, bool) { serve_handoffs(); });
  if (!impl_->handoff_watch->watches()) {
    return {CAPSULE_E_SYSTEM, "the system watches no more descriptors for this user (fs.epoll.max_user_watches)"};
  }
  return {};
}

void Loop::run() {
  pthread_setname_np(pthread_self(), "capsule-loop");
  uv_run(&impl_->uv, UV_RUN_DEFAULT);
  end_with_unseen_closes();
  uv_loop_close(&impl_->uv);
}

void Loop::post(Task task) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      return;
    }
    first = mailbox_.empty();
    mailbox_.push_back(std::move(task));
    if (first) {
      uv_async_send(impl_->wake);
    }
  }
}

void Loop::run_mailbox() {
  std::vector<Task> tasks;
  bool stopping = false;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(mailbox_);
    stopping = stopping_;
  }
  for (const Task &task : tasks) {
    task();
  }
  if (stopping) {
    timers_.clear();
    handoffs_.clear();
    impl_->handoff_watch.reset();
    close_handle(impl_->wake);
    close_handle(impl_->timer);
  }
}

void Loop::stop() {
  assert(!on_loop());
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      stopping_ = true;
      uv_async_send(impl_->wake);
    }
  }
  thread_.join();
}

void Loop::assert_on_loop() const {
  if (!on_loop()) {
    std::abort();
  }
}

Loop::TimerId Loop::add_timer(std::uint64_t deadline_ns, Task task) {
  assert_on_loop();
  const TimerId id{deadline_ns, next_timer_++};
  timers_.emplace(id, std::move(task));
  schedule();
  return id;
}

void Loop::cancel_timer(TimerId timer) {
  assert_on_loop();
  timers_.erase(timer);
}

void Loop::schedule() {
  if (timers_.empty()) {
    uv_timer_stop(impl_->timer);
    return;
  }
  uv_update_time(&impl_->uv);
  const auto delay = static_cast<std::uint64_t>(poll_timeout_ms(timers_.begin()->first.first));
  uv_timer_start(
      impl_->timer, [](uv_timer_t *timer) { static_cast<Loop *>(timer->loop->data)->run_timers(); }, delay, 0);
}

void Loop::run_timers() {
  const std::uint64_t now = monotonic_ns();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    const Task task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    task();
  }
  schedule();
}

std::shared_ptr<Loop::Watch> Loop::watch_readable(int fd, Task task) {
  assert_on_loop();
  return watch(fd, true, false, [task = std::move(task)](bool, bool) { task(); });
}

std::shared_ptr<Loop::Watch> Loop::watch(int fd, bool readable, bool writable, Ready ready) {
  assert_on_loop();
  auto made = std::make_shared<Watch>(&impl_->uv, fd, events_of(readable, writable), ready);
  if (!made->watches()) {
    post([ready = std::move(ready)] { ready(true, true); });
  }
  return made;
}

void Loop::change(Watch &watch, bool readable, bool writable) {
  assert_on_loop();
  watch.set_events(events_of(readable, writable));
}

void Loop::when_writable(int fd, const Task &task) {
  assert_on_loop();
  // libuv takes one watch a descriptor, and this one may be watched for reading: a duplicate is another descriptor.
  auto duplicate = std::make_shared<UniqueFd>(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!duplicate->valid()) {
    task();
    return;
  }
  auto holder = std::make_shared<std::shared_ptr<Watch>>();
  *holder = std::make_shared<Watch>(&impl_->uv, duplicate->get(), UV_WRITABLE, [holder, duplicate, task](bool, bool) {
    const Task task_copy = task;
    holder->reset();
    task_copy();
  });
  if (!(*holder)->watches()) {
    task();
  }
}

Loop::HandoffId Loop::add_handoff(int fd, Task task) {
  assert_on_loop();
  const HandoffId id = next_handoff_++;
  handoffs_.emplace(id, std::make_shared<Task>(std::move(task)));
  epoll_event event{EPOLLIN | EPOLLONESHOT, {.u64 = id}};
  epoll_ctl(impl_->handoff_epoll.get(), EPOLL_CTL_ADD, fd, &event);
  return id;
}

void Loop::remove_handoff(HandoffId id, int fd) {
  assert_on_loop();
  handoffs_.erase(id);
  epoll_ctl(impl_->handoff_epoll.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Loop::arm(HandoffId id, int fd) const {
  epoll_event event{EPOLLIN | EPOLLONESHOT, {.u64 = id}};
  epoll_ctl(impl_->handoff_epoll.get(), EPOLL_CTL_MOD, fd, &event);
}

void Loop::disarm(HandoffId id, int fd) const {
  epoll_event event{0, {.u64 = id}};
  epoll_ctl(impl_->handoff_epoll.get(), EPOLL_CTL_MOD, fd, &event);
}

void Loop::serve_handoffs() {
  epoll_event events[kHandoffBatch];
  const int count = epoll_wait(impl_->handoff_epoll.get(), events, kHandoffBatch, 0);
  for (int i = 0; i < count; ++i) {
    const auto found = handoffs_.find(events[i].data.u64);
    if (found != handoffs_.end()) {
      const std::shared_ptr<Task> task = found->second;
      (*task)();
    }
  }
}

}  // namespace capsule
