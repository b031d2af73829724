#include "capsule/pool.h"

#include "api/call.hpp"
#include "api/handles.hpp"
#include "api/pool_options.hpp"
#include "base/clock.hpp"

using capsule::Result;
using capsule::Status;
using namespace capsule::api;

namespace {

// An acquisition as its caller wants it.
struct AcquireWish {
  std::shared_ptr<capsule::Pool> pool;
  std::string key;
  std::int64_t timeout_ms = 0;
};

Result<AcquireWish> read_acquire_wish(const capsule_pool *pool, const capsule_acquire_options *given) {
  auto found = look_up(pool);
  auto options = read_options(given, capsule_acquire_options_init, "options");
  for (const Status &status : {found.status(), options.status()}) {
    if (!status.ok()) {
      return status;
    }
  }
  const std::int64_t timeout_ms = options.value().timeout_ms;
  auto key = read_text("options.key", options.value().key, CAPSULE_POOL_KEY_SIZE);
  for (const Status &status : {key.status(), check_range("options.timeout_ms", timeout_ms, CAPSULE_POOL_TIMEOUT, kDayMs)}) {
    if (!status.ok()) {
      return status;
    }
  }
  const std::int64_t own_ms = found.value()->options().acquire_timeout_ms;
  return AcquireWish{std::move(found.value()), std::move(key.value()),
                     timeout_ms == CAPSULE_POOL_TIMEOUT ? own_ms : timeout_ms};
}

// The lease lives as long as the handle, and gives the session back when that is released.
Status hand_over(Result<std::shared_ptr<capsule::Lease>> taken, capsule_session **session) {
  if (!taken.ok()) {
    return taken.status();
  }
  capsule::Session *leased = taken.value()->session();
  if (!leased->add_handle()) {
    return {CAPSULE_E_CLOSED, "pool: it is closed"};
  }
  *session = make_handle<capsule_session>(std::shared_ptr<capsule::Session>(std::move(taken.value()), leased));
  return {};
}

}  // namespace

extern "C" {

void capsule_acquire_options_init(capsule_acquire_options *options, uint32_t struct_size) {
  capsule_acquire_options defaults{};
  defaults.timeout_ms = CAPSULE_POOL_TIMEOUT;
  write_defaults(options, struct_size, defaults);
}

capsule_status capsule_pool_create(capsule_runtime *runtime, const capsule_pool_options *options, capsule_pool **pool,
                                   capsule_error *error) {
  return call(error, [&]() -> Status {
    if (pool == nullptr) {
      return {CAPSULE_E_ARGUMENT, "pool is NULL"};
    }
    *pool = nullptr;
    auto found = look_up(runtime);
    if (!found.ok()) {
      return found.status();
    }
    auto translated = read_pool_options(options);
    if (!translated.ok()) {
      return translated.status();
    }
    auto created = capsule::Pool::create(found.value(), std::move(translated.value()));
    if (!created.ok()) {
      return created.status();
    }
    *pool = make_handle<capsule_pool>(std::move(created.value()));
    return {};
  });
}

capsule_status capsule_pool_wait_ready(capsule_pool *pool, int64_t timeout_ms, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(pool);
    if (!found.ok()) {
      return found.status();
    }
    const Status status = check_wait("capsule_pool_wait_ready", timeout_ms);
    return status.ok() ? found.value()->wait_ready(capsule::deadline_after_ms(timeout_ms)) : status;
  });
}

capsule_status capsule_pool_acquire(capsule_pool *pool, const capsule_acquire_options *options, capsule_session **session,
                                    capsule_error *error) {
  return call(error, [&]() -> Status {
    if (session == nullptr) {
      return {CAPSULE_E_ARGUMENT, "session is NULL"};
    }
    *session = nullptr;
    auto wish = read_acquire_wish(pool, options);
    const bool waits = wish.ok() && wish.value().timeout_ms != 0;
    for (const Status &status : {wish.status(), waits ? check_may_wait("capsule_pool_acquire") : Status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    return hand_over(wish.value().pool->acquire(std::move(wish.value().key), wish.value().timeout_ms), session);
  });
}

capsule_status capsule_pool_acquire_async(capsule_pool *pool, const capsule_acquire_options *options,
                                          capsule_acquisition **acquisition, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (acquisition == nullptr) {
      return {CAPSULE_E_ARGUMENT, "acquisition is NULL"};
    }
    *acquisition = nullptr;
    auto wish = read_acquire_wish(pool, options);
    if (!wish.ok()) {
      return wish.status();
    }
    wish.value().pool->add_handle();
    *acquisition = make_handle<capsule_acquisition>(
        wish.value().pool->acquire_async(std::move(wish.value().key), wish.value().timeout_ms));
    return {};
  });
}

capsule_status capsule_acquisition_take(capsule_acquisition *acquisition, int64_t timeout_ms, capsule_session **session,
                                        capsule_error *error) {
  return call(error, [&]() -> Status {
    if (session == nullptr) {
      return {CAPSULE_E_ARGUMENT, "session is NULL"};
    }
    *session = nullptr;
    auto found = look_up(acquisition);
    if (!found.ok()) {
      return found.status();
    }
    for (const Status &status : {check_range("timeout_ms", timeout_ms, -1, kDayMs),
                                 timeout_ms != 0 ? check_may_wait("capsule_acquisition_take") : Status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    return hand_over(found.value()->take(timeout_ms == 0 ? 0 : capsule::deadline_after_ms(timeout_ms)), session);
  });
}

capsule_status capsule_acquisition_get_fd(capsule_acquisition *acquisition, int32_t *fd, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (fd == nullptr) {
      return {CAPSULE_E_ARGUMENT, "fd is NULL"};
    }
    *fd = -1;
    auto found = look_up(acquisition);
    if (!found.ok()) {
      return found.status();
    }
    auto descriptor = found.value()->fd();
    if (!descriptor.ok()) {
      return descriptor.status();
    }
    *fd = descriptor.value();
    return {};
  });
}

capsule_status capsule_acquisition_cancel(capsule_acquisition *acquisition, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(acquisition);
    if (found.ok()) {
      found.value()->pool().cancel(*found.value());
    }
    return found.status();
  });
}

void capsule_acquisition_release(capsule_acquisition *acquisition) {
  release_handle(acquisition, [](auto &taken) {
    taken.pool().cancel(taken);
    taken.pool().drop_handle();
  });
}

capsule_status capsule_pool_give_back(capsule_pool *pool, capsule_session *session, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(pool);
    if (!found.ok()) {
      return found.status();
    }
    auto leased = look_up(session);
    if (!leased.ok()) {
      return leased.status();
    }
    if (Status status = found.value()->check_leased(*leased.value()); !status.ok()) {
      return status;
    }
    // The handle first: once others may have the session, it leads nowhere.
    const auto taken = take(session);
    if (!taken) {
      return {CAPSULE_E_HANDLE, "session: another thread has given it back"};
    }
    Status status = found.value()->give_back(*taken);
    taken->drop_handle();
    return status;
  });
}

capsule_status capsule_pool_close(capsule_pool *pool, int64_t timeout_ms, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(pool);
    if (!found.ok()) {
      return found.status();
    }
    for (const Status &status : {check_range("timeout_ms", timeout_ms, 0, kDayMs), check_may_wait("capsule_pool_close")}) {
      if (!status.ok()) {
        return status;
      }
    }
    found.value()->close(timeout_ms);
    return Status();
  });
}

void capsule_pool_release(capsule_pool *pool) {
  release_handle(pool, [](auto &taken) { taken.drop_handle(); });
}

}  // extern "C"
