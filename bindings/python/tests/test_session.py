"""Sessions and executions: events, results, input, cancel, and what closes while it is waited for."""

from __future__ import annotations

import builtins
import copy
import dataclasses
import gc
import os
import pickle
import signal
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

import capsule
from capsule.diagnostics import follow_trace


def test_output_and_result(session: capsule.Session) -> None:
    result = session.run("import sys\nprint('out')\nprint('err', file=sys.stderr)\n{'answer': 6 * 7}")
    assert (result.stdout, result.stderr, result.repr) == ("out\n", "err\n", "{'answer': 42}")
    assert result.value == {"answer": 42}
    assert result.ok and result.outcome is capsule.Outcome.OK


def test_events_are_records_in_order(session: capsule.Session) -> None:
    with session.execute("print('a')\n1") as execution:
        events = list(execution)
        assert execution.next() is None, "the end of the iteration is not an error"
        with pytest.raises(ValueError, match="taken before"):
            execution.collect()
    assert [type(event) for event in events] == [capsule.Started, capsule.Output, capsule.Result]
    assert [event.sequence for event in events] == [1, 2, 3]
    assert isinstance(events[1], capsule.Output) and events[1].data == b"a\n" and events[1].origin is capsule.Origin.MAIN


def test_a_result_outlives_those_that_follow(session: capsule.Session) -> None:
    first = session.run("class Odd:\n  def __repr__(self): return 'a\\0é'\nOdd()")
    large = session.run("'x' * 100_000")
    number = session.run("2")
    assert (first.repr, number.repr, number.value, session.run("None").repr) == ("a\0é", "2", 2, None)
    assert isinstance(first.end, capsule.Result) and isinstance(large.end, capsule.Result)
    assert (first.end.type_name, first.end.json_text, first.end.repr_size_bytes, first.end.sequence) == ("Odd", None, 4, 2)
    assert large.value == "x" * 100_000 and large.end.repr_size_bytes == 100_002
    assert number.end is number.end and number.ok and not hasattr(number, "other")
    assert copy.copy(number) == number == pickle.loads(pickle.dumps(number)) != large
    assert [end.execution_id for end in (first.end, large.end, number.end)] == [1, 2, 3]
    assert not hasattr(first.end, "stream") and "repr='a\\x00é'" in repr(first.end)


def test_a_python_exception_is_an_event(session: capsule.Session) -> None:
    result = session.run("1 / 0")
    assert isinstance(result.end, capsule.Error) and result.end.error_type == "ZeroDivisionError"
    assert "1 / 0" in (result.end.traceback or "")
    with pytest.raises(capsule.ExecutionError, match="ZeroDivisionError: division by zero"):
        result.raise_for_error()


def test_input(session: capsule.Session) -> None:
    asked: list[str] = []

    def answer(request: capsule.Input) -> str | None:
        asked.append(request.prompt)
        return "Ada" if len(asked) == 1 else None

    result = session.run("name = input('who? ')\ntry:\n  input('more? ')\nexcept EOFError:\n  print(name, 'only')", on_input=answer)
    assert (result.stdout, asked) == ("Ada only\n", ["who? ", "more? "])


def test_a_number_of_a_newer_library_is_unknown() -> None:
    outcome = capsule.Outcome(77)
    assert (outcome.name, int(outcome)) == ("UNKNOWN_77", 77)


def test_cancel_and_timeout(session: capsule.Session) -> None:
    with session.execute("print('go', flush=True)\nwhile True: pass") as execution:
        for event in execution:
            if isinstance(event, capsule.Output):
                execution.cancel()
    assert isinstance(event, capsule.Error) and event.outcome is capsule.Outcome.CANCELED
    assert session.run("while True: pass", timeout_ms=50).outcome is capsule.Outcome.TIMEOUT


def test_no_event_in_time(session: capsule.Session) -> None:
    with session.execute("input()") as execution:
        assert isinstance(execution.next(), capsule.Started)
        request = execution.next()
        for timeout in (0, 0.001, 0.2):
            with pytest.raises(builtins.TimeoutError) as caught:
                execution.next(timeout)
            assert isinstance(caught.value, capsule.CapsuleError) and caught.value.status is capsule.Status.TIMEOUT
            assert "no event came" in str(caught.value)
        assert isinstance(request, capsule.Input)
        execution.answer(request, "")
        assert isinstance(execution.next(), capsule.Result)


def test_an_exception_in_the_host_cancels(session: capsule.Session) -> None:
    def raise_it(event: capsule.Event) -> None:
        if isinstance(event, capsule.Output):
            raise RuntimeError("of the host")

    with pytest.raises(RuntimeError, match="of the host"):
        session.run("print('go', flush=True)\nwhile True: pass", on_event=raise_it)
    assert session.run("'alive'").value == "alive"
    assert session.info.executions_canceled == 1


def test_ctrl_c_is_heard_while_it_waits(session: capsule.Session) -> None:
    def interrupt(event: capsule.Event) -> None:
        if isinstance(event, capsule.Output):
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        session.run("print('go', flush=True)\nwhile True: pass", on_event=interrupt)
    assert time.monotonic() - began < 10
    assert session.run("1").ok


def test_closing_while_another_thread_waits(session: capsule.Session) -> None:
    with ThreadPoolExecutor(8) as threads:
        trace = follow_trace(session, kind=capsule.TraceKind.EXECUTION_SENT)
        executions = [session.execute("import time; time.sleep(60)")] + [session.execute("1") for _ in range(7)]
        waits = [threads.submit(list, execution) for execution in executions]
        assert isinstance(executions[0], capsule.Execution)
        assert trace.next(30) is not None
        for execution in executions[1:]:
            execution.close()
        for wait in waits[1:]:
            with pytest.raises(capsule.ClosedError):
                wait.result(30)
        session.close(0)
        last = waits[0].result(30)[-1]
        assert isinstance(last, capsule.Error) and last.outcome is capsule.Outcome.KILLED


def test_closing_while_the_main_thread_waits_on_a_descriptor(session: capsule.Session) -> None:
    execution = session.execute("import time; time.sleep(60)")
    threading.Timer(0.3, execution.close).start()
    with pytest.raises(capsule.ClosedError):
        list(execution)


def test_use_after_close(runtime: capsule.Runtime) -> None:
    session = runtime.open(executor=capsule.Executor.ECHO)
    execution = session.execute("out a")
    execution.close()
    execution.close()
    with pytest.raises(capsule.ClosedError) as caught:
        execution.next()
    assert caught.value.status is capsule.Status.HANDLE and caught.value.message
    with pytest.raises(capsule.ClosedError):
        execution.cancel()
    session.close()
    session.close()
    with pytest.raises(capsule.ClosedError) as caught:
        session.execute("out b")
    assert caught.value.status is capsule.Status.CLOSED
    assert session.info.state is capsule.SessionState.TERMINATED
    own = capsule.Runtime()
    own.close()
    with pytest.raises(capsule.ClosedError):
        own.open()


def test_what_is_dropped_is_released(runtime: capsule.Runtime) -> None:
    before = runtime.info.sessions_open
    session = runtime.open(executor=capsule.Executor.ECHO)
    execution = session.execute("spin")
    trace = follow_trace(session)
    gone = [weakref.ref(session), weakref.ref(execution)]
    del session, execution
    gc.collect()
    assert [reference() for reference in gone] == [None, None]
    while trace.next(30) is not None:
        pass  # To its end, which is that of the session.
    assert runtime.info.sessions_open == before


def test_notify_wakes(echo: capsule.Session) -> None:
    woken = threading.Event()
    with echo.execute("sleep 20\nout a") as execution:
        execution.notify(woken.set)
        assert woken.wait(30)
        assert isinstance(execution.next(0), capsule.Started)
        execution.notify(None)


def test_many_sessions_at_once(runtime: capsule.Runtime) -> None:
    def run(number: int) -> str:
        with runtime.open(executor=capsule.Executor.ECHO) as session:
            return "".join(session.run(f"out {number}.{turn}").stdout for turn in range(20))

    with ThreadPoolExecutor(20) as threads:
        printed = list(threads.map(run, range(40)))
    assert printed == ["".join(f"{number}.{turn}\n" for turn in range(20)) for number in range(40)]


def test_displays_and_progress(session: capsule.Session) -> None:
    result = session.run("display('x')\nprogress(1, 2, label='half')\nprogress(2)")
    assert result.displays[0].parts["text/plain"] == b"'x'"
    events = list(session.execute("progress(1, 2, label='half')\nprogress(2)"))
    values = [(event.value, event.total, event.label) for event in events if isinstance(event, capsule.Progress)]
    assert values[0] == (1, 2, "half")


def test_restart_and_death(session: capsule.Session) -> None:
    died = session.run("import os; os.abort()").end
    assert isinstance(died, capsule.Error) and died.death_reason is capsule.DeathReason.SIGNAL
    assert died.signal_number == signal.SIGABRT
    with pytest.raises(capsule.DiedError):
        session.execute("1")
    session.restart()
    assert session.run("1").ok


def test_snapshots_and_branches(session: capsule.Session) -> None:
    session.run("x = 1")
    snapshot = session.snapshot()
    session.run("x = 2")
    with snapshot.branch() as branch:
        assert branch.run("x").value == 1
    session.restore(snapshot)
    assert session.run("x").value == 1
    assert snapshot.info.uses == 2


def test_checkpoints(session: capsule.Session, tmp_path: os.PathLike[str]) -> None:
    session.run("x = [1, 2]\nimport threading\nlock = threading.Lock()")
    made = session.checkpoint(name="first", key=b"k" * 16)
    assert made.info.name == "first" and made.info.is_signed and made.info.values == 1
    assert [(entry.name, entry.status.name) for entry in made.entries() if entry.name in "x lock"] == [
        ("x", "OK"), ("lock", "SKIPPED"),
    ]  # fmt: skip
    path = os.path.join(tmp_path, "session.capsule")
    made.save(path)
    with pytest.raises(capsule.CapsuleError, match="CHECKPOINT"):
        capsule.Checkpoint.load(path, key=b"z" * 16)
    read = capsule.Checkpoint.load(path, key=b"k" * 16)
    assert bytes(read) == bytes(made) == bytes(capsule.Checkpoint.from_bytes(bytes(made), key=b"k" * 16))
    session.run("x = None; y = 1")
    report = session.restore_checkpoint(read)
    assert ("x", capsule.EntryStatus.OK) in [(entry.name, entry.status) for entry in report]
    assert session.run("x, 'y' in dir()").repr == "([1, 2], False)"
    session.keep_checkpoint(read)
    assert [kept.info.name for kept in session.checkpoints()] == ["first"]
    session.forget_checkpoint("first")
    with pytest.raises(capsule.NameNotFoundError):
        session.find_checkpoint("first")


def test_diagnostics(session: capsule.Session) -> None:
    session.run("print('abc')")
    trace = capsule.diagnostics.get_trace(session, execution_id=1)
    names = [event.kind.name.removeprefix("EXECUTION_") for event in trace.events]
    assert names[:3] == ["SUBMITTED", "SENT", "RECEIVED"] and names[-2:] == ["RESULT_SENT", "FINISHED"]
    assert trace.events[-1].arguments[1] == 4 and trace.info.matched == len(names)
    cursor = capsule.diagnostics.get_trace(session, after_cursor=trace.events[0].cursor, limit=1)
    assert [event.cursor for event in cursor.events] == [trace.events[0].cursor + 1]
    metrics = capsule.diagnostics.get_executor_metrics(session)
    assert (metrics.outputs_enqueued, metrics.output_bytes_sent) == (1, 4)
    assert capsule.diagnostics.get_async_metrics(session).mode_simple_sync == 1
    with pytest.raises(capsule.CapsuleError, match="enable_metrics"):
        capsule.diagnostics.get_limiter_metrics(session)


def test_an_end_is_read_when_it_is_asked_for(session: capsule.Session) -> None:
    def is_whole(end: capsule.Result | capsule.Error, **fields: object) -> bool:
        return all(getattr(end, name) == value for name, value in fields.items())

    result = session.run("print('a')\n6 * 7").end
    error = session.run("1 / 0").end
    # What is taken later, by the same structs, does not show in them; nor what is set by hand.
    result.execution_id = 99
    for number in range(3):
        assert session.run(str(number)).repr == str(number)
    assert is_whole(result, execution_id=99, repr="42", type_name="int", json=42, stdout_bytes=2, value_message="")
    assert is_whole(error, error_type="ZeroDivisionError", outcome=capsule.Outcome.ERROR, state=capsule.NamespaceState.PRESERVED)
    with pytest.raises(AttributeError, match="'Result' object has no attribute 'reprs'"):
        result.reprs  # noqa: B018


def test_an_end_that_was_not_read_yet_is_copied_as_a_whole(session: capsule.Session) -> None:
    for source in ("print('a')\n6 * 7", "1 / 0"):
        end = session.run(source).end
        copied, pickled = copy.copy(end), pickle.loads(pickle.dumps(end))
        expected = repr(end)
        del end
        gc.collect()
        assert copied == pickled and repr(copied) == repr(pickled) == expected
        assert dataclasses.asdict(copied)["stdout_lines"] == (1 if source.startswith("print") else 0)


def test_an_end_outlives_its_runtime() -> None:
    with capsule.Runtime() as runtime, runtime.open() as session:
        end = session.run("'x' * 1000", result_kind=capsule.ValueKind.AUTO).end
    del runtime, session
    gc.collect()
    assert isinstance(end, capsule.Result) and end.value == "x" * 1000 and end.repr_size_bytes == 1002
