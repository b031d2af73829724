#include <capsule/capsule.h>
#include <stdio.h>

int main(void) {
  const char source[] = "import sys\nprint('Hello from', sys.implementation.name)\n6 * 7";
  capsule_error error = {.struct_size = sizeof error};
  capsule_event event = {.struct_size = sizeof event};
  capsule_runtime *runtime = NULL;
  capsule_session *session = NULL;
  capsule_execution *execution = NULL;
  int32_t outcome = 0;
  if (capsule_runtime_create(NULL, &runtime, &error) == CAPSULE_OK &&
      capsule_session_open(runtime, NULL, &session, &error) == CAPSULE_OK &&
      capsule_execution_create(session, source, sizeof source - 1, NULL, &execution, &error) == CAPSULE_OK) {
    while (capsule_execution_next(execution, -1, &event, &error) == CAPSULE_OK) {
      if (event.kind == CAPSULE_EVENT_OUTPUT) fwrite(event.data.data, 1, event.data.size, stdout);
      if (event.kind == CAPSULE_EVENT_RESULT) printf("result: %s\n", event.repr.data);
      if (event.kind == CAPSULE_EVENT_ERROR) fprintf(stderr, "%s: %s\n", event.error_type.data, event.message.data);
      outcome = event.outcome;
    }
  } else {
    fprintf(stderr, "%s: %s\n", capsule_status_name(error.status), error.message);
  }
  capsule_event_release(&event);
  capsule_execution_release(execution);
  capsule_session_release(session);
  capsule_runtime_release(runtime);
  return outcome == CAPSULE_OUTCOME_OK ? 0 : 1;
}
