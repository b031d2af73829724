"""The library's own log, one for the process: silent until it has a sink. Its records hold nothing of the code, its values or output."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from ctypes import byref, string_at
from typing import Any

from capsule import _generated as _raw
from capsule._call import call, sized, utf8
from capsule._generated_records import LogFormat, LogInfo, LogLevel, LogSink
from capsule._options import text_of

__all__ = ["LogFormat", "LogInfo", "LogLevel", "get_info", "off", "to_file", "to_function", "to_stderr"]

_function: Any = None  # What the library calls: as long as it may.


def to_stderr(level: LogLevel = LogLevel.INFO, format: LogFormat = LogFormat.KEY_VALUE) -> None:
    """Records of that level and above go to the process's stderr, a line each, in the place of the sink before."""
    _set(LogSink.STDERR, level, format, b"")


def to_file(path: str | os.PathLike[str], level: LogLevel = LogLevel.INFO, format: LogFormat = LogFormat.KEY_VALUE) -> None:
    """The same to the end of a file, which is made where it is not there."""
    _set(LogSink.FILE, level, format, utf8(os.fspath(path), "path"))


def to_function(function: Callable[[LogLevel, str], object], level: LogLevel = LogLevel.INFO) -> None:
    """The same to a function, as level and line.

    It runs on the thread that logs, one call at a time; calls into the library from there raise, and what it raises is told by
    `sys.unraisablehook`, no more. At the end of the interpreter there is no sink any more.
    """

    def called(_: object, level: int, line: int, size: int) -> None:
        function(LogLevel(level), string_at(line, size).decode(errors="replace"))

    wrapped = _raw.capsule_log_callback(called)
    call(_raw.capsule_log_set_callback, level, wrapped, None)
    atexit.unregister(off)
    atexit.register(off)
    _keep(wrapped)


def off() -> None:
    """There is no sink any more."""
    call(_raw.capsule_log_set_sink, None)
    _keep(None)


def get_info() -> LogInfo:
    """What became of the records so far."""
    raw = sized(_raw.capsule_log_info)
    call(_raw.capsule_log_get_info, byref(raw))
    return LogInfo.from_raw(raw)


def _set(sink: LogSink, level: LogLevel, format: LogFormat, path: bytes) -> None:
    options = sized(_raw.capsule_log_options)
    options.sink, options.level, options.format, options.path = sink, level, format, text_of(path)
    call(_raw.capsule_log_set_sink, byref(options))
    _keep(None)


def _keep(wrapped: Any) -> None:
    global _function
    _function = wrapped  # The one before is no longer called.
