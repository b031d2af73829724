package capsule

// #include <capsule/capsule.h>
import "C"

import (
	"context"
	"io"
	"iter"
	"runtime"
	"sync/atomic"
)

type traceHandle struct{ c *C.capsule_trace }

// TraceReader reads a session's trace event by event. It may outlive the session.
type TraceReader struct {
	handle traceHandle
	closed atomic.Bool
	wait   waiter
}

// FollowTrace begins to read the session's trace: the events that there are and those to come, that fit the filter; nil for all.
func (s *Session) FollowTrace(filter *TraceFilter) (*TraceReader, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	r := new(TraceReader)
	failure := newFailure()
	err := check(C.capsule_trace_get(s.handle.c, filter.raw(&pins), &r.handle.c, failure), failure)
	runtime.KeepAlive(s)
	if err != nil {
		return nil, err
	}
	runtime.AddCleanup(r, func(handle traceHandle) { C.capsule_trace_release(handle.c) }, r.handle)
	return r, nil
}

// Next waits for the next event. io.EOF: the session is closed and all was read. StatusEvicted: events went before they were
// read, the message says how many, and the next call goes on behind them.
func (r *TraceReader) Next(ctx context.Context) (event TraceEvent, err error) {
	defer runtime.KeepAlive(r)
	err = r.wait.until(ctx, func(timeout C.int64_t) error {
		var raw C.capsule_trace_event
		failure := newFailure()
		status := C.capsule_trace_next(r.handle.c, timeout, &raw, failure)
		if status == C.CAPSULE_E_END {
			return io.EOF
		}
		if err := check(status, failure); err != nil {
			return err
		}
		event = traceEventOf(&raw)
		return nil
	}, func() (C.int32_t, error) {
		var fd C.int32_t
		failure := newFailure()
		err := check(C.capsule_trace_get_fd(r.handle.c, &fd, failure), failure)
		return fd, err
	})
	return event, err
}

// Events walks the events until the session is closed or the context is done. An error other than StatusEvicted is the last of the walk.
func (r *TraceReader) Events(ctx context.Context) iter.Seq2[TraceEvent, error] {
	return func(yield func(TraceEvent, error) bool) {
		for {
			event, err := r.Next(ctx)
			if err == io.EOF || !yield(event, err) || err != nil && StatusOf(err) != StatusEvicted {
				return
			}
		}
	}
}

// Info copies what there is of the trace, and what there is no longer.
func (r *TraceReader) Info() (TraceInfo, error) {
	return get(r, traceInfoOf, func(raw *C.capsule_trace_info, failure *C.capsule_error) C.capsule_status {
		return C.capsule_trace_get_info(r.handle.c, raw, failure)
	})
}

// TraceLabel is the name that an event's Label stands for, as the policy shows it.
func (s *Session) TraceLabel(number uint32) (TraceLabel, error) {
	return get(s, traceLabelOf, func(raw *C.capsule_trace_label, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_get_trace_label(s.handle.c, C.uint32_t(number), raw, failure)
	})
}

// TraceContext is the W3C trace context of an execution: the one given with it, or one that was made for it, always the same.
func (s *Session) TraceContext(executionID uint64) (TraceContext, error) {
	return get(s, traceContextOf, func(raw *C.capsule_trace_context, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_get_trace_context(s.handle.c, C.uint64_t(executionID), raw, failure)
	})
}

// InspectTraceLabel is the same as a guarded look: no more than the policy allows, and with the caller in the audit trail. nil for the
// default inspection.
func (s *Session) InspectTraceLabel(inspection *Inspection, number uint32) (TraceLabel, error) {
	return look(s, inspection, traceLabelOf, func(*C.capsule_trace_label) {},
		func(inspection *C.capsule_inspection, raw *C.capsule_trace_label, failure *C.capsule_error) C.capsule_status {
			return C.capsule_session_inspect_trace_label(s.handle.c, inspection, C.uint32_t(number), raw, failure)
		})
}

// Close gives the reader back; who waits in Next gets StatusHandle.
func (r *TraceReader) Close() error {
	if !r.closed.Swap(true) {
		C.capsule_trace_release(r.handle.c)
		r.wait.close()
	}
	runtime.KeepAlive(r)
	return nil
}

// Postmortem is what is known of a worker that died: how, in the middle of what, and what it did last.
type Postmortem struct {
	PostmortemInfo
	JSON  string      // All of it, one line, as `capsule postmortem FILE` shows it.
	Stack *StackTrace // Where its Python code stood, where a fatal signal ended it; SIGKILL leaves none: nil.
}

// Postmortem copies what is known of one of the session's last deaths: 0 for the last, up to PostmortemsKept - 1. StatusState where
// there was no such death.
func (s *Session) Postmortem(index uint32) (*Postmortem, error) {
	return postmortemOf(s, func(handle **C.capsule_postmortem, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_get_postmortem(s.handle.c, C.uint32_t(index), handle, failure)
	})
}

// InspectPostmortem is the same as a guarded look: no more than the policy allows, and with the caller in the audit trail. nil for the
// default inspection.
func (s *Session) InspectPostmortem(inspection *Inspection, index uint32) (*Postmortem, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	return postmortemOf(s, func(handle **C.capsule_postmortem, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_inspect_postmortem(s.handle.c, inspection.raw(&pins), C.uint32_t(index), handle, failure)
	})
}

func postmortemOf(s *Session, call func(handle **C.capsule_postmortem, failure *C.capsule_error) C.capsule_status) (*Postmortem, error) {
	var handle *C.capsule_postmortem
	failure := newFailure()
	err := check(call(&handle, failure), failure)
	runtime.KeepAlive(s)
	if err != nil {
		return nil, err
	}
	defer C.capsule_postmortem_release(handle)
	raw := C.capsule_postmortem_info{struct_size: C.sizeof_capsule_postmortem_info}
	if err := check(C.capsule_postmortem_get_info(handle, &raw, failure), failure); err != nil {
		return nil, err
	}
	var json C.capsule_text
	if err := check(C.capsule_postmortem_to_json(handle, &json, failure), failure); err != nil {
		return nil, err
	}
	stack, err := stackOfDeath(handle)
	return &Postmortem{postmortemInfoOf(&raw), textOf(json), stack}, err
}

func stackOfDeath(postmortem *C.capsule_postmortem) (*StackTrace, error) {
	var handle *C.capsule_stack
	failure := newFailure()
	err := check(C.capsule_postmortem_get_stack(postmortem, &handle, failure), failure)
	if StatusOf(err) == StatusState {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return stackTaken(handle)
}
