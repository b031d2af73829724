use super::convert::*;
use super::error::{check, told};
use super::owner::milliseconds;
use super::{
    sys, Bridge, EventKind, Execution, ExecutionOptions, LogLevel, Result, Rule, RunFuture, RunResult, Runtime,
    SessionInfo, SessionOptions,
};
use std::time::Duration;

/// One Python process with a namespace that persists. Dropping it closes it, without waiting; one of a pool is given back.
#[derive(Debug)]
pub struct Session {
    handle: *mut sys::capsule_session,
    // Its functions can be called as long as it is there.
    pub(crate) bridge: Option<Bridge>,
}

// SAFETY: the handle is a token, as of every owner.
unsafe impl Send for Session {}
unsafe impl Sync for Session {}

impl Drop for Session {
    fn drop(&mut self) {
        unsafe { sys::capsule_session_release(self.handle) };
    }
}

impl Runtime {
    /// Opens a session. Waits until it is ready, unless the options say otherwise.
    pub fn open(&self, options: &SessionOptions) -> Result<Session> {
        let mut kept = Kept::default();
        let raw = options.raw(&mut kept);
        Session::made(options.bridge.clone(), |handle, error| unsafe {
            sys::capsule_session_open(self.as_raw(), &raw, handle, error)
        })
    }
}

impl Session {
    pub(crate) fn made(
        bridge: Option<Bridge>,
        call: impl FnOnce(*mut *mut sys::capsule_session, *mut sys::capsule_error) -> sys::capsule_status,
    ) -> Result<Self> {
        let mut handle = std::ptr::null_mut();
        check(|error| call(&mut handle, error))?;
        Ok(Session { handle, bridge })
    }

    /// The handle, still owned here.
    pub fn as_raw(&self) -> *mut sys::capsule_session {
        self.handle
    }

    /// Submits a source text. It runs when those before it have ended.
    pub fn execute(&self, source: &str, options: &ExecutionOptions) -> Result<Execution> {
        self.execute_bytes(source.as_bytes(), options)
    }

    /// The same of bytes, which have to be UTF-8: `Status::ARGUMENT` where they are not.
    pub fn execute_bytes(&self, source: &[u8], options: &ExecutionOptions) -> Result<Execution> {
        let mut kept = Kept::default();
        let raw = options.raw(&mut kept);
        Execution::made(|handle, error| unsafe {
            sys::capsule_execution_create(self.handle, source.as_ptr().cast(), source.len(), &raw, handle, error)
        })
    }

    /// Runs a source text to its end and collects what it did. Input requests are declined. Waits.
    pub fn run(&self, source: &str, options: &ExecutionOptions) -> Result<RunResult> {
        let execution = self.execute(source, options)?;
        let mut result = RunResult::default();
        while let Some(event) = execution.next()? {
            if event.kind() == EventKind::INPUT {
                // One that a timeout ended meanwhile needs no answer.
                let _ = execution.decline(event.input_id());
            }
            if result.take(event) {
                break; // Late output may come behind it.
            }
        }
        Ok(result)
    }

    /// The same as a future; dropped before its end it cancels the code.
    pub fn run_async(&self, source: &str, options: &ExecutionOptions) -> Result<RunFuture> {
        Ok(RunFuture::new(self.execute(source, options)?))
    }

    /// Waits until the session is ready, or has failed to start; `None` for no limit.
    pub fn wait_ready(&self, timeout: Option<Duration>) -> Result<()> {
        check(|error| unsafe { sys::capsule_session_wait_ready(self.handle, milliseconds(timeout), error) })
    }

    /// Ends the worker and starts another, with a fresh namespace. Waits.
    pub fn restart(&self) -> Result<()> {
        check(|error| unsafe { sys::capsule_session_restart(self.handle, error) })
    }

    /// Narrows what it may call of the host: its calls must be let through by these rules as well, for good.
    pub fn narrow_rules(&self, rules: &[Rule]) -> Result<()> {
        let mut kept = Kept::default();
        let raw: Vec<_> = rules.iter().map(|rule| rule.raw(&mut kept)).collect();
        check(|error| unsafe { sys::capsule_session_narrow_rules(self.handle, raw.as_ptr(), raw.len(), error) })
    }

    /// Sets the least severe level that is logged of it, in the place of the sink's; `None` for the sink's.
    pub fn set_log_level(&self, level: Option<LogLevel>) -> Result<()> {
        let level = level.map_or(0, |level| level.0);
        check(|error| unsafe { sys::capsule_session_set_log_level(self.handle, level, error) })
    }

    /// Closes the session: what runs has that time to end. Events that were queued can still be taken; the session answers
    /// `Status::CLOSED` from then on. Waits.
    pub fn close(&self, grace: Duration) -> Result<()> {
        check(|error| unsafe { sys::capsule_session_close(self.handle, milliseconds(grace), error) })
    }

    /// Copies what is known of the session, closed ones included. Never waits for the worker.
    pub fn info(&self) -> Result<SessionInfo> {
        told(SessionInfo::of, |info, error| unsafe { sys::capsule_session_get_info(self.handle, info, error) })
    }
}
