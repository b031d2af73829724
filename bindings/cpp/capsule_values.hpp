/**
 * @file capsule_values.hpp
 * @brief Of the C++ wrapper: options and checkpoints; capsule.hpp includes it.
 */
#ifndef CAPSULE_CAPSULE_VALUES_HPP
#define CAPSULE_CAPSULE_VALUES_HPP

#include <capsule/capsule_bridge.hpp>

namespace capsule {
inline namespace cpp0 {

namespace detail {

inline capsule_session_options session_defaults() { return defaults(capsule_session_options_init); }

}  // namespace detail

/** @brief Options of a runtime: fields and defaults of `capsule_runtime_options`. */
struct RuntimeOptions {
  std::uint32_t max_frame_bytes = detail::defaults(capsule_runtime_options_init).max_frame_bytes;  ///< Of either side.
  std::string worker_dir{};   ///< Folder of the worker module.
  std::vector<Rule> rules{};  ///< The most that any session may call of any bridge; none: what bridges and sessions say.
};

/** @brief Options of a session: fields and defaults of `capsule_session_options`. */
struct SessionOptions {
  std::int32_t executor = detail::session_defaults().executor;         ///< `CAPSULE_EXECUTOR_…`.
  std::int32_t start = detail::session_defaults().start;               ///< `CAPSULE_START_…`.
  std::uint32_t queue_limit = detail::session_defaults().queue_limit;  ///< Executions that may wait behind another.
  std::string python{};                                                ///< The interpreter, a path or a name.
  std::vector<std::string> preload{};                                  ///< Modules to import before the start.
  std::vector<std::string> native_thread_allow{};  ///< Preloaded modules that may leave native threads running.
  std::vector<std::string> environment{};          ///< `NAME=value` texts added to the host's environment.
  std::string working_directory{};                 ///< The worker's current folder.
  Milliseconds start_timeout{detail::session_defaults().start_timeout_ms};            ///< For the worker to get ready.
  Milliseconds cancel_grace{detail::session_defaults().cancel_grace_ms};              ///< From cancel to kill.
  Milliseconds heartbeat_interval{detail::session_defaults().heartbeat_interval_ms};  ///< Time between heartbeats.
  bool wait_ready = detail::session_defaults().wait_ready != 0;  ///< Whether `open` waits until the worker is ready.
  std::uint64_t output_window_bytes = detail::session_defaults().output_window_bytes;  ///< On its way to the caller.
  std::uint64_t output_queue_bytes = detail::session_defaults().output_queue_bytes;    ///< Waiting in the worker.
  double rate_limit_per_s = detail::session_defaults().rate_limit_per_s;               ///< Executions a second; 0: no limit.
  std::uint32_t rate_limit_burst = detail::session_defaults().rate_limit_burst;        ///< Executions at once.
  std::int32_t output_policy = detail::session_defaults().output_policy;               ///< `CAPSULE_OUTPUT_…`.
  bool enable_metrics = detail::session_defaults().enable_metrics != 0;                ///< The opt-in metrics.
  std::int32_t mode = detail::session_defaults().mode;                ///< `CAPSULE_MODE_…` of executions that name none.
  bool idle_tasks = detail::session_defaults().idle_tasks != 0;       ///< Whether tasks go on while no execution runs.
  std::int32_t late_output = detail::session_defaults().late_output;  ///< `CAPSULE_LATE_…`.
  std::uint64_t output_budget_bytes = detail::session_defaults().output_budget_bytes;  ///< Of an execution; 0: no limit.
  bool coalesce_carriage_returns = detail::session_defaults().coalesce_carriage_returns != 0;  ///< Of progress bars.
  std::uint32_t async_flags = detail::session_defaults().async_flags;                          ///< Bits of `CAPSULE_ASYNC_…`.
  Milliseconds drain_timeout{detail::session_defaults().drain_timeout_ms};                     ///< For output before the end.
  Milliseconds input_timeout{detail::session_defaults().input_timeout_ms};                     ///< For an answer to `input()`.
  std::uint64_t display_limit_bytes = detail::session_defaults().display_limit_bytes;          ///< Of one display.
  double progress_rate_per_s = detail::session_defaults().progress_rate_per_s;                 ///< Of one bar; 0: no limit.
  std::uint32_t ast_cache_entries = detail::session_defaults().ast_cache_entries;              ///< Syntax trees kept.
  std::uint32_t code_cache_entries = detail::session_defaults().code_cache_entries;            ///< Compiled sources kept.
  std::uint32_t snapshot_limit = detail::session_defaults().snapshot_limit;                    ///< Snapshots kept.
  std::int32_t restart_policy = detail::session_defaults().restart_policy;                     ///< `CAPSULE_RESTART_…`.
  std::uint32_t checkpoint_limit = detail::session_defaults().checkpoint_limit;                ///< Checkpoints kept.
  std::uint32_t trace_bytes = detail::session_defaults().trace_bytes;                          ///< Of its trace; 0: none.
  std::int32_t trace_level = detail::session_defaults().trace_level;                           ///< `CAPSULE_LOG_…`.
  std::int32_t trace_transport = detail::session_defaults().trace_transport;                   ///< `CAPSULE_TRACE_BY_…`.
  std::uint64_t snapshot_memory_limit_bytes =
      detail::session_defaults().snapshot_memory_limit_bytes;  ///< Of snapshots together; 0: no limit.
  const Bridge *bridge = nullptr;                              ///< Whose functions it may call, as far as there are rules.
  std::vector<Rule> rules{};                                   ///< What it may call of them; none: nothing.
};

/** @brief Names and the values to bind them to, for an execution or Session::update(). */
class Inputs {
 public:
  /** @brief What `data` is as `kind` says, `CAPSULE_VALUE_…`; copied here. */
  Inputs &set(std::string name, std::int32_t kind, std::string data) {
    entries_.push_back({std::move(name), std::move(data), kind, nullptr});
    return *this;
  }
  /** @brief The bytes of a buffer, without a copy; it has to live until these are used. */
  Inputs &set(std::string name, const Buffer &buffer) {
    entries_.push_back({std::move(name), {}, CAPSULE_VALUE_BUFFER, buffer.capi()});
    return *this;
  }

 private:
  friend class Session;
  struct Entry {
    std::string name;
    std::string data;
    std::int32_t kind;
    capsule_buffer *buffer;
  };
  struct Raw {
    std::vector<capsule_value> values;
    std::vector<capsule_input> inputs;
  };
  Raw raw() const {
    Raw raw;
    raw.values.resize(entries_.size());
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Entry &entry = entries_[i];
      raw.values[i] = entry.buffer == nullptr ? detail::value_of(entry.kind, entry.data) : detail::value_of(entry.buffer);
      raw.inputs.push_back({detail::view(entry.name), &raw.values[i]});
    }
    return raw;
  }
  std::vector<Entry> entries_;
};

namespace detail {

// The C struct of a session's options, whose texts are those of `options`.
class RawSessionOptions {
 public:
  explicit RawSessionOptions(const SessionOptions &options)
      : preload_(views(options.preload)),
        allow_(views(options.native_thread_allow)),
        environment_(views(options.environment)),
        rules_(options.rules),
        raw_(session_defaults()) {
    raw_.executor = options.executor;
    raw_.start = options.start;
    raw_.queue_limit = options.queue_limit;
    raw_.python = detail::view(options.python);
    raw_.preload = preload_.data();
    raw_.preload_count = preload_.size();
    raw_.native_thread_allow = allow_.data();
    raw_.native_thread_allow_count = allow_.size();
    raw_.environment = environment_.data();
    raw_.environment_count = environment_.size();
    raw_.working_directory = detail::view(options.working_directory);
    raw_.start_timeout_ms = options.start_timeout.count();
    raw_.cancel_grace_ms = options.cancel_grace.count();
    raw_.heartbeat_interval_ms = static_cast<std::uint32_t>(options.heartbeat_interval.count());
    raw_.wait_ready = options.wait_ready ? 1 : 0;
    raw_.output_window_bytes = options.output_window_bytes;
    raw_.output_queue_bytes = options.output_queue_bytes;
    raw_.rate_limit_per_s = options.rate_limit_per_s;
    raw_.rate_limit_burst = options.rate_limit_burst;
    raw_.enable_metrics = options.enable_metrics ? 1 : 0;
    raw_.output_policy = options.output_policy;
    raw_.mode = options.mode;
    raw_.idle_tasks = options.idle_tasks ? 1 : 0;
    raw_.late_output = options.late_output;
    raw_.output_budget_bytes = options.output_budget_bytes;
    raw_.coalesce_carriage_returns = options.coalesce_carriage_returns ? 1 : 0;
    raw_.async_flags = options.async_flags;
    raw_.drain_timeout_ms = options.drain_timeout.count();
    raw_.input_timeout_ms = options.input_timeout.count();
    raw_.display_limit_bytes = options.display_limit_bytes;
    raw_.progress_rate_per_s = options.progress_rate_per_s;
    raw_.ast_cache_entries = options.ast_cache_entries;
    raw_.code_cache_entries = options.code_cache_entries;
    raw_.snapshot_limit = options.snapshot_limit;
    raw_.restart_policy = options.restart_policy;
    raw_.checkpoint_limit = options.checkpoint_limit;
    raw_.trace_bytes = options.trace_bytes;
    raw_.trace_level = options.trace_level;
    raw_.trace_transport = options.trace_transport;
    raw_.snapshot_memory_limit_bytes = options.snapshot_memory_limit_bytes;
    raw_.bridge = options.bridge == nullptr ? nullptr : options.bridge->capi();
    raw_.rules = rules_.data();
    raw_.rule_count = rules_.size();
  }
  const capsule_session_options *get() const noexcept { return &raw_; }

 private:
  std::vector<capsule_text> preload_, allow_, environment_;
  RawRules rules_;
  capsule_session_options raw_;
};

inline capsule_pool_options pool_defaults() { return defaults(capsule_pool_options_init); }

}  // namespace detail

/** @brief Options of a pool: fields and defaults of `capsule_pool_options`. */
struct PoolOptions {
  std::uint32_t min_idle = detail::pool_defaults().min_idle;                          ///< Sessions to keep idle.
  std::uint32_t max_sessions = detail::pool_defaults().max_sessions;                  ///< Most sessions at once.
  std::int32_t reset = detail::pool_defaults().reset;                                 ///< `CAPSULE_RESET_…`.
  SessionOptions session{};                                                           ///< How its sessions are opened.
  std::vector<std::string> imports{};                                                 ///< Modules to import at the warm-up.
  std::string warmup{};                                                               ///< Code that runs behind them.
  Milliseconds warmup_timeout{detail::pool_defaults().warmup_timeout_ms};             ///< For each of both.
  bool imports_fatal = detail::pool_defaults().imports_fatal != 0;                    ///< Whether they all have to succeed.
  bool pre_warm = detail::pool_defaults().pre_warm != 0;                              ///< Whether it is filled at once.
  Milliseconds idle_timeout{detail::pool_defaults().idle_timeout_ms};                 ///< For sessions beyond need; 0: never.
  Milliseconds health_interval{detail::pool_defaults().health_interval_ms};           ///< Time between looks at idle ones.
  Milliseconds acquire_timeout{detail::pool_defaults().acquire_timeout_ms};           ///< Where an acquisition says none.
  std::uint64_t recycle_executions = detail::pool_defaults().recycle_executions;      ///< In one session; 0: no limit.
  Milliseconds recycle_age{detail::pool_defaults().recycle_age_ms};                   ///< Of a session; 0: no limit.
  std::uint64_t recycle_growth_bytes = detail::pool_defaults().recycle_growth_bytes;  ///< 0: no limit.
  std::uint64_t session_memory_bytes = detail::pool_defaults().session_memory_bytes;  ///< 0: no limit.
  std::uint64_t pool_memory_bytes = detail::pool_defaults().pool_memory_bytes;        ///< 0: no limit.
  std::uint32_t max_waiters = detail::pool_defaults().max_waiters;                    ///< In the line.
  std::uint32_t trace_bytes = detail::pool_defaults().trace_bytes;                    ///< Of the pool's trace.
  std::uint32_t breaker_failures = detail::pool_defaults().breaker_failures;          ///< In a row, that open it.
  Milliseconds breaker_pause{detail::pool_defaults().breaker_pause_ms};               ///< Its first one.
  Milliseconds breaker_pause_max{detail::pool_defaults().breaker_pause_max_ms};       ///< Its longest one.
};

/** @brief Options of an execution: fields and defaults of `capsule_execution_options`. */
struct ExecutionOptions {
  std::string file_name{};                                ///< File name in tracebacks.
  std::string traceparent{};                              ///< W3C `traceparent` of the caller's span.
  std::string tracestate{};                               ///< W3C `tracestate`; needs a `traceparent`.
  Milliseconds timeout{0};                                ///< Time the code may run once started; 0 for no limit.
  std::int32_t mode = CAPSULE_MODE_AUTO;                  ///< `CAPSULE_MODE_…`; auto for the session's.
  std::uint64_t output_budget_bytes = 0;                  ///< What of its output reaches the host; 0 for the session's.
  std::int32_t transaction = CAPSULE_TRANSACTION_COMMIT;  ///< `CAPSULE_TRANSACTION_…`.
  std::int32_t transaction_scope = CAPSULE_SCOPE_MEMORY;  ///< `CAPSULE_SCOPE_…`.
  Inputs inputs{};                                        ///< Names to bind before the code runs.
  std::int32_t result_kind = CAPSULE_VALUE_NONE;          ///< `CAPSULE_VALUE_…`: what the value is wanted as, besides.
  std::string idempotency_key{};                          ///< Alike where it is run again, see bridge.h.
  bool capture_sources = true;                            ///< Whether sources are kept for checkpoints.
};

/** @brief How a checkpoint is made or read: fields and defaults of `capsule_checkpoint_options`. */
struct CheckpointOptions {
  std::int32_t compression_level = detail::defaults(capsule_checkpoint_options_init).compression_level;  ///< 0 … 19.
  std::string name{};                                                                                    ///< Its name.
  std::string metadata{};                                                                 ///< A JSON object of the caller's.
  std::string key{};                                                                      ///< To sign or to check with.
  std::uint64_t max_bytes = detail::defaults(capsule_checkpoint_options_init).max_bytes;  ///< Before compression.
};

namespace detail {

inline capsule_checkpoint_options raw(const CheckpointOptions &options) {
  capsule_checkpoint_options result = defaults(capsule_checkpoint_options_init);
  result.compression_level = options.compression_level;
  result.name = view(options.name);
  result.metadata = view(options.metadata);
  result.key = view(options.key);
  result.max_bytes = options.max_bytes;
  return result;
}

// Those that a call fills in.
template <typename Fill>
std::vector<CheckpointEntry> entries(Fill fill) {
  Entries raw;
  fill(raw.capi());
  return raw.copy();
}

}  // namespace detail

/** @brief What a session knew, as bytes. */
class Checkpoint {
 public:
  /** @brief Reads a file and checks it; nothing is unpickled. */
  static Checkpoint read_file(std::string_view path, const CheckpointOptions &options = {}) {
    const capsule_checkpoint_options raw = detail::raw(options);
    capsule_checkpoint *handle = nullptr;
    detail::call(capsule_checkpoint_read_file, path.data(), path.size(), &raw, &handle);
    return Checkpoint(handle);
  }
  /** @brief Reads bytes and checks them; nothing is unpickled. */
  static Checkpoint read(std::string_view data, const CheckpointOptions &options = {}) {
    const capsule_checkpoint_options raw = detail::raw(options);
    capsule_checkpoint *handle = nullptr;
    detail::call(capsule_checkpoint_read, static_cast<const void *>(data.data()), data.size(), &raw, &handle);
    return Checkpoint(handle);
  }
  /** @brief Its bytes, valid as long as it is there. */
  std::string_view data() const {
    const void *data = nullptr;
    std::size_t size = 0;
    detail::call(capsule_checkpoint_get_data, capi(), &data, &size);
    return {static_cast<const char *>(data), size};
  }
  /** @brief Writes it to a file that only the owner can read, whole or not at all. */
  void write_file(std::string_view path) const {
    detail::call(capsule_checkpoint_write_file, capi(), path.data(), path.size());
  }
  capsule_checkpoint_info info() const {
    return detail::info(capsule_checkpoint_get_info, capi());
  }  ///< What it says of itself.
  /** @brief Its names, and those that were skipped when it was made. */
  std::vector<CheckpointEntry> entries() const {
    return detail::entries([this](capsule_checkpoint_entries *raw) { detail::call(capsule_checkpoint_list, capi(), raw); });
  }
  capsule_checkpoint *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  friend class Session;
  explicit Checkpoint(capsule_checkpoint *handle) noexcept : handle_(handle) {}
  std::unique_ptr<capsule_checkpoint, detail::Releaser> handle_;
};

}  // namespace cpp0
}  // namespace capsule
#endif
