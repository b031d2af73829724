// The store in this process: in memory, and with a journal also in a file. What a call has answered is written before it is told.
#pragma once

#include <list>
#include <set>
#include <unordered_map>

#include "loop/alarm.hpp"
#include "promise/journal.hpp"
#include "promise/store.hpp"

namespace capsule {

struct EmbeddedOptions {
  std::uint32_t max_promises = 1'000'000;
  std::uint64_t max_bytes = 256U << 20U;
  std::uint32_t max_value_bytes = 1U << 20U;
  bool sync = true;
  std::string path;  // empty: none
  std::string separator = ".";
};

class EmbeddedStore final : public PromiseStore {
 public:
  static Result<std::shared_ptr<PromiseStore>> open(const std::shared_ptr<Runtime> &runtime, EmbeddedOptions options);

  void create(PromiseWish wish, Caller caller, Done done) override;
  void settle(Settlement settlement, Caller caller, Done done) override;
  void get(const std::string &id, Caller caller, Done done) override;
  void forget(const std::string &id, Finished done) override;
  std::uint64_t watch(const std::string &id, Done done) override;
  void unwatch(const std::string &id, std::uint64_t number) override;
  void claim(PromiseWish wish, std::function<void()> lost, ClaimDone done) override;
  void create_call(const Claim &claim, PromiseWish wish, Done done) override;
  void settle_call(const Claim &claim, Settlement settlement, Done done) override;
  void fulfill(const Claim &claim, Settlement settlement, Done done) override;
  void drop(const std::string &id) override;
  void give_back(const Claim &claim, std::function<void()> done) override;
  [[nodiscard]] const std::string &separator() const override { return options_.separator; }
  [[nodiscard]] const char *execution_prefix() const override { return "exec:"; }
  [[nodiscard]] std::string input_id(const std::string &execution, std::uint32_t number) const override {
    return execution + ":input:" + std::to_string(number);
  }
  std::uint64_t list(std::size_t capacity, std::vector<capsule_pending_promise> &rows) override;
  capsule_promise_metrics metrics() override;
  void close() override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Entry {
    Promise promise;
    std::uint64_t since_ns = 0;
    std::uint64_t deadline_ns = kNoDeadline;  // so that no jump of the wall clock matters while the store is open
    std::uint64_t written = 0;                // the journal's number of its last change
    std::uint64_t token = 0;                  // of the claim, 0 for none
    std::function<void()> lost;               // whom it is told that the promise was settled by another, or timed out
    std::vector<std::pair<std::uint64_t, Done>> watchers;
    std::list<Entry *>::iterator age;  // in settled_
  };
  // Who is told once no lock is held.
  struct Told {
    Done done;
    Result<Promise> answer;
    std::uint64_t written = 0;
  };
  struct Telling {
    std::vector<Told> answers;
    std::vector<std::function<void()>> lost;
  };

  EmbeddedStore(std::shared_ptr<Runtime> runtime, EmbeddedOptions options);

  void tell(Telling telling);
  Status load(Promise promise);
  // All below under the lock.
  Status usable();
  Result<Entry *> find_or_create(const PromiseWish &wish);
  Result<Entry *> settle_entry(Telling &telling, Settlement &settlement);
  Entry *find(const std::string &id);
  // Null where the claim is lost.
  Entry *claimed(const Claim &claim);
  void end(Telling &telling, Entry &entry, std::int32_t state, std::string value);
  void expire(Telling &telling);
  void remove(Entry &entry);
  Status make_room(std::uint64_t promises, std::uint64_t bytes);
  void answer(Telling &telling, Done done, Result<Entry *> entry);
  void on_alarm();

  const EmbeddedOptions options_;
  std::shared_ptr<Alarm> alarm_;
  std::shared_ptr<Journal> journal_;  // null: none

  std::mutex mutex_;  // guards below
  bool closed_ = false;
  std::unordered_map<std::string, Entry> entries_;
  std::set<std::pair<std::uint64_t, Entry *>> deadlines_;  // of those that are pending
  std::list<Entry *> settled_;                             // the oldest first
  std::uint64_t bytes_ = 0;
  std::uint64_t settled_bytes_ = 0;  // of them
  std::uint64_t last_number_ = 0;    // of watchers and claims
  capsule_promise_metrics counters_{};
};

}  // namespace capsule
