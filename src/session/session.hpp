// A session: one worker at a time, executions in order, every state change. Any thread may call what does not say otherwise.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/log.hpp"
#include "capsule/metrics.h"
#include "diagnostics/export_group.hpp"
#include "diagnostics/guard.hpp"
#include "diagnostics/postmortem.hpp"
#include "diagnostics/signals.hpp"
#include "diagnostics/trace.hpp"
#include "session/execution.hpp"
#include "session/host_calls.hpp"
#include "session/interceptors.hpp"
#include "session/operation.hpp"
#include "session/profile.hpp"
#include "session/worker.hpp"
#include "transport/rate_limiter.hpp"

namespace capsule {

class Checkpoint;
class Runtime;
class Snapshot;
struct SessionStatus;
struct Stack;

// How a checkpoint is to be made.
struct CheckpointWish {
  std::string name;
  std::string metadata;  // a JSON object, or empty
  std::string key;
  int level = 1;
  std::uint64_t max_bytes = std::uint64_t{1} << 30U;
};

struct SessionOptions {
  Profile profile;
  std::uint32_t queue_limit = 64;
  std::int64_t start_timeout_ms = 10'000;
  std::int64_t cancel_grace_ms = 500;
  std::uint32_t heartbeat_interval_ms = 5'000;
  bool wait_ready = true;
  std::uint64_t output_window_bytes = 1U << 20U;
  std::uint64_t output_queue_bytes = 4U << 20U;
  double rate_limit_per_s = 0;
  std::uint32_t rate_limit_burst = 100;
  bool enable_metrics = false;
  std::int32_t output_policy = CAPSULE_OUTPUT_BLOCK;
  std::int32_t mode = CAPSULE_MODE_AUTO;
  bool idle_tasks = false;
  std::int32_t late_output = CAPSULE_LATE_ADOPT;
  std::uint64_t output_budget_bytes = 0;
  bool coalesce_carriage_returns = false;
  std::uint32_t async_flags = 0;
  std::int64_t drain_timeout_ms = 2'000;
  std::int64_t input_timeout_ms = 300'000;
  std::uint64_t display_limit_bytes = 16U << 20U;
  double progress_rate_per_s = 20;
  std::uint32_t ast_cache_entries = 100;
  std::uint32_t code_cache_entries = 100;
  std::uint32_t snapshot_limit = 16;
  std::uint64_t snapshot_memory_limit_bytes = 0;
  std::uint32_t checkpoint_limit = 16;
  std::uint32_t trace_bytes = 256U << 10U;
  std::int32_t trace_level = CAPSULE_LOG_INFO;
  std::int32_t trace_transport = CAPSULE_TRACE_BY_MEMORY;
  std::int32_t restart_policy = CAPSULE_RESTART_MANUAL;
  std::shared_ptr<CallSource> calls;  // null: it may call nothing
  std::string pool = kNoPool;         // what its metrics are counted under
};

// What a worker is made of where it is not a fresh one.
struct Birth {
  std::shared_ptr<Snapshot> snapshot;
  bool keep = true;  // the snapshot stays; else it becomes the worker itself
};

// What a session tells whoever keeps it: it is ready; nothing runs any more, after cancel_all(); its worker is lost or it is closed.
enum class SessionNews { kReady, kIdle, kGone };
constexpr std::uint32_t bit(SessionNews news) { return 1U << static_cast<unsigned>(news); }

class Session : public std::enable_shared_from_this<Session>, public LookWitness {
 public:
  Session(std::shared_ptr<Runtime> runtime, std::uint64_t id, SessionOptions options, std::uint64_t parent_id, Birth birth);
  ~Session() override;

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] Runtime &runtime() const { return *runtime_; }

  // Handles: the session's own and one for each unreleased execution. When the last is dropped the session is closed.
  bool add_handle();  // false when the last one was dropped
  void drop_handle();

  // Life cycle (session_lifecycle.cpp).
  void begin_start();  // posts the start of a worker to the loop; the state is CREATING
  Status wait_ready(std::uint64_t deadline_ns);
  Status restart();
  void begin_close(std::uint64_t deadline_ns);  // does not wait
  void wait_terminated();
  Status close(std::int64_t timeout_ms);

  // Executions (session.cpp).
  Result<std::shared_ptr<Execution>> submit(ExecutionRequest request);
  Status cancel(Execution &execution, std::int64_t grace_ms);
  Status interrupt(Execution &execution);
  void abandon(Execution &execution);
  void count_refused();

  // Inputs (session_inputs.cpp).
  static Status answer(const std::shared_ptr<Execution> &execution, std::uint64_t input_id, InputLine line);

  // For its keeper, a pool (session_keeping.cpp). The listener is called under the session's lock: it may only take note.
  using Listener = std::function<void(SessionNews)>;
  void set_listener(Listener listener);
  enum class Use { kFree, kStopping, kInUse };
  // Cancels what runs and what is queued; kStopping: the listener hears when it has ended. kInUse: something else goes on in it, or it is closed.
  Use cancel_all();
  // Whether its worker lives and nothing runs.
  bool usable();
  [[nodiscard]] bool terminated();
  [[nodiscard]] std::int64_t cancel_grace_ms() const { return options_.cancel_grace_ms; }

  // Between executions (session_operations.cpp). They wait.
  Status perform(const std::shared_ptr<Operation> &operation, std::uint64_t deadline_ns);
  Result<std::shared_ptr<Snapshot>> take_snapshot(bool kept, std::uint64_t deadline_ns);
  Status restore(const std::shared_ptr<Snapshot> &snapshot, std::uint64_t deadline_ns);

  // Checkpoints (session_checkpoints.cpp). make and restore wait; of a checkpoint that was made or restored, the id is kept.
  Result<std::shared_ptr<Checkpoint>> make_checkpoint(const CheckpointWish &wish, std::uint64_t deadline_ns);
  Result<std::string> restore_checkpoint(Checkpoint &checkpoint, std::uint32_t flags, std::uint64_t deadline_ns);
  Status keep_checkpoint(const std::shared_ptr<Checkpoint> &checkpoint);
  std::shared_ptr<Checkpoint> find_checkpoint(const std::string &name);
  std::shared_ptr<Checkpoint> checkpoint_at(std::size_t index);
  Status forget_checkpoint(const std::string &name);

  // Calls of the host (session_calls.cpp). False where whoever waited is gone.
  bool answer_call(const CallAddress &address, const HostAnswer &answer);
  // So many of the pieces that its code sent were taken.
  void credit_call(const CallAddress &address, std::uint32_t count);
  struct TracedCall {
    std::int32_t kind;
    std::uint64_t execution_id;
    std::string_view capability;
    std::uint64_t request_id = 0;
    std::int32_t status = 0;
    std::array<std::uint64_t, 2> arguments{};
    std::uint64_t time_ns = 0;  // 0: now
  };
  void trace_call(const TracedCall &call);
  // Whether events of that kind are recorded. Under no lock.
  [[nodiscard]] bool traces(std::int32_t kind) const { return trace_.wants(kind); }
  // Null where it has no bridge.
  [[nodiscard]] const std::shared_ptr<CallSink> &calls() const { return calls_; }

  // Waiting (session_events.cpp).
  Result<Event> next(Execution &execution, std::uint64_t deadline_ns);

  // The execution that ended last, or 0.
  std::uint64_t last_execution();
  capsule_session_info info();
  // What runs and what it waits for, from what the host knows (session_status.cpp).
  SessionStatus status();
  [[nodiscard]] const SessionOptions &options() const { return options_; }
  // The trace (session_trace.cpp).
  Status trace(const capsule_trace_filter &filter, std::size_t capacity, std::vector<capsule_trace_event> &events,
               capsule_trace_info &info);
  void follow_trace(const std::shared_ptr<TraceFollower> &follower);
  void arm_trace(TraceFollower &follower);
  struct TraceContext {
    std::string traceparent;
    std::string tracestate;
    bool given = false;  // with the execution
  };
  // Nothing for an execution that there never was.
  std::optional<TraceContext> trace_context(std::uint64_t execution_id);
  std::optional<std::string> trace_label(std::uint32_t number);
  void looked(const Looked &look) override;
  // Of the last deaths, 0 for the last; null where there was none.
  std::shared_ptr<const Postmortem> postmortem(std::size_t index);
  void note_branch(std::uint64_t session_id);
  // Where the worker's Python code stands, or stood when it died (session_stack.cpp). The lock is held for a moment only.
  Result<std::shared_ptr<const Stack>> stack(const StackWish &wish);
  // What reads its memory is held by the kernel for as long as a worker likes (userfaultfd): one that does so is killed.
  void watch_readings(const std::shared_ptr<Worker> &worker, std::uint64_t due_ns);
  void on_readings_due(const std::shared_ptr<Worker> &worker);
  // Where it stood when the last worker died, or null.
  std::shared_ptr<const Stack> death_stack();
  capsule_executor_metrics executor_metrics();
  capsule_async_metrics async_metrics();
  // CAPSULE_E_STATE when the session was opened without enable_metrics.
  Result<capsule_limiter_metrics> limiter_metrics();

  // session_metrics.cpp
  capsule_worker_metrics worker_metrics();
  capsule_worker_info worker_info();
  capsule_transport_metrics transport_metrics();
  Result<capsule_cancel_metrics> cancel_metrics();
  // Adds all that it has counted.
  void report(SignalSet &set);
  [[nodiscard]] const std::shared_ptr<DurableFigures> &durable_figures() const { return durable_figures_; }
  [[nodiscard]] const std::string &pool_name() const { return options_.pool; }
  void set_log_level(int level) { log_level_->set(level); }
  [[nodiscard]] const LogLevel &log_level() const { return *log_level_; }

  Result<std::uint64_t> add_interceptor(std::string name, const capsule_interceptor_options &options);
  void remove_interceptor(std::uint64_t id);
  Result<capsule_interceptor_info> interceptor_info(std::uint64_t id);

 private:
  // Queues to notify once the lock is dropped: declare before the lock.
  class Notifications;
  using Lock = std::unique_lock<std::mutex>;

  // session.cpp: all under the lock.
  void push(Notifications &notifications, const std::shared_ptr<Execution> &execution, Event event, bool terminal);
  void dispatch(Notifications &notifications);
  bool take_token(const Execution &execution);
  void on_token();
  // To the trace and the interceptors.
  void show(const SeenFrame &frame);
  void send(Channel Worker::*channel, std::uint64_t execution_id, wire::Body body);
  // An error where this process cannot pass the descriptors on, as for want of others: then nothing was sent.
  Status send_with_fds(Channel Worker::*channel, std::uint64_t execution_id, wire::Body body, std::span<const int> fds);
  void run_next(Notifications &notifications, const std::shared_ptr<Execution> &execution);
  void end(Notifications &notifications, const std::shared_ptr<Execution> &execution, Event event);
  void end_unstarted(Notifications &notifications, const std::shared_ptr<Execution> &execution, std::int32_t outcome,
                     const char *error_type, const std::string &message, const capsule_event &death = {});
  void end_queued(Notifications &notifications, std::int32_t outcome, const char *error_type, const std::string &message,
                  const capsule_event &death = {});
  void count_outcome(std::int32_t outcome);
  void stop_execution(const std::shared_ptr<Execution> &execution, std::int32_t cause, std::int64_t grace_ms);
  void on_timeout(const std::weak_ptr<Execution> &weak);
  void on_grace_over(const std::weak_ptr<Execution> &weak);
  void drop_timers(Execution &execution);
  void send_control(std::uint64_t execution_id, wire::Body body) { send(&Worker::control, execution_id, std::move(body)); }
  void tell(SessionNews news) const;
  void tell_if_stopped();
  void credit(std::uint64_t bytes);
  void flush_later(const std::shared_ptr<Worker> &worker, Channel Worker::*channel);

  [[nodiscard]] Status died_status() const;

  // session_metrics.cpp: under the lock.
  void count_end(const Execution &execution, const capsule_event &end);
  void count_noop_cancel();
  void count_abandoned(std::uint64_t bytes);
  void note_heartbeat(const wire::Heartbeat &beat);
  void await_heartbeat();
  void on_heartbeat_missed(const std::weak_ptr<Worker> &weak);
  void tell_missed_heartbeats(std::uint64_t now_ns);
  void note_announcement(const Worker &worker, const wire::Ready &ready);
  void keep_figures(const Worker &worker);
  [[nodiscard]] std::uint64_t last_heartbeat_ns() const;
  [[nodiscard]] std::uint64_t missed_heartbeats(std::uint64_t now_ns) const;
  [[nodiscard]] capsule_worker_metrics worker_metrics(std::uint64_t now) const;
  [[nodiscard]] capsule_transport_metrics transport_metrics_now() const;
  void copy_counters() const;
  void keep_counters(Worker &worker);
  [[nodiscard]] bool counts_stale() const;
  // As of copy_counters(); likewise the next.
  [[nodiscard]] capsule_executor_metrics executor_metrics_now() const;
  [[nodiscard]] capsule_async_metrics async_metrics_now() const;
  void add_worker_figures(SignalSet &set, const CountersCopy &counters) const;
  void report_opt_in(SignalSet &set) const;
  void report_worker(SignalSet &set) const;
  void report_all(SignalSet &set);

  // session_export.cpp: under the lock.
  void export_execution(const Execution &execution, std::int32_t outcome);
  void export_session_events();
  void publish(ExportGroup group);
  void name_labels(ExportGroup &group) const;

  // session_inputs.cpp
  struct AskedInput {
    std::uint64_t id = 0;
    std::uint32_t number = 0;
    bool secret = false;
    bool recorded = false;
    std::string prompt;
    std::uint64_t timeout_ms = 0;
    std::uint64_t asked_ns = 0;
  };
  enum class AnsweredBy : std::uint8_t { kHost = 0, kRecord = 1, kPromise = 2 };
  void on_input_request(Notifications &notifications, const wire::Envelope &envelope, const wire::InputRequest &request);
  // Without the lock.
  static void recall_input(const std::shared_ptr<Execution> &execution, AskedInput input);
  static void on_recalled(const std::shared_ptr<Execution> &execution, const AskedInput &input, const Status &status,
                          const std::optional<InputLine> &line);
  static void on_settled(const std::shared_ptr<Execution> &execution, std::uint64_t input_id, const Status &status,
                         const InputLine &line);
  bool ask_host(Notifications &notifications, const std::shared_ptr<Execution> &execution, const AskedInput &input);
  void trace_answer(const Execution &execution, std::uint64_t input_id, const InputLine &line, AnsweredBy by);
  // Where it still runs.
  void give_line(const Execution &execution, std::uint64_t input_id, const Status &status, const InputLine &line);

  // session_events.cpp
  void help(Execution &execution, std::uint64_t deadline_ns);
  ReceiveState receive_work(Worker &worker);
  void on_work_readable(const std::shared_ptr<Worker> &worker);
  void show_received(std::int32_t channel, const wire::Envelope &envelope, std::size_t bytes);
  void on_work_frame(Worker &worker, const wire::Envelope &envelope, std::size_t bytes);
  void on_result(Notifications &notifications, Worker &worker, const wire::Envelope &envelope, const wire::Result &result);
  static void read_result(Worker &worker, const wire::Answer &answer, Event &event);
  void on_error(Notifications &notifications, const wire::Envelope &envelope, const wire::Error &error);
  void on_control_readable(const std::shared_ptr<Worker> &worker);
  void on_control_frame(const std::shared_ptr<Worker> &worker, const wire::Envelope &envelope, std::size_t bytes);

  // session_trace.cpp
  void collect_trace(Worker &worker, bool dead);
  void collect_if_due(Worker &worker);
  void set_state(std::int32_t state);
  void remember_context(const Execution &execution);
  void take_events(Worker &worker, const wire::TraceEvents &message);
  void write_postmortem(const Worker &worker, std::uint64_t recovered_bytes);
  [[nodiscard]] TraceContext context_of(std::uint64_t execution_id) const;
  void trace_delivery(const Execution &execution, const Result<Event> &event);

  // session_calls.cpp
  void remember_key(const Execution &execution);
  void on_call(Worker &worker, const wire::Envelope &envelope, const wire::Call &request);
  void on_piece(Worker &worker, const wire::CallPiece &piece);

  // session_operations.cpp
  void give_up(const std::shared_ptr<Operation> &operation);
  bool begin_operation();
  void start_operation(const std::shared_ptr<Operation> &operation);
  Status send_ask(Operation &operation, std::uint64_t fork_id);
  void begin_snapshot(const std::shared_ptr<Operation> &operation);
  void on_snapshot_forked(const std::shared_ptr<Operation> &operation, Result<Process> process, UniqueFd channel);
  void on_answer(Worker &worker, const wire::Answer &answer, UniqueFd attached);
  void finish_operation(Notifications &notifications, Status status);
  void trace_begin(const Operation &operation);
  void trace_end(const Operation &operation);
  void trace_rollback(const Execution &execution, const capsule_event &fields);
  void finish_snapshot(Operation &operation);
  void trim_snapshots(const Snapshot &newest);
  // A restore that waits, and what waits behind it: a death in front of it is no end of these.
  struct QueuedRestore {
    std::shared_ptr<Operation> restore;
    std::deque<std::shared_ptr<Operation>> operations;
    std::deque<std::shared_ptr<Execution>> executions;
  };
  QueuedRestore take_queued_restore();
  void fail_operation(Notifications &notifications, const Status &status);
  void fail_operations(Notifications &notifications, const Status &status);
  bool begin_transaction(const std::shared_ptr<Execution> &execution);
  void run_transaction(Notifications &notifications, const std::shared_ptr<Operation> &operation);
  [[nodiscard]] static bool rolls_back(const Execution &execution, std::int32_t outcome);
  void conclude(Notifications &notifications, Event event);
  void switch_to(Birth birth);
  bool revive();
  void hold_end(Event event, std::int32_t state);
  void settle_switch(Notifications &notifications, const Status &status);

  // session_checkpoints.cpp
  using Kept = std::deque<std::shared_ptr<Checkpoint>>;
  [[nodiscard]] Kept::iterator find_kept(const std::string &name);
  struct Unpacked {
    std::shared_ptr<Checkpoint> of;  // nothing: there is none, or no need of it
    UniqueFd memory;
    std::uint64_t manifest_bytes = 0;
  };
  [[nodiscard]] Result<Unpacked> unpack(const std::shared_ptr<Checkpoint> &checkpoint) const;
  [[nodiscard]] bool reloading() const { return operation_ && operation_->reloads; }
  bool begin_reload();
  void finish_reload(Notifications &notifications, const Status &status);

  // session_output.cpp
  struct Target {
    std::shared_ptr<Execution> execution;
    bool late;
  };
  [[nodiscard]] Target target_of(std::uint64_t execution_id) const;
  [[nodiscard]] std::uint64_t most_kept_back() const;
  [[nodiscard]] std::uint64_t charge_of(const Target &target, std::uint64_t charge) const;
  [[nodiscard]] bool has_room(const Target &target) const;
  void drop_late(std::uint64_t bytes, std::uint64_t charge);
  void deliver_output(Notifications &notifications, OutputPiece piece);
  bool deliver_message(Notifications &notifications, Worker &worker, const OutputPiece &piece);
  bool deliver_shown(Notifications &notifications, std::uint64_t execution_id, std::string frame, std::uint64_t charge);
  void join_and_push(Notifications &notifications, const Target &target, OutputPiece piece);
  void push_cut(Notifications &notifications, const Target &target, OutputPiece &cut);
  void push_text(Notifications &notifications, const Target &target, OutputPiece piece);
  [[nodiscard]] bool window_is_full(const Execution &execution) const;
  void count_charge(const Target &target, std::uint64_t charge);
  void take_charge(Execution &execution, std::uint64_t charge, std::uint64_t over);
  void finish_output(Notifications &notifications, const std::shared_ptr<Execution> &execution);
  void end_late(Notifications &notifications);

  // session_lifecycle.cpp: loop thread.
  void start_worker();
  void on_born(const std::shared_ptr<Worker> &worker, Result<Process> process);
  void on_start_text(Worker &worker);
  static void end_start_text(Worker &worker);
  void on_ready(const std::shared_ptr<Worker> &worker, const wire::Ready &ready);
  void on_start_timeout(const std::weak_ptr<Worker> &weak);
  void fail_start(Notifications &notifications, const Status &status);
  void kill_worker();
  void release_worker();
  void proceed_close();
  void on_close_deadline();
  void terminate(Notifications &notifications);

  // session_death.cpp
  void on_worker_gone(const std::shared_ptr<Worker> &worker);
  void await_exit_status(const std::shared_ptr<Worker> &worker, int attempt);
  void recover_output(Notifications &notifications, Worker &worker);
  void note_death(Worker &worker);
  void fail_to_begin(Notifications &notifications, const Worker &worker);
  void bury(const std::shared_ptr<Worker> &worker);
  void break_protocol(Worker &worker, const Status &error, RejectReason reason = RejectReason::kUnexpected);
  static std::string describe_death(const Worker &worker, std::int32_t reason);
  Event death_event(const Worker &worker, const Execution *execution) const;
  void on_channel_lost(const std::shared_ptr<Worker> &worker, int attempt = 0);
  std::int32_t death_reason(const Worker &worker) const;

  [[nodiscard]] bool closing() const { return state_ == CAPSULE_SESSION_SHUTTING_DOWN || state_ == CAPSULE_SESSION_TERMINATED; }
  [[nodiscard]] bool can_run() const { return state_ == CAPSULE_SESSION_READY || state_ == CAPSULE_SESSION_IDLE; }

  const std::shared_ptr<Runtime> runtime_;
  const std::uint64_t id_;
  const SessionOptions options_;
  const std::shared_ptr<CallSink> calls_;
  const std::shared_ptr<LogLevel> log_level_ = std::make_shared<LogLevel>();
  std::atomic<std::uint64_t> handles_{1};

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::int32_t state_ = CAPSULE_SESSION_CREATING;
  Status start_status_;                       // why the last start failed
  std::string last_death_;                    // how the last worker ended, in words
  std::shared_ptr<const Stack> death_stack_;  // where its Python code stood, when it was a fatal signal that ended it
  std::shared_ptr<Worker> worker_;
  std::uint32_t workers_made_ = 0;
  int births_failed_ = 0;
  std::uint64_t times_ready_ = 0;
  bool restarting_ = false;
  bool shutdown_sent_ = false;
  std::uint64_t close_deadline_ns_ = UINT64_MAX;
  std::shared_ptr<Execution> current_;
  std::deque<std::shared_ptr<Execution>> queue_;
  std::uint64_t last_execution_id_ = 0;
  std::deque<std::shared_ptr<Operation>> operations_;  // that wait
  std::shared_ptr<Operation> operation_;               // the one under way
  std::uint64_t last_request_id_ = 0;
  Birth birth_;                                              // of the next worker
  bool switching_ = false;                                   // the worker is about to be given up for it
  std::optional<Event> held_end_;                            // of the current execution, until it is rolled back
  std::int32_t held_state_ = 0;                              // what it will say of the state
  std::deque<std::weak_ptr<Snapshot>> snapshots_;            // those that count, the oldest first
  Kept checkpoints_;                                         // the oldest first
  Unpacked unpacked_;                                        // the last, where a death is to go back to it
  bool reloads_ = false;                                     // the next worker is to begin with it
  std::string last_checkpoint_id_;                           // made or restored
  std::uint64_t uncredited_ = 0;                             // taken by callers, not yet granted back to the worker
  std::uint64_t over_credit_ = 0;                            // of all executions
  std::map<std::uint64_t, std::weak_ptr<Execution>> ended_;  // that late output may come for
  std::uint64_t last_ended_id_ = 0;
  std::uint64_t late_held_ = 0;  // late output that waits in their queues
  struct ExecutionKey {
    std::string key;
    std::shared_ptr<DurableWork> durable;
  };
  std::map<std::uint64_t, ExecutionKey> execution_keys_;  // of the last executions that have one
  capsule_session_info counters_{};
  Trace trace_;
  std::map<std::uint64_t, TraceContext> contexts_;             // of the last executions that one was given with
  std::deque<std::shared_ptr<const Postmortem>> postmortems_;  // the last death first
  // Of workers that are gone.
  std::uint64_t past_frames_sent_ = 0;
  std::uint64_t past_bytes_sent_ = 0;
  capsule_executor_metrics past_metrics_{};
  capsule_async_metrics past_async_metrics_{};
  bool torn_counts_ = false;  // a worker was killed in the middle of counting
  std::uint64_t past_incomplete_ = 0;
  Interceptors interceptors_;
  Listener listener_;
  bool stopping_ = false;  // the listener is to hear when nothing runs any more
  RateLimiter limiter_;
  std::uint64_t limited_id_ = 0;  // the execution that last asked for a token
  bool token_timer_runs_ = false;
  std::uint64_t token_wait_began_ns_ = 0;  // 0 when it does not wait
  capsule_limiter_metrics limiter_metrics_{};
  SignalSet figures_;  // what no struct above has
  const std::shared_ptr<DurableFigures> durable_figures_ = std::make_shared<DurableFigures>();
  capsule_cancel_metrics cancel_metrics_{};
  capsule_transport_metrics past_transport_{};
  wire::Heartbeat beat_{};  // the last
  capsule_worker_info announced_{};
  std::uint64_t exported_cursor_ = 0;  // up to there, events of no execution were handed on
  TraceLosses exported_losses_;        // what exporters were told that the trace has lost
  std::uint64_t past_missed_ = 0;
  std::uint64_t past_send_failures_ = 0;
  std::uint64_t past_cpu_ns_ = 0;
  SessionEnd ended_as_ = SessionEnd::kClosed;
};

// What the trace ids have in common that are made for a session's executions.
std::uint64_t trace_half_of(std::uint64_t session_id);

}  // namespace capsule
