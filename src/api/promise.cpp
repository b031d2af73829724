#include "capsule/promise.h"

#include <cctype>

#include "api/call.hpp"
#include "api/handles.hpp"
#include "api/owned_struct.hpp"
#include "api/promises.hpp"
#include "base/clock.hpp"
#include "base/text_view.hpp"
#include "promise/embedded_store.hpp"
#include "promise/resonate_store.hpp"

using capsule::Promise;
using capsule::PromiseStore;
using capsule::Result;
using capsule::Status;
using namespace capsule::api;

// What a promise that was read is made of.
struct capsule_promise_storage {
  explicit capsule_promise_storage(Promise of) : promise(std::move(of)) {}
  Promise promise;
};

namespace {

constexpr std::uint32_t kMaxValue = 64U << 20U;
constexpr std::uint32_t kMaxResonateValue = 1U << 20U;  // a request of the server's 2 MiB holds it as base64
constexpr std::size_t kMaxToken = 65'536;
constexpr std::size_t kMaxGroup = 63;
constexpr std::size_t kMaxTarget = 1024;

struct StoreTexts {
  std::string path, url, token, group, separator;
};

bool is_group(const std::string &name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](unsigned char c) { return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '-'; });
}

// A struct that ends within a text whose default is not empty: the caller's pointer would get the default's size.
Status check_whole_texts(const capsule_promise_store_options *given) {
  for (const std::size_t text :
       {offsetof(capsule_promise_store_options, group), offsetof(capsule_promise_store_options, separator)}) {
    if (given != nullptr && given->struct_size > text && given->struct_size < text + sizeof(capsule_text)) {
      return {CAPSULE_E_ARGUMENT,
              "options.struct_size is " + std::to_string(given->struct_size) + ", which ends within a text"};
    }
  }
  return {};
}

Result<StoreTexts> read_texts(const capsule_promise_store_options &o) {
  auto path = read_text("options.path", o.path, kMaxPath);
  auto url = read_text("options.url", o.url, kMaxPath);
  auto token = read_text("options.token", o.token, kMaxToken);
  auto group = read_text("options.group", o.group, kMaxGroup);
  auto separator = read_text("options.separator", o.separator, 1);
  for (const Status &status : {path.status(), url.status(), token.status(), group.status(), separator.status()}) {
    if (!status.ok()) {
      return status;
    }
  }
  StoreTexts texts{std::move(path.value()), std::move(url.value()), std::move(token.value()), std::move(group.value()),
                   std::move(separator.value())};
  if (!texts.path.empty() && !texts.url.empty()) {
    return Status(CAPSULE_E_ARGUMENT, "options.path and options.url are both set: a store has one of them");
  }
  if (!texts.url.empty() && !texts.url.starts_with("http://") && !texts.url.starts_with("https://")) {
    return Status(CAPSULE_E_ARGUMENT, "options.url begins with neither http:// nor https://");
  }
  if (!is_group(texts.group)) {
    return Status(CAPSULE_E_ARGUMENT, "options.group is no name of lower-case letters, digits and '-'");
  }
  if (texts.separator != "." && texts.separator != ":") {
    return Status(CAPSULE_E_ARGUMENT, "options.separator is neither '.' nor ':'");
  }
  return texts;
}

Status check_numbers(const capsule_promise_store_options &o, bool of_server) {
  const auto bytes = static_cast<std::int64_t>(std::min<std::uint64_t>(o.max_bytes, INT64_MAX));
  for (const Status &status :
       {check_range("options.max_promises", o.max_promises, 1, 100'000'000),
        check_range("options.max_bytes", bytes, 1 << 10, std::int64_t{1} << 40),
        check_range("options.max_value_bytes", o.max_value_bytes, 1, of_server ? kMaxResonateValue : kMaxValue),
        check_range("options.sync", o.sync, 0, 1), check_range("options.request_timeout_ms", o.request_timeout_ms, 1, kDayMs),
        check_range("options.lease_ms", o.lease_ms, 1'000, kDayMs),
        check_range("options.refresh_ms", o.refresh_ms, 100, kDayMs)}) {
    if (!status.ok()) {
      return status;
    }
  }
  return {};
}

Result<std::shared_ptr<PromiseStore>> open_store(const std::shared_ptr<capsule::Runtime> &runtime,
                                                 const capsule_promise_store_options &o) {
  auto texts = read_texts(o);
  for (const Status &status : {texts.status(), texts.ok() ? check_numbers(o, !texts.value().url.empty()) : Status()}) {
    if (!status.ok()) {
      return status;
    }
  }
  StoreTexts &t = texts.value();
  if (!t.url.empty()) {
    return capsule::ResonateStore::open(runtime, {.url = std::move(t.url),
                                                  .token = std::move(t.token),
                                                  .group = std::move(t.group),
                                                  .separator = std::move(t.separator),
                                                  .max_calls = o.max_promises,
                                                  .max_value_bytes = o.max_value_bytes,
                                                  .request_timeout_ms = o.request_timeout_ms,
                                                  .lease_ms = o.lease_ms,
                                                  .refresh_ms = o.refresh_ms});
  }
  return capsule::EmbeddedStore::open(runtime, {.max_promises = o.max_promises,
                                                .max_bytes = o.max_bytes,
                                                .max_value_bytes = o.max_value_bytes,
                                                .sync = o.sync != 0,
                                                .path = std::move(t.path),
                                                .separator = std::move(t.separator)});
}

Result<std::string> read_id(capsule_text id) {
  auto text = read_text("id", id, CAPSULE_PROMISE_ID_SIZE);
  if (text.ok() && text.value().empty()) {
    return Status(CAPSULE_E_ARGUMENT, "id is empty");
  }
  return text;
}

// Bytes, of any content.
Result<std::string> read_bytes(const char *name, capsule_text bytes, std::uint32_t most) {
  if (bytes.data == nullptr && bytes.size > 0) {
    return Status(CAPSULE_E_ARGUMENT, std::string(name) + " is NULL but has a size");
  }
  if (bytes.size > most) {
    return Status(CAPSULE_E_LIMIT, std::string(name) + " has " + std::to_string(bytes.size) +
                                       " bytes; with the store's max_value_bytes it can have " + std::to_string(most));
  }
  return bytes.size == 0 ? std::string() : std::string(bytes.data, bytes.size);
}

Result<capsule::PromiseWish> read_wish(const capsule_promise_wish *given, const PromiseStore &store) {
  if (given == nullptr) {
    return Status(CAPSULE_E_ARGUMENT, "wish is NULL");
  }
  auto wish = read_options(given, capsule_promise_wish_init, "wish");
  if (!wish.ok()) {
    return wish.status();
  }
  const capsule_promise_wish &w = wish.value();
  auto id = read_id(w.id);
  auto param = read_bytes("wish.param", w.param, store.max_value_bytes());
  auto target = read_text("wish.target", w.target, kMaxTarget);
  for (const Status &status :
       {id.status(), param.status(), target.status(), check_range("wish.timeout_ms", w.timeout_ms, 1, kTenYearsMs)}) {
    if (!status.ok()) {
      return status;
    }
  }
  return capsule::PromiseWish{std::move(id.value()), std::move(param.value()), std::move(target.value()), w.timeout_ms};
}

// Begins something with a promise's id, and waits for what comes of it.
template <typename Begin>
capsule_status with_promise(const char *function, capsule_promise_store *store, const capsule_text *id,
                            capsule_promise *promise, capsule_error *error, Begin &&begin) {
  return call(error, [&]() -> Status {
    auto found = look_up(store);
    auto text = id == nullptr ? Result<std::string>(std::string()) : read_id(*id);
    for (const Status &status : {check_may_wait(function), found.status(), text.status(), check_promise(promise)}) {
      if (!status.ok()) {
        return status;
      }
    }
    Meeting<Promise> meeting;
    if (Status status = begin(*found.value(), std::move(text.value()), meeting); !status.ok()) {
      return status;
    }
    return hand_over_promise(meeting.wait(), promise);
  });
}

}  // namespace

namespace capsule::api {

Status check_promise(const capsule_promise *promise) {
  return promise == nullptr ? Status() : check_owned_size(*promise, "promise");
}

Status hand_over_promise(Result<Promise> taken, capsule_promise *promise) {
  if (promise == nullptr) {
    return taken.status();
  }
  if (Status status = empty_owned(promise, "promise"); !status.ok() || !taken.ok()) {
    return status.ok() ? taken.status() : status;
  }
  auto storage = std::make_unique<capsule_promise_storage>(std::move(taken.value()));
  const Promise &p = storage->promise;
  const capsule_promise fields{.state = p.state,
                               .id = capsule::text_of(p.id),
                               .param = capsule::text_of(p.param),
                               .value = capsule::text_of(p.value),
                               .timeout_at_ms = p.timeout_at_ms,
                               .created_at_ms = p.created_at_ms,
                               .settled_at_ms = p.settled_at_ms,
                               .storage = storage.get()};
  static_cast<void>(storage.release());  // the promise's, until it is released
  return write_struct(promise, fields, "promise");
}

}  // namespace capsule::api

extern "C" {

void capsule_promise_store_options_init(capsule_promise_store_options *options, uint32_t struct_size) {
  const capsule::EmbeddedOptions e;
  const capsule::ResonateOptions r;
  capsule_promise_store_options defaults{};
  defaults.max_promises = e.max_promises;
  defaults.max_bytes = e.max_bytes;
  defaults.max_value_bytes = e.max_value_bytes;
  defaults.sync = 1;
  defaults.group = capsule_text_from("capsule");
  defaults.separator = capsule_text_from(".");
  defaults.request_timeout_ms = r.request_timeout_ms;
  defaults.lease_ms = r.lease_ms;
  defaults.refresh_ms = r.refresh_ms;
  write_defaults(options, struct_size, defaults);
}

void capsule_promise_wish_init(capsule_promise_wish *wish, uint32_t struct_size) {
  capsule_promise_wish defaults{};
  defaults.timeout_ms = capsule::PromiseWish{}.timeout_ms;
  write_defaults(wish, struct_size, defaults);
}

capsule_status capsule_promise_store_open(capsule_runtime *runtime, const capsule_promise_store_options *options,
                                          capsule_promise_store **store, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (store == nullptr) {
      return {CAPSULE_E_ARGUMENT, "store is NULL"};
    }
    *store = nullptr;
    auto found = look_up(runtime);
    auto read = read_options(options, capsule_promise_store_options_init, "options");
    for (const Status &status : {check_whole_texts(options), found.status(), read.status()}) {
      if (!status.ok()) {
        return status;
      }
    }
    auto opened = open_store(found.value(), read.value());
    if (opened.ok()) {
      *store = make_handle<capsule_promise_store>(std::move(opened.value()));
    }
    return opened.status();
  });
}

capsule_status capsule_promise_create(capsule_promise_store *store, const capsule_promise_wish *wish, capsule_promise *promise,
                                      capsule_error *error) {
  return with_promise("capsule_promise_create", store, nullptr, promise, error,
                      [&](PromiseStore &in, const std::string &, Meeting<Promise> &meeting) -> Status {
                        auto read = read_wish(wish, in);
                        if (read.ok()) {
                          in.create(std::move(read.value()), capsule::Caller::kWaits, meeting.done());
                        }
                        return read.status();
                      });
}

capsule_status capsule_promise_settle(capsule_promise_store *store, capsule_text id, int32_t state, capsule_text value,
                                      capsule_promise *promise, capsule_error *error) {
  return with_promise("capsule_promise_settle", store, &id, promise, error,
                      [&](PromiseStore &in, std::string text, Meeting<Promise> &meeting) -> Status {
                        auto bytes = read_bytes("value", value, in.max_value_bytes());
                        const Status known = check_range("state", state, CAPSULE_PROMISE_RESOLVED, CAPSULE_PROMISE_CANCELED);
                        for (const Status &status : {bytes.status(), known}) {
                          if (!status.ok()) {
                            return status;
                          }
                        }
                        in.settle({std::move(text), state, std::move(bytes.value())}, capsule::Caller::kWaits, meeting.done());
                        return {};
                      });
}

capsule_status capsule_promise_get(capsule_promise_store *store, capsule_text id, capsule_promise *promise,
                                   capsule_error *error) {
  return with_promise("capsule_promise_get", store, &id, promise, error,
                      [](PromiseStore &in, const std::string &text, Meeting<Promise> &meeting) -> Status {
                        in.get(text, capsule::Caller::kWaits, meeting.done());
                        return {};
                      });
}

capsule_status capsule_promise_wait(capsule_promise_store *store, capsule_text id, int64_t timeout_ms, capsule_promise *promise,
                                    capsule_error *error) {
  return with_promise("capsule_promise_wait", store, &id, promise, error,
                      [&](PromiseStore &in, const std::string &text, Meeting<Promise> &meeting) -> Status {
                        if (Status status = check_wait("capsule_promise_wait", timeout_ms); !status.ok()) {
                          return status;
                        }
                        const std::uint64_t number = in.watch(text, meeting.done());
                        if (!meeting.wait_until(capsule::deadline_after_ms(timeout_ms))) {
                          in.unwatch(text, number);
                          return {CAPSULE_E_TIMEOUT, "the promise was not settled within timeout_ms"};
                        }
                        return {};
                      });
}

capsule_status capsule_promise_watch(capsule_promise_store *store, capsule_text id, capsule_error *error) {
  return with_promise("capsule_promise_watch", store, &id, nullptr, error,
                      [](PromiseStore &in, const std::string &text, Meeting<Promise> &meeting) -> Status {
                        in.get(text, capsule::Caller::kWaits,
                               [weak = in.weak_from_this(), done = meeting.done()](Result<Promise> promise) {
                                 const auto self = weak.lock();
                                 if (self && promise.ok()) {
                                   self->watch(promise.value().id, [weak](Result<Promise> settled) {
                                     const auto still = weak.lock();
                                     if (still && settled.ok()) {
                                       still->feed().add(std::move(settled.value()));
                                     }
                                   });
                                 }
                                 done(std::move(promise));
                               });
                        return {};
                        // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDeleteLeaks): the std::function frees what it holds
                      });
}

capsule_status capsule_promise_next(capsule_promise_store *store, int64_t timeout_ms, capsule_promise *promise,
                                    capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(store);
    const Status may_wait = timeout_ms == 0 ? Status() : check_wait("capsule_promise_next", timeout_ms);
    const Status given = promise == nullptr ? Status(CAPSULE_E_ARGUMENT, "promise is NULL") : check_promise(promise);
    for (const Status &status : {found.status(), may_wait, given}) {
      if (!status.ok()) {
        return status;
      }
    }
    return hand_over_promise(found.value()->feed().next(timeout_ms == 0 ? 0 : capsule::deadline_after_ms(timeout_ms)), promise);
  });
}

capsule_status capsule_promise_store_get_fd(capsule_promise_store *store, int32_t *fd, capsule_error *error) {
  return call(error, [&]() -> Status {
    if (fd == nullptr) {
      return {CAPSULE_E_ARGUMENT, "fd is NULL"};
    }
    auto found = look_up(store);
    if (!found.ok()) {
      return found.status();
    }
    auto made = found.value()->feed().fd();
    *fd = made.ok() ? made.value() : -1;
    return made.status();
  });
}

capsule_status capsule_promise_store_set_notify(capsule_promise_store *store, capsule_notify_callback callback, void *user_data,
                                                capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(store);
    if (found.ok()) {
      found.value()->feed().set_notify(callback, user_data);
    }
    return found.status();
  });
}

capsule_status capsule_promise_forget(capsule_promise_store *store, capsule_text id, capsule_error *error) {
  return with_promise("capsule_promise_forget", store, &id, nullptr, error,
                      [](PromiseStore &in, const std::string &text, Meeting<Promise> &meeting) -> Status {
                        in.forget(text, [done = meeting.done()](const Status &status) {
                          done(status.ok() ? Result<Promise>(Promise{}) : status);
                        });
                        return {};
                      });
}

void capsule_promise_release(capsule_promise *promise) { release_owned(promise); }

capsule_status capsule_promise_list_pending(capsule_promise_store *store, capsule_pending_promise *promises, size_t capacity,
                                            size_t *count, uint64_t *total, capsule_error *error) {
  return call(error, [&]() -> Status { return list_rows("promises", look_up(store), promises, capacity, count, total); });
}

capsule_status capsule_promise_store_get_metrics(capsule_promise_store *store, capsule_promise_metrics *metrics,
                                                 capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(store);
    return found.ok() ? write_struct(metrics, found.value()->metrics(), "metrics") : found.status();
  });
}

capsule_status capsule_promise_store_close(capsule_promise_store *store, capsule_error *error) {
  return call(error, [&]() -> Status {
    auto found = look_up(store);
    for (const Status &status : {found.status(), check_may_wait("capsule_promise_store_close")}) {
      if (!status.ok()) {
        return status;
      }
    }
    found.value()->close();
    return {};
  });
}

void capsule_promise_store_release(capsule_promise_store *store) {
  release_handle(store, [](auto &taken) { taken.release(); });
}

const char *capsule_promise_state_name(int32_t state) {
  switch (state) {
    case CAPSULE_PROMISE_PENDING:
      return "pending";
    case CAPSULE_PROMISE_RESOLVED:
      return "resolved";
    case CAPSULE_PROMISE_REJECTED:
      return "rejected";
    case CAPSULE_PROMISE_CANCELED:
      return "canceled";
    case CAPSULE_PROMISE_TIMED_OUT:
      return "timed_out";
    default:
      return "unknown";
  }
}

}  // extern "C"
