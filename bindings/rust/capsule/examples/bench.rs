//! The peer of capsule-bench for Rust. Each line on stdin is a count; the answer is one line with the nanoseconds of that many executions
//! of `1+1`.

use std::io::BufRead;
use std::time::Instant;

fn round_trip_ns(session: &capsule::Session) -> u128 {
    let started = Instant::now();
    let result = session.run("1+1", &Default::default()).expect("it is accepted");
    let elapsed = started.elapsed();
    assert_eq!(result.end.repr(), Some("2"), "{result:?}");
    elapsed.as_nanos()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = capsule::Runtime::new()?;
    let session = runtime.open(&Default::default())?;
    for line in std::io::stdin().lock().lines() {
        let answers: Vec<String> = (0..line?.parse()?).map(|_: u32| round_trip_ns(&session).to_string()).collect();
        println!("{}", answers.join(" "));
    }
    Ok(())
}
