"""Sampling profiles of sessions; users have them in `capsule.diagnostics`."""

from __future__ import annotations

from ctypes import byref, c_size_t, c_void_p, string_at
from types import TracebackType
from typing import Self, Unpack

from capsule import _generated as _raw
from capsule._call import Lender, call, filled, made, milliseconds
from capsule._generated_records import ProfileInfo, ProfileOptions
from capsule._options import given_options, reference_of
from capsule.session import Session


class Profile(Lender):
    """A profile under way, or ended. Leaving a `with` block lets it go; the session goes on undisturbed."""

    __slots__ = ()

    def __init__(self, handle: int) -> None:
        super().__init__(handle, _raw.capsule_profile_release)

    def wait(self, timeout: float | None = None) -> None:
        """Waits for its end: after `duration_ms`, by `stop`, or when its session is closed or the policy forbids it."""
        call(_raw.capsule_profile_wait, self.handle, milliseconds(timeout, 1))

    def stop(self) -> None:
        """Ends it, after the sample that is being taken. May be repeated."""
        call(_raw.capsule_profile_stop, self.handle)

    @property
    def info(self) -> ProfileInfo:
        """What it has counted, also while it is under way."""
        return ProfileInfo.from_raw(filled(_raw.capsule_profile_get_info, self.handle, _raw.capsule_profile_info))

    def collapsed(self) -> str:
        """Its stacks, a line and a count each, as flame graph programs read them; BusyError while it is under way."""
        data, size = c_void_p(), c_size_t()
        with self._lending:
            call(_raw.capsule_profile_get_collapsed, self.handle, byref(data), byref(size))
            return string_at(data, size.value).decode() if size.value else ""

    def close(self) -> None:
        """Ends it and lets it go."""
        self.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.release()


def profile(session: Session, **options: Unpack[ProfileOptions]) -> Profile:
    """Begins to sample where a session's Python code stands; how much its lines tell, the policy's `stack` says."""
    given = given_options(_raw.capsule_profile_options, _raw.capsule_profile_options_init, options)
    return Profile(made(_raw.capsule_session_profile, session.handle, reference_of(given)))
