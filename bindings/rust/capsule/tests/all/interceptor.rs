use crate::common::*;
use capsule::{Frame, FrameDirection, InterceptorOptions, Status};
use std::sync::mpsc;

#[test]
fn an_interceptor_sees_every_frame_until_it_is_dropped() {
    let runtime = runtime();
    let session = open(&runtime);
    let (frames, seen) = mpsc::channel();
    let interceptor = session
        .intercept(&InterceptorOptions::default(), move |frame| frames.send(frame.clone()).is_ok())
        .expect("an interceptor");
    run(&session, "out a");
    let info = interceptor.info().expect("what it did");
    drop(interceptor);
    run(&session, "out b");
    let all: Vec<Frame> = seen.iter().collect(); // To the end: the function is gone.
    assert!(info.calls > 0 && info.calls as usize <= all.len() && info.errors == 0, "{info:?}");
    let sent: Vec<_> = all.iter().filter(|frame| frame.kind == "Execute").collect();
    assert!(sent.len() == 1 && sent[0].direction == FrameDirection::TO_WORKER && sent[0].execution_id == 1, "{all:?}");
    assert!(all.iter().any(|frame| frame.kind == "Output" && frame.direction == FrameDirection::FROM_WORKER));
}

#[test]
fn what_an_interceptor_refuses_is_counted_and_nothing_else() {
    let runtime = runtime();
    let session = open(&runtime);
    let one = session.intercept(&InterceptorOptions::default(), |_| false).expect("an interceptor");
    let two = session
        .intercept(&InterceptorOptions::default(), |_| std::panic::resume_unwind(Box::new(())))
        .expect("an interceptor");
    assert_eq!(run(&session, "out a").stdout, b"a\n");
    for info in [one.info().expect("what it did"), two.info().expect("what it did")] {
        assert!(info.errors == info.calls && info.calls > 0, "{info:?}");
    }
    let nameless = InterceptorOptions { name: String::new(), ..Default::default() };
    assert_eq!(status(session.intercept(&nameless, |_| true)), Status::ARGUMENT);
}
