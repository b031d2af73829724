//! Diagnostics are plain records, copied; reading them never waits for the worker, and works after its death.

use super::convert::*;
use super::error::{check, fill};
use super::{
    sys, AsyncMetrics, BridgeMetrics, ExecutorMetrics, LimiterMetrics, Pool, Result, Session, TraceEvent, TraceFilter,
    TraceInfo,
};

impl Session {
    /// What the session's executors have counted.
    pub fn executor_metrics(&self) -> Result<ExecutorMetrics> {
        let raw = fill(|raw, error| unsafe { sys::capsule_session_get_executor_metrics(self.as_raw(), raw, error) })?;
        Ok(unsafe { ExecutorMetrics::of(&raw) })
    }

    /// What the session knows of the code it was given, and what its event loop did.
    pub fn async_metrics(&self) -> Result<AsyncMetrics> {
        let raw = fill(|raw, error| unsafe { sys::capsule_session_get_async_metrics(self.as_raw(), raw, error) })?;
        Ok(unsafe { AsyncMetrics::of(&raw) })
    }

    /// What the rate limiter did; `Status::STATE` where the session was opened without `enable_metrics`.
    pub fn limiter_metrics(&self) -> Result<LimiterMetrics> {
        let raw = fill(|raw, error| unsafe { sys::capsule_session_get_limiter_metrics(self.as_raw(), raw, error) })?;
        Ok(unsafe { LimiterMetrics::of(&raw) })
    }

    /// What the bridge has counted of the session's calls.
    pub fn bridge_metrics(&self) -> Result<BridgeMetrics> {
        let raw = fill(|raw, error| unsafe { sys::capsule_session_get_bridge_metrics(self.as_raw(), raw, error) })?;
        Ok(unsafe { BridgeMetrics::of(&raw) })
    }

    /// The events of the session's trace that fit the filter, and what there is no longer.
    pub fn trace(&self, filter: &TraceFilter) -> Result<(Vec<TraceEvent>, TraceInfo)> {
        trace(filter, |filter, events, room, count, info, error| unsafe {
            sys::capsule_session_get_trace(self.as_raw(), filter, events, room, count, info, error)
        })
    }
}

impl Pool {
    /// The same of the pool itself.
    pub fn trace(&self, filter: &TraceFilter) -> Result<(Vec<TraceEvent>, TraceInfo)> {
        trace(filter, |filter, events, room, count, info, error| unsafe {
            sys::capsule_pool_get_trace(self.as_raw(), filter, events, room, count, info, error)
        })
    }
}

fn trace(
    filter: &TraceFilter,
    get: impl Fn(
        *const sys::capsule_trace_filter,
        *mut sys::capsule_trace_event,
        usize,
        *mut usize,
        *mut sys::capsule_trace_info,
        *mut sys::capsule_error,
    ) -> sys::capsule_status,
) -> Result<(Vec<TraceEvent>, TraceInfo)> {
    let filter = filter.raw(&mut Kept::default());
    let mut room = 256;
    loop {
        let mut events: Vec<sys::capsule_trace_event> = vec![zeroed(); room];
        let (mut info, mut count): (sys::capsule_trace_info, usize) = (zeroed(), 0);
        info.struct_size = size_of_u32::<sys::capsule_trace_info>();
        check(|error| get(&filter, events.as_mut_ptr(), room, &mut count, &mut info, error))?;
        if info.matched as usize > room {
            room = info.matched as usize + 64;
            continue;
        }
        let copied = events[..count].iter().map(|event| unsafe { TraceEvent::of(event) }).collect();
        return Ok((copied, unsafe { TraceInfo::of(&info) }));
    }
}
