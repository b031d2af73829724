// Interceptors see every frame, in order, and can neither alter nor lose one (I1).
#include <chrono>
#include <memory>
#include <mutex>

#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

// What an interceptor saw, and what it does.
struct Spy {
  std::mutex mutex;
  std::vector<std::string> seen;  // "direction channel kind execution"
  std::uint64_t bytes_to = 0;
  std::uint64_t bytes_from = 0;
  std::int32_t answer = 0;
  std::uint64_t spin_ns = 0;
  std::vector<std::string> *order = nullptr;
  const char *name = "";
  capsule_session *call_back = nullptr;
  capsule_status called_back = CAPSULE_OK;

  static std::int32_t call(void *user_data, const capsule_frame *frame) {
    auto *self = static_cast<Spy *>(user_data);
    const std::lock_guard lock(self->mutex);
    const bool to = frame->direction == CAPSULE_FRAME_TO_WORKER;
    self->seen.push_back(std::string(to ? "to " : "from ") + (frame->channel == CAPSULE_CHANNEL_WORK ? "work " : "control ") +
                         frame->kind + " " + show(frame->execution_id));
    (to ? self->bytes_to : self->bytes_from) += frame->size_bytes;
    if (self->order != nullptr) {
      self->order->push_back(self->name);
    }
    if (self->call_back != nullptr) {
      capsule_session_info info{};
      info.struct_size = sizeof info;
      self->called_back = capsule_session_get_info(self->call_back, &info, nullptr);
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::nanoseconds(self->spin_ns);
    while (std::chrono::steady_clock::now() < until) {
    }
    return self->answer;
  }

  std::vector<std::string> work() {
    const std::lock_guard lock(mutex);
    std::vector<std::string> frames;
    for (const std::string &one : seen) {
      if (one.find("work") != std::string::npos) {
        frames.push_back(one);
      }
    }
    return frames;
  }
};

capsule_interceptor_options options_for(Spy &spy) {
  capsule_interceptor_options options{};
  capsule_interceptor_options_init(&options, sizeof options);
  options.name = {"spy", 3};
  options.callback = Spy::call;
  options.user_data = &spy;
  return options;
}

std::uint64_t add(const Session &session, const capsule_interceptor_options &options) {
  std::uint64_t id = 0;
  ACCEPTED(capsule_session_add_interceptor(session.get(), &options, &id, error));
  return id;
}

capsule_interceptor_info info_of(const Session &session, std::uint64_t id) {
  capsule_interceptor_info info{};
  info.struct_size = sizeof info;
  ACCEPTED(capsule_session_get_interceptor_info(session.get(), id, &info, error));
  return info;
}

}  // namespace

CAPSULE_TEST(every_frame_is_seen_in_order) {  // I1
  Spy spy;
  const Session session = open_session();
  const std::uint64_t id = add(session, options_for(spy));
  const capsule_session_info before = capsule_test::info_of(session);
  value_of(session, "print('hello')");
  value_of(session, "1 + 1");
  const capsule_session_info after = capsule_test::info_of(session);
  const std::vector<std::string> expected = {"to work Execute 1", "from work Output 1", "from work Result 1",
                                             "to work Execute 2", "from work Result 2"};
  CHECK(spy.work() == expected);
  const std::lock_guard lock(spy.mutex);
  CHECK_EQ(info_of(session, id).calls, after.frames_sent + after.frames_received - before.frames_sent - before.frames_received);
  CHECK_EQ(spy.bytes_to, after.bytes_sent - before.bytes_sent);
  CHECK_EQ(spy.bytes_from, after.bytes_received - before.bytes_received);
}

CAPSULE_TEST(they_are_called_in_the_order_of_their_registration) {
  std::vector<std::string> order;
  Spy first;
  Spy second;
  const Session session = open_session();
  first.order = second.order = &order;
  first.name = "first";
  second.name = "second";
  add(session, options_for(first));
  add(session, options_for(second));
  value_of(session, "1");
  CHECK_AT_LEAST(order.size(), 4);
  for (std::size_t i = 0; i < order.size(); ++i) {
    CHECK_EQ(order[i], i % 2 == 0 ? "first" : "second");
  }
}

CAPSULE_TEST(an_error_of_one_changes_nothing_and_is_counted) {
  Spy failing;
  Spy other;
  const Session session = open_session();
  failing.answer = 7;
  const std::uint64_t id = add(session, options_for(failing));
  const std::uint64_t last = add(session, options_for(other));
  CHECK_EQ(printed_by(session, "print('whole')"), "whole\n");
  const capsule_interceptor_info info = info_of(session, id);
  CHECK_EQ(info.errors, info.calls);
  CHECK_EQ(info.quarantined, 0);
  CHECK_EQ(info_of(session, last).errors, 0);
  CHECK_EQ(info_of(session, last).calls, info.calls);
}

CAPSULE_TEST(one_that_is_too_slow_too_often_is_called_no_more) {
  Spy slow;
  const Session session = open_session();
  slow.spin_ns = 2'000;
  capsule_interceptor_options options = options_for(slow);
  options.budget_ns = 1;
  options.quarantine_after = 3;
  const std::uint64_t id = add(session, options);
  for (int i = 0; i < 4; ++i) {
    value_of(session, "1");
  }
  const capsule_interceptor_info info = info_of(session, id);
  CHECK_EQ(info.quarantined, 1);
  CHECK_EQ(info.calls, 3);
  CHECK_EQ(info.over_budget, 3);
  CHECK_AT_LEAST(info.skipped, 5);
  CHECK_AT_LEAST(info.longest_ns, 2'000U);
  CHECK_AT_LEAST(info.total_ns, 6'000U);
}

CAPSULE_TEST(a_removed_one_sees_nothing_more) {
  Spy spy;
  const Session session = open_session();
  const std::uint64_t id = add(session, options_for(spy));
  value_of(session, "1");
  const std::size_t seen = spy.work().size();
  CHECK_AT_LEAST(seen, 2);
  ACCEPTED(capsule_session_remove_interceptor(session.get(), id, error));
  ACCEPTED(capsule_session_remove_interceptor(session.get(), id, error));
  value_of(session, "1");
  CHECK_EQ(spy.work().size(), seen);
  capsule_interceptor_info info{};
  info.struct_size = sizeof info;
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_interceptor_info(session.get(), id, &info, error));
}

CAPSULE_TEST(it_stays_through_a_restart) {
  Spy spy;
  const Session session = open_session();
  add(session, options_for(spy));
  ACCEPTED(capsule_session_restart(session.get(), error));
  value_of(session, "1");
  CHECK(spy.work().back() == "from work Result 1");
}

CAPSULE_TEST(a_call_into_the_library_is_refused_and_does_not_hang) {
  Spy spy;
  const Session session = open_session();
  spy.call_back = session.get();
  add(session, options_for(spy));
  value_of(session, "1");
  CHECK_EQ(spy.called_back, CAPSULE_E_REENTRANT);
}

CAPSULE_TEST(after_the_release_nothing_is_called_any_more) {
  auto spy = std::make_unique<Spy>();
  {
    const Session session = open_session();
    add(session, options_for(*spy));
    value_of(session, "1");
  }
  spy.reset();  // the closing goes on: the address sanitizer would see a call
  value_of(open_session(), "1");
}

CAPSULE_TEST(bad_arguments_are_refused) {
  Spy spy;
  const Session session = open_session();
  std::uint64_t id = 99;
  const auto refused = [&](capsule_interceptor_options options) {
    REFUSED(CAPSULE_E_ARGUMENT, capsule_session_add_interceptor(session.get(), &options, &id, error));
    CHECK_EQ(id, 0);
  };
  capsule_interceptor_options options = options_for(spy);
  options.callback = nullptr;
  refused(options);
  options = options_for(spy);
  options.name = {};
  refused(options);
  options = options_for(spy);
  options.budget_ns = 0;
  refused(options);
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_add_interceptor(session.get(), nullptr, &id, error));
  options = options_for(spy);
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_add_interceptor(session.get(), &options, nullptr, error));
  for (int i = 0; i < 64; ++i) {
    add(session, options);
  }
  REFUSED(CAPSULE_E_LIMIT, capsule_session_add_interceptor(session.get(), &options, &id, error));
  ACCEPTED(capsule_session_close(session.get(), 0, error));
  REFUSED(CAPSULE_E_CLOSED, capsule_session_add_interceptor(session.get(), &options, &id, error));
}
