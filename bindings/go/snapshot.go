package capsule

// #include <capsule/capsule.h>
import "C"

import (
	"context"
	"runtime"
	"sync/atomic"
)

type snapshotHandle struct{ c *C.capsule_snapshot }

// Snapshot is a frozen copy of a session. Sessions made of it live on when it is closed.
type Snapshot struct {
	handle snapshotHandle
	closed atomic.Bool
	bridge *Bridge
}

// Snapshot takes a frozen copy of the session as it stands when all that was submitted before has ended.
func (s *Session) Snapshot(ctx context.Context) (*Snapshot, error) {
	defer runtime.KeepAlive(s)
	return await(ctx, func(timeout C.int64_t) (*Snapshot, error) {
		snapshot := &Snapshot{bridge: s.bridge}
		failure := newFailure()
		if err := check(C.capsule_session_snapshot(s.handle.c, timeout, &snapshot.handle.c, failure), failure); err != nil {
			return nil, err
		}
		runtime.AddCleanup(snapshot, func(handle snapshotHandle) { C.capsule_snapshot_release(handle.c) }, snapshot.handle)
		return snapshot, nil
	}, func(late *Snapshot) { _ = late.Close() })
}

// Restore puts the session back to a snapshot.
func (s *Session) Restore(ctx context.Context, snapshot *Snapshot) error {
	defer runtime.KeepAlive(s)
	defer runtime.KeepAlive(snapshot)
	return awaitDone(ctx, func(timeout C.int64_t) error {
		failure := newFailure()
		return check(C.capsule_session_restore(s.handle.c, snapshot.handle.c, timeout, failure), failure)
	})
}

// Branch opens a new session that begins where this one stands.
func (s *Session) Branch(ctx context.Context) (*Session, error) {
	defer runtime.KeepAlive(s)
	return branch(ctx, s.bridge, func(timeout C.int64_t, handle **C.capsule_session, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_branch(s.handle.c, timeout, handle, failure)
	})
}

// Branch opens a new session that begins where the snapshot stands.
func (s *Snapshot) Branch(ctx context.Context) (*Session, error) {
	defer runtime.KeepAlive(s)
	return branch(ctx, s.bridge, func(timeout C.int64_t, handle **C.capsule_session, failure *C.capsule_error) C.capsule_status {
		return C.capsule_snapshot_branch(s.handle.c, timeout, handle, failure)
	})
}

func branch(ctx context.Context, bridge *Bridge,
	open func(timeout C.int64_t, handle **C.capsule_session, failure *C.capsule_error) C.capsule_status) (*Session, error) {
	return await(ctx, func(timeout C.int64_t) (*Session, error) {
		var handle *C.capsule_session
		failure := newFailure()
		if err := check(open(timeout, &handle, failure), failure); err != nil {
			return nil, err
		}
		session := newSession(handle)
		session.bridge = bridge
		return session, nil
	}, releaseSession)
}

// Info copies what is known of the snapshot.
func (s *Snapshot) Info() (SnapshotInfo, error) {
	return get(s, snapshotInfoOf, func(raw *C.capsule_snapshot_info, failure *C.capsule_error) C.capsule_status {
		return C.capsule_snapshot_get_info(s.handle.c, raw, failure)
	})
}

// Close lets the snapshot go.
func (s *Snapshot) Close() error {
	if !s.closed.Swap(true) {
		C.capsule_snapshot_release(s.handle.c)
	}
	runtime.KeepAlive(s)
	return nil
}
