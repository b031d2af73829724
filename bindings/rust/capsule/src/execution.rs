use super::error::check;
use super::owner::milliseconds;
use super::stream::{EventStream, Notified, Wakers};
use super::{sys, Error, Event, Result, Status};
use std::time::Duration;

/// One source text, running or waiting to run. Dropping it lets the code go on, its output dropped.
#[derive(Debug)]
pub struct Execution {
    handle: *mut sys::capsule_execution,
    notified: Notified,
}

// SAFETY: the handle is a token, as of every owner; the rest is of the standard library.
unsafe impl Send for Execution {}
unsafe impl Sync for Execution {}

/// What `Execution::take()` found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// An event.
    Event,
    /// None came in the time given.
    Empty,
    /// The terminal event was taken before: nothing more will come.
    End,
}

impl Drop for Execution {
    fn drop(&mut self) {
        self.notified.end(|callback, data| unsafe {
            sys::capsule_execution_set_notify(self.handle, callback, data, std::ptr::null_mut())
        });
        unsafe { sys::capsule_execution_release(self.handle) };
    }
}

impl Execution {
    pub(crate) fn made(
        call: impl FnOnce(*mut *mut sys::capsule_execution, *mut sys::capsule_error) -> sys::capsule_status,
    ) -> Result<Self> {
        let mut handle = std::ptr::null_mut();
        check(|error| call(&mut handle, error))?;
        Ok(Self::owning(handle))
    }

    pub(crate) fn owning(handle: *mut sys::capsule_execution) -> Self {
        Execution { handle, notified: Notified::default() }
    }

    /// The handle, still owned here.
    pub fn as_raw(&self) -> *mut sys::capsule_execution {
        self.handle
    }

    /// Waits for the next event, into one that may have held another; `None` for no limit, zero only looks.
    pub fn take(&self, event: &mut Event, timeout: Option<Duration>) -> Result<Taken> {
        let found = check(|error| unsafe {
            sys::capsule_execution_next(self.handle, milliseconds(timeout), &mut event.raw, error)
        });
        match found {
            Ok(()) => Ok(Taken::Event),
            Err(error) if error.status() == Status::TIMEOUT => Ok(Taken::Empty),
            Err(error) if error.status() == Status::END => Ok(Taken::End),
            Err(error) => Err(error),
        }
    }

    /// Waits for the next event; `None` when there is none any more.
    pub fn next(&self) -> Result<Option<Event>> {
        let mut event = Event::default();
        Ok((self.take(&mut event, None)? == Taken::Event).then_some(event))
    }

    /// The same, but for so long; an error of status `TIMEOUT` when none came in time, and nothing is lost.
    pub fn next_within(&self, timeout: Duration) -> Result<Option<Event>> {
        let mut event = Event::default();
        match self.take(&mut event, Some(timeout))? {
            Taken::Event => Ok(Some(event)),
            Taken::End => Ok(None),
            Taken::Empty => Err(Error::new(Status::TIMEOUT, Status::TIMEOUT.text().to_owned())),
        }
    }

    /// Walks the events to the end, waiting for each.
    pub fn events(&self) -> Events<'_> {
        Events { execution: Some(self) }
    }

    /// The events as a `futures::Stream`: no thread waits.
    pub fn stream(&self) -> EventStream<'_> {
        EventStream::new(self)
    }

    /// Has the library tell the wakers of events.
    pub(crate) fn wakers(&self) -> &Wakers {
        self.notified.wakers(|callback, data| unsafe {
            sys::capsule_execution_set_notify(self.handle, callback, data, std::ptr::null_mut())
        })
    }

    /// Answers an input request, by the `input_id()` of its event, with one line.
    pub fn answer(&self, input_id: u64, line: &str) -> Result<()> {
        check(|error| unsafe {
            sys::capsule_execution_answer(self.handle, input_id, line.as_ptr().cast(), line.len(), error)
        })
    }

    /// Declines an input request: `input()` raises EOFError.
    pub fn decline(&self, input_id: u64) -> Result<()> {
        check(|error| unsafe { sys::capsule_execution_decline(self.handle, input_id, error) })
    }

    /// Ends the execution: KeyboardInterrupt first, the worker's death when the grace is over; zero kills at once, `None` is the
    /// session's grace. Returns at once; the terminal event tells what was needed.
    pub fn cancel(&self, grace: Option<Duration>) -> Result<()> {
        check(|error| unsafe { sys::capsule_execution_cancel(self.handle, milliseconds(grace), error) })
    }

    /// Raises KeyboardInterrupt, once.
    pub fn interrupt(&self) -> Result<()> {
        check(|error| unsafe { sys::capsule_execution_interrupt(self.handle, error) })
    }

    /// A descriptor for an event loop: readable while `take` has something. It is the execution's: never read, written or closed.
    pub fn fd(&self) -> Result<std::os::unix::io::RawFd> {
        let mut fd = -1;
        check(|error| unsafe { sys::capsule_execution_get_fd(self.handle, &mut fd, error) })?;
        Ok(fd)
    }

    /// Its number in its session, from 1.
    pub fn id(&self) -> Result<u64> {
        let mut id = 0;
        check(|error| unsafe { sys::capsule_execution_get_id(self.handle, &mut id, error) })?;
        Ok(id)
    }
}

/// Walks the events of an execution. An error is the last of the walk.
#[derive(Debug)]
pub struct Events<'a> {
    execution: Option<&'a Execution>,
}

impl Iterator for Events<'_> {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.execution?.next();
        if !matches!(found, Ok(Some(_))) {
            self.execution = None;
        }
        found.transpose()
    }
}

impl<'a> IntoIterator for &'a Execution {
    type Item = Result<Event>;
    type IntoIter = Events<'a>;

    fn into_iter(self) -> Events<'a> {
        self.events()
    }
}
