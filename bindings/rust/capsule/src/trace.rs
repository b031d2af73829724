//! Reading a trace event by event, and what is known of workers that died.

use super::convert::*;
use super::error::{check, fill, told};
use super::owner::{milliseconds, owner};
use super::stack::{stack_taken, StackTrace};
use super::{
    sys, Inspection, PostmortemInfo, Result, Session, Status, TraceContext, TraceEvent, TraceFilter, TraceInfo,
    TraceLabel,
};
use std::time::Duration;

owner!(
    /// Reads a session's trace event by event. It may outlive the session.
    TraceReader,
    sys::capsule_trace,
    sys::capsule_trace_release
);

owner!(
    /// The handle of a post-mortem.
    RawPostmortem,
    sys::capsule_postmortem,
    sys::capsule_postmortem_release
);

/// What is known of a worker that died: how, in the middle of what, and what it did last.
#[derive(Clone, Debug)]
pub struct Postmortem {
    /// The record, with the last events.
    pub info: PostmortemInfo,
    /// All of it, one line, as `capsule postmortem FILE` shows it.
    pub json: String,
    /// Where its Python code stood, where a fatal signal ended it; SIGKILL leaves none.
    pub stack: Option<StackTrace>,
}

impl Session {
    /// Begins to read the session's trace: the events that there are and those to come, that fit the filter.
    pub fn follow_trace(&self, filter: &TraceFilter) -> Result<TraceReader> {
        let filter = filter.raw(&mut Kept::default());
        TraceReader::made(|handle, error| unsafe { sys::capsule_trace_get(self.as_raw(), &filter, handle, error) })
    }

    /// The name that an event's `label` stands for, as the policy shows it.
    pub fn trace_label(&self, number: u32) -> Result<TraceLabel> {
        told(TraceLabel::of, |raw, error| unsafe {
            sys::capsule_session_get_trace_label(self.as_raw(), number, raw, error)
        })
    }

    /// The W3C trace context of an execution: the one given with it, or one that was made for it, always the same.
    pub fn trace_context(&self, execution_id: u64) -> Result<TraceContext> {
        told(TraceContext::of, |raw, error| unsafe {
            sys::capsule_session_get_trace_context(self.as_raw(), execution_id, raw, error)
        })
    }

    /// The same as a guarded look: no more than the policy allows, and with the caller in the audit trail.
    pub fn inspect_trace_label(&self, inspection: &Inspection, number: u32) -> Result<TraceLabel> {
        let look = inspection.raw(&mut Kept::default());
        told(TraceLabel::of, |raw, error| unsafe {
            sys::capsule_session_inspect_trace_label(self.as_raw(), &look, number, raw, error)
        })
    }

    /// What is known of one of its last deaths: 0 for the last; `Status::STATE` where there was no such death.
    pub fn postmortem(&self, index: u32) -> Result<Postmortem> {
        Postmortem::told(RawPostmortem::made(|handle, error| unsafe {
            sys::capsule_session_get_postmortem(self.as_raw(), index, handle, error)
        })?)
    }

    /// The same as a guarded look: no more than the policy allows, and with the caller in the audit trail.
    pub fn inspect_postmortem(&self, inspection: &Inspection, index: u32) -> Result<Postmortem> {
        let look = inspection.raw(&mut Kept::default());
        Postmortem::told(RawPostmortem::made(|handle, error| unsafe {
            sys::capsule_session_inspect_postmortem(self.as_raw(), &look, index, handle, error)
        })?)
    }
}

impl Postmortem {
    fn told(handle: RawPostmortem) -> Result<Self> {
        let raw = fill(|info, error| unsafe { sys::capsule_postmortem_get_info(handle.as_raw(), info, error) })?;
        let mut json: sys::capsule_text = zeroed();
        check(|error| unsafe { sys::capsule_postmortem_to_json(handle.as_raw(), &mut json, error) })?;
        let stack =
            stack_taken(|stack, error| unsafe { sys::capsule_postmortem_get_stack(handle.as_raw(), stack, error) });
        let stack = match stack {
            Ok(stack) => Some(stack),
            Err(error) if error.status() == Status::STATE => None,
            Err(error) => return Err(error),
        };
        // SAFETY: both are the handle's, which is there.
        Ok(unsafe { Self { info: PostmortemInfo::of(&raw), json: string(json), stack } })
    }
}

impl TraceReader {
    /// Waits for the next event; `None` when the session is closed and all was read. An error of status `TIMEOUT` when none came in
    /// time, `None` for no limit; of status `EVICTED` once where events went before they were read: the next call goes on behind them.
    pub fn next(&self, timeout: Option<Duration>) -> Result<Option<TraceEvent>> {
        let mut raw: sys::capsule_trace_event = zeroed();
        let found =
            check(|error| unsafe { sys::capsule_trace_next(self.as_raw(), milliseconds(timeout), &mut raw, error) });
        match found {
            Ok(()) => Ok(Some(unsafe { TraceEvent::of(&raw) })),
            Err(error) if error.status() == Status::END => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Walks the events until the session is closed, waiting for each.
    pub fn events(&self) -> TraceEvents<'_> {
        TraceEvents { reader: Some(self) }
    }

    /// A descriptor for an event loop: readable while `next` may have something. It is the reader's: never read, written or closed.
    pub fn fd(&self) -> Result<std::os::unix::io::RawFd> {
        let mut fd = -1;
        check(|error| unsafe { sys::capsule_trace_get_fd(self.as_raw(), &mut fd, error) })?;
        Ok(fd)
    }

    /// What there is of the trace, and what there is no longer.
    pub fn info(&self) -> Result<TraceInfo> {
        told(TraceInfo::of, |raw, error| unsafe { sys::capsule_trace_get_info(self.as_raw(), raw, error) })
    }
}

/// Walks the events of a trace. An error other than one of status `EVICTED` is the last of the walk.
#[derive(Debug)]
pub struct TraceEvents<'a> {
    reader: Option<&'a TraceReader>,
}

impl Iterator for TraceEvents<'_> {
    type Item = Result<TraceEvent>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.reader?.next(None);
        match &found {
            Ok(Some(_)) => {}
            Err(error) if error.status() == Status::EVICTED => {}
            _ => self.reader = None,
        }
        found.transpose()
    }
}
