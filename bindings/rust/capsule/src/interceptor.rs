//! Functions that see every frame between a session and its worker.

use super::convert::*;
use super::error::{check, fill};
use super::{sys, Channel, FrameDirection, Result, Session};
use std::os::raw::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Duration;

type Function = Box<dyn Fn(&Frame) -> bool + Send + Sync>;

/// What an interceptor is told of a frame: never what is in it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Which way it goes.
    pub direction: FrameDirection,
    /// Which channel it goes through.
    pub channel: Channel,
    /// Number of the session in its runtime.
    pub session_id: u64,
    /// The execution it belongs to, or 0.
    pub execution_id: u64,
    /// When its sender made it, CLOCK_MONOTONIC.
    pub time_ns: u64,
    /// Its length on the wire.
    pub size_bytes: u64,
    /// Kind of the message, as `"Execute"` or `"Output"`.
    pub kind: &'static str,
}

/// How an interceptor is called.
#[derive(Clone, Debug)]
pub struct InterceptorOptions {
    /// Its name in log records, 1 … 64 bytes.
    pub name: String,
    /// Time one call may take; a longer one is counted. Default 10 ms.
    pub budget: Duration,
    /// Calls in a row over the budget after which it is called no more; 0 for never. Default 10.
    pub quarantine_after: u32,
}

impl Default for InterceptorOptions {
    fn default() -> Self {
        InterceptorOptions { name: "interceptor".into(), budget: Duration::from_millis(10), quarantine_after: 10 }
    }
}

/// What an interceptor did so far.
#[derive(Clone, Debug)]
pub struct InterceptorInfo {
    /// Whether it is called no more.
    pub quarantined: bool,
    /// Calls.
    pub calls: u64,
    /// Calls that returned false, or panicked.
    pub errors: u64,
    /// Calls that took longer than the budget.
    pub over_budget: u64,
    /// Frames it was not shown because of the quarantine.
    pub skipped: u64,
    /// Time all calls took.
    pub total_ns: u64,
    /// Time the longest call took.
    pub longest_ns: u64,
}

/// A function that sees every frame of a session, until this is dropped.
pub struct Interceptor<'a> {
    session: &'a Session,
    id: u64,
    function: Option<Box<Function>>,
}

impl Session {
    /// Has a function see every frame, on whatever thread handles it; it holds the frame up, and must be quick. False, and a panic, are
    /// counted as errors, and change nothing else. Calls into the library from there fail with `Status::REENTRANT`.
    pub fn intercept(
        &self,
        options: &InterceptorOptions,
        function: impl Fn(&Frame) -> bool + Send + Sync + 'static,
    ) -> Result<Interceptor<'_>> {
        let function: Box<Function> = Box::new(Box::new(function));
        let raw = sys::capsule_interceptor_options {
            struct_size: size_of_u32::<sys::capsule_interceptor_options>(),
            quarantine_after: options.quarantine_after,
            name: view(&options.name),
            callback: Some(see),
            user_data: &*function as *const Function as *mut c_void,
            budget_ns: u64::try_from(options.budget.as_nanos()).unwrap_or(u64::MAX),
        };
        let mut id = 0;
        check(|error| unsafe { sys::capsule_session_add_interceptor(self.as_raw(), &raw, &mut id, error) })?;
        Ok(Interceptor { session: self, id, function: Some(function) })
    }
}

unsafe extern "C" fn see(function: *mut c_void, frame: *const sys::capsule_frame) -> i32 {
    let raw = &*frame;
    let frame = Frame {
        direction: FrameDirection(raw.direction),
        channel: Channel(raw.channel),
        session_id: raw.session_id,
        execution_id: raw.execution_id,
        time_ns: raw.time_ns,
        size_bytes: raw.size_bytes,
        kind: static_text(raw.kind),
    };
    let function = &*function.cast::<Function>();
    i32::from(!catch_unwind(AssertUnwindSafe(|| function(&frame))).unwrap_or(false))
}

impl Interceptor<'_> {
    /// What it did so far.
    pub fn info(&self) -> Result<InterceptorInfo> {
        let raw: sys::capsule_interceptor_info = fill(|info, error| unsafe {
            sys::capsule_session_get_interceptor_info(self.session.as_raw(), self.id, info, error)
        })?;
        Ok(InterceptorInfo {
            quarantined: raw.quarantined != 0,
            calls: raw.calls,
            errors: raw.errors,
            over_budget: raw.over_budget,
            skipped: raw.skipped,
            total_ns: raw.total_ns,
            longest_ns: raw.longest_ns,
        })
    }
}

impl std::fmt::Debug for Interceptor<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Interceptor {{ session: {:?}, id: {} }}", self.session, self.id)
    }
}

impl Drop for Interceptor<'_> {
    fn drop(&mut self) {
        let removed =
            check(|error| unsafe { sys::capsule_session_remove_interceptor(self.session.as_raw(), self.id, error) });
        if removed.is_err() {
            // From within an interceptor: it may be called again, and its function stays.
            std::mem::forget(self.function.take());
        }
    }
}
