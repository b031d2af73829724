package capsule

// #include <capsule/capsule.h>
import "C"

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// A goroutine that waits stands in the library for a millisecond at most, which takes the fewest wake-ups, and as many do so at once
// as there are processors; then, and beyond that, it waits for the library's descriptor in Go's own poller, where it costs
// no thread.
var inLibrary = make(chan struct{}, max(2, runtime.GOMAXPROCS(0)))

// One goroutine at a time, which nothing but its execution can end, stands there for as long as it takes: to set the timer of that
// millisecond, and to take it back, is a tenth of a short execution.
var patient = make(chan struct{}, 1)

// waiter waits until a call of the library has something.
type waiter struct {
	mutex  sync.Mutex
	turn   chan struct{} // Who holds it waits for the descriptor; the others wait for it. Made when it is first needed.
	file   *os.File      // A duplicate of the library's descriptor, made when it is first needed.
	closed bool
}

func isTimeout(err error) bool {
	own, ok := err.(*Error)
	return ok && own.Status == StatusTimeout
}

// until calls `try` until it answers anything but StatusTimeout; `try` waits for that many milliseconds.
func (w *waiter) until(ctx context.Context, try func(timeout C.int64_t) error, descriptor func() (C.int32_t, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var err error
	select {
	case inLibrary <- struct{}{}:
		err = try(1)
		<-inLibrary
	default:
		err = try(0)
	}
	if !isTimeout(err) {
		return err
	}
	turn := w.turns()
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return w.poll(ctx, try, descriptor)
}

// As until; a wait that no context ends, and that something ends for sure, may be the one that stands in the library.
func (w *waiter) untilOver(ctx context.Context, try func(timeout C.int64_t) error, descriptor func() (C.int32_t, error)) error {
	if ctx.Done() == nil {
		select {
		case patient <- struct{}{}:
			defer func() { <-patient }()
			return try(-1)
		default:
		}
	}
	return w.until(ctx, try, descriptor)
}

func (w *waiter) turns() chan struct{} {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.turn == nil {
		w.turn = make(chan struct{}, 1)
	}
	return w.turn
}

func (w *waiter) poll(ctx context.Context, try func(timeout C.int64_t) error, descriptor func() (C.int32_t, error)) error {
	file, err := w.open(descriptor)
	if err != nil {
		return err
	}
	if file == nil {
		return try(0) // Closed: the library says so.
	}
	connection, err := file.SyscallConn()
	if err != nil {
		return try(0)
	}
	if ctx.Done() != nil {
		_ = file.SetReadDeadline(time.Time{})
		interrupted := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			_ = file.SetReadDeadline(time.Unix(1, 0))
			close(interrupted)
		})
		defer func() {
			if !stop() {
				<-interrupted
			}
			_ = file.SetReadDeadline(time.Time{})
		}()
	}
	var tried error
	err = connection.Read(func(uintptr) bool {
		tried = try(0)
		return !isTimeout(tried)
	})
	switch {
	case err == nil:
		return tried
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ctx.Err()
	}
	return try(0) // The descriptor was closed: the library says so.
}

func (w *waiter) open(descriptor func() (C.int32_t, error)) (*os.File, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.file != nil || w.closed {
		return w.file, nil
	}
	fd, err := descriptor()
	if err != nil {
		return nil, err
	}
	own, _, number := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, 0)
	if number != 0 {
		return nil, &Error{StatusSystem, "fcntl: " + number.Error()}
	}
	w.file = os.NewFile(own, "capsule")
	return w.file, nil
}

// Wakes who waits.
func (w *waiter) close() {
	w.mutex.Lock()
	file := w.file
	w.file, w.closed = nil, true
	w.mutex.Unlock()
	if file != nil {
		_ = file.Close()
	}
}
