/**
 * @file capsule_signals.hpp
 * @brief Of the C++ wrapper, and of its layer without exceptions: what runtimes, sessions, pools, bridges and stores tell of themselves.
 *
 * A member does what the C function of that name does; `Of<T>` is T, thrown for where it fails, or a Result<T>. A look that the policy
 * guards (introspection.h) and does not allow fails with `CAPSULE_E_DENIED`; by default it shows counts.
 */
#ifndef CAPSULE_CAPSULE_SIGNALS_HPP
#define CAPSULE_CAPSULE_SIGNALS_HPP

#include <capsule/capsule.h>

#include <capsule/capsule_stack.hpp>
#include <functional>

namespace capsule {
inline namespace cpp0 {

/** @brief A sampling profile of a session, under way or ended. Destroying it ends it; the session goes on undisturbed. */
template <typename Way>
class BasicProfile {
 public:
  template <typename T>
  using Of = typename Way::template Of<T>;  ///< What a call for a T returns in this layer.

  /** @brief Takes a handle over. */
  explicit BasicProfile(capsule_profile *handle) noexcept : handle_(handle) {}
  /** @brief Waits for its end: after `duration_ms`, by `stop`, when its session is closed or the policy forbids it. */
  Of<void> wait(Milliseconds timeout = kForever) const {
    return Way::done(capsule_profile_wait, capi(), std::int64_t{timeout.count()});
  }
  Of<void> stop() { return Way::done(capsule_profile_stop, capi()); }  ///< Ends it, after the sample that is being taken.
  /** @brief What it has counted, also while it is under way. */
  Of<capsule_profile_info> info() const {
    return detail::Calls<Way>::template info<capsule_profile_info>(capsule_profile_get_info, capi());
  }
  /** @brief Its stacks as flame graph programs read them, valid as long as this is there; `CAPSULE_E_BUSY` while it is under way. */
  Of<std::string_view> collapsed() const {
    return Way::template told<std::string_view>([&](std::string_view &text, capsule_error *error) {
      const char *data = nullptr;
      std::size_t size = 0;
      const capsule_status status = capsule_profile_get_collapsed(capi(), &data, &size, error);
      text = {data, size};
      return status;
    });
  }
  capsule_profile *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  std::unique_ptr<capsule_profile, detail::Releases<capsule_profile, capsule_profile_release>> handle_;
};

/**
 * @brief Takes a batch of an exporter, on a thread of its own, one call at a time; what it is given is valid during the call. False counts
 * the batch's events as failed. It may call the library, and must not throw.
 */
using ExportFunction = std::function<bool(const Rows<capsule_export_group> &groups)>;

namespace detail {

// What the callback of an exporter is given.
struct Exported : Lasting {
  ExportFunction function;
  static std::int32_t run(void *user_data, const capsule_export_group *groups, std::size_t count) noexcept {
    return static_cast<Exported *>(user_data)->function({groups, count}) ? 0 : 1;
  }
};

// Where there is a function, waits until it runs no more: with no time for what is queued, and without end for a call that runs.
struct EndsExporter {
  std::shared_ptr<Exported> exported;
  void operator()(capsule_exporter *handle) const noexcept {
    capsule_status status = CAPSULE_OK;
    if (exported) {
      status = capsule_exporter_close(handle, 0, nullptr);
      while (status == CAPSULE_E_TIMEOUT) status = capsule_exporter_close(handle, 86'400'000, nullptr);
    }
    // From within the function itself, or after a fork, that cannot be known.
    if (status != CAPSULE_OK) Lasting::keep(exported);
    capsule_exporter_release(handle);
  }
};

}  // namespace detail

/**
 * @brief Hands on what a runtime's sessions do, as it becomes complete, to a file or a function. Destroying it drops what is queued, and
 * waits for a function that runs; `close` writes it.
 */
template <typename Way>
class BasicExporter {
 public:
  template <typename T>
  using Of = typename Way::template Of<T>;  ///< What a call for a T returns in this layer.

  /** @brief Takes a handle over, and what its callback is given. */
  BasicExporter(capsule_exporter *handle, std::shared_ptr<detail::Exported> exported) noexcept
      : handle_(handle, detail::EndsExporter{std::move(exported)}) {}
  /** @brief Waits until all that is queued now is written, failed or dropped. */
  Of<void> flush(Milliseconds timeout) { return Way::done(capsule_exporter_flush, capi(), std::int64_t{timeout.count()}); }
  /** @brief Ends it: what is queued is written for that long, the rest dropped. May be repeated. */
  Of<void> close(Milliseconds timeout) { return Way::done(capsule_exporter_close, capi(), std::int64_t{timeout.count()}); }
  /** @brief What it did, also when it is closed. */
  Of<capsule_exporter_info> info() const {
    return detail::Calls<Way>::template info<capsule_exporter_info>(capsule_exporter_get_info, capi());
  }
  capsule_exporter *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  std::unique_ptr<capsule_exporter, detail::EndsExporter> handle_;
};

/** @brief What a session tells; closed ones too. */
template <typename Self, typename Way>
class SessionSignals {
 public:
  template <typename T>
  using Of = typename Way::template Of<T>;  ///< What a call for a T returns in this layer.

  /** @brief What its worker told of itself in its last heartbeat, and what was counted of heartbeats. */
  Of<capsule_worker_metrics> worker_metrics() const { return info<capsule_worker_metrics>(capsule_session_get_worker_metrics); }
  /** @brief What its last worker announced: its interpreter, what it can do, its limits, its isolation. */
  Of<capsule_worker_info> worker_info() const { return info<capsule_worker_info>(capsule_session_get_worker_info); }
  /** @brief The frames between it and its workers. */
  Of<capsule_transport_metrics> transport_metrics() const {
    return info<capsule_transport_metrics>(capsule_session_get_transport_metrics);
  }
  /** @brief What cancels did; opt-in by `enable_metrics`. */
  Of<capsule_cancel_metrics> cancel_metrics() const { return info<capsule_cancel_metrics>(capsule_session_get_cancel_metrics); }
  /** @brief What its executors counted. */
  Of<capsule_executor_metrics> executor_metrics() const {
    return info<capsule_executor_metrics>(capsule_session_get_executor_metrics);
  }
  /** @brief What it knows of the code it was given, and what its event loop did. */
  Of<capsule_async_metrics> async_metrics() const { return info<capsule_async_metrics>(capsule_session_get_async_metrics); }
  /** @brief What its rate limiter did; opt-in by `enable_metrics`. */
  Of<capsule_limiter_metrics> limiter_metrics() const {
    return info<capsule_limiter_metrics>(capsule_session_get_limiter_metrics);
  }
  /** @brief What was counted of its calls of the host. */
  Of<capsule_bridge_metrics> bridge_metrics() const { return info<capsule_bridge_metrics>(capsule_session_get_bridge_metrics); }

  /** @brief Where its Python code stands; of a worker that died, where it stood. */
  Of<BasicStackTrace<Way>> stack(const capsule_stack_options &options = detail::defaults(capsule_stack_options_init)) const {
    return Calls::template made<BasicStackTrace<Way>, capsule_stack>(capsule_session_get_stack, handle(), &options);
  }
  /** @brief The same at the level that is asked for, for the caller that is named. */
  Of<BasicStackTrace<Way>> inspect_stack(
      const capsule_inspection &inspection = detail::defaults(capsule_inspection_init),
      const capsule_stack_options &options = detail::defaults(capsule_stack_options_init)) const {
    return Calls::template made<BasicStackTrace<Way>, capsule_stack>(capsule_session_inspect_stack, handle(), &inspection,
                                                                     &options);
  }
  /** @brief Its names. Waits for the worker, `timeout_ms` at most; then it is what the host knows. */
  Of<NamespaceSummary> inspect_namespace(
      const capsule_inspection &inspection = detail::defaults(capsule_inspection_init)) const {
    return Calls::template read<NamespaceSummary>(capsule_session_inspect_namespace, handle(), &inspection);
  }
  /** @brief What it executes, and what that waits for. Does not wait. */
  Of<capsule_execution_status> inspect_execution(
      const capsule_inspection &inspection = detail::defaults(capsule_inspection_init)) const {
    return Calls::template info<capsule_execution_status>(capsule_session_inspect_execution, handle(), &inspection);
  }
  /** @brief What stands between its code and the host, layer by layer. */
  Of<IsolationReport> inspect_isolation(
      const capsule_inspection &inspection = detail::defaults(capsule_inspection_init)) const {
    return Calls::template read<IsolationReport>(capsule_session_inspect_isolation, handle(), &inspection);
  }
  /** @brief From now on no more of it is seen than this allows too. It cannot be undone. */
  Of<void> narrow_introspection(const capsule_introspection_policy &policy) {
    return Way::done(capsule_session_narrow_introspection, handle(), &policy);
  }
  /** @brief The user's names, at most so many. Waits its turn. */
  Of<NameList> names(std::uint32_t limit = 65'536, Milliseconds timeout = kForever) const {
    return Calls::template read<NameList>(capsule_session_list, handle(), limit, std::int64_t{timeout.count()});
  }
  /** @brief The W3C trace context of an execution: the one given with it, or one that was made for it, always the same. */
  Of<capsule_trace_context> trace_context(std::uint64_t execution_id) const {
    return Calls::template info<capsule_trace_context>(capsule_session_get_trace_context, handle(), execution_id);
  }
  /** @brief The least severe level that is logged of it, `CAPSULE_LOG_…`, in the place of the sink's; 0 for the sink's. */
  Of<void> set_log_level(std::int32_t level) { return Way::done(capsule_session_set_log_level, handle(), level); }
  /** @brief What is known of its last death, or of an earlier one; `CAPSULE_E_STATE` where there was none. */
  Of<BasicPostmortem<Way>> postmortem(std::uint32_t index = 0) const {
    return Calls::template made<BasicPostmortem<Way>, capsule_postmortem>(capsule_session_get_postmortem, handle(), index);
  }
  /** @brief The same at the level that is asked for, for the caller that is named. */
  Of<BasicPostmortem<Way>> inspect_postmortem(const capsule_inspection &inspection = detail::defaults(capsule_inspection_init),
                                              std::uint32_t index = 0) const {
    return Calls::template made<BasicPostmortem<Way>, capsule_postmortem>(capsule_session_inspect_postmortem, handle(),
                                                                          &inspection, index);
  }
  /** @brief As `trace_label`, at the level that is asked for, for the caller that is named. */
  Of<capsule_trace_label> inspect_trace_label(
      std::uint32_t number, const capsule_inspection &inspection = detail::defaults(capsule_inspection_init)) const {
    return Calls::template info<capsule_trace_label>(capsule_session_inspect_trace_label, handle(), &inspection, number);
  }
  /** @brief Begins to sample where its Python code stands; how much the lines tell, `stack` of the policy says. */
  Of<BasicProfile<Way>> profile(const capsule_profile_options &options = detail::defaults(capsule_profile_options_init)) const {
    return Calls::template made<BasicProfile<Way>, capsule_profile>(capsule_session_profile, handle(), &options);
  }

 private:
  using Calls = detail::Calls<Way>;
  template <typename Info, typename Get>
  Of<Info> info(Get *get) const {
    return Calls::template info<Info>(get, handle());
  }
  capsule_session *handle() const noexcept { return static_cast<const Self *>(this)->capi(); }
};

/** @brief What a pool tells; closed ones too. */
template <typename Self, typename Way>
class PoolSignals {
 public:
  template <typename T>
  using Of = typename Way::template Of<T>;  ///< What a call for a T returns in this layer.

  /** @brief Its sessions, and where each stands. */
  Of<PoolSessions> sessions() const { return Calls::template read<PoolSessions>(capsule_pool_list_sessions, handle()); }
  /** @brief What became of its imports at the last warm-up. */
  Of<PoolImports> imports() const { return Calls::template read<PoolImports>(capsule_pool_list_imports, handle()); }
  /** @brief Its state and its sessions for others to see. */
  Of<PoolInspection> inspect(const capsule_inspection &inspection = detail::defaults(capsule_inspection_init)) const {
    return Way::template told<PoolInspection>([&](PoolInspection &told, capsule_error *error) {
      return capsule_pool_inspect(handle(), &inspection, &told.info, told.capi(), error);
    });
  }

 private:
  using Calls = detail::Calls<Way>;
  capsule_pool *handle() const noexcept { return static_cast<const Self *>(this)->capi(); }
};

/** @brief What a bridge tells; closed ones too. */
template <typename Self, typename Way>
class BridgeSignals {
 public:
  template <typename T>
  using Of = typename Way::template Of<T>;  ///< What a call for a T returns in this layer.

  /** @brief The calls that are open, the oldest first. */
  Of<std::vector<capsule_pending_call>> pending() const { return Calls::rows(capsule_bridge_list_pending, handle()); }
  /** @brief The same for others to see. */
  Of<PendingSummary> inspect_pending(const capsule_inspection &inspection = detail::defaults(capsule_inspection_init)) const {
    return Calls::template read<PendingSummary>(capsule_bridge_inspect_pending, handle(), &inspection);
  }
  /** @brief What became of the calls of each capability that was called, by name. */
  Of<std::vector<capsule_capability_metrics>> capability_metrics() const {
    return Calls::rows(capsule_bridge_list_capability_metrics, handle());
  }

 private:
  using Calls = detail::Calls<Way>;
  capsule_bridge *handle() const noexcept { return static_cast<const Self *>(this)->capi(); }
};

/** @brief What a store of promises tells; closed ones too. */
template <typename Self, typename Way>
class PromiseStoreSignals {
 public:
  template <typename T>
  using Of = typename Way::template Of<T>;  ///< What a call for a T returns in this layer.

  /** @brief Those that are open. */
  Of<std::vector<capsule_pending_promise>> pending() const { return Calls::rows(capsule_promise_list_pending, handle()); }
  /** @brief The same for others to see. */
  Of<PendingSummary> inspect_pending(const capsule_inspection &inspection = detail::defaults(capsule_inspection_init)) const {
    return Calls::template read<PendingSummary>(capsule_promise_store_inspect_pending, handle(), &inspection);
  }

 private:
  using Calls = detail::Calls<Way>;
  capsule_promise_store *handle() const noexcept { return static_cast<const Self *>(this)->capi(); }
};

/** @brief What a runtime tells, closed ones too, and to whom. */
template <typename Self, typename Way>
class RuntimeSignals {
 public:
  template <typename T>
  using Of = typename Way::template Of<T>;  ///< What a call for a T returns in this layer.

  /** @brief What it counted over all its sessions, those included that are gone. */
  Of<capsule_runtime_metrics> metrics() const {
    return Calls::template info<capsule_runtime_metrics>(capsule_runtime_get_metrics, handle());
  }
  /** @brief All its metrics in Prometheus' text format, version 0.0.4. */
  Of<MetricsText> prometheus() const { return Calls::template read<MetricsText>(capsule_runtime_get_prometheus, handle()); }
  /** @brief Sets what may be seen of it, from the next look on; its fields are those of introspection.h. */
  Of<void> set_introspection_policy(const capsule_introspection_policy &policy) {
    return Way::done(capsule_runtime_set_introspection_policy, handle(), &policy);
  }
  /** @brief Gives it another audit trail: a new chain, in the ring and in the sink, where there is one. */
  Of<void> set_audit(const capsule_audit_options &options = detail::defaults(capsule_audit_options_init)) {
    return Way::done(capsule_runtime_set_audit, handle(), &options);
  }
  /** @brief What its trail has counted, and the head, which is for `verify_audit`. */
  Of<capsule_audit_info> audit_info() const {
    return Calls::template info<capsule_audit_info>(capsule_runtime_get_audit_info, handle());
  }
  /** @brief The records in the ring, the oldest first; those behind a `sequence`, for who follows. */
  Of<AuditList> list_audit(std::uint64_t after_sequence = 0) const {
    return Calls::template read<AuditList>(capsule_runtime_list_audit, handle(), after_sequence);
  }
  /** @brief Checks records, in a file or in memory: the verdict is no failure, of what is broken too. Needs no runtime. */
  static Of<capsule_audit_report> verify_audit(capsule_audit_check check) {
    check.struct_size = sizeof check;
    return Calls::template info<capsule_audit_report>(capsule_audit_verify, &check);
  }
  /** @brief Starts an exporter to the file that the options name, or to a function. */
  Of<BasicExporter<Way>> open_exporter(capsule_exporter_options options, ExportFunction function = {}) const {
    std::shared_ptr<detail::Exported> exported;
    if (function) {
      exported = std::make_shared<detail::Exported>();
      exported->function = std::move(function);
      options.callback = &detail::Exported::run;
      options.user_data = exported.get();
    }
    return Way::template made<BasicExporter<Way>, capsule_exporter>(
        [&](capsule_exporter *&made, capsule_error *error) {
          return capsule_exporter_create(handle(), &options, &made, error);
        },
        exported);
  }

 private:
  using Calls = detail::Calls<Way>;
  capsule_runtime *handle() const noexcept { return static_cast<const Self *>(this)->capi(); }
};

}  // namespace cpp0
}  // namespace capsule
#endif
