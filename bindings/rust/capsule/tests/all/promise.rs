use crate::common::*;
use capsule::{
    EventKind, Outcome, PromiseState, PromiseStore, PromiseStoreOptions, PromiseWish, Runtime, Status, TraceFilter,
    TraceKind,
};
use futures_core::Stream;
use std::pin::Pin;
use std::sync::{mpsc, Arc, Mutex};
use std::task::{Context, Poll, Wake};
use std::thread;
use std::time::Duration;

fn store(runtime: &Runtime, path: &str) -> PromiseStore {
    let options = PromiseStoreOptions { path: path.into(), ..Default::default() };
    runtime.open_promises(&options).expect("a store")
}

fn wish(id: &str) -> PromiseWish {
    PromiseWish { id: id.into(), ..Default::default() }
}

#[test]
fn a_promise_is_settled_once_and_kept_in_the_file() {
    let folder = std::env::temp_dir().join(format!("capsule-rust-promises-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("promises.db");
    let runtime = runtime();
    let first = store(&runtime, path.to_str().expect("a path"));
    let made = first.create(&PromiseWish { param: b"a\0\xff".to_vec(), ..wish("approval-17") }).expect("a promise");
    assert_eq!((made.state, made.param.as_slice()), (PromiseState::PENDING, b"a\0\xff".as_slice()));
    let pending = first.pending().expect("those that are open");
    assert_eq!(pending.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["approval-17"]);
    assert_eq!(first.resolve("approval-17", b"yes").expect("it is settled").state, PromiseState::RESOLVED);
    assert_eq!(first.reject("approval-17", b"no").expect("what it is").text().expect("text"), "yes");
    first.close().expect("it closes");
    assert_eq!(status(first.get("approval-17")), Status::CLOSED);
    drop(first);
    let again = store(&runtime, path.to_str().expect("a path"));
    let kept = again.get("approval-17").expect("it was kept");
    assert!(kept.value == b"yes" && kept.settled_at_ms > 0, "{kept:?}");
    again.forget("approval-17").expect("it is forgotten");
    assert_eq!(status(again.get("approval-17")), Status::NAME);
    drop(again);
    std::fs::remove_dir_all(folder).expect("the folder is ours");
}

#[test]
fn promises_are_waited_for_and_watched() {
    let runtime = runtime();
    let store = store(&runtime, "");
    for id in ["waited", "watched"] {
        store.create(&wish(id)).expect("a promise");
    }
    assert_eq!(status(store.wait("waited", Some(Duration::from_millis(10)))), Status::TIMEOUT);
    assert_eq!(status(store.next(Some(Duration::ZERO))), Status::TIMEOUT);
    store.watch("watched").expect("it is watched");
    thread::scope(|scope| {
        let waited = scope.spawn(|| store.wait("waited", Some(PATIENCE)).expect("it is settled"));
        let watched = scope.spawn(|| store.next(Some(PATIENCE)).expect("it is settled"));
        store.resolve("waited", b"1").expect("it is settled");
        store.cancel("watched", b"").expect("it is settled");
        assert_eq!(waited.join().expect("no panic").value, b"1");
        assert_eq!(watched.join().expect("no panic").state, PromiseState::CANCELED);
    });
    let metrics = store.metrics().expect("its metrics");
    assert_eq!((metrics.created, metrics.resolved, metrics.canceled), (2, 1, 1));
}

struct Bell(Mutex<mpsc::Sender<()>>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.lock().expect("it").send(());
    }
}

#[test]
fn a_stream_of_settled_promises_is_woken_and_ends_with_the_store() {
    let runtime = runtime();
    let store = store(&runtime, "");
    store.create(&wish("one")).expect("a promise");
    store.watch("one").expect("it is watched");
    let (ring, rung) = mpsc::channel();
    let waker = Arc::new(Bell(Mutex::new(ring))).into();
    let mut context = Context::from_waker(&waker);
    let mut stream = store.settled();
    let mut poll = || Pin::new(&mut stream).poll_next(&mut context);
    assert!(poll().is_pending());
    store.resolve("one", b"1").expect("it is settled");
    rung.recv_timeout(PATIENCE).expect("it is woken");
    assert!(matches!(poll(), Poll::Ready(Some(Ok(promise))) if promise.id == "one"));
    while rung.try_recv().is_ok() {}
    assert!(poll().is_pending());
    store.close().expect("it closes");
    rung.recv_timeout(PATIENCE).expect("it is woken");
    assert!(matches!(poll(), Poll::Ready(None)));
}

#[test]
fn a_durable_execution_runs_once() {
    let runtime = runtime();
    let store = store(&runtime, "");
    let session = runtime.open(&Default::default()).expect("a session");
    run(&session, "runs = 0");
    let source = "runs += 1\nruns";
    let day = Some(Duration::from_secs(3600));
    let (execution, promise) =
        store.execute(&session, source, "invoice-2026-11", day, &Default::default()).expect("it is accepted");
    assert_eq!(promise.state, PromiseState::PENDING);
    let execution = execution.expect("it runs");
    assert_eq!(until(&execution, EventKind::RESULT).outcome(), Outcome::OK);
    let (none, promise) =
        store.execute(&session, source, "invoice-2026-11", day, &Default::default()).expect("it is known");
    assert!(none.is_none() && promise.state == PromiseState::RESOLVED && promise.value == b"1", "{promise:?}");
    assert_eq!(run(&session, "runs").end.repr(), Some("1"));
    assert_eq!(status(store.execute(&session, source, "not an id", None, &Default::default())), Status::ARGUMENT);
}

#[test]
fn who_settles_the_promise_of_an_input_answers_it() {
    let runtime = runtime();
    let store = store(&runtime, "");
    let session = open(&runtime);
    let begun = store.execute(&session, "input name?\nvalue x", "exec:trip", None, &Default::default());
    let execution = begun.expect("it is accepted").0.expect("it runs");
    let event = until(&execution, EventKind::INPUT);
    let id = event.input_promise().expect("it names its promise");
    assert_eq!(id, "exec:trip:input:1");
    let promise = store.resolve(id, b"\"Ada\"").expect("it is settled");
    assert_eq!(promise.param, br#"{"prompt":"name?"}"#);
    assert_eq!(until(&execution, EventKind::OUTPUT).data(), "Ada\n");
    let plain = start(&session, "input name?");
    assert_eq!(until(&plain, EventKind::INPUT).input_promise(), None);
}

#[test]
fn a_trace_is_followed_to_its_end() {
    let runtime = runtime();
    let session = open(&runtime);
    let reader = session.follow_trace(&TraceFilter::default()).expect("a reader");
    let kinds: Vec<TraceKind> = thread::scope(|scope| {
        let walk = scope.spawn(|| reader.events().map(|event| event.expect("an event").kind).collect());
        assert!(run(&session, "value x").is_ok());
        session.close(Duration::ZERO).expect("it closes");
        walk.join().expect("no panic")
    });
    for kind in [TraceKind::EXECUTION_SENT, TraceKind::EXECUTION_FINISHED] {
        assert_eq!(kinds.iter().filter(|one| **one == kind).count(), 1, "{kinds:?}");
    }
    assert!(reader.next(None).expect("its end").is_none());
    assert!(reader.info().expect("what there is").stored > 0);
    assert!(reader.fd().expect("a descriptor") >= 0);
}

#[test]
fn a_reader_of_a_trace_waits_no_longer_than_it_is_told() {
    let runtime = runtime();
    let session = open(&runtime);
    let filter = TraceFilter { kind: TraceKind::EXECUTION_SENT, ..Default::default() };
    let reader = session.follow_trace(&filter).expect("a reader");
    assert_eq!(status(reader.next(Some(Duration::from_millis(10)))), Status::TIMEOUT);
    run(&session, "value x");
    assert_eq!(reader.next(Some(PATIENCE)).expect("in time").map(|event| event.execution_id), Some(1));
}

#[test]
fn a_postmortem_tells_how_a_worker_died() {
    let runtime = runtime();
    let session = open(&runtime);
    assert_eq!(status(session.postmortem(0)), Status::STATE);
    run(&session, "kill");
    let found = session.postmortem(0).expect("a post-mortem");
    assert_eq!((found.info.signal_number, found.info.execution_id), (9, 1));
    assert!(found.stack.is_none() && !found.info.events.is_empty() && found.json.starts_with('{'), "{found:?}");
}
