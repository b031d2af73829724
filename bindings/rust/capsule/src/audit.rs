//! The audit trail of a runtime: who looked at what, as a chain that shows tampering.

use super::convert::*;
use super::error::{check, taken, told};
use super::{sys, AuditCheck, AuditInfo, AuditOptions, AuditRecord, AuditReport, Result, Runtime};

impl Runtime {
    /// Gives the runtime another audit trail: a new chain begins, in the ring and in the file of that `path`. `Status::SYSTEM`: the file
    /// cannot be used, and the trail before stays.
    pub fn set_audit(&self, options: &AuditOptions) -> Result<()> {
        let mut kept = Kept::default();
        let raw = options.raw(&mut kept);
        check(|error| unsafe { sys::capsule_runtime_set_audit(self.as_raw(), &raw, error) })
    }

    /// What the trail has counted, and its head, which `verify_audit` takes.
    pub fn audit_info(&self) -> Result<AuditInfo> {
        told(AuditInfo::of, |raw, error| unsafe { sys::capsule_runtime_get_audit_info(self.as_raw(), raw, error) })
    }

    /// The records in the ring whose `sequence` is larger than that, the oldest first; 0 for all.
    pub fn list_audit(&self, after: u64) -> Result<Vec<AuditRecord>> {
        taken(
            |raw: &sys::capsule_audit_list| unsafe { list(raw.records, raw.count, AuditRecord::of) },
            sys::capsule_audit_list_release,
            |raw, error| unsafe { sys::capsule_runtime_list_audit(self.as_raw(), after, raw, error) },
        )
    }
}

/// Checks records: the file of `path`, or `data`. What is broken is no error: `verdict`, `line` and `reason` tell. It needs no runtime.
pub fn verify_audit(records: &AuditCheck) -> Result<AuditReport> {
    let raw = records.raw(&mut Kept::default());
    told(AuditReport::of, |report, error| unsafe { sys::capsule_audit_verify(&raw, report, error) })
}
