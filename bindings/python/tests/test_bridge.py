"""Functions of this program that sessions call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

import capsule


@pytest.fixture
def bridge(runtime: capsule.Runtime) -> Iterator[capsule.Bridge]:
    with runtime.open_bridge(cancel_notices=True) as made:
        yield made


def open_with(runtime: capsule.Runtime, bridge: capsule.Bridge, *rules: capsule.Rule) -> capsule.Session:
    return runtime.open(bridge=bridge, rules=rules or [capsule.Rule("*")])


def test_plain_functions(runtime: capsule.Runtime, bridge: capsule.Bridge) -> None:
    @bridge.capability("math.add")
    def add(left: int, right: int = 1) -> int:
        """Adds."""
        return left + right

    @bridge.capability()
    def fail(**arguments: object) -> None:
        raise FileNotFoundError(f"none of {sorted(arguments)}")

    @bridge.capability()
    def count(to: int) -> Iterator[int]:
        yield from range(to)

    @bridge.capability()
    def reverse(data: memoryview) -> bytes:
        return bytes(data)[::-1]

    bridge.serve_in_threads(2)
    with open_with(runtime, bridge) as session:
        assert session.run("host.math.add(2), host.math.add(2, right=3)").repr == "(3, 5)"
        assert session.run("host.math.add.__doc__").value == "Adds."
        failed = session.run("host.fail(a=1, b=2)").end
        assert isinstance(failed, capsule.Error)
        assert (failed.error_type, failed.message) == ("FileNotFoundError", "none of ['a', 'b']")
        assert session.run("list(host.count(3))").value == [0, 1, 2]
        assert session.run("host.reverse(data=b'abc')").repr == "b'cba'"
        assert session.run("len(host.reverse(data=bytes(200_000)))").value == 200_000
        metrics = capsule.diagnostics.get_bridge_metrics(session)
        assert (metrics.ok, metrics.failed) == (5, 1)
        assert bridge.metrics.calls == 6
        figures = session.info.bridge
        assert isinstance(figures, capsule.BridgeFigures)
        assert (figures.created, figures.resolved, figures.rejected) == (6, 5, 1)


class Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("no")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("half \ud800"), "ValueError half ?"),
        (ValueError("a\0b"), "ValueError a\\0b"),
        (ValueError("ä" * 40_000), "ValueError " + "ä" * 16_384),
        (Mute(), "Mute its message cannot be told: ValueError"),
        (SystemExit(3), "SystemExit 3"),
    ],
)
def test_what_cannot_be_told_as_it_is(runtime: capsule.Runtime, bridge: capsule.Bridge, error: BaseException, told: str) -> None:
    @bridge.capability()
    def fail() -> None:
        raise error

    bridge.serve_in_threads()
    code = """
try:
    host.fail()
except Exception as error:
    print(getattr(error, "type", type(error).__name__), error)
"""
    with open_with(runtime, bridge) as session:
        # The thread that served it goes on.
        assert session.run(code + code, timeout_ms=20_000).stdout == f"{told}\n" * 2


def test_rules_and_approval(runtime: capsule.Runtime, bridge: capsule.Bridge) -> None:
    asked: list[str] = []

    def approve(request: capsule.Request) -> bool:
        asked.append(request.capability)
        return bool(request.arguments["path"] == "/data/ok")

    bridge.offer(lambda path: f"read {path}", "read", approve=approve)
    bridge.offer(lambda url: url, "fetch")
    bridge.offer(lambda: 1, "forbidden")
    host_rule = capsule.Constraint("url", capsule.ConstraintKind.HOST, ["*.example.org"])
    bridge.serve_in_threads()
    rules = [capsule.Rule("read", capsule.Decision.ASK), capsule.Rule("fetch", constraints=[host_rule], max_calls=1)]
    with open_with(runtime, bridge, *rules) as session:
        assert session.run("host.read('/data/ok')").value == "read /data/ok"
        for source in ("host.read('/etc/shadow')", "host.forbidden()", "host.fetch('https://evil.org')"):
            end = session.run(source).end
            assert isinstance(end, capsule.Error) and end.error_type == "PermissionError", source
        assert asked == ["read", "read"]
        assert session.run("host.fetch('https://a.example.org')").ok
        assert not session.run("host.fetch('https://a.example.org')").ok
        session.narrow_rules([])
        assert not session.run("host.read('/data/ok')").ok


def test_on_an_event_loop(runtime: capsule.Runtime, bridge: capsule.Bridge) -> None:
    cancelled = asyncio.Event()

    @bridge.capability()
    async def slow(value: int) -> int:
        await asyncio.sleep(0.01)
        return value

    @bridge.capability()
    async def forever() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    @bridge.capability()
    async def pieces(count: int) -> AsyncIterator[str]:
        for number in range(count):
            yield str(number)

    async def main() -> None:
        serving = asyncio.create_task(bridge.serve_async())
        async with open_with(runtime, bridge) as session:
            gathered = await session.run_async("import asyncio\nawait asyncio.gather(*(host.slow(n) for n in range(20)))")
            assert gathered.value == list(range(20))
            assert (await session.run_async("list(host.pieces(200))")).value == [str(number) for number in range(200)]
            ended = await session.run_async("host.forever()", timeout_ms=100)
            assert ended.outcome is capsule.Outcome.TIMEOUT
            await asyncio.wait_for(cancelled.wait(), 30)
        bridge.close()
        await asyncio.wait_for(serving, 30)

    asyncio.run(main())


def test_one_request_at_a_time(runtime: capsule.Runtime, bridge: capsule.Bridge) -> None:
    bridge.register(name="ask", parameters="what", timeout_ms=30_000)
    with open_with(runtime, bridge) as session, session.execute("host.ask('x')") as execution:
        request = bridge.next_request(30)
        assert (request.capability, request.arguments, request.kind.name) == ("ask", {"what": "x"}, "CALL")
        assert [call.state.name for call in capsule.diagnostics.list_pending_calls(bridge)] == ["TAKEN"]
        bridge.respond(request, {"a": [1]})
        assert execution.collect().value == {"a": [1]}
        with pytest.raises(capsule.CapsuleError, match="STATE"):
            bridge.respond(request, 1)
        with pytest.raises(capsule.TimeoutError):
            bridge.next_request(0)
    bridge.close()
    with pytest.raises(capsule.ClosedError):
        bridge.next_request()


COLLECTED = """
async with host.later(name='b') as put:
    for piece in ['a', None, {'c': 1}]: await put.send(piece)
    later = await put.finish()
def collect():
    with host.now(name='b') as put:
        for piece in ['a', None, {'c': 1}, b'raw']: put.send(piece)
        return put.finish()
import threading
def elsewhere():
    global now
    now = collect()
thread = threading.Thread(target=elsewhere)
thread.start()
thread.join()
[now, later]
"""


def test_calls_in_pieces(runtime: capsule.Runtime, bridge: capsule.Bridge) -> None:
    def told(piece: object) -> object:
        return bytes(piece).decode() if isinstance(piece, memoryview) else piece

    @bridge.capability(flags=capsule.CapabilityFlags.UPLOAD)
    def now(pieces: Iterator[object], name: str) -> list[object]:
        return [name, *map(told, pieces)]

    @bridge.capability(flags=capsule.CapabilityFlags.UPLOAD)
    async def later(pieces: AsyncIterator[object], name: str) -> list[object]:
        return [name, *[told(piece) async for piece in pieces]]

    bridge.serve_in_threads()
    with open_with(runtime, bridge) as session:
        assert session.run(COLLECTED, timeout_ms=30_000).value == [["b", "a", None, {"c": 1}, "raw"], ["b", "a", None, {"c": 1}]]


def test_pieces_one_at_a_time(runtime: capsule.Runtime, bridge: capsule.Bridge) -> None:
    bridge.register(name="put", flags=capsule.CapabilityFlags.UPLOAD)
    bridge.register(name="plain")
    code = "with host.put() as put:\n    put.send(1)\n    input()\n    put.send(2)\n    r = put.finish()\nhost.plain()\nr"
    with open_with(runtime, bridge) as session, session.execute(code) as execution:
        put = bridge.next_request(30)
        assert next(bridge.pieces(put, timeout=30)) == 1
        with pytest.raises(capsule.TimeoutError):
            next(bridge.pieces(put, timeout=0.05))
        execution.answer(next(event for event in execution if isinstance(event, capsule.Input)), "")
        assert list(bridge.pieces(put.request_id)) == [2]
        bridge.respond(put, "both")
        plain = bridge.next_request(30)
        with pytest.raises(capsule.CapsuleError, match="TYPE"):
            list(bridge.pieces(plain))
        bridge.respond(plain)
        assert execution.collect().value == "both"
        with pytest.raises(capsule.CapsuleError, match="STATE"):
            list(bridge.pieces(put))


def test_a_task_that_is_cancelled_loses_no_piece(runtime: capsule.Runtime, bridge: capsule.Bridge) -> None:
    bridge.register(name="put", flags=capsule.CapabilityFlags.UPLOAD)
    code = "with host.put() as put:\n    input()\n    put.send(1)\n    put.send(2)\n    r = put.finish()\nr"
    with open_with(runtime, bridge) as session, session.execute(code) as execution:
        put = bridge.next_request(30)

        async def collect() -> list[object]:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(aiter(bridge.pieces_async(put))), 0.05)
            execution.answer(next(event for event in execution if isinstance(event, capsule.Input)), "")
            return [piece async for piece in bridge.pieces_async(put, timeout=30)]

        assert asyncio.run(collect()) == [1, 2]
        bridge.respond(put, "both")
        assert execution.collect().value == "both"


def test_names_that_are_taken(runtime: capsule.Runtime, bridge: capsule.Bridge) -> None:
    bridge.offer(lambda: 1, "a")
    with pytest.raises(capsule.NameNotFoundError, match="NAME"):
        bridge.offer(lambda: 2, "a.b")
    with pytest.raises(capsule.ArgumentError):
        bridge.offer(lambda: 2, "no name")
    with pytest.raises(capsule.NameNotFoundError, match="NAME"):
        bridge.offer(lambda: 2, "a")
    with pytest.raises(TypeError):
        bridge.offer(lambda: 2, "a", timeout_ms="soon")  # type: ignore[typeddict-item]
    bridge.serve_in_threads()
    with open_with(runtime, bridge) as session:
        assert session.run("host.a()").value == 1
    bridge.unregister("a")


def test_what_a_function_gets_of_the_library_is_what_the_code_gets(runtime: capsule.Runtime, bridge: capsule.Bridge) -> None:
    closed = runtime.open(executor=capsule.Executor.ECHO)
    closed.close()

    @bridge.capability()
    def late() -> str:
        return str(closed.run("value x").repr)

    bridge.serve_in_threads()
    with open_with(runtime, bridge) as session:
        end = session.run("host.late()", timeout_ms=30_000).end
        assert isinstance(end, capsule.Error) and end.message == "session is closed (CLOSED)"


def test_promises(runtime: capsule.Runtime, session: capsule.Session) -> None:
    with runtime.open_promises() as store:
        store.create("p", b"about")
        store.watch("p")
        assert store.get("p").state is capsule.PromiseState.PENDING
        assert [(one.id, one.claimed) for one in capsule.diagnostics.list_pending_promises(store)] == [("p", False)]
        store.resolve("p", b"done")
        assert (store.wait("p", 30).value, store.next_settled(30).id) == (b"done", "p")
        execution, _ = store.execute(session, "6 * 7", "job")
        assert execution is not None and execution.collect().value == 42
        again, promise = store.execute(session, "6 * 7", "job")
        assert again is None and promise.value == b"42"
        with pytest.raises(capsule.NameNotFoundError):
            store.get("none")


def test_who_settles_the_promise_of_an_input_answers_it(runtime: capsule.Runtime, session: capsule.Session) -> None:
    with runtime.open_promises() as store:
        execution, _ = store.execute(session, "input('name? ') + input('town? ')", "exec:trip")
        assert execution is not None
        promises: list[str] = []
        for event in execution:
            if isinstance(event, capsule.Input):
                assert event.input_promise is not None
                promises.append(event.input_promise)
                store.resolve(event.input_promise, b'"%d"' % len(promises))
        assert promises == ["exec:trip:input:1", "exec:trip:input:2"]
        assert store.get("exec:trip").value == b'"12"'
    asked: list[str | None] = []
    session.run("input()", on_input=lambda request: asked.append(request.input_promise))
    assert asked == [None], "other executions' inputs have none"
