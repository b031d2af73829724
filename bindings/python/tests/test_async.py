"""On an event loop: descriptors, no threads, and cancellation that reaches the code."""

from __future__ import annotations

import asyncio
import builtins
import re
import textwrap
import threading
from pathlib import Path

import pytest

import capsule


def test_what_the_readme_shows(runtime: capsule.Runtime, session: capsule.Session) -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^## On an event loop\n\n```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    assert len(shown) == 1
    given = "async def run(session, pool, bridge, source):\n"
    names: dict[str, object] = {"asyncio": asyncio}
    exec(given + textwrap.indent(shown[0], "    ") + "    return result, session\n", names)
    session.run("def crunch(data): return len(data)\ndata = [1, 2]")

    async def main() -> None:
        with runtime.open_bridge() as bridge, runtime.open_pool(session={"executor": capsule.Executor.ECHO}) as pool:
            bridge.close()  # what is served has an end
            result, acquired = await names["run"](session, pool, bridge, "ran = True")  # type: ignore[operator]
            assert result.value == 2
            assert acquired.run("out here").stdout == "here\n"

    asyncio.run(main())
    assert session.run("ran").value is True


def test_async_iteration_and_await(session: capsule.Session) -> None:
    async def main() -> list[str]:
        kinds = [event.kind.name async for event in session.execute("print('a')\n1")]
        whole = await session.execute("print('b')\n2")
        assert (whole.stdout, whole.value) == ("b\n", 2)
        return kinds

    assert asyncio.run(main()) == ["STARTED", "OUTPUT", "RESULT"]


def test_many_at_once_without_threads(runtime: capsule.Runtime) -> None:
    async def one(number: int) -> str:
        session = runtime.open(executor=capsule.Executor.ECHO, wait_ready=False)
        result = await session.run_async(f"sleep 30\nout {number}")
        return result.stdout

    async def main() -> list[str]:
        before = threading.active_count()
        waits = [asyncio.create_task(one(number)) for number in range(40)]
        await asyncio.sleep(0.02)
        assert threading.active_count() == before
        return await asyncio.gather(*waits)

    assert asyncio.run(main()) == [f"{number}\n" for number in range(40)]


def test_cancelling_the_task_cancels_the_execution(session: capsule.Session) -> None:
    async def main() -> None:
        printed = asyncio.Event()
        task = asyncio.create_task(
            session.run_async(
                "print('go', flush=True)\nwhile True: pass",
                on_event=lambda event: printed.set() if isinstance(event, capsule.Output) else None,
            )
        )
        await printed.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # It has ended, and the session is there.
        assert session.info.current_execution_id == 0
        assert (await session.run_async("'alive'")).value == "alive"

    asyncio.run(main())
    assert session.info.executions_canceled == 1


def test_a_task_cancelled_before_it_began_submits_nothing(session: capsule.Session) -> None:
    async def main() -> None:
        task = asyncio.create_task(session.run_async("1"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert session.info.executions_started == 0


def test_a_timeout_of_a_wait_loses_nothing(session: capsule.Session) -> None:
    async def main() -> None:
        execution = session.execute("input('?')")
        assert isinstance(await execution.next_async(), capsule.Started)
        request = await execution.next_async()
        with pytest.raises(builtins.TimeoutError) as caught:
            await execution.next_async(0.02)
        assert isinstance(caught.value, capsule.TimeoutError)
        with pytest.raises(builtins.TimeoutError):
            await asyncio.wait_for(anext(execution), 0.02)
        assert isinstance(request, capsule.Input)
        execution.answer(request, "x")
        assert isinstance(await execution.next_async(), capsule.Result)

    asyncio.run(main())


def test_a_timeout_around_it_ends_it(session: capsule.Session) -> None:
    async def main() -> None:
        with pytest.raises(builtins.TimeoutError):
            async with asyncio.timeout(0.2):
                await session.run_async("while True: pass")
        assert (await session.run_async("1")).ok

    asyncio.run(main())
    assert session.info.executions_canceled == 1


def test_closing_wakes_the_task_that_waits(session: capsule.Session) -> None:
    async def main(close: object) -> None:
        session.restart()
        execution = session.execute("import time; time.sleep(60)")
        assert isinstance(await execution.next_async(), capsule.Started)
        waits = [asyncio.create_task(execution.next_async()) for _ in range(3)]
        await asyncio.sleep(0)
        if close == "thread":
            threading.Timer(0.05, execution.close).start()
        else:
            execution.close()
        for wait in waits:
            with pytest.raises(capsule.ClosedError):
                await asyncio.wait_for(wait, 30)

    asyncio.run(main("here"))
    asyncio.run(main("thread"))
    session.close(0)


def test_two_tasks_drain_one_queue(session: capsule.Session) -> None:
    async def take(execution: capsule.Execution) -> int:
        count = 0
        async for event in execution:
            count += isinstance(event, capsule.Output)
        return count

    async def main() -> int:
        execution = session.execute("import time\nfor i in range(20): print(i, flush=True); time.sleep(0.002)")
        return sum(await asyncio.gather(take(execution), take(execution)))

    assert 1 <= asyncio.run(main()) <= 20


def test_opening_and_pools(runtime: capsule.Runtime) -> None:
    async def main() -> None:
        async with await runtime.open_async(executor=capsule.Executor.ECHO) as session:
            assert (await session.run_async("out a")).stdout == "a\n"
        options = capsule.SessionOptions(executor=capsule.Executor.ECHO)
        async with runtime.open_pool(min_idle=1, max_sessions=1, session=options) as pool:
            held = await pool.acquire_async(30)
            with pytest.raises(builtins.TimeoutError):
                await pool.acquire_async(0.02)
            waiting = asyncio.create_task(pool.acquire_async(30))
            given_up = asyncio.create_task(pool.acquire_async(30))
            await asyncio.sleep(0.01)
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
            held.close()
            async with await waiting as session:
                assert (await session.run_async("out b")).stdout == "b\n"
            assert pool.metrics.acquisition_canceled == 1 and pool.metrics.acquisition_successes == 2

    asyncio.run(main())
