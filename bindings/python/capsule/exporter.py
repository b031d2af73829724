"""Exporters: events of a runtime's sessions to a file or a function; users have them in `capsule.diagnostics`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Unpack

from capsule import _generated as _raw
from capsule._call import ClosingOwner, call, filled, made, milliseconds
from capsule._generated_records import ExporterInfo, ExporterOptions, ExportGroup, rows
from capsule._options import Options
from capsule.runtime import Runtime

# How long the end of one that was not closed waits for a function that runs.
_END_MS = 1000
# What the library may still call: a function that did not return in that time.
_stuck: list[Any] = []


def _end(handle: int, called: Any) -> None:
    if called is not None and _raw.capsule_exporter_close(handle, _END_MS, None):
        _stuck.append(called)
    _raw.capsule_exporter_release(handle)


class Exporter(ClosingOwner):
    """Hands on what sessions do, as it becomes complete, from now on: to a file by `kind` and `path`, or to a function.

    A function is called with a batch on a thread of the library's, one call at a time, and may call the library, but not close its own
    exporter; a batch that it raises for counts as failed, and `error` is what was raised last. What cannot keep up loses events,
    which `info` counts, and holds no execution up. Leaving a `with` block closes it.
    """

    __slots__ = ("_raised",)

    def __init__(
        self, runtime: Runtime, function: Callable[[list[ExportGroup]], object] | None = None, **options: Unpack[ExporterOptions]
    ) -> None:
        given = Options(_raw.capsule_exporter_options, _raw.capsule_exporter_options_init, options)
        self._raised: list[BaseException] = []
        called = None if function is None else _called(function, self._raised)
        if called is not None:
            given.raw.callback = called
        super().__init__(made(_raw.capsule_exporter_create, runtime.handle, given.reference), _end, called)

    @property
    def info(self) -> ExporterInfo:
        """What it did, also when it is closed."""
        return ExporterInfo.from_raw(filled(_raw.capsule_exporter_get_info, self.handle, _raw.capsule_exporter_info))

    @property
    def error(self) -> BaseException | None:
        """What its function raised last."""
        return self._raised[-1] if self._raised else None

    def flush(self, timeout: float = 5.0) -> None:
        """Waits until all that is queued now is written, failed or dropped."""
        call(_raw.capsule_exporter_flush, self.handle, milliseconds(timeout))

    def close(self, timeout: float = 5.0) -> None:
        """Ends it: what is queued is written for so many seconds, the rest dropped. Waits; may be repeated."""
        if self._finalizer.alive:
            call(_raw.capsule_exporter_close, self.handle, milliseconds(timeout))


# Holds what was raised and not the exporter, which is collected where it is forgotten.
def _called(function: Callable[[list[ExportGroup]], object], raised: list[BaseException]) -> Any:
    def called(_: object, groups: int, count: int) -> int:
        try:
            function([ExportGroup.from_raw(group) for group in rows(_raw.capsule_export_group, groups, count)])
        except BaseException as error:
            raised[:] = [error]
            return 1
        return 0

    return _raw.capsule_export_callback(called)
