"""What happened, and what it cost, as records: counts, durations, sizes and names, never values or texts of the code."""

from __future__ import annotations

from ctypes import byref, c_size_t, c_uint64
from dataclasses import dataclass

from capsule import _generated as _raw
from capsule._call import call, filled, sized
from capsule.bridge import Bridge
from capsule.pool import Pool
from capsule._generated_records import (
    AsyncMetrics,
    BridgeMetrics,
    ExecutorMetrics,
    LimiterMetrics,
    PendingCall,
    PoolImport,
    PoolSession,
    TraceEvent,
    TraceInfo,
    TraceKind,
)
from capsule.session import Session


@dataclass(frozen=True, slots=True)
class Trace:
    """Events by time, and what there is besides them."""

    events: list[TraceEvent]
    info: TraceInfo


def get_trace(
    of: Session | Pool,
    *,
    kind: TraceKind | int = 0,
    execution_id: int = 0,
    after_cursor: int = 0,
    since_ns: int = 0,
    limit: int | None = None,
) -> Trace:
    """What happened to a session, or to a pool; closed ones included.

    `kind` is one kind, or its hundreds alone for a group (500: checkpoints and snapshots); `after_cursor` is the cursor of who
    follows. Without `limit`, all there are.
    """
    function = _raw.capsule_pool_get_trace if isinstance(of, Pool) else _raw.capsule_session_get_trace
    filter_ = sized(_raw.capsule_trace_filter)
    filter_.kind, filter_.execution_id, filter_.after_cursor, filter_.since_ns = kind, execution_id, after_cursor, since_ns
    info, count = sized(_raw.capsule_trace_info), c_size_t()
    capacity = 256 if limit is None else limit
    while True:
        events = (_raw.capsule_trace_event * capacity)()
        call(function, of.handle, byref(filter_), events, capacity, byref(count), byref(info))
        if limit is not None or info.matched <= capacity:
            return Trace([TraceEvent.from_raw(event) for event in events[: count.value]], TraceInfo.from_raw(info))
        capacity = info.matched + 64


def get_executor_metrics(session: Session) -> ExecutorMetrics:
    """What its executors counted, also after a death."""
    return ExecutorMetrics.from_raw(
        filled(_raw.capsule_session_get_executor_metrics, session.handle, _raw.capsule_executor_metrics)
    )


def get_async_metrics(session: Session) -> AsyncMetrics:
    """What it knows of the code it was given, and what its event loop did."""
    return AsyncMetrics.from_raw(filled(_raw.capsule_session_get_async_metrics, session.handle, _raw.capsule_async_metrics))


def get_limiter_metrics(session: Session) -> LimiterMetrics:
    """What its rate limiter did, of a session opened with `enable_metrics`."""
    return LimiterMetrics.from_raw(filled(_raw.capsule_session_get_limiter_metrics, session.handle, _raw.capsule_limiter_metrics))


def get_bridge_metrics(of: Bridge | Session) -> BridgeMetrics:
    """What a bridge counted, or what of it is of one session's calls."""
    function = _raw.capsule_bridge_get_metrics if isinstance(of, Bridge) else _raw.capsule_session_get_bridge_metrics
    return BridgeMetrics.from_raw(filled(function, of.handle, _raw.capsule_bridge_metrics))


def list_pending_calls(bridge: Bridge) -> list[PendingCall]:
    """The calls of the host that are open, the oldest first."""
    count, total, capacity = c_size_t(), c_uint64(), 64
    while True:
        calls = (_raw.capsule_pending_call * capacity)()
        call(_raw.capsule_bridge_list_pending, bridge.handle, calls, capacity, byref(count), byref(total))
        if total.value <= capacity:
            return [PendingCall.from_raw(one) for one in calls[: count.value]]
        capacity = total.value + 64


def list_pool_sessions(pool: Pool) -> list[PoolSession]:
    """The sessions of a pool, and where each stands."""
    raw = filled(_raw.capsule_pool_list_sessions, pool.handle, _raw.capsule_pool_sessions)
    try:
        array = (_raw.capsule_pool_session * raw.count).from_address(raw.sessions) if raw.sessions else ()
        return [PoolSession.from_raw(session) for session in array]
    finally:
        _raw.capsule_pool_sessions_release(byref(raw))


def list_pool_imports(pool: Pool) -> list[PoolImport]:
    """What became of the imports of a pool at its last warm-up."""
    raw = filled(_raw.capsule_pool_list_imports, pool.handle, _raw.capsule_pool_imports)
    try:
        array = (_raw.capsule_pool_import * raw.count).from_address(raw.imports) if raw.imports else ()
        return [PoolImport.from_raw(one) for one in array]
    finally:
        _raw.capsule_pool_imports_release(byref(raw))
