// Package capsule runs Python in supervised worker processes: sessions whose names persist, whose output streams, whose
// input can be answered, and which can be cancelled, timed out, killed and restarted without harm to the program.
//
//	runtime, err := capsule.New(nil)
//	defer runtime.Close()
//	session, err := runtime.Open(ctx, nil)
//	execution, err := session.Execute(ctx, "print('hello')\n6 * 7", nil)
//	for event, err := range execution.Events() { … }
//
// A method does what the C function of that name does; the comments of the C headers hold here. The context given to
// Execute is the execution's: when it is done the code is cancelled, and its events still come, the last one too. Every
// other context bounds the wait of that call alone.
//
// Any method may be called from any goroutine, also while others wait in the same object; Close may be called at any time
// and more than once. What is forgotten without Close is closed when the garbage collector finds it. A
// goroutine that waits for an event holds a thread for some milliseconds at most, and then none; no function of the program is
// called on a thread of the library, and no signal handler is installed.
package capsule

/*
#cgo pkg-config: capsule
#include <capsule/capsule.h>
*/
import "C"

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"
)

// Version is the version of the loaded library, as "0.1.0".
func Version() string { return C.GoString(C.capsule_version()) }

// The headers that this package was compiled with.
const headerVersion = C.CAPSULE_VERSION_MAJOR*1_000_000 + C.CAPSULE_VERSION_MINOR*1_000 + C.CAPSULE_VERSION_PATCH

func checkVersion() error {
	if loaded := uint32(C.capsule_version_number()); loaded < headerVersion || loaded/1_000_000 != C.CAPSULE_VERSION_MAJOR {
		return &Error{StatusState, fmt.Sprintf("the loaded libcapsule is version %s, and this program was compiled with version %d.%d.%d",
			Version(), C.CAPSULE_VERSION_MAJOR, C.CAPSULE_VERSION_MINOR, C.CAPSULE_VERSION_PATCH)}
	}
	return nil
}

type runtimeHandle struct{ c *C.capsule_runtime }

// Runtime owns one loop thread of the library, and the processes.
type Runtime struct {
	handle runtimeHandle
	closed atomic.Bool
}

// New creates a runtime; nil for the default options. No process is started before the first session.
func New(options *RuntimeOptions) (*Runtime, error) {
	if err := checkVersion(); err != nil {
		return nil, err
	}
	var pins runtime.Pinner
	defer pins.Unpin()
	r := new(Runtime)
	failure := newFailure()
	if err := check(C.capsule_runtime_create(options.raw(&pins), &r.handle.c, failure), failure); err != nil {
		return nil, err
	}
	// The last release waits for processes: not on the goroutine that runs the other cleanups.
	runtime.AddCleanup(r, func(handle runtimeHandle) { go C.capsule_runtime_release(handle.c) }, r.handle)
	return r, nil
}

// Info copies the counters.
func (r *Runtime) Info() (RuntimeInfo, error) {
	return get(r, runtimeInfoOf, func(raw *C.capsule_runtime_info, failure *C.capsule_error) C.capsule_status {
		return C.capsule_runtime_get_info(r.handle.c, raw, failure)
	})
}

// Shutdown closes every session, ends every process, and waits for it; running executions have that time to end first. The
// runtime answers StatusClosed from then on.
func (r *Runtime) Shutdown(grace time.Duration) error {
	failure := newFailure()
	err := check(C.capsule_runtime_close(r.handle.c, milliseconds(grace), failure), failure)
	runtime.KeepAlive(r)
	return err
}

// Close shuts down without grace, and gives the handle back.
func (r *Runtime) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	err := r.Shutdown(0)
	C.capsule_runtime_release(r.handle.c)
	runtime.KeepAlive(r)
	return err
}

// Milliseconds as the library takes them: rounded up, so that what is short is not nothing; negative for no limit.
func milliseconds(d time.Duration) C.int64_t {
	if d < 0 {
		return -1
	}
	return C.int64_t((d + time.Millisecond - 1) / time.Millisecond)
}

const maxMilliseconds = 86_400_000

// What is left of a context's time, for a call that waits: at least 1, or -1 where it has no limit.
func timeLeft(ctx context.Context) C.int64_t {
	deadline, limited := ctx.Deadline()
	if !limited {
		return -1
	}
	return C.int64_t(math.Max(1, math.Min(maxMilliseconds, float64(milliseconds(max(0, time.Until(deadline)))))))
}

// await makes a call that waits and that nothing interrupts. When the context is done first, the caller goes on; what the
// call brings then is dropped.
func await[T any](ctx context.Context, call func(timeout C.int64_t) (T, error), drop func(T)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if ctx.Done() == nil {
		return call(-1)
	}
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := call(timeLeft(ctx))
		answers <- answer{value, err}
	}()
	select {
	case got := <-answers:
		if StatusOf(got.err) == StatusTimeout && ctx.Err() != nil {
			return none, ctx.Err()
		}
		return got.value, got.err
	case <-ctx.Done():
		if drop != nil {
			go func() {
				if late := <-answers; late.err == nil {
					drop(late.value)
				}
			}()
		}
		return none, ctx.Err()
	}
}

// inSlices is for what may not happen behind the back of a caller whose context is done: it waits here, a little at a time.
func inSlices(ctx context.Context, call func(timeout C.int64_t) error) error {
	if ctx.Done() == nil {
		return call(-1)
	}
	const slice = 20
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		timeout := timeLeft(ctx)
		if timeout < 0 || timeout > slice {
			timeout = slice
		}
		if err := call(timeout); !isTimeout(err) {
			return err
		}
	}
}

// await for calls that bring nothing.
func awaitDone(ctx context.Context, call func(timeout C.int64_t) error) error {
	_, err := await(ctx, func(timeout C.int64_t) (struct{}, error) { return struct{}{}, call(timeout) }, nil)
	return err
}
