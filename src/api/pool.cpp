#include "capsule/pool.h"

#include "api/call.hpp"
#include "api/handles.hpp"
#include "api/pool_options.hpp"
#include "base/clock.hpp"

using capsule::Result;
using capsule::Status;
using namespace capsule::api;

// What a list that was handed out is made of.
struct capsule_pool_storage {
  std::vector<capsule_pool_session> sessions;
  std::vector<capsule::ImportReport> reports;
  std::vector<capsule_pool_import> imports;
};

namespace {

constexpr std::int64_t kDayMs = 86'400'000;
struct AcquireOptions {
  std::string key;
  std::int64_t timeout_ms = 0;
};

Result<AcquireOptions> translate(const capsule_acquire_options *given, const capsule::Pool &pool) {
  if (given == nullptr) {
    return AcquireOptions{"", pool.options().acquire_timeout_ms};
  }
  auto options = read_options(given, capsule_acquire_options_init, "options");
  if (!options.ok()) {
    return options.status();
  }
  const std::int64_t timeout_ms = options.value().timeout_ms;
  auto key = read_text("options.key", options.value().key, CAPSULE_POOL_KEY_SIZE);
  if (!key.ok()) {
    return key.status();
  }
  if (Status status = check_range("options.timeout_ms", timeout_ms, CAPSULE_POOL_TIMEOUT, kDayMs); !status.ok()) {
    return status;
  }
  return AcquireOptions{std::move(key.value()),
                        timeout_ms == CAPSULE_POOL_TIMEOUT ? pool.options().acquire_timeout_ms : timeout_ms};
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

template <typename List>
Status check_list(List *list, const char *name) {
  if (list == nullptr) {
    return {CAPSULE_E_ARGUMENT, std::string(name) + " is NULL"};
  }
  if (list->struct_size < sizeof *list || list->struct_size > kMaxStructSize) {
    return {CAPSULE_E_ARGUMENT, std::string(name) + ".struct_size is " + std::to_string(list->struct_size) +
                                    "; set it to the size of the struct before the call"};
  }
  *list = {.struct_size = sizeof *list};
  return {};
}

template <typename List>
void release_list(List *list) {
  if (list != nullptr && list->struct_size >= sizeof *list && list->struct_size <= kMaxStructSize) {
    delete list->storage;
    *list = {.struct_size = sizeof *list};
  }
}

capsule_text view(const std::string &text) { return {text.empty() ? nullptr : text.c_str(), text.size()}; }

template <std::size_t N>
const char *name_of(const char *const (&names)[N], std::int32_t value) {
  return value >= 0 && static_cast<std::size_t>(value) < N ? names[value] : "unknown";
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
    auto found = look_up(pool);
    if (!found.ok()) {
      return found.status();
    }
    auto translated = translate(options, *found.value());
    if (!translated.ok()) {
      return translated.status();
    }
    auto &[key, timeout_ms] = translated.value();
    if (Status status = timeout_ms != 0 ? check_may_wait("capsule_pool_acquire") : Status(); !status.ok()) {
      return status;
    }
    return hand_over(found.value()->acquire(std::move(key), timeout_ms), session);
  });
}

capsule_status capsule_pool_acquire_async(capsule_pool *pool, const capsule_acquire_options *options,
                                          capsule_acquisition **acquisition, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (acquisition == nullptr) {
      return {CAPSULE_E_ARGUMENT, "acquisition is NULL"};
    }
    *acquisition = nullptr;
    auto found = look_up(pool);
    if (!found.ok()) {
      return found.status();
    }
    auto translated = translate(options, *found.value());
    if (!translated.ok()) {
      return translated.status();
    }
    found.value()->add_handle();
    *acquisition = make_handle<capsule_acquisition>(
        found.value()->acquire_async(std::move(translated.value().key), translated.value().timeout_ms));
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
  call_void([&] {
    if (const auto taken = take(acquisition)) {
      taken->pool().cancel(*taken);
      taken->pool().drop_handle();
    }
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
  call_void([&] {
    if (const auto taken = take(pool)) {
      taken->drop_handle();
    }
  });
}

capsule_status capsule_pool_get_metrics(capsule_pool *pool, capsule_pool_metrics *metrics, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(pool);
    return found.ok() ? write_struct(metrics, found.value()->metrics(), "metrics") : found.status();
  });
}

capsule_status capsule_pool_get_info(capsule_pool *pool, capsule_pool_info *info, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(pool);
    return found.ok() ? write_struct(info, found.value()->info(), "info") : found.status();
  });
}

capsule_status capsule_pool_list_sessions(capsule_pool *pool, capsule_pool_sessions *sessions, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(pool);
    for (const Status &status : {check_list(sessions, "sessions"), found.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    auto holder = std::make_unique<capsule_pool_storage>();
    holder->sessions = found.value()->sessions();
    sessions->session_size = sizeof(capsule_pool_session);
    sessions->sessions = holder->sessions.data();
    sessions->count = holder->sessions.size();
    sessions->storage = holder.release();
    return Status();
  });
}

void capsule_pool_sessions_release(capsule_pool_sessions *sessions) {
  call_void([&] { release_list(sessions); });
}

capsule_status capsule_pool_list_imports(capsule_pool *pool, capsule_pool_imports *imports, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(pool);
    for (const Status &status : {check_list(imports, "imports"), found.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    auto holder = std::make_unique<capsule_pool_storage>();
    holder->reports = found.value()->imports();
    for (const capsule::ImportReport &one : holder->reports) {
      holder->imports.push_back({view(one.module), view(one.error), one.duration_ns, one.error.empty() ? 1 : 0, 0});
    }
    imports->import_size = sizeof(capsule_pool_import);
    imports->imports = holder->imports.data();
    imports->count = holder->imports.size();
    imports->storage = holder.release();
    return Status();
  });
}

void capsule_pool_imports_release(capsule_pool_imports *imports) {
  call_void([&] { release_list(imports); });
}

const char *capsule_breaker_state_name(int32_t state) {
  constexpr const char *names[] = {"closed", "open", "half_open"};
  return name_of(names, state);
}

const char *capsule_pooled_state_name(int32_t state) {
  constexpr const char *names[] = {"unknown", "warming", "idle", "active", "resetting"};
  return name_of(names, state);
}

}  // extern "C"
