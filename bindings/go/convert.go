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
