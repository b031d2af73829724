// Promises, and what every store of them offers: src/promise implements it in memory with a file, and by a Resonate server.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "capsule/promise.h"
#include "promise/durable_rows.hpp"
#include "session/notifier.hpp"
#include "session/runtime.hpp"

namespace capsule {

struct Promise {
  std::int32_t state = CAPSULE_PROMISE_PENDING;
  std::string id{};
  std::string param{};
  std::string value{};
  std::int64_t timeout_at_ms = 0;  // of the wall clock, as the two below
  std::int64_t created_at_ms = 0;
  std::int64_t settled_at_ms = 0;
};

struct PromiseWish {
  std::string id{};
  std::string param{};
  std::string target{};
  std::int64_t timeout_ms = 60'000;
};

struct Settlement {
  std::string id{};
  std::int32_t state = CAPSULE_PROMISE_RESOLVED;
  std::string value{};
};

// The right to settle a durable execution's promise, and to create and settle those of its calls.
struct Claim {
  std::string id{};
  std::uint64_t token = 0;  // 0: none
};

struct Claimed {
  Promise promise;
  Claim claim;  // none where the promise is settled
};

// Whether the thread that begins a call waits for it anyway: it may then make the call itself.
enum class Caller { kGoesOn, kWaits };

// Milliseconds since 1970.
std::int64_t unix_ms();
// Until that time; 0 where it is over, and ten years at most.
std::uint64_t ns_until_unix(std::int64_t at_ms);

// Watched promises that are settled, until somebody takes them.
class PromiseFeed {
 public:
  void add(Promise promise);
  Result<Promise> next(std::uint64_t deadline_ns);
  Result<int> fd();
  void set_notify(capsule_notify_callback callback, void *user_data);
  void close();

 private:
  std::mutex mutex_;  // guards below
  std::condition_variable changed_;
  bool closed_ = false;
  std::deque<Promise> settled_;
  ReadyFd fd_;

  Notifier notifier_;
};

class PromiseStore : public RuntimeDependent, public std::enable_shared_from_this<PromiseStore> {
 public:
  // Called once, on any thread, under no lock; before the call returns where nothing has to be waited for.
  using Done = std::function<void(Result<Promise>)>;
  using Finished = std::function<void(Status)>;
  using ClaimDone = std::function<void(Result<Claimed>)>;

  explicit PromiseStore(std::shared_ptr<Runtime> runtime) : runtime_(std::move(runtime)) { runtime_->add_handle(); }
  PromiseStore(const PromiseStore &) = delete;
  PromiseStore &operator=(const PromiseStore &) = delete;

  virtual void create(PromiseWish wish, Caller caller, Done done) = 0;
  virtual void settle(Settlement settlement, Caller caller, Done done) = 0;
  virtual void get(const std::string &id, Caller caller, Done done) = 0;
  virtual void forget(const std::string &id, Finished done) = 0;
  // Done when it is settled. The number is for unwatch(), after which `done` may still be under way; 0 where it is done already.
  virtual std::uint64_t watch(const std::string &id, Done done) = 0;
  virtual void unwatch(const std::string &id, std::uint64_t number) = 0;

  // CAPSULE_E_BUSY where somebody has it. `lost` tells that another host may have it now.
  virtual void claim(PromiseWish wish, std::function<void()> lost, ClaimDone done) = 0;
  // CAPSULE_E_STATE where the claim is lost.
  virtual void create_call(const Claim &claim, PromiseWish wish, Done done) = 0;
  virtual void settle_call(const Claim &claim, Settlement settlement, Done done) = 0;
  virtual void fulfill(const Claim &claim, Settlement settlement, Done done) = 0;
  // A call's that nobody needs any more.
  virtual void drop(const std::string &id) = 0;
  // It is to be run again.
  virtual void give_back(const Claim &claim, std::function<void()> done) = 0;
  // Between an id and those of its calls.
  [[nodiscard]] virtual const std::string &separator() const = 0;
  // What the ids of executions begin with that were given none.
  [[nodiscard]] virtual const char *execution_prefix() const = 0;
  [[nodiscard]] virtual std::string input_id(const std::string &execution, std::uint32_t number) const = 0;

  virtual std::uint64_t list(std::size_t capacity, std::vector<capsule_pending_promise> &rows) = 0;
  virtual capsule_promise_metrics metrics() = 0;
  // What waits ends with CAPSULE_E_CLOSED. May be repeated.
  virtual void close() = 0;

  void on_runtime_close() override { close(); }
  void release();  // its handle
  [[nodiscard]] Runtime &runtime() const { return *runtime_; }
  [[nodiscard]] PromiseFeed &feed() { return feed_; }
  [[nodiscard]] std::uint32_t max_value_bytes() const { return max_value_bytes_; }
  [[nodiscard]] DurableRows &durable() { return durable_; }

 protected:
  std::uint32_t max_value_bytes_ = 1U << 20U;

 private:
  const std::shared_ptr<Runtime> runtime_;
  PromiseFeed feed_;
  DurableRows durable_;
};

capsule_pending_promise pending_row(const std::string &id, std::uint64_t since_ns, std::uint64_t deadline_ns,
                                    std::size_t waiters, bool claimed);
Status store_closed();
Status no_such_promise(const std::string &id);
Status claim_lost(const std::string &id);

}  // namespace capsule
