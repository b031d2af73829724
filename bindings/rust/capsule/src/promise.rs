//! Promises: named answers that come once and outlive who waits for them; and executions that are recorded as one.

use super::convert::*;
use super::error::{check, fill, rows, told};
use super::owner::{milliseconds, owner};
use super::stream::{Notified, SettledStream, Wakers};
use super::{
    sys, Error, Execution, ExecutionOptions, PendingPromise, PromiseMetrics, PromiseState, PromiseStoreOptions, Result,
    Runtime, Session, Status,
};
use std::time::Duration;

owner!(
    /// The handle of a store.
    RawStore,
    sys::capsule_promise_store,
    sys::capsule_promise_store_release
);

/// Where promises are kept: in memory, in a file, or by a Resonate server. Dropping it closes it; promises stay where they are kept.
#[derive(Debug)]
pub struct PromiseStore {
    raw: RawStore,
    notified: Notified,
}

/// A promise as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: PromiseState,
    /// What it is about.
    pub param: Vec<u8>,
    /// What it was settled with.
    pub value: Vec<u8>,
    /// When its time is over, in ms since 1970.
    pub timeout_at_ms: i64,
    /// When it was created, in ms since 1970.
    pub created_at_ms: i64,
    /// When it was settled, in ms since 1970; 0 while it is pending.
    pub settled_at_ms: i64,
}

/// A promise to be.
#[derive(Clone, Debug)]
pub struct PromiseWish {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub param: Vec<u8>,
    /// Time until it is `TIMED_OUT`. Default a minute.
    pub timeout: Duration,
    /// Of a Resonate server: who is to settle it.
    pub target: String,
}

impl Default for PromiseWish {
    fn default() -> Self {
        PromiseWish { id: String::new(), param: Vec::new(), timeout: Duration::from_secs(60), target: String::new() }
    }
}

impl Runtime {
    /// Opens a store of promises.
    pub fn open_promises(&self, options: &PromiseStoreOptions) -> Result<PromiseStore> {
        let mut kept = Kept::default();
        let given = options.raw(&mut kept);
        let raw = RawStore::made(|handle, error| unsafe {
            sys::capsule_promise_store_open(self.as_raw(), &given, handle, error)
        })?;
        Ok(PromiseStore { raw, notified: Notified::default() })
    }
}

impl Drop for PromiseStore {
    fn drop(&mut self) {
        self.notified.end(|callback, data| unsafe {
            sys::capsule_promise_store_set_notify(self.as_raw(), callback, data, std::ptr::null_mut())
        });
    }
}

// Makes a call that reads a promise, and copies it.
fn read(
    call: impl FnOnce(*mut sys::capsule_promise, *mut sys::capsule_error) -> sys::capsule_status,
) -> Result<Promise> {
    let mut raw = fill(call)?;
    // SAFETY: the texts are the struct's until it is released.
    unsafe {
        let promise = Promise {
            id: string(raw.id),
            state: PromiseState(raw.state),
            param: bytes_of(&raw.param).to_vec(),
            value: bytes_of(&raw.value).to_vec(),
            timeout_at_ms: raw.timeout_at_ms,
            created_at_ms: raw.created_at_ms,
            settled_at_ms: raw.settled_at_ms,
        };
        sys::capsule_promise_release(&mut raw);
        Ok(promise)
    }
}

// A promise may be open for years, other than any wait.
fn life_ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX).max(1)
}

impl PromiseStore {
    /// The handle, still owned here.
    pub fn as_raw(&self) -> *mut sys::capsule_promise_store {
        self.raw.as_raw()
    }

    /// Creates a promise, or finds the one of that id. Waits for file or server.
    pub fn create(&self, wish: &PromiseWish) -> Result<Promise> {
        let mut raw: sys::capsule_promise_wish = zeroed();
        unsafe { sys::capsule_promise_wish_init(&mut raw, size_of_u32::<sys::capsule_promise_wish>()) };
        (raw.id, raw.param, raw.target) = (view(&wish.id), view_bytes(&wish.param), view(&wish.target));
        raw.timeout_ms = life_ms(wish.timeout);
        read(|promise, error| unsafe { sys::capsule_promise_create(self.as_raw(), &raw, promise, error) })
    }

    /// Settles a promise with a value, where nobody has settled it before; what comes is the promise as it is now.
    pub fn resolve(&self, id: &str, value: &[u8]) -> Result<Promise> {
        self.settle(id, PromiseState::RESOLVED, value)
    }

    /// The same with a failure.
    pub fn reject(&self, id: &str, value: &[u8]) -> Result<Promise> {
        self.settle(id, PromiseState::REJECTED, value)
    }

    /// The same: it is given up.
    pub fn cancel(&self, id: &str, value: &[u8]) -> Result<Promise> {
        self.settle(id, PromiseState::CANCELED, value)
    }

    fn settle(&self, id: &str, state: PromiseState, value: &[u8]) -> Result<Promise> {
        read(|promise, error| unsafe {
            sys::capsule_promise_settle(self.as_raw(), view(id), state.0, view_bytes(value), promise, error)
        })
    }

    /// Reads a promise; `Status::NAME` where there is none.
    pub fn get(&self, id: &str) -> Result<Promise> {
        read(|promise, error| unsafe { sys::capsule_promise_get(self.as_raw(), view(id), promise, error) })
    }

    /// Waits until a promise is settled or its time is over; `None` for no limit.
    pub fn wait(&self, id: &str, timeout: Option<Duration>) -> Result<Promise> {
        let timeout = milliseconds(timeout);
        read(|promise, error| unsafe { sys::capsule_promise_wait(self.as_raw(), view(id), timeout, promise, error) })
    }

    /// Wants `next` and `settled` to tell of a promise when it is settled or its time is over, once.
    pub fn watch(&self, id: &str) -> Result<()> {
        check(|error| unsafe { sys::capsule_promise_watch(self.as_raw(), view(id), error) })
    }

    /// Waits for the next promise that was watched and is settled; `None` for no limit, zero only looks.
    pub fn next(&self, timeout: Option<Duration>) -> Result<Promise> {
        let timeout = milliseconds(timeout);
        read(|promise, error| unsafe { sys::capsule_promise_next(self.as_raw(), timeout, promise, error) })
    }

    /// Those that were watched and are settled, as a `futures::Stream`, to the close of the store: no thread waits.
    pub fn settled(&self) -> SettledStream<'_> {
        SettledStream::new(self)
    }

    /// Has the library tell the wakers.
    pub(crate) fn wakers(&self) -> &Wakers {
        self.notified.wakers(|callback, data| unsafe {
            sys::capsule_promise_store_set_notify(self.as_raw(), callback, data, std::ptr::null_mut())
        })
    }

    /// A descriptor for an event loop: readable while `next` has something. It is the store's: never read, written or closed.
    pub fn fd(&self) -> Result<std::os::unix::io::RawFd> {
        let mut fd = -1;
        check(|error| unsafe { sys::capsule_promise_store_get_fd(self.as_raw(), &mut fd, error) })?;
        Ok(fd)
    }

    /// Forgets a promise that is settled.
    pub fn forget(&self, id: &str) -> Result<()> {
        check(|error| unsafe { sys::capsule_promise_forget(self.as_raw(), view(id), error) })
    }

    /// The promises that are open, those first whose time is over first.
    pub fn pending(&self) -> Result<Vec<PendingPromise>> {
        rows(PendingPromise::of, |first, room, count, total, error| unsafe {
            sys::capsule_promise_list_pending(self.as_raw(), first, room, count, total, error)
        })
    }

    /// Copies what the store has counted.
    pub fn metrics(&self) -> Result<PromiseMetrics> {
        told(PromiseMetrics::of, |raw, error| unsafe {
            sys::capsule_promise_store_get_metrics(self.as_raw(), raw, error)
        })
    }

    /// Runs a source text durably: its end settles the promise of that id. Where that is settled already there is no execution, and
    /// the promise has its value. `timeout` is the promise's; `None` for a day. Waits for file or server.
    pub fn execute(
        &self,
        session: &Session,
        source: &str,
        id: &str,
        timeout: Option<Duration>,
        options: &ExecutionOptions,
    ) -> Result<(Option<Execution>, Promise)> {
        let mut kept = Kept::default();
        let options = options.raw(&mut kept);
        let mut durable: sys::capsule_durable_options = zeroed();
        unsafe { sys::capsule_durable_options_init(&mut durable, size_of_u32::<sys::capsule_durable_options>()) };
        (durable.store, durable.promise_id) = (self.as_raw(), view(id));
        durable.timeout_ms = timeout.map_or(durable.timeout_ms, life_ms);
        let mut handle = std::ptr::null_mut();
        let promise = read(|promise, error| unsafe {
            let (text, size) = (source.as_ptr().cast(), source.len());
            sys::capsule_session_execute_durable(
                session.as_raw(),
                text,
                size,
                &options,
                &durable,
                &mut handle,
                promise,
                error,
            )
        })?;
        Ok(((!handle.is_null()).then(|| Execution::owning(handle)), promise))
    }

    /// Closes the store: who waits gets `Status::CLOSED`. May be repeated. Waits for the file.
    pub fn close(&self) -> Result<()> {
        let closed = check(|error| unsafe { sys::capsule_promise_store_close(self.as_raw(), error) });
        self.notified.wake();
        closed
    }
}

impl Promise {
    /// What it was settled with as text; an error where it is none.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.value)
            .map_err(|error| Error::new(Status::ARGUMENT, format!("the value of {:?} is no text: {error}", self.id)))
    }
}
