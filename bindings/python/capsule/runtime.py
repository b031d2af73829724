"""The runtime: one thread of the library, and the processes that it looks after."""

from __future__ import annotations

import asyncio
from typing import Unpack

from capsule import _generated as _raw
from capsule._call import ClosingOwner, call, filled, made, milliseconds
from capsule._options import Options, given_options, reference_of
from capsule.bridge import Bridge
from capsule.pool import Pool
from capsule.promises import PromiseStore
from capsule._generated_records import (
    BridgeOptions,
    IntrospectionPolicy,
    PoolOptions,
    PromiseStoreOptions,
    RuntimeInfo,
    RuntimeOptions,
    SessionOptions,
)
from capsule.session import Session


class Runtime(ClosingOwner):
    """A runtime. Leaving a `with` block closes it, with all its sessions, and waits for their processes to end."""

    __slots__ = ()

    def __init__(self, **options: Unpack[RuntimeOptions]) -> None:
        given = given_options(_raw.capsule_runtime_options, _raw.capsule_runtime_options_init, options)
        super().__init__(made(_raw.capsule_runtime_create, reference_of(given)), _raw.capsule_runtime_release)

    @property
    def info(self) -> RuntimeInfo:
        """Its counters."""
        return RuntimeInfo.from_raw(filled(_raw.capsule_runtime_get_info, self.handle, _raw.capsule_runtime_info))

    def open(self, **options: Unpack[SessionOptions]) -> Session:
        """Opens a session; waits until it can run code, unless `wait_ready` is False."""
        given = given_options(_raw.capsule_session_options, _raw.capsule_session_options_init, options)
        return Session(made(_raw.capsule_session_open, self.handle, reference_of(given)))

    async def open_async(self, **options: Unpack[SessionOptions]) -> Session:
        """The same for a task; one of the loop's own threads waits for it."""
        at_once = options.copy()
        at_once["wait_ready"] = False
        session = self.open(**at_once)
        if options.get("wait_ready", True):
            await asyncio.to_thread(session.wait_ready)
        return session

    def open_pool(self, **options: Unpack[PoolOptions]) -> Pool:
        """Makes a pool, which begins to fill itself. Does not wait."""
        given = given_options(_raw.capsule_pool_options, _raw.capsule_pool_options_init, options)
        return Pool(made(_raw.capsule_pool_create, self.handle, reference_of(given)))

    def open_bridge(self, **options: Unpack[BridgeOptions]) -> Bridge:
        """Makes a bridge, for the `bridge` of sessions to be opened."""
        given = given_options(_raw.capsule_bridge_options, _raw.capsule_bridge_options_init, options)
        return Bridge(made(_raw.capsule_bridge_create, self.handle, reference_of(given)))

    def open_promises(self, **options: Unpack[PromiseStoreOptions]) -> PromiseStore:
        """Opens a store of promises: in memory, with `path` in a file, with `url` in a Resonate server."""
        given = given_options(_raw.capsule_promise_store_options, _raw.capsule_promise_store_options_init, options)
        return PromiseStore(made(_raw.capsule_promise_store_open, self.handle, reference_of(given)))

    def set_introspection_policy(self, **policy: Unpack[IntrospectionPolicy]) -> None:
        """Sets what may be seen of it, from the next look on; by default counts, and names of nothing."""
        given = Options(_raw.capsule_introspection_policy, _raw.capsule_introspection_policy_init, policy)
        call(_raw.capsule_runtime_set_introspection_policy, self.handle, given.reference)

    def close(self, timeout: float = 5.0) -> None:
        """Closes every session and ends every process; what runs has so many seconds to end. Waits; may be repeated."""
        if self._finalizer.alive:
            call(_raw.capsule_runtime_close, self.handle, milliseconds(timeout))
