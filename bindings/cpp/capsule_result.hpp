/**
 * @file capsule_result.hpp
 * @brief The C++ wrapper for programs without exceptions, C++17 and later: the same owners, whose calls return a Result.
 *
 *     using namespace capsule::results;
 *     Result<Runtime> runtime = Runtime::create();
 *     if (!runtime) return complain(runtime.failure());
 *     Result<Session> session = runtime->open();
 *     Result<RunResult> result = session ? session->run("6 * 7") : session.failure();
 *
 * It stands beside capsule.hpp, not upon it: nothing here throws, and `-fno-exceptions -fno-rtti` compile it (memory that runs out ends
 * the program then). Options are the structs of the C headers, as defaults() fills them; NULL for the defaults. What there is no member
 * for is had by `capi()` and attempt(). Owners are move-only and may be destroyed in any order.
 */
#ifndef CAPSULE_CAPSULE_RESULT_HPP
#define CAPSULE_CAPSULE_RESULT_HPP

#include <capsule/capsule.h>

#include <capsule/capsule_result_hosts.hpp>
#include <capsule/capsule_result_state.hpp>

namespace capsule {
inline namespace cpp0 {
namespace results {

/** @brief One source text, running or waiting to run. Destroying it lets the code go on, its output dropped. */
class Execution {
 public:
  /** @brief Takes a handle over. */
  explicit Execution(capsule_execution *handle) noexcept : handle_(handle) {}
  /** @brief The next event; nullopt when there is none any more; fails with `CAPSULE_E_TIMEOUT` when none came in time. */
  Result<std::optional<Event>> next(Milliseconds timeout = kForever) {
    return detail::next<Event>(CAPSULE_E_END, capsule_execution_next, capi(), detail::count_of(timeout));
  }
  /** @brief Takes what is left, to the terminal event. Input requests are declined. Waits. */
  Result<RunResult> finish() {
    RunResult result;
    for (;;) {
      Result<std::optional<Event>> found = next();
      if (!found) return found.failure();
      if (!*found) return Failure{CAPSULE_E_END, capsule_status_text(CAPSULE_E_END)};
      Event &event = **found;
      // A request that a timeout ended meanwhile needs no answer.
      if (event.kind() == CAPSULE_EVENT_INPUT) capsule_execution_decline(capi(), event->input_id, nullptr);
      if (result.add(event)) return result;  // late output may come behind it
    }
  }
  /** @brief Answers an input request, by the `input_id` of its event, with one line. */
  Result<void> answer(std::uint64_t input_id, std::string_view text) {
    return attempt(capsule_execution_answer, capi(), input_id, text.data(), text.size());
  }
  /** @brief Declines an input request: `input()` raises EOFError. */
  Result<void> decline(std::uint64_t input_id) { return attempt(capsule_execution_decline, capi(), input_id); }
  /** @brief Ends the execution; with 0 kills at once. The terminal event tells what was needed. */
  Result<void> cancel(Milliseconds grace = kSessionGrace) {
    return attempt(capsule_execution_cancel, capi(), detail::count_of(grace));
  }
  Result<void> interrupt() { return attempt(capsule_execution_interrupt, capi()); }  ///< Raises KeyboardInterrupt, once.
  /** @brief A descriptor that is readable while next() does not wait. */
  Result<int> fd() const { return detail::fd(capsule_execution_get_fd, capi()); }
  capsule_execution *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  detail::Owned<capsule_execution, capsule_execution_release> handle_;
};

/** @brief A durable execution, as Session::execute_durable() begins it. */
struct DurableExecution {
  std::optional<Execution> execution;  ///< Empty where the promise was settled already.
  Promise promise;                     ///< As it was then.
};

class Session;

/** @brief A frozen copy of a session. Destroying it lets it go; sessions made of it live on. */
class Snapshot {
 public:
  /** @brief Takes a handle over. */
  explicit Snapshot(capsule_snapshot *handle) noexcept : handle_(handle) {}
  Result<Session> branch(Milliseconds timeout = kForever) const;  ///< A new session that begins there. Waits.
  /** @brief What is known of it. */
  Result<capsule_snapshot_info> info() const { return detail::info(capsule_snapshot_get_info, capi()); }
  capsule_snapshot *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  detail::Owned<capsule_snapshot, capsule_snapshot_release> handle_;
};

/** @brief One Python process with a namespace that persists. Destroying it closes it, without waiting. */
class Session : public SessionSignals<Session, detail::Returns> {
 public:
  /** @brief Takes a handle over. */
  explicit Session(capsule_session *handle) noexcept : handle_(handle) {}
  /** @brief Submits a source text. It runs when those before it have ended. */
  Result<Execution> execute(std::string_view source, const capsule_execution_options *options = nullptr) {
    return detail::made<Execution, capsule_execution>(capsule_execution_create, capi(), source.data(), source.size(), options);
  }
  /** @brief Runs a source text to its end and collects what it did. Input requests are declined. Waits. */
  Result<RunResult> run(std::string_view source, const capsule_execution_options *options = nullptr) {
    Result<Execution> execution = execute(source, options);
    if (!execution) return execution.failure();
    return execution->finish();
  }
  /** @brief Waits until the session is ready, idle, or has failed to start. */
  Result<void> wait_ready(Milliseconds timeout = kForever) {
    return attempt(capsule_session_wait_ready, capi(), detail::count_of(timeout));
  }
  Result<void> restart() { return attempt(capsule_session_restart, capi()); }  ///< Ends the worker and starts another. Waits.
  /** @brief Closes the session; what has not ended after `timeout` is killed, with 0 at once. Waits. */
  Result<void> close(Milliseconds timeout) { return attempt(capsule_session_close, capi(), detail::count_of(timeout)); }
  Result<capsule_session_info> info() const { return detail::info(capsule_session_get_info, capi()); }  ///< A snapshot.

  /** @brief Binds a name to what `data` is as `kind` says, `CAPSULE_VALUE_…`. Waits its turn. */
  Result<void> set(std::string_view name, std::int32_t kind, std::string_view data,
                   std::int32_t strategy = CAPSULE_SET_OVERWRITE, Milliseconds timeout = kForever) {
    return set(name, capsule::detail::value_of(kind, data), strategy, timeout);
  }
  /** @brief Binds a name to the bytes of a buffer, without a copy. Waits its turn. */
  Result<void> set(std::string_view name, const Buffer &buffer, std::int32_t strategy = CAPSULE_SET_OVERWRITE,
                   Milliseconds timeout = kForever) {
    return set(name, capsule::detail::value_of(buffer.capi()), strategy, timeout);
  }
  /** @brief Binds a name to a value as value.h has it. Waits its turn. */
  Result<void> set(std::string_view name, const capsule_value &value, std::int32_t strategy = CAPSULE_SET_OVERWRITE,
                   Milliseconds timeout = kForever) {
    return attempt(capsule_session_set, capi(), name.data(), name.size(), &value, strategy, detail::count_of(timeout));
  }
  /** @brief Binds several names: all, or none where one of them cannot be. Waits its turn. */
  Result<void> update(const capsule_input *inputs, std::size_t count, std::int32_t strategy = CAPSULE_SET_OVERWRITE,
                      Milliseconds timeout = kForever) {
    return attempt(capsule_session_update, capi(), inputs, count, strategy, detail::count_of(timeout));
  }
  /** @brief What a name is bound to, as `kind` says. Waits its turn. */
  Result<Value> get(std::string_view name, std::int32_t kind = CAPSULE_VALUE_AUTO, Milliseconds timeout = kForever) {
    return detail::read<Value>(capsule_session_get, capi(), name.data(), name.size(), kind, detail::count_of(timeout));
  }
  /** @brief Unbinds a name. Waits its turn. */
  Result<void> remove(std::string_view name, Milliseconds timeout = kForever) {
    return attempt(capsule_session_delete, capi(), name.data(), name.size(), detail::count_of(timeout));
  }

  /** @brief What it knows, as bytes. Waits its turn. */
  Result<Checkpoint> checkpoint(const capsule_checkpoint_options *options = nullptr, Milliseconds timeout = kForever) {
    return detail::made<Checkpoint, capsule_checkpoint>(capsule_session_checkpoint, capi(), options, detail::count_of(timeout));
  }
  /** @brief Restores a checkpoint; `flags` are `CAPSULE_RESTORE_…`. What became of each name. Waits its turn. */
  Result<std::vector<CheckpointEntry>> restore(const Checkpoint &checkpoint, std::uint32_t flags = 0,
                                               Milliseconds timeout = kForever) {
    return detail::entries(capsule_session_restore_checkpoint, capi(), checkpoint.capi(), flags, detail::count_of(timeout));
  }
  /** @brief Has the session keep a checkpoint under its name; `CAPSULE_RESTART_CHECKPOINT` goes back to the last one. */
  Result<void> keep(const Checkpoint &checkpoint) {
    return attempt(capsule_session_keep_checkpoint, capi(), checkpoint.capi());
  }
  /** @brief The checkpoint that it keeps under a name. */
  Result<Checkpoint> find_checkpoint(std::string_view name) const {
    return detail::made<Checkpoint, capsule_checkpoint>(capsule_session_find_checkpoint, capi(), name.data(), name.size());
  }
  /** @brief Those that it keeps, the oldest first. */
  Result<std::vector<Checkpoint>> checkpoints() const {
    std::vector<Checkpoint> kept;
    for (;;) {
      Result<Checkpoint> next =
          detail::made<Checkpoint, capsule_checkpoint>(capsule_session_checkpoint_at, capi(), kept.size());
      if (next.status() == CAPSULE_E_NAME) return kept;
      if (!next) return next.failure();
      kept.push_back(std::move(*next));
    }
  }
  /** @brief Lets go of the one that it keeps under a name. */
  Result<void> forget_checkpoint(std::string_view name) {
    return attempt(capsule_session_forget_checkpoint, capi(), name.data(), name.size());
  }

  /** @brief Takes a snapshot: a frozen copy of the session. Waits its turn. */
  Result<Snapshot> snapshot(Milliseconds timeout = kForever) {
    return detail::made<Snapshot, capsule_snapshot>(capsule_session_snapshot, capi(), detail::count_of(timeout));
  }
  /** @brief Puts the session back to a snapshot. Waits. */
  Result<void> restore(const Snapshot &snapshot, Milliseconds timeout = kForever) {
    return attempt(capsule_session_restore, capi(), snapshot.capi(), detail::count_of(timeout));
  }
  /** @brief A new session that begins where this one stands. Waits its turn. */
  Result<Session> branch(Milliseconds timeout = kForever) {
    return detail::made<Session, capsule_session>(capsule_session_branch, capi(), detail::count_of(timeout));
  }

  /** @brief The events of its trace that fit, at most so many. */
  Result<std::vector<capsule_trace_event>> trace(capsule_trace_filter filter = {}, std::size_t capacity = 4096) const {
    return detail::trace(capsule_session_get_trace, capi(), filter, capacity);
  }
  /** @brief Reads its trace event by event. */
  Result<TraceReader> follow(capsule_trace_filter filter = {}) const {
    filter.struct_size = sizeof filter;
    return detail::made<TraceReader, capsule_trace>(capsule_trace_get, capi(), &filter);
  }
  /** @brief The name that an event's `label` stands for, as the policy shows it. */
  Result<capsule_trace_label> trace_label(std::uint32_t number) const {
    capsule_trace_label label{};
    label.struct_size = sizeof label;
    const Result<void> got = attempt(capsule_session_get_trace_label, capi(), number, &label);
    if (!got) return got.failure();
    return label;
  }

  /** @brief Narrows what it may call of the host: its calls must be let through by these rules as well, for good. */
  Result<void> narrow_rules(const capsule_rule *rules, std::size_t count) {
    return attempt(capsule_session_narrow_rules, capi(), rules, count);
  }
  /**
   * @brief Submits a source text whose result is a promise, as `durable` says, whose `store` is PromiseStore::capi(), unless that is settled
   * already. Waits for the store.
   */
  Result<DurableExecution> execute_durable(std::string_view source, const capsule_durable_options &durable,
                                           const capsule_execution_options *options = nullptr) {
    DurableExecution begun;
    capsule_execution *handle = nullptr;
    const Result<void> done = attempt(capsule_session_execute_durable, capi(), source.data(), source.size(), options, &durable,
                                      &handle, begun.promise.capi());
    if (!done) return done.failure();
    if (handle != nullptr) begun.execution.emplace(handle);
    return begun;
  }
  capsule_session *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  friend class Pool;
  detail::Owned<capsule_session, capsule_session_release> handle_;
};

inline Result<Session> Snapshot::branch(Milliseconds timeout) const {
  return detail::made<Session, capsule_session>(capsule_snapshot_branch, capi(), detail::count_of(timeout));
}

/** @brief A place in the line for a session of a pool. Destroying it gives it up, and a session that was not taken goes back. */
class Acquisition {
 public:
  /** @brief Takes a handle over. */
  explicit Acquisition(capsule_acquisition *handle) noexcept : handle_(handle) {}
  /** @brief The session, once. Waits; fails with `CAPSULE_E_TIMEOUT` when the acquisition's own time, or this one, ran out. */
  Result<Session> take(Milliseconds timeout = kForever) {
    return detail::made<Session, capsule_session>(capsule_acquisition_take, capi(), detail::count_of(timeout));
  }
  Result<int> fd() const { return detail::fd(capsule_acquisition_get_fd, capi()); }  ///< Readable once it has ended.
  Result<void> cancel() { return attempt(capsule_acquisition_cancel, capi()); }      ///< Gives it up.
  capsule_acquisition *capi() const noexcept { return handle_.get(); }               ///< The handle, still owned here.

 private:
  detail::Owned<capsule_acquisition, capsule_acquisition_release> handle_;
};

/** @brief Sessions that are kept ready. A Session that was acquired goes back when it is destroyed, or by give_back(). */
class Pool : public PoolSignals<Pool, detail::Returns> {
 public:
  /** @brief Takes a handle over. */
  explicit Pool(capsule_pool *handle) noexcept : handle_(handle) {}
  /** @brief As pool.h has it. Waits. */
  Result<Session> acquire(const capsule_acquire_options *options = nullptr) {
    return detail::made<Session, capsule_session>(capsule_pool_acquire, capi(), options);
  }
  /** @brief The same without waiting: takes a place in the line. */
  Result<Acquisition> begin_acquire(const capsule_acquire_options *options = nullptr) {
    return detail::made<Acquisition, capsule_acquisition>(capsule_pool_acquire_async, capi(), options);
  }
  /** @brief Gives a session back; it is empty then. One that is refused stays as it is. */
  Result<void> give_back(Session &&session) {
    Result<void> given = attempt(capsule_pool_give_back, capi(), session.capi());
    if (given) static_cast<void>(session.handle_.release());
    return given;
  }
  /** @brief Waits until the least number of idle sessions was made, or one cannot be. */
  Result<void> wait_ready(Milliseconds timeout = kForever) {
    return attempt(capsule_pool_wait_ready, capi(), detail::count_of(timeout));
  }
  /** @brief Closes it; what is not given back after `timeout` is closed. Waits. */
  Result<void> close(Milliseconds timeout) { return attempt(capsule_pool_close, capi(), detail::count_of(timeout)); }
  Result<capsule_pool_info> info() const { return detail::info(capsule_pool_get_info, capi()); }  ///< Options and status.
  Result<capsule_pool_metrics> metrics() const { return detail::info(capsule_pool_get_metrics, capi()); }  ///< What it counted.
  /** @brief The events of its own trace that fit, at most so many. */
  Result<std::vector<capsule_trace_event>> trace(capsule_trace_filter filter = {}, std::size_t capacity = 4096) const {
    return detail::trace(capsule_pool_get_trace, capi(), filter, capacity);
  }
  capsule_pool *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  detail::Owned<capsule_pool, capsule_pool_release> handle_;
};

/** @brief One loop thread and the processes it looks after. The last owner's end waits for the processes to end. */
class Runtime : public RuntimeSignals<Runtime, detail::Returns> {
 public:
  /** @brief Starts the loop thread. `CAPSULE_E_STATE` where the library is older than these headers. */
  static Result<Runtime> create(const capsule_runtime_options *options = nullptr) {
    if (std::string complaint = capsule::detail::version_complaint(); !complaint.empty()) {
      return Failure{CAPSULE_E_STATE, std::move(complaint)};
    }
    return detail::made<Runtime, capsule_runtime>(capsule_runtime_create, options);
  }
  /** @brief Takes a handle over. */
  explicit Runtime(capsule_runtime *handle) noexcept : handle_(handle) {}
  /** @brief Opens a session; unless told otherwise, waits until it can run code. */
  Result<Session> open(const capsule_session_options *options = nullptr) {
    return detail::made<Session, capsule_session>(capsule_session_open, capi(), options);
  }
  /** @brief Makes a pool, without waiting for its sessions. */
  Result<Pool> open_pool(const capsule_pool_options *options = nullptr) {
    return detail::made<Pool, capsule_pool>(capsule_pool_create, capi(), options);
  }
  /** @brief Makes a bridge, which sessions use that are opened with its capi(). */
  Result<Bridge> open_bridge(const capsule_bridge_options *options = nullptr) {
    return detail::made<Bridge, capsule_bridge>(capsule_bridge_create, capi(), options);
  }
  /** @brief Opens a store of promises: in memory, in a file, or of a server. */
  Result<PromiseStore> open_promises(const capsule_promise_store_options *options = nullptr) {
    return detail::made<PromiseStore, capsule_promise_store>(capsule_promise_store_open, capi(), options);
  }
  /** @brief Closes every session and ends every process; what has not ended after `timeout` is killed. Waits. */
  Result<void> close(Milliseconds timeout) { return attempt(capsule_runtime_close, capi(), detail::count_of(timeout)); }
  Result<capsule_runtime_info> info() const { return detail::info(capsule_runtime_get_info, capi()); }  ///< The counters.
  capsule_runtime *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  detail::Owned<capsule_runtime, capsule_runtime_release> handle_;
};

}  // namespace results
}  // namespace cpp0
}  // namespace capsule

#endif
