"""Looks that a policy guards, what may be seen, and the audit trail of who looked; users have them in `capsule.diagnostics`.

A look's keyword arguments are those of `capsule_inspection`: `level`, `caller`, `timeout_ms`, `max_rows`. One that asks for more than
the policy allows raises CapsuleError with the status DENIED; by default the policy allows counts.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import Structure, byref
from dataclasses import dataclass
from typing import Any, TypeVar, Unpack

from capsule import _generated as _raw
from capsule._call import call, filled, made, milliseconds, owned, sized
from capsule._generated_records import (
    AuditCheck,
    AuditInfo,
    AuditList,
    AuditOptions,
    AuditRecord,
    AuditReport,
    ExecutionStatus,
    Inspection,
    IntrospectionPolicy,
    IsolationReport,
    NamespaceSummary,
    PendingSummary,
    PoolInfo,
    PoolSummary,
)
from capsule._options import Options, given_options, reference_of
from capsule.bridge import Bridge
from capsule.pool import Pool
from capsule.promises import PromiseStore
from capsule.runtime import Runtime
from capsule.session import Session
from capsule.stacks import StackTrace, stack_taken

StructT = TypeVar("StructT", bound=Structure)
RecordT = TypeVar("RecordT")


def _looked(
    read: Callable[[StructT], RecordT],
    release: Callable[..., None],
    struct: type[StructT],
    function: Callable[..., int],
    handle: int,
    inspection: Inspection,
    *more: Any,
) -> RecordT:
    """The record of what a function of (handle, inspection, …, struct) answers."""
    look = given_options(_raw.capsule_inspection, _raw.capsule_inspection_init, inspection)
    with owned(release, struct, function, handle, reference_of(look), *more) as raw:
        return read(raw)


def _keep(_: object) -> None:
    """Releases a struct that holds nothing."""


def inspect_namespace(session: Session, **inspection: Unpack[Inspection]) -> NamespaceSummary:
    """Its names: how many of which kind, and as rows. Waits for the worker, `timeout_ms` at most; then the host tells what it knows."""
    release, struct = _raw.capsule_namespace_summary_release, _raw.capsule_namespace_summary
    return _looked(
        NamespaceSummary.from_raw, release, struct, _raw.capsule_session_inspect_namespace, session.handle, inspection
    )


def inspect_execution(session: Session, **inspection: Unpack[Inspection]) -> ExecutionStatus:
    """What it executes, and what that waits for. Does not wait."""
    function = _raw.capsule_session_inspect_execution
    return _looked(ExecutionStatus.from_raw, _keep, _raw.capsule_execution_status, function, session.handle, inspection)


def inspect_isolation(session: Session, **inspection: Unpack[Inspection]) -> IsolationReport:
    """What stands between its code and the host, layer by layer."""
    release, struct = _raw.capsule_isolation_report_release, _raw.capsule_isolation_report
    return _looked(IsolationReport.from_raw, release, struct, _raw.capsule_session_inspect_isolation, session.handle, inspection)


def inspect_pending(of: Bridge | PromiseStore, **inspection: Unpack[Inspection]) -> PendingSummary:
    """The calls that are open in a bridge, or the promises that are in a store."""
    release, struct = _raw.capsule_pending_summary_release, _raw.capsule_pending_summary
    is_bridge = isinstance(of, Bridge)
    function = _raw.capsule_bridge_inspect_pending if is_bridge else _raw.capsule_promise_store_inspect_pending
    return _looked(PendingSummary.from_raw, release, struct, function, of.handle, inspection)


@dataclass(frozen=True, slots=True)
class PoolInspection:
    """How a pool stands, and its sessions as far as the policy shows them."""

    info: PoolInfo
    """Its `last_error` is empty unless the level is full."""
    summary: PoolSummary


def inspect_pool(pool: Pool, **inspection: Unpack[Inspection]) -> PoolInspection:
    """The state of a pool and of each of its sessions."""
    release, struct, info = _raw.capsule_pool_summary_release, _raw.capsule_pool_summary, sized(_raw.capsule_pool_info)
    function = _raw.capsule_pool_inspect
    summary = _looked(PoolSummary.from_raw, release, struct, function, pool.handle, inspection, byref(info))
    return PoolInspection(PoolInfo.from_raw(info), summary)


def inspect_stack(
    session: Session, *, max_frames: int = 128, timeout: float = 1.0, **inspection: Unpack[Inspection]
) -> StackTrace:
    """As `get_stack`, at the level that is asked for and for the caller that is named; `timeout_ms` and `max_rows` are not looked at."""
    look = given_options(_raw.capsule_inspection, _raw.capsule_inspection_init, inspection)
    given = {"max_frames": max_frames, "timeout_ms": milliseconds(timeout, 1)}
    options = Options(_raw.capsule_stack_options, _raw.capsule_stack_options_init, given)
    return stack_taken(made(_raw.capsule_session_inspect_stack, session.handle, reference_of(look), options.reference))


def narrow_introspection(session: Session, **policy: Unpack[IntrospectionPolicy]) -> None:
    """From now on no more of it is seen than this allows too. It cannot be undone; sessions that branch from it begin with it."""
    given = Options(_raw.capsule_introspection_policy, _raw.capsule_introspection_policy_init, policy)
    call(_raw.capsule_session_narrow_introspection, session.handle, given.reference)


def set_audit(runtime: Runtime, **options: Unpack[AuditOptions]) -> None:
    """Gives a runtime another audit trail: a new chain, in the ring and in the file of `path`, where there is one."""
    given = given_options(_raw.capsule_audit_options, _raw.capsule_audit_options_init, options)
    call(_raw.capsule_runtime_set_audit, runtime.handle, reference_of(given))


def get_audit_info(runtime: Runtime) -> AuditInfo:
    """What its trail has counted, and the head, which is for `verify_audit`."""
    return AuditInfo.from_raw(filled(_raw.capsule_runtime_get_audit_info, runtime.handle, _raw.capsule_audit_info))


def list_audit(runtime: Runtime, after_sequence: int = 0) -> list[AuditRecord]:
    """The records in the ring, the oldest first; those behind a `sequence`, for who follows."""
    release, struct = _raw.capsule_audit_list_release, _raw.capsule_audit_list
    with owned(release, struct, _raw.capsule_runtime_list_audit, runtime.handle, after_sequence) as raw:
        return AuditList.from_raw(raw).records


def verify_audit(**check: Unpack[AuditCheck]) -> AuditReport:
    """Checks the records in the file `path`, or in `data`: the verdict is no error, of what is broken too. Needs no runtime."""
    given = Options(_raw.capsule_audit_check, None, check)
    report = sized(_raw.capsule_audit_report)
    call(_raw.capsule_audit_verify, given.reference, byref(report))
    return AuditReport.from_raw(report)
