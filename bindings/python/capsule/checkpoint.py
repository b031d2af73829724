"""Checkpoints: what a session knows as portable bytes."""

from __future__ import annotations

import os
from ctypes import byref, c_char, c_size_t, c_void_p
from typing import Self, Unpack

from capsule import _generated as _raw
from capsule._call import Lender, call, filled, made, sized
from capsule._options import Options, given_options, reference_of
from capsule._generated_records import CheckpointEntries, CheckpointEntry, CheckpointInfo, CheckpointOptions


class Checkpoint(Lender):
    """A checkpoint in memory. It needs neither session nor runtime; `bytes(checkpoint)` are what travels."""

    __slots__ = ()

    def __init__(self, handle: int) -> None:
        super().__init__(handle, _raw.capsule_checkpoint_release)

    @classmethod
    def from_bytes(cls, data: bytes, **options: Unpack[CheckpointOptions]) -> Self:
        """Reads one and checks it: with `key`, its signature. Nothing is unpickled."""
        if not isinstance(data, bytes):
            raise TypeError(f"a checkpoint is read from bytes, not {type(data).__name__}")
        return cls(made(_raw.capsule_checkpoint_read, data, len(data), reference_of(_options(options))))

    @classmethod
    def load(cls, path: str | os.PathLike[str], **options: Unpack[CheckpointOptions]) -> Self:
        """The same from a file."""
        name = os.fsencode(path)
        return cls(made(_raw.capsule_checkpoint_read_file, name, len(name), reference_of(_options(options))))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes it to a file that only the owner can read; whole or not at all."""
        name = os.fsencode(path)
        call(_raw.capsule_checkpoint_write_file, self.handle, name, len(name))

    def __bytes__(self) -> bytes:
        data, size = c_void_p(), c_size_t()
        with self._lending:
            call(_raw.capsule_checkpoint_get_data, self.handle, byref(data), byref(size))
            return bytes((c_char * size.value).from_address(data.value or 0))  # string_at() counts by a C int up to Python 3.11

    @property
    def info(self) -> CheckpointInfo:
        """What it says of itself."""
        return CheckpointInfo.from_raw(filled(_raw.capsule_checkpoint_get_info, self.handle, _raw.capsule_checkpoint_info))

    def entries(self) -> list[CheckpointEntry]:
        """Its names, and behind them those that were skipped when it was made."""
        return entries_of(filled(_raw.capsule_checkpoint_list, self.handle, _raw.capsule_checkpoint_entries))

    def close(self) -> None:
        """Lets it go."""
        self.release()


def _options(options: CheckpointOptions) -> Options | None:
    return given_options(_raw.capsule_checkpoint_options, _raw.capsule_checkpoint_options_init, options)


def empty_entries() -> _raw.capsule_checkpoint_entries:
    return sized(_raw.capsule_checkpoint_entries)


def entries_of(raw: _raw.capsule_checkpoint_entries) -> list[CheckpointEntry]:
    """The entries, and what held them released."""
    try:
        return CheckpointEntries.from_raw(raw).entries
    finally:
        _raw.capsule_checkpoint_entries_release(byref(raw))
