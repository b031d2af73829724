package capsule

// #include <capsule/capsule.h>
import "C"

import "runtime"

// Diagnostics are plain records, copied; reading them never waits for the worker, and works after its death.

// ExecutorMetrics copies what the session's executors have counted.
func (s *Session) ExecutorMetrics() (ExecutorMetrics, error) {
	return get(s, executorMetricsOf, func(raw *C.capsule_executor_metrics, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_get_executor_metrics(s.handle.c, raw, failure)
	})
}

// AsyncMetrics copies what the session knows of the code it was given, and what its event loop did.
func (s *Session) AsyncMetrics() (AsyncMetrics, error) {
	return get(s, asyncMetricsOf, func(raw *C.capsule_async_metrics, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_get_async_metrics(s.handle.c, raw, failure)
	})
}

// LimiterMetrics copies what the rate limiter did; StatusState where the session was opened without EnableMetrics.
func (s *Session) LimiterMetrics() (LimiterMetrics, error) {
	return get(s, limiterMetricsOf, func(raw *C.capsule_limiter_metrics, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_get_limiter_metrics(s.handle.c, raw, failure)
	})
}

// BridgeMetrics copies what the bridge has counted of the session's calls.
func (s *Session) BridgeMetrics() (BridgeMetrics, error) {
	return get(s, bridgeMetricsOf, func(raw *C.capsule_bridge_metrics, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_get_bridge_metrics(s.handle.c, raw, failure)
	})
}

// WorkerMetrics copies what the worker told of itself in its last heartbeat: memory, CPU time, threads.
func (s *Session) WorkerMetrics() (WorkerMetrics, error) {
	return get(s, workerMetricsOf, func(raw *C.capsule_worker_metrics, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_get_worker_metrics(s.handle.c, raw, failure)
	})
}

// WorkerInfo copies what the last worker announced when it became ready; empty before.
func (s *Session) WorkerInfo() (WorkerInfo, error) {
	return get(s, workerInfoOf, func(raw *C.capsule_worker_info, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_get_worker_info(s.handle.c, raw, failure)
	})
}

// TransportMetrics copies what went between the host and the session's workers; MessageName names the kinds.
func (s *Session) TransportMetrics() (TransportMetrics, error) {
	return get(s, transportMetricsOf, func(raw *C.capsule_transport_metrics, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_get_transport_metrics(s.handle.c, raw, failure)
	})
}

// CancelMetrics copies what cancels did; StatusState where the session was opened without EnableMetrics.
func (s *Session) CancelMetrics() (CancelMetrics, error) {
	return get(s, cancelMetricsOf, func(raw *C.capsule_cancel_metrics, failure *C.capsule_error) C.capsule_status {
		return C.capsule_session_get_cancel_metrics(s.handle.c, raw, failure)
	})
}

// Metrics copies what the runtime has counted over all of its sessions, those included that are gone.
func (r *Runtime) Metrics() (RuntimeMetrics, error) {
	return get(r, runtimeMetricsOf, func(raw *C.capsule_runtime_metrics, failure *C.capsule_error) C.capsule_status {
		return C.capsule_runtime_get_metrics(r.handle.c, raw, failure)
	})
}

// Prometheus is all metrics of the runtime in Prometheus' text format, version 0.0.4 (`text/plain; version=0.0.4`).
func (r *Runtime) Prometheus() (string, error) {
	return take(r, func(raw *C.capsule_metrics_text) string { return textOf(raw.text) },
		func(raw *C.capsule_metrics_text) { C.capsule_metrics_text_release(raw) },
		func(raw *C.capsule_metrics_text, failure *C.capsule_error) C.capsule_status {
			return C.capsule_runtime_get_prometheus(r.handle.c, raw, failure)
		})
}

// CapabilityMetrics copies what became of the calls of each capability that was called, in the order of their names.
func (b *Bridge) CapabilityMetrics() ([]CapabilityMetrics, error) {
	return rows(b, capabilityMetricsOf, func(first *C.capsule_capability_metrics, room C.size_t, count *C.size_t, total *C.uint64_t,
		failure *C.capsule_error) C.capsule_status {
		return C.capsule_bridge_list_capability_metrics(b.handle.c, first, room, count, total, failure)
	})
}

// MessageName is the name of a kind of message, as "Execute": an index of TransportFlow.Messages; empty where there is none.
func MessageName(kind int) string { return C.GoString(C.capsule_message_name(C.int32_t(kind))) }

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
