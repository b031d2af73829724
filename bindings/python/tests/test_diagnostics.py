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
    assert found.events and found.json.startswith("{") and found.stack is None
    assert diagnostics.get_postmortem(echo, 1) is None


def told(stack: diagnostics.StackTrace | None) -> list[tuple[str, int]]:
    assert stack is not None
    return [(frame.function, frame.line) for frame in stack.threads[0].frames]


def test_a_stack_tells_where_python_stands_and_where_it_stood() -> None:
    source = "import os\ndef ask():\n    return input('in')\nif ask() == 'end':\n    os.abort()"
    with capsule.Runtime() as runtime, runtime.open() as session:
        with session.execute(source) as execution:
            request = next(event for event in execution if isinstance(event, capsule.Input))
            counted = diagnostics.get_stack(session).threads[0]
            assert counted.info.is_main and counted.info.frames_omitted == 2 and counted.frames == []
            full = capsule.InspectLevel.FULL
            runtime.set_introspection_policy(stack=full, postmortem=full, max_label_bytes=1024)
            living = diagnostics.get_stack(session, max_frames=1)
            assert living.info.source is capsule.Stack.MEMORY and living.info.pid == session.info.pid
            assert told(living) == [("ask", 3)] and living.threads[0].info.frames_omitted > 0
            execution.answer(request, "end")
            assert execution.collect().outcome is capsule.Outcome.DIED
        postmortem = diagnostics.get_postmortem(session)
        assert postmortem is not None and postmortem.stack is not None
        assert (postmortem.stack.info.source, postmortem.stack.info.cause) == (capsule.Stack.DEATH, "Aborted")
        assert told(postmortem.stack) == told(diagnostics.get_stack(session)) == [("<module>", 5)]
        assert postmortem.stack.threads[0].info.hit and postmortem.stack.threads[0].info.holds_gil in (-1, 1)


def test_a_trace_names_what_was_called_as_the_policy_shows_it() -> None:
    with capsule.Runtime() as runtime, runtime.open_bridge() as bridge:
        bridge.offer(lambda: 1, "customers")
        bridge.serve_in_threads(1)
        with runtime.open(bridge=bridge, rules=[capsule.Rule("*")], executor=capsule.Executor.ECHO) as session:
            session.run("call customers {}")
            called = diagnostics.get_trace(session, kind=capsule.TraceKind.CAPABILITY_CALLED)
            (number,) = {event.label for event in called.events}
            assert called.info.labels == 1
            dropped = diagnostics.get_trace_label(session, number)
            assert (dropped.form, dropped.text) == (capsule.LabelForm.DROPPED, "")
            runtime.set_introspection_policy(trace=capsule.InspectLevel.FULL)
            assert diagnostics.get_trace_label(session, number).text == "customers"
            with pytest.raises(capsule.ArgumentError):
                diagnostics.get_trace_label(session, number + 1)


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
