"""What the tests share. CMakeLists.txt sets CAPSULE_PYTHON, the interpreter of the sessions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import capsule

@pytest.fixture(scope="session")
def runtime() -> Iterator[capsule.Runtime]:
    with capsule.Runtime() as shared:
        yield shared


@pytest.fixture
def session(runtime: capsule.Runtime) -> Iterator[capsule.Session]:
    with runtime.open() as opened:
        yield opened


@pytest.fixture
def echo(runtime: capsule.Runtime) -> Iterator[capsule.Session]:
    """A session of the line language: no Python is started."""
    with runtime.open(executor=capsule.Executor.ECHO) as opened:
        yield opened
