/**
 * @file capsule_bridge.hpp
 * @brief Of the C++ wrapper: functions of the host that the Python code in sessions may call; capsule.hpp includes it.
 *
 *     capsule::Bridge bridge = runtime.open_bridge();
 *     bridge.offer({"db.query", "sql, limit=100"}, [](const capsule::Request &request) {
 *       return capsule::Answer::json(query(request.arguments()));
 *     });
 *     std::thread server([&] { bridge.serve(); });  // until it is closed
 *
 *     capsule::SessionOptions options;
 *     options.bridge = &bridge;
 *     options.rules = {capsule::Rule("db.*")};
 */
#ifndef CAPSULE_CAPSULE_BRIDGE_HPP
#define CAPSULE_CAPSULE_BRIDGE_HPP

#include <capsule/capsule_base.hpp>
#include <map>
#include <mutex>

namespace capsule {
inline namespace cpp0 {

/** @brief What one argument of a call must be; a call without it does not fit. */
struct Constraint {
  std::string argument;                 ///< Its name.
  std::int32_t kind;                    ///< `CAPSULE_CONSTRAINT_…`.
  std::vector<std::string> patterns{};  ///< `*` stands for any characters.
  std::uint64_t limit = 0;              ///< Of SIZE and NUMBER.
};

/** @brief What may be called: the first rule whose pattern fits decides, and what no rule fits is denied. */
struct Rule {
  /** @brief Allows what `pattern` fits, or what else `decides`, `CAPSULE_POLICY_…`, says. */
  explicit Rule(std::string pattern, std::int32_t decides = CAPSULE_POLICY_ALLOW)
      : capability(std::move(pattern)), decision(decides) {}
  std::string capability;                 ///< `*` stands for any characters.
  std::int32_t decision;                  ///< `CAPSULE_POLICY_…`.
  std::vector<Constraint> constraints{};  ///< What the arguments must be, all of them.
  std::uint64_t max_calls = 0;            ///< Of each session; 0 for no limit.
};

namespace detail {

// The C structs of rules, whose texts are those of `rules`.
class RawRules {
 public:
  explicit RawRules(const std::vector<Rule> &rules) {
    for (const Rule &rule : rules) {
      std::vector<capsule_constraint> &constraints = constraints_.emplace_back();
      for (const Constraint &constraint : rule.constraints) {
        const std::vector<capsule_text> &patterns = patterns_.emplace_back(views(constraint.patterns));
        constraints.push_back(
            {view(constraint.argument), constraint.kind, 0, patterns.data(), patterns.size(), constraint.limit});
      }
      rules_.push_back({view(rule.capability), rule.decision, 0, constraints.data(), constraints.size(), rule.max_calls});
    }
  }
  const capsule_rule *data() const noexcept { return rules_.data(); }
  std::size_t size() const noexcept { return rules_.size(); }

 private:
  std::vector<capsule_rule> rules_;
  // What was pointed to stays where it is: a vector keeps its memory when it is moved.
  std::vector<std::vector<capsule_constraint>> constraints_;
  std::vector<std::vector<capsule_text>> patterns_;
};

inline capsule_capability capability_defaults() { return defaults(capsule_capability_init); }
inline capsule_bridge_options bridge_defaults() { return defaults(capsule_bridge_options_init); }

}  // namespace detail

/** @brief What the host offers: fields and defaults of `capsule_capability`. */
struct Capability {
  /** @brief One that is called `host.NAME(PARAMETERS)` in Python; without parameters, any keyword arguments. */
  Capability(std::string its_name, std::string its_parameters = {})
      : name(std::move(its_name)), parameters(std::move(its_parameters)) {}
  Capability(const char *its_name) : name(its_name) {}  ///< The same.

  std::string name;                                                             ///< Identifiers joined by dots.
  std::string parameters;                                                       ///< As Python writes them in a `def`.
  std::uint32_t flags = detail::capability_defaults().flags;                    ///< `CAPSULE_CAPABILITY_…`, added.
  std::string doc{};                                                            ///< Its docstring.
  std::string arguments_schema{};                                               ///< A JSON Schema; empty for none.
  std::string result_schema{};                                                  ///< The same for the answers.
  Milliseconds timeout{detail::capability_defaults().timeout_ms};               ///< From a call to its answer.
  std::uint32_t max_concurrent = detail::capability_defaults().max_concurrent;  ///< With the host at once; 0: no limit.
  std::uint32_t burst = detail::capability_defaults().burst;                    ///< Handed out at once after a pause.
  double calls_per_s = detail::capability_defaults().calls_per_s;               ///< On average; 0: no limit.
};

/** @brief Options of a bridge: fields and defaults of `capsule_bridge_options`. */
struct BridgeOptions {
  std::uint32_t max_pending = detail::bridge_defaults().max_pending;                  ///< Calls open at once.
  std::uint32_t max_session_pending = detail::bridge_defaults().max_session_pending;  ///< The same of each session.
  std::uint32_t max_answers = detail::bridge_defaults().max_answers;                  ///< Of idempotent calls, kept.
  bool cancel_notices = detail::bridge_defaults().cancel_notices != 0;                ///< `CAPSULE_REQUEST_CANCELED`.
  bool chunk_notices = detail::bridge_defaults().chunk_notices != 0;                  ///< `CAPSULE_REQUEST_CHUNKS`.
  std::uint64_t max_session_bytes = detail::bridge_defaults().max_session_bytes;      ///< That open calls carry.
  std::vector<Rule> rules{};                                                          ///< The most any session may call.
};

/** @brief What a call returns, or a piece of it. */
class Answer {
 public:
  Answer() = default;                                                                       ///< None.
  static Answer json(std::string text) { return {CAPSULE_VALUE_JSON, std::move(text)}; }    ///< What the JSON says.
  static Answer text(std::string text) { return {CAPSULE_VALUE_TEXT, std::move(text)}; }    ///< A `str`.
  static Answer bytes(std::string data) { return {CAPSULE_VALUE_BYTES, std::move(data)}; }  ///< A `bytes` object.
  /** @brief A `memoryview` of the bytes of a buffer, without a copy. */
  static Answer buffer(Buffer data) {
    Answer answer{CAPSULE_VALUE_BUFFER, {}};
    answer.buffer_ = std::make_shared<Buffer>(std::move(data));
    return answer;
  }

 private:
  friend class Bridge;
  Answer(std::int32_t kind, std::string data) : kind_(kind), data_(std::move(data)) {}
  // Calls `answer` with the C struct, or NULL for None.
  template <typename Call>
  void give(Call answer) const {
    if (kind_ == CAPSULE_VALUE_NONE) return answer(static_cast<const capsule_value *>(nullptr));
    const capsule_value value = buffer_ ? detail::value_of(buffer_->capi()) : detail::value_of(kind_, data_);
    answer(&value);
  }
  std::int32_t kind_ = CAPSULE_VALUE_NONE;
  std::string data_;
  std::shared_ptr<Buffer> buffer_;
};

/** @brief For a function to throw that a session calls: Python raises the built-in exception of that name, else `host.Error`. */
class PythonError : public std::runtime_error {
 public:
  /** @brief With the exception's name, and its text. */
  PythonError(std::string type, const std::string &message) : std::runtime_error(message), type_(std::move(type)) {}
  [[nodiscard]] const std::string &type() const noexcept { return type_; }  ///< Name of the exception.

 private:
  std::string type_;
};

/** @brief Functions of the host, and the calls of them. Destroying it closes it. */
class Bridge : public BridgeSignals<Bridge, detail::Throws> {
 public:
  using Function = std::function<Answer(const Request &)>;  ///< What answers a call.
  using Decide = std::function<bool(const Request &)>;      ///< What approves of one.

  /** @brief The other is good for nothing but assignment and destruction then. */
  Bridge(Bridge &&other) noexcept = default;
  /** @brief What it had is closed. */
  Bridge &operator=(Bridge other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(notify_, other.notify_);
    std::swap(served_, other.served_);
    return *this;
  }
  ~Bridge() { detail::Notify::end(notify_, capsule_bridge_set_notify, capi()); }

  /** @brief Registers a capability; its calls are for who takes them by `next_request` or `take`. */
  void add(const Capability &capability) {
    capsule_capability raw = detail::capability_defaults();
    raw.flags = capability.flags;
    raw.name = detail::view(capability.name);
    raw.doc = detail::view(capability.doc);
    raw.parameters = detail::view(capability.parameters);
    raw.arguments_schema = detail::view(capability.arguments_schema);
    raw.result_schema = detail::view(capability.result_schema);
    raw.timeout_ms = capability.timeout.count();
    raw.max_concurrent = capability.max_concurrent;
    raw.burst = capability.burst;
    raw.calls_per_s = capability.calls_per_s;
    detail::call(capsule_bridge_register, capi(), &raw);
  }
  /**
   * @brief Registers a capability whose calls `function` answers, in whatever thread serves. What it throws is raised in Python: a
   * PythonError as it says, any other exception as `host.Error`. `decide` is asked where a rule says so; without it, they are denied.
   */
  void offer(const Capability &capability, Function function, Decide decide = {}) {
    // A call may come before `add` returns.
    const bool fresh = served_->add(capability.name, {std::move(function), std::move(decide)});
    try {
      add(capability);
    } catch (...) {
      if (fresh) served_->remove(capability.name);
      throw;
    }
  }
  /** @brief Takes a capability away. Calls of it that are open stay open. */
  void remove(std::string_view name) {
    detail::call(capsule_bridge_unregister, capi(), name.data(), name.size());
    served_->remove(std::string(name));
  }

  /**
   * @brief Answers calls of what was offered, in this thread, one by one, until the bridge is closed or destroyed. Any number of
   * threads may.
   */
  void serve() const {
    // The bridge may be gone before this notices.
    const Server server{capi(), served_};
    Request request;
    try {
      while (take(server.bridge, request, kForever) == Taken::kEvent) server.answer(request);
    } catch (const Error &error) {
      if (error.status() != CAPSULE_E_HANDLE || server.bridge == nullptr) throw;
    }
  }
  /** @brief Answers a request that was taken, as `serve` does; one that asks for no answer is passed over. */
  void answer(const Request &request) const { Server{capi(), served_}.answer(request); }

  /** @brief The next request; nullopt when the bridge is closed. Throws TimeoutError when none came in time. */
  std::optional<Request> next_request(Milliseconds timeout = kForever) {
    Request request;
    const Taken taken = take(request, timeout);
    if (taken == Taken::kEmpty) throw TimeoutError(capsule_status_text(CAPSULE_E_TIMEOUT));
    return taken == Taken::kEnd ? std::nullopt : std::make_optional(std::move(request));
  }
  /** @brief As `next_request`, without a TimeoutError and into a Request that is used again; by default only looks. */
  Taken take(Request &request, Milliseconds timeout = Milliseconds{0}) { return take(capi(), request, timeout); }

  void respond(std::uint64_t id, const Answer &answer) const { respond(capi(), id, answer); }  ///< Answers a call.
  /** @brief Answers a call with a value as value.h has it. */
  void respond(std::uint64_t id, const capsule_value &value) const { detail::call(capsule_bridge_respond, capi(), id, &value); }
  /** @brief Answers a call with an exception: a built-in one by its name, else `host.Error`. */
  void fail(std::uint64_t id, std::string_view error_type, std::string_view message) const {
    detail::call(capsule_bridge_fail, capi(), id, detail::view(error_type), detail::view(message));
  }
  /** @brief Lets a call that is asked for through, or denies it. */
  void approve(std::uint64_t id, bool approved) const {
    detail::call(capsule_bridge_approve, capi(), id, std::int32_t{approved ? 1 : 0});
  }
  /** @brief Tells those who look at traces and pending calls how far the host has come with one; `total` 0 where it is not known. */
  void report_progress(std::uint64_t id, std::uint64_t done, std::uint64_t total = 0) const {
    detail::call(capsule_bridge_report_progress, capi(), id, done, total);
  }
  /** @brief Sends a piece of the answer to a stream; `respond` with an empty Answer ends it. Waits while many are on the way. */
  void send_chunk(std::uint64_t id, const Answer &piece, Milliseconds timeout = kForever) const {
    piece.give(
        [&](const capsule_value *value) { detail::call(capsule_bridge_send_chunk, capi(), id, value, timeout.count()); });
  }
  /** @brief The next piece of an upload; nullopt behind the last. Throws TimeoutError when none came in time. */
  std::optional<Value> next_chunk(std::uint64_t id, Milliseconds timeout = kForever) const {
    Value value;
    capsule_error error{};
    error.struct_size = sizeof error;
    const capsule_status status = capsule_bridge_next_chunk(capi(), id, timeout.count(), value.capi(), &error);
    if (status == CAPSULE_E_END) return std::nullopt;
    detail::check(status, error);
    return value;
  }

  int fd() const { return detail::get(capsule_bridge_get_fd, capi()); }  ///< Readable while `take` has something.
  /** @brief Calls `callback`, which may only wake somebody and must not throw, when requests came; {} removes it. */
  void notify(std::function<void()> callback) {
    detail::Notify::replace(notify_, std::move(callback), capsule_bridge_set_notify, capi());
  }
  capsule_bridge_metrics metrics() const { return detail::info(capsule_bridge_get_metrics, capi()); }  ///< What it counted.
  void cancel_all() { detail::call(capsule_bridge_cancel_all, capi()); }  ///< Ends every open call: `CancelledError`.
  void close() { detail::call(capsule_bridge_close, capi()); }            ///< Ends every call: `ConnectionError`.
  capsule_bridge *capi() const noexcept { return handle_.get(); }         ///< The handle, still owned here.

 private:
  friend class Runtime;
  struct Served {
    Function function;
    Decide decide;
  };
  class Functions {
   public:
    // False where the name is taken: it stays as it is.
    bool add(const std::string &name, Served served) {
      const std::lock_guard<std::mutex> lock(mutex_);
      return functions_.emplace(name, std::make_shared<const Served>(std::move(served))).second;
    }
    void remove(const std::string &name) {
      const std::lock_guard<std::mutex> lock(mutex_);
      functions_.erase(name);
    }
    std::shared_ptr<const Served> find(std::string_view name) const {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto found = functions_.find(std::string(name));
      return found == functions_.end() ? nullptr : found->second;
    }

   private:
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const Served>> functions_;
  };
  struct Server {
    capsule_bridge *bridge;
    std::shared_ptr<const Functions> functions;

    void answer(const Request &request) const {
      const std::shared_ptr<const Served> served = functions->find(request.capability());
      if (request.kind() == CAPSULE_REQUEST_APPROVAL) {
        const bool approved = served && served->decide && decides(*served, request);
        capsule_bridge_approve(bridge, request.id(), approved ? 1 : 0, nullptr);
      } else if (request.kind() == CAPSULE_REQUEST_CALL) {
        served ? call(*served, request) : fail(request, "NotImplementedError", "the host has no function for it");
      }
    }
    static bool decides(const Served &served, const Request &request) noexcept {
      try {
        return served.decide(request);
      } catch (...) {
        return false;
      }
    }
    void call(const Served &served, const Request &request) const {
      try {
        respond(bridge, request.id(), served.function(request));
      } catch (const PythonError &error) {
        fail(request, error.type(), error.what());
      } catch (const std::exception &error) {
        fail(request, {}, error.what());
      } catch (...) {
        fail(request, {}, "the host's function threw what is no exception");
      }
    }
    // Where nobody waits any more, or the bridge is closed, there is nothing to do.
    void fail(const Request &request, std::string_view type, std::string_view message) const {
      const capsule_status told = capsule_bridge_fail(bridge, request.id(), detail::view(type), detail::view(message), nullptr);
      // Not UTF-8, or too long: told in other words, as the code would wait for ever.
      if (told == CAPSULE_E_ARGUMENT) {
        constexpr std::string_view other = "the host's function failed with a text that cannot be sent";
        capsule_bridge_fail(bridge, request.id(), {}, detail::view(other), nullptr);
      }
    }
  };
  static Taken take(capsule_bridge *bridge, Request &request, Milliseconds timeout) {
    capsule_request_release(request.capi());
    capsule_error error{};
    error.struct_size = sizeof error;
    const capsule_status status = capsule_bridge_next_request(bridge, timeout.count(), request.capi(), &error);
    if (status == CAPSULE_E_TIMEOUT) return Taken::kEmpty;
    if (status == CAPSULE_E_CLOSED) return Taken::kEnd;
    detail::check(status, error);
    return Taken::kEvent;
  }
  static void respond(capsule_bridge *bridge, std::uint64_t id, const Answer &answer) {
    answer.give([&](const capsule_value *value) { detail::call(capsule_bridge_respond, bridge, id, value); });
  }
  explicit Bridge(capsule_bridge *handle) : handle_(handle) {}
  std::shared_ptr<detail::Notify> notify_;
  std::shared_ptr<Functions> served_ = std::make_shared<Functions>();
  std::unique_ptr<capsule_bridge, detail::Releaser> handle_;
};

}  // namespace cpp0
}  // namespace capsule
#endif
