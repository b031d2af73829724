package capsule

// #include <capsule/capsule.h>
import "C"

import (
	"context"
	"encoding/json"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// Value is a value on its way between the program and a session.
type Value struct {
	Kind          ValueKind
	Data          []byte  // The content.
	TypeName      string  // Read: name of its type in Python.
	Format        string  // ValueBuffer: of an item, as the struct module writes it; empty for bytes.
	Shape         []int64 // ValueBuffer: lengths of its dimensions; none: one dimension of bytes.
	Strides       []int64 // ValueBuffer, read: bytes from one item to the next, in each dimension.
	ItemSizeBytes uint32  // ValueBuffer, read.
	Buffer        *Buffer // ValueBuffer, set: the content in place of Data, without a copy.
}

// JSON is any value that encoding/json can write.
func JSON(value any) (*Value, error) {
	data, err := json.Marshal(value)
	return &Value{Kind: ValueJSON, Data: data}, err
}

// Text is a str.
func Text(text string) *Value { return &Value{Kind: ValueText, Data: []byte(text)} }

// Bytes is a bytes object.
func Bytes(data []byte) *Value { return &Value{Kind: ValueBytes, Data: data} }

// Decode reads a value of kind ValueJSON.
func (v *Value) Decode(into any) error { return json.Unmarshal(v.Data, into) }

func valueOf(c *C.capsule_value) *Value {
	if c == nil {
		return nil
	}
	return &Value{
		Kind:          ValueKind(c.kind),
		Data:          append([]byte{}, unsafe.Slice((*byte)(c.data), int(c.size_bytes))...),
		TypeName:      textOf(c.type_name),
		Format:        textOf(c.format),
		Shape:         lengthsOf(c.shape, c.dimensions),
		Strides:       lengthsOf(c.strides, c.dimensions),
		ItemSizeBytes: uint32(c.item_size_bytes),
	}
}

func lengthsOf(first *C.int64_t, count C.int32_t) []int64 {
	return listOf(first, C.size_t(max(0, count)), func(length *C.int64_t) int64 { return int64(*length) })
}

func (v *Value) raw(pins *runtime.Pinner) *C.capsule_value {
	if v == nil {
		return nil
	}
	c := &C.capsule_value{struct_size: C.sizeof_capsule_value, kind: C.int32_t(v.Kind), format: rawText(v.Format, pins)}
	if len(v.Data) > 0 {
		pins.Pin(&v.Data[0])
		c.data, c.size_bytes = unsafe.Pointer(&v.Data[0]), C.uint64_t(len(v.Data))
	}
	if len(v.Shape) > 0 {
		pins.Pin(&v.Shape[0])
		c.shape, c.dimensions = (*C.int64_t)(&v.Shape[0]), C.int32_t(len(v.Shape))
	}
	if v.Buffer != nil {
		c.buffer = v.Buffer.handle.c
	}
	pins.Pin(c)
	return c
}

type bufferHandle struct{ c *C.capsule_buffer }

// Buffer is shared memory that the program fills in place, to be set as a Value without a copy.
type Buffer struct {
	handle  bufferHandle
	closed  atomic.Bool
	data    []byte
	cleanup runtime.Cleanup
}

// NewBuffer makes a buffer of that many bytes, zeroed.
func NewBuffer(size int) (*Buffer, error) {
	b := new(Buffer)
	var data unsafe.Pointer
	failure := newFailure()
	if err := check(C.capsule_buffer_create(C.uint64_t(size), &b.handle.c, &data, failure), failure); err != nil {
		return nil, err
	}
	b.data = unsafe.Slice((*byte)(data), size)
	b.cleanup = runtime.AddCleanup(b, func(handle bufferHandle) { C.capsule_buffer_release(handle.c) }, b.handle)
	return b, nil
}

// Bytes is where to write, until the buffer is set in a session; it may be read until the buffer is closed. Nothing but Close gives
// the memory back from now on: the collector does not see that a slice of it is still in use.
func (b *Buffer) Bytes() []byte {
	b.cleanup.Stop()
	runtime.KeepAlive(b)
	return b.data
}

// Close gives the memory back; sessions that hold the buffer keep it.
func (b *Buffer) Close() error {
	if !b.closed.Swap(true) {
		C.capsule_buffer_release(b.handle.c)
	}
	runtime.KeepAlive(b)
	return nil
}

// Set binds a name of the session's namespace. This call and those below take their turn behind the executions that were
// submitted before.
func (s *Session) Set(ctx context.Context, name string, value *Value, strategy SetStrategy) error {
	defer runtime.KeepAlive(s)
	return awaitDone(ctx, func(timeout C.int64_t) error {
		var pins runtime.Pinner
		defer pins.Unpin()
		failure := newFailure()
		return check(C.capsule_session_set(s.handle.c, chars(name), C.size_t(len(name)), value.raw(&pins), C.int32_t(strategy),
			timeout, failure), failure)
	})
}

// Update binds several names: all, or none where one of them cannot be.
func (s *Session) Update(ctx context.Context, inputs []Input, strategy SetStrategy) error {
	defer runtime.KeepAlive(s)
	return awaitDone(ctx, func(timeout C.int64_t) error {
		var pins runtime.Pinner
		defer pins.Unpin()
		list, count := rawList(inputs, &pins, (*Input).put)
		failure := newFailure()
		return check(C.capsule_session_update(s.handle.c, list, count, C.int32_t(strategy), timeout, failure), failure)
	})
}

// Get reads what a name is bound to, as that kind.
func (s *Session) Get(ctx context.Context, name string, kind ValueKind) (*Value, error) {
	defer runtime.KeepAlive(s)
	return await(ctx, func(timeout C.int64_t) (*Value, error) {
		raw := C.capsule_value{struct_size: C.sizeof_capsule_value}
		failure := newFailure()
		status := C.capsule_session_get(s.handle.c, chars(name), C.size_t(len(name)), C.int32_t(kind), timeout, &raw, failure)
		if err := check(status, failure); err != nil {
			return nil, err
		}
		defer C.capsule_value_release(&raw)
		return valueOf(&raw), nil
	}, nil)
}

// Delete unbinds a name.
func (s *Session) Delete(ctx context.Context, name string) error {
	defer runtime.KeepAlive(s)
	return awaitDone(ctx, func(timeout C.int64_t) error {
		failure := newFailure()
		return check(C.capsule_session_delete(s.handle.c, chars(name), C.size_t(len(name)), timeout, failure), failure)
	})
}

// List lists at most `limit` names of the namespace, the user's, in the order they were bound; and tells how many there are.
func (s *Session) List(ctx context.Context, limit uint32) (names []Name, total uint64, err error) {
	defer runtime.KeepAlive(s)
	type list struct {
		names []Name
		total uint64
	}
	found, err := await(ctx, func(timeout C.int64_t) (list, error) {
		raw := C.capsule_name_list{struct_size: C.sizeof_capsule_name_list}
		failure := newFailure()
		err := check(C.capsule_session_list(s.handle.c, C.uint32_t(limit), timeout, &raw, failure), failure)
		defer C.capsule_name_list_release(&raw)
		return list{listOf(raw.names, raw.count, nameOf), uint64(raw.total)}, err
	}, nil)
	return found.names, found.total, err
}
