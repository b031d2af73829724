//! Guarded looks: answered as far as the policy allows, `Status::DENIED` where that is less than the inspection asks for, and each is a record
//! in the audit trail. The default inspection is all that the policy allows, and names no caller.

use super::convert::*;
use super::error::{check, taken, told};
use super::{
    sys, Bridge, ExecutionStatus, Inspection, IntrospectionPolicy, IsolationReport, NamespaceSummary, PendingSummary,
    Pool, PoolInfo, PoolSummary, PromiseStore, Result, Runtime, Session,
};

impl Runtime {
    /// Sets what may be seen of it, from the next look on; by default counts, and names of nothing.
    pub fn set_introspection_policy(&self, policy: &IntrospectionPolicy) -> Result<()> {
        let mut kept = Kept::default();
        let raw = policy.raw(&mut kept);
        check(|error| unsafe { sys::capsule_runtime_set_introspection_policy(self.as_raw(), &raw, error) })
    }
}

impl Session {
    /// Narrows what may be seen of the session: of each level, redaction and limit the stricter of this and of what there is. It cannot
    /// be undone.
    pub fn narrow_introspection(&self, policy: &IntrospectionPolicy) -> Result<()> {
        let mut kept = Kept::default();
        let raw = policy.raw(&mut kept);
        check(|error| unsafe { sys::capsule_session_narrow_introspection(self.as_raw(), &raw, error) })
    }

    /// The session's names: how many of which kind, and as rows. The worker is asked, behind what was submitted before; where it does
    /// not answer within `timeout_ms` of the inspection, `answered_by` is `AnsweredBy::HOST`. Waits.
    pub fn inspect_namespace(&self, inspection: &Inspection) -> Result<NamespaceSummary> {
        let look = inspection.raw(&mut Kept::default());
        taken(NamespaceSummary::of, sys::capsule_namespace_summary_release, |raw, error| unsafe {
            sys::capsule_session_inspect_namespace(self.as_raw(), &look, raw, error)
        })
    }

    /// What the session executes, and what that waits for. Never waits for the worker.
    pub fn inspect_execution(&self, inspection: &Inspection) -> Result<ExecutionStatus> {
        let look = inspection.raw(&mut Kept::default());
        told(ExecutionStatus::of, |raw, error| unsafe {
            sys::capsule_session_inspect_execution(self.as_raw(), &look, raw, error)
        })
    }

    /// What stands between the session's code and its host, layer by layer.
    pub fn inspect_isolation(&self, inspection: &Inspection) -> Result<IsolationReport> {
        let look = inspection.raw(&mut Kept::default());
        taken(IsolationReport::of, sys::capsule_isolation_report_release, |raw, error| unsafe {
            sys::capsule_session_inspect_isolation(self.as_raw(), &look, raw, error)
        })
    }
}

impl Bridge {
    /// The calls that are open, for others than the host: `pending` is for the host itself.
    pub fn inspect_pending(&self, inspection: &Inspection) -> Result<PendingSummary> {
        let look = inspection.raw(&mut Kept::default());
        taken(PendingSummary::of, sys::capsule_pending_summary_release, |raw, error| unsafe {
            sys::capsule_bridge_inspect_pending(self.as_raw(), &look, raw, error)
        })
    }
}

impl PromiseStore {
    /// The promises that are open, for others than the host: `pending` is for the host itself.
    pub fn inspect_pending(&self, inspection: &Inspection) -> Result<PendingSummary> {
        let look = inspection.raw(&mut Kept::default());
        taken(PendingSummary::of, sys::capsule_pending_summary_release, |raw, error| unsafe {
            sys::capsule_promise_store_inspect_pending(self.as_raw(), &look, raw, error)
        })
    }
}

impl Pool {
    /// The state of the pool and of each of its sessions; `last_error` is empty unless the level is full.
    pub fn inspect(&self, inspection: &Inspection) -> Result<(PoolInfo, PoolSummary)> {
        let look = inspection.raw(&mut Kept::default());
        let mut info: sys::capsule_pool_info = zeroed();
        info.struct_size = size_of_u32::<sys::capsule_pool_info>();
        let summary = taken(PoolSummary::of, sys::capsule_pool_summary_release, |raw, error| unsafe {
            sys::capsule_pool_inspect(self.as_raw(), &look, &mut info, raw, error)
        })?;
        Ok((unsafe { PoolInfo::of(&info) }, summary))
    }
}
