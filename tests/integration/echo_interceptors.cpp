// Interceptors and the rate limit from many threads at once, for the thread sanitizer.
#include <memory>

#include "run.hpp"
#include "test.hpp"
#include "threads.hpp"

using namespace capsule_test;

namespace {

constexpr int kRounds = kSanitized ? 20 : 100;

std::int32_t count_frame(void *user_data, const capsule_frame *) {
  ++*static_cast<std::uint64_t *>(user_data);  // not atomic: one call at a time for a session
  return 0;
}

}  // namespace

CAPSULE_TEST(interceptors_come_and_go_while_frames_pass) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime, SessionOptions::echo());
  run_at_once(4, [&](int number) {
    for (int i = 0; i < kRounds; ++i) {
      if (number < 2) {
        Run run(session, "out x\nvalue 1");
        CHECK_EQ(run.end().repr, "1");
        continue;
      }
      const auto frames = std::make_unique<std::uint64_t>(0);
      capsule_interceptor_options options{};
      capsule_interceptor_options_init(&options, sizeof options);
      options.name = capsule_text_from("counter");
      options.callback = count_frame;
      options.user_data = frames.get();
      std::uint64_t id = 0;
      ACCEPTED(capsule_session_add_interceptor(session.get(), &options, &id, error));
      capsule_interceptor_info info{};
      info.struct_size = sizeof info;
      ACCEPTED(capsule_session_get_interceptor_info(session.get(), id, &info, error));
      ACCEPTED(capsule_session_remove_interceptor(session.get(), id, error));
      CHECK_AT_LEAST(*frames, info.calls);  // removed: nobody else touches it now
    }
  });
}

CAPSULE_TEST(a_limited_session_is_closed_and_restarted_while_it_waits) {
  const Runtime runtime = make_runtime();
  SessionOptions options = SessionOptions::echo();
  options.raw.rate_limit_per_s = 200;
  options.raw.rate_limit_burst = 1;
  options.raw.queue_limit = 1000;
  const Session session = open_session(runtime, std::move(options));
  run_at_once(3, [&](int number) {
    for (int i = 0; i < 10; ++i) {
      if (number == 0) {
        static_cast<void>(capsule_session_restart(session.get(), nullptr));
        continue;
      }
      Execution execution;
      const capsule_status status = capsule_execution_create(session.get(), "value 1", 7, nullptr, execution.out(), nullptr);
      CHECK(status == CAPSULE_OK || status == CAPSULE_E_DIED);
      if (status == CAPSULE_OK) {
        Run(std::move(execution)).end();  // I5
      }
    }
  });
  ACCEPTED(capsule_session_close(session.get(), 1000, error));
}
