use capsule::{Event, EventKind, Execution, Executor, RunResult, Runtime, Session, SessionOptions, Status};
use std::os::raw::{c_int, c_long, c_short, c_ulong};
use std::os::unix::io::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

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

/// A process that is readable as a descriptor once it is gone.
pub struct Watched(OwnedFd);

#[repr(C)]
struct PollFd {
    fd: c_int,
    events: c_short,
    revents: c_short,
}

extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn poll(fds: *mut PollFd, count: c_ulong, timeout_ms: c_int) -> c_int;
}

impl Watched {
    pub fn new(pid: i32) -> Self {
        const PIDFD_OPEN: c_long = 434; // On every architecture.
        let fd = unsafe { syscall(PIDFD_OPEN, pid, 0) };
        assert!(fd >= 0, "pidfd_open: {}", std::io::Error::last_os_error());
        Self(unsafe { OwnedFd::from_raw_fd(fd as c_int) })
    }

    pub fn wait_for_end(&self) {
        const POLLIN: c_short = 1;
        let mut one = PollFd { fd: self.0.as_raw_fd(), events: POLLIN, revents: 0 };
        assert_eq!(
            unsafe { poll(&mut one, 1, PATIENCE.as_millis() as c_int) },
            1,
            "a process that should end is still there"
        );
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
