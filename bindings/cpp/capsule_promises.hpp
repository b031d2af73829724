/**
 * @file capsule_promises.hpp
 * @brief Of the C++ wrapper: promises and their stores; capsule.hpp includes it.
 *
 *     capsule::PromiseStore store = runtime.open_promises(options);
 *     store.create("approval-17");
 *     …
 *     const capsule::Promise promise = store.wait("approval-17");  // elsewhere: store.resolve("approval-17", "yes")
 */
#ifndef CAPSULE_CAPSULE_PROMISES_HPP
#define CAPSULE_CAPSULE_PROMISES_HPP

#include <capsule/capsule_base.hpp>

namespace capsule {
inline namespace cpp0 {

namespace detail {

inline capsule_promise_store_options store_defaults() { return defaults(capsule_promise_store_options_init); }

}  // namespace detail

/** @brief Options of a store: fields and defaults of `capsule_promise_store_options`. */
struct PromiseStoreOptions {
  std::string path{};                                                         ///< A SQLite file; not beside `url`.
  std::string url{};                                                          ///< Of a Resonate server.
  std::string token{};                                                        ///< JSON Web Token for the server.
  std::string group{detail::view(detail::store_defaults().group)};            ///< What the server knows this kind of host by.
  std::string separator{detail::view(detail::store_defaults().separator)};    ///< Between an execution's id and its calls'.
  std::uint32_t max_promises = detail::store_defaults().max_promises;         ///< That are kept; of a server, calls at once.
  std::uint64_t max_bytes = detail::store_defaults().max_bytes;               ///< That are kept.
  std::uint32_t max_value_bytes = detail::store_defaults().max_value_bytes;   ///< Of one parameter or value.
  bool sync = detail::store_defaults().sync != 0;                             ///< Whether what is answered is on the disk.
  Milliseconds request_timeout{detail::store_defaults().request_timeout_ms};  ///< For which a server is tried.
  Milliseconds lease{detail::store_defaults().lease_ms};                      ///< Of durable executions, on a server.
  Milliseconds refresh{detail::store_defaults().refresh_ms};                  ///< Until what is waited for is asked for anew.
};

/** @brief A promise to be: fields and defaults of `capsule_promise_wish`. */
struct PromiseWish {
  /** @brief One of that id. */
  PromiseWish(std::string its_id, std::string its_param = {}) : id(std::move(its_id)), param(std::move(its_param)) {}
  PromiseWish(const char *its_id) : id(its_id) {}                                ///< The same.
  std::string id;                                                                ///< Names it in its store.
  std::string param;                                                             ///< What it is about.
  Milliseconds timeout{detail::defaults(capsule_promise_wish_init).timeout_ms};  ///< Until its time is over.
  std::string target{};                                                          ///< Of a server: who is to settle it.
};

/** @brief Named answers that come once. Destroying it closes it: promises stay where they are kept. */
class PromiseStore : public PromiseStoreSignals<PromiseStore, detail::Throws> {
 public:
  /** @brief The other is good for nothing but assignment and destruction then. */
  PromiseStore(PromiseStore &&other) noexcept = default;
  /** @brief What it had is closed. */
  PromiseStore &operator=(PromiseStore other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(notify_, other.notify_);
    return *this;
  }
  ~PromiseStore() { detail::Notify::end(notify_, capsule_promise_store_set_notify, capi()); }

  /** @brief Creates a promise, or finds the one of that id. */
  Promise create(const PromiseWish &wish) {
    capsule_promise_wish raw = detail::defaults(capsule_promise_wish_init);
    raw.id = detail::view(wish.id);
    raw.param = detail::view(wish.param);
    raw.timeout_ms = wish.timeout.count();
    raw.target = detail::view(wish.target);
    return read([&](capsule_promise *out) { detail::call(capsule_promise_create, capi(), &raw, out); });
  }
  /** @brief Settles a promise as `CAPSULE_PROMISE_…` says, where nobody has before: the promise as it is now. */
  Promise settle(std::string_view id, std::int32_t state, std::string_view value = {}) {
    return read([&](capsule_promise *out) {
      detail::call(capsule_promise_settle, capi(), detail::view(id), state, detail::view(value), out);
    });
  }
  Promise resolve(std::string_view id, std::string_view value = {}) {
    return settle(id, CAPSULE_PROMISE_RESOLVED, value);
  }  ///< It has a value.
  Promise reject(std::string_view id, std::string_view value = {}) {
    return settle(id, CAPSULE_PROMISE_REJECTED, value);
  }  ///< It failed.
  Promise cancel(std::string_view id, std::string_view value = {}) {
    return settle(id, CAPSULE_PROMISE_CANCELED, value);
  }  ///< It is given up.
  /** @brief A promise as it is now. */
  Promise get(std::string_view id) const {
    return read([&](capsule_promise *out) { detail::call(capsule_promise_get, capi(), detail::view(id), out); });
  }
  /** @brief Waits until it is settled or its time is over. Throws TimeoutError when neither was in time. */
  Promise wait(std::string_view id, Milliseconds timeout = kForever) const {
    return read(
        [&](capsule_promise *out) { detail::call(capsule_promise_wait, capi(), detail::view(id), timeout.count(), out); });
  }
  /** @brief Has `next` tell when it is settled or its time is over, once. */
  void watch(std::string_view id) { detail::call(capsule_promise_watch, capi(), detail::view(id)); }
  /** @brief The next one that was watched; nullopt when the store is closed. Throws TimeoutError when none was settled in time. */
  std::optional<Promise> next(Milliseconds timeout = kForever) {
    Promise promise;
    const Taken taken = take(promise, timeout);
    if (taken == Taken::kEmpty) throw TimeoutError(capsule_status_text(CAPSULE_E_TIMEOUT));
    return taken == Taken::kEnd ? std::nullopt : std::make_optional(std::move(promise));
  }
  /** @brief As `next`, without a TimeoutError and into a Promise that is used again; by default only looks. */
  Taken take(Promise &promise, Milliseconds timeout = Milliseconds{0}) {
    capsule_promise_release(promise.capi());
    capsule_error error{};
    error.struct_size = sizeof error;
    const capsule_status status = capsule_promise_next(capi(), timeout.count(), promise.capi(), &error);
    if (status == CAPSULE_E_TIMEOUT) return Taken::kEmpty;
    if (status == CAPSULE_E_CLOSED) return Taken::kEnd;
    detail::check(status, error);
    return Taken::kEvent;
  }
  int fd() const { return detail::get(capsule_promise_store_get_fd, capi()); }  ///< Readable while `take` has something.
  /** @brief Calls `callback`, which may only wake somebody and must not throw, when a watched one is settled; {} removes it. */
  void notify(std::function<void()> callback) {
    detail::Notify::replace(notify_, std::move(callback), capsule_promise_store_set_notify, capi());
  }
  /** @brief Forgets a promise that is settled. */
  void forget(std::string_view id) { detail::call(capsule_promise_forget, capi(), detail::view(id)); }
  capsule_promise_metrics metrics() const {
    return detail::info(capsule_promise_store_get_metrics, capi());
  }                                                                       ///< What it counted.
  void close() { detail::call(capsule_promise_store_close, capi()); }     ///< Who waits wakes.
  capsule_promise_store *capi() const noexcept { return handle_.get(); }  ///< The handle, still owned here.

 private:
  friend class Runtime;
  template <typename Call>
  static Promise read(Call call) {
    Promise promise;
    call(promise.capi());
    return promise;
  }
  explicit PromiseStore(capsule_promise_store *handle) noexcept : handle_(handle) {}
  std::shared_ptr<detail::Notify> notify_;
  std::unique_ptr<capsule_promise_store, detail::Releaser> handle_;
};

}  // namespace cpp0
}  // namespace capsule
#endif
