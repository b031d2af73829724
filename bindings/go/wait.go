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

// Where a goroutine that waits stands in the library, which takes the fewest wake-ups, and for how long at most; then, and where all
// places are taken, it waits for the library's descriptor in Go's own poller, where it costs no thread.
//
// Long is longer than a tick of the kernel's clock (4 ms where CONFIG_HZ is 250): a timer that is due before the tick has the clock set
// anew, and again when it is taken back, which on a virtual machine costs as much as a short execution. But who stands there keeps
// a processor of Go's from other goroutines until Go's monitor notices: one is left to them, where there are several.
var places = [...]struct {
	taken chan struct{}
	ms    C.int64_t
}{
	{make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)), 5},
	{make(chan struct{}, 2), 1},
}

func stand(try func(timeout C.int64_t) error) error {
	for i := range places {
		select {
		case places[i].taken <- struct{}{}:
			defer func() { <-places[i].taken }()
			return try(places[i].ms)
		default:
		}
	}
	return try(0)
}

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
	err := stand(try)
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
