package capsule

import "unsafe"

// The handles, still owned here, for calls by cgo that this package has no method for. They are tokens, no addresses: an unsafe.Pointer
// that holds one must not be kept.

// Raw is the capsule_runtime.
func (r *Runtime) Raw() uintptr { return uintptr(unsafe.Pointer(r.handle.c)) }

// Raw is the capsule_session.
func (s *Session) Raw() uintptr { return uintptr(unsafe.Pointer(s.handle.c)) }

// Raw is the capsule_execution.
func (e *Execution) Raw() uintptr { return uintptr(unsafe.Pointer(e.handle.c)) }

// Raw is the capsule_snapshot.
func (s *Snapshot) Raw() uintptr { return uintptr(unsafe.Pointer(s.handle.c)) }

// Raw is the capsule_checkpoint.
func (c *Checkpoint) Raw() uintptr { return uintptr(unsafe.Pointer(c.handle.c)) }

// Raw is the capsule_pool.
func (p *Pool) Raw() uintptr { return uintptr(unsafe.Pointer(p.handle.c)) }

// Raw is the capsule_bridge.
func (b *Bridge) Raw() uintptr { return uintptr(unsafe.Pointer(b.handle.c)) }

// Raw is the capsule_promise_store.
func (p *PromiseStore) Raw() uintptr { return uintptr(unsafe.Pointer(p.handle.c)) }

// Raw is the capsule_trace.
func (r *TraceReader) Raw() uintptr { return uintptr(unsafe.Pointer(r.handle.c)) }

// Raw is the capsule_profile.
func (p *Profile) Raw() uintptr { return uintptr(unsafe.Pointer(p.handle.c)) }

// Raw is the capsule_exporter.
func (e *Exporter) Raw() uintptr { return uintptr(unsafe.Pointer(e.handle.c)) }
