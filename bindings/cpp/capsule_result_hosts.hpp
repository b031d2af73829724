/**
 * @file capsule_result_hosts.hpp
 * @brief Of the C++ wrapper for programs without exceptions: bridges and promises; capsule_result.hpp includes it.
 *
 *     Result<Bridge> bridge = runtime->open_bridge();
 *     capsule_capability offered = defaults(capsule_capability_init);
 *     offered.name = capsule_text_from("add");
 *     Result<void> added = bridge->add(offered);
 *     while (auto request = bridge->next_request()) {
 *       if (!*request) break;  // it is closed
 *       bridge->respond((*request)->id(), CAPSULE_VALUE_JSON, answer_to((*request)->arguments()));
 *     }
 */
#ifndef CAPSULE_CAPSULE_RESULT_HOSTS_HPP
#define CAPSULE_CAPSULE_RESULT_HOSTS_HPP

#include <capsule/capsule_result_base.hpp>

namespace capsule {
inline namespace cpp0 {
namespace results {

/** @brief Functions of the host, and the calls of them. Destroying it closes it. */
class Bridge : public BridgeSignals<Bridge, detail::Returns> {
 public:
  /** @brief Takes a handle over. */
  explicit Bridge(capsule_bridge *handle) noexcept : handle_(handle) {}
  /** @brief Registers a capability; its calls are for who takes them by `next_request`. */
  Result<void> add(const capsule_capability &capability) { return attempt(capsule_bridge_register, capi(), &capability); }
  /** @brief Takes a capability away. Calls of it that are open stay open. */
  Result<void> remove(std::string_view name) { return attempt(capsule_bridge_unregister, capi(), name.data(), name.size()); }
  /** @brief The next request; nullopt when the bridge is closed; fails with `CAPSULE_E_TIMEOUT` when none came in time. */
  Result<std::optional<Request>> next_request(Milliseconds timeout = kForever) {
    return detail::next<Request>(CAPSULE_E_CLOSED, capsule_bridge_next_request, capi(), detail::count_of(timeout));
  }
  /** @brief Answers a call with None, or with a value as value.h has it. */
  Result<void> respond(std::uint64_t id, const capsule_value *value = nullptr) const {
    return attempt(capsule_bridge_respond, capi(), id, value);
  }
  /** @brief Answers a call with what `data` is as `kind` says, `CAPSULE_VALUE_…`. */
  Result<void> respond(std::uint64_t id, std::int32_t kind, std::string_view data) const {
    const capsule_value value = capsule::detail::value_of(kind, data);
    return respond(id, &value);
  }
  /** @brief Answers a call with an exception: a built-in one by its name, else `host.Error`. */
  Result<void> fail(std::uint64_t id, std::string_view error_type, std::string_view message) const {
    return attempt(capsule_bridge_fail, capi(), id, capsule::detail::view(error_type), capsule::detail::view(message));
  }
  /** @brief Lets a call that is asked for through, or denies it. */
  Result<void> approve(std::uint64_t id, bool approved) const {
    return attempt(capsule_bridge_approve, capi(), id, std::int32_t{approved ? 1 : 0});
  }
  /** @brief Tells those who look at traces and pending calls how far the host has come with one; `total` 0 where it is not known. */
  Result<void> report_progress(std::uint64_t id, std::uint64_t done, std::uint64_t total = 0) const {
    return attempt(capsule_bridge_report_progress, capi(), id, done, total);
  }
  /** @brief Sends a piece of the answer to a stream; `respond` with nothing ends it. Waits while many are on the way. */
  Result<void> send_chunk(std::uint64_t id, std::int32_t kind, std::string_view data, Milliseconds timeout = kForever) const {
    const capsule_value value = capsule::detail::value_of(kind, data);
    return attempt(capsule_bridge_send_chunk, capi(), id, &value, detail::count_of(timeout));
  }
  /** @brief The next piece of an upload; nullopt behind the last; fails with `CAPSULE_E_TIMEOUT` when none came in time. */
  Result<std::optional<Value>> next_chunk(std::uint64_t id, Milliseconds timeout = kForever) const {
    return detail::next<Value>(CAPSULE_E_END, capsule_bridge_next_chunk, capi(), id, detail::count_of(timeout));
  }
  Result<int> fd() const { return detail::fd(capsule_bridge_get_fd, capi()); }  ///< Readable while a request is there.
  /** @brief What it counted. */
  Result<capsule_bridge_metrics> metrics() const { return detail::info(capsule_bridge_get_metrics, capi()); }
  Result<void> cancel_all() { return attempt(capsule_bridge_cancel_all, capi()); }  ///< Ends every open call: `CancelledError`.
  Result<void> close() { return attempt(capsule_bridge_close, capi()); }            ///< Ends every call: `ConnectionError`.
  capsule_bridge *capi() const noexcept { return handle_.get(); }                   ///< The handle, still owned here.

 private:
  detail::Owned<capsule_bridge, capsule_bridge_release> handle_;
};

/** @brief Named answers that come once. Destroying it closes it: promises stay where they are kept. */
class PromiseStore : public PromiseStoreSignals<PromiseStore, detail::Returns> {
 public:
  /** @brief Takes a handle over. */
  explicit PromiseStore(capsule_promise_store *handle) noexcept : handle_(handle) {}
  /** @brief Creates a promise, or finds the one of that id. */
  Result<Promise> create(const capsule_promise_wish &wish) {
    return detail::read<Promise>(capsule_promise_create, capi(), &wish);
  }
  /** @brief The same, of that id and else by default. */
  Result<Promise> create(std::string_view id) {
    capsule_promise_wish wish = defaults(capsule_promise_wish_init);
    wish.id = capsule::detail::view(id);
    return create(wish);
  }
  /** @brief Settles a promise as `CAPSULE_PROMISE_…` says, where nobody has before: the promise as it is now. */
  Result<Promise> settle(std::string_view id, std::int32_t state, std::string_view value = {}) {
    return detail::read<Promise>(capsule_promise_settle, capi(), capsule::detail::view(id), state,
                                 capsule::detail::view(value));
  }
  Result<Promise> resolve(std::string_view id, std::string_view value = {}) {
    return settle(id, CAPSULE_PROMISE_RESOLVED, value);
  }  ///< It has a value.
  Result<Promise> reject(std::string_view id, std::string_view value = {}) {
    return settle(id, CAPSULE_PROMISE_REJECTED, value);
  }  ///< It failed.
  Result<Promise> cancel(std::string_view id, std::string_view value = {}) {
    return settle(id, CAPSULE_PROMISE_CANCELED, value);
  }  ///< It is given up.
  /** @brief A promise as it is now. */
  Result<Promise> get(std::string_view id) const {
    return detail::read<Promise>(capsule_promise_get, capi(), capsule::detail::view(id));
  }
  /** @brief Waits until it is settled or its time is over; fails with `CAPSULE_E_TIMEOUT` when neither was in time. */
  Result<Promise> wait(std::string_view id, Milliseconds timeout = kForever) const {
    return detail::read<Promise>(capsule_promise_wait, capi(), capsule::detail::view(id), detail::count_of(timeout));
  }
  /** @brief Has `next` tell when it is settled or its time is over, once. */
  Result<void> watch(std::string_view id) { return attempt(capsule_promise_watch, capi(), capsule::detail::view(id)); }
  /** @brief The next one that was watched; nullopt when the store is closed; `CAPSULE_E_TIMEOUT` when none was settled in time. */
  Result<std::optional<Promise>> next(Milliseconds timeout = kForever) {
    return detail::next<Promise>(CAPSULE_E_CLOSED, capsule_promise_next, capi(), detail::count_of(timeout));
  }
  Result<int> fd() const { return detail::fd(capsule_promise_store_get_fd, capi()); }  ///< Readable while `next` has something.
  /** @brief Forgets a promise that is settled. */
  Result<void> forget(std::string_view id) { return attempt(capsule_promise_forget, capi(), capsule::detail::view(id)); }
  /** @brief What it counted. */
  Result<capsule_promise_metrics> metrics() const { return detail::info(capsule_promise_store_get_metrics, capi()); }
  Result<void> close() { return attempt(capsule_promise_store_close, capi()); }  ///< Who waits wakes.
  capsule_promise_store *capi() const noexcept { return handle_.get(); }         ///< The handle, still owned here.

 private:
  detail::Owned<capsule_promise_store, capsule_promise_store_release> handle_;
};

}  // namespace results
}  // namespace cpp0
}  // namespace capsule

#endif
