/**
 * @file capsule.hpp
 * @brief The C++ wrapper, header only, C++17 and later: owners for the handles, exceptions for the statuses.
 *
 *     capsule::Runtime runtime;
 *     capsule::Session session = runtime.open();
 *     for (const capsule::Event &event : session.execute("print('hello')\n6 * 7")) {
 *       if (event.kind() == CAPSULE_EVENT_OUTPUT) std::cout << event.data();
 *       if (event.kind() == CAPSULE_EVENT_RESULT) std::cout << event.repr().value_or("") << '\n';
 *     }
 *
 * A member does what the C function of that name does, with the same constants and info structs: the comments of the C
 * headers hold here. It throws Error where that function fails; a Python exception is never an Error, it is an event.
 * Owners are move-only and may be destroyed in any order; one that was moved from throws `CAPSULE_E_HANDLE`. Members may
 * be called from any thread, also while another waits in one; moving and destroying an owner is for one thread alone.
 */
#ifndef CAPSULE_CAPSULE_HPP
#define CAPSULE_CAPSULE_HPP

#include <capsule/capsule_promises.hpp>
#include <capsule/capsule_trace.hpp>
#include <capsule/capsule_values.hpp>

namespace capsule {
inline namespace cpp0 {

/** @brief One source text, running or waiting to run. Destroying it lets the code go on, its output dropped. */
class Execution {
 public:
  /** @brief The other is good for nothing but assignment and destruction then. */
  Execution(Execution &&other) noexcept = default;
  /** @brief What it had goes on, its output dropped. */
  Execution &operator=(Execution other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(notify_, other.notify_);
    return *this;
  }
  ~Execution() { detail::Notify::end(notify_, capsule_execution_set_notify, capi()); }

  /** @brief The next event; nullopt when there is none any more. Throws TimeoutError when none came in time. */
  std::optional<Event> next(Milliseconds timeout = kForever) {
    Event event;
    const Taken taken = take(event, timeout);
    if (taken == Taken::kEmpty) throw TimeoutError(capsule_status_text(CAPSULE_E_TIMEOUT));
    return taken == Taken::kEnd ? std::nullopt : std::make_optional(std::move(event));
  }
  /** @brief As `next`, without a TimeoutError and into an Event that is used again; by default only looks. */
  Taken take(Event &event, Milliseconds timeout = Milliseconds{0}) {
    capsule_error error{};
    error.struct_size = sizeof error;
    const capsule_status status = capsule_execution_next(capi(), timeout.count(), event.capi(), &error);
    if (status == CAPSULE_E_TIMEOUT) return Taken::kEmpty;
    if (status == CAPSULE_E_END) return Taken::kEnd;
    detail::check(status, error);
    return Taken::kEvent;
  }

  /** @brief Walks the events, once: each step waits for the next. The event it stands on may be moved from. */
  class Iterator {
   public:
    /** @brief Waits for the first event; nullptr is the end. */
    explicit Iterator(Execution *execution) : execution_(execution) { ++*this; }
    Event &operator*() noexcept { return event_; }  ///< The event it stands on.
    /** @brief Waits for the next, which takes its place; throws as `take`. */
    Iterator &operator++() {
      if (execution_ != nullptr && execution_->take(event_, kForever) == Taken::kEnd) execution_ = nullptr;
      return *this;
    }
    /** @brief Only the end is told from what is before it. */
    bool operator!=(const Iterator &other) const noexcept { return execution_ != other.execution_; }

   private:
    Execution *execution_;
    Event event_;
  };
  /** @brief Waits for the first event that was not taken. With `CAPSULE_LATE_DELIVER` the walk goes on behind the terminal event. */
  Iterator begin() { return Iterator(this); }
  Iterator end() { return Iterator(nullptr); }  ///< The end of every walk.

  /** @brief Answers an input request, by the `input_id` of its event, with one line. */
  void answer(std::uint64_t input_id, std::string_view text) {
    detail::call(capsule_execution_answer, capi(), input_id, text.data(), text.size());
  }
  /** @brief Declines an input request: `input()` raises EOFError. */
  void decline(std::uint64_t input_id) { detail::call(capsule_execution_decline, capi(), input_id); }
  /** @brief Ends the execution; with 0 kills at once. The terminal event tells what was needed. */
  void cancel(Milliseconds grace = kSessionGrace) { detail::call(capsule_execution_cancel, capi(), grace.count()); }
  void interrupt() { detail::call(capsule_execution_interrupt, capi()); }   ///< Raises KeyboardInterrupt, once.
  int fd() const { return detail::get(capsule_execution_get_fd, capi()); }  ///< Readable while `take` has something.
  /** @brief Calls `callback`, which may only wake somebody and must not throw, when events came; {} removes it. */
  void notify(std::function<void()> callback) {
    detail::Notify::replace(notify_, std::move(callback), capsule_execution_set_notify, capi());
  }
  std::uint64_t id() const { return detail::get(capsule_execution_get_id, capi()); }  ///< Its number in its session.
  capsule_execution *capi() const noexcept { return handle_.get(); }                  ///< The handle, still owned here.

 private:
  friend class Session;
  explicit Execution(capsule_execution *handle) noexcept : handle_(handle) {}
  std::shared_ptr<detail::Notify> notify_;
  std::unique_ptr<capsule_execution, detail::Releaser> handle_;
};

/** @brief How long a durable execution's promise is open where nothing else is said. */
inline constexpr Milliseconds kDurableTimeout{86'400'000};

/** @brief A durable execution, as Session::execute_durable() begins it. */
struct DurableExecution {
  std::optional<Execution> execution;  ///< Empty where the promise was settled already.
  Promise promise;                     ///< As it was then.
};

class Session;

/** @brief A frozen copy of a session. Destroying it lets it go; sessions made of it live on. */
class Snapshot {
 public:
  Session branch(Milliseconds timeout = kForever) const;  ///< A new session that begins there. Waits.
  capsule_snapshot_info info() const { return detail::info(capsule_snapshot_get_info, capi()); }  ///< What is known of it.
  capsule_snapshot *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  friend class Session;
  explicit Snapshot(capsule_snapshot *handle) noexcept : handle_(handle) {}
  std::unique_ptr<capsule_snapshot, detail::Releaser> handle_;
};

/** @brief One Python process with a namespace that persists. Destroying it closes it, without waiting. */
class Session : public SessionSignals<Session, detail::Throws> {
 public:
  /** @brief Submits a source text. It runs when those before it have ended. */
  Execution execute(std::string_view source, const ExecutionOptions &options = {}) {
    const RawExecutionOptions raw(options);
    capsule_execution *handle = nullptr;
    detail::call(capsule_execution_create, capi(), source.data(), source.size(), raw.get(), &handle);
    return Execution(handle);
  }
  /**
   * @brief Submits a source text whose result is a promise of `store`, unless that is settled already. Waits for the store. `promise_id` may
   * be empty (durable.h): the promise tells it.
   */
  DurableExecution execute_durable(std::string_view source, const PromiseStore &store, std::string_view promise_id,
                                   const ExecutionOptions &options = {}, Milliseconds timeout = kDurableTimeout) {
    const RawExecutionOptions raw(options);
    capsule_durable_options durable = detail::defaults(capsule_durable_options_init);
    durable.store = store.capi();
    durable.promise_id = detail::view(promise_id);
    durable.timeout_ms = timeout.count();
    DurableExecution begun;
    capsule_execution *handle = nullptr;
    detail::call(capsule_session_execute_durable, capi(), source.data(), source.size(), raw.get(), &durable, &handle,
                 begun.promise.capi());
    if (handle != nullptr) begun.execution.emplace(Execution(handle));
    return begun;
  }
  /** @brief The same to its end: the promise as it is settled. Input requests are declined. Waits. */
  Promise run_durable(std::string_view source, const PromiseStore &store, std::string_view promise_id,
                      const ExecutionOptions &options = {}, Milliseconds timeout = kDurableTimeout) {
    DurableExecution begun = execute_durable(source, store, promise_id, options, timeout);
    if (!begun.execution) return std::move(begun.promise);
    collect(*begun.execution);
    return store.get(begun.promise.id());
  }
  /** @brief Runs a source text to its end and collects what it did. Input requests are declined. Waits. */
  RunResult run(std::string_view source, const ExecutionOptions &options = {}) {
    Execution execution = execute(source, options);
    return collect(execution);
  }
  /** @brief Waits until the session is ready, idle, or has failed to start. */
  void wait_ready(Milliseconds timeout = kForever) { detail::call(capsule_session_wait_ready, capi(), timeout.count()); }
  void restart() { detail::call(capsule_session_restart, capi()); }  ///< Ends the worker and starts another. Waits.
  /** @brief A frozen copy of the session as it stands when all that was submitted before has ended. Waits. */
  Snapshot snapshot(Milliseconds timeout = kForever) {
    capsule_snapshot *handle = nullptr;
    detail::call(capsule_session_snapshot, capi(), timeout.count(), &handle);
    return Snapshot(handle);
  }
  /** @brief Puts the session back to a snapshot. Waits. */
  void restore(const Snapshot &snapshot, Milliseconds timeout = kForever) {
    detail::call(capsule_session_restore, capi(), snapshot.capi(), timeout.count());
  }
  /** @brief A new session that begins where this one stands when all that was submitted before has ended. Waits. */
  Session branch(Milliseconds timeout = kForever) {
    capsule_session *handle = nullptr;
    detail::call(capsule_session_branch, capi(), timeout.count(), &handle);
    return Session(handle);
  }
  /** @brief What it knows, as bytes. Waits its turn. */
  Checkpoint checkpoint(const CheckpointOptions &options = {}, Milliseconds timeout = kForever) {
    const capsule_checkpoint_options raw = detail::raw(options);
    capsule_checkpoint *handle = nullptr;
    detail::call(capsule_session_checkpoint, capi(), &raw, timeout.count(), &handle);
    return Checkpoint(handle);
  }
  /** @brief Restores a checkpoint; `flags` are `CAPSULE_RESTORE_…`. What became of each name. Waits its turn. */
  std::vector<CheckpointEntry> restore(const Checkpoint &checkpoint, std::uint32_t flags = 0, Milliseconds timeout = kForever) {
    return detail::entries([&](capsule_checkpoint_entries *raw) {
      detail::call(capsule_session_restore_checkpoint, capi(), checkpoint.capi(), flags, timeout.count(), raw);
    });
  }
  /** @brief Has the session keep a checkpoint under its name; `CAPSULE_RESTART_CHECKPOINT` goes back to the last one. */
  void keep(const Checkpoint &checkpoint) { detail::call(capsule_session_keep_checkpoint, capi(), checkpoint.capi()); }
  /** @brief The checkpoint that it keeps under a name. */
  Checkpoint find_checkpoint(std::string_view name) const {
    capsule_checkpoint *handle = nullptr;
    detail::call(capsule_session_find_checkpoint, capi(), name.data(), name.size(), &handle);
    return Checkpoint(handle);
  }
  /** @brief Those that it keeps, the oldest first. */
  std::vector<Checkpoint> checkpoints() const {
    std::vector<Checkpoint> kept;
    capsule_checkpoint *handle = nullptr;
    while (capsule_session_checkpoint_at(capi(), kept.size(), &handle, nullptr) == CAPSULE_OK) {
      kept.push_back(Checkpoint(handle));
    }
    return kept;
  }
  /** @brief Lets go of the one that it keeps under a name. */
  void forget_checkpoint(std::string_view name) {
    detail::call(capsule_session_forget_checkpoint, capi(), name.data(), name.size());
  }
  /** @brief Binds a name to what `data` is as `kind` says, `CAPSULE_VALUE_…`. Waits its turn. */
  void set(std::string_view name, std::int32_t kind, std::string_view data, std::int32_t strategy = CAPSULE_SET_OVERWRITE,
           Milliseconds timeout = kForever) {
    set(name, detail::value_of(kind, data), strategy, timeout);
  }
  /** @brief Binds a name to the bytes of a buffer, without a copy. Waits its turn. */
  void set(std::string_view name, const Buffer &buffer, std::int32_t strategy = CAPSULE_SET_OVERWRITE,
           Milliseconds timeout = kForever) {
    set(name, detail::value_of(buffer.capi()), strategy, timeout);
  }
  /** @brief Binds a name to a value as value.h has it. Waits its turn. */
  void set(std::string_view name, const capsule_value &value, std::int32_t strategy = CAPSULE_SET_OVERWRITE,
           Milliseconds timeout = kForever) {
    detail::call(capsule_session_set, capi(), name.data(), name.size(), &value, strategy, timeout.count());
  }
  /** @brief Binds several names: all, or none where one of them cannot be. Waits its turn. */
  void update(const Inputs &inputs, std::int32_t strategy = CAPSULE_SET_OVERWRITE, Milliseconds timeout = kForever) {
    const Inputs::Raw raw = inputs.raw();
    detail::call(capsule_session_update, capi(), raw.inputs.data(), raw.inputs.size(), strategy, timeout.count());
  }
  /** @brief What a name is bound to, as `kind` says. Waits its turn. */
  Value get(std::string_view name, std::int32_t kind = CAPSULE_VALUE_AUTO, Milliseconds timeout = kForever) {
    Value value;
    detail::call(capsule_session_get, capi(), name.data(), name.size(), kind, timeout.count(), value.capi());
    return value;
  }
  /** @brief Unbinds a name. Waits its turn. */
  void remove(std::string_view name, Milliseconds timeout = kForever) {
    detail::call(capsule_session_delete, capi(), name.data(), name.size(), timeout.count());
  }
  /** @brief Closes the session; what has not ended after `timeout` is killed, with 0 at once. Waits. */
  void close(Milliseconds timeout) { detail::call(capsule_session_close, capi(), timeout.count()); }
  capsule_session_info info() const { return detail::info(capsule_session_get_info, capi()); }  ///< A snapshot.
  /** @brief The events of its trace that fit, at most so many. */
  std::vector<capsule_trace_event> trace(capsule_trace_filter filter = {}, std::size_t capacity = 4096) const {
    return detail::trace(capsule_session_get_trace, capi(), filter, capacity);
  }
  /** @brief Reads its trace event by event. */
  TraceReader follow(capsule_trace_filter filter = {}) const {
    filter.struct_size = sizeof filter;
    capsule_trace *handle = nullptr;
    detail::call(capsule_trace_get, capi(), &filter, &handle);
    return TraceReader(handle);
  }
  /** @brief The name that an event's `label` stands for, as the policy shows it. */
  capsule_trace_label trace_label(std::uint32_t number) const {
    capsule_trace_label label{};
    label.struct_size = sizeof label;
    detail::call(capsule_session_get_trace_label, capi(), number, &label);
    return label;
  }
  /** @brief Narrows what it may call of the host: its calls must be let through by these rules as well, for good. */
  void narrow_rules(const std::vector<Rule> &rules) {
    const detail::RawRules raw(rules);
    detail::call(capsule_session_narrow_rules, capi(), raw.data(), raw.size());
  }
  capsule_session *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  // The C struct of an execution's options, whose texts are those of `options`.
  class RawExecutionOptions {
   public:
    explicit RawExecutionOptions(const ExecutionOptions &options)
        : inputs_(options.inputs.raw()), raw_(detail::defaults(capsule_execution_options_init)) {
      raw_.file_name = detail::view(options.file_name);
      raw_.traceparent = detail::view(options.traceparent);
      raw_.tracestate = detail::view(options.tracestate);
      raw_.timeout_ms = options.timeout.count();
      raw_.mode = options.mode;
      raw_.output_budget_bytes = options.output_budget_bytes;
      raw_.transaction = options.transaction;
      raw_.transaction_scope = options.transaction_scope;
      raw_.inputs = inputs_.inputs.data();
      raw_.input_count = inputs_.inputs.size();
      raw_.result_kind = options.result_kind;
      raw_.idempotency_key = detail::view(options.idempotency_key);
      raw_.capture_sources = options.capture_sources ? 1 : 0;
    }
    const capsule_execution_options *get() const noexcept { return &raw_; }

   private:
    Inputs::Raw inputs_;
    capsule_execution_options raw_;
  };
  static RunResult collect(Execution &execution) {
    RunResult result;
    for (Event &event : execution) {
      // A request that a timeout ended meanwhile needs no answer.
      if (event.kind() == CAPSULE_EVENT_INPUT) capsule_execution_decline(execution.capi(), event->input_id, nullptr);
      if (result.add(event)) break;  // late output may come behind it
    }
    return result;
  }

  friend class Acquisition;
  friend class Pool;
  friend class Runtime;
  friend class Snapshot;
  explicit Session(capsule_session *handle) noexcept : handle_(handle) {}
  std::unique_ptr<capsule_session, detail::Releaser> handle_;
};

inline Session Snapshot::branch(Milliseconds timeout) const {
  capsule_session *handle = nullptr;
  detail::call(capsule_snapshot_branch, capi(), timeout.count(), &handle);
  return Session(handle);
}

/** @brief A place in the line for a session of a pool. Destroying it gives it up, and a session that was not taken goes back. */
class Acquisition {
 public:
  /** @brief The session, once. Waits; throws TimeoutError when the acquisition's own time, or this one, ran out. */
  Session take(Milliseconds timeout = kForever) {
    capsule_session *handle = nullptr;
    detail::call(capsule_acquisition_take, capi(), timeout.count(), &handle);
    return Session(handle);
  }
  int fd() const { return detail::get(capsule_acquisition_get_fd, capi()); }  ///< Readable once it has ended.
  void cancel() { detail::call(capsule_acquisition_cancel, capi()); }         ///< Gives it up.
  capsule_acquisition *capi() const noexcept { return handle_.get(); }        ///< The handle, still owned here.

 private:
  friend class Pool;
  explicit Acquisition(capsule_acquisition *handle) noexcept : handle_(handle) {}
  std::unique_ptr<capsule_acquisition, detail::Releaser> handle_;
};

/** @brief Sessions that are kept ready. A Session that was acquired goes back when it is destroyed, or by give_back(). */
class Pool : public PoolSignals<Pool, detail::Throws> {
 public:
  /** @brief As pool.h has it: the pool's own timeout unless another is given; `key` for affinity. Waits. */
  Session acquire(Milliseconds timeout = Milliseconds{CAPSULE_POOL_TIMEOUT}, std::string_view key = {}) {
    const capsule_acquire_options raw = options(timeout, key);
    capsule_session *handle = nullptr;
    detail::call(capsule_pool_acquire, capi(), &raw, &handle);
    return Session(handle);
  }
  /** @brief The same without waiting: takes a place in the line. */
  Acquisition begin_acquire(Milliseconds timeout = Milliseconds{CAPSULE_POOL_TIMEOUT}, std::string_view key = {}) {
    const capsule_acquire_options raw = options(timeout, key);
    capsule_acquisition *handle = nullptr;
    detail::call(capsule_pool_acquire_async, capi(), &raw, &handle);
    return Acquisition(handle);
  }
  /** @brief Gives a session back; it is empty then. One that is refused stays as it is. */
  void give_back(Session &&session) {
    detail::call(capsule_pool_give_back, capi(), session.capi());
    static_cast<void>(session.handle_.release());
  }
  /** @brief Waits until the least number of idle sessions was made, or one cannot be. */
  void wait_ready(Milliseconds timeout = kForever) { detail::call(capsule_pool_wait_ready, capi(), timeout.count()); }
  /** @brief Closes it; what is not given back after `timeout` is closed. Waits. */
  void close(Milliseconds timeout) { detail::call(capsule_pool_close, capi(), timeout.count()); }
  capsule_pool_info info() const { return detail::info(capsule_pool_get_info, capi()); }           ///< Options and status.
  capsule_pool_metrics metrics() const { return detail::info(capsule_pool_get_metrics, capi()); }  ///< What it counted.
  /** @brief The events of its own trace that fit, at most so many. */
  std::vector<capsule_trace_event> trace(capsule_trace_filter filter = {}, std::size_t capacity = 4096) const {
    return detail::trace(capsule_pool_get_trace, capi(), filter, capacity);
  }
  capsule_pool *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  friend class Runtime;
  explicit Pool(capsule_pool *handle) noexcept : handle_(handle) {}
  static capsule_acquire_options options(Milliseconds timeout, std::string_view key) {
    capsule_acquire_options raw = detail::defaults(capsule_acquire_options_init);
    raw.timeout_ms = timeout.count();
    raw.key = detail::view(key);
    return raw;
  }
  std::unique_ptr<capsule_pool, detail::Releaser> handle_;
};

/** @brief One loop thread and the processes it looks after. The last owner's end waits for the processes to end. */
class Runtime : public RuntimeSignals<Runtime, detail::Throws> {
 public:
  /** @brief Starts the loop thread. Throws `CAPSULE_E_STATE` where the library is older than these headers. */
  explicit Runtime(const RuntimeOptions &options = {}) {
    if (const std::string complaint = detail::version_complaint(); !complaint.empty()) throw Error(CAPSULE_E_STATE, complaint);
    capsule_runtime_options raw = detail::defaults(capsule_runtime_options_init);
    raw.max_frame_bytes = options.max_frame_bytes;
    raw.worker_dir = detail::view(options.worker_dir);
    const detail::RawRules rules(options.rules);
    raw.rules = rules.data();
    raw.rule_count = rules.size();
    capsule_runtime *handle = nullptr;
    detail::call(capsule_runtime_create, &raw, &handle);
    handle_.reset(handle);
  }
  /** @brief Opens a session; unless told otherwise, waits until it can run code. */
  Session open(const SessionOptions &options = {}) {
    const detail::RawSessionOptions raw(options);
    capsule_session *handle = nullptr;
    detail::call(capsule_session_open, capi(), raw.get(), &handle);
    return Session(handle);
  }
  /** @brief Makes a pool, without waiting for its sessions. */
  Pool open_pool(const PoolOptions &options = {}) {
    const detail::RawSessionOptions session(options.session);
    const auto imports = detail::views(options.imports);
    capsule_pool_options raw = detail::pool_defaults();
    raw.min_idle = options.min_idle;
    raw.max_sessions = options.max_sessions;
    raw.reset = options.reset;
    raw.session = session.get();
    raw.imports = imports.data();
    raw.import_count = imports.size();
    raw.warmup = detail::view(options.warmup);
    raw.warmup_timeout_ms = options.warmup_timeout.count();
    raw.imports_fatal = options.imports_fatal ? 1 : 0;
    raw.pre_warm = options.pre_warm ? 1 : 0;
    raw.idle_timeout_ms = options.idle_timeout.count();
    raw.health_interval_ms = options.health_interval.count();
    raw.acquire_timeout_ms = options.acquire_timeout.count();
    raw.recycle_executions = options.recycle_executions;
    raw.recycle_age_ms = options.recycle_age.count();
    raw.recycle_growth_bytes = options.recycle_growth_bytes;
    raw.session_memory_bytes = options.session_memory_bytes;
    raw.pool_memory_bytes = options.pool_memory_bytes;
    raw.max_waiters = options.max_waiters;
    raw.trace_bytes = options.trace_bytes;
    raw.breaker_failures = options.breaker_failures;
    raw.breaker_pause_ms = options.breaker_pause.count();
    raw.breaker_pause_max_ms = options.breaker_pause_max.count();
    capsule_pool *handle = nullptr;
    detail::call(capsule_pool_create, capi(), &raw, &handle);
    return Pool(handle);
  }
  /** @brief Makes a bridge, which sessions use that are opened with it. */
  Bridge open_bridge(const BridgeOptions &options = {}) {
    const detail::RawRules rules(options.rules);
    capsule_bridge_options raw = detail::bridge_defaults();
    raw.max_pending = options.max_pending;
    raw.max_session_pending = options.max_session_pending;
    raw.max_answers = options.max_answers;
    raw.cancel_notices = options.cancel_notices ? 1 : 0;
    raw.chunk_notices = options.chunk_notices ? 1 : 0;
    raw.max_session_bytes = options.max_session_bytes;
    raw.rules = rules.data();
    raw.rule_count = rules.size();
    capsule_bridge *handle = nullptr;
    detail::call(capsule_bridge_create, capi(), &raw, &handle);
    return Bridge(handle);
  }
  /** @brief Opens a store of promises: in memory, in a file, or of a server. */
  PromiseStore open_promises(const PromiseStoreOptions &options = {}) {
    capsule_promise_store_options raw = detail::store_defaults();
    raw.path = detail::view(options.path);
    raw.url = detail::view(options.url);
    raw.token = detail::view(options.token);
    raw.group = detail::view(options.group);
    raw.separator = detail::view(options.separator);
    raw.max_promises = options.max_promises;
    raw.max_bytes = options.max_bytes;
    raw.max_value_bytes = options.max_value_bytes;
    raw.sync = options.sync ? 1 : 0;
    raw.request_timeout_ms = options.request_timeout.count();
    raw.lease_ms = options.lease.count();
    raw.refresh_ms = options.refresh.count();
    capsule_promise_store *handle = nullptr;
    detail::call(capsule_promise_store_open, capi(), &raw, &handle);
    return PromiseStore(handle);
  }
  /** @brief Closes every session and ends every process; what has not ended after `timeout` is killed. Waits. */
  void close(Milliseconds timeout) { detail::call(capsule_runtime_close, capi(), timeout.count()); }
  capsule_runtime_info info() const { return detail::info(capsule_runtime_get_info, capi()); }  ///< The counters.
  capsule_runtime *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  std::unique_ptr<capsule_runtime, detail::Releaser> handle_;
};

}  // namespace cpp0
}  // namespace capsule

#endif
