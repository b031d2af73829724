"""What the standard library's tests ask of an executor, and what becomes of a session that dies."""

from __future__ import annotations

import concurrent.futures
import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from operator import add, truediv
from pathlib import Path

import pytest

import capsule
from capsule.futures import SessionExecutor


class Gate:
    """A call that tells when it runs, and ends when it may."""

    def __init__(self, folder: Path) -> None:
        began, may_end = folder / "began", folder / "may_end"
        os.mkfifo(began)
        os.mkfifo(may_end)
        self._began, self._may_end = os.open(began, os.O_RDWR), os.open(may_end, os.O_RDWR)
        self.call = (subprocess.run, ["sh", "-c", f"echo >'{began}'; read line <'{may_end}'"])

    def wait_until_it_runs(self) -> None:
        assert select.select([self._began], [], [], 60)[0]

    def open(self) -> None:
        os.write(self._may_end, b"\n")


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


@pytest.fixture(scope="module")
def executor() -> Iterator[SessionExecutor]:
    with SessionExecutor(2) as made:
        yield made


def test_submit(executor: SessionExecutor) -> None:
    assert executor.submit(pow, 2, 8).result(60) == 256
    assert executor.submit(int, "11", base=3).result(60) == 4
    assert executor.submit(os.getpid).result(60) != os.getpid()
    with pytest.raises(TypeError):
        executor.submit()  # type: ignore[call-arg]


def test_keywords_called_self_and_fn(executor: SessionExecutor) -> None:
    assert executor.submit(dict, self=1, fn=2).result(60) == {"self": 1, "fn": 2}


def test_map(executor: SessionExecutor) -> None:
    assert list(executor.map(pow, range(10), range(10))) == list(map(pow, range(10), range(10)))
    assert list(executor.map(pow, range(10), range(10), chunksize=3)) == list(map(pow, range(10), range(10)))
    results = executor.map(divmod, [1, 1, 1, 1], [2, 3, 0, 5])
    assert (next(results), next(results)) == ((0, 1), (0, 1))
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_map_timeout(executor: SessionExecutor) -> None:
    with pytest.raises(concurrent.futures.TimeoutError):
        list(executor.map(time.sleep, [0, 3], timeout=0.5))


def test_exceptions(executor: SessionExecutor) -> None:
    failed = executor.submit(truediv, 1, 0).exception(60)
    assert isinstance(failed, ZeroDivisionError)
    assert "Traceback" in "".join(failed.__notes__), "of the session"
    with pytest.raises(SystemExit):
        executor.submit(sys.exit, 3).result(60)
    unsendable = executor.submit(threading.Lock()).exception(60)  # type: ignore[arg-type]
    assert isinstance(unsendable, TypeError), "what cannot be pickled is told by its future"
    unreturnable = executor.submit(eval, "__import__('threading').Lock()").exception(60)
    assert unreturnable is not None and "cannot be pickled" in str(unreturnable)


def test_wait_and_as_completed(executor: SessionExecutor) -> None:
    quick, slow = executor.submit(add, 1, 2), executor.submit(time.sleep, 0.3)
    done, pending = concurrent.futures.wait([quick, slow], 60, concurrent.futures.FIRST_COMPLETED)
    assert quick in done and slow in pending
    assert {future.result() for future in concurrent.futures.as_completed([quick, slow], 60)} == {3, None}


def test_cancel_of_what_waits(gate: Gate) -> None:
    with SessionExecutor(1) as executor:
        running = executor.submit(*gate.call)
        waiting = [executor.submit(pow, 2, 2) for _ in range(3)]
        gate.wait_until_it_runs()
        assert running.running() and not running.cancel() and waiting[0].cancel()
        gate.open()
        assert waiting[1].result(60) == 4
        assert waiting[0].cancelled()


def test_shutdown(gate: Gate) -> None:
    executor = SessionExecutor(1)
    executor.submit(pow, 1, 1).result(60)
    running, waiting = executor.submit(*gate.call), executor.submit(pow, 1, 1)
    gate.wait_until_it_runs()
    executor.shutdown(wait=False, cancel_futures=True)
    assert not running.done() and waiting.cancelled()
    gate.open()
    executor.shutdown(wait=True)
    assert running.done() and not running.cancelled() and waiting.cancelled()
    with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
        executor.submit(pow, 1, 1)
    executor.shutdown()


def test_shutdown_without_waiting() -> None:
    executor = SessionExecutor(1)
    results = [executor.submit(pow, number, 2) for number in range(5)]
    executor.shutdown(wait=False)
    assert [future.result(60) for future in results] == [0, 1, 4, 9, 16]


def test_a_session_that_dies_fails_its_own_call_alone(executor: SessionExecutor) -> None:
    calls = [executor.submit(os.kill, 0, 0) for _ in range(1)] + [executor.submit(os._exit, 3)]
    with pytest.raises(capsule.ExecutionError) as caught:
        calls[-1].result(60)
    assert caught.value.end.exit_code == 3
    assert [executor.submit(pow, 2, number).result(60) for number in range(6)] == [1, 2, 4, 8, 16, 32]
    killed = executor.submit(signal.raise_signal, signal.SIGKILL).exception(60)
    assert isinstance(killed, capsule.ExecutionError) and killed.end.signal_number == signal.SIGKILL


def test_initializer() -> None:
    with SessionExecutor(1, initializer=setattr, initargs=(os, "of_the_test", "yes")) as executor:
        assert executor.submit(getattr, os, "of_the_test").result(60) == "yes"
    with SessionExecutor(1, initializer=truediv, initargs=(1, 0)) as executor, pytest.raises(ZeroDivisionError):
        executor.submit(pow, 1, 1).result(60)
    with pytest.raises(ValueError, match="greater than 0"):
        SessionExecutor(0)
    with pytest.raises(TypeError, match="callable"):
        SessionExecutor(1, initializer=5)  # type: ignore[arg-type]


def test_what_is_large(executor: SessionExecutor) -> None:
    data = os.urandom(1 << 20) * 24
    assert executor.submit(bytes.__len__, data).result(60) == len(data)
    assert executor.submit(bytes.__add__, data, b"x").result(60) == data + b"x"


def test_the_interpreter_ends_when_all_is_done() -> None:
    code = textwrap.dedent("""
        from capsule.futures import SessionExecutor
        executor = SessionExecutor(1)
        executor.submit(print, "done", flush=True)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("done\n", "", 0)
