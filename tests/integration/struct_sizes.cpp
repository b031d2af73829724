// Structs of older and newer headers: the library touches nothing beyond struct_size, and refuses what it cannot know.
#include <algorithm>
#include <cstring>

#include "run.hpp"
#include "test.hpp"
#include "utf8.hpp"

using namespace capsule_test;

namespace {

constexpr unsigned char kCanary = 0xA5;

// The struct, and room behind it for a newer header's fields.
template <typename T>
struct Roomy {
  T value;
  unsigned char tail[64];

  explicit Roomy(unsigned char fill) { std::memset(static_cast<void *>(this), fill, sizeof *this); }
  // Whether every byte from `size` on is still the canary.
  [[nodiscard]] bool intact_from(std::size_t size) const {
    const auto *bytes = reinterpret_cast<const unsigned char *>(this);
    for (std::size_t i = size; i < sizeof *this; ++i) {
      if (bytes[i] != kCanary) {
        return false;
      }
    }
    return true;
  }
};

template <typename T>
void check_init(void (*init)(T *, std::uint32_t)) {
  T whole;
  init(&whole, sizeof whole);
  CHECK_EQ(whole.struct_size, sizeof whole);
  for (std::uint32_t size = 8; size <= sizeof whole; size += 4) {
    Roomy<T> roomy(kCanary);
    init(&roomy.value, size);
    CHECK_EQ(roomy.value.struct_size, size);
    CHECK(std::memcmp(reinterpret_cast<const char *>(&roomy) + 4, reinterpret_cast<const char *>(&whole) + 4, size - 4) == 0);
    CHECK(roomy.intact_from(size));
  }
  init(nullptr, sizeof whole);
}

// Opens with options of that struct, whatever their size.
capsule_status open_with(const capsule_session_options *options, capsule_error *error) {
  Session session;
  return capsule_session_open(shared_runtime().get(), options, session.out(), error);
}

capsule_status create_with(const Session &session, const capsule_execution_options *options, capsule_error *error) {
  Execution execution;
  return capsule_execution_create(session.get(), "1", 1, options, execution.out(), error);
}

// Older headers' structs of what a session tells are cut, those of newer ones filled with zeros.
template <typename T>
void check_info(capsule_status (*get)(capsule_session *, T *, capsule_error *)) {
  const Session session = open_session(SessionOptions::echo());
  for (std::uint32_t size = 8; size <= sizeof(T); size += 8) {
    Roomy<T> old(kCanary);
    old.value.struct_size = size;
    ACCEPTED(get(session.get(), &old.value, error));
    CHECK_EQ(old.value.struct_size, size);
    CHECK(old.intact_from(size));
  }
  Roomy<T> newer(kCanary);
  newer.value.struct_size = sizeof newer;
  ACCEPTED(get(session.get(), &newer.value, error));
  CHECK(std::all_of(std::begin(newer.tail), std::end(newer.tail), [](unsigned char byte) { return byte == 0; }));
}

}  // namespace

CAPSULE_TEST(metrics_are_cut_and_filled_like_info) {
  check_info(capsule_session_get_worker_metrics);
  check_info(capsule_session_get_worker_info);
  check_info(capsule_session_get_transport_metrics);
}

CAPSULE_TEST(init_functions_write_no_more_than_the_size_given) {
  check_init(capsule_runtime_options_init);
  check_init(capsule_session_options_init);
  check_init(capsule_execution_options_init);
  check_init(capsule_pool_options_init);
  check_init(capsule_acquire_options_init);
  check_init(capsule_exporter_options_init);
  check_init(capsule_audit_options_init);
  check_init(capsule_introspection_policy_init);
  check_init(capsule_inspection_init);
  check_init(capsule_stack_options_init);
  check_init(capsule_profile_options_init);
}

CAPSULE_TEST(defaults_are_as_documented) {
  capsule_runtime_options runtime;
  capsule_runtime_options_init(&runtime, sizeof runtime);
  CHECK_EQ(runtime.max_frame_bytes, 16U << 20U);
  CHECK_EQ(runtime.worker_dir.size, 0);
  capsule_session_options session;
  capsule_session_options_init(&session, sizeof session);
  CHECK_EQ(session.executor, CAPSULE_EXECUTOR_PYTHON);
  CHECK_EQ(session.start, CAPSULE_START_FORK);
  CHECK_EQ(session.queue_limit, 64);
  CHECK_EQ(session.python.size, 0);
  CHECK_EQ(session.preload_count, 0);
  CHECK_EQ(session.native_thread_allow_count, 0);
  CHECK_EQ(session.environment_count, 0);
  CHECK_EQ(session.working_directory.size, 0);
  CHECK_EQ(session.start_timeout_ms, 10'000);
  CHECK_EQ(session.cancel_grace_ms, 500);
  CHECK_EQ(session.heartbeat_interval_ms, 5000);
  CHECK_EQ(session.wait_ready, 1);
  CHECK_EQ(session.output_window_bytes, 1U << 20U);
  CHECK_EQ(session.output_queue_bytes, 4U << 20U);
  CHECK(session.rate_limit_per_s == 0);
  CHECK_EQ(session.rate_limit_burst, 100);
  CHECK_EQ(session.enable_metrics, 0);
  CHECK_EQ(session.mode, CAPSULE_MODE_AUTO);
  CHECK_EQ(session.idle_tasks, 0);
  CHECK_EQ(session.late_output, CAPSULE_LATE_ADOPT);
  CHECK_EQ(session.output_budget_bytes, 0);
  CHECK_EQ(session.coalesce_carriage_returns, 0);
  CHECK_EQ(session.async_flags, 0);
  CHECK_EQ(session.drain_timeout_ms, 2'000);
  CHECK_EQ(session.input_timeout_ms, 300'000);
  CHECK_EQ(session.display_limit_bytes, 16U << 20U);
  CHECK(session.progress_rate_per_s == 20);
  CHECK_EQ(session.ast_cache_entries, 100);
  CHECK_EQ(session.code_cache_entries, 100);
  CHECK_EQ(session.snapshot_limit, 16);
  CHECK_EQ(session.snapshot_memory_limit_bytes, 0);
  CHECK_EQ(session.checkpoint_limit, 16);
  CHECK_EQ(session.trace_bytes, 256U << 10U);
  CHECK_EQ(session.restart_policy, CAPSULE_RESTART_MANUAL);
  CHECK_EQ(session.trace_level, CAPSULE_LOG_INFO);
  CHECK_EQ(session.trace_transport, CAPSULE_TRACE_BY_MEMORY);
  capsule_execution_options execution;
  capsule_execution_options_init(&execution, sizeof execution);
  CHECK_EQ(execution.timeout_ms, 0);
  CHECK_EQ(execution.output_budget_bytes, 0);
  CHECK_EQ(execution.mode, CAPSULE_MODE_AUTO);
  CHECK_EQ(execution.transaction, CAPSULE_TRANSACTION_COMMIT);
  CHECK_EQ(execution.transaction_scope, CAPSULE_SCOPE_MEMORY);
  CHECK_EQ(execution.input_count, 0);
  CHECK_EQ(execution.result_kind, CAPSULE_VALUE_NONE);
  CHECK_EQ(execution.capture_sources, 1);
  CHECK_EQ(execution.file_name.size, 0);
  CHECK_EQ(execution.traceparent.size, 0);
  CHECK_EQ(execution.tracestate.size, 0);
}

CAPSULE_TEST(a_size_of_0_is_refused_by_name) {
  const Session session = open_session();
  capsule_runtime_options runtime_options{};
  capsule_session_options session_options{};
  capsule_execution_options execution_options{};
  capsule_runtime_info runtime_info{};
  capsule_session_info session_info{};
  capsule_event event{};
  Runtime runtime;
  Run run(session, "1");
  const std::string messages[] = {
      REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_create(&runtime_options, runtime.out(), error)),
      REFUSED(CAPSULE_E_ARGUMENT, open_with(&session_options, error)),
      REFUSED(CAPSULE_E_ARGUMENT, create_with(session, &execution_options, error)),
      REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_get_info(shared_runtime().get(), &runtime_info, error)),
      REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_info(session.get(), &session_info, error)),
      REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_next(run.get(), 0, &event, error)),
  };
  for (const std::string &message : messages) {
    CHECK_CONTAINS(message, "struct_size");
  }
  CHECK_EQ(run.end().repr, "1");
}

CAPSULE_TEST(options_of_older_headers_take_the_rest_from_the_defaults) {
  SessionOptions options;
  Roomy<capsule_session_options> old(kCanary);
  std::memcpy(&old.value, options.get(), sizeof old.value);
  old.value.struct_size = offsetof(capsule_session_options, output_window_bytes);
  old.value.output_window_bytes = 1;  // out of range, and not to be read
  old.value.output_queue_bytes = 1;
  ACCEPTED(open_with(&old.value, error));

  const Session session = open_session();
  capsule_execution_options execution;
  capsule_execution_options_init(&execution, sizeof execution);
  execution.struct_size = offsetof(capsule_execution_options, timeout_ms);
  execution.timeout_ms = -5;
  ACCEPTED(create_with(session, &execution, error));

  capsule_runtime_options runtime_options;
  capsule_runtime_options_init(&runtime_options, sizeof runtime_options);
  runtime_options.struct_size = offsetof(capsule_runtime_options, worker_dir);
  runtime_options.worker_dir = {nullptr, 5};
  Runtime runtime;
  ACCEPTED(capsule_runtime_create(&runtime_options, runtime.out(), error));
}

CAPSULE_TEST(options_of_newer_headers_are_taken_with_a_tail_of_zeros) {
  SessionOptions options;
  Roomy<capsule_session_options> newer(0);
  std::memcpy(&newer.value, options.get(), sizeof newer.value);
  newer.value.struct_size = sizeof newer;
  ACCEPTED(open_with(&newer.value, error));

  const Session session = open_session();
  Roomy<capsule_execution_options> execution(0);
  execution.value.struct_size = sizeof execution;
  ACCEPTED(create_with(session, &execution.value, error));

  Roomy<capsule_runtime_options> runtime_options(0);
  capsule_runtime_options_init(&runtime_options.value, sizeof runtime_options.value);
  runtime_options.value.struct_size = sizeof runtime_options;
  Runtime runtime;
  ACCEPTED(capsule_runtime_create(&runtime_options.value, runtime.out(), error));
}

CAPSULE_TEST(options_with_fields_that_the_library_does_not_know_are_refused) {
  const Session session = open_session();
  SessionOptions options;
  for (const std::size_t at : {std::size_t{0}, std::size_t{31}, sizeof(Roomy<capsule_runtime_options>::tail) - 1}) {
    Roomy<capsule_session_options> newer(0);
    std::memcpy(&newer.value, options.get(), sizeof newer.value);
    newer.value.struct_size = sizeof newer;
    newer.tail[at] = 1;
    CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, open_with(&newer.value, error)), "options");

    Roomy<capsule_execution_options> execution(0);
    execution.value.struct_size = sizeof execution;
    execution.tail[at] = 1;
    CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, create_with(session, &execution.value, error)), "options");

    Roomy<capsule_runtime_options> runtime_options(0);
    capsule_runtime_options_init(&runtime_options.value, sizeof runtime_options.value);
    runtime_options.value.struct_size = sizeof runtime_options;
    runtime_options.tail[at] = 1;
    Runtime runtime;
    CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_runtime_create(&runtime_options.value, runtime.out(), error)),
                   "options");
  }
}

CAPSULE_TEST(info_of_older_headers_is_cut) {
  const Session session = open_session();
  value_of(session, "1");
  for (std::uint32_t size = 8; size <= sizeof(capsule_session_info); size += 8) {
    Roomy<capsule_session_info> old(kCanary);
    old.value.struct_size = size;
    ACCEPTED(capsule_session_get_info(session.get(), &old.value, error));
    CHECK_EQ(old.value.struct_size, size);
    CHECK_EQ(old.value.state, CAPSULE_SESSION_IDLE);
    CHECK(old.intact_from(size));
  }
  for (std::uint32_t size = 16; size <= sizeof(capsule_trace_info); size += 8) {
    Roomy<capsule_trace_info> old(kCanary);
    old.value.struct_size = size;
    std::size_t count = 0;
    ACCEPTED(capsule_session_get_trace(session.get(), nullptr, nullptr, 0, &count, &old.value, error));
    CHECK(old.value.matched > 0);
    CHECK(old.intact_from(size));
  }
  for (std::uint32_t size = 8; size <= sizeof(capsule_runtime_info); size += 8) {
    Roomy<capsule_runtime_info> old(kCanary);
    old.value.struct_size = size;
    ACCEPTED(capsule_runtime_get_info(shared_runtime().get(), &old.value, error));
    CHECK_EQ(old.value.struct_size, size);
    CHECK(old.value.zygote_pid > 0);
    CHECK(old.intact_from(size));
  }
}

CAPSULE_TEST(info_of_newer_headers_is_filled_as_far_as_known) {
  const Session session = open_session();
  Roomy<capsule_session_info> newer(kCanary);
  newer.value.struct_size = sizeof newer;
  ACCEPTED(capsule_session_get_info(session.get(), &newer.value, error));
  CHECK_EQ(newer.value.state, CAPSULE_SESSION_READY);
  CHECK_EQ(newer.value.struct_size, sizeof newer);
  // A field that an older library does not know must not look as if it were set.
  for (const unsigned char byte : newer.tail) {
    CHECK_EQ(byte, 0);
  }
}

CAPSULE_TEST(events_of_older_headers_are_cut) {
  const Session session = open_session();
  for (const std::size_t size :
       {offsetof(capsule_event, input_id), offsetof(capsule_event, repr), offsetof(capsule_event, outcome)}) {
    const Execution execution = submit(session, "print('text')\n5");
    Roomy<capsule_event> old(kCanary);
    std::memset(&old.value, 0, size);
    old.value.struct_size = static_cast<std::uint32_t>(size);
    std::string out;
    do {
      ACCEPTED(capsule_execution_next(execution.get(), kPatienceMs, &old.value, error));
      if (old.value.kind == CAPSULE_EVENT_OUTPUT) {
        out += string_of(old.value.data);
      }
      CHECK(old.intact_from(size));
    } while (old.value.kind != CAPSULE_EVENT_RESULT);
    CHECK_EQ(out, "text\n");
    capsule_event_release(&old.value);
    CHECK(old.intact_from(size));
    CHECK_EQ(old.value.struct_size, size);
  }
}

CAPSULE_TEST(an_event_struct_too_small_to_be_released_is_refused) {
  const Session session = open_session();
  Run run(session, "1");
  for (const std::uint32_t size : {1U, 4U, 8U, 15U}) {
    Roomy<capsule_event> tiny(kCanary);
    tiny.value.struct_size = size;
    REFUSED(CAPSULE_E_ARGUMENT, capsule_execution_next(run.get(), 0, &tiny.value, error));
    CHECK(tiny.intact_from(4));
  }
  CHECK_EQ(run.end().repr, "1");
}

CAPSULE_TEST(an_error_struct_is_written_up_to_its_size) {
  for (std::uint32_t size = 0; size <= sizeof(capsule_error); size += size < 40 ? 1 : 23) {
    Roomy<capsule_error> roomy(kCanary);
    roomy.value.struct_size = size;
    CHECK_EQ(capsule_runtime_close(nullptr, 0, &roomy.value), CAPSULE_E_HANDLE);
    CHECK_EQ(roomy.value.struct_size, size);
    CHECK(roomy.intact_from(std::max<std::size_t>(size, 4)));
    if (size < 8) {
      CHECK(roomy.intact_from(4));
      continue;
    }
    CHECK_EQ(roomy.value.status, CAPSULE_E_HANDLE);
    if (size > 8) {
      const std::size_t room = size - offsetof(capsule_error, message);
      CHECK(std::memchr(roomy.value.message, '\0', room) != nullptr);
    }
  }
}

CAPSULE_TEST(an_error_struct_of_a_newer_header_is_filled_as_far_as_known) {
  Roomy<capsule_error> newer(kCanary);
  newer.value.struct_size = sizeof newer;
  CHECK_EQ(capsule_runtime_close(nullptr, 0, &newer.value), CAPSULE_E_HANDLE);
  CHECK_EQ(newer.value.status, CAPSULE_E_HANDLE);
  CHECK(newer.value.message[0] != '\0');
}

CAPSULE_TEST(a_long_message_is_cut_between_characters) {
  const std::string folder = "/" + std::string(3, 'x') + "雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪";
  SessionOptions options;
  for (std::size_t pad = 0; pad < 4; ++pad) {
    options.python = folder + std::string(pad, 'x') + folder + folder + folder + folder + folder + folder;
    const std::string message = REFUSED(CAPSULE_E_PYTHON, open_with(options.get(), error));
    CHECK(is_utf8(message));
  }
}

CAPSULE_TEST(a_null_error_is_no_trouble) {
  CHECK_EQ(capsule_runtime_close(nullptr, 0, nullptr), CAPSULE_E_HANDLE);
  CHECK_EQ(capsule_session_restart(nullptr, nullptr), CAPSULE_E_HANDLE);
}

CAPSULE_TEST(statuses_have_names_and_texts) {
  for (capsule_status status = CAPSULE_OK; status <= CAPSULE_E_EVICTED; ++status) {
    CHECK(std::string(capsule_status_name(status)).starts_with("CAPSULE_"));
    CHECK(std::string(capsule_status_name(status)) != "CAPSULE_E_UNKNOWN");
    CHECK(!std::string(capsule_status_text(status)).empty());
  }
  CHECK_EQ(std::string(capsule_status_name(CAPSULE_E_CLOSED)), "CAPSULE_E_CLOSED");
  for (const capsule_status unknown : {-1, CAPSULE_E_EVICTED + 1, INT32_MAX, INT32_MIN}) {
    CHECK_EQ(std::string(capsule_status_name(unknown)), "CAPSULE_E_UNKNOWN");
    CHECK(capsule_status_text(unknown) != nullptr);
  }
}

CAPSULE_TEST(versions_agree) {
  const std::uint32_t number = CAPSULE_VERSION_MAJOR * 1'000'000U + CAPSULE_VERSION_MINOR * 1000U + CAPSULE_VERSION_PATCH;
  CHECK_EQ(capsule_version_number(), number);
  CHECK_EQ(std::string(capsule_version()),
           show(CAPSULE_VERSION_MAJOR) + "." + show(CAPSULE_VERSION_MINOR) + "." + show(CAPSULE_VERSION_PATCH));
  CHECK_EQ(capsule_text_from("abc").size, 3);
  CHECK_EQ(capsule_text_from(nullptr).size, 0);
}
