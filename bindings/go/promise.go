package capsule

// #include <capsule/capsule.h>
import "C"

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

type storeHandle struct{ c *C.capsule_promise_store }

// PromiseStore keeps promises: named answers that come once and outlive who waits for them. In memory, in a file, or of a
// Resonate server.
type PromiseStore struct {
	handle storeHandle
	closed atomic.Bool
	wait   waiter
}

// Promise is a promise as it was read. Param and Value hold bytes.
type Promise struct {
	ID           string
	State        PromiseState
	Param, Value string
	TimeoutAtMs  int64 // When its time is over, since 1970.
	CreatedAtMs  int64
	SettledAtMs  int64 // 0 while it is pending.
}

// PromiseWish is a promise to be.
type PromiseWish struct {
	ID      string
	Param   string        // What it is about.
	Timeout time.Duration // Until it is PromiseTimedOut; 0 for a minute.
	Target  string        // Of a Resonate server: who is to settle it.
}

// OpenPromises opens a store; nil for the default options: in memory.
func (r *Runtime) OpenPromises(options *PromiseStoreOptions) (*PromiseStore, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	p := new(PromiseStore)
	failure := newFailure()
	err := check(C.capsule_promise_store_open(r.handle.c, options.raw(&pins), &p.handle.c, failure), failure)
	runtime.KeepAlive(r)
	if err != nil {
		return nil, err
	}
	runtime.AddCleanup(p, func(handle storeHandle) { C.capsule_promise_store_release(handle.c) }, p.handle)
	return p, nil
}

func promiseOf(c *C.capsule_promise) *Promise {
	return &Promise{
		ID: textOf(c.id), State: PromiseState(c.state), Param: textOf(c.param), Value: textOf(c.value),
		TimeoutAtMs: int64(c.timeout_at_ms), CreatedAtMs: int64(c.created_at_ms), SettledAtMs: int64(c.settled_at_ms),
	}
}

// A call that reads a promise; `id` is lent to it.
func (p *PromiseStore) read(id string, call func(id C.capsule_text, raw *C.capsule_promise, failure *C.capsule_error) C.capsule_status) (*Promise, error) {
	defer runtime.KeepAlive(p)
	var pins runtime.Pinner
	defer pins.Unpin()
	raw := C.capsule_promise{struct_size: C.sizeof_capsule_promise}
	failure := newFailure()
	if err := check(call(rawText(id, &pins), &raw, failure), failure); err != nil {
		return nil, err
	}
	defer C.capsule_promise_release(&raw)
	return promiseOf(&raw), nil
}

// Create creates a promise, or finds the one of that id. Waits for file or server.
func (p *PromiseStore) Create(ctx context.Context, wish PromiseWish) (*Promise, error) {
	return await(ctx, func(C.int64_t) (*Promise, error) {
		return p.read(wish.ID, func(id C.capsule_text, raw *C.capsule_promise, failure *C.capsule_error) C.capsule_status {
			var pins runtime.Pinner
			defer pins.Unpin()
			var given C.capsule_promise_wish
			C.capsule_promise_wish_init(&given, C.sizeof_capsule_promise_wish)
			given.id, given.param, given.target = id, rawText(wish.Param, &pins), rawText(wish.Target, &pins)
			if wish.Timeout != 0 {
				given.timeout_ms = milliseconds(wish.Timeout)
			}
			return C.capsule_promise_create(p.handle.c, &given, raw, failure)
		})
	}, nil)
}

// Resolve settles a promise with a value, where nobody has settled it before; what it brings is the promise as it is now.
func (p *PromiseStore) Resolve(ctx context.Context, id, value string) (*Promise, error) {
	return p.settle(ctx, id, PromiseResolved, value)
}

// Reject is the same with a failure.
func (p *PromiseStore) Reject(ctx context.Context, id, value string) (*Promise, error) {
	return p.settle(ctx, id, PromiseRejected, value)
}

// Cancel is the same: it is given up.
func (p *PromiseStore) Cancel(ctx context.Context, id, value string) (*Promise, error) {
	return p.settle(ctx, id, PromiseCanceled, value)
}

func (p *PromiseStore) settle(ctx context.Context, id string, state PromiseState, value string) (*Promise, error) {
	return await(ctx, func(C.int64_t) (*Promise, error) {
		return p.read(id, func(id C.capsule_text, raw *C.capsule_promise, failure *C.capsule_error) C.capsule_status {
			var pins runtime.Pinner
			defer pins.Unpin()
			return C.capsule_promise_settle(p.handle.c, id, C.int32_t(state), rawText(value, &pins), raw, failure)
		})
	}, nil)
}

// Get reads a promise; StatusName where there is none.
func (p *PromiseStore) Get(ctx context.Context, id string) (*Promise, error) {
	return await(ctx, func(C.int64_t) (*Promise, error) {
		return p.read(id, func(id C.capsule_text, raw *C.capsule_promise, failure *C.capsule_error) C.capsule_status {
			return C.capsule_promise_get(p.handle.c, id, raw, failure)
		})
	}, nil)
}

// How long a thread stays behind when a context has ended the wait for a promise.
const waitSlice = 200

// Wait waits until a promise is settled, or its time is over. It holds a thread meanwhile: for many promises there are Watch and Next.
func (p *PromiseStore) Wait(ctx context.Context, id string) (*Promise, error) {
	return await(ctx, func(C.int64_t) (*Promise, error) {
		for {
			promise, err := p.read(id, func(id C.capsule_text, raw *C.capsule_promise, failure *C.capsule_error) C.capsule_status {
				return C.capsule_promise_wait(p.handle.c, id, waitSlice, raw, failure)
			})
			if !isTimeout(err) || ctx.Err() != nil {
				return promise, err
			}
		}
	}, nil)
}

// Watch wants Next to tell of a promise when it is settled or its time is over, once.
func (p *PromiseStore) Watch(ctx context.Context, id string) error {
	defer runtime.KeepAlive(p)
	return awaitDone(ctx, func(C.int64_t) error {
		var pins runtime.Pinner
		defer pins.Unpin()
		failure := newFailure()
		return check(C.capsule_promise_watch(p.handle.c, rawText(id, &pins), failure), failure)
	})
}

// Next waits for the next promise that was watched and is settled. It holds no thread.
func (p *PromiseStore) Next(ctx context.Context) (promise *Promise, err error) {
	defer runtime.KeepAlive(p)
	err = p.wait.until(ctx, func(timeout C.int64_t) (err error) {
		promise, err = p.read("", func(_ C.capsule_text, raw *C.capsule_promise, failure *C.capsule_error) C.capsule_status {
			return C.capsule_promise_next(p.handle.c, timeout, raw, failure)
		})
		return err
	}, func() (C.int32_t, error) {
		var fd C.int32_t
		failure := newFailure()
		err := check(C.capsule_promise_store_get_fd(p.handle.c, &fd, failure), failure)
		return fd, err
	})
	return promise, err
}

// Forget forgets a promise that is settled.
func (p *PromiseStore) Forget(ctx context.Context, id string) error {
	defer runtime.KeepAlive(p)
	return awaitDone(ctx, func(C.int64_t) error {
		var pins runtime.Pinner
		defer pins.Unpin()
		failure := newFailure()
		return check(C.capsule_promise_forget(p.handle.c, rawText(id, &pins), failure), failure)
	})
}

// Pending lists the promises that are open, those first whose time is over first.
func (p *PromiseStore) Pending() ([]PendingPromise, error) {
	return rows(p, pendingPromiseOf, func(first *C.capsule_pending_promise, room C.size_t, count *C.size_t, total *C.uint64_t, failure *C.capsule_error) C.capsule_status {
		return C.capsule_promise_list_pending(p.handle.c, first, room, count, total, failure)
	})
}

// Metrics copies what the store has counted.
func (p *PromiseStore) Metrics() (PromiseMetrics, error) {
	return get(p, promiseMetricsOf, func(raw *C.capsule_promise_metrics, failure *C.capsule_error) C.capsule_status {
		return C.capsule_promise_store_get_metrics(p.handle.c, raw, failure)
	})
}

// Execute runs a source text durably: its end settles the promise of that id. Where that is settled already there is no execution (nil),
// and the promise has its value. `timeout` is the promise's, 0 for a day. The context is the execution's, as of Session.Execute.
// Waits for file or server.
func (p *PromiseStore) Execute(ctx context.Context, session *Session, source, id string, timeout time.Duration,
	options *ExecutionOptions) (*Execution, *Promise, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	var handle executionHandle
	promise, err := p.read(id, func(id C.capsule_text, raw *C.capsule_promise, failure *C.capsule_error) C.capsule_status {
		var pins runtime.Pinner
		defer pins.Unpin()
		var durable C.capsule_durable_options
		C.capsule_durable_options_init(&durable, C.sizeof_capsule_durable_options)
		durable.store, durable.promise_id = p.handle.c, id
		if timeout != 0 {
			durable.timeout_ms = milliseconds(timeout)
		}
		return C.capsule_session_execute_durable(session.handle.c, chars(source), C.size_t(len(source)), options.raw(&pins), &durable,
			&handle.c, raw, failure)
	})
	runtime.KeepAlive(session)
	if err != nil || handle.c == nil {
		return nil, promise, err
	}
	return newExecution(ctx, handle).releaseForgotten(), promise, nil
}

// Close closes the store and gives the handle back: who waits gets an error, promises stay where they are kept. Waits for the file.
func (p *PromiseStore) Close() error {
	if p.closed.Swap(true) {
		return nil
	}
	failure := newFailure()
	err := check(C.capsule_promise_store_close(p.handle.c, failure), failure)
	C.capsule_promise_store_release(p.handle.c)
	p.wait.close()
	runtime.KeepAlive(p)
	return err
}
