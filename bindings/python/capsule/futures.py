"""A `concurrent.futures.Executor` whose calls run in sessions: one that dies takes its call with it, and nothing else."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pickle
import selectors
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar, Unpack

from capsule._generated_records import SessionOptions, ValueKind
from capsule.errors import CapsuleError, TimeoutError
from capsule.events import Error, Event, Input, Output, Result
from capsule.execution import Execution, ExecutionError
from capsule.runtime import Runtime
from capsule.session import Session

# Functions of `__main__`, lambdas and closures by value; without it, what `pickle` can name.
_dumps = importlib.import_module("cloudpickle" if importlib.util.find_spec("cloudpickle") else "pickle").dumps

P = ParamSpec("P")
T = TypeVar("T")

_PRELUDE = """
_capsule_failure = None

def _capsule_begin(path, initial):
    global _capsule_failure
    import pickle, sys
    sys.path += [entry for entry in path if entry not in sys.path]
    try:
        function, args = pickle.loads(initial)
        function(*args)
    except BaseException as error:
        _capsule_failure = error

def _capsule_call(work):
    import pickle, traceback
    try:
        if _capsule_failure is not None:
            raise _capsule_failure
        function, args, kwargs = pickle.loads(work)
        outcome = (True, function(*args, **kwargs))
    except BaseException as error:
        error.add_note(traceback.format_exc())
        outcome = (False, error)
    try:
        return pickle.dumps(outcome)
    except Exception as error:
        return pickle.dumps((False, pickle.PicklingError(f"what the call came to cannot be pickled: {error!r}")))

_capsule_begin(_capsule_path, _capsule_initial)
"""


@dataclass(slots=True)
class _Work:
    future: Future[Any]
    call: bytes


@dataclass(slots=True)
class _Running:
    work: _Work
    session: Session
    execution: Execution


class SessionExecutor(Executor):
    """Runs calls in up to `max_workers` sessions, one call at a time in each. One thread looks after all of them.

    Calls and their results travel as pickles, and those of the sessions are unpickled here: what runs there has to be trusted as far as
    with `ProcessPoolExecutor`. What calls print goes to `sys.stdout` and `sys.stderr`. A session that dies fails the call that it
    ran, with `ExecutionError`, and another takes its place. `options` are those of the sessions; their interpreter is this one
    unless `python` says otherwise. `initializer` runs in each session first.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        *,
        runtime: Runtime | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        **options: Unpack[SessionOptions],
    ) -> None:
        workers = max_workers if max_workers is not None else os.cpu_count() or 1
        if workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        options.setdefault("python", sys.executable)
        options["wait_ready"] = False
        initial = _dumps((initializer or dict, initargs))
        self._manager = _Manager(workers, runtime, options, initial)
        # Not a method of this object, which the thread would keep alive.
        weakref.finalize(self, self._manager.stop, False)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Runs `fn(*args, **kwargs)` in a session."""
        future: Future[T] = Future()
        self._manager.submit(future, fn, args, kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Takes no more calls; those that were submitted are run, or with `cancel_futures` those that run already. Waits for them."""
        self._manager.stop(cancel_futures)
        if wait:
            self._manager.join()


class _Manager:
    """The thread, and what it works on. `_lock` guards what submitters share with it: `_waiting`, `_stopping`, `_thread`."""

    def __init__(self, workers: int, runtime: Runtime | None, options: SessionOptions, initial: bytes) -> None:
        self._workers = workers
        self._runtime = runtime
        self._own_runtime = runtime is None
        self._options = options
        self._initial = initial
        self._lock = threading.Lock()
        self._waiting: deque[_Work] = deque()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._wake)
        self._idle: list[Session] = []
        self._running: dict[int, _Running] = {}

    # Any thread

    def submit(self, future: Future[Any], fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            work = _Work(future, _dumps((fn, args, kwargs)))
        except Exception as error:
            future.set_exception(error)
            return
        with self._lock:
            if self._stopping:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._waiting.append(work)
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="capsule-executor", daemon=True)
                self._thread.start()
                _at_exit(self)
        self._notify()

    def stop(self, cancel_futures: bool) -> None:
        with self._lock:
            self._stopping = True
            canceled = list(self._waiting) if cancel_futures else []
            if cancel_futures:
                self._waiting.clear()
        for work in canceled:
            work.future.cancel()
            work.future.set_running_or_notify_cancel()
        self._notify()

    def join(self) -> None:
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _notify(self) -> None:
        os.eventfd_write(self._wake, 1)

    # Its own thread

    def _loop(self) -> None:
        selector = selectors.DefaultSelector()
        selector.register(self._wake, selectors.EVENT_READ)
        try:
            while self._begin_what_can(selector) or not self._stopping or self._running:
                for key, _ in selector.select():
                    if key.fd == self._wake:
                        with contextlib.suppress(BlockingIOError):
                            os.eventfd_read(self._wake)
                    else:
                        self._advance(selector, key.fd)
        finally:
            selector.close()
            self._close()

    def _close(self) -> None:
        for session in self._idle:
            session.close()
        if self._own_runtime and self._runtime is not None:
            self._runtime.close()

    def _begin_what_can(self, selector: selectors.BaseSelector) -> bool:
        """Whether calls are left that wait for a session."""
        while True:
            with self._lock:
                if not self._waiting or not (self._idle or len(self._running) < self._workers):
                    return bool(self._waiting)
                work = self._waiting.popleft()
            if work.future.set_running_or_notify_cancel():
                self._begin(selector, work)

    def _begin(self, selector: selectors.BaseSelector, work: _Work) -> None:
        try:
            session = self._idle.pop() if self._idle else self._open()
            execution = _call(session, work.call)
            self._running[execution.fileno()] = _Running(work, session, execution)
            selector.register(execution.fileno(), selectors.EVENT_READ)
        except CapsuleError as error:
            work.future.set_exception(error)

    def _open(self) -> Session:
        if self._runtime is None:
            self._runtime = Runtime()
        session = self._runtime.open(**self._options)
        inputs = {"_capsule_path": [entry for entry in sys.path if entry], "_capsule_initial": self._initial}
        # It needs no waiting for: what goes wrong in it, the calls tell.
        session.execute(_PRELUDE, inputs=inputs).close()
        return session

    def _advance(self, selector: selectors.BaseSelector, fd: int) -> None:
        running = self._running[fd]
        end = _take_events(running.execution)
        if end is None:
            return
        selector.unregister(fd)
        del self._running[fd]
        running.execution.close()
        if isinstance(end, Error) and not _lives(running.session):
            running.session.close(0)
        else:
            self._idle.append(running.session)
        future, running = running.work.future, None  # type: ignore[assignment]
        _settle(future, end)




def _call(session: Session, call: bytes) -> Execution:
    # As a buffer there is no limit to its size.
    return session.execute("_capsule_call(_capsule_work)", inputs={"_capsule_work": memoryview(call)}, result_kind=ValueKind.BUFFER)


def _take_events(execution: Execution) -> Result | Error | None:
    """The end, once it has come; output is passed on, input is declined."""
    try:
        while True:
            event: Event | None = execution.next(0)
            if isinstance(event, (Result, Error)):
                return event
            if isinstance(event, Output):
                (sys.stdout if event.stream.name == "STDOUT" else sys.stderr).write(event.text)
            elif isinstance(event, Input):
                with contextlib.suppress(CapsuleError):
                    execution.decline(event)
    except TimeoutError:
        return None


def _lives(session: Session) -> bool:
    try:
        session.wait_ready(0)
    except CapsuleError:
        return False
    return True


def _settle(future: Future[Any], end: Result | Error) -> None:
    if isinstance(end, Error):
        future.set_exception(ExecutionError(end))
        return
    try:
        succeeded, outcome = pickle.loads(end.value)
    except Exception as error:
        succeeded, outcome = False, error
    if succeeded:
        future.set_result(outcome)
    else:
        future.set_exception(outcome)


_managers: weakref.WeakSet[_Manager] = weakref.WeakSet()


def _at_exit(manager: _Manager) -> None:
    _managers.add(manager)


def _finish_all() -> None:
    """As the executors of the standard library do: what was submitted is done before the interpreter ends."""
    for manager in list(_managers):
        manager.stop(False)
    for manager in list(_managers):
        manager.join()


# Before `threading` waits for its threads; an `atexit` function would come after.
threading._register_atexit(_finish_all)  # type: ignore[attr-defined]
