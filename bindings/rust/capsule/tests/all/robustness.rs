use crate::common::*;
use capsule::{CancelPhase, Event, EventKind, ExecutionOptions, Outcome, SessionOptions, Status, Taken};
use futures_core::Stream;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

#[test]
fn owners_go_to_other_threads() {
    fn check<T: Send + Sync>() {}
    check::<capsule::Runtime>();
    check::<capsule::Session>();
    check::<capsule::Execution>();
    check::<capsule::Event>();
    check::<capsule::Pool>();
    check::<capsule::Acquisition>();
    check::<capsule::Bridge>();
    check::<capsule::Snapshot>();
    check::<capsule::Checkpoint>();
    check::<capsule::Buffer>();
    check::<capsule::PromiseStore>();
    check::<capsule::TraceReader>();
    check::<capsule::Postmortem>();
    check::<capsule::StackTrace>();
    check::<capsule::Interceptor>();
    check::<capsule::Call>();
    check::<capsule::EventStream>();
    check::<capsule::SettledStream>();
    check::<capsule::RunFuture>();
    check::<capsule::RunResult>();
    check::<capsule::Value>();
    check::<capsule::Error>();
}

// Alone in its process: other tests allocate meanwhile.
#[test]
#[ignore = "started by many_executions_leak_neither_memory_nor_descriptors"]
fn leaks_in_a_process_of_its_own() {
    let count = std::env::var("CAPSULE_LEAK_EXECUTIONS").map_or(10_000, |text| text.parse().expect("a number"));
    let runtime = runtime();
    let session = open(&runtime);
    let repeat = |count| {
        for _ in 0..count {
            let result = run(&session, "out a line\nvalue x");
            assert!(result.is_ok() && result.stdout == b"a line\n", "{result:?}");
        }
    };
    repeat(count / 10);
    let (memory, open) = (of_process("VmRSS"), descriptors());
    repeat(count);
    let grown = of_process("VmRSS") - memory;
    println!("{count} executions took {grown} KiB");
    assert!(grown < 8_192, "that is too much");
    assert!(descriptors() <= open, "there were {open} descriptors, and are {}", descriptors());
}

#[test]
fn many_executions_leak_neither_memory_nor_descriptors() {
    let output = helper("robustness::leaks_in_a_process_of_its_own").output().expect("this program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
#[ignore = "started by a_stream_of_many_outputs_takes_no_memory"]
fn stream_in_a_process_of_its_own() {
    let runtime = runtime();
    let options = SessionOptions { output_window_bytes: 64 << 10, ..echo() }; // What may wait for this test.
    let session = runtime.open(&options).expect("a session");
    // Two streams by turns: what is printed on one does not join what was printed on the other.
    let execution = start(&session, &"out a line of output\nerr and another one\n".repeat(50_000));
    let (mut event, mut outputs, mut before) = (Event::default(), 0, None);
    while execution.take(&mut event, None).expect("events") == Taken::Event {
        outputs += u32::from(event.kind() == EventKind::OUTPUT);
        if outputs == 20_000 && before.is_none() {
            before = Some(of_process("VmRSS"));
        }
    }
    assert_eq!(outputs, 100_000);
    let grown = of_process("VmRSS") - before.expect("it had that many");
    assert!(grown < 4_096, "80000 more events took {grown} KiB");
}

#[test]
fn a_stream_of_many_outputs_takes_no_memory() {
    let output = helper("robustness::stream_in_a_process_of_its_own").output().expect("this program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
#[ignore = "started by asan.sh, whose sanitizer has to see it"]
fn an_event_that_is_used_after_its_release() {
    let events = vec![Event::default()];
    let event: *const Event = &events[0];
    drop(events);
    // SAFETY: none. This is what is never to be done.
    panic!("nobody saw that it is gone: {}", unsafe { (*event).sequence() });
}

#[test]
fn closing_ends_a_wait() {
    let runtime = runtime();
    let end_of = |close: &(dyn Fn(&capsule::Session) + Sync)| {
        let session = open(&runtime);
        let execution = start(&session, "spin");
        until(&execution, EventKind::STARTED);
        thread::scope(|scope| {
            let waits = scope.spawn(|| until(&execution, EventKind::ERROR).outcome());
            close(&session);
            waits.join().expect("the thread")
        })
    };
    assert_eq!(end_of(&|session| session.close(Duration::ZERO).expect("it closes")), Outcome::KILLED);
    assert_eq!(end_of(&|_| runtime.close(Duration::ZERO).expect("it closes")), Outcome::KILLED);
}

#[test]
fn an_order_of_drops_that_makes_no_sense_is_safe() {
    for order in 0..6 {
        let runtime = runtime();
        let session = open(&runtime);
        let execution = start(&session, "spin");
        until(&execution, EventKind::STARTED);
        let mut owners: Vec<Box<dyn std::any::Any>> = vec![Box::new(runtime), Box::new(session), Box::new(execution)];
        drop(owners.remove(order % 3));
        drop(owners.remove(order % 2));
    }
}

#[test]
fn a_wait_that_is_given_up_loses_nothing() {
    let runtime = runtime();
    let session = open(&runtime);
    let execution = start(&session, "input who?");
    let input = until(&execution, EventKind::INPUT);
    assert_eq!(input.prompt(), "who?");
    let error = execution.next_within(Duration::from_millis(20)).expect_err("no event");
    assert!(error.is_timeout(), "{error:?}");
    execution.answer(input.input_id(), "me").expect("somebody waits");
    assert_eq!(until(&execution, EventKind::OUTPUT).data(), "me\n");
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread, which sleeps while it waits.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        thread::park_timeout(PATIENCE);
    }
}

struct Next<'a, S>(&'a mut S);

impl<S: Stream + Unpin> Future for Next<'_, S> {
    type Output = Option<S::Item>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut *self.0).poll_next(context)
    }
}

#[test]
fn events_are_a_stream() {
    let runtime = runtime();
    let session = open(&runtime);
    let execution = start(&session, "out one\ninput who?\nout two\nvalue x");
    let kinds = block_on(async {
        let (mut stream, mut kinds) = (execution.stream(), Vec::new());
        while let Some(event) = Next(&mut stream).await {
            let event = event.expect("an event");
            if event.kind() == EventKind::INPUT {
                execution.answer(event.input_id(), "me").expect("it waits");
            }
            kinds.push(event.kind().to_string());
        }
        assert!(Next(&mut stream).await.is_none());
        kinds
    });
    assert_eq!(kinds.first().map(String::as_str), Some("started"));
    assert_eq!(kinds.last().map(String::as_str), Some("result"));
}

/// Polls all of them on one thread until all are ready.
struct JoinAll<F: Future>(Vec<F>, Vec<Option<F::Output>>);

impl<F: Future + Unpin> Unpin for JoinAll<F> {}

impl<F: Future + Unpin> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let JoinAll(futures, done) = &mut *self;
        done.resize_with(futures.len(), || None);
        for (future, done) in futures.iter_mut().zip(done.iter_mut()).filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(value) = Pin::new(future).poll(context) {
                *done = Some(value);
            }
        }
        match done.iter().all(Option::is_some) {
            true => Poll::Ready(done.drain(..).flatten().collect()),
            false => Poll::Pending,
        }
    }
}

// Alone in its process: other tests have threads.
#[test]
#[ignore = "started by many_sessions_at_once_wait_on_one_thread"]
fn sessions_in_a_process_of_its_own() {
    let runtime = runtime();
    run(&open(&runtime), "value x"); // The library has its own threads now.
    let threads = of_process("Threads");
    let sessions: Vec<_> = (0..40).map(|_| open(&runtime)).collect();
    let none = ExecutionOptions::default();
    let all = |source: &str| {
        let begin = |session: &capsule::Session| session.run_async(source, &none).expect("accepted");
        JoinAll(sessions.iter().map(begin).collect(), Vec::new())
    };
    let mut waiting = all("sleep 600000");
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    assert!(Pin::new(&mut waiting).poll(&mut Context::from_waker(&waker)).is_pending());
    let more = of_process("Threads") - threads;
    assert!(more <= 4, "{more} threads more for 40 sessions that wait");
    drop(waiting);
    for round in 0..5 {
        for result in block_on(all(&format!("out {round}\nsleep 5\nvalue x"))) {
            let result = result.expect("it ran");
            assert!(result.is_ok() && result.stdout == format!("{round}\n").as_bytes(), "{result:?}");
        }
    }
}

#[test]
fn many_sessions_at_once_wait_on_one_thread() {
    let output = helper("robustness::sessions_in_a_process_of_its_own").output().expect("this program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_future_that_is_dropped_cancels_the_code() {
    let runtime = runtime();
    let session = open(&runtime);
    let mut future = session.run_async("spin", &Default::default()).expect("it is accepted");
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    assert!(Pin::new(&mut future).poll(&mut Context::from_waker(&waker)).is_pending());
    drop(future);
    assert!(run(&session, "value x").is_ok()); // It had its turn.
    assert_eq!(session.info().expect("its info").executions_canceled, 1);
}

#[test]
fn a_cancel_ends_the_code() {
    let runtime = runtime();
    let session = open(&runtime);
    let execution = start(&session, "spin");
    until(&execution, EventKind::STARTED);
    execution.cancel(None).expect("it is there");
    let end = until(&execution, EventKind::ERROR);
    assert_eq!((end.outcome(), end.cancel_phase()), (Outcome::CANCELED, CancelPhase::INTERRUPTED));
    assert!(execution.next().expect("the end").is_none());
    assert_eq!(status(execution.interrupt()), Status::STATE);
}

#[test]
fn a_descriptor_tells_of_events() {
    let runtime = runtime();
    let session = open(&runtime);
    let execution = start(&session, "value x");
    assert!(execution.fd().expect("a descriptor") > 2);
    assert_eq!(execution.id().expect("its number"), 1);
    until(&execution, EventKind::RESULT);
}

#[test]
#[ignore = "started by a_crash_of_the_host_leaves_no_orphan"]
fn crash_in_a_process_of_its_own() {
    let runtime = runtime();
    let sessions = [open(&runtime), runtime.open(&Default::default()).expect("a session of Python")];
    let _running = [start(&sessions[0], "spin"), start(&sessions[1], "while True: pass")];
    let workers = sessions.iter().map(|session| session.info().expect("its info").pid);
    let pids = workers.chain([runtime.info().expect("its info").zygote_pid]).map(|pid| pid.to_string());
    println!("\npids {}", pids.collect::<Vec<_>>().join(" "));
    loop {
        thread::park();
    }
}

#[test]
fn a_crash_of_the_host_leaves_no_orphan() {
    let mut host =
        helper("robustness::crash_in_a_process_of_its_own").stdout(Stdio::piped()).spawn().expect("this program");
    let lines = BufReader::new(host.stdout.take().expect("its output")).lines();
    let pids = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("pids ").map(str::to_owned));
    let pids = pids.expect("process ids");
    let processes: Vec<_> = pids.split(' ').map(|pid| Watched::new(pid.parse().expect("a process id"))).collect();
    assert_eq!(processes.len(), 3);
    host.kill().expect("it lives");
    host.wait().expect("it ends");
    processes.iter().for_each(Watched::wait_for_end);
}
