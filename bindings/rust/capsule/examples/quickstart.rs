use capsule::{EventKind, ExecutionOptions, Runtime};

fn main() -> capsule::Result<()> {
    let runtime = Runtime::new()?;
    let session = runtime.open(&Default::default())?;
    let options = ExecutionOptions { timeout_ms: 10_000, ..Default::default() };
    let execution = session.execute("name = input('name? ')\nprint('Hello', name)\n6 * 7", &options)?;
    for event in &execution {
        let event = event?;
        match event.kind() {
            EventKind::OUTPUT => print!("{}", event.data()),
            EventKind::INPUT => execution.answer(event.input_id(), "Ada")?,
            EventKind::RESULT => println!("result: {}", event.repr().unwrap_or("none")),
            EventKind::ERROR => eprintln!("{}: {}", event.error_type(), event.message()),
            _ => {}
        }
    }
    Ok(())
}
