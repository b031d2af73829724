use crate::common::*;
use capsule::{log_info, set_log_function, set_log_sink, LogFormat, LogLevel, LogOptions, LogSink, Status};
use std::sync::{mpsc, Mutex, PoisonError};

// There is one log for the process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[test]
fn the_log_goes_to_a_function() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (lines, taken) = mpsc::channel();
    let lines = Mutex::new(lines);
    set_log_function(LogLevel::DEBUG, move |level, line| {
        let within = set_log_sink(None).expect_err("this is the sink").status();
        let _ = lines.lock().expect("it").send((level, line.to_owned(), within));
        std::panic::resume_unwind(Box::new("it ends here")); // Without the words of a panic.
    })
    .expect("a sink");
    let runtime = runtime();
    run(&open(&runtime), "value secret-word");
    set_log_sink(None).expect("none");
    let all: Vec<_> = taken.iter().collect(); // To the end: the function is gone.
    assert!(all.iter().any(|(level, ..)| *level == LogLevel::DEBUG), "{all:?}");
    for (_, line, within) in all {
        assert!(line.contains("event=") && !line.contains("secret-word"), "{line}");
        assert_eq!(within, Status::REENTRANT);
    }
}

#[test]
fn a_session_has_a_log_level_of_its_own() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (lines, taken) = mpsc::channel();
    let lines = Mutex::new(lines);
    // Other tests' sessions say nothing of this level.
    set_log_function(LogLevel::OFF, move |level, _| lines.lock().expect("it").send(level).expect("this test"))
        .expect("a sink");
    let runtime = runtime();
    let session = open(&runtime);
    session.set_log_level(Some(LogLevel::DEBUG)).expect("a level");
    run(&session, "value 1");
    session.set_log_level(None).expect("the sink's");
    let told = taken.try_iter().filter(|level| *level == LogLevel::DEBUG).count();
    assert!(told > 0);
    run(&session, "value 1");
    taken.try_iter().for_each(drop); // What was on its way when the level changed.
    run(&session, "value 1");
    assert_eq!(taken.try_iter().count(), 0);
    assert_eq!(status(session.set_log_level(Some(LogLevel(100)))), Status::ARGUMENT);
    set_log_sink(None).expect("none");
}

#[test]
fn the_log_goes_to_a_file() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let path = std::env::temp_dir().join(format!("capsule-log-雪-{}", std::process::id()));
    let mut options = LogOptions {
        sink: LogSink::FILE,
        level: LogLevel::DEBUG,
        format: LogFormat::JSON,
        path: path.to_str().expect("UTF-8").to_owned(),
    };
    set_log_sink(Some(&options)).expect("a sink");
    let runtime = runtime();
    run(&open(&runtime), "value secret-word");
    set_log_sink(None).expect("none");
    let text = std::fs::read_to_string(&path).expect("a log");
    std::fs::remove_file(&path).expect("a file");
    assert!(!text.contains("secret-word"), "{text}");
    let count = text.lines().filter(|line| line.starts_with('{') && line.contains("\"event\"")).count();
    assert!(count > 0 && count == text.lines().count(), "{text}");
    assert!(log_info().expect("figures").records.iter().sum::<u64>() >= count as u64);

    options.path = "/nowhere/log".to_owned();
    assert_eq!(set_log_sink(Some(&options)).expect_err("no folder").status(), Status::SYSTEM);
    options.sink = LogSink::CALLBACK;
    assert_eq!(set_log_sink(Some(&options)).expect_err("no function").status(), Status::ARGUMENT);
}
