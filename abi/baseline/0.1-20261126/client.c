// A host as it was written for version 0.1.0: compiled against the headers beside it and linked against the symbols of that version,
// it is run with today's library. Frozen: what it expects was promised.
// Usage: client, or client PYTHON for the part that needs an interpreter.
#include <capsule/capsule.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 30000 };

static capsule_error error = {.struct_size = sizeof error};
static int checks = 0;

static void check(int holds, const char *what, int line) {
  ++checks;
  if (!holds) {
    fprintf(stderr, "line %d: not so: %s (%s: %s)\n", line, what, capsule_status_name(error.status), error.message);
    exit(1);
  }
}
#define CHECK(condition) check((condition) != 0, #condition, __LINE__)
#define OK(call) check((call) == CAPSULE_OK, #call, __LINE__)

static int is(capsule_text text, const char *expected) {
  return text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0;
}

static capsule_session *open_session(capsule_runtime *runtime, const char *python, capsule_bridge *bridge) {
  const capsule_rule rules[] = {{.capability = capsule_text_from("add"), .decision = CAPSULE_POLICY_ALLOW, .max_calls = 5}};
  capsule_session_options options;
  memset(&options, 0xA5, sizeof options);
  capsule_session_options_init(&options, sizeof options);
  CHECK(options.struct_size == sizeof options && options.executor == CAPSULE_EXECUTOR_PYTHON && options.queue_limit == 64);
  CHECK(options.cancel_grace_ms == 500 && options.output_window_bytes == 1U << 20U && options.trace_bytes == 256U << 10U);
  CHECK(options.input_timeout_ms == 300000 && options.bridge == NULL && options.rules == NULL && options.rule_count == 0);
  options.executor = python == NULL ? CAPSULE_EXECUTOR_ECHO : CAPSULE_EXECUTOR_PYTHON;
  options.python = capsule_text_from(python);
  options.start_timeout_ms = PATIENCE_MS;
  options.bridge = bridge;
  options.rules = rules;
  options.rule_count = bridge == NULL ? 0 : 1;
  capsule_session *session = NULL;
  OK(capsule_session_open(runtime, &options, &session, &error));
  return session;
}

// Runs to the end; what was printed goes to `output`, the terminal event stays in `event`.
static void run(capsule_session *session, const char *source, const char *answer, capsule_event *event, char *output) {
  capsule_execution_options options;
  capsule_execution_options_init(&options, sizeof options);
  CHECK(options.struct_size == sizeof options && options.timeout_ms == 0 && options.capture_sources == 1);
  options.timeout_ms = PATIENCE_MS;
  options.idempotency_key = capsule_text_from("frozen");
  capsule_execution *execution = NULL;
  OK(capsule_execution_create(session, source, strlen(source), &options, &execution, &error));
  size_t size = 0;
  uint64_t sequence = 0;
  for (;;) {
    const capsule_status status = capsule_execution_next(execution, PATIENCE_MS, event, &error);
    if (status == CAPSULE_E_END) break;
    CHECK(status == CAPSULE_OK && event->sequence == ++sequence && event->execution_id > 0 && event->time_ns > 0);
    if (event->kind == CAPSULE_EVENT_OUTPUT) {
      memcpy(output + size, event->data.data, event->data.size);
      size += event->data.size;
    }
    if (event->kind == CAPSULE_EVENT_INPUT) {
      OK(capsule_execution_answer(execution, event->input_id, answer, strlen(answer), &error));
    }
    if (event->outcome != 0) break;
  }
  output[size] = '\0';
  capsule_execution_release(execution);
}

static void check_echo(capsule_runtime *runtime) {
  char output[4096];
  capsule_event event = {.struct_size = sizeof event};
  capsule_session *session = open_session(runtime, NULL, NULL);
  run(session, "out hello\nerr world\ninput name?\nvalue last", "Ada", &event, output);
  CHECK(event.kind == CAPSULE_EVENT_RESULT && event.outcome == CAPSULE_OUTCOME_OK && event.state == CAPSULE_STATE_PRESERVED);
  CHECK(strcmp(output, "hello\nworld\nAda\n") == 0 && is(event.repr, "last") && is(event.json, "\"last\""));
  CHECK(event.stdout_bytes == 10 && event.stderr_bytes == 6 && event.stdout_lines == 2 && event.stderr_lines == 1);
  CHECK(event.value == NULL && event.effects == 0 && event.restored_checkpoint.size == 0);
  run(session, "raise ValueError no", "", &event, output);
  CHECK(event.kind == CAPSULE_EVENT_ERROR && event.outcome == CAPSULE_OUTCOME_ERROR);
  CHECK(is(event.error_type, "ValueError") && is(event.message, "no"));
  run(session, "exit 7", "", &event, output);
  CHECK(event.outcome == CAPSULE_OUTCOME_DIED && event.death_reason == CAPSULE_DEATH_EXIT && event.exit_code == 7);
  OK(capsule_session_restart(session, &error));
  OK(capsule_session_wait_ready(session, PATIENCE_MS, &error));
  capsule_event_release(&event);
  CHECK(event.struct_size == sizeof event && event.kind == 0);

  capsule_session_info info = {.struct_size = sizeof info};
  OK(capsule_session_get_info(session, &info, &error));
  CHECK(info.struct_size == sizeof info && info.state == CAPSULE_SESSION_READY && info.executor == CAPSULE_EXECUTOR_ECHO);
  CHECK(info.executions_started == 3 && info.executions_succeeded == 1 && info.executions_failed == 1);
  CHECK(info.restarts == 1 && info.pid > 0 && info.output_bytes == 16 && info.checkpoints_evicted == 0);
  CHECK(strcmp(info.last_error_type, "ValueError") == 0);

  capsule_trace_event events[64];
  capsule_trace_info trace = {.struct_size = sizeof trace};
  size_t count = 0;
  OK(capsule_session_get_trace(session, NULL, events, 64, &count, &trace, &error));
  CHECK(count > 8 && trace.matched == count && events[0].kind == CAPSULE_TRACE_SESSION_CREATED && events[0].sequence == 1);
  CHECK(strcmp(capsule_trace_kind_name(events[0].kind), "session_created") == 0);

  OK(capsule_session_close(session, 0, &error));
  CHECK(capsule_session_restart(session, &error) == CAPSULE_E_CLOSED && error.status == CAPSULE_E_CLOSED);
  capsule_session_release(session);
  CHECK(capsule_session_restart(session, NULL) == CAPSULE_E_HANDLE);
  CHECK(strcmp(capsule_status_name(CAPSULE_E_DENIED), "CAPSULE_E_DENIED") == 0);
}

static void check_pool(capsule_runtime *runtime) {
  capsule_session_options session_options;
  capsule_session_options_init(&session_options, sizeof session_options);
  session_options.executor = CAPSULE_EXECUTOR_ECHO;
  capsule_pool_options options;
  capsule_pool_options_init(&options, sizeof options);
  options.session = &session_options;
  options.min_idle = 1;
  options.max_sessions = 2;
  capsule_pool *pool = NULL;
  OK(capsule_pool_create(runtime, &options, &pool, &error));
  OK(capsule_pool_wait_ready(pool, PATIENCE_MS, &error));
  capsule_acquire_options acquire;
  capsule_acquire_options_init(&acquire, sizeof acquire);
  CHECK(acquire.timeout_ms == CAPSULE_POOL_TIMEOUT);
  capsule_session *session = NULL;
  OK(capsule_pool_acquire(pool, &acquire, &session, &error));
  capsule_pool_info info = {.struct_size = sizeof info};
  OK(capsule_pool_get_info(pool, &info, &error));
  CHECK(info.state == 0 && info.min_idle == 1 && info.max_sessions == 2 && info.sessions_active == 1 && info.last_error[0] == '\0');
  OK(capsule_pool_give_back(pool, session, &error));
  capsule_pool_metrics metrics = {.struct_size = sizeof metrics};
  OK(capsule_pool_get_metrics(pool, &metrics, &error));
  CHECK(metrics.acquisition_attempts == 1 && metrics.acquisition_successes == 1 && metrics.given_back == 1);
  CHECK(metrics.hit_rate == 1.0);
  OK(capsule_pool_close(pool, PATIENCE_MS, &error));
  capsule_pool_release(pool);
}

static void check_promises(capsule_runtime *runtime) {
  capsule_promise_store_options options;
  capsule_promise_store_options_init(&options, sizeof options);
  capsule_promise_store *store = NULL;
  OK(capsule_promise_store_open(runtime, &options, &store, &error));
  capsule_promise_wish wish;
  capsule_promise_wish_init(&wish, sizeof wish);
  wish.id = capsule_text_from("approval");
  wish.param = capsule_text_from("17");
  OK(capsule_promise_create(store, &wish, NULL, &error));
  OK(capsule_promise_settle(store, wish.id, CAPSULE_PROMISE_RESOLVED, capsule_text_from("yes"), NULL, &error));
  capsule_promise promise = {.struct_size = sizeof promise};
  OK(capsule_promise_wait(store, wish.id, PATIENCE_MS, &promise, &error));
  CHECK(promise.state == CAPSULE_PROMISE_RESOLVED && is(promise.param, "17") && is(promise.value, "yes"));
  capsule_promise_release(&promise);
  capsule_promise_metrics metrics = {.struct_size = sizeof metrics};
  OK(capsule_promise_store_get_metrics(store, &metrics, &error));
  CHECK(metrics.created == 1 && metrics.resolved == 1);
  capsule_promise_store_release(store);
}

static void serve_one(capsule_bridge *bridge) {
  capsule_request request = {.struct_size = sizeof request};
  OK(capsule_bridge_next_request(bridge, PATIENCE_MS, &request, &error));
  CHECK(request.kind == CAPSULE_REQUEST_CALL && is(request.capability, "add") && request.attachment_count == 0);
  CHECK(strstr(request.arguments.data, "\"a\":40") != NULL || strstr(request.arguments.data, "\"a\": 40") != NULL);
  const capsule_value answer = {.struct_size = sizeof answer, .kind = CAPSULE_VALUE_JSON, .data = "42", .size_bytes = 2};
  OK(capsule_bridge_respond(bridge, request.request_id, &answer, &error));
  capsule_request_release(&request);
}

static void check_python(capsule_runtime *runtime, const char *python) {
  char output[4096];
  capsule_event event = {.struct_size = sizeof event};
  capsule_bridge *bridge = NULL;
  OK(capsule_bridge_create(runtime, NULL, &bridge, &error));
  capsule_capability capability;
  capsule_capability_init(&capability, sizeof capability);
  capability.name = capsule_text_from("add");
  capability.parameters = capsule_text_from("a, b");
  OK(capsule_bridge_register(bridge, &capability, &error));
  capsule_session *session = open_session(runtime, python, bridge);

  run(session, "name = input('who? ')\nprint('hi', name)\n{'answer': 6 * 7}", "Ada", &event, output);
  CHECK(event.kind == CAPSULE_EVENT_RESULT && strcmp(output, "hi Ada\n") == 0);
  CHECK(is(event.repr, "{'answer': 42}") && is(event.type_name, "dict") && event.resources_measured == 1);
  run(session, "1 / 0", "", &event, output);
  CHECK(event.outcome == CAPSULE_OUTCOME_ERROR && is(event.error_type, "ZeroDivisionError") && event.traceback.size > 0);

  capsule_execution *call = NULL;
  const char source[] = "sum = host.add(40, 2)";
  OK(capsule_execution_create(session, source, strlen(source), NULL, &call, &error));
  serve_one(bridge);
  capsule_execution_release(call);
  capsule_value value = {.struct_size = sizeof value};
  OK(capsule_session_get(session, "sum", 3, CAPSULE_VALUE_JSON, PATIENCE_MS, &value, &error));
  CHECK(value.kind == CAPSULE_VALUE_JSON && value.size_bytes == 2 && memcmp(value.data, "42", 2) == 0);
  capsule_value_release(&value);
  capsule_bridge_metrics calls = {.struct_size = sizeof calls};
  OK(capsule_bridge_get_metrics(bridge, &calls, &error));
  CHECK(calls.capabilities == 1 && calls.calls == 1 && calls.ok == 1);

  capsule_name_list list = {.struct_size = sizeof list};
  OK(capsule_session_list(session, 100, PATIENCE_MS, &list, &error));
  CHECK(list.count == 2 && is(list.names[0].name, "name") && is(list.names[0].type_name, "str") && list.total == 2);
  capsule_name_list_release(&list);

  capsule_checkpoint *checkpoint = NULL;
  OK(capsule_session_checkpoint(session, NULL, PATIENCE_MS, &checkpoint, &error));
  capsule_checkpoint_info told = {.struct_size = sizeof told};
  OK(capsule_checkpoint_get_info(checkpoint, &told, &error));
  CHECK(told.names == 2 && told.is_verified == 1 && told.id.size == 32);
  capsule_checkpoint_release(checkpoint);
  capsule_snapshot *snapshot = NULL;
  OK(capsule_session_snapshot(session, PATIENCE_MS, &snapshot, &error));
  run(session, "name = None", "", &event, output);
  OK(capsule_session_restore(session, snapshot, PATIENCE_MS, &error));
  capsule_snapshot_release(snapshot);
  run(session, "name", "", &event, output);
  CHECK(is(event.repr, "'Ada'"));
  capsule_event_release(&event);

  capsule_executor_metrics executor = {.struct_size = sizeof executor};
  OK(capsule_session_get_executor_metrics(session, &executor, &error));
  capsule_session_release(session);
  capsule_bridge_release(bridge);
}

int main(int count, char **arguments) {
  CHECK(capsule_version_number() >= CAPSULE_VERSION_MAJOR * 1000000 + CAPSULE_VERSION_MINOR * 1000 + CAPSULE_VERSION_PATCH);
  capsule_runtime *runtime = NULL;
  OK(capsule_runtime_create(NULL, &runtime, &error));
  if (count > 1) {
    check_python(runtime, arguments[1]);
  } else {
    check_echo(runtime);
    check_pool(runtime);
    check_promises(runtime);
  }
  capsule_runtime_info info = {.struct_size = sizeof info};
  OK(capsule_runtime_get_info(runtime, &info, &error));
  CHECK(info.sessions_opened > 0 && info.workers_started > 0);
  OK(capsule_runtime_close(runtime, PATIENCE_MS, &error));
  capsule_runtime_release(runtime);
  printf("a client of 0.1.0 finds all as it was with %s: %d checks\n", capsule_version(), checks);
  return 0;
}
