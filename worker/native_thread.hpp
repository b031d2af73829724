// A thread of the worker's native core: all signals blocked, a small stack, joined by its owner.
#pragma once

#include <pthread.h>
#include <sys/prctl.h>

#include <csignal>
#include <functional>

namespace capsule::worker {

class NativeThread {
 public:
  NativeThread() = default;
  ~NativeThread() { join(); }
  NativeThread(const NativeThread &) = delete;
  NativeThread &operator=(const NativeThread &) = delete;

  // False when the system has no thread to give.
  bool start(const char *name, std::function<void()> body) {
    name_ = name;
    body_ = std::move(body);
    // Signals are for the main thread: Python handles them there.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackBytes);
    running_ = pthread_create(&thread_, &attributes, &NativeThread::run, this) == 0;
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return running_;
  }

  [[nodiscard]] bool running() const { return running_; }

  void join() {
    if (running_) {
      pthread_join(thread_, nullptr);
      running_ = false;
    }
  }

 private:
  // Sanitizers need more than the few KiB our own frames take.
  static constexpr std::size_t kStackBytes = 512U << 10U;

  static void *run(void *self) {
    auto *thread = static_cast<NativeThread *>(self);
    prctl(PR_SET_NAME, thread->name_);
    thread->body_();
    return nullptr;
  }

  pthread_t thread_{};
  const char *name_ = "";
  std::function<void()> body_;
  bool running_ = false;
};

}  // namespace capsule::worker
