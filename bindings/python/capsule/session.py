"""Sessions: Python processes with a namespace that persists; and frozen copies of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from ctypes import byref, c_void_p
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from capsule import _generated as _raw
from capsule._call import ClosingOwner, Owner, call, filled, made, milliseconds, owned, sized, utf8
from capsule._options import Options, given_options, reference_of
from capsule.checkpoint import Checkpoint, empty_entries, entries_of
from capsule.errors import NameNotFoundError
from capsule.execution import Execution, OnInput, RunResult, run
from capsule.interceptor import Frame, Interceptor
from capsule._generated_records import (
    CheckpointEntry,
    CheckpointOptions,
    ExecutionOptions,
    LogLevel,
    Name,
    NameList,
    RestoreFlags,
    SessionInfo,
    SetStrategy,
    SnapshotInfo,
    ValueKind,
)
from capsule.values import Inputs, Outgoing, taken

if TYPE_CHECKING:
    from capsule.bridge import Rule
    from capsule.events import Event


def _execution_options(options: ExecutionOptions) -> Options | None:
    return given_options(_raw.capsule_execution_options, _raw.capsule_execution_options_init, options)


class Session(ClosingOwner):
    """One Python process. Calls may be made from any thread; those that wait say so, and let other threads run.

    Times are in seconds, None for no limit. Leaving a `with` block closes it.
    """

    __slots__ = ("_token",)

    def __init__(self, handle: int) -> None:
        super().__init__(handle, _raw.capsule_session_release)
        self._token = c_void_p.from_param(handle)

    @property
    def info(self) -> SessionInfo:
        """What is known of it, also when it is closed."""
        return SessionInfo.from_raw(filled(_raw.capsule_session_get_info, self.handle, _raw.capsule_session_info))

    def intercept(
        self, function: Callable[[Frame], object], name: str, *, budget: float = 0.01, quarantine_after: int = 10
    ) -> Interceptor:
        """Has a function see every frame between the session and its worker, until the interceptor is removed; see `Interceptor`."""
        return Interceptor(self.handle, function, name, budget, quarantine_after)

    def execute(self, source: str | bytes, **options: Unpack[ExecutionOptions]) -> Execution:
        """Submits a source text: it runs when those before it have ended. Does not wait."""
        return Execution(self._submit(source, options))

    def _submit(self, source: str | bytes, options: ExecutionOptions) -> int:
        data = utf8(source, "source")
        given = _execution_options(options)
        return made(_raw.capsule_execution_create, self.handle, data, len(data), reference_of(given))

    def run(
        self,
        source: str | bytes,
        *,
        on_event: Callable[[Event], None] | None = None,
        on_input: OnInput | None = None,
        **options: Unpack[ExecutionOptions],
    ) -> RunResult:
        """Runs it to its end; Ctrl-C, or another exception here, cancels it."""
        given = _execution_options(options) if options else None
        return run(self._token, source, reference_of(given), on_event, on_input)

    async def run_async(
        self,
        source: str | bytes,
        *,
        on_event: Callable[[Event], None] | None = None,
        on_input: OnInput | None = None,
        **options: Unpack[ExecutionOptions],
    ) -> RunResult:
        """The same for a task: cancelling the task cancels the execution, which has ended when CancelledError goes on."""
        async with self.execute(source, **options) as execution:
            return await execution.collect_async(on_event, on_input)

    def wait_ready(self, timeout: float | None = None) -> None:
        """Waits until it can run code; raises what opening it failed with."""
        call(_raw.capsule_session_wait_ready, self.handle, milliseconds(timeout))

    def restart(self) -> None:
        """Another worker with an empty namespace. Waits until it is ready."""
        call(_raw.capsule_session_restart, self.handle)

    # Values

    def set(
        self,
        name: str,
        value: object,
        *,
        kind: ValueKind | None = None,
        strategy: SetStrategy = SetStrategy.OVERWRITE,
        timeout: float | None = None,
    ) -> None:
        """Binds a name: a str, bytes, or what offers a buffer (or is a `Buffer`) as such, all else as JSON; or as `kind` says. Waits."""
        data, outgoing = utf8(name, "name"), Outgoing(value, kind)
        call(_raw.capsule_session_set, self.handle, data, len(data), byref(outgoing.raw), strategy, milliseconds(timeout, 1))

    def update(
        self, values: Mapping[str, object], *, strategy: SetStrategy = SetStrategy.OVERWRITE, timeout: float | None = None
    ) -> None:
        """Binds several names: all, or none. Waits."""
        inputs = Inputs(values)
        call(_raw.capsule_session_update, self.handle, inputs.raw, inputs.count, strategy, milliseconds(timeout, 1))

    def get(self, name: str, kind: ValueKind = ValueKind.AUTO, timeout: float | None = None) -> Any:
        """What a name is bound to: a str, a read-only memoryview (not copied), or what its JSON stands for; or as `kind` says. Waits."""
        data, value = utf8(name, "name"), sized(_raw.capsule_value)
        call(_raw.capsule_session_get, self.handle, data, len(data), kind, milliseconds(timeout, 1), byref(value))
        return taken(value)

    def delete(self, name: str, timeout: float | None = None) -> None:
        """Unbinds a name. Waits."""
        data = utf8(name, "name")
        call(_raw.capsule_session_delete, self.handle, data, len(data), milliseconds(timeout, 1))

    def names(self, limit: int = 65_536, timeout: float | None = None) -> list[Name]:
        """The user's names, in the order they were bound. Waits."""
        release, struct, function = _raw.capsule_name_list_release, _raw.capsule_name_list, _raw.capsule_session_list
        with owned(release, struct, function, self.handle, limit, milliseconds(timeout, 1)) as raw:
            return NameList.from_raw(raw).names

    # Checkpoints

    def checkpoint(self, *, timeout: float | None = None, **options: Unpack[CheckpointOptions]) -> Checkpoint:
        """What the session knows as portable bytes, when all that was submitted before has ended. Waits."""
        given = given_options(_raw.capsule_checkpoint_options, _raw.capsule_checkpoint_options_init, options)
        return Checkpoint(made(_raw.capsule_session_checkpoint, self.handle, reference_of(given), milliseconds(timeout, 1)))

    def restore_checkpoint(
        self, checkpoint: Checkpoint, flags: RestoreFlags = RestoreFlags(0), timeout: float | None = None
    ) -> list[CheckpointEntry]:
        """Restores one; what became of each name. Waits."""
        report = empty_entries()
        call(
            _raw.capsule_session_restore_checkpoint, self.handle, checkpoint.handle, flags, milliseconds(timeout, 1), byref(report)
        )
        return entries_of(report)

    def keep_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Has the session keep it, under its name: for later, and for `RestartPolicy.CHECKPOINT`."""
        call(_raw.capsule_session_keep_checkpoint, self.handle, checkpoint.handle)

    def find_checkpoint(self, name: str = "") -> Checkpoint:
        """One that it keeps; NameNotFoundError where there is none of that name."""
        data = utf8(name, "name")
        return Checkpoint(made(_raw.capsule_session_find_checkpoint, self.handle, data, len(data)))

    def forget_checkpoint(self, name: str = "") -> None:
        """Has it let go of one."""
        data = utf8(name, "name")
        call(_raw.capsule_session_forget_checkpoint, self.handle, data, len(data))

    def checkpoints(self) -> list[Checkpoint]:
        """All that it keeps, the oldest first."""
        found: list[Checkpoint] = []
        try:
            while True:
                found.append(Checkpoint(made(_raw.capsule_session_checkpoint_at, self.handle, len(found))))
        except NameNotFoundError:
            return found

    # Snapshots

    def snapshot(self, timeout: float | None = None) -> Snapshot:
        """A frozen fork of the session, when all that was submitted before has ended. Waits."""
        return Snapshot(made(_raw.capsule_session_snapshot, self.handle, milliseconds(timeout, 1)))

    def restore(self, snapshot: Snapshot, timeout: float | None = None) -> None:
        """Goes back to a snapshot. Waits."""
        call(_raw.capsule_session_restore, self.handle, snapshot.handle, milliseconds(timeout, 1))

    def branch(self, timeout: float | None = None) -> Session:
        """A new session that begins where this one stands. Waits."""
        return Session(made(_raw.capsule_session_branch, self.handle, milliseconds(timeout, 1)))

    def set_log_level(self, level: LogLevel | None) -> None:
        """The least severe level that is logged of it, in the place of the sink's; None for the sink's."""
        call(_raw.capsule_session_set_log_level, self.handle, level or 0)

    def narrow_rules(self, rules: Sequence[Rule]) -> None:
        """From now on what it calls of the host must be let through by these rules as well. It cannot be undone."""
        raws = [rule.raw() for rule in rules]
        array = (_raw.capsule_rule * len(raws))(*(raw for raw, _ in raws))
        call(_raw.capsule_session_narrow_rules, self.handle, array, len(raws))

    # The end

    def close(self, timeout: float = 5.0) -> None:
        """Ends the worker, killing what does not end in so many seconds. Waits; may be repeated. `info` and the trace stay."""
        if self._finalizer.alive:
            call(_raw.capsule_session_close, self.handle, milliseconds(timeout))

    async def close_async(self, timeout: float = 5.0) -> None:
        """The same for a task; one of the loop's own threads waits for it."""
        await asyncio.to_thread(self.close, timeout)


class Snapshot(Owner):
    """A frozen copy of a session; letting go of it lets it go. Sessions made of it live on."""

    __slots__ = ()

    def __init__(self, handle: int) -> None:
        super().__init__(handle, _raw.capsule_snapshot_release)

    @property
    def info(self) -> SnapshotInfo:
        return SnapshotInfo.from_raw(filled(_raw.capsule_snapshot_get_info, self.handle, _raw.capsule_snapshot_info))

    def branch(self, timeout: float | None = None) -> Session:
        """A new session that begins there. Waits."""
        return Session(made(_raw.capsule_snapshot_branch, self.handle, milliseconds(timeout, 1)))

    def close(self) -> None:
        """Lets it go."""
        self.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.release()
