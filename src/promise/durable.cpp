#include "promise/durable.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/log.hpp"
#include "capsule/durable.h"
#include "capsule/introspection.h"
#include "promise/resonate_wire.hpp"
#include "session/session.hpp"

namespace capsule {
namespace {

using Json = nlohmann::json;

// Of the hash that tells one call from another: 128 bits.
constexpr std::size_t kHashBytes = 16;

std::string dump(const Json &document) { return document.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string text_of_event(const capsule_text &text) {
  return text.data == nullptr ? std::string() : std::string(text.data, text.size);
}

// What the code returned, as JSON.
std::string value_of(const capsule_event &event) {
  if (event.json.data != nullptr) {
    return text_of_event(event.json);
  }
  return event.repr.data == nullptr ? "null" : dump(text_of_event(event.repr));
}

Json error_of(const std::string &name, const std::string &message) {
  return {{"__type", "error"}, {"name", name}, {"message", message}};
}

std::string failure_of(const capsule_event &event) {
  Json error = error_of(text_of_event(event.error_type), text_of_event(event.message));
  error["stack"] = text_of_event(event.traceback);
  error["execution"] = event.execution_id;
  return dump(error);
}

Settlement settlement_of(const std::string &id, const HostCall &call, const HostAnswer &answer) {
  if (answer.outcome != wire::CallOutcome::kValue) {
    Json error = error_of(answer.error_type, answer.message);
    error["capability"] = call.capability;
    error["execution"] = call.execution_id;
    return {id, CAPSULE_PROMISE_REJECTED, dump(error)};
  }
  if (!answer.has_value) {
    return {id, CAPSULE_PROMISE_RESOLVED, "{}"};
  }
  const NamedValue &value = answer.value;
  return {
      id, CAPSULE_PROMISE_RESOLVED,
      dump(
          {{"kind", value.kind}, {"data", resonate::to_base64(value.data)}, {"format", value.format}, {"shape", value.shape}})};
}

// Nullopt for what this library did not write.
std::optional<HostAnswer> answer_of(const Promise &promise) {
  HostAnswer answer;
  const Json document = Json::parse(promise.value, nullptr, /*allow_exceptions=*/false);
  if (promise.state != CAPSULE_PROMISE_RESOLVED) {
    answer.outcome = wire::CallOutcome::kFailed;
    const bool told = document.is_object();
    answer.error_type =
        told && document.contains("name") && document["name"].is_string() ? document["name"].get<std::string>() : "";
    answer.message = told && document.contains("message") && document["message"].is_string()
                         ? document["message"].get<std::string>()
                         : std::string("the call's promise is ") + capsule_promise_state_name(promise.state);
    return answer;
  }
  if (!document.is_object()) {
    return std::nullopt;
  }
  if (document.empty()) {
    return answer;
  }
  try {
    auto data = resonate::from_base64(document.at("data").get<std::string>());
    if (!data) {
      return std::nullopt;
    }
    answer.has_value = true;
    answer.value.kind = document.at("kind").get<std::int32_t>();
    answer.value.data = std::move(*data);
    answer.value.format = document.at("format").get<std::string>();
    answer.value.shape = document.at("shape").get<std::vector<std::int64_t>>();
  } catch (const Json::exception &) {
    return std::nullopt;
  }
  return answer;
}

Status too_many_calls() {
  return {CAPSULE_E_LIMIT, "the execution has made " + std::to_string(CAPSULE_DURABLE_MAX_CALLS) + " calls and inputs"};
}

// Nullopt for what is no line that input() may return.
std::optional<InputLine> line_of(const Promise &promise) {
  if (promise.state != CAPSULE_PROMISE_RESOLVED) {
    return InputLine();
  }
  Json document = Json::parse(promise.value, nullptr, /*allow_exceptions=*/false);
  if (document.is_object() && document.contains("data")) {
    Json data = std::move(document["data"]);  // to copy what is nested deep takes a stack as deep
    document = std::move(data);
  }
  if (!document.is_string() || document.get_ref<const std::string &>().find('\0') != std::string::npos) {
    return std::nullopt;
  }
  return InputLine{document.get<std::string>()};
}

Status unreadable_line() { return {CAPSULE_E_STATE, "what it was settled with is no line of text"}; }

Status unreadable() { return {CAPSULE_E_STATE, "what is recorded of the call is no answer"}; }

}  // namespace

void DurableRun::begin(const std::shared_ptr<PromiseStore> &store, PromiseWish wish, std::shared_ptr<DurableFigures> figures,
                       std::function<void(Result<Begun>)> done) {
  std::shared_ptr<DurableRun> run(new DurableRun(store, wish.id, std::move(figures)));
  const auto lost = [weak = std::weak_ptr(run)] {
    if (const auto self = weak.lock()) {
      self->on_lost();
    }
  };
  store->claim(std::move(wish), lost, [run, done = std::move(done)](Result<Claimed> claimed) {
    run->figures_->count(claimed.ok());
    if (!claimed.ok()) {
      done(claimed.status());
      return;
    }
    Claimed &got = claimed.value();
    run->claim_ = got.claim;
    run->timeout_at_ms_ = got.promise.timeout_at_ms;
    done(Begun{std::move(got.promise), run->claim_.token == 0 ? nullptr : run});
  });
}

void DurableRun::bind(const std::shared_ptr<Execution> &execution) {
  bool lost = false;
  {
    const std::lock_guard lock(mutex_);
    execution_ = execution;
    session_id_ = execution->session->id();
    execution_id_ = execution->id;
    if (!over_) {
      show(id_, CAPSULE_PENDING_EXECUTION);
    }
    lost = lost_;
  }
  if (lost) {
    on_lost();
  }
}

DurableRun::~DurableRun() { store_->durable().erase_all_of(this); }

void DurableRun::show(const std::string &id, std::int32_t kind) {
  const std::uint64_t now = monotonic_ns();
  store_->durable().put(id, {.kind = kind,
                             .session_id = session_id_,
                             .execution_id = execution_id_,
                             .since_ns = now,
                             .deadline_ns = now + ns_until_unix(timeout_at_ms_),
                             .owner = this});
}

void DurableRun::on_lost() {
  std::shared_ptr<Execution> execution;
  {
    const std::lock_guard lock(mutex_);
    lost_ = true;
    execution = execution_.lock();
  }
  if (execution) {
    static_cast<void>(execution->session->cancel(*execution, -1));
  }
}

bool DurableRun::is_over() {
  const std::lock_guard lock(mutex_);
  return over_;
}

void DurableRun::give_back(std::function<void()> done) { store_->give_back(claim_, std::move(done)); }

std::string DurableRun::call_id(const HostCall &call, const std::string &key) const {
  return id_ + store_->separator() + call.capability + "." + hex_of(digest_of(key), kHashBytes);
}

DurableRun::Room DurableRun::take_room(const std::string &id) {
  const std::lock_guard lock(mutex_);
  if (over_) {
    return Room::kOver;
  }
  if (children_.size() >= CAPSULE_DURABLE_MAX_CALLS && !children_.contains(id)) {
    return Room::kFull;
  }
  children_.insert(id);
  return Room::kFree;
}

void DurableRun::create_child(const std::string &id, std::int32_t kind, std::string param, PromiseStore::Done done) {
  const std::int64_t left_ms = std::max<std::int64_t>(timeout_at_ms_ - unix_ms(), 1);
  store_->create_call(claim_, {.id = id, .param = std::move(param), .timeout_ms = left_ms},
                      [self = shared_from_this(), id, kind, done = std::move(done)](const Result<Promise> &promise) {
                        self->figures_->count(promise.ok());
                        if (promise.ok() && promise.value().state == CAPSULE_PROMISE_PENDING) {
                          const std::lock_guard lock(self->mutex_);
                          if (!self->over_) {
                            self->show(id, kind);
                          }
                        }
                        done(promise);
                      });
}

void DurableRun::recall(const HostCall &call, const std::string &key, Recalled done) {
  const std::string id = call_id(call, key);
  if (const Room room = take_room(id); room != Room::kFree) {  // over: a task that it left behind calls; nothing records that
    return done(room == Room::kFull ? too_many_calls() : Status(), std::nullopt);
  }
  create_child(id, CAPSULE_PENDING_DURABLE_CALL, {}, [done = std::move(done)](const Result<Promise> &promise) {
    const bool settled = promise.ok() && promise.value().state != CAPSULE_PROMISE_PENDING;
    std::optional<HostAnswer> answer = settled ? answer_of(promise.value()) : std::nullopt;
    done(settled && !answer ? unreadable() : promise.status(), std::move(answer));
  });
}

void DurableRun::record(const HostCall &call, const std::string &key, HostAnswer answer, Recorded done) {
  if (is_over()) {
    return done(Status(), std::move(answer));
  }
  const std::string id = call_id(call, key);
  Settlement settlement = settlement_of(id, call, answer);
  store_->settle_call(claim_, std::move(settlement),
                      [store = store_, figures = figures_, id, done = std::move(done)](const Result<Promise> &promise) {
                        figures->count(promise.ok());
                        store->durable().erase(id);
                        std::optional<HostAnswer> first = promise.ok() ? answer_of(promise.value()) : std::nullopt;
                        done(promise.ok() && !first ? unreadable() : promise.status(),
                             first ? std::move(*first) : HostAnswer{});
                      });
}

void DurableRun::recall_input(std::uint32_t number, const std::string &prompt, InputRecalled done) {
  const std::string id = input_id(number);
  if (const Room room = take_room(id); room != Room::kFree) {
    return done(room == Room::kFull ? too_many_calls() : claim_lost(id_), std::nullopt);
  }
  std::string param = dump({{"prompt", prompt}});
  param = param.size() <= store_->max_value_bytes() ? std::move(param) : std::string();
  create_child(id, CAPSULE_PENDING_INPUT, std::move(param), [done = std::move(done)](const Result<Promise> &promise) {
    const bool settled = promise.ok() && promise.value().state != CAPSULE_PROMISE_PENDING;
    std::optional<InputLine> line = settled ? line_of(promise.value()) : std::nullopt;
    done(settled && !line ? unreadable_line() : promise.status(), std::move(line));
  });
}

void DurableRun::record_input(std::uint32_t number, InputLine line, InputSettled done) {
  const std::string id = input_id(number);
  Settlement settlement =
      line.text ? Settlement{id, CAPSULE_PROMISE_RESOLVED, dump(*line.text)}
                : Settlement{id, CAPSULE_PROMISE_REJECTED, dump(error_of("EOFError", "the host declined to answer"))};
  store_->settle_call(claim_, std::move(settlement),
                      [store = store_, figures = figures_, id, done = std::move(done)](const Result<Promise> &promise) {
                        figures->count(promise.ok());
                        store->durable().erase(id);
                        std::optional<InputLine> first = promise.ok() ? line_of(promise.value()) : std::nullopt;
                        done(promise.ok() && !first ? unreadable_line() : promise.status(),
                             first ? std::move(*first) : InputLine());
                      });
}

void DurableRun::watch_input(std::uint32_t number, InputSettled done) {
  const std::string id = input_id(number);
  const std::uint64_t watch = store_->watch(id, [store = store_, id, done = std::move(done)](const Result<Promise> &promise) {
    store->durable().erase(id);
    if (promise.ok()) {  // else the answer cannot be recorded either, and that is told
      std::optional<InputLine> line = line_of(promise.value());
      done(line ? Status() : unreadable_line(), line ? std::move(*line) : InputLine());
    }
  });
  {
    const std::lock_guard lock(mutex_);
    if (!over_) {
      watches_[id] = watch;
      return;
    }
  }
  store_->unwatch(id, watch);
}

Status DurableRun::check_input(std::string_view line) const {
  const std::size_t size = dump(std::string(line)).size();
  if (size > store_->max_value_bytes()) {
    return {CAPSULE_E_LIMIT, "text: it takes " + std::to_string(size) + " bytes as JSON; the store's max_value_bytes is " +
                                 std::to_string(store_->max_value_bytes())};
  }
  return {};
}

void DurableRun::ended(const capsule_event &event, std::function<void()> done) {
  bool lost = false;
  std::map<std::string, std::uint64_t> watches;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    lost = lost_;
    watches.swap(watches_);
  }
  store_->durable().erase_all_of(this);
  for (const auto &[id, watch] : watches) {
    store_->unwatch(id, watch);
  }
  switch (event.outcome) {
    case CAPSULE_OUTCOME_OK:
      return settle({id_, CAPSULE_PROMISE_RESOLVED, value_of(event)}, std::move(done));
    case CAPSULE_OUTCOME_ERROR:
    case CAPSULE_OUTCOME_TIMEOUT:
      return settle({id_, CAPSULE_PROMISE_REJECTED, failure_of(event)}, std::move(done));
    case CAPSULE_OUTCOME_CANCELED:
      return lost ? done() : settle({id_, CAPSULE_PROMISE_CANCELED, failure_of(event)}, std::move(done));
    default:
      return give_back(std::move(done));
  }
}

void DurableRun::settle(Settlement settlement, std::function<void()> done) {
  if (settlement.value.size() > store_->max_value_bytes()) {
    const std::string text = "the result takes " + std::to_string(settlement.value.size()) +
                             " bytes; the store's max_value_bytes is " + std::to_string(store_->max_value_bytes());
    settlement = {id_, CAPSULE_PROMISE_REJECTED, dump(error_of("ValueTooLarge", text))};
  }
  store_->fulfill(claim_, std::move(settlement),
                  [self = shared_from_this(), done = std::move(done)](const Result<Promise> &promise) {
                    self->figures_->count(promise.ok());
                    if (promise.ok()) {
                      self->forget_children();
                      done();
                    } else {
                      log_record(LogEvent::durable_not_recorded, "session={} execution={} status={}", self->session_id_,
                                 self->execution_id_, status_name(promise.status().code()));
                      self->give_back(done);
                    }
                  });
}

// With the result there, nobody needs them.
void DurableRun::forget_children() {
  std::set<std::string> children;
  {
    const std::lock_guard lock(mutex_);
    children.swap(children_);
  }
  for (const std::string &id : children) {
    store_->drop(id);
  }
}

}  // namespace capsule
