"""What goes wrong with a call: exceptions with the status and the sentence of the library.

A Python exception of the code that runs in a session is none of these: it is an `Error` event.
"""

from __future__ import annotations

import builtins

from capsule._generated_records import Status


class CapsuleError(Exception):
    """A call failed. `status` says how, `message` is one sentence of the library."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def __str__(self) -> str:
        return f"{self.message} ({self.status.name})"

    def __reduce__(self) -> tuple[type[CapsuleError], tuple[Status, str]]:
        return type(self), (self.status, self.message)


class ArgumentError(CapsuleError, ValueError):
    """An argument is out of range, too long, or no valid text."""


class ClosedError(CapsuleError):
    """The object was closed or released, or what it belongs to was."""


class TimeoutError(CapsuleError, builtins.TimeoutError):
    """The time given ran out; nothing was lost, and the call may be repeated."""


class BusyError(CapsuleError):
    """The queue of the session has no room, or something is in use by another."""


class DiedError(CapsuleError):
    """The worker has died: `restart()` brings the session back."""


class NameNotFoundError(CapsuleError, LookupError):
    """There is no such name, or there is one that should not be."""


class MemoryError(CapsuleError, builtins.MemoryError):
    """Memory ran out."""


class LibraryError(ImportError):
    """libcapsule is missing, is none, or does not fit this package; the message names the file and the versions."""


_CLASSES = {
    Status.ARGUMENT: ArgumentError,
    Status.HANDLE: ClosedError,
    Status.CLOSED: ClosedError,
    Status.TIMEOUT: TimeoutError,
    Status.BUSY: BusyError,
    Status.DIED: DiedError,
    Status.NAME: NameNotFoundError,
    Status.MEMORY: MemoryError,
}


def error_of(status: int, message: str) -> CapsuleError:
    """The exception for a status that is not OK."""
    named = Status(status)
    return _CLASSES.get(named, CapsuleError)(named, message)
