// Prints the version once an echo session, whose worker the library has to find by itself, has run something to its end.
#include <capsule/capsule.h>
#include <stdio.h>

static int failed(const char *what, const capsule_error *error) {
  fprintf(stderr, "%s: %s: %s\n", what, capsule_status_name(error->status), error->message);
  return 1;
}

int main(void) {
  capsule_error error = {sizeof error};
  capsule_runtime *runtime = NULL;
  if (capsule_runtime_create(NULL, &runtime, &error) != CAPSULE_OK) return failed("runtime", &error);

  capsule_session_options options;
  capsule_session_options_init(&options, sizeof options);
  options.executor = CAPSULE_EXECUTOR_ECHO;
  capsule_session *session = NULL;
  if (capsule_session_open(runtime, &options, &session, &error) != CAPSULE_OK) return failed("session", &error);

  capsule_execution *execution = NULL;
  const char source[] = "out hello";
  if (capsule_execution_create(session, source, sizeof source - 1, NULL, &execution, &error) != CAPSULE_OK) {
    return failed("execution", &error);
  }
  capsule_event event = {sizeof event};
  capsule_status status;
  int32_t outcome = 0;
  while ((status = capsule_execution_next(execution, 30000, &event, &error)) == CAPSULE_OK) outcome = event.outcome;
  if (status != CAPSULE_E_END) return failed("events", &error);
  capsule_event_release(&event);
  if (outcome != CAPSULE_OUTCOME_OK) {
    fprintf(stderr, "the execution ended as %s\n", capsule_outcome_name(outcome));
    return 1;
  }

  capsule_execution_release(execution);
  capsule_session_release(session);
  capsule_runtime_release(runtime);
  printf("%s\n", capsule_version());
  return 0;
}
