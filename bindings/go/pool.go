package capsule

/*
#include <capsule/capsule.h>
#include <poll.h>

static int is_readable(int fd) {
  struct pollfd entry = {.fd = fd, .events = POLLIN};
  return fd >= 0 && poll(&entry, 1, 0) == 1;
}
*/
import "C"

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"time"
)

type poolHandle struct{ c *C.capsule_pool }

// Pool keeps sessions ready.
type Pool struct {
	handle poolHandle
	closed atomic.Bool
	bridge *Bridge
}

// OpenPool opens a pool; nil for the default options. It does not wait for sessions: WaitReady does.
func (r *Runtime) OpenPool(options *PoolOptions) (*Pool, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	p := new(Pool)
	failure := newFailure()
	if err := check(C.capsule_pool_create(r.handle.c, options.raw(&pins), &p.handle.c, failure), failure); err != nil {
		return nil, err
	}
	runtime.KeepAlive(r)
	if options != nil && options.Session != nil {
		p.bridge = options.Session.Bridge
	}
	runtime.AddCleanup(p, func(handle poolHandle) { go C.capsule_pool_release(handle.c) }, p.handle)
	return p, nil
}

// WaitReady waits until `MinIdle` sessions were made, or one cannot be.
func (p *Pool) WaitReady(ctx context.Context) error {
	defer runtime.KeepAlive(p)
	return awaitDone(ctx, func(timeout C.int64_t) error {
		failure := newFailure()
		return check(C.capsule_pool_wait_ready(p.handle.c, timeout, failure), failure)
	})
}

// ranOut is a timeout of the acquisition's own, and none of the wait for it.
type ranOut struct{ error }

// Acquire acquires a session: an idle one at once, else the next one in its turn; nil for the default options, whose time ends as
// StatusTimeout. The place in the line is given up when the context is done. Sessions go back by GiveBack.
func (p *Pool) Acquire(ctx context.Context, options *AcquireOptions) (*Session, error) {
	defer runtime.KeepAlive(p)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var pins runtime.Pinner
	defer pins.Unpin()
	var acquisition *C.capsule_acquisition
	failure := newFailure()
	if err := check(C.capsule_pool_acquire_async(p.handle.c, options.raw(&pins), &acquisition, failure), failure); err != nil {
		return nil, err
	}
	wait := new(waiter)
	defer wait.close()
	defer C.capsule_acquisition_release(acquisition)
	var handle *C.capsule_session
	fd := C.int32_t(-1)
	err := wait.until(ctx, func(timeout C.int64_t) error {
		ended := C.is_readable(fd) != 0
		failure := newFailure()
		err := check(C.capsule_acquisition_take(acquisition, timeout, &handle, failure), failure)
		if ended && isTimeout(err) {
			return &ranOut{err}
		}
		return err
	}, func() (C.int32_t, error) {
		failure := newFailure()
		err := check(C.capsule_acquisition_get_fd(acquisition, &fd, failure), failure)
		return fd, err
	})
	var own *ranOut
	if errors.As(err, &own) {
		return nil, own.error
	}
	if err != nil {
		return nil, err
	}
	session := newSession(handle)
	session.bridge = p.bridge
	return session, nil
}

// GiveBack gives a session back, which must not be used any more; what still runs in it is cancelled. Does not wait.
func (p *Pool) GiveBack(session *Session) error {
	failure := newFailure()
	err := check(C.capsule_pool_give_back(p.handle.c, session.handle.c, failure), failure)
	if err == nil {
		session.closed.Store(true)
	}
	runtime.KeepAlive(p)
	runtime.KeepAlive(session)
	return err
}

// Info copies the configuration and the status.
func (p *Pool) Info() (PoolInfo, error) {
	return get(p, poolInfoOf, func(raw *C.capsule_pool_info, failure *C.capsule_error) C.capsule_status {
		return C.capsule_pool_get_info(p.handle.c, raw, failure)
	})
}

// Metrics copies what the pool has counted.
func (p *Pool) Metrics() (PoolMetrics, error) {
	return get(p, poolMetricsOf, func(raw *C.capsule_pool_metrics, failure *C.capsule_error) C.capsule_status {
		return C.capsule_pool_get_metrics(p.handle.c, raw, failure)
	})
}

// Sessions lists the sessions that the pool has now.
func (p *Pool) Sessions() ([]PoolSession, error) {
	return take(p, func(raw *C.capsule_pool_sessions) []PoolSession {
		return listOf(raw.sessions, raw.count, poolSessionOf)
	},
		func(raw *C.capsule_pool_sessions) { C.capsule_pool_sessions_release(raw) },
		func(raw *C.capsule_pool_sessions, failure *C.capsule_error) C.capsule_status {
			return C.capsule_pool_list_sessions(p.handle.c, raw, failure)
		})
}

// Imports tells what became of each import at the last warm-up.
func (p *Pool) Imports() ([]PoolImport, error) {
	return take(p, func(raw *C.capsule_pool_imports) []PoolImport { return listOf(raw.imports, raw.count, poolImportOf) },
		func(raw *C.capsule_pool_imports) { C.capsule_pool_imports_release(raw) },
		func(raw *C.capsule_pool_imports, failure *C.capsule_error) C.capsule_status {
			return C.capsule_pool_list_imports(p.handle.c, raw, failure)
		})
}

// Shutdown closes the pool: sessions that are acquired may be given back for that time. Waits until no process is left.
func (p *Pool) Shutdown(grace time.Duration) error {
	failure := newFailure()
	err := check(C.capsule_pool_close(p.handle.c, milliseconds(grace), failure), failure)
	runtime.KeepAlive(p)
	return err
}

// Close shuts down without grace, and gives the handle back.
func (p *Pool) Close() error {
	if p.closed.Swap(true) {
		return nil
	}
	err := p.Shutdown(0)
	C.capsule_pool_release(p.handle.c)
	runtime.KeepAlive(p)
	return err
}
