use crate::common::*;
use capsule::{
    Buffer, Checkpoint, CheckpointOptions, NameKind, RestoreFlags, SessionState, SetStrategy, Status, TraceFilter,
};
use capsule::{TraceKind, Value, ValueKind};
use std::sync::Arc;

#[test]
fn values_buffers_and_names() {
    let runtime = runtime();
    let session = runtime.open(&Default::default()).expect("a session");
    let overwrite = SetStrategy::OVERWRITE;
    session.set("given", &Value::json(r#"{"a": [1, 2]}"#), overwrite, None).expect("it is set");
    let value = session.get("given", ValueKind::JSON, None).expect("it is there");
    assert_eq!((value.as_str(), value.type_name.as_str()), (r#"{"a": [1, 2]}"#, "dict"));
    let mut buffer = Buffer::new(8_000).expect("memory");
    buffer.data_mut()[8] = 7;
    let items = Value::buffer(Arc::new(buffer), "q", [10, 100]);
    session.set("items", &items, overwrite, None).expect("it is set");
    let told = run(&session, "(items.shape, items[0, 1], items.readonly)");
    assert_eq!(told.end.repr(), Some("((10, 100), 7, True)"), "{told:?}");
    let value = session.get("items", ValueKind::BUFFER, None).expect("it is there");
    assert_eq!((value.data.len(), value.format.as_str(), value.strides[0], value.data[8]), (8_000, "q", 800, 7));
    let (names, total) = session.list(1, None).expect("the names");
    assert_eq!((names[0].name.as_str(), names[0].kind, total), ("given", NameKind::VALUE, 2));
    assert_eq!(status(session.get("nothing", ValueKind::JSON, None)), Status::NAME);
}

#[test]
#[should_panic(expected = "can no longer be written")]
fn a_buffer_that_was_set_is_not_written() {
    let runtime = runtime();
    let session = runtime.open(&Default::default()).expect("a session");
    let mut buffer = Arc::new(Buffer::new(100).expect("memory"));
    let value = Value::buffer(buffer.clone(), "", []);
    session.set("items", &value, SetStrategy::OVERWRITE, None).expect("it is set");
    drop(value);
    Arc::get_mut(&mut buffer).expect("nobody else has it").data_mut()[0] = 1;
}

#[test]
fn checkpoints_go_from_session_to_session() {
    let runtime = runtime();
    let (first, second) = (runtime.open(&Default::default()).expect("a session"), runtime.open(&Default::default()));
    let second = second.expect("a session");
    run(&first, "x = [1, 2]\nlock = __import__('threading').Lock()");
    let options = CheckpointOptions { key: vec![b'k'; 32], ..CheckpointOptions::default() };
    let made = first.checkpoint(&options, None).expect("a checkpoint");
    let mut data = made.data().expect("its bytes").to_vec();
    let read = Checkpoint::read(&data, &options).expect("it is one");
    let info = read.info().expect("its info");
    assert!(info.is_signed && info.is_verified && (info.names, info.skipped) == (1, 1), "{info:?}");
    assert_eq!(read.entries().expect("its names").len(), 2);
    second.restore_checkpoint(&read, RestoreFlags::default(), None).expect("it is restored");
    assert_eq!(run(&second, "x").end.repr(), Some("[1, 2]"));
    for kept in [&made, &read] {
        second.keep_checkpoint(kept).expect("it is kept, in the place of the one before");
        let list = second.checkpoints().expect("what it keeps");
        assert!(list.len() == 1 && list[0].data().expect("its bytes") == data);
    }
    let middle = data.len() / 2;
    data[middle] ^= 1;
    assert_eq!(status(Checkpoint::read(&data, &options)), Status::CHECKPOINT);
}

#[test]
fn diagnostics_are_records() {
    let runtime = runtime();
    let session = runtime.open(&Default::default()).expect("a session");
    run(&session, "print('x')\nimport asyncio\nawait asyncio.sleep(0)");
    let info = session.info().expect("its info");
    assert_eq!((info.executions_succeeded, info.state), (1, SessionState::IDLE));
    assert!(info.python_version.starts_with("3."), "{info:?}");
    assert!(session.executor_metrics().expect("metrics").outputs_enqueued > 0);
    assert_eq!(session.async_metrics().expect("metrics").mode_top_level_await, 1);
    assert_eq!(status(session.limiter_metrics()), Status::STATE);
    let filter = TraceFilter { kind: TraceKind::EXECUTION_FINISHED, ..TraceFilter::default() };
    let (events, told) = session.trace(&filter).expect("its trace");
    assert_eq!((events.len(), told.matched, events[0].kind), (1, 1, TraceKind::EXECUTION_FINISHED));
    assert!(runtime.info().expect("its info").sessions_open >= 1);
}

// That it does what it says is a test of its own: binding.rust_quickstart.
#[test]
fn the_readme_has_the_example() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = std::fs::read_to_string(folder.join("examples/quickstart.rs")).expect("the example");
    let readme = std::fs::read_to_string(folder.join("../README.md")).expect("the README");
    assert!(readme.contains(&format!("```rust\n{program}```\n")));
}
