use super::{sys, Error, Event, EventKind, Execution, Promise, PromiseStore, Result, RunResult, Status, Taken};
use futures_core::Stream;
use std::future::Future;
use std::os::raw::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Who is to be woken when events come.
#[derive(Debug, Default)]
pub(crate) struct Wakers(Mutex<Vec<Waker>>);

impl Wakers {
    fn add(&self, waker: &Waker) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.iter().any(|one| one.will_wake(waker)) {
            all.push(waker.clone());
        }
    }

    pub(crate) fn wake(&self) {
        // Not under the lock: a waker may do what it likes.
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for waker in all {
            // A panic may not leave a callback, nor keep the others asleep.
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }
}

/// Wakers that the library tells of events, from the first time that they are asked for.
#[derive(Debug, Default)]
pub(crate) struct Notified {
    told: AtomicBool,
    wakers: Arc<Wakers>,
}

/// Those that the library may still call, whatever became of who wanted to know.
static KEPT: Mutex<Vec<Arc<Wakers>>> = Mutex::new(Vec::new());

type Callback = unsafe extern "C" fn(*mut c_void);

impl Notified {
    /// The wakers; `set` is the handle's `set_notify`. It may call at once: no lock is held here.
    pub(crate) fn wakers(&self, set: impl FnOnce(Option<Callback>, *mut c_void) -> sys::capsule_status) -> &Wakers {
        // Twice does no harm. Refused, as in an interceptor, it is tried again.
        if !self.told.load(Ordering::Acquire) {
            let status = set(Some(wake), Arc::as_ptr(&self.wakers) as *mut c_void);
            self.told.fetch_or(status == Status::OK.0, Ordering::Release);
        }
        &self.wakers
    }

    /// Before the handle is released.
    pub(crate) fn end(&self, set: impl FnOnce(Option<Callback>, *mut c_void) -> sys::capsule_status) {
        // It has ended when this returns, and only then the wakers go. From within an interceptor or the log's function it is refused:
        // they may be called again, and stay.
        if self.told.load(Ordering::Acquire) && set(None, std::ptr::null_mut()) != Status::OK.0 {
            let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(Arc::clone(&self.wakers));
        }
    }

    pub(crate) fn wake(&self) {
        self.wakers.wake();
    }
}

// On a thread of the library: it wakes, and does nothing else.
unsafe extern "C" fn wake(wakers: *mut c_void) {
    (*wakers.cast::<Wakers>()).wake();
}

/// The events of an execution, as they come. Several may stand on one execution: every event goes to one of them.
#[derive(Debug)]
pub struct EventStream<'a> {
    execution: &'a Execution,
    over: bool,
}

impl<'a> EventStream<'a> {
    pub(crate) fn new(execution: &'a Execution) -> Self {
        EventStream { execution, over: false }
    }
}

// Registered before the look: what comes between both is told.
fn poll_take(execution: &Execution, context: &mut Context<'_>, event: &mut Event) -> Poll<Result<Taken>> {
    execution.wakers().add(context.waker());
    match execution.take(event, Some(Duration::ZERO)) {
        Ok(Taken::Empty) => Poll::Pending,
        Ok(Taken::End) => {
            execution.wakers().wake(); // The others will find the same.
            Poll::Ready(Ok(Taken::End))
        }
        found => Poll::Ready(found),
    }
}

impl Stream for EventStream<'_> {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        let mut event = Event::default();
        let found = match poll_take(self.execution, context, &mut event) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(found) => found,
        };
        self.over = !matches!(found, Ok(Taken::Event));
        Poll::Ready(match found {
            Ok(Taken::Event) => Some(Ok(event)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
    }
}

/// An execution to its end, collected, as `Session::run()` does it. Dropped before its end it cancels the code.
#[derive(Debug)]
pub struct RunFuture {
    execution: Execution,
    result: Option<RunResult>,
}

impl RunFuture {
    pub(crate) fn new(execution: Execution) -> Self {
        RunFuture { execution, result: Some(RunResult::default()) }
    }
}

impl Future for RunFuture {
    type Output = Result<RunResult>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let result = this.result.as_mut().expect("a future that is ready is not polled again");
        loop {
            let mut event = Event::default();
            match poll_take(&this.execution, context, &mut event) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(Taken::Event)) => {}
                Poll::Ready(found) => {
                    this.result = None;
                    let gone = Error::new(Status::END, Status::END.text().to_owned());
                    return Poll::Ready(Err(found.err().unwrap_or(gone)));
                }
            }
            if event.kind() == EventKind::INPUT {
                // One that a timeout ended meanwhile needs no answer.
                let _ = this.execution.decline(event.input_id());
            }
            if result.take(event) {
                return Poll::Ready(Ok(this.result.take().expect("it was there above")));
            }
        }
    }
}

impl Drop for RunFuture {
    fn drop(&mut self) {
        if self.result.is_some() {
            let _ = self.execution.cancel(None);
        }
    }
}

/// The promises of a store that were watched and are settled, as they come, to its close.
#[derive(Debug)]
pub struct SettledStream<'a> {
    store: &'a PromiseStore,
    over: bool,
}

impl<'a> SettledStream<'a> {
    pub(crate) fn new(store: &'a PromiseStore) -> Self {
        SettledStream { store, over: false }
    }
}

impl Stream for SettledStream<'_> {
    type Item = Result<Promise>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        // Registered before the look: what comes between both is told.
        self.store.wakers().add(context.waker());
        match self.store.next(Some(Duration::ZERO)) {
            Ok(promise) => Poll::Ready(Some(Ok(promise))),
            Err(error) if error.status() == Status::TIMEOUT => Poll::Pending,
            Err(error) => {
                self.over = true;
                Poll::Ready((error.status() != Status::CLOSED).then_some(Err(error)))
            }
        }
    }
}
