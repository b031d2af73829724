// Who looks, sees what the policy shows, and is recorded: the state of a busy session, its names at three levels, and the audit trail of it.
#include <capsule/capsule.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 60000 };

static const char setup[] = "customer = {'name': 'Ada'}\ndef bill(n): return n * 2\nimport math\n";
static const char busy[] = "answer = input('Go on? ')\n";

static void check(capsule_status status, const char *call, const capsule_error *error) {
  if (status != CAPSULE_OK) {
    fprintf(stderr, "%s: %s: %s\n", call, capsule_status_name(status), error->message);
    exit(1);
  }
}

static capsule_execution *run(capsule_session *session, const char *source) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_execution *execution = NULL;
  check(capsule_execution_create(session, source, strlen(source), NULL, &execution, &error), "execute", &error);
  return execution;
}

// Until an event of that kind.
static uint64_t drain_to(capsule_execution *execution, int32_t kind) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_event event = {.struct_size = sizeof event};
  uint64_t input_id = 0;
  do {
    check(capsule_execution_next(execution, TIMEOUT_MS, &event, &error), "next", &error);
    input_id = event.input_id;
  } while (event.kind != kind);
  capsule_event_release(&event);
  return input_id;
}

static capsule_inspection look_of(const char *caller) {
  capsule_inspection inspection;
  capsule_inspection_init(&inspection, sizeof inspection);
  inspection.caller = capsule_text_from(caller);
  return inspection;
}

static void allow(capsule_runtime *runtime, int32_t level) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_introspection_policy policy;
  capsule_introspection_policy_init(&policy, sizeof policy);
  policy.namespace_summary = level;
  check(capsule_runtime_set_introspection_policy(runtime, &policy, &error), "set_policy", &error);
}

static void show_names(capsule_session *session, const char *caller) {
  capsule_error error = {.struct_size = sizeof error};
  const capsule_inspection inspection = look_of(caller);
  capsule_namespace_summary summary = {.struct_size = sizeof summary};
  const capsule_status status = capsule_session_inspect_namespace(session, &inspection, &summary, &error);
  if (status != CAPSULE_OK) {
    printf("  %s\n", error.message);
    return;
  }
  printf("  %s: %d names: %d values, %d functions, %d modules\n", capsule_inspect_level_name(summary.level), (int)summary.total,
         (int)summary.values, (int)summary.functions, (int)summary.modules);
  for (size_t i = 0; i < summary.count; ++i) {
    printf("    %s  %s\n", summary.rows[i].name.text.data, summary.rows[i].type_name.text.data);
  }
  capsule_namespace_summary_release(&summary);
}

static void show_status(capsule_session *session) {
  capsule_error error = {.struct_size = sizeof error};
  const capsule_inspection inspection = look_of("on call");
  capsule_execution_status status = {.struct_size = sizeof status};
  check(capsule_session_inspect_execution(session, &inspection, &status, &error), "inspect_execution", &error);
  printf("execution %d: %s, waits for %s\n", (int)status.execution_id, capsule_phase_name(status.phase),
         capsule_waits_name(status.waits_for));
}

static void show_audit(capsule_runtime *runtime) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_audit_list list = {.struct_size = sizeof list};
  capsule_audit_info info = {.struct_size = sizeof info};
  check(capsule_runtime_list_audit(runtime, 0, &list, &error), "list_audit", &error);
  for (size_t i = 0; i < list.count; ++i) {
    const capsule_audit_record *record = &list.records[i];
    if (record->decision == CAPSULE_AUDIT_START) continue;
    printf("  %s  %s  %s  %s  by %s\n", capsule_audit_decision_name(record->decision), record->caller.data, record->call.data,
           record->target.data, record->policy.data);
  }
  capsule_audit_list_release(&list);
  check(capsule_runtime_get_audit_info(runtime, &info, &error), "audit_info", &error);
  printf("allowed %d, denied %d\n", (int)info.allowed, (int)info.denied);
}

// With a file, each record is a line of it, for `capsule audit verify FILE`.
static void keep_audit(capsule_runtime *runtime, const char *path) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_audit_options options;
  capsule_audit_options_init(&options, sizeof options);
  options.path = capsule_text_from(path);
  check(capsule_runtime_set_audit(runtime, &options, &error), "set_audit", &error);
}

int main(int argc, char **argv) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_runtime *runtime = NULL;
  capsule_session *session = NULL;
  check(capsule_runtime_create(NULL, &runtime, &error), "runtime", &error);
  if (argc > 1) {
    keep_audit(runtime, argv[1]);
  }
  check(capsule_session_open(runtime, NULL, &session, &error), "session", &error);
  capsule_execution *first = run(session, setup);
  drain_to(first, CAPSULE_EVENT_RESULT);
  capsule_execution_release(first);

  puts("names, level by level:");
  for (int32_t level = CAPSULE_INSPECT_OFF; level <= CAPSULE_INSPECT_FULL; ++level) {
    allow(runtime, level);
    show_names(session, "nightly check");
  }

  capsule_execution *waiting = run(session, busy);
  const uint64_t input_id = drain_to(waiting, CAPSULE_EVENT_INPUT);
  show_status(session);
  check(capsule_execution_answer(waiting, input_id, "yes", 3, &error), "answer", &error);
  drain_to(waiting, CAPSULE_EVENT_RESULT);
  capsule_execution_release(waiting);

  puts("who looked:");
  show_audit(runtime);
  capsule_session_release(session);
  capsule_runtime_release(runtime);
  return 0;
}
