package capsule

// #include <capsule/capsule.h>
import "C"

import (
	"context"
	"runtime"
	"sync"
	"unsafe"
)

type profileHandle struct{ c *C.capsule_profile }

// Profile samples where a session's Python code stands, until its time is over, Stop, or the session's end.
type Profile struct {
	handle profileHandle
	mutex  sync.Mutex // Its text is copied before Close frees it.
	closed bool
}

// Profile begins a profile; nil for the default options: 100 samples a second until it is stopped. The code goes on undisturbed.
// StatusDenied where the policy does not allow it.
func (s *Session) Profile(options *ProfileOptions) (*Profile, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	p := new(Profile)
	failure := newFailure()
	err := check(C.capsule_session_profile(s.handle.c, options.raw(&pins), &p.handle.c, failure), failure)
	runtime.KeepAlive(s)
	if err != nil {
		return nil, err
	}
	// A sample that is being taken is waited for: not on the goroutine that runs the other cleanups.
	runtime.AddCleanup(p, func(handle profileHandle) { go C.capsule_profile_release(handle.c) }, p.handle)
	return p, nil
}

// Wait waits until the profile has ended.
func (p *Profile) Wait(ctx context.Context) error {
	return awaitDone(ctx, func(timeout C.int64_t) error {
		defer runtime.KeepAlive(p)
		failure := newFailure()
		return check(C.capsule_profile_wait(p.handle.c, timeout, failure), failure)
	})
}

// Stop ends the profile, after the sample that is being taken. It may be repeated.
func (p *Profile) Stop() error {
	failure := newFailure()
	err := check(C.capsule_profile_stop(p.handle.c, failure), failure)
	runtime.KeepAlive(p)
	return err
}

// Info copies what the profile has counted, while it is under way too.
func (p *Profile) Info() (ProfileInfo, error) {
	return get(p, profileInfoOf, func(raw *C.capsule_profile_info, failure *C.capsule_error) C.capsule_status {
		return C.capsule_profile_get_info(p.handle.c, raw, failure)
	})
}

// Collapsed is what it has found, a line for each stack, as flame graph programs read them; StatusBusy while it is under way.
func (p *Profile) Collapsed() (string, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var data *C.char
	var size C.size_t
	failure := newFailure()
	if err := check(C.capsule_profile_get_collapsed(p.handle.c, &data, &size, failure), failure); err != nil {
		return "", err
	}
	text := string(unsafe.Slice((*byte)(unsafe.Pointer(data)), int(size)))
	runtime.KeepAlive(p)
	return text, nil
}

// Close ends the profile and gives the handle back; who waits for it goes on.
func (p *Profile) Close() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if !p.closed {
		C.capsule_profile_release(p.handle.c)
	}
	p.closed = true
	return nil
}
