"""Pools."""

from __future__ import annotations

import builtins

import pytest

import capsule

ECHO = capsule.SessionOptions(executor=capsule.Executor.ECHO)


def test_acquire_and_give_back(runtime: capsule.Runtime) -> None:
    with runtime.open_pool(min_idle=1, max_sessions=2, session=ECHO) as pool:
        pool.wait_ready(30)
        with pool.acquire(30, key="ada") as session:
            assert session.run("out a").stdout == "a\n"
            states = [one.state.name for one in capsule.diagnostics.list_pool_sessions(pool)]
            assert "ACTIVE" in states
        with pytest.raises(capsule.ClosedError):
            session.execute("out b")
        with pool.acquire(30), pool.acquire(30), pytest.raises(builtins.TimeoutError) as caught:
            pool.acquire(0)
        assert isinstance(caught.value, capsule.TimeoutError)
        metrics = pool.metrics
        assert (metrics.acquisition_attempts, metrics.given_back, metrics.acquisition_timeouts) == (4, 3, 1)
        assert metrics.reclaimed == 0
        assert capsule.TraceKind.POOL_ACQUIRED in {event.kind for event in capsule.diagnostics.get_trace(pool).events}
    with pytest.raises(capsule.ClosedError):
        pool.acquire(0)


def test_warm_up(runtime: capsule.Runtime) -> None:
    with runtime.open_pool(min_idle=1, max_sessions=1, warmup="x = 6", imports=["json", "no_such_module"]) as pool:
        with pool.acquire(60) as session:
            assert session.run("x * 7").value == 42
            session.run("x = 0")
        with pool.acquire(60) as session:
            assert session.run("x").value == 6
        imports = capsule.diagnostics.list_pool_imports(pool)
        assert [(one.module, one.imported) for one in imports] == [("json", True), ("no_such_module", False)]
        assert "ModuleNotFoundError" in imports[1].error


def test_a_session_that_is_lost_is_reclaimed(runtime: capsule.Runtime) -> None:
    with runtime.open_pool(min_idle=1, max_sessions=1, session=ECHO) as pool:
        pool.acquire(30)
        with pool.acquire(30) as session:
            assert session.run("out a").ok
        assert pool.metrics.reclaimed == 1


def test_a_session_goes_back_to_its_own_pool_alone(runtime: capsule.Runtime, echo: capsule.Session) -> None:
    one = capsule.PoolOptions(min_idle=1, max_sessions=1, session=ECHO)
    with runtime.open_pool(**one) as pool, runtime.open_pool(**one) as other:
        with pool.acquire(30) as session:
            for of_another in (session, echo):
                with pytest.raises(capsule.ArgumentError):
                    other.give_back(of_another)
                assert of_another.run("out a").stdout == "a\n"
        with pool.acquire(30) as again:
            assert again.run("out b").stdout == "b\n"
        assert (pool.metrics.given_back, other.metrics.given_back) == (2, 0)
