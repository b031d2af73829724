use capsule::{Event, EventKind, Execution, Executor, RunResult, Runtime, Session, SessionOptions, Status};
use std::time::{Duration, Instant};

/// Longest wait for what takes milliseconds when it works.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn echo() -> SessionOptions {
    SessionOptions { executor: Executor::ECHO, ..SessionOptions::default() }
}

pub fn runtime() -> Runtime {
    Runtime::new().expect("a runtime")
}

pub fn open(runtime: &Runtime) -> Session {
    runtime.open(&echo()).expect("a session of the echo executor")
}

pub fn run(session: &Session, source: &str) -> RunResult {
    session.run(source, &Default::default()).expect("it runs")
}

pub fn start(session: &Session, source: &str) -> Execution {
    session.execute(source, &Default::default()).expect("it is accepted")
}

/// Takes events until one of that kind.
pub fn until(execution: &Execution, kind: EventKind) -> Event {
    loop {
        let event = execution.next_within(PATIENCE).expect("an event in time").expect("an event before the end");
        if event.kind() == kind {
            return event;
        }
    }
}

pub fn status<T>(result: capsule::Result<T>) -> Status {
    result.err().map_or(Status::OK, |error| error.status())
}

pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(1)); // There is no event for it.
    }
}

/// The number behind a name in /proc/self/status.
pub fn of_process(name: &str) -> i64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("procfs");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect("the name");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

pub fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("procfs").count()
}

/// Runs one test of this program, an ignored one, as a program of its own.
pub fn helper(name: &str) -> std::process::Command {
    let mut command = std::process::Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"]);
    command
}
