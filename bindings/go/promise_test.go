package capsule_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capsule"
)

func openPromises(t testing.TB, runtime *capsule.Runtime, path string) *capsule.PromiseStore {
	t.Helper()
	options := capsule.DefaultPromiseStoreOptions()
	options.Path = path
	store, err := runtime.OpenPromises(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func TestAPromiseIsSettledOnceAndKeptInTheFile(t *testing.T) {
	runtime, path := newRuntime(t), filepath.Join(t.TempDir(), "promises.db")
	store := openPromises(t, runtime, path)
	promise, err := store.Create(within(t), capsule.PromiseWish{ID: "approval-17", Param: "a\x00\xff"})
	if err != nil || promise.State != capsule.PromisePending || promise.Param != "a\x00\xff" {
		t.Fatalf("%v, %+v", err, promise)
	}
	if pending, err := store.Pending(); err != nil || len(pending) != 1 || pending[0].ID != "approval-17" {
		t.Errorf("%v, %+v", err, pending)
	}
	if promise, err = store.Resolve(within(t), "approval-17", "yes"); err != nil || promise.State != capsule.PromiseResolved {
		t.Fatalf("%v, %+v", err, promise)
	}
	if promise, err = store.Reject(within(t), "approval-17", "no"); err != nil || promise.Value != "yes" {
		t.Errorf("the second settlement won: %v, %+v", err, promise)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = store.Get(within(t), "approval-17")
	wantStatus(t, err, capsule.StatusHandle)
	again := openPromises(t, runtime, path)
	if promise, err = again.Get(within(t), "approval-17"); err != nil || promise.Value != "yes" || promise.SettledAtMs == 0 {
		t.Errorf("%v, %+v", err, promise)
	}
	if err := again.Forget(within(t), "approval-17"); err != nil {
		t.Error(err)
	}
	_, err = again.Get(within(t), "approval-17")
	wantStatus(t, err, capsule.StatusName)
}

func TestPromisesAreWaitedForAndWatched(t *testing.T) {
	store := openPromises(t, newRuntime(t), "")
	for _, id := range []string{"waited", "watched", "open"} {
		if _, err := store.Create(within(t), capsule.PromiseWish{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	short, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := store.Wait(short, "open"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if _, err := store.Next(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if err := store.Watch(within(t), "watched"); err != nil {
		t.Fatal(err)
	}
	settled := make(chan *capsule.Promise, 2)
	go func() {
		promise, err := store.Wait(within(t), "waited")
		if err != nil {
			t.Error(err)
		}
		settled <- promise
		if promise, err = store.Next(within(t)); err != nil {
			t.Error(err)
		}
		settled <- promise
	}()
	if _, err := store.Resolve(within(t), "waited", "1"); err != nil {
		t.Error(err)
	}
	if promise := <-settled; promise == nil || promise.ID != "waited" || promise.Value != "1" {
		t.Errorf("%+v", promise)
	}
	if _, err := store.Cancel(within(t), "watched", ""); err != nil {
		t.Error(err)
	}
	if promise := <-settled; promise == nil || promise.ID != "watched" || promise.State != capsule.PromiseCanceled {
		t.Errorf("%+v", promise)
	}
	if metrics, err := store.Metrics(); err != nil || metrics.Created != 3 || metrics.Resolved != 1 || metrics.Canceled != 1 {
		t.Errorf("%v, %+v", err, metrics)
	}
}

func TestCloseOfAStoreEndsAWait(t *testing.T) {
	store := openPromises(t, newRuntime(t), "")
	if _, err := store.Create(within(t), capsule.PromiseWish{ID: "never"}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := store.Next(context.Background())
		ended <- err
	}()
	store.Close()
	if status := capsule.StatusOf(<-ended); status != capsule.StatusHandle && status != capsule.StatusClosed {
		t.Errorf("%v", status)
	}
}

func TestADurableExecutionRunsOnce(t *testing.T) {
	runtime := newRuntime(t)
	store, session := openPromises(t, runtime, ""), open(t, runtime, nil)
	run(t, session, "runs = 0")
	const source = "runs += 1\n{'runs': runs}"
	execution, promise, err := store.Execute(within(t), session, source, "invoice-2026-11", time.Hour, nil)
	if err != nil || execution == nil || promise.State != capsule.PromisePending {
		t.Fatalf("%v, %v, %+v", err, execution, promise)
	}
	defer execution.Close()
	if end := until(t, execution, capsule.EventResult); end.Outcome != capsule.OutcomeOK {
		t.Fatalf("%+v", end)
	}
	execution, promise, err = store.Execute(within(t), session, source, "invoice-2026-11", time.Hour, nil)
	if err != nil || execution != nil || promise.State != capsule.PromiseResolved || strings.ReplaceAll(promise.Value, " ", "") != `{"runs":1}` {
		t.Errorf("%v, %v, %+v", err, execution, promise)
	}
	if result := run(t, session, "runs"); *result.End.Repr != "1" {
		t.Errorf("it ran %s times", *result.End.Repr)
	}
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := store.Execute(canceled, session, source, "other", 0, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	_, _, err = store.Execute(within(t), session, source, "not an id", 0, nil)
	wantStatus(t, err, capsule.StatusArgument)
}

func TestWhoSettlesThePromiseOfAnInputAnswersIt(t *testing.T) {
	runtime := newRuntime(t)
	store, session := openPromises(t, runtime, ""), open(t, runtime, echo())
	execution, _, err := store.Execute(within(t), session, "input name?\nvalue x", "exec:trip", 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer execution.Close()
	event := until(t, execution, capsule.EventInput)
	if event.InputPromise == nil || *event.InputPromise != "exec:trip:input:1" {
		t.Fatalf("%+v", event)
	}
	promise, err := store.Resolve(within(t), *event.InputPromise, `"Ada"`)
	if err != nil || promise.Param != `{"prompt":"name?"}` {
		t.Errorf("%v, %+v", err, promise)
	}
	if output := until(t, execution, capsule.EventOutput); output.Data != "Ada\n" {
		t.Errorf("%+v", output)
	}
	plain := start(t, session, "input name?")
	if event := until(t, plain, capsule.EventInput); event.InputPromise != nil {
		t.Errorf("%+v", event)
	}
}

func TestATraceIsFollowedToItsEnd(t *testing.T) {
	session := open(t, newRuntime(t), echo())
	reader, err := session.FollowTrace(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	found := make(chan []capsule.TraceKind)
	go func() {
		var kinds []capsule.TraceKind
		for event, err := range reader.Events(within(t)) {
			if err != nil {
				t.Error(err)
			}
			kinds = append(kinds, event.Kind)
		}
		found <- kinds
	}()
	run(t, session, "value x")
	if err := session.Shutdown(0); err != nil {
		t.Fatal(err)
	}
	seen := map[capsule.TraceKind]int{}
	for _, kind := range <-found {
		seen[kind]++
	}
	if seen[capsule.TraceExecutionSent] != 1 || seen[capsule.TraceExecutionFinished] != 1 {
		t.Errorf("%v", seen)
	}
	if info, err := reader.Info(); err != nil || info.Stored == 0 {
		t.Errorf("%v, %+v", err, info)
	}
	if _, err := reader.Next(within(t)); err != io.EOF {
		t.Errorf("%v", err)
	}
	reader.Close()
	_, err = reader.Next(within(t))
	wantStatus(t, err, capsule.StatusHandle)
}

func TestAWaitForATraceIsEndedByItsContextAndByClose(t *testing.T) {
	session := open(t, newRuntime(t), echo())
	reader, err := session.FollowTrace(&capsule.TraceFilter{Kind: capsule.TraceExecutionSent})
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := reader.Next(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	ended := make(chan error)
	go func() {
		_, err := reader.Next(context.Background())
		ended <- err
	}()
	reader.Close()
	wantStatus(t, <-ended, capsule.StatusHandle)
}

func TestAPostmortemTellsHowAWorkerDied(t *testing.T) {
	session := open(t, newRuntime(t), echo())
	_, err := session.Postmortem(0)
	wantStatus(t, err, capsule.StatusState)
	end := run(t, session, "kill").End
	if end.Outcome != capsule.OutcomeDied {
		t.Fatalf("%+v", end)
	}
	postmortem, err := session.Postmortem(0)
	if err != nil {
		t.Fatal(err)
	}
	if postmortem.Stack != nil || postmortem.SignalNumber != 9 || postmortem.ExecutionID != 1 || len(postmortem.Events) == 0 ||
		!strings.HasPrefix(postmortem.JSON, "{") {
		t.Errorf("%+v", postmortem)
	}
}
