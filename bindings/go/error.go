package capsule

// #include <capsule/capsule.h>
import "C"

import (
	"context"
	"errors"
)

// Error says why a call failed. A Python exception is never an Error: it is an event.
//
//	errors.Is(err, capsule.StatusClosed)
type Error struct {
	Status  Status
	Message string // One sentence that names the argument or the thing at fault.
}

func (e *Error) Error() string { return "capsule: " + e.Message }

// Is tells errors.Is of the status.
func (e *Error) Is(target error) bool {
	status, ok := target.(Status)
	return ok && status == e.Status
}

// Timeout tells whether time ran out, as net.Error does: nothing was lost, the call may be repeated.
func (e *Error) Timeout() bool { return e.Status == StatusTimeout }

// Error makes a Status a target for errors.Is.
func (s Status) Error() string { return C.GoString(C.capsule_status_text(C.capsule_status(s))) }

// String is the status's name, as "CAPSULE_E_CLOSED".
func (s Status) String() string { return C.GoString(C.capsule_status_name(C.capsule_status(s))) }

// StatusOf is the status that an error carries; StatusOK for nil, StatusTimeout for a context's deadline, and StatusInternal for an
// error of other origin.
func StatusOf(err error) Status {
	var own *Error
	switch {
	case err == nil:
		return StatusOK
	case errors.As(err, &own):
		return own.Status
	case errors.Is(err, context.DeadlineExceeded):
		return StatusTimeout
	}
	return StatusInternal
}

// Must is the value of a call that has not failed, and panics with the error of one that has: for examples, tests and what cannot go on.
func Must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func newFailure() *C.capsule_error { return &C.capsule_error{struct_size: C.sizeof_capsule_error} }

func check(status C.capsule_status, failure *C.capsule_error) error {
	if status == C.CAPSULE_OK {
		return nil
	}
	return &Error{Status(status), C.GoString(&failure.message[0])}
}
