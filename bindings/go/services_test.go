package capsule_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	goruntime "runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"capsule"
)

func echoPool(sessions uint32) *capsule.PoolOptions {
	options := capsule.DefaultPoolOptions()
	options.MinIdle, options.MaxSessions = sessions, sessions
	options.Session = echo()
	options.Reset = capsule.ResetNewProcess
	return options
}

func TestAPoolServesManyGoroutines(t *testing.T) {
	pool, err := newRuntime(t).OpenPool(echoPool(3))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := pool.WaitReady(within(t)); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 10 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 3 {
				session, err := pool.Acquire(within(t), nil)
				if err != nil {
					t.Error(err)
					return
				}
				if result, err := session.Run(within(t), "value x", nil); err != nil || !result.OK() {
					t.Errorf("%v, %+v", err, result)
				}
				if err := pool.GiveBack(session); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	all.Wait()
	metrics, err := pool.Metrics()
	if err != nil || metrics.AcquisitionSuccesses != 30 || metrics.GivenBack != 30 || metrics.WaitersNow != 0 {
		t.Errorf("%v, %+v", err, metrics)
	}
	events, info, err := pool.Trace(nil)
	if err != nil || len(events) == 0 || info.Stored == 0 {
		t.Errorf("%v: %d events, %+v", err, len(events), info)
	}
}

func TestAnAcquisitionIsGivenUpWithItsContext(t *testing.T) {
	pool, err := newRuntime(t).OpenPool(echoPool(1))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	session, err := pool.Acquire(within(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := pool.Acquire(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	short := capsule.DefaultAcquireOptions()
	for _, short.TimeoutMs = range []int64{0, 1, 30} {
		_, err := pool.Acquire(context.Background(), short)
		wantStatus(t, err, capsule.StatusTimeout)
	}
	waits := make(chan error)
	go func() {
		_, err := pool.Acquire(context.Background(), nil)
		waits <- err
	}()
	pool.Shutdown(0)
	if err := <-waits; capsule.StatusOf(err) != capsule.StatusClosed {
		t.Errorf("%v", err)
	}
	session.Close()
}

type sum struct{ A, B int }

// A session that may call all of a bridge that offers what the tests need.
func served(t *testing.T, options *capsule.SessionOptions) (*capsule.Bridge, *capsule.Session) {
	t.Helper()
	runtime := newRuntime(t)
	bridge, err := runtime.OpenBridge(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bridge.Close() })
	add := capsule.Function(func(_ context.Context, arguments sum) (int, error) { return arguments.A + arguments.B, nil })
	fail := func(context.Context, *capsule.Call) (any, error) {
		return nil, &capsule.PythonError{Type: "KeyError", Message: "none"}
	}
	panics := func(context.Context, *capsule.Call) (any, error) { panic("not today") }
	for name, handler := range map[string]capsule.Handler{"add": add, "fail": fail, "panics": panics} {
		if err := bridge.Handle(name, map[string]string{"add": "a, b"}[name], handler); err != nil {
			t.Fatal(err)
		}
	}
	options.Bridge = bridge
	options.Rules = []capsule.Rule{{Capability: "*", Decision: capsule.PolicyAllow}}
	return bridge, open(t, runtime, options)
}

func TestPlainFunctionsServeCalls(t *testing.T) {
	bridge, session := served(t, echo())
	if result := run(t, session, `call add {"a": 40, "b": 2}`); !result.OK() || result.Stdout != "42\n" {
		t.Errorf("%+v", result)
	}
	if result := run(t, session, "call fail {}"); result.End.ErrorType != "KeyError" || result.End.Message != "none" {
		t.Errorf("%+v", result.End)
	}
	if result := run(t, session, "call panics {}"); result.OK() {
		t.Errorf("%+v", result.End)
	}
	if result := run(t, session, `call add {"a": "text"}`); result.OK() {
		t.Errorf("%+v", result.End)
	}
	metrics, err := bridge.Metrics()
	if err != nil || metrics.Calls < 4 || metrics.OK != 1 || metrics.BridgePendingCurrent != 0 {
		t.Errorf("%v, %+v", err, metrics)
	}
	if info, err := session.Info(); err != nil || info.Bridge.Created != 4 || info.Bridge.Resolved != 1 || info.Bridge.Rejected != 3 {
		t.Errorf("%v, %+v", err, info.Bridge)
	}
	if err := bridge.Handle("add", "", nil); capsule.StatusOf(err) != capsule.StatusName {
		t.Errorf("%v", err)
	}
}

type mute struct{ text *string }

func (m *mute) Error() string { return *m.text }

func (m mute) MarshalJSON() ([]byte, error) { panic("no JSON") }

// What a function of the host does may fail the call, and not the host.
func TestAFunctionMayFailWithAnything(t *testing.T) {
	bridge, session := served(t, echo())
	var none *mute
	for _, one := range []struct {
		name    string
		handler capsule.Handler
		told    string
	}{
		{"text", func(context.Context, *capsule.Call) (any, error) { return nil, errors.New("a\xff\x00b") }, "a\ufffd\\0b"},
		{"long", func(context.Context, *capsule.Call) (any, error) {
			return nil, errors.New(strings.Repeat("ä", 40_000))
		}, strings.Repeat("ä", 16_384)},
		{"none", func(context.Context, *capsule.Call) (any, error) { return nil, none }, "the host's function panicked: "},
		{"json", func(context.Context, *capsule.Call) (any, error) { return mute{}, nil }, "the host's function panicked: no JSON"},
		{"ends", func(context.Context, *capsule.Call) (any, error) { goruntime.Goexit(); return nil, nil },
			"the host's function ended its goroutine"},
	} {
		if err := bridge.Handle(one.name, "", one.handler); err != nil {
			t.Fatal(err)
		}
		if result := run(t, session, "call "+one.name+" {}"); !strings.HasPrefix(result.End.Message, one.told) {
			t.Errorf("%s: %+v", one.name, result.End)
		}
	}
}

func TestWhoPanicsOrEndsDenies(t *testing.T) {
	bridge, session := served(t, echo())
	ask := capsule.DefaultCapability()
	ask.Name, ask.Flags = "guarded", capsule.CapabilityNeedsApproval
	if err := bridge.Register(ask, func(context.Context, *capsule.Call) (any, error) { return "done", nil }); err != nil {
		t.Fatal(err)
	}
	for _, decide := range []func(*capsule.Call) bool{
		func(*capsule.Call) bool { panic("not today") },
		func(*capsule.Call) bool { goruntime.Goexit(); return true },
	} {
		bridge.Approve("guarded", decide)
		if result := run(t, session, "call guarded {}"); !strings.Contains(result.End.Message, "not_approved") {
			t.Errorf("%+v", result.End)
		}
	}
}

func TestAHandlerIsToldWhenNobodyWaitsAnyMore(t *testing.T) {
	bridge, session := served(t, echo())
	begun, ended := make(chan struct{}), make(chan struct{})
	err := bridge.Handle("wait", "", func(ctx context.Context, _ *capsule.Call) (any, error) {
		close(begun)
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	execution := start(t, session, "call wait {}")
	<-begun
	execution.Cancel(-1)
	<-ended
	if end := until(t, execution, capsule.EventError); end.Outcome != capsule.OutcomeCanceled {
		t.Errorf("%+v", end)
	}
}

func TestPythonCallsWithApprovalAndStreams(t *testing.T) {
	bridge, session := served(t, capsule.DefaultSessionOptions())
	ask := capsule.DefaultCapability()
	ask.Name, ask.Flags = "guarded", capsule.CapabilityNeedsApproval
	var asked atomic.Int32
	if err := bridge.Register(ask, func(context.Context, *capsule.Call) (any, error) { return "done", nil }); err != nil {
		t.Fatal(err)
	}
	bridge.Approve("guarded", func(*capsule.Call) bool { return asked.Add(1) == 1 })
	stream := capsule.DefaultCapability()
	stream.Name, stream.Flags = "numbers", capsule.CapabilityStream
	err := bridge.Register(stream, func(ctx context.Context, call *capsule.Call) (any, error) {
		for i := range 100 {
			if err := call.Send(ctx, i); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := bridge.Handle("size", "data", func(_ context.Context, call *capsule.Call) (any, error) {
		return len(call.Attachments["data"].Data), nil
	}); err != nil {
		t.Fatal(err)
	}
	gaveUp := make(chan struct{}, 1)
	upload := capsule.DefaultCapability()
	upload.Name, upload.Flags = "put", capsule.CapabilityUpload
	err = bridge.Register(upload, func(ctx context.Context, call *capsule.Call) (any, error) {
		// No piece is there yet: the code asks for input first, which is answered when this wait has ended.
		short, cancel := context.WithCancel(ctx)
		time.AfterFunc(30*time.Millisecond, cancel)
		if piece, err := call.Receive(short); !errors.Is(err, context.Canceled) {
			return nil, fmt.Errorf("%v, %+v", err, piece)
		}
		gaveUp <- struct{}{}
		for size := 0; ; {
			piece, err := call.Receive(ctx)
			if errors.Is(err, io.EOF) {
				return size, nil
			}
			if err != nil {
				return nil, err
			}
			size += len(piece.Data)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	result := run(t, session, "(host.guarded(), sum(host.numbers()), host.add(a=1, b=2), host.size(data=b'x' * 100_000))")
	if !result.OK() || *result.End.Repr != "('done', 4950, 3, 100000)" {
		t.Errorf("%+v", result.End)
	}
	uploads := start(t, session, "with host.put() as put:\n    input()\n    for _ in range(100): put.send(b'x' * 1000)\n    size = put.finish()\nsize")
	input := until(t, uploads, capsule.EventInput)
	<-gaveUp
	if err := uploads.Answer(input.InputID, ""); err != nil {
		t.Fatal(err)
	}
	if end := until(t, uploads, capsule.EventResult); *end.Repr != "100000" {
		t.Errorf("%+v", end)
	}
	if err := session.NarrowRules([]capsule.Rule{{Capability: "add", Decision: capsule.PolicyAllow}}); err != nil {
		t.Fatal(err)
	}
	if result := run(t, session, "(host.add(a=1, b=2), host.size(data=b''))"); result.End.ErrorType != "PermissionError" {
		t.Errorf("%+v", result.End)
	}
	if result := run(t, session, "host.guarded()"); result.End.ErrorType != "PermissionError" {
		t.Errorf("%+v", result.End)
	}
}
