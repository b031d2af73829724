// NULL, released, wrong and invented handles: each call answers CAPSULE_E_HANDLE and touches nothing.
#include <cstring>

#include "run.hpp"
#include "test.hpp"

using namespace capsule_test;

namespace {

template <typename T>
T *as(const void *pointer) {
  return static_cast<T *>(const_cast<void *>(pointer));
}

void check_as_runtime(const void *bad) {
  auto *runtime = as<capsule_runtime>(bad);
  auto *session = as<capsule_session>("untouched");
  capsule_runtime_info info;
  std::memset(&info, 0x5A, sizeof info);
  info.struct_size = sizeof info;
  const capsule_runtime_info before = info;
  REFUSED(CAPSULE_E_HANDLE, capsule_runtime_close(runtime, 0, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_runtime_get_info(runtime, &info, error));
  CHECK(std::memcmp(&info, &before, sizeof info) == 0);
  REFUSED(CAPSULE_E_HANDLE, capsule_session_open(runtime, nullptr, &session, error));
  CHECK(session == nullptr);
  capsule_runtime_release(runtime);
}

void check_as_session(const void *bad) {
  auto *session = as<capsule_session>(bad);
  auto *execution = as<capsule_execution>("untouched");
  capsule_session_info info;
  std::memset(&info, 0x5A, sizeof info);
  info.struct_size = sizeof info;
  const capsule_session_info before = info;
  REFUSED(CAPSULE_E_HANDLE, capsule_session_close(session, 0, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_session_restart(session, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_session_wait_ready(session, 0, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_session_get_info(session, &info, error));
  CHECK(std::memcmp(&info, &before, sizeof info) == 0);
  REFUSED(CAPSULE_E_HANDLE, capsule_execution_create(session, "1", 1, nullptr, &execution, error));
  CHECK(execution == nullptr);
  capsule_session_release(session);
}

void notify(void * /*user_data*/) {}

void check_as_execution(const void *bad) {
  auto *execution = as<capsule_execution>(bad);
  EventStruct event;
  std::int32_t fd = 7;
  std::uint64_t id = 7;
  REFUSED(CAPSULE_E_HANDLE, capsule_execution_next(execution, 0, event.get(), error));
  REFUSED(CAPSULE_E_HANDLE, capsule_execution_next(execution, -1, event.get(), error));
  CHECK_EQ(event->kind, 0);
  REFUSED(CAPSULE_E_HANDLE, capsule_execution_get_fd(execution, &fd, error));
  CHECK_EQ(fd, -1);
  REFUSED(CAPSULE_E_HANDLE, capsule_execution_get_id(execution, &id, error));
  CHECK_EQ(id, 0);
  REFUSED(CAPSULE_E_HANDLE, capsule_execution_set_notify(execution, notify, nullptr, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_execution_answer(execution, 1, "x", 1, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_execution_decline(execution, 1, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_execution_cancel(execution, -1, error));
  REFUSED(CAPSULE_E_HANDLE, capsule_execution_interrupt(execution, error));
  capsule_execution_release(execution);
}

void check_everywhere(const void *bad) {
  check_as_runtime(bad);
  check_as_session(bad);
  check_as_execution(bad);
}

}  // namespace

CAPSULE_TEST(null_handles) { check_everywhere(nullptr); }

CAPSULE_TEST(invented_handles) {
  const int local = 0;
  check_everywhere(&local);
  check_everywhere("text");
  for (const std::uintptr_t value : {std::uintptr_t{1}, std::uintptr_t{2}, std::uintptr_t{0x1000}, std::uintptr_t{0xDEADBEEF},
                                     std::uintptr_t{1} << 32U, ~std::uintptr_t{0}, ~std::uintptr_t{0} >> 1U}) {
    check_everywhere(reinterpret_cast<const void *>(value));
  }
}

CAPSULE_TEST(handles_of_another_kind) {
  const Session session = open_session();
  Run run(session, "1");
  check_as_session(shared_runtime().get());
  check_as_execution(shared_runtime().get());
  check_as_runtime(session.get());
  check_as_execution(session.get());
  check_as_runtime(run.get());
  check_as_session(run.get());
  CHECK_EQ(run.end().repr, "1");  // the releases of the wrong kind released nothing
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(neighbours_of_live_handles) {
  const Session session = open_session();
  const auto value = reinterpret_cast<std::uintptr_t>(session.get());
  for (unsigned bit = 0; bit < 64; ++bit) {
    const auto *flipped = reinterpret_cast<const void *>(value ^ (std::uintptr_t{1} << bit));
    if (flipped != shared_runtime().get() && flipped != nullptr) {
      check_as_session(flipped);
    }
  }
  CHECK_EQ(value_of(session, "1 + 1"), "2");
}

CAPSULE_TEST(released_handles) {
  Runtime runtime = make_runtime();
  Session session = open_session(runtime);
  Execution execution = submit(session, "1");
  capsule_execution *old_execution = execution.get();
  execution.reset();
  check_everywhere(old_execution);
  capsule_session *old_session = session.get();
  session.reset();
  check_everywhere(old_session);
  capsule_runtime *old_runtime = runtime.get();
  runtime.reset();
  check_everywhere(old_runtime);
}

CAPSULE_TEST(a_released_handle_never_means_a_new_object) {
  const Session session = open_session();
  std::vector<capsule_execution *> old;
  for (int i = 0; i < 200; ++i) {
    Execution execution = submit(session, "pass");
    for (capsule_execution *stale : old) {
      CHECK(stale != execution.get());
      std::uint64_t id = 0;
      CHECK_EQ(capsule_execution_get_id(stale, &id, nullptr), CAPSULE_E_HANDLE);
    }
    old.push_back(execution.get());
    Run(std::move(execution)).end();
  }
}

CAPSULE_TEST(null_outputs_are_named) {
  const Session session = open_session();
  Run run(session, "1");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_create(nullptr, nullptr, error)), "runtime");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_session_open(shared_runtime().get(), nullptr, nullptr, error)), "session");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_create(session.get(), "1", 1, nullptr, nullptr, error)),
                 "execution");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_next(run.get(), 0, nullptr, error)), "event");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_get_fd(run.get(), nullptr, error)), "fd");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_get_id(run.get(), nullptr, error)), "id");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_get_info(shared_runtime().get(), nullptr, error)), "info");
  CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_info(session.get(), nullptr, error)), "info");
  CHECK_EQ(run.end().repr, "1");
}

CAPSULE_TEST(a_closed_object_s_handles_still_answer) {
  Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run run(session, "print('x')\n1");
  run.end();
  ACCEPTED(capsule_runtime_close(runtime.get(), 0, error));
  std::uint64_t id = 0;
  ACCEPTED(capsule_execution_get_id(run.get(), &id, error));
  CHECK_EQ(id, 1);
  run.cancel();
  CHECK_EQ(info_of(session).cancels_noop, 1);
  REFUSED(CAPSULE_E_STATE, capsule_execution_interrupt(run.get(), error));
  std::int32_t fd = -1;
  ACCEPTED(capsule_execution_get_fd(run.get(), &fd, error));
  CHECK(fd >= 0);
}
