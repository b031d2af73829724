package capsule

// #include <capsule/capsule.h>
import "C"

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"unsafe"
)

type checkpointHandle struct{ c *C.capsule_checkpoint }

// Checkpoint is what a session knew, as portable bytes. Restoring one runs code: give those a key that leave your hands.
type Checkpoint struct {
	handle checkpointHandle
	mutex  sync.Mutex // Its bytes are copied before Close frees them.
	closed bool
}

func newCheckpoint(get func(handle **C.capsule_checkpoint, failure *C.capsule_error) C.capsule_status) (*Checkpoint, error) {
	c := new(Checkpoint)
	failure := newFailure()
	if err := check(get(&c.handle.c, failure), failure); err != nil {
		return nil, err
	}
	runtime.AddCleanup(c, func(handle checkpointHandle) { C.capsule_checkpoint_release(handle.c) }, c.handle)
	return c, nil
}

// Checkpoint makes a checkpoint of the session; nil for the default options.
func (s *Session) Checkpoint(ctx context.Context, options *CheckpointOptions) (*Checkpoint, error) {
	defer runtime.KeepAlive(s)
	return await(ctx, func(timeout C.int64_t) (*Checkpoint, error) {
		var pins runtime.Pinner
		defer pins.Unpin()
		return newCheckpoint(func(handle **C.capsule_checkpoint, failure *C.capsule_error) C.capsule_status {
			return C.capsule_session_checkpoint(s.handle.c, options.raw(&pins), timeout, handle, failure)
		})
	}, func(late *Checkpoint) { _ = late.Close() })
}

// RestoreCheckpoint restores a checkpoint in the session, and tells what became of each name; 0: its own names are unbound first.
func (s *Session) RestoreCheckpoint(ctx context.Context, checkpoint *Checkpoint, flags RestoreFlags) ([]CheckpointEntry, error) {
	defer runtime.KeepAlive(s)
	defer runtime.KeepAlive(checkpoint)
	return await(ctx, func(timeout C.int64_t) ([]CheckpointEntry, error) {
		return entries(func(raw *C.capsule_checkpoint_entries, failure *C.capsule_error) C.capsule_status {
			return C.capsule_session_restore_checkpoint(s.handle.c, checkpoint.handle.c, C.uint32_t(flags), timeout, raw, failure)
		})
	}, nil)
}

func entries(get func(*C.capsule_checkpoint_entries, *C.capsule_error) C.capsule_status) ([]CheckpointEntry, error) {
	raw := C.capsule_checkpoint_entries{struct_size: C.sizeof_capsule_checkpoint_entries}
	failure := newFailure()
	err := check(get(&raw, failure), failure)
	defer C.capsule_checkpoint_entries_release(&raw)
	return listOf(raw.entries, raw.count, checkpointEntryOf), err
}

// ReadCheckpoint reads a checkpoint from bytes and checks it; nothing is unpickled. nil for the default options.
func ReadCheckpoint(data []byte, options *CheckpointOptions) (*Checkpoint, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	return newCheckpoint(func(handle **C.capsule_checkpoint, failure *C.capsule_error) C.capsule_status {
		return C.capsule_checkpoint_read(unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)), options.raw(&pins), handle, failure)
	})
}

// ReadCheckpointFile is ReadCheckpoint of a file.
func ReadCheckpointFile(path string, options *CheckpointOptions) (*Checkpoint, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	return newCheckpoint(func(handle **C.capsule_checkpoint, failure *C.capsule_error) C.capsule_status {
		return C.capsule_checkpoint_read_file(chars(path), C.size_t(len(path)), options.raw(&pins), handle, failure)
	})
}

// WriteFile writes it to a file that only the owner can read, whole or not at all.
func (c *Checkpoint) WriteFile(path string) error {
	failure := newFailure()
	err := check(C.capsule_checkpoint_write_file(c.handle.c, chars(path), C.size_t(len(path)), failure), failure)
	runtime.KeepAlive(c)
	return err
}

// Bytes is a copy of the checkpoint's bytes.
func (c *Checkpoint) Bytes() ([]byte, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	var data unsafe.Pointer
	var size C.size_t
	failure := newFailure()
	if err := check(C.capsule_checkpoint_get_data(c.handle.c, &data, &size, failure), failure); err != nil {
		return nil, err
	}
	copied := append([]byte{}, unsafe.Slice((*byte)(data), int(size))...)
	runtime.KeepAlive(c)
	return copied, nil
}

// Info copies what the checkpoint says of itself.
func (c *Checkpoint) Info() (CheckpointInfo, error) {
	raw := C.capsule_checkpoint_info{struct_size: C.sizeof_capsule_checkpoint_info}
	failure := newFailure()
	err := check(C.capsule_checkpoint_get_info(c.handle.c, &raw, failure), failure)
	info := checkpointInfoOf(&raw)
	runtime.KeepAlive(c)
	return info, err
}

// Entries lists its names, and those that were skipped when it was made.
func (c *Checkpoint) Entries() ([]CheckpointEntry, error) {
	defer runtime.KeepAlive(c)
	return entries(func(raw *C.capsule_checkpoint_entries, failure *C.capsule_error) C.capsule_status {
		return C.capsule_checkpoint_list(c.handle.c, raw, failure)
	})
}

// Close gives the handle back.
func (c *Checkpoint) Close() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if !c.closed {
		C.capsule_checkpoint_release(c.handle.c)
	}
	c.closed = true
	runtime.KeepAlive(c)
	return nil
}

// KeepCheckpoint has the session keep a checkpoint under the name it was given.
func (s *Session) KeepCheckpoint(checkpoint *Checkpoint) error {
	failure := newFailure()
	err := check(C.capsule_session_keep_checkpoint(s.handle.c, checkpoint.handle.c, failure), failure)
	runtime.KeepAlive(s)
	runtime.KeepAlive(checkpoint)
	return err
}

// FindCheckpoint finds a checkpoint that the session keeps.
func (s *Session) FindCheckpoint(name string) (*Checkpoint, error) {
	defer runtime.KeepAlive(s)
	return newCheckpoint(func(handle **C.capsule_checkpoint, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_find_checkpoint(s.handle.c, chars(name), C.size_t(len(name)), handle, failure)
	})
}

// ForgetCheckpoint has the session let go of a checkpoint that it keeps.
func (s *Session) ForgetCheckpoint(name string) error {
	failure := newFailure()
	err := check(C.capsule_session_forget_checkpoint(s.handle.c, chars(name), C.size_t(len(name)), failure), failure)
	runtime.KeepAlive(s)
	return err
}

// Checkpoints lists the checkpoints that the session keeps, the one kept first first.
func (s *Session) Checkpoints() ([]*Checkpoint, error) {
	defer runtime.KeepAlive(s)
	var kept []*Checkpoint
	for {
		one, err := newCheckpoint(func(handle **C.capsule_checkpoint, failure *C.capsule_error) C.capsule_status {
			return C.capsule_session_checkpoint_at(s.handle.c, C.size_t(len(kept)), handle, failure)
		})
		var own *Error
		if errors.As(err, &own) && own.Status == StatusName {
			return kept, nil
		}
		if err != nil {
			return nil, err
		}
		kept = append(kept, one)
	}
}
