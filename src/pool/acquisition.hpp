// One place in a pool's line, and what it leads to: a lease.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "base/status.hpp"
#include "base/unique_fd.hpp"

namespace capsule {

class Pool;
class Session;

// A session while it is acquired. Whoever lets go of the last reference gives it back, where that has not been done.
class Lease {
 public:
  Lease(std::shared_ptr<Pool> pool, std::shared_ptr<Session> session, std::uint64_t id);
  ~Lease();  // NOLINT(bugprone-exception-escape): as where it is defined
  Lease(const Lease &) = delete;
  Lease &operator=(const Lease &) = delete;

  [[nodiscard]] Session *session() const { return session_.get(); }
  // Nobody has seen the session: it goes back as it is.
  void set_unused() { unused_ = true; }

 private:
  const std::shared_ptr<Pool> pool_;
  const std::shared_ptr<Session> session_;
  const std::uint64_t id_;
  bool unused_ = false;
};

// A wish for a session.
struct Attempt {
  std::string key;
  std::uint64_t begun_ns = 0;
  std::uint64_t number = 0;  // in its pool
};

// Any thread. The pool grants or fails it once; its own lock is taken under the pool's.
class Acquisition {
 public:
  Acquisition(std::shared_ptr<Pool> pool, Attempt attempt) : pool_(std::move(pool)), attempt_(std::move(attempt)) {}

  [[nodiscard]] Pool &pool() const { return *pool_; }
  [[nodiscard]] const Attempt &attempt() const { return attempt_; }

  void grant(std::shared_ptr<Lease> lease);
  // Also where it was granted and not taken: what is returned then is to be let go of under no lock.
  std::shared_ptr<Lease> fail(Status status);

  // Waits for the lease, which is handed out once. CAPSULE_E_TIMEOUT at the deadline.
  Result<std::shared_ptr<Lease>> take(std::uint64_t deadline_ns);
  // Readable once it has ended.
  Result<int> fd();

 private:
  void end_locked();

  const std::shared_ptr<Pool> pool_;
  const Attempt attempt_;
  std::mutex mutex_;  // guards below
  std::condition_variable changed_;
  bool ended_ = false;
  Status status_;
  std::shared_ptr<Lease> lease_;
  UniqueFd fd_;
};

}  // namespace capsule
