// A durable execution: its promise, and those of the calls that it makes of the host.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "promise/store.hpp"
#include "session/execution.hpp"
#include "session/host_calls.hpp"

namespace capsule {

class DurableRun final : public DurableWork, public std::enable_shared_from_this<DurableRun> {
 public:
  ~DurableRun() override;
  DurableRun(const DurableRun &) = delete;
  DurableRun &operator=(const DurableRun &) = delete;

  struct Begun {
    Promise promise;
    std::shared_ptr<DurableRun> run;  // null where the promise is settled
  };
  static void begin(const std::shared_ptr<PromiseStore> &store, PromiseWish wish, std::shared_ptr<DurableFigures> figures,
                    std::function<void(Result<Begun>)> done);

  // What is canceled where the claim is lost.
  void bind(const std::shared_ptr<Execution> &execution);
  // Nothing was run.
  void give_back(std::function<void()> done);

  void recall(const HostCall &call, const std::string &key, Recalled done) override;
  void record(const HostCall &call, const std::string &key, HostAnswer answer, Recorded done) override;
  void recall_input(std::uint32_t number, const std::string &prompt, InputRecalled done) override;
  void record_input(std::uint32_t number, InputLine line, InputSettled done) override;
  void watch_input(std::uint32_t number, InputSettled done) override;
  [[nodiscard]] std::string input_id(std::uint32_t number) const override { return store_->input_id(id_, number); }
  [[nodiscard]] Status check_input(std::string_view line) const override;
  void ended(const capsule_event &event, std::function<void()> done) override;

 private:
  DurableRun(std::shared_ptr<PromiseStore> store, std::string id, std::shared_ptr<DurableFigures> figures)
      : store_(std::move(store)), id_(std::move(id)), figures_(std::move(figures)) {}
  [[nodiscard]] std::string call_id(const HostCall &call, const std::string &key) const;
  // Whether it may ask for one more thing, or again for this.
  enum class Room { kFree, kFull, kOver };
  Room take_room(const std::string &id);
  // The promise of what it asks for, under its claim.
  void create_child(const std::string &id, std::int32_t kind, std::string param, PromiseStore::Done done);
  // Under the lock: an open promise of it.
  void show(const std::string &id, std::int32_t kind);
  void on_lost();
  bool is_over();
  void settle(Settlement settlement, std::function<void()> done);
  void forget_children();

  const std::shared_ptr<PromiseStore> store_;
  const std::string id_;
  const std::shared_ptr<DurableFigures> figures_;
  Claim claim_;                     // set before anybody else has the run
  std::int64_t timeout_at_ms_ = 0;  // likewise

  std::mutex mutex_;  // guards below
  bool over_ = false;
  bool lost_ = false;
  std::weak_ptr<Execution> execution_;
  std::uint64_t session_id_ = 0;
  std::uint64_t execution_id_ = 0;
  std::set<std::string> children_;                // of its calls and inputs
  std::map<std::string, std::uint64_t> watches_;  // of inputs, by the ids of their promises
};

}  // namespace capsule
