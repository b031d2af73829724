// Python asks the host's table, and the host approves what changes it before it is done.
#include <capsule/capsule.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 60000 };

static const char source[] =
    "for row in host.stock.find('apple'):\n"
    "    print(row['name'], row['count'])\n"
    "print('sold:', host.stock.sell('apple', 3))\n"
    "try: host.stock.sell('apple', 500)\n"
    "except PermissionError as error: print('refused:', error.reason)\n"
    "try: host.stock.burn()\n"
    "except PermissionError as error: print('refused:', error.reason)\n";

static int apples = 40;

static void check(capsule_status status, const char *call, const capsule_error *error) {
  if (status != CAPSULE_OK) {
    fprintf(stderr, "%s: %s: %s\n", call, capsule_status_name(status), error->message);
    exit(1);
  }
}

static void offer(capsule_bridge *bridge, const char *name, const char *parameters, uint32_t flags) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_capability capability;
  capsule_capability_init(&capability, sizeof capability);
  capability.name = capsule_text_from(name);
  capability.parameters = capsule_text_from(parameters);
  capability.flags = flags;
  check(capsule_bridge_register(bridge, &capability, &error), "register", &error);
}

// The number behind `"count":`, as far as this example needs JSON.
static int count_in(capsule_text arguments) {
  const char *found = strstr(arguments.data, "\"count\":");
  return found == NULL ? 0 : atoi(found + strlen("\"count\":"));
}

static void serve(capsule_bridge *bridge, const capsule_request *request) {
  capsule_error error = {.struct_size = sizeof error};
  char json[128];
  const int count = count_in(request->arguments);
  if (request->kind == CAPSULE_REQUEST_APPROVAL) {
    check(capsule_bridge_approve(bridge, request->request_id, count <= 10, &error), "approve", &error);
    return;
  }
  if (strcmp(request->capability.data, "stock.find") == 0) {
    snprintf(json, sizeof json, "[{\"name\": \"apple\", \"count\": %d}]", apples);
  } else {
    apples -= count;
    snprintf(json, sizeof json, "{\"left\": %d}", apples);
  }
  const capsule_value value = {
      .struct_size = sizeof value, .kind = CAPSULE_VALUE_JSON, .data = json, .size_bytes = strlen(json)};
  check(capsule_bridge_respond(bridge, request->request_id, &value, &error), "respond", &error);
}

// One thread does both: it serves what is asked while it waits for events.
static int drain(capsule_execution *execution, capsule_bridge *bridge) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_event event = {.struct_size = sizeof event};
  capsule_request request = {.struct_size = sizeof request};
  int ok = 0;
  capsule_status status = CAPSULE_OK;
  while (status != CAPSULE_E_END) {
    status = capsule_execution_next(execution, 10, &event, &error);
    if (status == CAPSULE_OK && event.kind == CAPSULE_EVENT_OUTPUT) {
      fwrite(event.data.data, 1, event.data.size, stdout);
    }
    ok = ok || (status == CAPSULE_OK && event.kind == CAPSULE_EVENT_RESULT);
    while (capsule_bridge_next_request(bridge, 0, &request, &error) == CAPSULE_OK) {
      serve(bridge, &request);
      capsule_request_release(&request);
    }
  }
  capsule_event_release(&event);
  return ok ? 0 : 1;
}

int main(void) {
  capsule_error error = {.struct_size = sizeof error};
  capsule_runtime *runtime = NULL;
  capsule_bridge *bridge = NULL;
  capsule_session *session = NULL;
  capsule_execution *execution = NULL;
  const capsule_rule rules[] = {
      {.capability = capsule_text_from("stock.find"), .decision = CAPSULE_POLICY_ALLOW},
      {.capability = capsule_text_from("stock.sell"), .decision = CAPSULE_POLICY_ASK},
  };
  capsule_session_options options;
  check(capsule_runtime_create(NULL, &runtime, &error), "runtime", &error);
  check(capsule_bridge_create(runtime, NULL, &bridge, &error), "bridge", &error);
  offer(bridge, "stock.find", "name", 0);
  offer(bridge, "stock.sell", "name, count", 0);
  offer(bridge, "stock.burn", "", 0);
  capsule_session_options_init(&options, sizeof options);
  options.bridge = bridge;
  options.rules = rules;
  options.rule_count = sizeof rules / sizeof rules[0];
  check(capsule_session_open(runtime, &options, &session, &error), "open", &error);
  check(capsule_execution_create(session, source, strlen(source), NULL, &execution, &error), "create", &error);
  const int result = drain(execution, bridge);
  capsule_execution_release(execution);
  capsule_session_release(session);
  capsule_bridge_release(bridge);
  capsule_runtime_release(runtime);
  return result;
}
