"""Every scenario that all bindings share, with the outcome written down for the table that `./dev test` prints."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import capsule
from player import Scenario

FOLDER = Path(os.environ["CAPSULE_TEST_SOURCE_DIR"]) / "tests" / "scenarios"
FILES = sorted(FOLDER.glob("*.json"))


@pytest.fixture(scope="module")
def outcomes() -> Iterator[dict[str, str]]:
    found: dict[str, str] = {}
    yield found
    folder = Path(os.environ["CAPSULE_TEST_BINARY_DIR"]) / "conformance"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{os.environ['CAPSULE_TEST_BINDING']}.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def test_there_are_scenarios() -> None:
    assert len(FILES) >= 120


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_scenario(runtime: capsule.Runtime, outcomes: dict[str, str], file: Path) -> None:
    outcomes[file.stem] = "failed"
    Scenario(runtime, json.loads(file.read_text(encoding="utf-8"))).play()
    outcomes[file.stem] = "ok"
