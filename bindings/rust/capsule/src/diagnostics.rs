//! Diagnostics are plain records, copied; reading them never waits for the worker, and works after its death.

use super::convert::*;
use super::error::{check, rows, taken, told};
use super::{
    sys, AsyncMetrics, Bridge, BridgeMetrics, CancelMetrics, CapabilityMetrics, ExecutorMetrics, LimiterMetrics, Pool,
    Result, Runtime, RuntimeMetrics, Session, TraceEvent, TraceFilter, TraceInfo, TransportMetrics, WorkerInfo,
    WorkerMetrics,
};

impl Session {
    /// What the session's executors have counted.
    pub fn executor_metrics(&self) -> Result<ExecutorMetrics> {
        told(ExecutorMetrics::of, |raw, error| unsafe {
            sys::capsule_session_get_executor_metrics(self.as_raw(), raw, error)
        })
    }

    /// What the session knows of the code it was given, and what its event loop did.
    pub fn async_metrics(&self) -> Result<AsyncMetrics> {
        told(AsyncMetrics::of, |raw, error| unsafe {
            sys::capsule_session_get_async_metrics(self.as_raw(), raw, error)
        })
    }

    /// What the rate limiter did; `Status::STATE` where the session was opened without `enable_metrics`.
    pub fn limiter_metrics(&self) -> Result<LimiterMetrics> {
        told(LimiterMetrics::of, |raw, error| unsafe {
            sys::capsule_session_get_limiter_metrics(self.as_raw(), raw, error)
        })
    }

    /// What the bridge has counted of the session's calls.
    pub fn bridge_metrics(&self) -> Result<BridgeMetrics> {
        told(BridgeMetrics::of, |raw, error| unsafe {
            sys::capsule_session_get_bridge_metrics(self.as_raw(), raw, error)
        })
    }

    /// What the worker told of itself in its last heartbeat: memory, CPU time, threads.
    pub fn worker_metrics(&self) -> Result<WorkerMetrics> {
        told(WorkerMetrics::of, |raw, error| unsafe {
            sys::capsule_session_get_worker_metrics(self.as_raw(), raw, error)
        })
    }

    /// What the last worker announced when it became ready; empty before.
    pub fn worker_info(&self) -> Result<WorkerInfo> {
        told(WorkerInfo::of, |raw, error| unsafe { sys::capsule_session_get_worker_info(self.as_raw(), raw, error) })
    }

    /// What went between the host and the session's workers; `message_name` names the kinds.
    pub fn transport_metrics(&self) -> Result<TransportMetrics> {
        told(TransportMetrics::of, |raw, error| unsafe {
            sys::capsule_session_get_transport_metrics(self.as_raw(), raw, error)
        })
    }

    /// What cancels did; `Status::STATE` where the session was opened without `enable_metrics`.
    pub fn cancel_metrics(&self) -> Result<CancelMetrics> {
        told(CancelMetrics::of, |raw, error| unsafe {
            sys::capsule_session_get_cancel_metrics(self.as_raw(), raw, error)
        })
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

impl Runtime {
    /// What the runtime has counted over all of its sessions, those included that are gone.
    pub fn metrics(&self) -> Result<RuntimeMetrics> {
        told(RuntimeMetrics::of, |raw, error| unsafe { sys::capsule_runtime_get_metrics(self.as_raw(), raw, error) })
    }

    /// All of its metrics in Prometheus' text format, version 0.0.4 (`text/plain; version=0.0.4`).
    pub fn prometheus(&self) -> Result<String> {
        taken(
            |raw: &sys::capsule_metrics_text| unsafe { string(raw.text) },
            sys::capsule_metrics_text_release,
            |raw, error| unsafe { sys::capsule_runtime_get_prometheus(self.as_raw(), raw, error) },
        )
    }
}

impl Bridge {
    /// What became of the calls of each capability that was called, in the order of their names.
    pub fn capability_metrics(&self) -> Result<Vec<CapabilityMetrics>> {
        rows(CapabilityMetrics::of, |first, room, count, total, error| unsafe {
            sys::capsule_bridge_list_capability_metrics(self.as_raw(), first, room, count, total, error)
        })
    }
}

/// The name of a kind of message, as `"Execute"`: an index of `TransportFlow::messages`.
pub fn message_name(kind: usize) -> Option<&'static str> {
    let name = unsafe { sys::capsule_message_name(i32::try_from(kind).unwrap_or(-1)) };
    (!name.is_null()).then(|| static_text(name))
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
