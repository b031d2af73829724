"""How the binding calls the library: errors become exceptions, handles are released once, seconds become milliseconds."""

from __future__ import annotations

import _thread
import asyncio
import atexit
import contextlib
import math
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from ctypes import Structure, byref, c_size_t, c_uint64, c_void_p, cast, sizeof
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from capsule import _generated as _raw
from capsule.errors import error_of

DAY_MS = 86_400_000

# Structs for the library to write errors to, used again: making one costs as much as a call. One is taken for the time of a call,
# which keeps threads apart.
_spare: list[tuple[_raw.capsule_error, Any]] = []


def _new_error() -> tuple[_raw.capsule_error, Any]:
    error = _raw.capsule_error(struct_size=sizeof(_raw.capsule_error))
    return error, byref(error)


def call(function: Callable[..., int], *arguments: Any) -> None:
    """Calls a function that returns a status and takes an error last; raises what it answers."""
    pair = _spare.pop() if _spare else _new_error()
    status = function(*arguments, pair[1])
    if status:
        raised = error_of(status, pair[0].message.decode(errors="replace"))
        _spare.append(pair)
        raise raised
    _spare.append(pair)


def made(function: Callable[..., int], *arguments: Any) -> int:
    """The handle that a function makes: its last parameter but the error."""
    handle = c_void_p()
    pair = _spare.pop() if _spare else _new_error()
    status = function(*arguments, byref(handle), pair[1])
    if status:
        raised = error_of(status, pair[0].message.decode(errors="replace"))
        _spare.append(pair)
        raise raised
    _spare.append(pair)
    return handle.value or 0


def unconverted(function: Any) -> Callable[..., int]:
    """The same function for arguments that are of ctypes' types already: to look at each again takes as long as the call."""
    address = cast(function, c_void_p).value
    same = type(function)(address)
    same.restype = function.restype
    return same  # type: ignore[no-any-return]


class _Sized(Protocol):
    struct_size: int


StructT = TypeVar("StructT", bound=_Sized)


def sized(struct: type[StructT]) -> StructT:
    """An empty struct that says how large it is."""
    value = struct()
    value.struct_size = sizeof(value)  # type: ignore[arg-type]
    return value


def filled(function: Callable[..., int], handle: int, struct: type[StructT]) -> StructT:
    """A struct that a function of (handle, struct) fills."""
    value = sized(struct)
    call(function, handle, byref(value))  # type: ignore[arg-type]
    return value


@contextlib.contextmanager
def owned(release: Callable[..., None], struct: type[StructT], function: Callable[..., int], *arguments: Any) -> Iterator[StructT]:
    """A struct that a function fills, its last parameter but the error: what it holds is released when the block ends."""
    value = sized(struct)
    call(function, *arguments, byref(value))  # type: ignore[arg-type]
    try:
        yield value
    finally:
        release(byref(value))  # type: ignore[arg-type]


RowT = TypeVar("RowT", bound=Structure)


def listed(function: Callable[..., int], handle: int, row: type[RowT]) -> list[RowT]:
    """All that a function of (handle, array, its room, count, total) copies."""
    count, total, room = c_size_t(), c_uint64(), 64
    while True:
        found = (row * room)()
        call(function, handle, found, room, byref(count), byref(total))
        if total.value <= room:
            return found[: count.value]
        room = total.value + 64


def milliseconds(seconds: float | None, least: int = 0) -> int:
    """-1 for None; parts of a millisecond are rounded up, so that no wait is shorter than asked for."""
    if seconds is None:
        return -1
    if not seconds >= 0:
        raise ValueError(f"a time must be 0 or more, or None for no limit, not {seconds!r}")
    return max(least, min(math.ceil(seconds * 1000), DAY_MS))


def utf8(text: str | bytes, what: str) -> bytes:
    """UTF-8 for the library, which checks it: what is no valid text, as a lone surrogate, is refused there, with its sentence."""
    if isinstance(text, str):
        try:
            return text.encode()
        except UnicodeEncodeError:
            return text.encode("utf-8", "surrogatepass")
    if isinstance(text, bytes):
        return text
    raise TypeError(f"{what} must be a str or bytes, not {type(text).__name__}")


_put_off: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()


def _do_what_was_put_off() -> None:
    while _put_off:
        with contextlib.suppress(IndexError):  # Another thread took the last one.
            function, arguments = _put_off.popleft()
            function(*arguments)


atexit.register(_do_what_was_put_off)


def elsewhere(function: Callable[..., None], *arguments: Any) -> None:
    """Calls it soon on another thread; what it is given lives until then. Takes no lock: it is called in finalizers."""
    _put_off.append((function, arguments))
    with contextlib.suppress(RuntimeError):  # There are no new threads at the end of the interpreter.
        _thread.start_new_thread(_do_what_was_put_off, ())


class Owner:
    """Holds a handle of the library, and releases it once: when it is closed, collected, or the interpreter ends."""

    __slots__ = ("__weakref__", "_finalizer", "handle")

    def __init__(self, handle: int, release: Callable[..., None], *more: object) -> None:
        #: The handle, for what the functions of `capsule._raw` can do and this package does not. Still owned here.
        self.handle = handle
        self._finalizer = weakref.finalize(self, release, handle, *more)

    def release(self) -> None:
        """Gives the handle back; calls on it raise ClosedError from now on, also those under way in other threads."""
        self._finalizer()


class Lender(Owner):
    """One whose memory is copied, by whoever holds `_lending`: it is not released meanwhile."""

    __slots__ = ("_lending",)

    def __init__(self, handle: int, release: Callable[..., None]) -> None:
        super().__init__(handle, release)
        self._lending = threading.Lock()

    def release(self) -> None:
        with self._lending:
            super().release()


class ClosingOwner(Owner):
    """One whose end waits: `with` closes it, and `async with` does so on a thread of the event loop's."""

    __slots__ = ()

    def close(self, timeout: float = 5.0) -> None:
        """Ends it."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)
