"""The library's own log, one for the process: silent until it has a sink. Its records hold nothing of the code, its values or output."""

from __future__ import annotations

import os
from ctypes import byref

from capsule import _generated as _raw
from capsule._call import call, sized, utf8
from capsule._generated_records import LogFormat, LogInfo, LogLevel, LogSink
from capsule._options import text_of

__all__ = ["LogFormat", "LogInfo", "LogLevel", "get_info", "off", "to_file", "to_stderr"]


def to_stderr(level: LogLevel = LogLevel.INFO, format: LogFormat = LogFormat.KEY_VALUE) -> None:
    """Records of that level and above go to the process's stderr, a line each, in the place of the sink before."""
    _set(LogSink.STDERR, level, format, b"")


def to_file(path: str | os.PathLike[str], level: LogLevel = LogLevel.INFO, format: LogFormat = LogFormat.KEY_VALUE) -> None:
    """The same to the end of a file, which is made where it is not there."""
    _set(LogSink.FILE, level, format, utf8(os.fspath(path), "path"))


def off() -> None:
    """There is no sink any more."""
    call(_raw.capsule_log_set_sink, None)


def get_info() -> LogInfo:
    """What became of the records so far."""
    raw = sized(_raw.capsule_log_info)
    call(_raw.capsule_log_get_info, byref(raw))
    return LogInfo.from_raw(raw)


def _set(sink: LogSink, level: LogLevel, format: LogFormat, path: bytes) -> None:
    options = sized(_raw.capsule_log_options)
    options.sink, options.level, options.format, options.path = sink, level, format, text_of(path)
    call(_raw.capsule_log_set_sink, byref(options))
