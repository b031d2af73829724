// Guarded introspection of what runs (OBS-011): how much of names in stacks, traces, profiles and post-mortems is seen.
#include <cstddef>
#include <functional>

#include "bridge.hpp"
#include "introspection.hpp"
#include "log.hpp"
#include "pool.hpp"
#include "run.hpp"
#include "stacks.hpp"
#include "trace.hpp"

using namespace capsule_test;

namespace {

using Profile = Handle<capsule_profile, capsule_profile_release>;

// A look that takes who looks in options of its own, or in an inspection; and its record.
struct NamedLook {
  std::string target;
  std::function<capsule_status(capsule_text caller, capsule_error *error)> look;
};

capsule_trace_filter filter_of(capsule_text caller) { return {.struct_size = sizeof(capsule_trace_filter), .caller = caller}; }

capsule_inspection inspection_by(capsule_text caller, std::int32_t level = 0) {
  capsule_inspection inspection = inspection_of(level);
  inspection.caller = caller;
  return inspection;
}

capsule_profile_options profile_options_of(capsule_text caller) {
  capsule_profile_options options;
  capsule_profile_options_init(&options, sizeof options);
  options.caller = caller;
  return options;
}

std::vector<NamedLook> looks_at(const Session &session, const Session &lost, const Pool &pool) {
  return {
      {"trace session 1",
       [&](capsule_text caller, capsule_error *error) {
         const capsule_trace_filter filter = filter_of(caller);
         std::size_t count = 0;
         return capsule_session_get_trace(session.get(), &filter, nullptr, 0, &count, nullptr, error);
       }},
      {"trace pool",
       [&](capsule_text caller, capsule_error *error) {
         const capsule_trace_filter filter = filter_of(caller);
         std::size_t count = 0;
         return capsule_pool_get_trace(pool.get(), &filter, nullptr, 0, &count, nullptr, error);
       }},
      {"trace session 1",
       [&](capsule_text caller, capsule_error *error) {
         const capsule_trace_filter filter = filter_of(caller);
         return capsule_trace_get(session.get(), &filter, TraceReader().out(), error);
       }},
      {"trace session 1",
       [&](capsule_text caller, capsule_error *error) {
         const capsule_inspection inspection = inspection_by(caller);
         capsule_trace_label label{.struct_size = sizeof label};
         return capsule_session_inspect_trace_label(session.get(), &inspection, CAPSULE_TRACE_LABEL_OTHER, &label, error);
       }},
      {"stack session 1",
       [&](capsule_text caller, capsule_error *error) {
         const capsule_profile_options options = profile_options_of(caller);
         return capsule_session_profile(session.get(), &options, Profile().out(), error);
       }},
      {"stack session 1",
       [&](capsule_text caller, capsule_error *error) {
         const capsule_inspection inspection = inspection_by(caller);
         return capsule_session_inspect_stack(session.get(), &inspection, nullptr, StackHandle().out(), error);
       }},
      {"postmortem session 2",
       [&](capsule_text caller, capsule_error *error) {
         const capsule_inspection inspection = inspection_by(caller);
         return capsule_session_inspect_postmortem(lost.get(), &inspection, 0, Postmortem().out(), error);
       }},
  };
}

}  // namespace

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
  std::string reads = "who reads";
  const TraceReader reader = follow(session, {.kind = CAPSULE_TRACE_SESSION_CREATED, .caller = text_of(reads)});
  reads = "another's";  // what was given is copied
  capsule_trace_event event{};
  ACCEPTED(capsule_trace_next(reader.get(), 0, &event, error));
  std::string samples = "who samples";
  const capsule_profile_options options = profile_options_of(text_of(samples));
  Profile profile;
  ACCEPTED(capsule_session_profile(session.get(), &options, profile.out(), error));
  samples = "another one";
  narrow(session, policy_of(CAPSULE_INSPECT_OFF));
  ACCEPTED(capsule_profile_wait(profile.get(), kPatienceMs, error));  // by itself
  CHECK_EQ(last_record(runtime), "denied stack session 1 session who samples");
  REFUSED(CAPSULE_E_DENIED, capsule_trace_next(reader.get(), 0, &event, error));
  CHECK_EQ(last_record(runtime), "denied trace session 1 session who reads");
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

CAPSULE_TEST(the_record_of_every_look_names_who_looked) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  const Session lost = open_session(runtime);
  ACCEPTED(capsule_session_wait_ready(session.get(), kPatienceMs, error));
  Run(lost, "import os\ndef crash():\n  os.abort()\ncrash()").end();
  const Pool pool = make_pool(PoolOptions::echo(), runtime);
  const std::string longer = "\u00e4" + std::string(62, 'x') + "\u00e4";  // its 64 bytes would end within the last letter
  const std::string longest(64U << 10U, 'c');
  const std::string too_long = longest + 'c';
  for (const NamedLook &named : looks_at(session, lost, pool)) {
    for (const auto &[given, kept] : std::vector<std::pair<std::string, std::string>>{
             {"nightly check", "nightly check"}, {"", ""}, {longer, longer.substr(0, 64)}, {longest, longest.substr(0, 64)}}) {
      ACCEPTED(named.look(text_of(given), error));
      CHECK_EQ(last_record(runtime), "allowed " + named.target + " runtime " + kept);
    }
    const std::uint64_t allowed = audit_of(runtime).allowed;
    const std::string broken = "a\xff";
    for (const capsule_text given : {text_of(too_long), text_of(broken), capsule_text{nullptr, 1}, capsule_text{"a\0b", 3}}) {
      CHECK_CONTAINS(REFUSED(CAPSULE_E_ARGUMENT, named.look(given, error)), ".caller ");
    }
    CHECK_EQ(audit_of(runtime).allowed, allowed);
    set_policy(runtime, policy_of(CAPSULE_INSPECT_OFF));
    REFUSED(CAPSULE_E_DENIED, named.look(capsule_text_from("nightly check"), error));
    CHECK_EQ(last_record(runtime), "denied " + named.target + " runtime nightly check");
    set_policy(runtime, policy_of(CAPSULE_INSPECT_COUNTS));
  }
}

// Of a program that was compiled before there were callers, in whose memory something else follows.
CAPSULE_TEST(options_without_a_caller_name_none) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  ACCEPTED(capsule_session_wait_ready(session.get(), kPatienceMs, error));
  capsule_trace_filter filter = filter_of(capsule_text_from("not of the struct"));
  filter.struct_size = offsetof(capsule_trace_filter, caller);
  std::size_t count = 0;
  ACCEPTED(capsule_session_get_trace(session.get(), &filter, nullptr, 0, &count, nullptr, error));
  CHECK_EQ(last_record(runtime), "allowed trace session 1 runtime ");
  capsule_profile_options options = profile_options_of(capsule_text_from("not of the struct"));
  options.struct_size = offsetof(capsule_profile_options, caller);
  ACCEPTED(capsule_session_profile(session.get(), &options, Profile().out(), error));
  CHECK_EQ(last_record(runtime), "allowed stack session 1 runtime ");
}

CAPSULE_TEST(a_look_at_a_death_or_a_name_may_ask_for_less_than_is_allowed) {
  const Runtime runtime = make_runtime();
  const Session session = open_session(runtime);
  Run(session, "import os\ndef crash():\n  os.abort()\ncrash()").end();
  capsule_trace_label label{.struct_size = sizeof label};
  const capsule_inspection full = inspection_of(CAPSULE_INSPECT_FULL);
  REFUSED(CAPSULE_E_DENIED, capsule_session_inspect_postmortem(session.get(), &full, 0, Postmortem().out(), error));
  REFUSED(CAPSULE_E_DENIED,
          capsule_session_inspect_trace_label(session.get(), &full, CAPSULE_TRACE_LABEL_OTHER, &label, error));
  set_policy(runtime, policy_of(CAPSULE_INSPECT_FULL));
  for (const std::int32_t level : {CAPSULE_INSPECT_COUNTS, CAPSULE_INSPECT_FULL}) {
    const capsule_inspection inspection = inspection_of(level);
    Postmortem postmortem;
    ACCEPTED(capsule_session_inspect_postmortem(session.get(), &inspection, 0, postmortem.out(), error));
    StackHandle stack;
    ACCEPTED(capsule_postmortem_get_stack(postmortem.get(), stack.out(), error));
    CHECK_EQ(told(stack).main().story() == "crash < <module>", level == CAPSULE_INSPECT_FULL);
    ACCEPTED(capsule_session_inspect_trace_label(session.get(), &inspection, CAPSULE_TRACE_LABEL_OTHER, &label, error));
    CHECK_EQ(label.form, level == CAPSULE_INSPECT_FULL ? CAPSULE_LABEL_NAME : CAPSULE_LABEL_DROPPED);
  }
}
