"""Finds libcapsule, loads it, and sees that it fits: done once, when the package is imported."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from capsule import _generated as _raw
from capsule.errors import LibraryError

SONAME = "libcapsule.so.0"
VERSION = _raw.VERSION


def find() -> str:
    """`CAPSULE_LIBRARY`, else the library that the wheel brings, else the system's."""
    named = os.environ.get("CAPSULE_LIBRARY")
    if named:
        return named
    beside = Path(__file__).parent / "lib" / SONAME
    return str(beside) if beside.exists() else SONAME


def load(path: str) -> str:
    """Loads the library and finds its functions; its version. LibraryError where that cannot be."""
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise LibraryError(
            f"libcapsule {VERSION} or later cannot be loaded as {path!r}: {error}. Install it, or name its file in CAPSULE_LIBRARY."
        ) from None
    try:
        found = version_of(library.capsule_version_number())
    except AttributeError:
        raise LibraryError(f"{path!r} is no libcapsule: it has no function capsule_version_number") from None
    needed = tuple(map(int, VERSION.split(".")))
    if found < needed or found[0] != needed[0]:
        relation = "older than" if found < needed else "of another major version than"
        raise LibraryError(f"libcapsule {joined(found)} at {path!r} is {relation} {VERSION}, which this package needs")
    try:
        _raw.bind(library)
    except AttributeError as error:
        raise LibraryError(
            f"libcapsule {joined(found)} at {path!r} lacks what this package, made for {VERSION}, needs: {error}"
        ) from None
    return joined(found)


def version_of(number: int) -> tuple[int, ...]:
    return (number // 1_000_000, number // 1_000 % 1_000, number % 1_000)


def joined(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


PATH = find()
FOUND = load(PATH)
