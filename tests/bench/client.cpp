#include "client.hpp"

#include <chrono>
#include <thread>

#include "support.hpp"

namespace bench {
namespace {

constexpr std::int64_t kCloseMs = 2'000;

}  // namespace

void check(capsule_status status, const capsule_error &error, const char *call) {
  if (status != CAPSULE_OK) {
    fail("%s: %s: %s", call, capsule_status_name(status), error.message);
  }
}

capsule_error empty_error() {
  capsule_error error{};
  error.struct_size = sizeof error;
  return error;
}

Runtime::Runtime() {
  capsule_error error = empty_error();
  check(capsule_runtime_create(nullptr, &handle_, &error), error, "capsule_runtime_create");
}

Runtime::~Runtime() {
  capsule_runtime_close(handle_, kCloseMs, nullptr);
  capsule_runtime_release(handle_);
}

int Runtime::zygote_pid() const {
  capsule_error error = empty_error();
  capsule_runtime_info info{};
  info.struct_size = sizeof info;
  check(capsule_runtime_get_info(handle_, &info, &error), error, "capsule_runtime_get_info");
  return info.zygote_pid;
}

Session::Session(const Runtime &runtime, const Context &context, SessionSetup setup) {
  capsule_error error = empty_error();
  capsule_session_options options;
  capsule_session_options_init(&options, sizeof options);
  options.python = {context.python.data(), context.python.size()};
  options.trace_bytes = setup.trace_bytes;
  if (setup.heartbeat_ms != 0) {
    options.heartbeat_interval_ms = setup.heartbeat_ms;
  }
  options.bridge = setup.bridge;
  options.rules = setup.rule;
  options.rule_count = setup.rule != nullptr ? 1 : 0;
  check(capsule_session_open(runtime.get(), &options, &handle_, &error), error, "capsule_session_open");
}

Session::~Session() {
  capsule_session_close(handle_, kCloseMs, nullptr);
  capsule_session_release(handle_);
}

int Session::pid() const {
  capsule_error error = empty_error();
  capsule_session_info info{};
  info.struct_size = sizeof info;
  check(capsule_session_get_info(handle_, &info, &error), error, "capsule_session_get_info");
  return info.pid;
}

void Session::restart() {
  capsule_error error = empty_error();
  check(capsule_session_restart(handle_, &error), error, "capsule_session_restart");
}

Pool::Pool(const Runtime &runtime, const Context &context, capsule_pool_options options) {
  capsule_error error = empty_error();
  capsule_session_options session;
  capsule_session_options_init(&session, sizeof session);
  session.python = {context.python.data(), context.python.size()};
  options.session = &session;
  check(capsule_pool_create(runtime.get(), &options, &handle_, &error), error, "capsule_pool_create");
  check(capsule_pool_wait_ready(handle_, kWaitMs, &error), error, "capsule_pool_wait_ready");
}

Pool::~Pool() {
  capsule_pool_close(handle_, 0, nullptr);
  capsule_pool_release(handle_);
}

capsule_session *Pool::acquire() const {
  capsule_error error = empty_error();
  capsule_session *session = nullptr;
  check(capsule_pool_acquire(handle_, nullptr, &session, &error), error, "capsule_pool_acquire");
  return session;
}

void Pool::give_back(capsule_session *session) const {
  capsule_error error = empty_error();
  check(capsule_pool_give_back(handle_, session, &error), error, "capsule_pool_give_back");
}

void Pool::wait_idle(std::uint32_t least) const {
  const std::uint64_t deadline = now_ns() + std::uint64_t{kWaitMs} * 1'000'000;
  capsule_pool_metrics metrics{};
  metrics.struct_size = sizeof metrics;
  do {
    capsule_error error = empty_error();
    check(capsule_pool_get_metrics(handle_, &metrics, &error), error, "capsule_pool_get_metrics");
    if (now_ns() > deadline) {
      fail("only %u sessions of the pool are idle", metrics.sessions_idle);
    }
    std::this_thread::yield();
  } while (metrics.sessions_idle < least);
}

std::vector<int> Pool::pids() const {
  capsule_error error = empty_error();
  capsule_pool_sessions list{};
  list.struct_size = sizeof list;
  check(capsule_pool_list_sessions(handle_, &list, &error), error, "capsule_pool_list_sessions");
  std::vector<int> pids;
  for (std::size_t i = 0; i < list.count; ++i) {
    pids.push_back(list.sessions[i].pid);
  }
  capsule_pool_sessions_release(&list);
  return pids;
}

void Event::expect_result() const {
  if (event_.kind != CAPSULE_EVENT_RESULT) {
    fail("the code ended as %s: %.*s", capsule_outcome_name(event_.outcome), static_cast<int>(event_.message.size),
         event_.message.size > 0 ? event_.message.data : "");
  }
}

void Event::expect_canceled(std::int32_t phase) const {
  if (event_.outcome != CAPSULE_OUTCOME_CANCELED || event_.cancel_phase != phase) {
    fail("the cancel ended as %s with phase %s, not %s", capsule_outcome_name(event_.outcome),
         capsule_cancel_phase_name(event_.cancel_phase), capsule_cancel_phase_name(phase));
  }
}

Execution::Execution(capsule_session *session, std::string_view source, const capsule_execution_options *options) {
  capsule_error error = empty_error();
  check(capsule_execution_create(session, source.data(), source.size(), options, &handle_, &error), error,
        "capsule_execution_create");
}

void Execution::next(Event &event) {
  capsule_error error = empty_error();
  check(capsule_execution_next(handle_, kWaitMs, event.get(), &error), error, "capsule_execution_next");
}

void Execution::next_of(Event &event, std::int32_t kind) {
  do {
    next(event);
    if (event.terminal() && event->kind != kind) {
      event.expect_result();
      fail("the code ended without the event that was expected of it");
    }
  } while (event->kind != kind);
}

std::uint64_t Execution::finish(Event &event) {
  std::uint64_t output = 0;
  do {
    next(event);
    output += event->data.size;
  } while (!event.terminal());
  return output;
}

void Execution::cancel(std::int64_t grace_ms) {
  capsule_error error = empty_error();
  check(capsule_execution_cancel(handle_, grace_ms, &error), error, "capsule_execution_cancel");
}

void run_sum(capsule_session *session, Event &event) {
  Execution execution(session, "1+1");
  execution.finish(event);
  event.expect_result();
  if (std::string_view(event->repr.data, event->repr.size) != "2") {
    fail("1+1 is %.*s", static_cast<int>(event->repr.size), event->repr.data);
  }
}

std::vector<double> sums_us(const Session &session, int count) {
  std::vector<double> samples;
  Event event;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t start = now_ns();
    run_sum(session, event);
    samples.push_back(us_between(start, now_ns()));
  }
  return samples;
}

}  // namespace bench
