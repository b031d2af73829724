package capsule

// #include <capsule/capsule.h>
import "C"

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

type exporterHandle struct{ c *C.capsule_exporter }

// Exporter writes the events of a runtime's sessions to a file as they become complete. What it cannot keep up with is lost and counted, and
// holds no execution up.
type Exporter struct {
	handle exporterHandle
	closed atomic.Bool
}

// OpenExporter starts an exporter to the file of Path, of the Kind ExporterNdjson or ExporterChrome: it gets what becomes complete from now
// on. ExporterCallback, which would run on a thread of the library, is refused.
func (r *Runtime) OpenExporter(options *ExporterOptions) (*Exporter, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	e := new(Exporter)
	failure := newFailure()
	err := check(C.capsule_exporter_create(r.handle.c, options.raw(&pins), &e.handle.c, failure), failure)
	runtime.KeepAlive(r)
	if err != nil {
		return nil, err
	}
	runtime.AddCleanup(e, func(handle exporterHandle) { C.capsule_exporter_release(handle.c) }, e.handle)
	return e, nil
}

// Flush waits until all that is queued now is written, failed or dropped.
func (e *Exporter) Flush(ctx context.Context) error {
	return awaitDone(ctx, func(timeout C.int64_t) error {
		if timeout < 0 {
			timeout = maxMilliseconds
		}
		defer runtime.KeepAlive(e)
		failure := newFailure()
		return check(C.capsule_exporter_flush(e.handle.c, timeout, failure), failure)
	})
}

// Shutdown ends the exporter: what is queued is written within that time, 0 … 24 hours, and the rest dropped and counted. Info answers still.
// It may be repeated. Waits.
func (e *Exporter) Shutdown(grace time.Duration) error {
	failure := newFailure()
	err := check(C.capsule_exporter_close(e.handle.c, milliseconds(grace), failure), failure)
	runtime.KeepAlive(e)
	return err
}

// Info copies what the exporter did: accepted are those that are queued, sent, failed or dropped.
func (e *Exporter) Info() (ExporterInfo, error) {
	return get(e, exporterInfoOf, func(raw *C.capsule_exporter_info, failure *C.capsule_error) C.capsule_status {
		return C.capsule_exporter_get_info(e.handle.c, raw, failure)
	})
}

// Close ends the exporter without waiting, so that what is queued is dropped, and gives the handle back: Shutdown before it has that written.
func (e *Exporter) Close() error {
	if !e.closed.Swap(true) {
		C.capsule_exporter_release(e.handle.c)
	}
	runtime.KeepAlive(e)
	return nil
}
