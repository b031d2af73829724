package capsule_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"capsule"
)

// Metrics, looks by policy, the audit trail, profiles and exporters: each of a worker that does what is asserted.

const full = capsule.InspectFull

func want[T comparable](t testing.TB, what string, got, wanted T) {
	t.Helper()
	if got != wanted {
		t.Errorf("%s: %v, not %v", what, got, wanted)
	}
}

// A look at everything, in time.
func everything() *capsule.Inspection {
	inspection := capsule.DefaultInspection()
	inspection.Level, inspection.TimeoutMs = capsule.InspectFull, patience.Milliseconds()
	return inspection
}

func setPolicy(t testing.TB, runtime *capsule.Runtime, set func(policy *capsule.IntrospectionPolicy)) {
	t.Helper()
	policy := capsule.DefaultIntrospectionPolicy()
	set(policy)
	if err := runtime.SetIntrospectionPolicy(policy); err != nil {
		t.Fatal(err)
	}
}

func wantRefused(t testing.TB, err error) {
	t.Helper()
	wantStatus(t, err, capsule.StatusDenied)
	if err != nil && !strings.Contains(err.Error(), "policy") {
		t.Errorf("%v does not name the policy", err)
	}
}

// What calls on an owner that is closed bring.
func wantGone(t testing.TB, failures ...error) {
	t.Helper()
	for i, err := range failures {
		if capsule.StatusOf(err) != capsule.StatusHandle {
			t.Errorf("call %d of what is closed: %v", i, err)
		}
	}
}

func errorOf[T any](_ T, err error) error { return err }

func calling(bridge *capsule.Bridge) *capsule.SessionOptions {
	options := echo()
	options.Bridge, options.Rules = bridge, []capsule.Rule{{Capability: "*", Decision: capsule.PolicyAllow}}
	return options
}

func TestAWorkerTellsOfItself(t *testing.T) {
	runtime := newRuntime(t)
	options := capsule.DefaultSessionOptions()
	options.EnableMetrics = true
	session := open(t, runtime, options)
	before := capsule.Must(session.TransportMetrics())
	version := strings.Trim(*run(t, session, "import platform; platform.python_version()").End.Repr, "'")
	after := capsule.Must(session.TransportMetrics())
	execute := 0
	for capsule.MessageName(execute) != "Execute" {
		execute++
	}
	want(t, "Execute frames", after.Sent.Messages[execute]-before.Sent.Messages[execute], 1)
	want(t, "a kind that there is none of", capsule.MessageName(-1), "")
	want(t, "the worker", capsule.Must(session.WorkerMetrics()).PID, capsule.Must(session.Info()).PID)
	want(t, "its interval", capsule.Must(session.WorkerMetrics()).HeartbeatIntervalMs, 5000)
	info := capsule.Must(session.WorkerInfo())
	want(t, "its version", info.PythonVersion, version)
	if !strings.Contains(","+info.Isolation+",", ",process,") {
		t.Error(info.Isolation)
	}
	execution := start(t, session, "input()")
	until(t, execution, capsule.EventInput)
	if err := execution.Cancel(-1); err != nil {
		t.Fatal(err)
	}
	for event := range execution.Events() {
		_ = event
	}
	cancels := capsule.Must(session.CancelMetrics())
	want(t, "cancels", [3]uint64{cancels.Triggers, cancels.ExecutionsCanceled, cancels.WaitsInterrupted}, [3]uint64{1, 1, 0})
	wantStatus(t, errorOf(open(t, runtime, echo()).CancelMetrics()), capsule.StatusState)
	session.Close()
	wantGone(t, errorOf(session.WorkerMetrics()), errorOf(session.WorkerInfo()), errorOf(session.TransportMetrics()),
		errorOf(session.CancelMetrics()))
}

func TestARuntimeAddsUp(t *testing.T) {
	runtime := newRuntime(t)
	bridge := capsule.Must(runtime.OpenBridge(nil))
	if err := bridge.Handle("ones", "", func(context.Context, *capsule.Call) (any, error) { return 1, nil }); err != nil {
		t.Fatal(err)
	}
	session := open(t, runtime, calling(bridge))
	for _, source := range []string{"call ones {}", "call ones {}", "call twos {}"} {
		run(t, session, source)
	}
	if err := session.Shutdown(patience); err != nil {
		t.Fatal(err)
	}
	rows := capsule.Must(bridge.CapabilityMetrics())
	if len(rows) != 2 || rows[0].Capability != "ones" || rows[1].Capability != "unknown" {
		t.Fatalf("%+v", rows)
	}
	answered := uint64(0)
	for _, count := range rows[0].ResolutionBuckets {
		answered += count
	}
	want(t, "answered", [3]uint64{rows[0].OK, answered, rows[1].Failed}, [3]uint64{2, 2, 1})
	metrics := capsule.Must(runtime.Metrics())
	want(t, "closed", [2]uint64{metrics.SessionsClosed, metrics.SessionsKilled}, [2]uint64{1, 0})
	want(t, "started", metrics.StartFork.Count+metrics.StartSpawn.Count, 1)
	text := capsule.Must(runtime.Prometheus())
	if line := `capsule_sessions_ended_total{pool="none",reason="closed"} 1`; !strings.Contains(text, "\n"+line+"\n") {
		t.Errorf("there is no %s in %s", line, text)
	}
	bridge.Close()
	runtime.Close()
	wantGone(t, errorOf(bridge.CapabilityMetrics()), errorOf(bridge.InspectPending(nil)), errorOf(runtime.Metrics()),
		errorOf(runtime.Prometheus()))
}

// Each guarded look at a session.
func looks(session *capsule.Session) []error {
	return []error{
		errorOf(session.InspectStack(everything(), nil)), errorOf(session.InspectNamespace(context.Background(), everything())),
		errorOf(session.InspectExecution(everything())), errorOf(session.InspectIsolation(everything())),
	}
}

func TestLooksAreAnsweredAsThePolicySays(t *testing.T) {
	runtime := newRuntime(t)
	session := open(t, runtime, nil)
	run(t, session, "def ask():\n    return input('in')")
	for _, err := range looks(session) {
		wantRefused(t, err)
	}
	setPolicy(t, runtime, func(policy *capsule.IntrospectionPolicy) {
		policy.Stack, policy.NamespaceSummary, policy.Execution, policy.Isolation = full, full, full, full
		policy.MaxLabelBytes = 1024
	})
	names := capsule.Must(session.InspectNamespace(within(t), everything()))
	if len(names.Rows) != 1 || names.AnsweredBy != capsule.AnsweredByWorker {
		t.Fatalf("%+v", names)
	}
	want(t, "the name", names.Rows[0].Name.Text+" "+names.Rows[0].TypeName.Text, "ask function")
	state := capsule.LayerState(0)
	for _, layer := range capsule.Must(session.InspectIsolation(everything())).Rows {
		if layer.Name == "process" {
			state = layer.State
		}
	}
	want(t, "the layer", state, capsule.LayerActive)
	execution := start(t, session, "ask()")
	request := until(t, execution, capsule.EventInput)
	want(t, "it waits for", capsule.Must(session.InspectExecution(everything())).WaitsFor, capsule.WaitsInput)
	options := capsule.DefaultStackOptions()
	options.MaxFrames = 1
	want(t, "where", told(capsule.Must(session.InspectStack(everything(), options))), "ask:2 ")
	if err := execution.Answer(request.InputID, "x"); err != nil {
		t.Fatal(err)
	}
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := session.InspectNamespace(canceled, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	narrow := capsule.DefaultIntrospectionPolicy()
	narrow.Execution = capsule.InspectOff
	if err := session.NarrowIntrospection(narrow); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, errorOf(session.InspectExecution(nil)))
	session.Close()
	wantGone(t, append(looks(session), session.NarrowIntrospection(narrow))...)
}

func TestWhatIsPendingIsShownAsThePolicySays(t *testing.T) {
	runtime := newRuntime(t)
	bridge, store := capsule.Must(runtime.OpenBridge(nil)), capsule.Must(runtime.OpenPromises(nil))
	wantRefused(t, errorOf(bridge.InspectPending(everything())))
	wantRefused(t, errorOf(store.InspectPending(everything())))
	setPolicy(t, runtime, func(policy *capsule.IntrospectionPolicy) { policy.Promises = capsule.InspectFull })
	capsule.Must(store.Create(within(t), capsule.PromiseWish{ID: "p-1"}))
	if rows := capsule.Must(store.InspectPending(everything())).Rows; len(rows) != 1 || rows[0].Name.Text != "p-1" {
		t.Errorf("%+v", rows)
	}
	taken, answer := make(chan uint64), make(chan any)
	err := bridge.Handle("customers", "", func(_ context.Context, call *capsule.Call) (any, error) {
		taken <- call.RequestID
		return <-answer, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	execution := start(t, open(t, runtime, calling(bridge)), "call customers {}")
	request := <-taken
	rows := capsule.Must(bridge.InspectPending(everything())).Rows
	if len(rows) != 1 || rows[0].Name.Text != "customers" || rows[0].RequestID != request || rows[0].Kind != capsule.PendingKindCall {
		t.Errorf("%+v", rows)
	}
	answer <- 1
	until(t, execution, capsule.EventResult)
	store.Close()
	bridge.Close()
	wantGone(t, errorOf(store.InspectPending(nil)), errorOf(bridge.InspectPending(nil)))
}

func TestAPoolIsShownAsThePolicySays(t *testing.T) {
	runtime := newRuntime(t)
	options := echoPool(1)
	options.Session, options.Imports = capsule.DefaultSessionOptions(), []string{"json", "no_such_module"}
	pool := capsule.Must(runtime.OpenPool(options))
	if err := pool.WaitReady(within(t)); err != nil {
		t.Fatal(err)
	}
	_, _, err := pool.Inspect(everything())
	wantRefused(t, err)
	setPolicy(t, runtime, func(policy *capsule.IntrospectionPolicy) { policy.Pool = full })
	info, summary, err := pool.Inspect(everything())
	sessions := capsule.Must(pool.Sessions())
	if err != nil || info.SessionsIdle != 1 || summary.Total != 1 || len(summary.Rows) != 1 || len(sessions) != 1 ||
		summary.Rows[0].SessionID != sessions[0].SessionID {
		t.Errorf("%v, %+v, %+v, %+v", err, info, summary, sessions)
	}
	imports := ""
	for _, one := range capsule.Must(pool.Imports()) {
		imports += one.Module + ":" + one.Error + " "
	}
	want(t, "imports", imports, "json: no_such_module:ModuleNotFoundError ")
	pool.Close()
	_, _, err = pool.Inspect(nil)
	wantGone(t, err, errorOf(pool.Imports()), errorOf(pool.Sessions()))
}

func TestEveryLookTellsWhoLooked(t *testing.T) {
	runtime := newRuntime(t)
	session := open(t, runtime, echo())
	run(t, session, "kill")
	inspection, filter := capsule.DefaultInspection(), &capsule.TraceFilter{Caller: "nightly check"}
	inspection.Caller = filter.Caller
	options := capsule.DefaultProfileOptions()
	options.Caller = filter.Caller
	last := func() string {
		records := capsule.Must(runtime.ListAudit(0))
		return records[len(records)-1].Call + " by " + records[len(records)-1].Caller
	}
	_, _, err := session.Trace(filter)
	want(t, "a trace", fmt.Sprint(last(), err), "trace by nightly check<nil>")
	capsule.Must(session.FollowTrace(filter)).Close()
	want(t, "a reader", last(), "trace by nightly check")
	capsule.Must(session.Postmortem(0))
	want(t, "nobody", last(), "postmortem by ")
	capsule.Must(session.InspectPostmortem(inspection, 0))
	want(t, "a death", last(), "postmortem by nightly check")
	capsule.Must(session.InspectTraceLabel(inspection, 1))
	want(t, "a name", last(), "trace by nightly check")
	if profile, err := session.Profile(options); err == nil { // There is no Python, and the record says so.
		profile.Close()
	}
	want(t, "a profile", last(), "stack by nightly check")
	wantRefused(t, errorOf(session.InspectPostmortem(everything(), 0)))
	wantRefused(t, errorOf(session.InspectTraceLabel(everything(), 1)))
}

func TestAnAuditTrailTellsWhoLookedAndShowsTampering(t *testing.T) {
	runtime := newRuntime(t)
	session := open(t, runtime, echo())
	options := capsule.DefaultAuditOptions()
	options.Path, options.Key = filepath.Join(t.TempDir(), "audit"), "\xff\x01\x02"
	if err := runtime.SetAudit(options); err != nil {
		t.Fatal(err)
	}
	inspection := capsule.DefaultInspection()
	inspection.Caller = "nightly check"
	capsule.Must(session.InspectExecution(inspection))
	wantRefused(t, errorOf(session.InspectExecution(everything())))
	records := capsule.Must(runtime.ListAudit(0))
	decisions := ""
	for _, record := range records {
		decisions += record.Decision.String() + " "
	}
	if decisions != "start allowed denied " {
		t.Fatal(decisions)
	}
	want(t, "who", records[1].Caller+", "+records[1].Call, "nightly check, execution")
	if last := capsule.Must(runtime.ListAudit(records[1].Sequence)); len(last) != 1 || last[0].Number != 2 {
		t.Errorf("%+v", last)
	}
	info := capsule.Must(runtime.AuditInfo())
	want(t, "counted", [2]uint64{info.Allowed, info.Denied}, [2]uint64{1, 1})
	nowhere := capsule.DefaultAuditOptions()
	nowhere.Path = options.Path + "/nowhere"
	wantStatus(t, runtime.SetAudit(nowhere), capsule.StatusSystem)
	runtime.Close()
	wantGone(t, errorOf(runtime.ListAudit(0)), errorOf(runtime.AuditInfo()), runtime.SetAudit(nil))

	report := capsule.Must(capsule.VerifyAudit(&capsule.AuditCheck{Path: options.Path, Key: options.Key, Head: info.Head}))
	want(t, "the verdict", report.Verdict, capsule.VerdictVerified)
	want(t, "records", report.Records, 3)
	text := string(capsule.Must(os.ReadFile(options.Path)))
	altered := strings.Replace(text, "nightly", "monthly", 1)
	report = capsule.Must(capsule.VerifyAudit(&capsule.AuditCheck{Data: altered, Key: options.Key, Head: info.Head}))
	want(t, "altered", fmt.Sprint(report.Verdict, report.Line), fmt.Sprint(capsule.VerdictBroken, 2))
	wantStatus(t, errorOf(capsule.VerifyAudit(nil)), capsule.StatusArgument)
}

func TestAProfileCountsWhereCodeIs(t *testing.T) {
	runtime := newRuntime(t)
	session := open(t, runtime, nil)
	setPolicy(t, runtime, func(policy *capsule.IntrospectionPolicy) { policy.Stack = full })
	execution := start(t, session, "def ask():\n    return input('in')\nask()")
	until(t, execution, capsule.EventInput)
	options := capsule.DefaultProfileOptions()
	options.RateHz, options.DurationMs, options.Threads = 1000, 100, capsule.ProfileAll
	profile := capsule.Must(session.Profile(options))
	wantStatus(t, errorOf(profile.Collapsed()), capsule.StatusBusy)
	if err := profile.Wait(within(t)); err != nil {
		t.Fatal(err)
	}
	count, info := uint64(0), capsule.Must(profile.Info())
	for line := range strings.Lines(capsule.Must(profile.Collapsed())) {
		if strings.Contains(line, ";ask (") {
			fmt.Sscan(line[strings.LastIndex(line, " "):], &count)
		}
	}
	if count == 0 || count > info.Samples || info.IsRunning {
		t.Errorf("%d of %+v", count, info)
	}
	profile.Close()
	wantGone(t, errorOf(profile.Info()), errorOf(profile.Collapsed()), profile.Stop(), profile.Wait(within(t)))

	endless := capsule.Must(session.Profile(nil))
	short, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	wantStatus(t, endless.Wait(short), capsule.StatusTimeout)
	if err := errors.Join(endless.Stop(), endless.Wait(within(t))); err != nil || capsule.Must(endless.Info()).IsRunning {
		t.Errorf("%v, %+v", err, capsule.Must(endless.Info()))
	}
	endless.Close()
	setPolicy(t, runtime, func(policy *capsule.IntrospectionPolicy) { policy.Stack = capsule.InspectOff })
	wantRefused(t, errorOf(session.Profile(nil)))
	session.Close()
	wantGone(t, errorOf(session.Profile(nil)))
}

func TestAnExporterWritesAFile(t *testing.T) {
	runtime := newRuntime(t)
	folder := t.TempDir()
	exporters := make([]*capsule.Exporter, 2)
	for i, kind := range []capsule.ExporterKind{capsule.ExporterNdjson, capsule.ExporterChrome} {
		options := capsule.DefaultExporterOptions()
		options.Kind, options.Path = kind, filepath.Join(folder, fmt.Sprint(i))
		exporters[i] = capsule.Must(runtime.OpenExporter(options))
	}
	session := open(t, runtime, echo())
	run(t, session, "out a")
	if err := session.Shutdown(patience); err != nil {
		t.Fatal(err)
	}
	for i, exporter := range exporters {
		if err := exporter.Flush(within(t)); err != nil {
			t.Fatal(err)
		}
		info := capsule.Must(exporter.Info())
		if info.Sent == 0 || info.Sent != info.Accepted || info.Closed {
			t.Errorf("%+v", info)
		}
		if err := errors.Join(exporter.Flush(context.Background()), exporter.Shutdown(patience)); err != nil {
			t.Error(err)
		}
		want(t, "closed", capsule.Must(exporter.Info()).Closed, true)
		name := []string{`"execution_finished"`, `"traceEvents"`}[i]
		want(t, name, strings.Count(string(capsule.Must(os.ReadFile(filepath.Join(folder, fmt.Sprint(i))))), name), 1)
		exporter.Close()
		wantGone(t, errorOf(exporter.Info()), exporter.Flush(within(t)), exporter.Shutdown(0))
	}
	options := capsule.DefaultExporterOptions()
	wantStatus(t, errorOf(runtime.OpenExporter(options)), capsule.StatusArgument)
	options.Kind, options.Path = capsule.ExporterNdjson, "/nowhere/events"
	wantStatus(t, errorOf(runtime.OpenExporter(options)), capsule.StatusSystem)
	runtime.Close()
	wantGone(t, errorOf(runtime.OpenExporter(options)))
}

func TestAnswersLeakNoMemory(t *testing.T) {
	runtime := newRuntime(t)
	setPolicy(t, runtime, func(policy *capsule.IntrospectionPolicy) {
		policy.Promises, policy.Pool, policy.Isolation = full, full, full
	})
	store, pool := capsule.Must(runtime.OpenPromises(nil)), capsule.Must(runtime.OpenPool(echoPool(1)))
	session := open(t, runtime, echo())
	for i := range 1000 {
		capsule.Must(store.Create(within(t), capsule.PromiseWish{ID: fmt.Sprint("p-", i)}))
	}
	for name, call := range map[string]func() error{ // What each answers is 1 KB at least.
		"promises":   func() error { return errorOf(store.InspectPending(nil)) },
		"pool":       func() error { return errorOf(pool.Sessions()) },
		"isolation":  func() error { return errorOf(session.InspectIsolation(nil)) },
		"audit":      func() error { return errorOf(runtime.ListAudit(0)) },
		"prometheus": func() error { return errorOf(runtime.Prometheus()) },
	} {
		repeat := func(seconds float64) (times int) {
			for begin := time.Now(); time.Since(begin).Seconds() < seconds; times++ {
				if err := call(); err != nil {
					t.Fatal(err)
				}
			}
			goruntime.GC()
			return times
		}
		repeat(0.3)
		memory := statusNumber(t, "VmRSS")
		times := repeat(1)
		grown := statusNumber(t, "VmRSS") - memory
		t.Logf("%s: %d answers took %d KiB", name, times, grown)
		if grown > 6_000 {
			t.Error("that is too much")
		}
	}
}
