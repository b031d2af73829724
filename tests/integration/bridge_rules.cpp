// What sessions may call: rules, approvals, limits, and what arguments and results must be.
#include "bridge.hpp"
#include "values.hpp"

using namespace capsule_test;

CAPSULE_TEST(nothing_may_be_called_that_no_rule_allows) {
  const Bridge bridge = make_bridge();
  offer(bridge, capability("read", "path"));
  offer(bridge, capability("fetch", "url"));
  offer(bridge, capability("secret.key"));
  const Session none = open_with(bridge, {});
  CHECK_EQ(raised_by(none, "host.read('/etc/passwd')"), "\"PermissionError: 'read' may not be called: no_rule\"");
  const capsule_text folders[] = {capsule_text_from("/data")};
  const capsule_text hosts[] = {capsule_text_from("*.example.com")};
  const capsule_constraint below = {capsule_text_from("path"), CAPSULE_CONSTRAINT_PATH, 0, folders, 1, 0};
  const capsule_constraint at = {capsule_text_from("url"), CAPSULE_CONSTRAINT_HOST, 0, hosts, 1, 0};
  capsule_rule read = rule("read");
  read.constraints = &below;
  read.constraint_count = 1;
  read.max_calls = 2;
  capsule_rule fetch = rule("fetch");
  fetch.constraints = &at;
  fetch.constraint_count = 1;
  const Session session = open_with(bridge, {read, fetch, rule("secret.*", CAPSULE_POLICY_DENY), rule("*")});
  const Server server(bridge, echo_arguments);
  CHECK_EQ(value_of(session, "host.read('/data/./a/../b')['path']"), "'/data/./a/../b'");
  for (const char *path : {"'/data/../etc/passwd'", "'/database'", "'data'", "b'/data/x'", "5"}) {
    CHECK_EQ(raised_by(session, std::string("host.read(") + path + ")"),
             "\"PermissionError: 'read' may not be called: constraint on 'path'\"");
  }
  CHECK_EQ(value_of(session, "host.read('/data')['path']"), "'/data'");
  CHECK_EQ(raised_by(session, "host.read('/data')"), "\"PermissionError: 'read' may not be called: quota\"");
  CHECK_EQ(value_of(session, "host.fetch('https://API.example.com:8443/x')['url'][:5]"), "'https'");
  for (const char *url :
       {"https://example.com.evil.org/", "https://evil.org\\\\@api.example.com/", "https://api.example.com@evil.org/",
        "ftp://api.example.com/", "https://evil.org/?api.example.com", "https://evil.org#.example.com"}) {
    CHECK_EQ(raised_by(session, std::string("host.fetch('") + url + "')"),
             "\"PermissionError: 'fetch' may not be called: constraint on 'url'\"");
  }
  CHECK_EQ(raised_by(session, "host.secret.key()"), "\"PermissionError: 'secret.key' may not be called: rule\"");
  CHECK_EQ(value_of(session, "[name for name in dir(host) if name[0] != '_']"), "['fetch', 'read']");
  CHECK_EQ(value_of(session, "try: host.secret.key()\nexcept PermissionError as e: r = e.reason\nr"), "'rule'");
  // It can be narrowed, never widened.
  const capsule_rule only[] = {rule("fetch")};
  ACCEPTED(capsule_session_narrow_rules(session.get(), only, 1, error));
  CHECK_EQ(raised_by(session, "host.fetch('https://evil.org/')"),
           "\"PermissionError: 'fetch' may not be called: constraint on 'url'\"");
  CHECK_EQ(raised_by(session, "host.read('/data')"), "\"PermissionError: 'read' may not be called: quota\"");
  check_balance(metrics_of(bridge));
}

CAPSULE_TEST(the_bridge_s_own_rules_hold_for_every_session) {
  capsule_rule most[] = {rule("echo"), rule("ask", CAPSULE_POLICY_ASK)};
  most[0].max_calls = 2;
  capsule_bridge_options options;
  capsule_bridge_options_init(&options, sizeof options);
  options.rules = most;
  options.rule_count = 2;
  const Bridge bridge = make_bridge(shared_runtime(), &options);
  for (const char *name : {"echo", "ask", "other"}) {
    offer(bridge, capability(name));
  }
  const Session session = open_with(bridge, {rule("*")});
  const Session other = open_with(bridge, {rule("*")});
  const Server server(bridge, [](const Bridge &to, const Request &request) {
    if (request.raw.kind == CAPSULE_REQUEST_APPROVAL) {
      ACCEPTED(capsule_bridge_approve(to.get(), request.id(), 0, error));
    } else {
      respond(to, request.id(), "1");
    }
  });
  for (const Session *one : {&session, &other}) {
    CHECK_EQ(value_of(*one, "host.echo() + host.echo()"), "2");
    CHECK_EQ(raised_by(*one, "host.echo()"), "\"PermissionError: 'echo' may not be called: quota\"");
    CHECK_EQ(raised_by(*one, "host.other()"), "\"PermissionError: 'other' may not be called: no_rule\"");
    CHECK_EQ(raised_by(*one, "host.ask()"), "\"PermissionError: 'ask' may not be called: not_approved\"");
  }
}

CAPSULE_TEST(a_session_has_no_more_calls_open_than_it_may) {
  capsule_bridge_options options;
  capsule_bridge_options_init(&options, sizeof options);
  options.max_session_pending = 2;
  options.max_session_bytes = 1024;
  const Bridge bridge = make_bridge(shared_runtime(), &options);
  offer(bridge, capability("wait"));
  const Session session = open_with(bridge, {rule("*")});
  const Session other = open_with(bridge, {rule("*")});
  CHECK_CONTAINS(raised_by(session, "host.wait(a='x' * 1024)"),
                 "RuntimeError: too many calls of the host are open, or they carry");
  value_of(session, "import asyncio\na, b = host.wait(), host.wait()\nawait asyncio.sleep(0)");
  CHECK_CONTAINS(raised_by(session, "host.wait()"), "RuntimeError: too many calls");
  Run run(other, "host.wait()");
  Request requests[3];
  for (Request &request : requests) {
    CHECK_EQ(request.take(bridge), CAPSULE_OK);
    respond(bridge, request.id(), "1");
  }
  CHECK_EQ(run.end().repr, "1");
  CHECK_EQ(value_of(session, "await asyncio.gather(a, b)"), "[1, 1]");
  CHECK_EQ(metrics_of(bridge).refused, 2);
  check_balance(metrics_of(bridge));
}

CAPSULE_TEST(what_is_to_be_approved_is_asked_for_first) {
  const Bridge bridge = make_bridge();
  capsule_capability pay = capability("pay", "amount");
  pay.flags = CAPSULE_CAPABILITY_NEEDS_APPROVAL;
  offer(bridge, pay);
  const Session session = open_with(bridge, {rule("*")});
  for (const bool approved : {true, false}) {
    Run run(session, "try: r = host.pay(5)\nexcept PermissionError as e: r = e.reason\nr");
    Request asked;
    CHECK_EQ(asked.take(bridge), CAPSULE_OK);
    CHECK_EQ(asked.raw.kind, CAPSULE_REQUEST_APPROVAL);
    CHECK_EQ(asked.arguments(), "{\"amount\":5}");
    CHECK_CONTAINS(refuse_respond(bridge, asked.id(), CAPSULE_E_ARGUMENT), "was not taken as a call");
    ACCEPTED(capsule_bridge_approve(bridge.get(), asked.id(), approved ? 1 : 0, error));
    if (approved) {
      Request call;
      CHECK_EQ(call.take(bridge), CAPSULE_OK);
      CHECK_EQ(call.raw.kind, CAPSULE_REQUEST_CALL);
      CHECK_EQ(call.id(), asked.id());
      respond(bridge, call.id(), "\"paid\"");
    }
    CHECK_EQ(run.end().repr, (approved ? "'paid'" : "'not_approved'"));
  }
  CHECK_EQ(metrics_of(bridge).approvals, 2);
  check_balance(metrics_of(bridge));
}

CAPSULE_TEST(schemas_hold_both_ways_and_name_the_place) {
  const Bridge bridge = make_bridge();
  capsule_capability typed = capability("typed", "n");
  typed.arguments_schema =
      capsule_text_from(R"({"properties": {"n": {"type": "integer", "exclusiveMinimum": 0}}, "required": ["n"]})");
  typed.result_schema = capsule_text_from(R"({"type": "object", "properties": {"rows": {"items": {"const": 1}}}})");
  offer(bridge, typed);
  const Session session = open_with(bridge, {rule("*")});
  CHECK_CONTAINS(raised_by(session, "host.typed('x')"), "ValueError: arguments: '/n' does not fit 'type' of its schema");
  CHECK_CONTAINS(raised_by(session, "host.typed(0)"), "ValueError: arguments: '/n' does not fit 'minimum'");
  Run run(session, "host.typed(1)");
  Request request;
  CHECK_EQ(request.take(bridge), CAPSULE_OK);
  CHECK_CONTAINS(refuse_respond(bridge, request.id(), CAPSULE_E_ARGUMENT, R"({"rows": [1, 2]})"),
                 "value: '/rows/1' does not fit 'enum'");
  CHECK_CONTAINS(refuse_respond(bridge, request.id(), CAPSULE_E_ARGUMENT, "{garbage"), "value is no JSON: at byte 1");
  respond(bridge, request.id(), R"({"rows": [1, 1]})");
  CHECK_EQ(run.end().repr, "{'rows': [1, 1]}");
}
