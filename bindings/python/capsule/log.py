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
from capsule.errors import CapsuleError

__all__ = ["LogFormat", "LogInfo", "LogLevel", "get_info", "off", "to_file", "to_function", "to_stderr"]

_function: Callable[[LogLevel, str], object] | None = None


def _call_function(_: object, level: int, line: int, size: int) -> None:
    function = _function
    if function is not None:
        function(LogLevel(level), string_at(line, size).decode(errors="replace"))


# One for the process, so that nobody has to know how long the library may call it.
_called = _raw.capsule_log_callback(_call_function)


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
    global _function
    before, _function = _function, function
    try:
        call(_raw.capsule_log_set_callback, level, _called, None)
    except CapsuleError:
        _function = before
        raise
    atexit.unregister(off)
    atexit.register(off)


def off() -> None:
    """There is no sink any more."""
    _set_sink(None)


def get_info() -> LogInfo:
    """What became of the records so far."""
    raw = sized(_raw.capsule_log_info)
    call(_raw.capsule_log_get_info, byref(raw))
    return LogInfo.from_raw(raw)


def _set(sink: LogSink, level: LogLevel, format: LogFormat, path: bytes) -> None:
    options = sized(_raw.capsule_log_options)
    options.sink, options.level, options.format, options.path = sink, level, format, text_of(path)
    _set_sink(byref(options))


def _set_sink(options: Any) -> None:
    global _function
    call(_raw.capsule_log_set_sink, options)
    _function = None
