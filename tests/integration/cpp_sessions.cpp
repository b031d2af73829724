// What both layers of the C++ wrapper do with sessions beyond running code: names, copies, their own log level, places in a pool's line.
#include <poll.h>

#include "cpp_layers.hpp"
#include "log.hpp"

using namespace capsule_test;

namespace {

constexpr const char *kTraceparent = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01";

bool is_readable(int fd) {
  pollfd polled{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&polled, 1, 0) == 1;
}

template <typename Layer>
void lists_names() {
  auto runtime = Layer::runtime();
  auto session = Layer::open(runtime);
  got(session.run("b = 'text'\na = [1]"));
  const auto names = got(session.names());
  std::string told;
  for (const capsule_name &name : names.rows()) told += std::string(capsule::detail::view(name.name)) + " ";
  CHECK_EQ(told, "b a ");
  CHECK_EQ(got(session.names(1))->total, 2);
  CHECK_EQ(got(session.names(1)).rows().size(), 1);
}

template <typename Layer>
void copies_sessions() {
  auto runtime = Layer::runtime();
  auto session = Layer::open(runtime);
  got(session.run("x = 1"));
  const auto snapshot = got(session.snapshot());
  CHECK(got(snapshot.info()).pid > 0);
  got(session.run("x = 2"));
  auto early = got(snapshot.branch());
  auto late = got(session.branch());
  CHECK_EQ(got(early.run("x")).repr.value_or(""), "1");
  CHECK_EQ(got(late.run("x")).repr.value_or(""), "2");
  DONE(session.restore(snapshot));
  CHECK_EQ(got(session.run("x")).repr.value_or(""), "1");

  const auto made = got(session.checkpoint());
  const std::string data(got(made.data()));
  using Checkpoint = std::decay_t<decltype(made)>;
  const auto read = got(Checkpoint::read(data));
  CHECK_EQ(got(read.info()).names, 1);
  CHECK_EQ(std::string(got(read.data())), data);
  CHECK_EQ(status_of([&] { return Checkpoint::read(data.substr(0, data.size() / 2)); }), CAPSULE_E_CHECKPOINT);
  CHECK(got(session.checkpoints()).empty());
  DONE(session.keep(read));
  const auto kept = got(session.checkpoints());
  CHECK_EQ(kept.size(), 1);
  CHECK_EQ(std::string(got(kept[0].data())), data);
}

template <typename Layer>
void has_a_log_level_and_contexts() {
  LogSpy log(CAPSULE_LOG_DEBUG);
  auto runtime = Layer::runtime();
  auto session = Layer::open(runtime, CAPSULE_EXECUTOR_ECHO);
  DONE(session.set_log_level(CAPSULE_LOG_OFF));
  const std::string name = "session=" + std::to_string(got(session.info()).session_id) + " ";
  const auto logged = [&] { return log.lines(name).size(); };
  const std::size_t before = logged();
  got(session.run("value 1"));
  CHECK_EQ(logged(), before);
  DONE(session.set_log_level(0));
  got(session.run("value 1"));
  CHECK(logged() > before);
  CHECK_EQ(status_of([&] { return session.set_log_level(100); }), CAPSULE_E_ARGUMENT);
  CHECK_EQ(got(session.trace_context(1)).given, 0);
  CHECK_EQ(std::string(got(session.trace_context(1)).traceparent).size(), std::string(kTraceparent).size());
  CHECK_EQ(status_of([&] { return session.trace_context(1'000); }), CAPSULE_E_ARGUMENT);
}

template <typename Layer>
void stands_in_line() {
  auto runtime = Layer::runtime();
  auto pool = Layer::pool(runtime, 1);
  DONE(pool.wait_ready(kPatience));
  auto first = got(pool.begin_acquire());
  auto held = got(first.take(kPatience));
  CHECK_EQ(status_of([&] { return first.take(); }), CAPSULE_E_STATE);
  auto second = got(pool.begin_acquire());
  auto third = got(pool.begin_acquire());
  CHECK_EQ(status_of([&] { return second.take(capsule::Milliseconds{1}); }), CAPSULE_E_TIMEOUT);
  CHECK(!is_readable(got(second.fd())));
  CHECK_EQ(got(pool.metrics()).waiters_now, 2);
  DONE(second.cancel());
  CHECK_EQ(status_of([&] { return second.take(); }), CAPSULE_E_STATE);
  DONE(pool.give_back(std::move(held)));
  auto taken = got(third.take(kPatience));
  CHECK(is_readable(got(third.fd())));
  CHECK_EQ(got(taken.run("value 1")).repr.value_or(""), "1");
}

}  // namespace

CAPSULE_TEST(names_are_listed) {
  lists_names<Throwing>();
  lists_names<Returning>();
}

CAPSULE_TEST(sessions_are_copied) {
  copies_sessions<Throwing>();
  copies_sessions<Returning>();
}

CAPSULE_TEST(a_session_has_its_own_log_level_and_trace_contexts) {
  has_a_log_level_and_contexts<Throwing>();
  has_a_log_level_and_contexts<Returning>();
}

CAPSULE_TEST(a_place_in_line_is_taken_given_up_and_served) {
  stands_in_line<Throwing>();
  stands_in_line<Returning>();
}
