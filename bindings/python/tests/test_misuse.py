"""Bad input: each has an error that says what is wrong."""

from __future__ import annotations

import ctypes
import pickle
import subprocess
import sys
import textwrap
import threading
import weakref
from pathlib import Path

import pytest

import capsule
from capsule import _generated as raw
from capsule import log


def test_sources_that_are_no_text(echo: capsule.Session) -> None:
    for source in ("out \ud800", b"out \xff", "out a\0b", ""):
        with pytest.raises(capsule.ArgumentError) as caught:
            echo.execute(source)
        assert caught.value.status is capsule.Status.ARGUMENT and caught.value.message
    for wrong in (5, None, ["out a"], bytearray(b"out a")):
        with pytest.raises(TypeError, match=f"source must be a str or bytes, not {type(wrong).__name__}"):
            echo.execute(wrong)  # type: ignore[arg-type]
    assert echo.run("out ✓ \U0001f600").stdout == "✓ \U0001f600\n"


def test_a_nul_in_a_text(runtime: capsule.Runtime, session: capsule.Session) -> None:
    execution = session.execute("input()")
    request = next(event for event in execution if isinstance(event, capsule.Input))
    for refused in (
        lambda: execution.answer(request, "a\0b"),
        lambda: session.execute("1", file_name="a\0b"),
        lambda: session.set("a\0b", 1),
        lambda: runtime.open(python="a\0b"),
        lambda: runtime.open(environment=["A=a\0b"]),
        lambda: capsule.Runtime(worker_dir="a\0b"),
    ):
        with pytest.raises(capsule.ArgumentError):
            refused()
    execution.answer(request, "whole")
    assert execution.collect().value == "whole"


def test_options_of_the_wrong_kind(runtime: capsule.Runtime, echo: capsule.Session) -> None:
    with pytest.raises(TypeError, match="execution_options has no field 'timeout'"):
        echo.execute("out a", timeout=5)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="timeout_ms must be an int, not str"):
        echo.execute("out a", timeout_ms="5")  # type: ignore[arg-type]
    with pytest.raises(OverflowError, match="queue_limit cannot be -1"):
        runtime.open(queue_limit=-1)
    with pytest.raises(OverflowError):
        runtime.open(queue_limit=2**32)
    with pytest.raises(TypeError, match="preload must be a sequence of texts, not str"):
        runtime.open(preload="json")
    with pytest.raises(ValueError, match="0 or more"):
        echo.run("out a") and echo.execute("out a").next(-1)
    with pytest.raises(capsule.ArgumentError, match="timeout_ms"):
        echo.execute("out a", timeout_ms=-1)
    with pytest.raises(ValueError):
        echo.execute("out a").next(float("nan"))


def test_an_error_travels_between_processes() -> None:
    error = capsule.BusyError(capsule.Status.BUSY, "the queue is full")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.status, str(copy)) == (capsule.BusyError, capsule.Status.BUSY, "the queue is full (BUSY)")


def test_no_interpreter_and_no_worker(runtime: capsule.Runtime, tmp_path: Path) -> None:
    with pytest.raises(capsule.CapsuleError, match="/nowhere/python") as caught:
        runtime.open(python="/nowhere/python")
    assert caught.value.status is capsule.Status.PYTHON
    with capsule.Runtime(worker_dir=str(tmp_path)) as lost, pytest.raises(capsule.CapsuleError, match=str(tmp_path)) as caught:
        lost.open(executor=capsule.Executor.ECHO)
    assert caught.value.status is capsule.Status.WORKER


def test_a_queue_that_is_full(runtime: capsule.Runtime) -> None:
    with runtime.open(executor=capsule.Executor.ECHO, queue_limit=0) as session:
        running = session.execute("spin")
        with pytest.raises(capsule.BusyError):
            session.execute("out a")
        running.cancel()


def import_with(library: str, tmp_path: Path) -> str:
    """What importing the package says with that library."""
    code = "import capsule"
    environment = {"CAPSULE_LIBRARY": library, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(capsule.__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    return done.stderr.strip().splitlines()[-1] if done.returncode else "imported"


def hollow(folder: Path, *version: str) -> str:
    """A library that tells that version, or today's, and lacks all else."""
    library = folder / "liblike.so"
    script = Path(__file__).parents[3] / "tests/abi/hollow_library.sh"
    subprocess.run([str(script), "cc", str(library), *version], check=True)
    return str(library)


def test_a_library_that_does_not_fit(tmp_path: Path) -> None:
    assert import_with(capsule.library_path, tmp_path) == "imported"
    missing = import_with("/nowhere/libcapsule.so.0", tmp_path)
    assert "LibraryError" in missing and "/nowhere/libcapsule.so.0" in missing and "CAPSULE_LIBRARY" in missing
    empty = tmp_path / "none.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(empty)], input="int x;", text=True, check=True)
    none = import_with(str(empty), tmp_path)
    assert "no libcapsule" in none
    older = import_with(hollow(tmp_path, "0.0.9"), tmp_path)
    assert f"libcapsule 0.0.9 at '{tmp_path}/liblike.so' is older than {raw.VERSION}" in older
    other = import_with(hollow(tmp_path, "7.0.0"), tmp_path)
    assert "7.0.0" in other and "another major version" in other
    number = capsule._library.version_of(ctypes.CDLL(capsule.library_path).capsule_version_number())
    assert capsule._library.joined(number) == capsule.library_version
    assert "lacks what this package" in import_with(hollow(tmp_path), tmp_path)


def test_a_fork_of_the_host_is_told(runtime: capsule.Runtime) -> None:
    code = textwrap.dedent("""
        import os, capsule
        runtime = capsule.Runtime()
        session = runtime.open(executor=capsule.Executor.ECHO)
        if os.fork() == 0:
            try:
                session.execute("out a")
            except capsule.CapsuleError as error:
                os._exit(0 if error.status is capsule.Status.FORKED else 1)
            os._exit(2)
        _, status = os.wait()
        assert status == 0, status
        assert session.run("out a").stdout == "a\\n"
    """)
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)


def test_structs_are_as_the_library_has_them() -> None:
    for name, struct in vars(raw).items():
        init = getattr(raw, f"{name}_init", None)
        if isinstance(struct, type) and issubclass(struct, ctypes.Structure) and init is not None:
            value = struct()
            init(ctypes.byref(value), ctypes.sizeof(value))
            assert value.struct_size == ctypes.sizeof(value), name


class Waker:
    def __call__(self) -> None:
        pass


@pytest.mark.parametrize("where", ["log sink", "interceptor"])
def test_an_execution_that_is_dropped_where_the_library_refuses_all_calls(echo: capsule.Session, where: str) -> None:
    freed = threading.Event()
    held = [echo.execute("out a")]
    waker = Waker()
    held[0].notify(waker)
    known = weakref.ref(waker, lambda _: freed.set())
    del waker
    kept: list[bool] = []

    def drop(*_: object) -> None:
        if held:
            held.clear()
            kept.append(known() is not None)

    if where == "log sink":
        log.to_function(drop, log.LogLevel.DEBUG)
        echo.run("out b")
        log.off()
    else:
        with echo.intercept(drop, "drops"):
            echo.run("out b")
    # The library may still call it: it is freed when the release was possible, and is then.
    assert kept == [True]
    assert freed.wait(30)


def test_notify_where_the_library_refuses_it_changes_nothing(echo: capsule.Session) -> None:
    woken = threading.Event()
    refused: list[capsule.Status] = []
    execution = echo.execute("input")
    execution.notify(woken.set)

    def change(*_: object) -> None:
        try:
            execution.notify(None)
        except capsule.CapsuleError as error:
            refused.append(error.status)

    with echo.intercept(change, "changes"):
        echo.wait_ready()
        event = execution.next(30)
        while not isinstance(event, capsule.Input):
            event = execution.next(30)
        woken.clear()
        execution.answer(event, "x")
        assert woken.wait(30)
    assert refused and set(refused) == {capsule.Status.REENTRANT}
    execution.collect()
    woken.clear()
    execution.notify(None)
