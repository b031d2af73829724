// Tries three continuations of one expensive session, each in a branch of its own, and keeps the best.
#include <capsule/capsule.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 60000, TRIES = 3 };

static const char preparation[] =
    "import random, time\n"
    "random.seed(7)\n"
    "points = [(x, 3 * x + 2 + random.random()) for x in range(200_000)]  # what is expensive\n"
    "def loss(f): return sum((f(x) - y) ** 2 for x, y in points) / len(points)";

static const char *const continuations[TRIES] = {
    "model = lambda x: 3 * x\nscore = loss(model)",
    "points = [(x, y) for x, y in points if x % 2]  # spoils the data: only of this branch\nmodel = lambda x: 2 * x\nscore = "
    "loss(model)",
    "model = lambda x: 3 * x + 2.5\nscore = loss(model)",
};

static void check(capsule_status status, const char *call, const capsule_error *error) {
  if (status != CAPSULE_OK) {
    fprintf(stderr, "%s: %s: %s\n", call, capsule_status_name(status), error->message);
    exit(1);
  }
}

// Runs the source to its end, with a result or not.
static void run(capsule_session *session, const char *source) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_event event = {.struct_size = sizeof event};
  capsule_execution *execution = NULL;
  check(capsule_execution_create(session, source, strlen(source), NULL, &execution, &error), "create", &error);
  while (capsule_execution_next(execution, TIMEOUT_MS, &event, &error) == CAPSULE_OK) {
    if (event.kind == CAPSULE_EVENT_ERROR) {
      fprintf(stderr, "%s: %s\n", event.error_type.data, event.message.data);
    }
  }
  capsule_event_release(&event);
  capsule_execution_release(execution);
}

int main(void) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_runtime *runtime = NULL;
  capsule_session *session = NULL;
  capsule_snapshot *prepared = NULL;
  capsule_session *branches[TRIES] = {NULL};
  double best_score = 0;
  int best = -1;
  check(capsule_runtime_create(NULL, &runtime, &error), "runtime", &error);
  check(capsule_session_open(runtime, NULL, &session, &error), "open", &error);
  run(session, preparation);
  check(capsule_session_snapshot(session, TIMEOUT_MS, &prepared, &error), "snapshot", &error);
  for (int i = 0; i < TRIES; ++i) {
    capsule_value score = {.struct_size = sizeof score};
    check(capsule_snapshot_branch(prepared, TIMEOUT_MS, &branches[i], &error), "branch", &error);
    run(branches[i], continuations[i]);
    check(capsule_session_get(branches[i], "score", 5, CAPSULE_VALUE_JSON, TIMEOUT_MS, &score, &error), "get", &error);
    const double value = strtod(score.data, NULL);
    printf("continuation %d: loss %.3f\n", i + 1, value);
    if (best < 0 || value < best_score) {
      best = i;
      best_score = value;
    }
    capsule_value_release(&score);
  }
  // The session itself was touched by none of them; the best branch is what goes on.
  printf("kept: continuation %d\n", best + 1);
  run(branches[best], "assert len(points) == 200_000 and model(1) == 5.5");
  for (int i = 0; i < TRIES; ++i) {
    capsule_session_release(branches[i]);
  }
  capsule_snapshot_release(prepared);
  capsule_session_release(session);
  capsule_runtime_release(runtime);
  return best == TRIES - 1 ? 0 : 1;
}
