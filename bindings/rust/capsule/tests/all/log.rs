use crate::common::*;
use capsule::{log_info, set_log_sink, LogFormat, LogLevel, LogOptions, LogSink, Status};

#[test]
fn the_log_goes_to_a_file() {
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
