package capsule

// #include <capsule/capsule.h>
import "C"

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
)

type bridgeHandle struct{ c *C.capsule_bridge }

// Bridge is functions of this program that the Python code in sessions may call, as host.NAME(…). Sessions use it that are
// opened with it and with rules; what no rule allows is denied.
type Bridge struct {
	handle bridgeHandle
	closed atomic.Bool
	server *server
}

// Call is one call of a capability, or what is to be approved.
type Call struct {
	Capability     string
	Arguments      json.RawMessage   // A JSON object of the arguments by their names, but for the attachments.
	Attachments    map[string]*Value // The arguments that are bytes-like.
	RequestID      uint64
	SessionID      uint64
	ExecutionID    uint64
	IdempotencyKey string
	server         *server
}

// Handler answers a call: with what encoding/json can write, a *Value, or nil for None. Its context is done when nobody waits
// for the answer any more. An error is raised in Python as host.Error, a *PythonError as its type says.
type Handler func(ctx context.Context, call *Call) (any, error)

// PythonError is an exception for Python to raise: a built-in one by its name, else host.Error.
type PythonError struct{ Type, Message string }

func (e *PythonError) Error() string { return e.Type + ": " + e.Message }

// Function makes a handler of a plain function: its argument is a struct, or a map, as encoding/json reads it from the
// call's arguments.
func Function[A, R any](function func(ctx context.Context, arguments A) (R, error)) Handler {
	return func(ctx context.Context, call *Call) (any, error) {
		var arguments A
		if err := json.Unmarshal(call.Arguments, &arguments); err != nil {
			return nil, &PythonError{"TypeError", err.Error()}
		}
		return function(ctx, arguments)
	}
}

// What waits for requests and answers them: apart from the Bridge, so that one that is forgotten can be collected.
type server struct {
	handle   bridgeHandle
	wait     waiter
	mutex    sync.Mutex
	handlers map[string]Handler
	approve  map[string]func(*Call) bool
	open     map[uint64]context.CancelFunc
	done     chan struct{}
}

// OpenBridge opens a bridge and begins to serve it; nil for the default options. Each call runs in a goroutine of its own.
func (r *Runtime) OpenBridge(options *BridgeOptions) (*Bridge, error) {
	if options == nil {
		options = DefaultBridgeOptions()
	}
	noticed := *options
	noticed.CancelNotices = true
	var pins runtime.Pinner
	defer pins.Unpin()
	b := new(Bridge)
	failure := newFailure()
	if err := check(C.capsule_bridge_create(r.handle.c, noticed.raw(&pins), &b.handle.c, failure), failure); err != nil {
		return nil, err
	}
	runtime.KeepAlive(r)
	b.server = &server{handle: b.handle, handlers: map[string]Handler{}, approve: map[string]func(*Call) bool{},
		open: map[uint64]context.CancelFunc{}, done: make(chan struct{})}
	go b.server.serve()
	runtime.AddCleanup(b, func(s *server) { s.close() }, b.server)
	return b, nil
}

func (b *Bridge) raw() *C.capsule_bridge {
	if b == nil {
		return nil
	}
	return b.handle.c
}

// Register offers a capability, which the handler serves.
func (b *Bridge) Register(capability *Capability, handler Handler) error {
	var pins runtime.Pinner
	defer pins.Unpin()
	failure := newFailure()
	b.server.mutex.Lock() // Calls may come before the handler is there: they wait.
	defer b.server.mutex.Unlock()
	err := check(C.capsule_bridge_register(b.handle.c, capability.raw(&pins), failure), failure)
	if err == nil {
		b.server.handlers[capability.Name] = handler
	}
	runtime.KeepAlive(b)
	return err
}

// Handle is Register with the defaults: a name, and the parameters as Python writes them in a def.
func (b *Bridge) Handle(name, parameters string, handler Handler) error {
	capability := DefaultCapability()
	capability.Name, capability.Parameters = name, parameters
	return b.Register(capability, handler)
}

// Approve says who decides on calls of a capability that a rule asks for; none, and one that panics: they are denied.
func (b *Bridge) Approve(name string, decide func(call *Call) bool) {
	b.server.mutex.Lock()
	b.server.approve[name] = decide
	b.server.mutex.Unlock()
}

// Unregister takes a capability away. Calls that are open stay open: its handler is kept for them, until the name has another.
func (b *Bridge) Unregister(name string) error {
	failure := newFailure()
	err := check(C.capsule_bridge_unregister(b.handle.c, chars(name), C.size_t(len(name)), failure), failure)
	runtime.KeepAlive(b)
	return err
}

// Metrics copies what the bridge has counted.
func (b *Bridge) Metrics() (BridgeMetrics, error) {
	return get(b, bridgeMetricsOf, func(raw *C.capsule_bridge_metrics, failure *C.capsule_error) C.capsule_status {
		return C.capsule_bridge_get_metrics(b.handle.c, raw, failure)
	})
}

// Pending lists the calls that are open, the oldest first: nothing of what they carry.
func (b *Bridge) Pending() ([]PendingCall, error) {
	return rows(b, pendingCallOf, func(first *C.capsule_pending_call, room C.size_t, count *C.size_t, total *C.uint64_t, failure *C.capsule_error) C.capsule_status {
		return C.capsule_bridge_list_pending(b.handle.c, first, room, count, total, failure)
	})
}

// CancelAll ends every open call: in Python CancelledError.
func (b *Bridge) CancelAll() error {
	failure := newFailure()
	err := check(C.capsule_bridge_cancel_all(b.handle.c, failure), failure)
	runtime.KeepAlive(b)
	return err
}

// Close ends every open call, with ConnectionError in Python, and the serving; waits for that but for handlers that run.
func (b *Bridge) Close() error {
	if !b.closed.Swap(true) {
		b.server.close()
		<-b.server.done
	}
	runtime.KeepAlive(b)
	return nil
}

func (s *server) close() {
	C.capsule_bridge_close(s.handle.c, nil)
	C.capsule_bridge_release(s.handle.c)
	s.wait.close()
}

func (s *server) serve() {
	defer close(s.done)
	for {
		var request C.capsule_request
		request.struct_size = C.sizeof_capsule_request
		err := s.wait.until(context.Background(), func(timeout C.int64_t) error {
			failure := newFailure()
			return check(C.capsule_bridge_next_request(s.handle.c, timeout, &request, failure), failure)
		}, func() (C.int32_t, error) {
			var fd C.int32_t
			failure := newFailure()
			err := check(C.capsule_bridge_get_fd(s.handle.c, &fd, failure), failure)
			return fd, err
		})
		if err != nil {
			C.capsule_bridge_close(s.handle.c, nil) // Where it was not that: calls that nobody serves any more are not to wait.
			s.giveUp()
			return
		}
		s.begin(s.callOf(&request), RequestKind(request.kind))
		C.capsule_request_release(&request)
	}
}

func (s *server) callOf(request *C.capsule_request) *Call {
	call := &Call{
		Capability:     textOf(request.capability),
		Arguments:      json.RawMessage(textOf(request.arguments)),
		RequestID:      uint64(request.request_id),
		SessionID:      uint64(request.session_id),
		ExecutionID:    uint64(request.execution_id),
		IdempotencyKey: textOf(request.idempotency_key),
		server:         s,
	}
	if request.attachment_count > 0 {
		call.Attachments = map[string]*Value{}
		for _, one := range unsafe.Slice(request.attachments, int(request.attachment_count)) {
			call.Attachments[textOf(one.name)] = valueOf(one.value)
		}
	}
	return call
}

func (s *server) begin(call *Call, kind RequestKind) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if kind == RequestCanceled {
		if cancel := s.open[call.RequestID]; cancel != nil {
			cancel()
		}
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.open[call.RequestID] = cancel
	if kind == RequestApproval {
		go s.decide(call, s.approve[call.Capability])
	} else {
		go s.answer(ctx, call, s.handlers[call.Capability])
	}
}

func (s *server) end(call *Call) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if cancel := s.open[call.RequestID]; cancel != nil {
		cancel()
		delete(s.open, call.RequestID)
	}
}

func (s *server) giveUp() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, cancel := range s.open {
		cancel()
	}
}

func (s *server) decide(call *Call, decide func(*Call) bool) {
	s.end(call) // The call itself comes with the same id.
	approved := C.int32_t(0)
	defer func() {
		_ = recover() // One that panics denies: the host lives on.
		C.capsule_bridge_approve(s.handle.c, C.uint64_t(call.RequestID), approved, nil)
	}()
	if decide != nil && decide(call) {
		approved = 1
	}
}

func (s *server) answer(ctx context.Context, call *Call, handler Handler) {
	defer s.end(call)
	answered, failure := false, PythonError{Message: "the host's function ended its goroutine"}
	defer func() {
		// A handler that panics is one that failed; so are an answer and an error that do when they are asked what they are.
		if cause := recover(); cause != nil {
			failure = PythonError{Message: fmt.Sprintf("the host's function panicked: %v", cause)}
		}
		if !answered {
			s.fail(call, failure)
		}
	}()
	err := s.run(ctx, call, handler)
	answered = err == nil
	// What cannot be told as an answer is told as an exception; where nobody waits, neither is of use.
	var own *PythonError
	if errors.As(err, &own) && own != nil {
		failure = *own
	} else if err != nil {
		failure = PythonError{Message: err.Error()}
	}
}

func (s *server) run(ctx context.Context, call *Call, handler Handler) error {
	if handler == nil {
		return errors.New("nobody serves it")
	}
	value, err := handler(ctx, call)
	if err != nil {
		return err
	}
	return s.respond(call, value)
}

func (s *server) fail(call *Call, failure PythonError) {
	var pins runtime.Pinner
	defer pins.Unpin()
	kind, message := rawText(sendable(failure.Type, 255), &pins), rawText(sendable(failure.Message, 32<<10), &pins)
	C.capsule_bridge_fail(s.handle.c, C.uint64_t(call.RequestID), kind, message, nil)
}

// What the library takes of a text that may be any: refused, nobody would be told anything, and the code would wait on.
func sendable(text string, size int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", `\0`)
	if len(text) > size {
		text = strings.ToValidUTF8(text[:size], "")
	}
	return text
}

func asValue(value any) (*Value, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case *Value:
		return value, nil
	case []byte:
		return Bytes(value), nil
	}
	return JSON(value)
}

func (s *server) respond(call *Call, value any) error {
	given, err := asValue(value)
	if err != nil {
		return err
	}
	var pins runtime.Pinner
	defer pins.Unpin()
	failure := newFailure()
	return check(C.capsule_bridge_respond(s.handle.c, C.uint64_t(call.RequestID), given.raw(&pins), failure), failure)
}

// ReportProgress tells those who look at traces and pending calls how far the host has come with this one; a total of 0 is not known.
func (c *Call) ReportProgress(done, total uint64) error {
	failure := newFailure()
	return check(C.capsule_bridge_report_progress(c.server.handle.c, C.uint64_t(c.RequestID), C.uint64_t(done), C.uint64_t(total), failure), failure)
}

// Send sends a piece of the answer of a CapabilityStream; what the handler returns then must be nil. Waits while the code takes
// none; what the context ended was not sent.
func (c *Call) Send(ctx context.Context, piece any) error {
	value, err := asValue(piece)
	if err != nil {
		return err
	}
	return inSlices(ctx, func(timeout C.int64_t) error {
		var pins runtime.Pinner
		defer pins.Unpin()
		failure := newFailure()
		return check(C.capsule_bridge_send_chunk(c.server.handle.c, C.uint64_t(c.RequestID), value.raw(&pins), timeout, failure), failure)
	})
}

// Receive waits for the next piece of a call of a CapabilityUpload; io.EOF behind the last. Where the context ended the wait, no piece
// was lost.
func (c *Call) Receive(ctx context.Context) (*Value, error) {
	var piece *Value
	err := inSlices(ctx, func(timeout C.int64_t) error {
		raw := C.capsule_value{struct_size: C.sizeof_capsule_value}
		failure := newFailure()
		status := C.capsule_bridge_next_chunk(c.server.handle.c, C.uint64_t(c.RequestID), timeout, &raw, failure)
		if status == C.CAPSULE_E_END {
			return io.EOF
		}
		if err := check(status, failure); err != nil {
			return err
		}
		defer C.capsule_value_release(&raw)
		piece = valueOf(&raw)
		return nil
	})
	return piece, err
}

// NarrowRules narrows what the session may call of the host: its calls must be let through by these rules as well, for good.
func (s *Session) NarrowRules(rules []Rule) error {
	var pins runtime.Pinner
	defer pins.Unpin()
	list, count := rawList(rules, &pins, (*Rule).put)
	failure := newFailure()
	err := check(C.capsule_session_narrow_rules(s.handle.c, list, count, failure), failure)
	runtime.KeepAlive(s)
	return err
}
