use crate::common::*;
use capsule::{
    Decision, EventKind, ExecutionOptions, InspectLevel, IntrospectionPolicy, LabelForm, Outcome, Rule, SessionOptions,
    Stack, StackOptions, StackTrace, Status, TraceFilter, TraceKind,
};
use std::thread;

// The functions and lines of the first thread, the innermost first.
fn told(stack: &StackTrace) -> Vec<(&str, u32)> {
    stack.threads[0].frames.iter().map(|frame| (frame.function.as_str(), frame.line)).collect()
}

#[test]
fn a_stack_tells_where_python_stands_and_where_it_stood() {
    let runtime = runtime();
    let session = runtime.open(&Default::default()).expect("a session");
    let execution =
        start(&session, "import os\ndef ask():\n    return input('in')\nif ask() == 'end':\n    os.abort()");
    let request = until(&execution, EventKind::INPUT);
    let counted = session.stack(&Default::default()).expect("a stack");
    let main = &counted.threads[0];
    assert!(main.info.is_main && main.info.frames_omitted == 2 && main.frames.is_empty(), "{main:?}");
    let full = InspectLevel::FULL;
    let policy = IntrospectionPolicy { stack: full, postmortem: full, max_label_bytes: 1024, ..Default::default() };
    runtime.set_introspection_policy(&policy).expect("a policy");
    let living = session.stack(&StackOptions { max_frames: 1, ..Default::default() }).expect("a stack");
    assert_eq!((told(&living), living.info.source), (vec![("ask", 3)], Stack::MEMORY));
    assert!(living.threads[0].info.frames_omitted > 0);
    execution.answer(request.input_id(), "end").expect("it waits");
    assert_eq!(until(&execution, EventKind::ERROR).outcome(), Outcome::DIED);
    let dead = session.postmortem(0).expect("a post-mortem").stack.expect("it left a stack");
    assert_eq!(
        (told(&dead), dead.info.source, dead.info.cause.as_str()),
        (vec![("<module>", 5)], Stack::DEATH, "Aborted")
    );
    assert!(dead.threads[0].info.hit);
    assert_eq!(told(&session.stack(&Default::default()).expect("the same")), told(&dead));
}

#[test]
fn a_trace_names_what_was_called_as_the_policy_shows_it() {
    let runtime = runtime();
    let bridge = runtime.open_bridge(&Default::default()).expect("a bridge");
    bridge.handle("customers", "", |_| Ok(None)).expect("the name is free");
    let all = Rule { capability: "*".to_owned(), decision: Decision::ALLOW, ..Rule::default() };
    let options = SessionOptions { bridge: Some(bridge.clone()), rules: vec![all], ..echo() };
    let session = runtime.open(&options).expect("a session");
    thread::scope(|scope| {
        scope.spawn(|| bridge.serve());
        assert!(run(&session, "call customers {}").is_ok());
        bridge.close().expect("it closes");
    });
    let filter = TraceFilter { kind: TraceKind::CAPABILITY_CALLED, ..Default::default() };
    let (events, info) = session.trace(&filter).expect("its trace");
    assert_eq!((events.len(), info.labels), (1, 1));
    let number = events[0].label;
    assert_eq!(session.trace_label(number).expect("a name").form, LabelForm::DROPPED);
    let policy = IntrospectionPolicy { trace: InspectLevel::FULL, ..Default::default() };
    runtime.set_introspection_policy(&policy).expect("a policy");
    assert_eq!(session.trace_label(number).expect("a name").text, "customers");
    assert_eq!(status(session.trace_label(number + 1)), Status::ARGUMENT);

    let traceparent = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01";
    let given = ExecutionOptions { traceparent: traceparent.to_owned(), ..Default::default() };
    let ended = session.run("value 1", &given).expect("it runs").end;
    let context = session.trace_context(ended.execution_id()).expect("what was given");
    assert!(context.given && context.traceparent == traceparent, "{context:?}");
    let made = session.trace_context(run(&session, "value 1").end.execution_id()).expect("what was made");
    assert!(!made.given && made.traceparent.len() == traceparent.len(), "{made:?}");
    assert_eq!(status(session.trace_context(1000)), Status::ARGUMENT);
}
