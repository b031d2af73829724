// The bridge: calls of sessions' code that wait for the host, and the requests that the host takes and answers.
//
// One lock, which is taken under a session's where a worker is lost, and never over it: what a session is to be told is gathered as
// Answers and told once the lock is dropped. A call comes on the loop thread and ends on whichever thread answers it.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/log.hpp"
#include "bridge/capability.hpp"
#include "bridge/policy.hpp"
#include "capsule/bridge_info.h"
#include "loop/alarm.hpp"
#include "session/host_calls.hpp"
#include "session/notifier.hpp"
#include "session/runtime.hpp"

namespace capsule {

// Values in shared memory that the open calls of a session hold: each is a mapping, of which a process has some 65,000.
inline constexpr std::uint64_t kMostMapped = 1024;

struct BridgeOptions {
  std::uint32_t max_pending = 100'000;
  std::uint32_t max_session_pending = 16'384;
  std::uint64_t max_session_bytes = 64U << 20U;
  std::uint32_t max_answers = 10'000;
  bool cancel_notices = false;
  bool chunk_notices = false;
  std::shared_ptr<const Policy> policy;  // null: what the sessions' own say
};

// What the host takes.
struct HostRequest {
  std::int32_t kind = CAPSULE_REQUEST_CALL;
  std::uint64_t id = 0;
  std::uint64_t session_id = 0;
  std::uint64_t execution_id = 0;
  std::uint64_t received_ns = 0;
  std::uint64_t deadline_ns = 0;
  std::string capability;
  std::string key;
  std::string arguments;
  std::vector<std::string> names;
  std::vector<std::unique_ptr<ReadValue>> values;
};

class BridgePort;

// What became of the calls of one capability.
struct CallFigures {
  std::array<std::uint64_t, 3> outcomes{};  // ok, error, denied
  std::array<std::uint64_t, CAPSULE_BRIDGE_BUCKETS> buckets{};
  std::uint64_t total_ns = 0;
};
using FiguresByName = std::map<std::string, CallFigures, std::less<>>;

// An open call, and how far the host has come with it.
struct OpenCall : capsule_pending_call {
  std::uint64_t progress_done = 0;
  std::uint64_t progress_total = 0;
};

class Bridge : public std::enable_shared_from_this<Bridge>, public SignalSource {
 public:
  static std::shared_ptr<Bridge> create(std::shared_ptr<Runtime> runtime, BridgeOptions options);
  ~Bridge() override;
  Bridge(const Bridge &) = delete;
  Bridge &operator=(const Bridge &) = delete;

  // bridge.cpp
  Status add(CapabilitySpec spec);
  Status remove(const std::string &name);
  Result<HostRequest> next(std::uint64_t deadline_ns);
  Result<int> fd();
  void set_notify(capsule_notify_callback callback, void *user_data);
  void cancel_all();
  void close();
  void release();  // its handle
  capsule_bridge_metrics metrics();
  capsule_bridge_metrics metrics_of(const BridgePort &port);
  capsule_bridge_figures figures_of(const BridgePort &port);
  void report(SignalReport &report) override;
  void report_of(const BridgePort &port, SignalSet &set);
  std::uint64_t list(std::size_t capacity, std::vector<capsule_pending_call> &calls);
  std::uint64_t list(std::size_t capacity, std::vector<OpenCall> &calls);
  std::uint64_t list(std::size_t capacity, std::vector<capsule_capability_metrics> &metrics);
  // The most that any session may call; null: what its own rules say.
  [[nodiscard]] const std::shared_ptr<const Policy> &policy() const { return options_.policy; }
  [[nodiscard]] Runtime &runtime() const { return *runtime_; }
  [[nodiscard]] std::uint32_t max_frame_bytes() const { return runtime_->max_frame_bytes(); }

  // bridge_answers.cpp: what the host says. CAPSULE_E_STATE where nobody waits, CAPSULE_E_ARGUMENT where there is no such request.
  Status respond(std::uint64_t request_id, HostAnswer answer);
  Status approve(std::uint64_t request_id, bool approved);
  Status report_progress(std::uint64_t request_id, std::uint64_t done, std::uint64_t total);
  // Whether a value may be the answer to the request, or a piece of it.
  Status check_result(std::uint64_t request_id, const NamedValue &value);

  // bridge_calls.cpp: what sessions say, by their ports.
  void call(const std::shared_ptr<BridgePort> &port, const std::shared_ptr<Session> &session, HostCall call);
  void give_up(BridgePort &port, std::uint64_t incarnation, std::uint64_t call_id);
  void lost(BridgePort &port, std::uint64_t incarnation);
  Status narrow(BridgePort &port, std::shared_ptr<const Policy> policy);

  // bridge_pieces.cpp: pieces of answers to sessions, pieces of calls from them.
  Status send_piece(std::uint64_t request_id, HostAnswer piece, std::uint64_t deadline_ns);
  void pieces_taken(BridgePort &port, std::uint64_t incarnation, std::uint64_t call_id, std::uint32_t count);
  Status piece(BridgePort &port, std::uint64_t incarnation, std::uint64_t call_id, std::unique_ptr<ReadValue> value);
  // CAPSULE_E_END behind the last.
  Result<std::unique_ptr<ReadValue>> next_piece(std::uint64_t request_id, std::uint64_t deadline_ns);

 private:
  Bridge(std::shared_ptr<Runtime> runtime, BridgeOptions options);
  using Lock = std::unique_lock<std::mutex>;
  using Outcome = wire::CallOutcome;
  using Counter = std::uint64_t capsule_bridge_metrics::*;

  struct Pieces {
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
  };

  struct Pending {
    HostCall call;
    std::shared_ptr<Session> session;  // null: nobody waits, but its answer is wanted
    std::uint64_t session_id = 0;
    const std::string *pool = nullptr;  // of the session, a key of ignored_
    bool counted = false;               // its end
    std::shared_ptr<BridgePort> port;
    std::shared_ptr<Capability> capability;
    std::string key;
    std::uint64_t id = 0;
    std::uint64_t received_ns = 0;
    std::uint64_t taken_ns = 0;  // by the host, the last time
    std::uint64_t deadline_ns = kNoDeadline;
    std::int32_t state = CAPSULE_CALL_QUEUED;
    bool asks = false;  // the host is to be asked first
    bool has_turn = false;
    std::uint32_t pieces_ahead = 0;                 // sent, and not yet taken
    std::uint64_t bytes = 0;                        // of what it carries
    std::uint64_t mapped = 0;                       // values in shared memory
    std::deque<std::unique_ptr<ReadValue>> pieces;  // that the code sent, and the host has not taken
    bool pieces_end = false;
    bool pieces_told = false;       // by a notice, since the host found none
    std::uint32_t pieces_owed = 0;  // taken, and not yet credited
    Pieces sent;                    // so far
    Pieces received;
    std::uint64_t progress_done = 0;  // as the host said last
    std::uint64_t progress_total = 0;
    std::set<std::uint64_t> joined;
  };
  // Told once no lock is held.
  struct Told {
    std::shared_ptr<Session> session;
    CallAddress address;
    HostAnswer answer;
    std::int32_t kind = 0;  // of the trace
    std::uint64_t request_id = 0;
    std::uint64_t took_ns = 0;
    std::string capability;  // where it ends a call
  };
  // An event of a session's trace, which is told then, too.
  struct Note {
    std::int32_t kind = 0;
    std::int32_t status = 0;
    std::array<std::uint64_t, 2> arguments{};
    std::uint64_t execution_id = 0;
    std::uint64_t request_id = 0;
    std::string capability{};
    std::shared_ptr<Session> session{};  // null: the one of that number, where it is still there
    std::uint64_t session_id = 0;
    std::uint64_t time_ns = 0;
  };
  struct Answers {
    std::vector<Note> notes;
    std::vector<Told> told;
  };

  void tell(Answers &answers);
  static void audit(const Told &denial);
  static CallAddress address_of(const HostCall &call);
  static HostAnswer copy(const HostAnswer &answer);

  // Under no lock: what is recorded of a durable execution's calls.
  void recall(const std::shared_ptr<Pending> &pending);
  void on_recalled(std::uint64_t request_id, const Status &status, std::optional<HostAnswer> answer);
  void record(const std::shared_ptr<Pending> &pending, HostAnswer answer);
  void on_recorded(std::uint64_t request_id, const Status &status, HostAnswer answer);

  // bridge_trace.cpp
  void trace(const Note &note);
  static void note(Answers &answers, const Pending &pending, Note what);
  static void note_piece(Answers &answers, const Pending &pending, Pieces &pieces, std::int32_t whose, std::uint64_t bytes);
  static void note_close(Answers &answers, const Pending &pending, const Pieces &pieces, std::int32_t whose);
  static void note_response(Answers &answers, const Pending &pending, std::int32_t how, std::uint64_t bytes);
  void count_ignored(bool answered, const std::string *pool);
  void note_ignored(Answers &answers, std::uint64_t request_id) const;
  void note_cancel_all(Answers &answers) const;
  using Ports = std::vector<std::pair<std::shared_ptr<Session>, std::shared_ptr<BridgePort>>>;
  Ports ports();
  static void note_all(Answers &answers, const Ports &ports, std::int32_t kind, const std::vector<std::uint64_t> &counts);

  // The calls of the host, but for what is told once the lock is dropped.
  Result<HostRequest> take_request(Answers &answers, std::uint64_t deadline_ns);
  Status take_answer(Answers &answers, std::uint64_t request_id, HostAnswer &answer, std::shared_ptr<Pending> &recording);
  Status take_progress(Answers &answers, std::uint64_t request_id, std::uint64_t done, std::uint64_t total);
  Status take_approval(Answers &answers, std::uint64_t request_id, bool approved, bool &ready);
  Status take_piece(Answers &answers, std::uint64_t request_id, HostAnswer piece, std::uint64_t deadline_ns);

  // All under the lock.
  void accept(Answers &answers, const std::shared_ptr<Pending> &pending);
  void proceed(Answers &answers, const std::shared_ptr<Pending> &pending);
  bool join(Answers &answers, const std::shared_ptr<Pending> &pending);
  struct Refusal {
    Outcome outcome = Outcome::kRefused;
    const char *error_type = "";
    std::string message;
    std::string reason;
  };
  std::optional<Refusal> admit(const Pending &pending) const;
  std::optional<Refusal> judge(Pending &pending) const;
  [[nodiscard]] static bool recorded(const Pending &pending);
  void set_deadline(Pending &pending) const;
  static std::uint64_t timeout_of(const Pending &pending);
  HostAnswer catalog(const BridgePort &port) const;
  std::string catalog_json(const BridgePort &port, bool with_docs) const;
  HostRequest describe(std::int32_t kind, Pending &pending);
  void queue(Answers &answers, const std::shared_ptr<Pending> &pending);
  void make_ready(std::int32_t kind, std::uint64_t request_id);
  void log_denial(const Pending &pending, const Refusal &refusal);
  void refuse(Answers &answers, const Pending &pending, Refusal refusal);
  static void answer(Answers &answers, const Pending &pending, HostAnswer answer);
  void open(const std::shared_ptr<Pending> &pending);
  void finish(Answers &answers, const std::shared_ptr<Pending> &pending, HostAnswer answer);
  void end(Answers &answers, std::uint64_t request_id, HostAnswer answer);
  void leave(Answers &answers, std::uint64_t request_id);
  void forget(const Pending &pending);
  void end_turn(Answers &answers, const std::shared_ptr<Capability> &capability);
  void advance(Answers &answers, const std::shared_ptr<Capability> &capability, std::uint64_t now_ns);
  void count_end(const Pending &pending, Outcome outcome);
  // Under which a call is counted.
  [[nodiscard]] const std::string &counted_name(const Pending &pending) const;
  using OpenByName = std::map<std::string, std::uint64_t>;
  [[nodiscard]] OpenByName in_flight() const;
  [[nodiscard]] OpenByName in_flight_of(const BridgePort &port) const;
  void count_call(BridgePort &port);
  void end_all(Answers &answers, Outcome outcome, const char *message);
  void keep(const std::string &key, const HostAnswer &answer);
  std::shared_ptr<Pending> find(std::uint64_t request_id) const;
  std::shared_ptr<Pending> find(BridgePort &port, std::uint64_t incarnation, std::uint64_t call_id) const;
  Status not_open(Answers &answers, std::uint64_t request_id);
  [[nodiscard]] Status is_over(std::uint64_t request_id) const;
  [[nodiscard]] bool was_answered(std::uint64_t request_id) const;
  static Status check_taken(const Pending &pending);
  Status admit_piece(const Pending &pending, const ReadValue *value) const;
  void tell_of_pieces(Pending &pending);
  void on_alarm();

  const std::shared_ptr<Runtime> runtime_;
  const BridgeOptions options_;
  std::atomic<std::uint64_t> last_id_{0};  // given on the loop thread

  mutable std::mutex mutex_;         // guards below
  std::condition_variable changed_;  // there is a request
  std::condition_variable moved_;    // a piece came, or was taken, or a call ended
  bool closed_ = false;
  std::map<std::string, std::shared_ptr<Capability>> capabilities_;
  std::set<std::shared_ptr<Capability>> lines_;                  // those for which somebody waits
  std::map<std::uint64_t, std::shared_ptr<Pending>> pending_;    // by their ids: the oldest first
  std::set<std::pair<std::uint64_t, std::uint64_t>> deadlines_;  // with the request's id
  std::unordered_map<std::string, std::uint64_t> open_keys_;     // of idempotent calls
  std::unordered_map<std::string, HostAnswer> kept_;             // what they were answered with
  std::deque<std::string> kept_order_;
  std::uint64_t kept_bytes_ = 0;
  std::deque<std::pair<std::int32_t, std::uint64_t>> ready_;  // kinds and ids of requests
  struct Ended {
    bool answered = false;  // by the host
    std::uint64_t session_id = 0;
    std::uint64_t execution_id = 0;
    const std::string *pool = nullptr;  // a key of ignored_
  };
  std::unordered_map<std::uint64_t, Ended> ended_;  // the last of them
  std::deque<std::uint64_t> ended_order_;
  std::shared_ptr<Alarm> alarm_;
  capsule_bridge_metrics counters_{};
  FiguresByName figures_;
  // Answers that nobody waited for, by the pool of the call's session.
  struct Ignored {
    std::uint64_t late = 0;
    std::uint64_t duplicate = 0;
  };
  std::map<std::string, Ignored> ignored_;
  ReadyFd fd_;

  Notifier notifier_;
};

// One session's way to the bridge: its rules, and what it has used of them. Guarded by the bridge's lock.
class BridgePort : public CallSink, public std::enable_shared_from_this<BridgePort> {
 public:
  BridgePort(std::shared_ptr<Bridge> bridge, std::vector<std::shared_ptr<const Policy>> layers,
             std::shared_ptr<BridgeTotals> totals);

  void call(const std::shared_ptr<Session> &session, HostCall call) override {
    bridge_->call(shared_from_this(), session, std::move(call));
  }
  void give_up(std::uint64_t incarnation, std::uint64_t call_id) override { bridge_->give_up(*this, incarnation, call_id); }
  void pieces_taken(std::uint64_t incarnation, std::uint64_t call_id, std::uint32_t count) override {
    bridge_->pieces_taken(*this, incarnation, call_id, count);
  }
  Status piece(std::uint64_t incarnation, std::uint64_t call_id, std::unique_ptr<ReadValue> value) override {
    return bridge_->piece(*this, incarnation, call_id, std::move(value));
  }
  void lost(std::uint64_t incarnation) override { bridge_->lost(*this, incarnation); }
  [[nodiscard]] capsule_bridge_figures figures() const override { return bridge_->figures_of(*this); }
  void report(SignalSet &set) override { bridge_->report_of(*this, set); }
  [[nodiscard]] Bridge &bridge() const { return *bridge_; }

 private:
  friend class Bridge;

  struct Layer {
    std::shared_ptr<const Policy> policy;
    std::vector<std::uint64_t> used;
  };

  const std::shared_ptr<Bridge> bridge_;
  const std::shared_ptr<BridgeTotals> totals_;  // of all that have the same source
  const std::size_t given_;                     // layers, before they were narrowed
  std::vector<Layer> layers_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> open_;  // requests by incarnation and call
  std::uint64_t bytes_ = 0;                                                // of what they carry
  std::uint64_t mapped_ = 0;
  capsule_bridge_metrics counters_{};
  FiguresByName figures_;
  std::uint64_t denied_in_ = 0;  // the last execution of which a call was
  LogOnce denied_log_;
};

// A bridge and a session's rules, as part of its options.
class BridgeAccess : public CallSource {
 public:
  BridgeAccess(std::shared_ptr<Bridge> bridge, std::vector<std::shared_ptr<const Policy>> layers)
      : bridge_(std::move(bridge)), layers_(std::move(layers)) {}
  std::shared_ptr<CallSink> open() override { return std::make_shared<BridgePort>(bridge_, layers_, totals_); }
  [[nodiscard]] capsule_bridge_figures figures() const override { return totals_->get(); }

 private:
  const std::shared_ptr<Bridge> bridge_;
  const std::shared_ptr<BridgeTotals> totals_ = std::make_shared<BridgeTotals>();
  const std::vector<std::shared_ptr<const Policy>> layers_;
};

}  // namespace capsule
