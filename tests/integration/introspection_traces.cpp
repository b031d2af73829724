// Guarded introspection of what runs (OBS-011): how much of names in stacks, traces, profiles and post-mortems is seen.
#include "bridge.hpp"
#include "introspection.hpp"
#include "log.hpp"
#include "run.hpp"
#include "stacks.hpp"
#include "trace.hpp"

using namespace capsule_test;

CAPSULE_TEST(a_stack_tells_files_and_functions_as_the_policy_shows_them) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  ExecutionOptions named;
  named.file_name = "/srv/customers.py";
  Run run(session, "def ask(): input()\nask()", named);
  run.until(CAPSULE_EVENT_INPUT);
  for (const std::int32_t level : {CAPSULE_INSPECT_COUNTS, CAPSULE_INSPECT_REDACTED, CAPSULE_INSPECT_FULL}) {
    set_policy(runtime, policy_of(level));
    Handle<capsule_stack, capsule_stack_release> stack;
    ACCEPTED(capsule_session_inspect_stack(session.get(), nullptr, nullptr, stack.out(), error));
    capsule_stack_thread main{.struct_size = sizeof main};
    ACCEPTED(capsule_stack_get_thread(stack.get(), 0, &main, error));
    CHECK_AT_LEAST(main.frames + main.frames_omitted, 2);
    if (level == CAPSULE_INSPECT_COUNTS) {
      CHECK_EQ(main.frames, 0);
      continue;
    }
    capsule_stack_frame frame{.struct_size = sizeof frame};
    ACCEPTED(capsule_stack_get_frame(stack.get(), 0, main.frames - 1, &frame, error));
    CHECK_EQ(frame.line, 2);
    CHECK_EQ(string_of(frame.file) == "/srv/customers.py", level == CAPSULE_INSPECT_FULL);
    CHECK_EQ(string_of(frame.file).starts_with("h:"), level == CAPSULE_INSPECT_REDACTED);
  }
  set_policy(runtime, policy_of(CAPSULE_INSPECT_OFF));
  Handle<capsule_stack, capsule_stack_release> none;
  REFUSED(CAPSULE_E_DENIED, capsule_session_inspect_stack(session.get(), nullptr, nullptr, none.out(), error));
  CHECK(none.get() == nullptr);
  CHECK_EQ(last_record(runtime), "denied stack session 1 runtime ");
  run.answer("");
  run.end();
}

// Of the capability that was called: in its first event and its last.
CAPSULE_TEST(a_trace_tells_names_as_the_policy_shows_them) {
  const Runtime runtime = make_runtime();
  const Bridge bridge = make_bridge(runtime);
  offer(bridge, capability("customers"));
  const Session session = open_with(bridge, {rule("*")}, SessionOptions::echo(), runtime);
  const Server server(bridge, echo_arguments);
  Run run(session, "call customers {}\ncall customers {}");
  run.end();
  const auto called = trace_of(session, {.kind = CAPSULE_TRACE_CAPABILITY_CALLED}).events;
  CHECK_EQ(called.size(), 2);
  const std::uint32_t number = called[0].label;
  for (const capsule_trace_event &event : trace_of(session).events) {
    const bool of_call = event.source == CAPSULE_TRACE_SOURCE_BRIDGE || event.source == CAPSULE_TRACE_SOURCE_PROVIDER;
    CHECK_EQ(event.label, of_call ? number : 0);
  }
  for (const auto &[level, form] : {std::pair{CAPSULE_INSPECT_COUNTS, CAPSULE_LABEL_DROPPED},
                                    {CAPSULE_INSPECT_REDACTED, CAPSULE_LABEL_HASH},
                                    {CAPSULE_INSPECT_FULL, CAPSULE_LABEL_NAME}}) {
    set_policy(runtime, policy_of(level));
    capsule_trace_label label{.struct_size = sizeof label};
    ACCEPTED(capsule_session_get_trace_label(session.get(), number, &label, error));
    CHECK_EQ(label.form, form);
    const std::string text = label.text;
    CHECK_EQ(text == "customers", level == CAPSULE_INSPECT_FULL);
    CHECK_EQ(text.starts_with("h:"), level == CAPSULE_INSPECT_REDACTED);
    CHECK_EQ(label.full_bytes, text.size());
    CHECK_EQ(last_record(runtime), "allowed trace session 1 runtime ");
  }
  capsule_trace_label label{.struct_size = sizeof label};
  for (const std::uint32_t none : {0U, number + 1, UINT32_MAX}) {
    CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_trace_label(session.get(), none, &label, error)), "number");
  }
  REFUSED(CAPSULE_E_ARGUMENT, capsule_session_get_trace_label(session.get(), number, nullptr, error));
  set_policy(runtime, policy_of(CAPSULE_INSPECT_OFF));
  REFUSED(CAPSULE_E_DENIED, capsule_session_get_trace_label(session.get(), number, &label, error));
}

CAPSULE_TEST(a_session_that_is_narrowed_is_followed_no_further) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run run(session, "print('in', flush=True)\nwhile True: pass");
  run.until_output("in");
  const TraceReader reader = follow(session, {.kind = CAPSULE_TRACE_SESSION_CREATED});
  capsule_trace_event event{};
  ACCEPTED(capsule_trace_next(reader.get(), 0, &event, error));
  Handle<capsule_profile, capsule_profile_release> profile;
  ACCEPTED(capsule_session_profile(session.get(), nullptr, profile.out(), error));
  narrow(session, policy_of(CAPSULE_INSPECT_OFF));
  REFUSED(CAPSULE_E_DENIED, capsule_trace_next(reader.get(), 0, &event, error));
  ACCEPTED(capsule_profile_wait(profile.get(), kPatienceMs, error));  // by itself
  CHECK_AT_LEAST(audit_of(runtime).denied, 2);
  run.cancel();
  run.end();
}

CAPSULE_TEST(a_profile_tells_what_the_policy_shows) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run run(session, "def spin():\n  print('in', flush=True)\n  while True: pass\nspin()");
  run.until_output("in");
  for (const std::int32_t level : {CAPSULE_INSPECT_COUNTS, CAPSULE_INSPECT_REDACTED, CAPSULE_INSPECT_FULL}) {
    set_policy(runtime, policy_of(level));
    const std::string lines = profile_of_some(session);
    CHECK_EQ(lines.starts_with("main;... "), level == CAPSULE_INSPECT_COUNTS);
    CHECK_EQ(lines.starts_with("main;h:"), level == CAPSULE_INSPECT_REDACTED);
    CHECK_EQ(lines.starts_with("main;<module> (<execution 1>:4);spin ("), level == CAPSULE_INSPECT_FULL);
  }
  run.cancel();
  run.end();
}

CAPSULE_TEST(a_post_mortem_tells_its_stack_as_the_policy_shows_it) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run run(session, "import os\ndef crash():\n  os.abort()\ncrash()");
  run.end();
  for (const std::int32_t level : {CAPSULE_INSPECT_COUNTS, CAPSULE_INSPECT_REDACTED, CAPSULE_INSPECT_FULL}) {
    set_policy(runtime, policy_of(level));
    const Postmortem postmortem = postmortem_of(session);
    StackHandle handle;
    ACCEPTED(capsule_postmortem_get_stack(postmortem.get(), handle.out(), error));
    const ToldThread main = told(handle).main();
    CHECK_EQ(main.frames.size() + main.raw.frames_omitted, 2);
    CHECK_EQ(main.frames.size(), level == CAPSULE_INSPECT_COUNTS ? 0 : 2);
    CHECK_EQ(main.story() == "crash < <module>", level == CAPSULE_INSPECT_FULL);
    CHECK_EQ(main.story().starts_with("h:"), level == CAPSULE_INSPECT_REDACTED);
    capsule_text json{};
    ACCEPTED(capsule_postmortem_to_json(postmortem.get(), &json, error));
    CHECK_EQ(string_of(json).find(R"("line":3)") == std::string::npos, level == CAPSULE_INSPECT_COUNTS);
    CHECK_LACKS(string_of(json), "crash");
  }
}
