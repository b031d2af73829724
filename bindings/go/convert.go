package capsule

// #include <capsule/capsule.h>
import "C"

import (
	"runtime"
	"unsafe"
)

// What the library lends is copied; what it is lent stays where it is until the call has returned: by a Pinner.

func textOf(c C.capsule_text) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(c.data)), int(c.size)))
}

func optionalText(c C.capsule_text) *string {
	if c.data == nil {
		return nil
	}
	text := textOf(c)
	return &text
}

func rawText(text string, pins *runtime.Pinner) (c C.capsule_text) {
	if text == "" {
		return
	}
	data := unsafe.StringData(text)
	pins.Pin(data)
	return C.capsule_text{data: (*C.char)(unsafe.Pointer(data)), size: C.size_t(len(text))}
}

func rawTexts(texts []string, pins *runtime.Pinner) (*C.capsule_text, C.size_t) {
	return rawList(texts, pins, func(text *string, c *C.capsule_text, pins *runtime.Pinner) { *c = rawText(*text, pins) })
}

// The items of a list as an array of C structs.
func rawList[T, R any](items []T, pins *runtime.Pinner, put func(*T, *R, *runtime.Pinner)) (*R, C.size_t) {
	if len(items) == 0 {
		return nil, 0
	}
	list := make([]R, len(items))
	pins.Pin(&list[0])
	for i := range items {
		put(&items[i], &list[i], pins)
	}
	return &list[0], C.size_t(len(list))
}

func listOf[T, R any](first *R, count C.size_t, convert func(*R) T) []T {
	if count == 0 {
		return nil
	}
	items := unsafe.Slice(first, int(count))
	list := make([]T, len(items))
	for i := range items {
		list[i] = convert(&items[i])
	}
	return list
}

// A text that is one argument of a call: cgo keeps it in place during the call.
func chars(text string) *C.char { return (*C.char)(unsafe.Pointer(unsafe.StringData(text))) }

// get makes a call that fills in a struct of that owner's, nil for the library's own, and brings it as a record.
func get[R, T any](owner any, convert func(*R) T, call func(*R, *C.capsule_error) C.capsule_status) (T, error) {
	raw := new(R)
	*(*C.uint32_t)(unsafe.Pointer(raw)) = C.uint32_t(unsafe.Sizeof(*raw)) // Such structs begin with their size.
	failure := newFailure()
	err := check(call(raw, failure), failure)
	record := convert(raw)
	runtime.KeepAlive(owner)
	return record, err
}

// take is get of what has memory of its own, which is freed.
func take[R, T any](owner any, convert func(*R) T, free func(*R), call func(*R, *C.capsule_error) C.capsule_status) (T, error) {
	return get(owner, func(raw *R) T {
		defer free(raw)
		return convert(raw)
	}, call)
}

// rows makes a call that copies as many of its rows as there is room for, until that is all of them.
func rows[R, T any](owner any, convert func(*R) T,
	call func(first *R, room C.size_t, count *C.size_t, total *C.uint64_t, failure *C.capsule_error) C.capsule_status) ([]T, error) {
	defer runtime.KeepAlive(owner)
	room := make([]R, 64)
	for {
		var count C.size_t
		var total C.uint64_t
		failure := newFailure()
		err := check(call(&room[0], C.size_t(len(room)), &count, &total, failure), failure)
		if err != nil || int(total) <= len(room) {
			return listOf(&room[0], count, convert), err
		}
		room = make([]R, int(total)+64)
	}
}
