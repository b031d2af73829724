"""The session's event loop: made for the first execution that needs one, it lives until the session ends."""

import asyncio
import contextvars
import os
import selectors
import signal
import sys
import time
import weakref

# The execution that a task or callback was made by; what it writes is that one's.
_execution = contextvars.ContextVar("capsule.execution", default=0)

# CAPSULE_ORIGIN_… of event.h.
ORIGIN_MAIN = 1
ORIGIN_TASK = 3

CO_COROUTINE = 0x80  # of a code object that makes a coroutine, as inspect has it

# How long the loop may be busy with one step after a cancel before KeyboardInterrupt is raised in what it does: a step of a task, or
# the loop itself or one of its callbacks. The loop loses a callback where it is hit between two of them, so it gets longer.
STEP_PATIENCE_S = 0.01
LOOP_PATIENCE_S = 0.1


class SessionLoop:
    """Runs executions as tasks of one loop. Tasks that they leave behind go on whenever it runs again."""

    def __init__(self, native):
        self.native = native
        self.loop = None
        self.pid = os.getpid()
        self.main_task = None
        self.numbers = weakref.WeakKeyDictionary()  # of tasks that wrote something
        self.last_number = 0

    def open_loop(self):
        """The loop; a new one in the place of one that the user's code closed."""
        if self.loop is None or self.loop.is_closed():
            self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)  # asyncio.run() leaves none behind
        return self.loop

    def run(self, codes, names):
        """Runs the codes in one task; returns the value of the last and None, or None and the exception."""
        loop = self.open_loop()
        execution = Execution(self.native, loop)
        context = contextvars.copy_context()
        context.run(_execution.set, self.native.writing_execution())
        task = loop.create_task(execution.main(codes, names), name="execution", context=context)
        execution.task = self.main_task = task
        self.native.set_stop_hook(execution.on_stop)
        self.native.set_loop_hook(self.writer)
        try:
            execution.run_to_end()
            keep_context(context)
            value, error = execution.outcome()
            execution.count(error)
        finally:
            self.native.set_loop_hook(None)
            self.main_task = None
            self.native.set_stop_hook(None)  # last: without it a cancel interrupts, and what is not counted then is not at all
        return value, error

    def writer(self):
        """Who runs now: origin, number of the task, execution."""
        task = asyncio.current_task(self.loop)
        if task is None:
            return ORIGIN_TASK, 0, _execution.get()
        if task is self.main_task:
            return ORIGIN_MAIN, 0, _execution.get()
        number = self.numbers.get(task)
        if number is None:
            number = self.numbers[task] = self.last_number = self.last_number + 1
        return ORIGIN_TASK, number, _execution.get()

    def run_background(self, work_fd):
        """Runs the tasks that are left, until the descriptor is readable."""
        readable = []

        def on_readable():
            readable.append(work_fd)
            self.loop.stop()

        # KeyboardInterrupt and SystemExit of a task end the loop's run, and so does its stop(): neither is meant for the others.
        while not readable and not self.loop.is_closed() and asyncio.all_tasks(self.loop):
            self.loop.add_reader(work_fd, on_readable)
            self.native.set_loop_hook(self.writer)
            try:
                self.loop.run_forever()
            except BaseException as error:
                sys.excepthook(type(error), error, users_part(error.__traceback__))
            finally:
                self.native.set_loop_hook(None)
                self.loop.remove_reader(work_fd)

    def why_no_fork(self):
        """What of the loop a fork would share with its parent; None where it is nothing that thaw() cannot mend."""
        loop = self.loop
        if loop is None or loop.is_closed():
            return None
        if not isinstance(loop, asyncio.selector_events.BaseSelectorEventLoop):
            return f"the event loop, a {type(loop).__qualname__}, cannot be carried into a fork"
        watched = len(loop._selector.get_map()) - loop._internal_fds
        return f"the event loop watches {watched} descriptors, as of sockets, pipes or child processes" if watched else None

    def thaw(self):
        """Gives the loop a selector and a wake-up of its own: those it has are the parent's too."""
        self.pid = os.getpid()
        loop = self.loop
        if loop is None or loop.is_closed():
            return
        loop._selector.close()
        loop._selector = selectors.DefaultSelector()
        loop._ssock.close()
        loop._csock.close()
        loop._internal_fds -= 1
        loop._make_self_pipe()
        if loop._signal_handlers:
            signal.set_wakeup_fd(loop._csock.fileno())

    def close(self):
        """What asyncio.run() does at its end: tasks are canceled, and get time to clean up."""
        loop = self.loop
        # A child that the user's code forked shares the selector with the session, and would take its descriptors out of it.
        if loop is None or loop.is_closed() or os.getpid() != self.pid:
            return
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        self.native.count("coroutines_closed", len(tasks))
        self.native.set_loop_hook(self.writer)
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True) if tasks else asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        self.native.set_loop_hook(None)
        loop.close()


class Execution:
    """One execution on the loop."""

    def __init__(self, native, loop):
        self.native = native
        self.loop = loop
        self.task = None
        self.value = None
        self.error = None
        self.escaped = None  # what another task, or a callback, threw out of the loop
        self.asked_at = None  # when the task was canceled, until the loop has come round since
        self.stopped = False
        self.began = False

    async def main(self, codes, names):
        self.began = True
        try:
            for code in codes:
                self.value = eval(code, names)
                if code.co_flags & CO_COROUTINE:
                    self.value = await self.value
        except BaseException as error:
            self.error = error.with_traceback(error.__traceback__.tb_next)

    def run_to_end(self):
        while not self.task.done():
            try:
                self.loop.run_until_complete(self.task)
            except asyncio.CancelledError:
                pass  # it was canceled before its first step
            except BaseException as error:
                # KeyboardInterrupt and SystemExit of any task end the loop's run, and so does its stop(). They end the execution.
                self.escaped = self.escaped or error.with_traceback(users_part(error.__traceback__))
                if self.loop.is_closed():
                    self.error = self.error or self.escaped
                    return
                self.task.cancel()
        if self.task.cancelled():
            self.error = asyncio.CancelledError()

    def outcome(self):
        error = self.error
        if isinstance(error, asyncio.CancelledError):
            if self.escaped is not None:
                error = self.escaped
            elif self.stopped:
                error = KeyboardInterrupt().with_traceback(error.__traceback__)
        return (self.value if error is None else None), error

    def count(self, error):
        """How it ended, in the session's numbers."""
        count = self.native.count
        count("executions")
        if not self.began:
            count("coroutines_closed")
        if error is None:
            count("successes")
        elif isinstance(error, asyncio.CancelledError) or (self.stopped and isinstance(error, KeyboardInterrupt)):
            count("canceled")
        else:
            count("errors")

    def on_stop(self):
        """In the signal handler, which is called again and again until the execution ends: whether to raise KeyboardInterrupt."""
        before, self.stopped = self.stopped, True  # first: the handler may come again on the next line
        if not before:
            self.native.count("cancels_requested")
            self.native.count("cancels_noop" if self.task.done() else "cancels_effective")
            if not self.began and not self.task.done():
                self.native.count("cancels_pending")
        if self.task.done():
            return False
        now = time.monotonic()
        if self.asked_at is None:
            self.asked_at = now
            self.task.cancel()
            self.loop.call_soon_threadsafe(self.on_turn)  # also wakes it
            return False
        in_task = asyncio.current_task(self.loop) is not None
        if now - self.asked_at < (STEP_PATIENCE_S if in_task else LOOP_PATIENCE_S):
            return False
        return True

    def on_turn(self):
        """The loop has come round: the task has its CancelledError, or will in a moment."""
        self.asked_at = None
        self.native.count_stop()


def users_part(traceback):
    """The traceback from the first frame that is neither ours nor asyncio's."""
    while traceback is not None:
        module = traceback.tb_frame.f_globals.get("__name__", "")
        if module != __name__ and module.partition(".")[0] != "asyncio":
            return traceback
        traceback = traceback.tb_next
    return None


def keep_context(context):
    """Sets the context variables that the execution set in its task's context: later executions see them."""
    current = contextvars.copy_context()
    for variable, value in context.items():
        if variable is _execution:
            continue
        if variable not in current or current[variable] is not value:
            variable.set(value)
