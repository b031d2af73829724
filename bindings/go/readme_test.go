package capsule_test

import (
	"context"
	"time"

	"capsule"
)

// What README.md shows in parts, so that it compiles; abi.readme_examples compares the two.
var _ = []any{calls, promises, diagnostics}

func calls(runtime *capsule.Runtime) (*capsule.SessionOptions, error) {
	bridge, err := runtime.OpenBridge(nil)
	err = bridge.Handle("add", "a, b", capsule.Function(func(ctx context.Context, in struct{ A, B int }) (int, error) {
		return in.A + in.B, nil
	}))
	options := capsule.DefaultSessionOptions()
	options.Bridge = bridge
	options.Rules = []capsule.Rule{{Capability: "*", Decision: capsule.PolicyAllow}}
	return options, err
}

func promises(ctx context.Context, runtime *capsule.Runtime, session *capsule.Session, source string) ([]any, error) {
	store, err := runtime.OpenPromises(nil)
	promise, err := store.Create(ctx, capsule.PromiseWish{ID: "approval-17"})                         // Wait, or Watch and Next; elsewhere Resolve
	execution, promise, err := store.Execute(ctx, session, source, "invoice-2026-11", time.Hour, nil) // execution is nil where it has run
	reader, err := session.FollowTrace(nil)
	for event, err := range reader.Events(ctx) {
		_, _ = event, err
	}
	postmortem, err := session.Postmortem(0)
	stack, err := session.Stack(nil) // where its Python code stands; of a death, postmortem.Stack
	return []any{execution, promise, postmortem, stack}, err
}

func diagnostics(runtime *capsule.Runtime, session *capsule.Session) ([]any, error) {
	metrics, err := session.WorkerMetrics() // also TransportMetrics, CancelMetrics, WorkerInfo; runtime.Metrics; bridge.CapabilityMetrics
	text, err := runtime.Prometheus()
	status, err := session.InspectExecution(nil) // also InspectStack, InspectNamespace, InspectIsolation, InspectPending, pool.Inspect
	audit, err := runtime.ListAudit(0)           // SetAudit, AuditInfo; VerifyAudit checks the file
	profile, err := session.Profile(nil)         // Wait or Stop, then Collapsed
	options := capsule.DefaultExporterOptions()
	options.Kind, options.Path = capsule.ExporterNdjson, "events.ndjson"
	exporter, err := runtime.OpenExporter(options) // Flush; Shutdown, as Close drops what is queued
	return []any{metrics, text, status, audit, profile, exporter}, err
}
