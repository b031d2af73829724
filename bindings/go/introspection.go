package capsule

// #include <capsule/capsule.h>
import "C"

import (
	"context"
	"runtime"
)

// Guarded looks: answered as far as the policy allows, StatusDenied where that is less than the inspection asks for, and each is a record in
// the audit trail. nil for the default inspection: all that the policy allows, and no caller.

// SetIntrospectionPolicy sets what may be seen of the runtime, from the next look on; nil for the defaults: counts, and names of nothing.
func (r *Runtime) SetIntrospectionPolicy(policy *IntrospectionPolicy) error {
	var pins runtime.Pinner
	defer pins.Unpin()
	failure := newFailure()
	err := check(C.capsule_runtime_set_introspection_policy(r.handle.c, policy.raw(&pins), failure), failure)
	runtime.KeepAlive(r)
	return err
}

// NarrowIntrospection narrows what may be seen of the session: of each level, redaction and limit the stricter of this and of what there is.
// It cannot be undone.
func (s *Session) NarrowIntrospection(policy *IntrospectionPolicy) error {
	var pins runtime.Pinner
	defer pins.Unpin()
	failure := newFailure()
	err := check(C.capsule_session_narrow_introspection(s.handle.c, policy.raw(&pins), failure), failure)
	runtime.KeepAlive(s)
	return err
}

// InspectNamespace tells the session's names: how many of which kind, and as rows. The worker is asked, behind what was submitted before;
// where it does not answer within TimeoutMs of the inspection, AnsweredBy is AnsweredByHost.
func (s *Session) InspectNamespace(ctx context.Context, inspection *Inspection) (NamespaceSummary, error) {
	return await(ctx, func(C.int64_t) (NamespaceSummary, error) {
		return look(s, inspection, namespaceSummaryOf, func(raw *C.capsule_namespace_summary) { C.capsule_namespace_summary_release(raw) },
			func(inspection *C.capsule_inspection, raw *C.capsule_namespace_summary, failure *C.capsule_error) C.capsule_status {
				return C.capsule_session_inspect_namespace(s.handle.c, inspection, raw, failure)
			})
	}, nil)
}

// InspectExecution tells what the session executes, and what that waits for. Never waits for the worker.
func (s *Session) InspectExecution(inspection *Inspection) (ExecutionStatus, error) {
	return look(s, inspection, executionStatusOf, func(*C.capsule_execution_status) {},
		func(inspection *C.capsule_inspection, raw *C.capsule_execution_status, failure *C.capsule_error) C.capsule_status {
			return C.capsule_session_inspect_execution(s.handle.c, inspection, raw, failure)
		})
}

// InspectIsolation tells what stands between the session's code and its host, layer by layer.
func (s *Session) InspectIsolation(inspection *Inspection) (IsolationReport, error) {
	return look(s, inspection, isolationReportOf, func(raw *C.capsule_isolation_report) { C.capsule_isolation_report_release(raw) },
		func(inspection *C.capsule_inspection, raw *C.capsule_isolation_report, failure *C.capsule_error) C.capsule_status {
			return C.capsule_session_inspect_isolation(s.handle.c, inspection, raw, failure)
		})
}

// InspectPending tells the calls that are open, to others than the host: Pending is for the host itself.
func (b *Bridge) InspectPending(inspection *Inspection) (PendingSummary, error) {
	return look(b, inspection, pendingSummaryOf, releasePending,
		func(inspection *C.capsule_inspection, raw *C.capsule_pending_summary, failure *C.capsule_error) C.capsule_status {
			return C.capsule_bridge_inspect_pending(b.handle.c, inspection, raw, failure)
		})
}

// InspectPending tells the promises that are open, to others than the host: Pending is for the host itself.
func (p *PromiseStore) InspectPending(inspection *Inspection) (PendingSummary, error) {
	return look(p, inspection, pendingSummaryOf, releasePending,
		func(inspection *C.capsule_inspection, raw *C.capsule_pending_summary, failure *C.capsule_error) C.capsule_status {
			return C.capsule_promise_store_inspect_pending(p.handle.c, inspection, raw, failure)
		})
}

func releasePending(raw *C.capsule_pending_summary) { C.capsule_pending_summary_release(raw) }

// Inspect tells the state of the pool and of each of its sessions; LastError of the info is empty unless the level is full.
func (p *Pool) Inspect(inspection *Inspection) (PoolInfo, PoolSummary, error) {
	info := C.capsule_pool_info{struct_size: C.sizeof_capsule_pool_info}
	summary, err := look(p, inspection, poolSummaryOf, func(raw *C.capsule_pool_summary) { C.capsule_pool_summary_release(raw) },
		func(inspection *C.capsule_inspection, raw *C.capsule_pool_summary, failure *C.capsule_error) C.capsule_status {
			return C.capsule_pool_inspect(p.handle.c, inspection, &info, raw, failure)
		})
	return poolInfoOf(&info), summary, err
}

// A guarded look, whose answer is copied and released.
func look[R, T any](owner any, inspection *Inspection, convert func(*R) T, free func(*R),
	call func(*C.capsule_inspection, *R, *C.capsule_error) C.capsule_status) (T, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	return take(owner, convert, free, func(raw *R, failure *C.capsule_error) C.capsule_status {
		return call(inspection.raw(&pins), raw, failure)
	})
}
