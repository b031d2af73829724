//! Metrics, looks by policy, the audit trail, profiles and exporters: each of a worker that does what is asserted.

use crate::common::*;
use crate::services::pool_of;
use capsule::{
    message_name, sys, verify_audit, AnsweredBy, AuditCheck, AuditOptions, Bridge, Decision, EventKind, ExporterKind,
    ExporterOptions, InspectLevel, Inspection, IntrospectionPolicy, LayerState, PendingKind, PoolOptions,
    ProfileOptions, ProfileThreads, PromiseWish, Rule, Runtime, Session, SessionOptions, StackOptions, Status,
    TraceFilter, TraceKind, Verdict, WaitsFor,
};
use std::path::PathBuf;
use std::sync::{mpsc, Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const FULL: InspectLevel = InspectLevel::FULL;

/// A look at everything, in time.
fn everything() -> Inspection {
    Inspection { level: InspectLevel::FULL, timeout_ms: PATIENCE.as_millis() as i64, ..Default::default() }
}

fn allow(runtime: &Runtime, policy: IntrospectionPolicy) {
    runtime.set_introspection_policy(&policy).expect("a policy");
}

fn refused<T>(result: capsule::Result<T>) {
    let error = result.err().expect("the policy refuses it");
    assert!(error.status() == Status::DENIED && error.message().contains("policy"), "{error:?}");
}

fn calling(bridge: &Bridge) -> SessionOptions {
    let all = Rule { capability: "*".to_owned(), decision: Decision::ALLOW, ..Rule::default() };
    SessionOptions { bridge: Some(bridge.clone()), rules: vec![all], ..echo() }
}

/// A path of this test's own, whose file is removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Scratch(std::env::temp_dir().join(format!("capsule-{name}-{}", std::process::id())))
    }

    fn path(&self) -> String {
        self.0.to_str().expect("UTF-8").to_owned()
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).expect("a file")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_worker_tells_of_itself() {
    let runtime = runtime();
    let options = SessionOptions { enable_metrics: true, ..Default::default() };
    let session = runtime.open(&options).expect("a session");
    let before = session.transport_metrics().expect("metrics");
    let version = run(&session, "import platform; platform.python_version()").end;
    let after = session.transport_metrics().expect("metrics");
    let execute = (0..64).find(|kind| message_name(*kind) == Some("Execute")).expect("a kind of message");
    assert_eq!(after.sent.messages[execute] - before.sent.messages[execute], 1);
    assert_eq!((message_name(63), message_name(usize::MAX)), (None, None));
    let worker = session.worker_metrics().expect("metrics");
    assert_eq!((worker.pid, worker.heartbeat_interval_ms), (session.info().expect("its info").pid, 5000));
    let info = session.worker_info().expect("its info");
    assert_eq!(Some(format!("'{}'", info.python_version).as_str()), version.repr());
    assert!(info.isolation.split(',').any(|layer| layer == "process"), "{info:?}");
    let execution = start(&session, "input()");
    until(&execution, EventKind::INPUT);
    execution.cancel(None).expect("it runs");
    while execution.next().expect("its events").is_some() {}
    let cancels = session.cancel_metrics().expect("metrics");
    assert_eq!((cancels.triggers, cancels.executions_canceled, cancels.waits_interrupted), (1, 1, 0));
    assert_eq!(status(open(&runtime).cancel_metrics()), Status::STATE);
}

#[test]
fn a_runtime_adds_up() {
    let runtime = runtime();
    let bridge = runtime.open_bridge(&Default::default()).expect("a bridge");
    bridge.handle("ones", "", |_| Ok(None)).expect("the name is free");
    let session = runtime.open(&calling(&bridge)).expect("a session");
    thread::scope(|scope| {
        scope.spawn(|| bridge.serve());
        for source in ["call ones {}", "call ones {}", "call twos {}"] {
            run(&session, source);
        }
        session.close(PATIENCE).expect("it closes");
        bridge.close().expect("it closes");
    });
    let rows = bridge.capability_metrics().expect("rows");
    let names: Vec<_> = rows.iter().map(|row| row.capability.as_str()).collect();
    assert_eq!(names, ["ones", "unknown"]);
    assert_eq!((rows[0].ok, rows[0].resolution_buckets.iter().sum::<u64>(), rows[1].failed), (2, 2, 1));
    let metrics = runtime.metrics().expect("metrics");
    assert_eq!((metrics.sessions_closed, metrics.sessions_killed), (1, 0));
    assert_eq!(metrics.start_fork.count + metrics.start_spawn.count, 1);
    let text = runtime.prometheus().expect("a text");
    let line = "capsule_sessions_ended_total{pool=\"none\",reason=\"closed\"} 1";
    assert!(text.lines().any(|one| one == line), "{text}");
}

#[test]
fn looks_are_answered_as_the_policy_says() {
    let runtime = runtime();
    let session = runtime.open(&Default::default()).expect("a session");
    run(&session, "def ask():\n    return input('in')");
    let all = everything();
    refused(session.inspect_stack(&all, &Default::default()));
    refused(session.inspect_namespace(&all));
    refused(session.inspect_execution(&all));
    refused(session.inspect_isolation(&all));
    let policy = IntrospectionPolicy {
        stack: FULL,
        namespace_summary: FULL,
        execution: FULL,
        isolation: FULL,
        max_label_bytes: 1024,
        key: vec![0xff],
        ..Default::default()
    };
    allow(&runtime, policy);
    let names = session.inspect_namespace(&all).expect("its names");
    let found: Vec<_> = names.rows.iter().map(|row| (row.name.text.as_str(), row.type_name.text.as_str())).collect();
    assert_eq!((found, names.answered_by), (vec![("ask", "function")], AnsweredBy::WORKER));
    let isolation = session.inspect_isolation(&all).expect("its isolation");
    let process = isolation.rows.iter().find(|layer| layer.name == "process").expect("the layer");
    assert_eq!(process.state, LayerState::ACTIVE);
    let execution = start(&session, "ask()");
    let request = until(&execution, EventKind::INPUT);
    assert_eq!(session.inspect_execution(&all).expect("its status").waits_for, WaitsFor::INPUT);
    let stack = session.inspect_stack(&all, &StackOptions { max_frames: 1, ..Default::default() }).expect("a stack");
    let frame = &stack.threads[0].frames[0];
    assert_eq!((frame.function.as_str(), frame.line), ("ask", 2));
    execution.answer(request.input_id(), "x").expect("it waits");
    let narrow = IntrospectionPolicy { execution: InspectLevel::OFF, ..Default::default() };
    session.narrow_introspection(&narrow).expect("it narrows");
    refused(session.inspect_execution(&Default::default()));
}

#[test]
fn what_is_pending_is_shown_as_the_policy_says() {
    let runtime = runtime();
    let bridge = runtime.open_bridge(&Default::default()).expect("a bridge");
    let store = runtime.open_promises(&Default::default()).expect("a store");
    refused(bridge.inspect_pending(&everything()));
    refused(store.inspect_pending(&everything()));
    allow(&runtime, IntrospectionPolicy { promises: InspectLevel::FULL, ..Default::default() });
    store.create(&PromiseWish { id: "p-1".into(), ..Default::default() }).expect("a promise");
    let rows = store.inspect_pending(&everything()).expect("the promises").rows;
    assert_eq!(rows.iter().map(|row| row.name.text.as_str()).collect::<Vec<_>>(), ["p-1"]);
    let (taken, calls) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    let (taken, answers) = (Mutex::new(taken), Mutex::new(answers));
    bridge
        .handle("customers", "", move |_| {
            taken.lock().expect("it").send(()).expect("a test");
            answers.lock().expect("it").recv().expect("an answer");
            Ok(None)
        })
        .expect("the name is free");
    let session = runtime.open(&calling(&bridge)).expect("a session");
    thread::scope(|scope| {
        scope.spawn(|| bridge.serve());
        let execution = start(&session, "call customers {}");
        calls.recv_timeout(PATIENCE).expect("a call");
        let rows = bridge.inspect_pending(&everything()).expect("the calls").rows;
        assert!(rows.len() == 1 && rows[0].kind == PendingKind::CALL && rows[0].name.text == "customers", "{rows:?}");
        assert_eq!(rows[0].request_id, bridge.pending().expect("the host's own")[0].request_id);
        answer.send(()).expect("it waits");
        until(&execution, EventKind::RESULT);
        bridge.close().expect("it closes");
    });
}

#[test]
fn a_pool_is_shown_as_the_policy_says() {
    let runtime = runtime();
    let imports = vec!["json".to_owned(), "no_such_module".to_owned()];
    let options = PoolOptions { session: Some(Default::default()), imports, ..pool_of(1) };
    let pool = runtime.open_pool(&options).expect("a pool");
    pool.wait_ready(Some(PATIENCE)).expect("a session");
    refused(pool.inspect(&everything()));
    allow(&runtime, IntrospectionPolicy { pool: FULL, ..Default::default() });
    let (info, summary) = pool.inspect(&everything()).expect("its state");
    assert_eq!((info.sessions_idle, summary.total), (1, 1));
    assert_eq!(summary.rows[0].session_id, pool.sessions().expect("its sessions")[0].session_id);
    let imports = pool.imports().expect("its imports");
    let found: Vec<_> = imports.iter().map(|one| (one.module.as_str(), one.error.as_str())).collect();
    assert_eq!(found, [("json", ""), ("no_such_module", "ModuleNotFoundError")]);
}

#[test]
fn every_look_tells_who_looked() {
    let runtime = runtime();
    let session = open(&runtime);
    run(&session, "kill");
    let look = Inspection { caller: "nightly check".into(), ..Default::default() };
    let filter = TraceFilter { caller: "nightly check".into(), ..Default::default() };
    let last = || {
        let record = runtime.list_audit(0).expect("records").pop().expect("one");
        record.call + " by " + &record.caller
    };
    session.trace(&filter).expect("its trace");
    assert_eq!(last(), "trace by nightly check");
    drop(session.follow_trace(&filter).expect("a reader"));
    assert_eq!(last(), "trace by nightly check");
    session.postmortem(0).expect("a post-mortem");
    assert_eq!(last(), "postmortem by ");
    session.inspect_postmortem(&look, 0).expect("a post-mortem");
    assert_eq!(last(), "postmortem by nightly check");
    session.inspect_trace_label(&look, 1).expect("a name");
    assert_eq!(last(), "trace by nightly check");
    // There is no Python, and the record says so.
    drop(session.profile(&ProfileOptions { caller: "nightly check".into(), ..Default::default() }));
    assert_eq!(last(), "stack by nightly check");
    refused(session.inspect_postmortem(&everything(), 0));
    refused(session.inspect_trace_label(&everything(), 1));
}

#[test]
fn an_audit_trail_tells_who_looked_and_shows_tampering() {
    let runtime = runtime();
    let session = open(&runtime);
    let (file, key) = (Scratch::new("audit"), vec![0xff, 1, 2]);
    let options = AuditOptions { path: file.path(), key: key.clone(), ..Default::default() };
    runtime.set_audit(&options).expect("a trail");
    let look = Inspection { caller: "nightly check".into(), ..Default::default() };
    session.inspect_execution(&look).expect("counts");
    refused(session.inspect_execution(&everything()));
    let records = runtime.list_audit(0).expect("records");
    let decisions: Vec<_> = records.iter().map(|record| record.decision.to_string()).collect();
    assert_eq!(decisions, ["start", "allowed", "denied"]);
    assert_eq!((records[1].caller.as_str(), records[1].call.as_str()), ("nightly check", "execution"));
    let later = runtime.list_audit(records[1].sequence).expect("records");
    assert_eq!(later.iter().map(|record| record.number).collect::<Vec<_>>(), [2]);
    let info = runtime.audit_info().expect("its state");
    assert_eq!((info.allowed, info.denied), (1, 1));
    let nowhere = AuditOptions { path: file.path() + "/nowhere", ..Default::default() };
    assert_eq!(status(runtime.set_audit(&nowhere)), Status::SYSTEM);

    let check = AuditCheck { path: file.path(), key, head: info.head, ..Default::default() };
    let report = verify_audit(&check).expect("a report");
    assert_eq!((report.verdict, report.records), (Verdict::VERIFIED, 3));
    let altered = file.text().replacen("nightly", "monthly", 1).into_bytes();
    let report = verify_audit(&AuditCheck { path: String::new(), data: altered, ..check }).expect("a report");
    assert_eq!((report.verdict, report.line), (Verdict::BROKEN, 2));
    assert_eq!(status(verify_audit(&Default::default())), Status::ARGUMENT);
}

#[test]
fn a_profile_counts_where_code_is() {
    let runtime = runtime();
    let session = runtime.open(&Default::default()).expect("a session");
    allow(&runtime, IntrospectionPolicy { stack: FULL, ..Default::default() });
    let execution = start(&session, "def ask():\n    return input('in')\nask()");
    until(&execution, EventKind::INPUT);
    let options =
        ProfileOptions { rate_hz: 1000, duration_ms: 100, threads: ProfileThreads::ALL, ..Default::default() };
    let profile = session.profile(&options).expect("a profile");
    assert_eq!(status(profile.collapsed()), Status::BUSY);
    profile.wait(Some(PATIENCE)).expect("it ends");
    let (text, info) = (profile.collapsed().expect("its stacks"), profile.info().expect("its info"));
    let line = text.lines().find(|line| line.contains(";ask (")).expect("the function");
    let count: u64 = line.rsplit(' ').next().and_then(|count| count.parse().ok()).expect("a number");
    assert!(count > 0 && count <= info.samples && !info.is_running, "{text}, {info:?}");

    let endless = session.profile(&Default::default()).expect("a profile");
    assert!(endless.wait(Some(Duration::from_millis(1))).expect_err("it goes on").is_timeout());
    endless.stop().expect("it stops");
    endless.wait(None).expect("it ends");
    assert!(!endless.info().expect("its info").is_running);
    allow(&runtime, IntrospectionPolicy { stack: InspectLevel::OFF, ..Default::default() });
    refused(session.profile(&Default::default()));
}

#[test]
fn exporters_write_files() {
    let runtime = runtime();
    for (kind, name) in [(ExporterKind::NDJSON, "\"execution_finished\""), (ExporterKind::CHROME, "\"traceEvents\"")] {
        let file = Scratch::new(&format!("export-{}", kind.0));
        let options = ExporterOptions { kind, path: file.path(), ..Default::default() };
        let exporter = runtime.open_exporter(&options).expect("an exporter");
        let session = open(&runtime);
        run(&session, "out a");
        session.close(PATIENCE).expect("it closes");
        exporter.flush(PATIENCE).expect("it is written");
        let info = exporter.info().expect("its info");
        assert!(info.sent > 0 && info.sent == info.accepted && !info.closed, "{info:?}");
        exporter.close(PATIENCE).expect("it ends");
        assert!(exporter.info().expect("its info").closed);
        assert_eq!(file.text().matches(name).count(), 1);
    }
    assert_eq!(status(runtime.open_exporter(&Default::default())), Status::ARGUMENT);
    let nowhere = ExporterOptions { kind: ExporterKind::NDJSON, path: "/nowhere/events".into(), ..Default::default() };
    assert_eq!(status(runtime.open_exporter(&nowhere)), Status::SYSTEM);
}

fn finished(session: &Session) -> u64 {
    let execution = start(session, "out a");
    let number = execution.id().expect("its number");
    until(&execution, EventKind::RESULT);
    number
}

#[test]
fn an_exporter_hands_events_to_a_function() {
    let runtime = runtime();
    let session = open(&runtime);
    let (sent, batches) = mpsc::channel();
    let sent = Mutex::new(sent);
    let exporter = runtime
        .export_to(&Default::default(), move |groups| {
            sent.lock().expect("it").send(groups.to_vec()).expect("a test");
            true
        })
        .expect("an exporter");
    let number = finished(&session);
    exporter.flush(PATIENCE).expect("it is handed on");
    drop(exporter); // And its function, so that there is an end.
    let events = batches.iter().flatten().filter(|group| group.execution_id == number).flat_map(|group| group.events);
    assert_eq!(events.filter(|event| event.kind == TraceKind::EXECUTION_FINISHED).count(), 1);

    let exporter = runtime
        .export_to(&Default::default(), |_| std::panic::resume_unwind(Box::new("it ends here"))) // Without the words of a panic.
        .expect("an exporter");
    finished(&session);
    exporter.flush(PATIENCE).expect("it is over");
    let info = exporter.info().expect("its info");
    assert!(info.failed > 0 && info.sent == 0 && info.batches_failed > 0, "{info:?}");
}

/// Whether an exporter is closed, or gone: by its token, of which none is ever given out again.
fn is_closed(token: usize) -> bool {
    let mut info: sys::capsule_exporter_info = unsafe { std::mem::zeroed() };
    info.struct_size = std::mem::size_of_val(&info) as u32;
    match unsafe { sys::capsule_exporter_get_info(token as *mut _, &mut info, std::ptr::null_mut()) } {
        sys::CAPSULE_OK => info.closed != 0,
        other => panic!("its handle was released while its function ran: {other}"),
    }
}

#[test]
fn dropping_an_exporter_waits_for_its_function() {
    let runtime = runtime();
    let session = open(&runtime);
    let (begun, begins) = mpsc::channel();
    let begun = Mutex::new(begun);
    let count = Arc::new(Mutex::new(0));
    let (held, counted) = (count.lock().expect("it"), count.clone());
    let exporter = runtime
        .export_to(&Default::default(), move |_| {
            begun.lock().expect("it").send(()).expect("a test");
            *counted.lock().expect("it") += 1;
            true
        })
        .expect("an exporter");
    finished(&session);
    begins.recv_timeout(PATIENCE).expect("a batch");
    let token = exporter.as_raw() as usize;
    thread::scope(|scope| {
        scope.spawn(move || drop(exporter));
        let deadline = Instant::now() + PATIENCE;
        while !is_closed(token) {
            assert!(Instant::now() < deadline, "nobody closes it");
            thread::yield_now();
        }
        drop(held);
    });
    assert_eq!(*count.lock().expect("it"), 1);
    assert_eq!(Arc::strong_count(&count), 1, "its function is gone");
}

#[test]
fn what_is_closed_says_so() {
    let runtime = runtime();
    let session = open(&runtime);
    let file = Scratch::new("closed");
    let options = ExporterOptions { kind: ExporterKind::NDJSON, path: file.path(), ..Default::default() };
    let exporter = runtime.open_exporter(&options).expect("an exporter");
    session.close(Duration::ZERO).expect("it closes");
    assert_eq!(status(session.inspect_stack(&Default::default(), &Default::default())), Status::CLOSED);
    assert_eq!(status(session.profile(&Default::default())), Status::CLOSED);
    runtime.close(Duration::ZERO).expect("it closes");
    // What was counted can still be read.
    let metrics = runtime.metrics().expect("metrics");
    assert_eq!(metrics.sessions_closed + metrics.sessions_killed, 1);
    assert!(session.transport_metrics().expect("metrics").sent.frames > 0);
    exporter.close(PATIENCE).expect("it ends");
    assert!(exporter.info().expect("its info").closed);
}
