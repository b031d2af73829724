package capsule

// #include <capsule/capsule.h>
import "C"

import "runtime"

// SetAudit gives the runtime another audit trail: a new chain begins, in the ring and in the file of that Path; nil for the defaults, a ring
// alone. StatusSystem: the file cannot be used, and the trail before stays. A callback, which would run on threads of the library, is left
// to C.
func (r *Runtime) SetAudit(options *AuditOptions) error {
	var pins runtime.Pinner
	defer pins.Unpin()
	failure := newFailure()
	err := check(C.capsule_runtime_set_audit(r.handle.c, options.raw(&pins), failure), failure)
	runtime.KeepAlive(r)
	return err
}

// AuditInfo copies what the trail has counted, and its head, which VerifyAudit takes.
func (r *Runtime) AuditInfo() (AuditInfo, error) {
	return get(r, auditInfoOf, func(raw *C.capsule_audit_info, failure *C.capsule_error) C.capsule_status {
		return C.capsule_runtime_get_audit_info(r.handle.c, raw, failure)
	})
}

// ListAudit copies the records in the ring whose Sequence is larger than that, the oldest first; 0 for all.
func (r *Runtime) ListAudit(after uint64) ([]AuditRecord, error) {
	return take(r, func(raw *C.capsule_audit_list) []AuditRecord { return listOf(raw.records, raw.count, auditRecordOf) },
		func(raw *C.capsule_audit_list) { C.capsule_audit_list_release(raw) },
		func(raw *C.capsule_audit_list, failure *C.capsule_error) C.capsule_status {
			return C.capsule_runtime_list_audit(r.handle.c, C.uint64_t(after), raw, failure)
		})
}

// VerifyAudit checks records: the file of Path, or Data. What is broken is no error: Verdict, Line and Reason tell. It needs no runtime.
func VerifyAudit(records *AuditCheck) (AuditReport, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	return get(nil, auditReportOf, func(raw *C.capsule_audit_report, failure *C.capsule_error) C.capsule_status {
		return C.capsule_audit_verify(records.raw(&pins), raw, failure)
	})
}
