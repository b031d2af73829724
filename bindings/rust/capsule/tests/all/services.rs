use crate::common::*;
use capsule::{
    AcquireOptions, Bridge, Decision, Outcome, PoolOptions, PoolReset, PythonError, Rule, Runtime, Session,
    SessionOptions, Status, Value,
};
use std::thread;
use std::time::Duration;

pub fn pool_of(sessions: u32) -> PoolOptions {
    PoolOptions {
        min_idle: sessions,
        max_sessions: sessions,
        session: Some(echo()),
        reset: PoolReset::NEW_PROCESS,
        ..PoolOptions::default()
    }
}

#[test]
fn a_pool_serves_many_threads() {
    let runtime = runtime();
    let pool = runtime.open_pool(&pool_of(3)).expect("a pool");
    pool.wait_ready(Some(PATIENCE)).expect("sessions");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..3 {
                    let session = pool.acquire(&AcquireOptions::default()).expect("a session");
                    assert!(run(&session, "value x").is_ok());
                    pool.give_back(session).map_err(|(error, _)| error).expect("it is the pool's");
                }
            });
        }
    });
    let metrics = pool.metrics().expect("its metrics");
    assert_eq!((metrics.acquisition_successes, metrics.given_back, metrics.waiters_now), (24, 24, 0));
    let (events, info) = pool.trace(&Default::default()).expect("its trace");
    assert!(!events.is_empty() && info.stored as usize == events.len(), "{info:?}");
}

#[test]
fn an_acquisition_can_be_given_up() {
    let runtime = runtime();
    let pool = runtime.open_pool(&pool_of(1)).expect("a pool");
    let first = pool.acquire(&AcquireOptions::default()).expect("a session");
    let waits = pool.begin_acquire(&AcquireOptions::default()).expect("a place");
    assert!(waits.take(Some(Duration::from_millis(10))).expect_err("there is none").is_timeout());
    assert!(waits.fd().expect("a descriptor") > 2);
    waits.cancel().expect("it waits");
    assert_eq!(status(waits.take(None)), Status::STATE);
    let options = AcquireOptions { timeout_ms: 10, ..AcquireOptions::default() };
    assert!(pool.acquire(&options).expect_err("there is none").is_timeout());
    drop(first);
    pool.close(Duration::ZERO).expect("it closes");
    assert_eq!(status(pool.acquire(&options)), Status::CLOSED);
}

/// A session that may call all of the bridge.
fn session_of(runtime: &Runtime, bridge: &Bridge, options: SessionOptions) -> Session {
    let all = Rule { capability: "*".to_owned(), decision: Decision::ALLOW, ..Rule::default() };
    let options = SessionOptions { bridge: Some(bridge.clone()), rules: vec![all], ..options };
    runtime.open(&options).expect("a session")
}

#[test]
fn plain_functions_serve_calls() {
    let runtime = runtime();
    let bridge = runtime.open_bridge(&Default::default()).expect("a bridge");
    bridge
        .handle("add", "a, b", |call| {
            let arguments: serde_json::Value = serde_json::from_str(call.arguments())?;
            let (a, b) = (arguments["a"].as_i64(), arguments["b"].as_i64());
            let (a, b) = a.zip(b).ok_or_else(|| PythonError { type_name: "TypeError".into(), message: "no".into() })?;
            Ok(Some(Value::json((a + b).to_string())))
        })
        .expect("the name is free");
    bridge.handle("panics", "", |_| panic!("not today")).expect("the name is free");
    assert_eq!(status(bridge.handle("add", "", |_| Ok(None))), Status::NAME);
    let session = session_of(&runtime, &bridge, echo());
    thread::scope(|scope| {
        let serves = scope.spawn(|| bridge.serve());
        assert_eq!(run(&session, r#"call add {"a": 40, "b": 2}"#).stdout, b"42\n");
        assert_eq!(run(&session, r#"call add {"a": "text"}"#).end.error_type(), "TypeError");
        let failed = run(&session, "call panics {}");
        assert!(failed.end.outcome() == Outcome::ERROR && failed.end.message().contains("panicked"), "{failed:?}");
        let metrics = bridge.metrics().expect("its metrics");
        assert_eq!((metrics.calls, metrics.ok, metrics.bridge_pending_current), (3, 1, 0));
        let figures = session.info().expect("its info").bridge;
        assert_eq!((figures.created, figures.resolved, figures.rejected), (3, 1, 2));
        assert!(bridge.pending().expect("the open calls").is_empty());
        bridge.close().expect("it closes");
        serves.join().expect("the thread").expect("it served to the end");
    });
}

#[test]
fn calls_of_python_with_approval_streams_and_bytes() {
    let runtime = runtime();
    let bridge = runtime.open_bridge(&Default::default()).expect("a bridge");
    let offer = |name: &str, flags| capsule::Capability { name: name.to_owned(), flags, ..Default::default() };
    let asked = std::sync::atomic::AtomicU32::new(0);
    bridge.approve("guarded", move |_| asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0);
    let guarded = offer("guarded", capsule::CapabilityFlags::NEEDS_APPROVAL);
    bridge.register(&guarded, |_| Ok(Some(Value::text("done")))).expect("the name is free");
    let numbers = offer("numbers", capsule::CapabilityFlags::STREAM);
    bridge
        .register(&numbers, |call| {
            for i in 0..100 {
                call.send(&Value::json(i.to_string()))?;
            }
            Ok(None)
        })
        .expect("the name is free");
    bridge
        .handle("size", "data", |call| {
            let size = call.attachment("data").map_or(0, |data| data.data().len());
            Ok(Some(Value::json(size.to_string())))
        })
        .expect("the name is free");
    bridge
        .register(&offer("put", capsule::CapabilityFlags::UPLOAD), |call| {
            let mut size = 0;
            while let Some(piece) = call.receive()? {
                size += piece.data.len();
            }
            Ok(Some(Value::json(size.to_string())))
        })
        .expect("the name is free");
    let session = session_of(&runtime, &bridge, SessionOptions::default());
    thread::scope(|scope| {
        scope.spawn(|| bridge.serve());
        let result = run(&session, "(host.guarded(), sum(host.numbers()), host.size(data=b'x' * 100_000))");
        assert_eq!(result.end.repr(), Some("('done', 4950, 100000)"), "{result:?}");
        assert_eq!(run(&session, "host.guarded()").end.error_type(), "PermissionError");
        let put =
            "with host.put() as put:\n    for _ in range(100): put.send(b'x' * 1000)\n    size = put.finish()\nsize";
        assert_eq!(run(&session, put).end.repr(), Some("100000"));
        let only = Rule { capability: "numbers".to_owned(), decision: Decision::ALLOW, ..Rule::default() };
        session.narrow_rules(&[only]).expect("rules");
        assert_eq!(run(&session, "sum(host.numbers())").end.repr(), Some("4950"));
        assert_eq!(run(&session, put).end.error_type(), "PermissionError");
        bridge.close().expect("it closes");
    });
}
