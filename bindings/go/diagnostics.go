package capsule

// #include <capsule/capsule.h>
import "C"

import (
	"runtime"
)

// Diagnostics are plain records, copied; reading them never waits for the worker, and works after its death.

// ExecutorMetrics copies what the session's executors have counted.
func (s *Session) ExecutorMetrics() (ExecutorMetrics, error) {
	raw := C.capsule_executor_metrics{struct_size: C.sizeof_capsule_executor_metrics}
	failure := newFailure()
	err := check(C.capsule_session_get_executor_metrics(s.handle.c, &raw, failure), failure)
	runtime.KeepAlive(s)
	return executorMetricsOf(&raw), err
}

// AsyncMetrics copies what the session knows of the code it was given, and what its event loop did.
func (s *Session) AsyncMetrics() (AsyncMetrics, error) {
	raw := C.capsule_async_metrics{struct_size: C.sizeof_capsule_async_metrics}
	failure := newFailure()
	err := check(C.capsule_session_get_async_metrics(s.handle.c, &raw, failure), failure)
	runtime.KeepAlive(s)
	return asyncMetricsOf(&raw), err
}

// LimiterMetrics copies what the rate limiter did; StatusState where the session was opened without EnableMetrics.
func (s *Session) LimiterMetrics() (LimiterMetrics, error) {
	raw := C.capsule_limiter_metrics{struct_size: C.sizeof_capsule_limiter_metrics}
	failure := newFailure()
	err := check(C.capsule_session_get_limiter_metrics(s.handle.c, &raw, failure), failure)
	runtime.KeepAlive(s)
	return limiterMetricsOf(&raw), err
}

// BridgeMetrics copies what the bridge has counted of the session's calls.
func (s *Session) BridgeMetrics() (BridgeMetrics, error) {
	raw := C.capsule_bridge_metrics{struct_size: C.sizeof_capsule_bridge_metrics}
	failure := newFailure()
	err := check(C.capsule_session_get_bridge_metrics(s.handle.c, &raw, failure), failure)
	runtime.KeepAlive(s)
	return bridgeMetricsOf(&raw), err
}

type getTrace func(filter *C.capsule_trace_filter, events *C.capsule_trace_event, capacity C.size_t, count *C.size_t,
	info *C.capsule_trace_info, failure *C.capsule_error) C.capsule_status

// Trace copies the events of the session's trace that fit the filter, nil for all; and tells what there is no longer.
func (s *Session) Trace(filter *TraceFilter) ([]TraceEvent, TraceInfo, error) {
	defer runtime.KeepAlive(s)
	return trace(filter, func(filter *C.capsule_trace_filter, events *C.capsule_trace_event, capacity C.size_t, count *C.size_t,
		info *C.capsule_trace_info, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_get_trace(s.handle.c, filter, events, capacity, count, info, failure)
	})
}

// Trace is that of the pool itself.
func (p *Pool) Trace(filter *TraceFilter) ([]TraceEvent, TraceInfo, error) {
	defer runtime.KeepAlive(p)
	return trace(filter, func(filter *C.capsule_trace_filter, events *C.capsule_trace_event, capacity C.size_t, count *C.size_t,
		info *C.capsule_trace_info, failure *C.capsule_error) C.capsule_status {
		return C.capsule_pool_get_trace(p.handle.c, filter, events, capacity, count, info, failure)
	})
}

func trace(filter *TraceFilter, get getTrace) ([]TraceEvent, TraceInfo, error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	room := make([]C.capsule_trace_event, 256)
	for {
		info := C.capsule_trace_info{struct_size: C.sizeof_capsule_trace_info}
		var count C.size_t
		failure := newFailure()
		err := check(get(filter.raw(&pins), &room[0], C.size_t(len(room)), &count, &info, failure), failure)
		if err == nil && int(info.matched) > len(room) {
			room = make([]C.capsule_trace_event, int(info.matched)+64)
			continue
		}
		return listOf(&room[0], count, traceEventOf), traceInfoOf(&info), err
	}
}
