"""The library's own log."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import capsule
from capsule import log


@pytest.fixture(autouse=True)
def silent_again() -> Iterator[None]:
    yield
    log.off()


def test_records_go_to_a_file(runtime: capsule.Runtime, tmp_path: Path) -> None:
    file = tmp_path / "log 雪"
    before = log.get_info()
    log.to_file(file, log.LogLevel.DEBUG, log.LogFormat.JSON)
    with runtime.open(executor=capsule.Executor.ECHO) as session:
        session.run("value secret-word")
    log.off()
    text = file.read_text()
    records = [json.loads(line) for line in text.splitlines()]
    assert records and all({"time_ns", "level", "event"} <= record.keys() for record in records)
    assert "secret-word" not in text
    assert sum(log.get_info().records) - sum(before.records) == len(records)
    with runtime.open(executor=capsule.Executor.ECHO):
        assert file.read_text() == text


def test_records_go_to_stderr() -> None:
    code = "import capsule; capsule.log.to_stderr(); capsule.Runtime().open(executor=capsule.Executor.ECHO)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "event=" in done.stderr and "level=" in done.stderr


def test_records_go_to_a_function(runtime: capsule.Runtime) -> None:
    lines: list[tuple[log.LogLevel, str]] = []
    log.to_function(lambda level, line: lines.append((level, line)), log.LogLevel.DEBUG)
    with runtime.open(executor=capsule.Executor.ECHO) as session:
        session.run("value secret-word")
    log.off()
    assert {log.LogLevel.DEBUG, log.LogLevel.INFO} <= {level for level, _ in lines}
    assert all("event=" in line and "secret-word" not in line for _, line in lines)
    told = len(lines)
    with runtime.open(executor=capsule.Executor.ECHO):
        assert len(lines) == told


def test_a_function_is_no_sink_at_the_end_of_the_interpreter() -> None:
    code = textwrap.dedent("""
        import capsule
        capsule.log.to_function(lambda level, line: None, capsule.log.LogLevel.DEBUG)
        runtime = capsule.Runtime()
        session = runtime.open(executor=capsule.Executor.ECHO)
    """)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_sink_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(capsule.CapsuleError, match="nowhere") as raised:
        log.to_file(tmp_path / "nowhere" / "log")
    assert raised.value.status == capsule.Status.SYSTEM
    with pytest.raises(capsule.ArgumentError):
        log.to_file("a\0b")
    with pytest.raises(ValueError):
        log.to_stderr(17)  # type: ignore[arg-type]
