use crate::common::*;
use capsule::{EventKind, Frame, FrameDirection, InterceptorOptions, Session, Status};
use futures_core::Stream;
use std::pin::Pin;
use std::sync::{mpsc, Arc, Mutex};
use std::task::{Context, Wake, Waker};

#[test]
fn an_interceptor_sees_every_frame_until_it_is_dropped() {
    let runtime = runtime();
    let session = open(&runtime);
    let (frames, seen) = mpsc::channel();
    let frames = Mutex::new(frames);
    let interceptor = session
        .intercept(&InterceptorOptions::default(), move |frame| frames.lock().expect("it").send(frame.clone()).is_ok())
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

/// Of some size: what is kept of it points into it, as the leak sanitizer wants.
struct Bell(#[allow(dead_code)] u64);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {}
}

// The library refuses all calls in an interceptor, so that it cannot be told to forget whom to wake.
fn dropped_in_an_interceptor<T: Send + 'static>(
    session: &Session,
    told: T,
    poll: impl Fn(&T, &mut Context<'_>) -> bool,
) {
    let bell = Arc::new(Bell(0));
    let waker = Waker::from(bell.clone());
    assert!(poll(&told, &mut Context::from_waker(&waker)), "there is nothing yet");
    let owners = Arc::strong_count(&bell);
    let (drops, left) = mpsc::channel();
    let held = Mutex::new(Some((told, drops)));
    let interceptor = session.intercept(&InterceptorOptions::default(), move |_| {
        if let Some((told, drops)) = held.lock().expect("it").take() {
            drop(told);
            drops.send(Arc::strong_count(&bell)).expect("the test");
        }
        true
    });
    run(session, "out a");
    assert_eq!(left.recv().expect("a frame"), owners, "whom the library may still wake");
    drop(interceptor);
}

#[test]
fn what_is_dropped_in_an_interceptor_may_still_be_woken() {
    let runtime = runtime();
    let (session, other) = (open(&runtime), open(&runtime));
    let execution = start(&other, "input ?");
    until(&execution, EventKind::INPUT);
    dropped_in_an_interceptor(&session, execution, |execution, context| {
        Pin::new(&mut execution.stream()).poll_next(context).is_pending()
    });
}
