#include "capsule/pool_info.h"

#include "api/handles.hpp"
#include "api/names.hpp"
#include "api/owned_struct.hpp"

using capsule::Status;
using namespace capsule::api;

// What a list that was handed out is made of.
struct capsule_pool_storage {
  std::vector<capsule_pool_session> sessions;
  std::vector<capsule::ImportReport> reports;
  std::vector<capsule_pool_import> imports;
};

namespace {

capsule_text view(const std::string &text) { return {text.empty() ? nullptr : text.c_str(), text.size()}; }

}  // namespace

extern "C" {

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
    for (const Status &status : {empty_owned(sessions, "sessions"), found.status()}) {
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
  free_quietly([&] { release_owned(sessions); });
}

capsule_status capsule_pool_list_imports(capsule_pool *pool, capsule_pool_imports *imports, capsule_error *error) {
  return call(error, [&] {
    auto found = look_up(pool);
    for (const Status &status : {empty_owned(imports, "imports"), found.status()}) {
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
  free_quietly([&] { release_owned(imports); });
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
