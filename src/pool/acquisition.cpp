#include "pool/acquisition.hpp"

#include <sys/eventfd.h>

#include <cerrno>

#include "base/clock.hpp"
#include "pool/pool.hpp"

namespace capsule {

Lease::Lease(std::shared_ptr<Pool> pool, std::shared_ptr<Session> session, std::uint64_t id)
    : pool_(std::move(pool)), session_(std::move(session)), id_(id) {
  pool_->add_handle();
}

// Only a lack of memory is thrown there, which ends the program here as it would anywhere below the ABI.
// NOLINTNEXTLINE(bugprone-exception-escape)
Lease::~Lease() {
  pool_->reclaim(*session_, id_, unused_);
  pool_->drop_handle();
}

void Acquisition::grant(std::shared_ptr<Lease> lease) {
  const std::lock_guard lock(mutex_);
  lease_ = std::move(lease);
  end_locked();
}

std::shared_ptr<Lease> Acquisition::fail(Status status) {
  const std::lock_guard lock(mutex_);
  if (!ended_ || lease_) {
    status_ = std::move(status);
    end_locked();
  }
  return std::move(lease_);
}

void Acquisition::end_locked() {
  ended_ = true;
  changed_.notify_all();
  if (fd_.valid()) {
    eventfd_write(fd_.get(), 1);
  }
}

Result<std::shared_ptr<Lease>> Acquisition::take(std::uint64_t deadline_ns) {
  std::unique_lock lock(mutex_);
  const auto ended = [this] { return ended_; };
  if (deadline_ns == kNoDeadline) {
    changed_.wait(lock, ended);
  } else if (!changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(deadline_ns)), ended)) {
    return Status(CAPSULE_E_TIMEOUT, "no session came within timeout_ms");
  }
  if (!status_.ok()) {
    return status_;
  }
  if (!lease_) {
    return Status(CAPSULE_E_STATE, "acquisition: its session was taken");
  }
  return std::move(lease_);
}

Result<int> Acquisition::fd() {
  const std::lock_guard lock(mutex_);
  if (!fd_.valid()) {
    fd_.reset(eventfd(ended_ ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!fd_.valid()) {
      return system_error("eventfd", errno);
    }
  }
  return fd_.get();
}

}  // namespace capsule
