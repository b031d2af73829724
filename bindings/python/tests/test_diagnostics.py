"""Traces that are followed, what is known of deaths, interceptors."""

from __future__ import annotations

import asyncio
import threading

import pytest

import capsule
from capsule import diagnostics

SENT, FINISHED = capsule.TraceKind.EXECUTION_SENT, capsule.TraceKind.EXECUTION_FINISHED


def test_a_trace_is_followed_to_its_end(echo: capsule.Session) -> None:
    found: list[capsule.TraceKind] = []
    with diagnostics.follow_trace(echo) as reader:
        walk = threading.Thread(target=lambda: found.extend(event.kind for event in reader))
        walk.start()
        assert echo.run("value x").ok
        echo.close()
        walk.join(60)
        assert found.count(SENT) == found.count(FINISHED) == 1
        assert reader.next() is None and reader.info.stored >= len(found)
    with pytest.raises(capsule.ClosedError):
        reader.next()


def test_a_trace_is_followed_by_a_task(echo: capsule.Session) -> None:
    async def follow() -> list[int]:
        with diagnostics.follow_trace(echo, kind=FINISHED) as reader:
            with pytest.raises(capsule.TimeoutError):
                await reader.next_async(0.01)
            walk = asyncio.ensure_future(collect(reader))
            await echo.run_async("value x")
            await echo.run_async("value x")
            echo.close()
            return await asyncio.wait_for(walk, 60)

    async def collect(reader: diagnostics.TraceReader) -> list[int]:
        return [event.execution_id async for event in reader]

    assert asyncio.run(follow()) == [1, 2]


def test_a_postmortem_tells_how_a_worker_died(echo: capsule.Session) -> None:
    assert diagnostics.get_postmortem(echo) is None
    echo.run("kill")
    found = diagnostics.get_postmortem(echo)
    assert found is not None and (found.info.signal_number, found.info.execution_id) == (9, 1)
    assert found.events and found.json.startswith("{")
    assert diagnostics.get_postmortem(echo, 1) is None


def test_an_interceptor_sees_every_frame(echo: capsule.Session) -> None:
    seen: list[capsule.Frame] = []
    with echo.intercept(seen.append, "of the test") as interceptor:
        echo.run("out a")
        assert interceptor.info.calls == len(seen) and interceptor.info.errors == 0
    sent = [frame for frame in seen if frame.kind == "Execute"]
    assert [(frame.direction, frame.execution_id) for frame in sent] == [(capsule.FrameDirection.TO_WORKER, 1)]
    assert any(frame.kind == "Output" and frame.direction == capsule.FrameDirection.FROM_WORKER for frame in seen)
    count = len(seen)
    echo.run("out b")
    assert len(seen) == count


def test_what_an_interceptor_raises_is_counted(echo: capsule.Session) -> None:
    def fails(frame: capsule.Frame) -> None:
        echo.execute("out c")

    with echo.intercept(fails, "of the test") as interceptor:
        assert echo.run("out a").stdout == "a\n"
        assert interceptor.info.errors == interceptor.info.calls > 0
        assert isinstance(interceptor.error, capsule.CapsuleError) and interceptor.error.status is capsule.Status.REENTRANT
    with pytest.raises(capsule.ArgumentError):
        echo.intercept(fails, "")
