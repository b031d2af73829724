use crate::common::*;
use capsule::{AcquireOptions, CancelPhase, EventKind, Outcome, Runtime, RuntimeOptions, SessionOptions, Status};
use std::path::PathBuf;
use std::time::Duration;

#[test]
fn what_is_closed_answers_an_error() {
    let runtime = runtime();
    let session = open(&runtime);
    session.close(Duration::ZERO).expect("it closes");
    session.close(Duration::ZERO).expect("it closes again");
    assert_eq!(status(session.execute("value x", &Default::default())), Status::CLOSED);
    assert_eq!(status(session.restart()), Status::CLOSED);
    assert!(session.info().is_ok());
    runtime.close(Duration::ZERO).expect("it closes");
    assert_eq!(status(runtime.open(&echo())), Status::CLOSED);
}

#[test]
fn texts_that_are_none_are_refused() {
    let runtime = runtime();
    let session = open(&runtime);
    for source in [&b""[..], b"out a\0b", b"out \xff\xfe"] {
        let error = session.execute_bytes(source, &Default::default()).expect_err("it is no source");
        assert_eq!(error.status(), Status::ARGUMENT);
        assert!(!error.message().is_empty() && error.to_string() == error.message());
    }
    let execution = start(&session, "input who?");
    let input = until(&execution, EventKind::INPUT);
    assert_eq!(status(execution.answer(input.input_id(), "a\0b")), Status::ARGUMENT);
    assert_eq!(status(execution.answer(input.input_id() + 1, "a")), Status::STATE);
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let runtime = runtime();
    let options = SessionOptions { queue_limit: 1_000_000, ..echo() };
    let error = runtime.open(&options).expect_err("the option is out of range");
    assert_eq!(error.status(), Status::ARGUMENT);
    assert!(error.message().contains("queue_limit"), "{error}");
    let options = SessionOptions { environment: vec!["no equals sign".to_owned()], ..echo() };
    assert_eq!(status(runtime.open(&options)), Status::ARGUMENT);
}

#[test]
fn what_is_canceled_before_it_began_does_not_begin() {
    let runtime = runtime();
    let session = open(&runtime);
    let first = start(&session, "spin");
    let second = start(&session, "out never");
    second.cancel(None).expect("it waits");
    let end = second.next_within(PATIENCE).expect("an event in time").expect("its end");
    assert_eq!((end.kind(), end.outcome()), (EventKind::ERROR, Outcome::CANCELED));
    assert_eq!(end.cancel_phase(), CancelPhase::QUEUED);
    assert!(second.next().expect("nothing more").is_none());
    first.cancel(None).expect("it runs");
}

#[test]
fn a_missing_worker_is_told() {
    let folder = "/nowhere/capsule";
    let options = RuntimeOptions { worker_dir: folder.to_owned(), ..RuntimeOptions::default() };
    let runtime = Runtime::with_options(&options).expect("a runtime");
    let error = runtime.open(&echo()).expect_err("there is no worker");
    assert_eq!(error.status(), Status::WORKER);
    assert!(error.message().contains(folder), "{error}");
}

#[test]
fn a_missing_interpreter_is_told() {
    let options = SessionOptions { python: "/nowhere/python3".to_owned(), ..SessionOptions::default() };
    assert_eq!(status(runtime().open(&options)), Status::PYTHON);
}

#[test]
#[ignore = "started with another library by the tests below"]
fn new_in_a_process_of_its_own() {
    if let Err(error) = Runtime::new() {
        println!("refused: {error}");
    }
}

/// A library that tells a version and lacks all else, in a folder of its own, which is gone afterwards.
struct Hollow(PathBuf);

impl Hollow {
    fn new(folder: &str, name: &str, version: Option<&str>) -> Self {
        let built = Self(std::env::temp_dir().join(format!("capsule-rust-{}-{folder}", std::process::id())));
        std::fs::create_dir_all(&built.0).expect("a folder");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/abi/hollow_library.sh");
        let mut command = std::process::Command::new(script);
        command.arg("cc").arg(built.0.join(name)).args(version);
        assert!(command.status().expect("a compiler").success());
        built
    }
}

impl Drop for Hollow {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("it is there");
    }
}

#[test]
fn an_older_library_is_told_with_both_versions() {
    let older = Hollow::new("older", "older.so", Some("0.0.9"));
    let output = helper("misuse::new_in_a_process_of_its_own").env("LD_PRELOAD", older.0.join("older.so")).output();
    let told = String::from_utf8_lossy(&output.expect("this program").stdout).into_owned();
    assert!(told.contains("refused: ") && told.contains("0.0.9") && told.contains("0.1."), "{told}");
}

/// Rust links programs with all functions bound before `main`, so that nobody can ask for the version first.
#[test]
fn a_library_that_lacks_a_function_is_told_by_the_loader() {
    for (folder, version) in [("lacking", None), ("older-lacking", Some("0.0.9"))] {
        let lacking = Hollow::new(folder, "libcapsule.so.0", version);
        let output = helper("misuse::new_in_a_process_of_its_own").env("LD_LIBRARY_PATH", &lacking.0).output();
        let output = output.expect("this program");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains("undefined symbol: capsule_"), "{version:?}: {told}");
    }
}

#[test]
fn a_missing_library_is_told() {
    let output = helper("misuse::new_in_a_process_of_its_own").env_remove("LD_LIBRARY_PATH").output();
    let output = output.expect("this program");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("libcapsule.so.0"), "{told}");
}

#[test]
fn a_session_of_no_pool_or_another_comes_back() {
    let runtime = runtime();
    let pool = runtime.open_pool(&crate::services::pool_of(1)).expect("a pool");
    let other = runtime.open_pool(&crate::services::pool_of(1)).expect("another pool");
    let of_another = other.acquire(&AcquireOptions::default()).expect("a session");
    let refused = [open(&runtime), of_another].map(|session| {
        let (error, session) = pool.give_back(session).expect_err("it is not of this pool");
        assert_eq!(error.status(), Status::ARGUMENT);
        assert!(run(&session, "value x").is_ok());
        session
    });
    let [_, of_another] = refused;
    other.give_back(of_another).expect("its own pool takes it");
}
