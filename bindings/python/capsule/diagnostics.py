"""What happened, and what it cost, as records: counts, durations, sizes and names, never values or texts of the code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from ctypes import byref, c_int32, c_size_t, string_at
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, Unpack

from capsule import _generated as _raw
from capsule._call import Owner, call, filled, listed, made, milliseconds, owned, sized
from capsule._options import Options, given_options, reference_of
from capsule._wait import Readiness, patiently, patiently_async
from capsule.bridge import Bridge
from capsule.errors import CapsuleError
from capsule.exporter import Exporter
from capsule.pool import Pool
from capsule._generated_records import (
    AsyncMetrics,
    BridgeMetrics,
    CancelMetrics,
    CapabilityMetrics,
    ExecutorMetrics,
    Inspection,
    LimiterMetrics,
    MetricsText,
    PendingCall,
    PendingPromise,
    PoolImport,
    PoolImports,
    PoolSession,
    PoolSessions,
    PostmortemInfo,
    RuntimeMetrics,
    Status,
    TraceContext,
    TraceEvent,
    TraceInfo,
    TraceKind,
    TraceLabel,
    TransportMetrics,
    WorkerInfo,
    WorkerMetrics,
)
from capsule.introspection import (
    PoolInspection,
    get_audit_info,
    inspect_execution,
    inspect_isolation,
    inspect_namespace,
    inspect_pending,
    inspect_pool,
    inspect_stack,
    list_audit,
    narrow_introspection,
    set_audit,
    verify_audit,
)
from capsule.profiles import Profile, profile
from capsule.promises import PromiseStore
from capsule.runtime import Runtime
from capsule.session import Session
from capsule.stacks import StackTrace, ThreadStack, stack_taken


__all__ = [
    "Exporter",
    "PoolInspection",
    "Postmortem",
    "Profile",
    "StackTrace",
    "ThreadStack",
    "Trace",
    "TraceReader",
    "follow_trace",
    "get_async_metrics",
    "get_audit_info",
    "get_bridge_metrics",
    "get_cancel_metrics",
    "get_executor_metrics",
    "get_limiter_metrics",
    "get_postmortem",
    "get_prometheus",
    "get_runtime_metrics",
    "get_stack",
    "get_trace",
    "get_trace_context",
    "get_trace_label",
    "get_transport_metrics",
    "get_worker_info",
    "get_worker_metrics",
    "inspect_execution",
    "inspect_isolation",
    "inspect_namespace",
    "inspect_pending",
    "inspect_pool",
    "inspect_postmortem",
    "inspect_stack",
    "inspect_trace_label",
    "list_audit",
    "list_capability_metrics",
    "list_pending_calls",
    "list_pending_promises",
    "list_pool_imports",
    "list_pool_sessions",
    "narrow_introspection",
    "profile",
    "set_audit",
    "verify_audit",
]


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
    caller: str = "",
    limit: int | None = None,
) -> Trace:
    """What happened to a session, or to a pool; closed ones included.

    `kind` is one kind, or its hundreds alone for a group (500: checkpoints and snapshots); `after_cursor` is the cursor of who
    follows; `caller` is who looks, for the audit trail. Without `limit`, all there are.
    """
    function = _raw.capsule_pool_get_trace if isinstance(of, Pool) else _raw.capsule_session_get_trace
    filter_ = _filter(kind=kind, execution_id=execution_id, after_cursor=after_cursor, since_ns=since_ns, caller=caller)
    info, count = sized(_raw.capsule_trace_info), c_size_t()
    capacity = 256 if limit is None else limit
    while True:
        events = (_raw.capsule_trace_event * capacity)()
        call(function, of.handle, filter_.reference, events, capacity, byref(count), byref(info))
        if limit is not None or info.matched <= capacity:
            return Trace([TraceEvent.from_raw(event) for event in events[: count.value]], TraceInfo.from_raw(info))
        capacity = info.matched + 64


def _filter(**given: Any) -> Options:
    return Options(_raw.capsule_trace_filter, None, given)


class TraceReader(Owner):
    """Reads a session's trace event by event: an iterator, and an asynchronous one, to the session's close, which it may outlive.

    An error of status EVICTED tells once that events went before they were read; the next step goes on behind them.
    """

    __slots__ = ("_readiness",)

    def __init__(self, handle: int) -> None:
        super().__init__(handle, _raw.capsule_trace_release)
        self._readiness: Readiness | None = None

    def next(self, timeout: float | None = None) -> TraceEvent | None:
        """Waits for the next event; None when the session is closed and all was read."""
        return patiently(self._take, self.fileno, milliseconds(timeout))

    async def next_async(self, timeout: float | None = None) -> TraceEvent | None:
        """The same for a task, without a thread."""
        if self._readiness is None:
            self._readiness = Readiness(self.fileno())
        return await patiently_async(self._take, self._readiness, timeout)

    def _take(self, timeout_ms: int) -> TraceEvent | None:
        raw = _raw.capsule_trace_event()
        try:
            call(_raw.capsule_trace_next, self.handle, timeout_ms, byref(raw))
        except CapsuleError as error:
            if error.status is not Status.END:
                raise
            return None
        return TraceEvent.from_raw(raw)

    def fileno(self) -> int:
        """Readable while `next` may have something. The reader's: never read, never closed."""
        fd = c_int32()
        call(_raw.capsule_trace_get_fd, self.handle, byref(fd))
        return fd.value

    @property
    def info(self) -> TraceInfo:
        """What there is of the trace, and what there is no longer."""
        return TraceInfo.from_raw(filled(_raw.capsule_trace_get_info, self.handle, _raw.capsule_trace_info))

    def close(self) -> None:
        """Gives it back: who waits gets ClosedError."""
        self.release()
        if self._readiness is not None:
            self._readiness.close()

    def __iter__(self) -> Iterator[TraceEvent]:
        while (event := self.next()) is not None:
            yield event

    async def __aiter__(self) -> AsyncIterator[TraceEvent]:
        while (event := await self.next_async()) is not None:
            yield event

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()


def follow_trace(
    session: Session,
    *,
    kind: TraceKind | int = 0,
    execution_id: int = 0,
    after_cursor: int = 0,
    since_ns: int = 0,
    caller: str = "",
) -> TraceReader:
    """Begins to read a session's trace: the events that there are and those to come; what the filter means `get_trace` tells."""
    filter_ = _filter(kind=kind, execution_id=execution_id, after_cursor=after_cursor, since_ns=since_ns, caller=caller)
    return TraceReader(made(_raw.capsule_trace_get, session.handle, filter_.reference))


def get_trace_label(session: Session, number: int) -> TraceLabel:
    """The name that an event's `label` stands for, as the policy shows it."""
    raw = sized(_raw.capsule_trace_label)
    call(_raw.capsule_session_get_trace_label, session.handle, number, byref(raw))
    return TraceLabel.from_raw(raw)


def get_trace_context(session: Session, execution_id: int) -> TraceContext:
    """The W3C trace context of an execution: the one given with it, or one that was made for it, always the same."""
    raw = sized(_raw.capsule_trace_context)
    call(_raw.capsule_session_get_trace_context, session.handle, execution_id, byref(raw))
    return TraceContext.from_raw(raw)


def inspect_trace_label(session: Session, number: int, **inspection: Unpack[Inspection]) -> TraceLabel:
    """As `get_trace_label`, at the level that is asked for and for the caller that is named."""
    look, raw = _inspection(inspection), sized(_raw.capsule_trace_label)
    call(_raw.capsule_session_inspect_trace_label, session.handle, reference_of(look), number, byref(raw))
    return TraceLabel.from_raw(raw)


def _inspection(given: Inspection) -> Options | None:
    return given_options(_raw.capsule_inspection, _raw.capsule_inspection_init, given)


def get_stack(session: Session, *, max_frames: int = 128, timeout: float = 1.0) -> StackTrace:
    """Where its Python code stands, also while it hangs; of a worker that died, where it stood. It goes on undisturbed."""
    options = sized(_raw.capsule_stack_options)
    options.max_frames, options.timeout_ms = max_frames, milliseconds(timeout, 1)
    return stack_taken(made(_raw.capsule_session_get_stack, session.handle, byref(options)))


@dataclass(frozen=True, slots=True)
class Postmortem:
    """What is known of a worker that died: how, in the middle of what, and what it did last."""

    info: PostmortemInfo
    events: list[TraceEvent]
    json: str
    """All of it, one line, as `capsule postmortem FILE` shows it."""
    stack: StackTrace | None
    """Where its Python code stood, where a fatal signal ended it; SIGKILL leaves none."""


def get_postmortem(session: Session, index: int = 0) -> Postmortem | None:
    """What is known of one of its last deaths, 0 for the last; None where there was no such death."""
    return _postmortem(_raw.capsule_session_get_postmortem, session.handle, index)


def inspect_postmortem(session: Session, index: int = 0, **inspection: Unpack[Inspection]) -> Postmortem | None:
    """As `get_postmortem`, at the level that is asked for and for the caller that is named."""
    look = _inspection(inspection)
    return _postmortem(_raw.capsule_session_inspect_postmortem, session.handle, reference_of(look), index)


def _postmortem(function: Callable[..., int], *arguments: Any) -> Postmortem | None:
    handle = _made_or_none(function, *arguments)
    if handle is None:
        return None
    try:
        raw = filled(_raw.capsule_postmortem_get_info, handle, _raw.capsule_postmortem_info)
        events = (_raw.capsule_trace_event * raw.event_count).from_address(raw.events) if raw.events else ()
        json = _raw.capsule_text()
        call(_raw.capsule_postmortem_to_json, handle, byref(json))
        copied = [TraceEvent.from_raw(event) for event in events]
        text = string_at(json.data or b"", json.size).decode()
        stack = _made_or_none(_raw.capsule_postmortem_get_stack, handle)
        return Postmortem(PostmortemInfo.from_raw(raw), copied, text, None if stack is None else stack_taken(stack))
    finally:
        _raw.capsule_postmortem_release(handle)


def _made_or_none(function: Callable[..., int], *arguments: Any) -> int | None:
    """The handle that a function makes, or None where the status STATE says that there is nothing to tell."""
    try:
        return made(function, *arguments)
    except CapsuleError as error:
        if error.status == Status.STATE:
            return None
        raise


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


def get_worker_metrics(session: Session) -> WorkerMetrics:
    """What its worker told of itself in the last heartbeat: threads, memory, CPU time; and what was counted of heartbeats."""
    return WorkerMetrics.from_raw(filled(_raw.capsule_session_get_worker_metrics, session.handle, _raw.capsule_worker_metrics))


def get_worker_info(session: Session) -> WorkerInfo:
    """What its last worker announced: its interpreter, what it can do, its limits, its isolation."""
    return WorkerInfo.from_raw(filled(_raw.capsule_session_get_worker_info, session.handle, _raw.capsule_worker_info))


def get_transport_metrics(session: Session) -> TransportMetrics:
    """The frames between it and its workers."""
    return TransportMetrics.from_raw(
        filled(_raw.capsule_session_get_transport_metrics, session.handle, _raw.capsule_transport_metrics)
    )


def get_cancel_metrics(session: Session) -> CancelMetrics:
    """What cancels did, of a session opened with `enable_metrics`."""
    return CancelMetrics.from_raw(filled(_raw.capsule_session_get_cancel_metrics, session.handle, _raw.capsule_cancel_metrics))


def get_runtime_metrics(runtime: Runtime) -> RuntimeMetrics:
    """What a runtime counted over all its sessions, those included that are gone."""
    return RuntimeMetrics.from_raw(filled(_raw.capsule_runtime_get_metrics, runtime.handle, _raw.capsule_runtime_metrics))


def get_prometheus(runtime: Runtime) -> str:
    """All metrics of a runtime in Prometheus' text format, version 0.0.4."""
    release, struct = _raw.capsule_metrics_text_release, _raw.capsule_metrics_text
    with owned(release, struct, _raw.capsule_runtime_get_prometheus, runtime.handle) as raw:
        return MetricsText.from_raw(raw).text


def get_bridge_metrics(of: Bridge | Session) -> BridgeMetrics:
    """What a bridge counted, or what of it is of one session's calls."""
    function = _raw.capsule_bridge_get_metrics if isinstance(of, Bridge) else _raw.capsule_session_get_bridge_metrics
    return BridgeMetrics.from_raw(filled(function, of.handle, _raw.capsule_bridge_metrics))


def list_pending_calls(bridge: Bridge) -> list[PendingCall]:
    """The calls of the host that are open, the oldest first."""
    return [PendingCall.from_raw(one) for one in listed(_raw.capsule_bridge_list_pending, bridge.handle, _raw.capsule_pending_call)]


def list_pending_promises(store: PromiseStore) -> list[PendingPromise]:
    """The promises of a store that are open, without what they hold."""
    found = listed(_raw.capsule_promise_list_pending, store.handle, _raw.capsule_pending_promise)
    return [PendingPromise.from_raw(one) for one in found]


def list_capability_metrics(bridge: Bridge) -> list[CapabilityMetrics]:
    """What became of the calls of each capability that was called, by name."""
    found = listed(_raw.capsule_bridge_list_capability_metrics, bridge.handle, _raw.capsule_capability_metrics)
    return [CapabilityMetrics.from_raw(one) for one in found]


def list_pool_sessions(pool: Pool) -> list[PoolSession]:
    """The sessions of a pool, and where each stands."""
    release, struct = _raw.capsule_pool_sessions_release, _raw.capsule_pool_sessions
    with owned(release, struct, _raw.capsule_pool_list_sessions, pool.handle) as raw:
        return PoolSessions.from_raw(raw).sessions


def list_pool_imports(pool: Pool) -> list[PoolImport]:
    """What became of the imports of a pool at its last warm-up."""
    release, struct = _raw.capsule_pool_imports_release, _raw.capsule_pool_imports
    with owned(release, struct, _raw.capsule_pool_list_imports, pool.handle) as raw:
        return PoolImports.from_raw(raw).imports
