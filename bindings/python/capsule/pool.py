"""Pools: sessions kept ready."""

from __future__ import annotations

import contextlib
from ctypes import byref, c_int32
from typing import Any

from capsule import _generated as _raw
from capsule._call import ClosingOwner, Owner, call, filled, made, milliseconds
from capsule._options import Options
from capsule._wait import DEAF_MS, Readiness, wait_readable
from capsule.errors import CapsuleError, TimeoutError
from capsule._generated_records import PoolInfo, PoolMetrics
from capsule.session import Session


class PooledSession(Session):
    """A session of a pool: leaving a `with` block, or `close`, gives it back."""

    __slots__ = ("_pool",)

    def __init__(self, handle: int, pool: Pool) -> None:
        super().__init__(handle)
        self._pool = pool

    def close(self, timeout: float = 5.0) -> None:
        """Gives it back to its pool. Does not wait; what still runs is cancelled."""
        if self._finalizer.alive:
            self._pool.give_back(self)


class Pool(ClosingOwner):
    """A pool of sessions. Leaving a `with` block closes it."""

    __slots__ = ()

    def __init__(self, handle: int) -> None:
        super().__init__(handle, _raw.capsule_pool_release)

    def acquire(self, timeout: float | None = None, key: str = "") -> PooledSession:
        """A session: an idle one at once, else the next one in its turn; TimeoutError when none came in so many seconds.

        Without `timeout`, as the pool's `acquire_timeout_ms` says.
        """
        with contextlib.closing(_Acquisition(self, timeout, key)) as acquisition:
            return PooledSession(acquisition.take(), self)

    async def acquire_async(self, timeout: float | None = None, key: str = "") -> PooledSession:
        """The same for a task, without a thread. A task that is cancelled gives its place in the line up."""
        with contextlib.closing(_Acquisition(self, timeout, key)) as acquisition:
            return PooledSession(await acquisition.take_async(), self)

    def give_back(self, session: Session) -> None:
        """Gives a session back; it answers ClosedError from then on."""
        call(_raw.capsule_pool_give_back, self.handle, session.handle)
        session.release()

    def wait_ready(self, timeout: float | None = None) -> None:
        """Waits until its `min_idle` sessions were made, or one cannot be."""
        call(_raw.capsule_pool_wait_ready, self.handle, milliseconds(timeout, 1))

    @property
    def info(self) -> PoolInfo:
        """Its options, and how it stands."""
        return PoolInfo.from_raw(filled(_raw.capsule_pool_get_info, self.handle, _raw.capsule_pool_info))

    @property
    def metrics(self) -> PoolMetrics:
        """What it has counted."""
        return PoolMetrics.from_raw(filled(_raw.capsule_pool_get_metrics, self.handle, _raw.capsule_pool_metrics))

    def close(self, timeout: float = 5.0) -> None:
        """Ends its sessions; those that are acquired may be given back for so many seconds. Waits; may be repeated."""
        if self._finalizer.alive:
            call(_raw.capsule_pool_close, self.handle, milliseconds(timeout))


class _Acquisition(Owner):
    """A place in a pool's line, held while it is waited for where signals, or other tasks, are heard."""

    __slots__ = ()

    def __init__(self, pool: Pool, timeout: float | None, key: str) -> None:
        given: dict[str, Any] = {"key": key}
        if timeout is not None:
            given["timeout_ms"] = milliseconds(timeout)
        options = Options(_raw.capsule_acquire_options, _raw.capsule_acquire_options_init, given)
        super().__init__(made(_raw.capsule_pool_acquire_async, pool.handle, options.reference), _raw.capsule_acquisition_release)

    def take(self) -> int:
        try:
            return self._take(DEAF_MS)
        except TimeoutError:
            wait_readable(self._fileno(), None)
            return self._take(0)

    async def take_async(self) -> int:
        try:
            return self._take(0)
        except TimeoutError:
            await Readiness(self._fileno()).wait()
            return self._take(0)

    def close(self) -> None:
        # One that has ended, with a session taken or a failure, stays as it is.
        with contextlib.suppress(CapsuleError):
            call(_raw.capsule_acquisition_cancel, self.handle)
        self.release()

    def _take(self, timeout_ms: int) -> int:
        return made(_raw.capsule_acquisition_take, self.handle, timeout_ms)

    def _fileno(self) -> int:
        fd = c_int32()
        call(_raw.capsule_acquisition_get_fd, self.handle, byref(fd))
        return fd.value
