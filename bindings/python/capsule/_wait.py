"""Waiting: so that Ctrl-C is heard, and on the event loop without a thread."""

from __future__ import annotations

import asyncio
import builtins
import math
import os
import select
import threading
import time
import weakref
from collections.abc import Callable
from typing import TypeVar

from capsule.errors import TimeoutError, error_of
from capsule._generated_records import Status

T = TypeVar("T")

# A wait of the main thread begins in the library, which is the fastest, and goes on where signals are heard: Python handles them only
# when a call into C has returned.
DEAF_MS = 50

MAIN = threading.main_thread().ident


def patiently(take: Callable[[int], T], descriptor: Callable[[], int], timeout_ms: int) -> T:
    """`take` with that timeout, which may raise TimeoutError; in the main thread signals are heard meanwhile."""
    if threading.get_ident() != MAIN or 0 <= timeout_ms <= DEAF_MS:
        return take(timeout_ms)
    deadline = None if timeout_ms < 0 else time.monotonic() + timeout_ms / 1000
    try:
        return take(DEAF_MS)
    except TimeoutError:
        pass
    fd = descriptor()
    while True:
        wait_readable(fd, deadline)
        try:
            return take(0)
        except TimeoutError:
            if deadline is not None and time.monotonic() >= deadline:
                raise


def in_slices(take: Callable[[int], T], timeout_ms: int) -> T:
    """The same where no descriptor tells of it: in the main thread signals are heard between short waits."""
    if threading.get_ident() != MAIN:
        return take(timeout_ms)
    deadline = math.inf if timeout_ms < 0 else time.monotonic() + timeout_ms / 1000
    while True:
        left_ms = (deadline - time.monotonic()) * 1000
        try:
            return take(DEAF_MS if left_ms > DEAF_MS else max(0, math.ceil(left_ms)))
        except TimeoutError:
            if time.monotonic() >= deadline:
                raise


def wait_readable(fd: int, deadline: float | None) -> None:
    """Waits until a descriptor is readable, or the time of `time.monotonic()` has come; signals are heard."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    poll.poll(None if deadline is None else max(0, math.ceil((deadline - time.monotonic()) * 1000)))


class Readiness:
    """Lets tasks wait until a descriptor is readable: of the loop that they run on, several at once.

    It stands on a duplicate, so that the loop never watches a number that the library has closed and someone else has opened again.
    """

    __slots__ = ("__weakref__", "_closed", "_fd", "_waiters")

    def __init__(self, fd: int) -> None:
        self._fd = os.dup(fd)
        self._closed = False
        self._waiters: dict[asyncio.Future[None], asyncio.AbstractEventLoop] = {}
        weakref.finalize(self, os.close, self._fd)

    async def wait(self) -> None:
        """Until it is readable, or `wake` is called."""
        if self._closed:
            return
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if loop not in self._waiters.values():
            loop.add_reader(self._fd, self._wake_those_of, loop)
        self._waiters[future] = loop
        if self._closed:  # meanwhile, and did not see this one
            future.set_result(None)
        try:
            await future
        finally:
            del self._waiters[future]
            if loop not in self._waiters.values():
                loop.remove_reader(self._fd)

    def _wake_those_of(self, loop: asyncio.AbstractEventLoop) -> None:
        for future, its_loop in list(self._waiters.items()):
            if its_loop is loop and not future.done():
                future.set_result(None)

    def close(self) -> None:
        """Wakes all that wait, from whatever thread; nobody waits any more."""
        self._closed = True
        for loop in set(self._waiters.values()):
            loop.call_soon_threadsafe(self._wake_those_of, loop)


async def patiently_async(take: Callable[[int], T], readiness: Readiness, timeout: float | None) -> T:
    """The same for a task of an event loop, without a thread."""
    try:
        async with asyncio.timeout(timeout):
            while True:
                try:
                    return take(0)
                except TimeoutError:
                    await readiness.wait()
    except builtins.TimeoutError:
        raise error_of(Status.TIMEOUT, f"nothing came in {timeout} s") from None
