// Work that survives a crash half way: run it, kill it, run it again with the same file.
//
//   survive FILE          charges three customers, and prints what each charge returned
//   survive FILE crash    the same, but the host dies after the second charge
#include <capsule/capsule.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char source[] =
    "receipts = []\n"
    "for customer in ['ann', 'bob', 'cyd']:\n"
    "    receipts.append(host.charge(customer))\n"
    "    print('charged', customer, '->', receipts[-1])\n"
    "receipts";

static capsule_bridge *bridge;

static void check(capsule_status status, const char *call, const capsule_error *error) {
  if (status != CAPSULE_OK) {
    fprintf(stderr, "%s: %s: %s\n", call, capsule_status_name(status), error->message);
    exit(1);
  }
}

// Serves the charges until the bridge is closed. What must not happen twice is done with the request's idempotency_key.
static void *serve(void *crash) {
  capsule_request request = {.struct_size = sizeof request};
  for (int charges = 0; capsule_bridge_next_request(bridge, -1, &request, NULL) == CAPSULE_OK; ++charges) {
    if (crash != NULL && charges == 2) raise(SIGKILL);
    char json[64];
    snprintf(json, sizeof json, "\"receipt of process %d\"", (int)getpid());
    printf("the host charges %.*s\n", (int)request.arguments.size, request.arguments.data);
    fflush(stdout);
    const capsule_value value = {
        .struct_size = sizeof value, .kind = CAPSULE_VALUE_JSON, .data = json, .size_bytes = strlen(json)};
    capsule_bridge_respond(bridge, request.request_id, &value, NULL);
    capsule_request_release(&request);
  }
  return NULL;
}

static void print_events(capsule_execution *execution) {
  capsule_event event = {.struct_size = sizeof event};
  while (capsule_execution_next(execution, -1, &event, NULL) == CAPSULE_OK) {
    if (event.kind == CAPSULE_EVENT_OUTPUT) fwrite(event.data.data, 1, event.data.size, stdout);
  }
  capsule_event_release(&event);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: %s FILE [crash]\n", argv[0]);
    return 2;
  }
  capsule_error error = {.struct_size = sizeof error};
  capsule_runtime *runtime = NULL;
  check(capsule_runtime_create(NULL, &runtime, &error), "runtime", &error);

  capsule_promise_store *store = NULL;
  capsule_promise_store_options store_options;
  capsule_promise_store_options_init(&store_options, sizeof store_options);
  store_options.path = capsule_text_from(argv[1]);
  check(capsule_promise_store_open(runtime, &store_options, &store, &error), "store", &error);

  capsule_capability charge;
  capsule_capability_init(&charge, sizeof charge);
  charge.name = capsule_text_from("charge");
  charge.parameters = capsule_text_from("customer");
  check(capsule_bridge_create(runtime, NULL, &bridge, &error), "bridge", &error);
  check(capsule_bridge_register(bridge, &charge, &error), "register", &error);

  const capsule_rule rule = {.capability = capsule_text_from("charge"), .decision = CAPSULE_POLICY_ALLOW};
  capsule_session *session = NULL;
  capsule_session_options session_options;
  capsule_session_options_init(&session_options, sizeof session_options);
  session_options.bridge = bridge;
  session_options.rules = &rule;
  session_options.rule_count = 1;
  check(capsule_session_open(runtime, &session_options, &session, &error), "session", &error);
  pthread_t server;
  if (pthread_create(&server, NULL, serve, argc > 2 ? argv[2] : NULL) != 0) return 1;

  capsule_durable_options durable;
  capsule_durable_options_init(&durable, sizeof durable);
  durable.store = store;
  durable.promise_id = capsule_text_from("charges-2026-11");
  capsule_execution *execution = NULL;
  capsule_promise promise = {.struct_size = sizeof promise};
  check(capsule_session_execute_durable(session, source, strlen(source), NULL, &durable, &execution, &promise, &error),
        "execute", &error);
  if (execution != NULL) {
    print_events(execution);
    check(capsule_promise_get(store, durable.promise_id, &promise, &error), "get", &error);
  } else {
    puts("found done:");
  }
  printf("%s: %.*s\n", capsule_promise_state_name(promise.state), (int)promise.value.size, promise.value.data);

  capsule_promise_release(&promise);
  capsule_execution_release(execution);
  capsule_bridge_release(bridge);
  pthread_join(server, NULL);
  capsule_session_release(session);
  capsule_promise_store_release(store);
  capsule_runtime_release(runtime);
  return 0;
}
