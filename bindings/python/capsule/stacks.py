"""Stacks as records: where a session's Python code stands, or stood."""

from __future__ import annotations

from ctypes import byref
from dataclasses import dataclass

from capsule import _generated as _raw
from capsule._call import call, filled, sized
from capsule._generated_records import NativeFrame, StackFrame, StackInfo, StackThread


@dataclass(frozen=True, slots=True)
class ThreadStack:
    """One thread, and its frames, the innermost first."""

    info: StackThread
    frames: list[StackFrame]
    native: list[NativeFrame]
    """Below them, of a thread that waits in the kernel."""


@dataclass(frozen=True, slots=True)
class StackTrace:
    """Where Python code stands, or stood, as far as the policy shows it."""

    info: StackInfo
    threads: list[ThreadStack]
    """Of a living worker, the first is the main one."""


def stack_taken(handle: int) -> StackTrace:
    """The stack that a handle stands for, which is released."""
    try:
        info = StackInfo.from_raw(filled(_raw.capsule_stack_get_info, handle, _raw.capsule_stack_info))
        return StackTrace(info, [_thread_of(handle, index) for index in range(info.threads)])
    finally:
        _raw.capsule_stack_release(handle)


def _thread_of(handle: int, index: int) -> ThreadStack:
    raw, frame = sized(_raw.capsule_stack_thread), sized(_raw.capsule_stack_frame)
    below = sized(_raw.capsule_native_frame)
    call(_raw.capsule_stack_get_thread, handle, index, byref(raw))
    frames = []
    for at in range(raw.frames):
        call(_raw.capsule_stack_get_frame, handle, index, at, byref(frame))
        frames.append(StackFrame.from_raw(frame))
    native: list[NativeFrame] = []
    for at in range(raw.native_frames):
        call(_raw.capsule_stack_get_native_frame, handle, index, at, byref(below))
        native.append(NativeFrame.from_raw(below))
    return ThreadStack(StackThread.from_raw(raw), frames, native)
