package capsule

// #include <capsule/capsule.h>
import "C"

import (
	"context"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
)

type sessionHandle struct{ c *C.capsule_session }

// Session is one Python process with a namespace that persists.
type Session struct {
	handle sessionHandle
	closed atomic.Bool
	bridge *Bridge // Lives as long as its sessions.
}

func newSession(handle *C.capsule_session) *Session {
	s := &Session{handle: sessionHandle{handle}}
	runtime.AddCleanup(s, func(handle sessionHandle) { C.capsule_session_release(handle.c) }, s.handle)
	return s
}

func releaseSession(s *Session) { _ = s.Close() }

// Open opens a session; nil for the default options. It waits until the session is ready, unless they say otherwise.
func (r *Runtime) Open(ctx context.Context, options *SessionOptions) (*Session, error) {
	defer runtime.KeepAlive(r)
	return await(ctx, func(C.int64_t) (*Session, error) {
		var pins runtime.Pinner
		defer pins.Unpin()
		var handle *C.capsule_session
		failure := newFailure()
		if err := check(C.capsule_session_open(r.handle.c, options.raw(&pins), &handle, failure), failure); err != nil {
			return nil, err
		}
		session := newSession(handle)
		if options != nil {
			session.bridge = options.Bridge
		}
		return session, nil
	}, releaseSession)
}

// Execute submits a source text, which runs when those before it have ended; nil for the default options. When the context
// is done, the code is cancelled, with the session's grace.
func (s *Session) Execute(ctx context.Context, source string, options *ExecutionOptions) (*Execution, error) {
	execution, err := s.submit(ctx, source, options)
	if err != nil {
		return nil, err
	}
	return execution.releaseForgotten(), nil
}

func (s *Session) submit(ctx context.Context, source string, options *ExecutionOptions) (*Execution, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var pins runtime.Pinner
	defer pins.Unpin()
	scratch := borrowScratch()
	defer scratch.giveBack()
	status := C.capsule_execution_create(s.handle.c, chars(source), C.size_t(len(source)), options.raw(&pins), &scratch.c.execution, &scratch.c.failure)
	runtime.KeepAlive(s)
	if err := check(status, &scratch.c.failure); err != nil {
		return nil, err
	}
	return newExecution(ctx, executionHandle{scratch.c.execution}), nil
}

// Result is all that one execution did. Fields that the end does not have are empty, as in Event.
type Result struct {
	Stdout, Stderr string
	Displays       []Event
	End            Event // The terminal event.
}

// OK tells whether the code ran to its end.
func (r *Result) OK() bool { return r.End.Outcome == OutcomeOK }

// Run runs a source text to its end and collects what it did. Input requests are declined. Where the context ended it, the
// context's error comes with the result.
func (s *Session) Run(ctx context.Context, source string, options *ExecutionOptions) (*Result, error) {
	execution, err := s.submit(ctx, source, options)
	if err != nil {
		return nil, err
	}
	defer execution.Close()
	execution.butStarted = true
	var out, err2 strings.Builder
	result := new(Result)
	for event := &result.End; !event.Terminal(); {
		if err := execution.Read(context.Background(), event); err != nil {
			return nil, err
		}
		switch event.Kind {
		case EventOutput:
			if event.Stream == StreamStderr {
				err2.WriteString(event.Raw)
			} else {
				out.WriteString(event.Raw)
			}
		case EventDisplay:
			result.Displays = append(result.Displays, *event)
		case EventInput:
			_ = execution.Decline(event.InputID) // One that a timeout ended meanwhile needs no answer.
		}
	}
	result.Stdout, result.Stderr = out.String(), err2.String()
	if result.End.Outcome == OutcomeCanceled && ctx.Err() != nil {
		return result, ctx.Err()
	}
	return result, nil
}

// WaitReady waits until the session is ready, or has failed to start.
func (s *Session) WaitReady(ctx context.Context) error {
	defer runtime.KeepAlive(s)
	return awaitDone(ctx, func(timeout C.int64_t) error {
		failure := newFailure()
		return check(C.capsule_session_wait_ready(s.handle.c, timeout, failure), failure)
	})
}

// Restart ends the worker and starts another, with a fresh namespace. Waits.
func (s *Session) Restart(ctx context.Context) error {
	defer runtime.KeepAlive(s)
	return awaitDone(ctx, func(C.int64_t) error {
		failure := newFailure()
		return check(C.capsule_session_restart(s.handle.c, failure), failure)
	})
}

// Shutdown closes the session: what runs has that time to end. Events that were queued can still be taken; the session
// answers StatusClosed from then on. Waits.
func (s *Session) Shutdown(grace time.Duration) error {
	failure := newFailure()
	err := check(C.capsule_session_close(s.handle.c, milliseconds(grace), failure), failure)
	runtime.KeepAlive(s)
	return err
}

// Close closes the session at once, and gives the handle back: every call answers StatusHandle then. A session of a pool is
// given back to it.
func (s *Session) Close() error {
	if !s.closed.Swap(true) {
		C.capsule_session_release(s.handle.c)
	}
	runtime.KeepAlive(s)
	return nil
}

// Info copies what is known of the session, closed ones included. Never waits for the worker.
func (s *Session) Info() (SessionInfo, error) {
	return get(s, sessionInfoOf, func(raw *C.capsule_session_info, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_get_info(s.handle.c, raw, failure)
	})
}
