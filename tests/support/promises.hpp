// Stores of promises, as tests use them.
#pragma once

#include <string>

#include "run.hpp"
#include "session.hpp"
#include "test.hpp"
#include "threads.hpp"

namespace capsule_test {

using Store = Handle<capsule_promise_store, capsule_promise_store_release>;

inline capsule_promise_store_options store_options(const std::string &path = {}) {
  capsule_promise_store_options options;
  capsule_promise_store_options_init(&options, sizeof options);
  options.path = {path.data(), path.size()};
  return options;
}

inline Store open_store(const capsule_promise_store_options &options = store_options(),
                        const Runtime &runtime = shared_runtime()) {
  Store store;
  ACCEPTED(capsule_promise_store_open(runtime.get(), &options, store.out(), error));
  return store;
}

// A promise that is released with it.
class PromiseRow {
 public:
  PromiseRow() = default;
  PromiseRow(const PromiseRow &) = delete;
  PromiseRow &operator=(const PromiseRow &) = delete;
  ~PromiseRow() { capsule_promise_release(&raw); }

  capsule_promise *out() {
    capsule_promise_release(&raw);
    return &raw;
  }
  [[nodiscard]] std::string value() const { return string_of(raw.value); }
  // "state value".
  [[nodiscard]] std::string story() const { return std::string(capsule_promise_state_name(raw.state)) + " " + value(); }

  capsule_promise raw{.struct_size = sizeof(capsule_promise)};
};

inline capsule_text text(const std::string &of) { return {of.data(), of.size()}; }

inline capsule_promise_wish wish_for(const std::string &id, std::int64_t timeout_ms = 60'000) {
  capsule_promise_wish made;
  capsule_promise_wish_init(&made, sizeof made);
  made.id = text(id);
  made.timeout_ms = timeout_ms;
  return made;
}

inline std::string create(const Store &store, const std::string &id, std::int64_t timeout_ms = 60'000) {
  const capsule_promise_wish made = wish_for(id, timeout_ms);
  PromiseRow row;
  ACCEPTED(capsule_promise_create(store.get(), &made, row.out(), error));
  return row.story();
}

inline std::string settle(const Store &store, const std::string &id, const std::string &value,
                          std::int32_t state = CAPSULE_PROMISE_RESOLVED) {
  PromiseRow row;
  ACCEPTED(capsule_promise_settle(store.get(), text(id), state, text(value), row.out(), error));
  return row.story();
}

inline std::string read(const Store &store, const std::string &id) {
  PromiseRow row;
  ACCEPTED(capsule_promise_get(store.get(), text(id), row.out(), error));
  return row.story();
}

inline std::string wait_for(const Store &store, const std::string &id) {
  PromiseRow row;
  ACCEPTED(capsule_promise_wait(store.get(), text(id), kPatienceMs, row.out(), error));
  return row.story();
}

inline capsule_promise_metrics metrics_of(const Store &store) {
  capsule_promise_metrics metrics{.struct_size = sizeof metrics};
  ACCEPTED(capsule_promise_store_get_metrics(store.get(), &metrics, error));
  return metrics;
}

inline capsule_durable_options durable_options(const Store &store, const std::string &id) {
  capsule_durable_options options;
  capsule_durable_options_init(&options, sizeof options);
  options.store = store.get();
  options.promise_id = text(id);
  return options;
}

// An execution that runs, or null where its promise was settled; `row` has the promise as it was then.
inline Execution begin_durable(const Session &session, const Store &store, const std::string &id, const std::string &source,
                               PromiseRow &row, const capsule_execution_options *options = nullptr) {
  const capsule_durable_options durable = durable_options(store, id);
  Execution execution;
  ACCEPTED(capsule_session_execute_durable(session.get(), source.data(), source.size(), options, &durable, execution.out(),
                                           row.out(), error));
  return execution;
}

// What the promise comes to: run, or recorded.
inline std::string durable(const Session &session, const Store &store, const std::string &id, const std::string &source) {
  PromiseRow row;
  const Execution execution = begin_durable(session, store, id, source, row);
  return execution.get() == nullptr ? row.story() : wait_for(store, id);
}

}  // namespace capsule_test
