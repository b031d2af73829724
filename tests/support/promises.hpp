// Stores of promises, as tests use them.
#pragma once

#include <string>

#include "run.hpp"
#include "session.hpp"
#include "test.hpp"
#include "threads.hpp"

namespace capsule_test {

using Store = Handle<capsule_promise_store, capsule_promise_store_release>;

// The texts live as long as what they are given.
capsule_text text(std::string &&of) = delete;
inline capsule_text text(const std::string &of) { return {of.data(), of.size()}; }

inline capsule_promise_store_options store_options(capsule_text path = {}) {
  capsule_promise_store_options options;
  capsule_promise_store_options_init(&options, sizeof options);
  options.path = path;
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

inline capsule_promise_wish wish_for(capsule_text id, std::int64_t timeout_ms = 60'000) {
  capsule_promise_wish made;
  capsule_promise_wish_init(&made, sizeof made);
  made.id = id;
  made.timeout_ms = timeout_ms;
  return made;
}

inline std::string create(const Store &store, const std::string &id, std::int64_t timeout_ms = 60'000) {
  const capsule_promise_wish made = wish_for(text(id), timeout_ms);
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

inline capsule_durable_options durable_options(const Store &store, capsule_text id) {
  capsule_durable_options options;
  capsule_durable_options_init(&options, sizeof options);
  options.store = store.get();
  options.promise_id = id;
  return options;
}

// An execution that runs, or null where its promise was settled; `row` has the promise as it was then.
inline Execution begin_durable(const Session &session, const Store &store, const std::string &id, const std::string &source,
                               PromiseRow &row, const capsule_execution_options *options = nullptr) {
  const capsule_durable_options durable = durable_options(store, text(id));
  Execution execution;
  ACCEPTED(capsule_session_execute_durable(session.get(), source.data(), source.size(), options, &durable, execution.out(),
                                           row.out(), error));
  return execution;
}

// What the promise comes to: run, or recorded.
inline std::string durable(const Session &session, const Store &store, const std::string &id, const std::string &source) {
  PromiseRow row;
  Execution execution = begin_durable(session, store, id, source, row);
  if (execution.get() == nullptr) {
    return row.story();
  }
  Run run(std::move(execution));
  run.end();
  return read(store, id);
}

}  // namespace capsule_test
