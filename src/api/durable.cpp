#include "capsule/durable.h"

#include <sys/random.h>

#include <cctype>

#include "api/call.hpp"
#include "api/execution_request.hpp"
#include "api/promises.hpp"
#include "base/digest.hpp"
#include "promise/durable.hpp"

using capsule::DurableRun;
using capsule::Result;
using capsule::Status;
using namespace capsule::api;

namespace {

// Of a name that no other execution has.
constexpr std::size_t kRandomBytes = 16;

struct Given {
  std::shared_ptr<capsule::PromiseStore> store;
  capsule::PromiseWish wish;  // its id is empty where none was given
};

// That every version of a server takes.
bool is_durable_name(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; });
}

bool is_durable_id(std::string_view id, const capsule::PromiseStore &store) {
  const std::string_view prefix = store.execution_prefix();
  return is_durable_name(id.starts_with(prefix) ? id.substr(prefix.size()) : id);
}

std::string random_name() {
  capsule::Digest bytes{};
  static_cast<void>(getrandom(bytes.data(), kRandomBytes, 0));
  return capsule::hex_of(bytes, kRandomBytes);
}

Result<Given> read_durable(const capsule_durable_options *given) {
  if (given == nullptr) {
    return Status(CAPSULE_E_ARGUMENT, "durable is NULL");
  }
  auto options = read_options(given, capsule_durable_options_init, "durable");
  if (!options.ok()) {
    return options.status();
  }
  const capsule_durable_options &o = options.value();
  auto store = look_up(o.store);
  auto id = read_text("durable.promise_id", o.promise_id, CAPSULE_DURABLE_ID_SIZE);
  for (const Status &status : {store.status(), id.status(), check_range("durable.timeout_ms", o.timeout_ms, 1, kTenYearsMs)}) {
    if (!status.ok()) {
      return status;
    }
  }
  if (!id.value().empty() && !is_durable_id(id.value(), *store.value())) {
    return Status(CAPSULE_E_ARGUMENT, "durable.promise_id is not of letters, digits, '_' and '-'");
  }
  return Given{std::move(store.value()), {.id = std::move(id.value()), .timeout_ms = o.timeout_ms}};
}

// The id where none was given: of the execution's own name, or of one that nobody else has.
Status name_wish(Given &given, const std::string &key, bool id_is_told) {
  if (!given.wish.id.empty()) {
    return key.empty() ? Status()
                       : Status(CAPSULE_E_ARGUMENT,
                                "options.idempotency_key cannot be set beside durable.promise_id, which is the key");
  }
  if (key.empty() && !id_is_told) {
    return {CAPSULE_E_ARGUMENT,
            "durable.promise_id and options.idempotency_key are empty, and promise is NULL: nothing would tell the id"};
  }
  given.wish.id = given.store->execution_prefix() + (key.empty() ? random_name() : key);
  if (!is_durable_id(given.wish.id, *given.store) || given.wish.id.size() > CAPSULE_DURABLE_ID_SIZE) {
    return {CAPSULE_E_ARGUMENT,
            "options.idempotency_key, which names the promise, is not of letters, digits, '_' and '-', or is too long"};
  }
  return {};
}

// Claims the promise; a run where it is to be run.
Result<DurableRun::Begun> begin(Given given, const capsule::Session &session) {
  Meeting<DurableRun::Begun> meeting;
  DurableRun::begin(given.store, std::move(given.wish), session.durable_figures(), meeting.done());
  return meeting.wait();
}

}  // namespace

extern "C" {

void capsule_durable_options_init(capsule_durable_options *options, uint32_t struct_size) {
  capsule_durable_options defaults{};
  defaults.timeout_ms = kDayMs;
  write_defaults(options, struct_size, defaults);
}

capsule_status capsule_session_execute_durable(capsule_session *session, const char *source, size_t source_size,
                                               const capsule_execution_options *options, const capsule_durable_options *durable,
                                               capsule_execution **execution, capsule_promise *promise, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (execution == nullptr) {
      return {CAPSULE_E_ARGUMENT, "execution is NULL"};
    }
    *execution = nullptr;
    auto found = look_up(session);
    auto given = read_durable(durable);
    for (const Status &status :
         {found.status(), given.status(), check_promise(promise), check_may_wait("capsule_session_execute_durable")}) {
      if (!status.ok()) {
        return status;
      }
    }
    auto request = read_request(*found.value(), source, source_size, options);
    if (!request.ok()) {
      return request.status();
    }
    if (request.value().result_kind != CAPSULE_VALUE_NONE) {
      return {CAPSULE_E_ARGUMENT, "options.result_kind cannot be set: the promise's value is JSON"};
    }
    if (Status status = name_wish(given.value(), request.value().idempotency_key, promise != nullptr); !status.ok()) {
      return status;
    }
    request.value().idempotency_key = given.value().wish.id;
    auto begun = begin(std::move(given.value()), *found.value());
    if (!begun.ok()) {
      return begun.status();
    }
    const std::shared_ptr<DurableRun> run = begun.value().run;
    if (run) {
      request.value().durable = run;
      auto submitted = submit(found.value(), std::move(request.value()));
      if (!submitted.ok()) {
        run->give_back([] {});
        return submitted.status();
      }
      run->bind(submitted.value());
      *execution = make_handle<capsule_execution>(std::move(submitted.value()));
    }
    return hand_over_promise(std::move(begun.value().promise), promise);
  });
}

}  // extern "C"
