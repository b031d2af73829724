package capsule

/*
#include <capsule/capsule.h>
#include <stdbool.h>
#include <stdlib.h>

// What a call fills in: memory of C, which cgo need not search for pointers of Go at each call.
typedef struct capsule_go_scratch {
  capsule_event event;
  capsule_error failure;
  capsule_execution *execution;
} capsule_go_scratch;

static capsule_go_scratch *capsule_go_scratch_new(void) {
  capsule_go_scratch *scratch = calloc(1, sizeof *scratch);
  if (scratch != NULL) {
    scratch->event.struct_size = sizeof scratch->event;
    scratch->failure.struct_size = sizeof scratch->failure;
  }
  return scratch;
}

// Who collects what an execution did stays in C between its start, of which there is nothing to collect, and what follows.
static capsule_status capsule_go_next(capsule_execution *execution, int64_t timeout_ms, bool but_started, capsule_go_scratch *scratch) {
  capsule_status status = capsule_execution_next(execution, timeout_ms, &scratch->event, &scratch->failure);
  while (but_started && status == CAPSULE_OK && scratch->event.kind == CAPSULE_EVENT_STARTED) {
    capsule_event_release(&scratch->event);
    status = capsule_execution_next(execution, timeout_ms, &scratch->event, &scratch->failure);
  }
  return status;
}
*/
import "C"

import (
	"context"
	"io"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

type executionHandle struct{ c *C.capsule_execution }

// Execution is one source text, running or waiting to run.
type Execution struct {
	handle     executionHandle
	closed     atomic.Bool
	wait       waiter
	stop       func() bool // Forgets the context.
	butStarted bool        // Its start is no event for who waits.
}

// The context cancels the execution. Who does not close it for sure says so to the garbage collector by releaseForgotten.
func newExecution(ctx context.Context, handle executionHandle) *Execution {
	e := &Execution{handle: handle}
	if ctx.Done() != nil {
		e.stop = context.AfterFunc(ctx, func() { C.capsule_execution_cancel(handle.c, -1, nil) })
	}
	return e
}

func (e *Execution) releaseForgotten() *Execution {
	runtime.AddCleanup(e, func(handle executionHandle) { C.capsule_execution_release(handle.c) }, e.handle)
	return e
}

// What a call fills in; used again, on the same processor of Go's most often. The times are from the program's begin.
type scratch struct {
	c             *C.capsule_go_scratch
	used, yielded time.Duration
}

var scratches = sync.Pool{New: func() any {
	s := &scratch{c: C.capsule_go_scratch_new()}
	if s.c == nil {
		panic("capsule: no memory")
	}
	runtime.AddCleanup(s, func(c *C.capsule_go_scratch) { C.free(unsafe.Pointer(c)) }, s.c)
	return s
}}

func borrowScratch() *scratch { return scratches.Get().(*scratch) }

var began = time.Now()

// Go's monitor thread wakes every 20 µs, and then less and less, down to every 10 ms. A goroutine that only calls C, one execution after
// the other, never ends its time slice: after 10 ms the monitor takes its processor away, and begins with 20 µs again; each time it
// wakes can cost as much as the execution. So the goroutine ends its slice itself, well before. Not where a call took long: there
// the monitor is to take the processor, for those who wait for one.
const (
	slice = 4 * time.Millisecond
	short = time.Millisecond
)

func (s *scratch) giveBack() {
	now := time.Since(began)
	over := now-s.yielded > slice && now-s.used < short
	s.used = now
	if over {
		s.yielded = now
	}
	scratches.Put(s)
	if over {
		runtime.Gosched()
	}
}

func (e *Execution) take(timeout C.int64_t, into *Event) error {
	s := borrowScratch()
	defer s.giveBack()
	status := C.capsule_go_next(e.handle.c, timeout, C.bool(e.butStarted), s.c)
	switch status {
	case C.CAPSULE_OK:
		into.fill(&s.c.event)
		C.capsule_event_release(&s.c.event)
		return nil
	case C.CAPSULE_E_END:
		return io.EOF
	}
	return check(status, &s.c.failure)
}

func (e *Execution) descriptor() (C.int32_t, error) {
	var fd C.int32_t
	failure := newFailure()
	err := check(C.capsule_execution_get_fd(e.handle.c, &fd, failure), failure)
	return fd, err
}

// Read waits for the next event and puts it into a record that may have been used before. io.EOF: there is none any more. The
// context bounds this wait alone; when it is done nothing was lost.
func (e *Execution) Read(ctx context.Context, into *Event) error {
	defer runtime.KeepAlive(e)
	err := e.wait.until(ctx, func(timeout C.int64_t) error { return e.take(timeout, into) }, e.descriptor)
	if err == nil && into.Terminal() && e.stop != nil {
		e.stop()
	}
	return err
}

// Next is Read into a fresh record.
func (e *Execution) Next(ctx context.Context) (*Event, error) {
	event := new(Event)
	if err := e.Read(ctx, event); err != nil {
		return nil, err
	}
	return event, nil
}

// Events walks the events to the end, waiting for each. An error is the last of the walk.
func (e *Execution) Events() iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		for {
			event, err := e.Next(context.Background())
			if err == io.EOF || !yield(event, err) || err != nil {
				return
			}
		}
	}
}

// Answer answers an input request, by the InputID of its event, with one line.
func (e *Execution) Answer(inputID uint64, line string) error {
	failure := newFailure()
	status := C.capsule_execution_answer(e.handle.c, C.uint64_t(inputID), chars(line), C.size_t(len(line)), failure)
	runtime.KeepAlive(e)
	return check(status, failure)
}

// Decline declines an input request: input() raises EOFError.
func (e *Execution) Decline(inputID uint64) error {
	failure := newFailure()
	err := check(C.capsule_execution_decline(e.handle.c, C.uint64_t(inputID), failure), failure)
	runtime.KeepAlive(e)
	return err
}

// Cancel ends the execution: KeyboardInterrupt first, the worker's death when the grace is over; 0 kills at once, a negative
// grace is the session's. It returns at once, and the terminal event tells what was needed.
func (e *Execution) Cancel(grace time.Duration) error {
	failure := newFailure()
	err := check(C.capsule_execution_cancel(e.handle.c, milliseconds(grace), failure), failure)
	runtime.KeepAlive(e)
	return err
}

// Interrupt raises KeyboardInterrupt, once.
func (e *Execution) Interrupt() error {
	failure := newFailure()
	err := check(C.capsule_execution_interrupt(e.handle.c, failure), failure)
	runtime.KeepAlive(e)
	return err
}

// ID is the execution's number in its session, from 1.
func (e *Execution) ID() (uint64, error) {
	var id C.uint64_t
	failure := newFailure()
	err := check(C.capsule_execution_get_id(e.handle.c, &id, failure), failure)
	runtime.KeepAlive(e)
	return uint64(id), err
}

// Close gives the handle back. Code that still runs goes on, its output dropped; who waits for an event gets StatusHandle.
func (e *Execution) Close() error {
	if !e.closed.Swap(true) {
		if e.stop != nil {
			e.stop()
		}
		C.capsule_execution_release(e.handle.c)
		e.wait.close()
	}
	runtime.KeepAlive(e)
	return nil
}

// Terminal tells whether the event is its execution's last, but for late output.
func (e *Event) Terminal() bool { return e.Kind == EventResult || e.Kind == EventError }
