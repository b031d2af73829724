// The store of a Resonate server. What happens of its own accord happens on the loop thread, and so do calls that nobody waits for;
// a caller that waits makes its call itself.
#pragma once

#include <atomic>
#include <map>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "promise/http.hpp"
#include "promise/http_lines.hpp"
#include "promise/resonate_wire.hpp"
#include "promise/store.hpp"

namespace capsule {

struct ResonateOptions {
  std::string url{};
  std::string token{};
  std::string group = "capsule";
  std::string separator = ".";
  std::uint32_t max_calls = 1'000'000;
  std::uint32_t max_value_bytes = 1U << 20U;
  std::int64_t request_timeout_ms = 10'000;
  std::int64_t lease_ms = 15'000;
  std::int64_t refresh_ms = 30'000;
};

class ResonateStore final : public PromiseStore {
 public:
  static Result<std::shared_ptr<PromiseStore>> open(const std::shared_ptr<Runtime> &runtime, ResonateOptions options);

  // resonate_store.cpp
  void create(PromiseWish wish, Caller caller, Done done) override;
  void settle(Settlement settlement, Caller caller, Done done) override;
  void get(const std::string &id, Caller caller, Done done) override;
  void forget(const std::string &id, Finished done) override;
  [[nodiscard]] const std::string &separator() const override { return options_.separator; }
  // No version takes a ':' or a '.' in it, but to separate.
  [[nodiscard]] const char *execution_prefix() const override { return "exec-"; }
  [[nodiscard]] std::string input_id(const std::string &execution, std::uint32_t number) const override {
    return execution + options_.separator + "input" + options_.separator + std::to_string(number);
  }
  capsule_promise_metrics metrics() override;
  void close() override;

  // resonate_watches.cpp
  std::uint64_t watch(const std::string &id, Done done) override;
  void unwatch(const std::string &id, std::uint64_t number) override;
  std::uint64_t list(std::size_t capacity, std::vector<capsule_pending_promise> &rows) override;

  // resonate_claims.cpp
  void claim(PromiseWish wish, std::function<void()> lost, ClaimDone done) override;
  void create_call(const Claim &claim, PromiseWish wish, Done done) override;
  void settle_call(const Claim &claim, Settlement settlement, Done done) override;
  void fulfill(const Claim &claim, Settlement settlement, Done done) override;
  void drop(const std::string & /*id*/) override {}  // the server forgets nothing
  void give_back(const Claim &claim, std::function<void()> done) override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Json = resonate::Json;
  using Replied = std::function<void(Result<resonate::Reply>)>;
  using Counter = std::uint64_t capsule_promise_metrics::*;

  // A call to the server, until it is answered.
  struct Call {
    std::string kind;
    std::string data;  // JSON
    Replied done;
    std::uint64_t deadline_ns = 0;
    std::uint64_t begun_ns = 0;
    std::uint32_t tries = 0;
  };
  // One attempt of a call.
  struct Trial {
    std::string correlation;
    std::string body;
    std::int64_t timeout_ms = 0;
    bool again = false;
  };
  struct Watched {
    std::uint64_t since_ns = 0;
    std::uint64_t deadline_ns = kNoDeadline;  // of the promise, once it is known
    std::uint64_t ask_at_ns = 0;
    std::map<std::uint64_t, Done> watchers;
  };
  struct Held {
    std::uint64_t token = 0;
    std::uint64_t good_until_ns = 0;  // by when the server may give it to another
    std::function<void()> lost;
  };

  ResonateStore(std::shared_ptr<Runtime> runtime, ResonateOptions options);
  Loop &loop() { return runtime().loop(); }

  // Any thread.
  void request(std::string kind, const Json &data, std::int64_t timeout_ms, Replied done, Caller caller = Caller::kGoesOn);
  // Nullopt where the call is over.
  std::optional<Trial> begin_trial(std::uint64_t number);
  // Ends the call, or says when it is to be tried again.
  std::optional<std::uint64_t> judge(std::uint64_t number, const std::string &correlation, Result<HttpAnswer> answer);
  std::optional<std::uint64_t> again_at(std::uint64_t number, const Status &why);
  void end_call(std::uint64_t number, Result<resonate::Reply> reply);
  void count(Counter counter);
  // A thread that waits: the whole call; false where the loop has to go on with it.
  bool converse(std::uint64_t number, HttpLine &line);
  // Loop thread.
  void attempt(std::uint64_t number);
  // Reads the promise of an answer, and says what else it is.
  Result<Promise> promise_of(const std::string &id, const Result<resonate::Reply> &reply);

  // Loop thread: watches.
  void listen();
  void on_stream_end(const Status &why);
  void on_message(const std::string &line);
  // Asks for those that are due by then.
  void refresh(std::uint64_t due_ns);
  void refresh_later(std::uint64_t at_ns);
  void ask(const std::string &id);
  // One that is pending is asked for anew within that time, where the server does not tell of it; else kNoDeadline.
  void on_asked(const std::string &id, Result<Promise> promise, std::uint64_t again_within_ns);

  // Loop thread: claims.
  void heartbeat();
  void on_created(const PromiseWish &wish, std::function<void()> lost, ClaimDone done, std::uint64_t sent_ns,
                  Result<resonate::Reply> reply);
  void resolve_conflict(const PromiseWish &wish, std::function<void()> lost, ClaimDone done);
  void hold(const Claim &claim, std::uint64_t sent_ns, std::function<void()> lost);
  void lose(const std::string &id, std::uint64_t token);
  void fenced(const Claim &claim, const std::string &id, Json action, Done done);

  const ResonateOptions options_;
  const std::string pid_;
  HttpLines lines_;
  std::shared_ptr<HttpClient> http_;  // loop thread, once it is made
  bool listening_ = false;            // loop thread, as what follows
  std::uint32_t stream_failures_ = 0;
  LogOnce stream_log_;  // since it was last connected
  std::uint64_t next_refresh_ns_ = kNoDeadline;
  std::optional<Loop::TimerId> refresh_timer_;
  std::optional<Loop::TimerId> heartbeat_timer_;

  std::mutex mutex_;  // guards below
  std::condition_variable closing_;
  bool closed_ = false;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Call>> calls_;
  std::unordered_map<std::string, Watched> watched_;
  std::unordered_map<std::string, Held> held_;
  LogOnce claim_log_;  // since the last claim was got
  capsule_promise_metrics counters_{};
};

}  // namespace capsule
