"""The object `host`: what the session may call of its host."""

import builtins
import itertools
import json
import sys
import weakref

# Of wire::CallOutcome.
VALUE, FAILED, DENIED, TIMED_OUT, CANCELED, CLOSED, REFUSED = range(7)

# Of value.h.
JSON, TEXT, BYTES, BUFFER = range(1, 5)

# Of a call in native.call_host(): the calling thread waits for the reply.
WAIT = 0

# Executions of which the calls are counted, and what is told of the place of a call.
MAX_COUNTED = 256
MAX_SITE_CHARS = 400

# Made once: json.dumps() makes one for each call that has options.
encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode

PLAIN = frozenset((str, int, float, bool, type(None), list, dict, tuple))


class Error(Exception):
    """What the host answered a call with, where it is no built-in exception; `type` is what the host calls it."""

    __module__ = "host"
    type = ""


def failure(error_type, message):
    """The built-in exception of that name, or an Error."""
    kind = getattr(builtins, error_type, None)
    # Of iterators these are no failures, and no future can hold the first.
    ends = (StopIteration, StopAsyncIteration)
    if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, ends):
        try:
            return kind(message)
        except TypeError:  # one that takes more, as UnicodeDecodeError
            pass
    error = Error(message)
    error.type = error_type
    return error


def exception_of(reply, capability):
    outcome, _, _, _, _, _, _, error_type, message, reason, execution, request, timeout_ms = reply
    if outcome == DENIED:
        error = PermissionError(message)
    elif outcome == TIMED_OUT:
        error = TimeoutError(message)
    elif outcome == CLOSED:
        error = ConnectionError(message)
    elif outcome == CANCELED:
        from concurrent.futures import CancelledError

        error = CancelledError(message)
    else:
        error = failure(error_type, message)
    error.capability = capability
    error.reason = reason
    error.execution_id = execution
    error.request_id = request
    error.timeout = timeout_ms / 1000 if timeout_ms else None
    return error


def value_of(reply):
    _, _, kind, data, format, shape, fd, *_ = reply
    if kind == JSON:
        return json.loads(data)
    if kind == TEXT:
        return data.decode()
    if kind == BYTES and fd < 0:
        return data
    if kind < 0:
        return None
    try:
        return load_once("values").decode(kind, data, format, shape, fd)
    finally:
        if fd >= 0:
            import os

            os.close(fd)


def result_of(reply, capability):
    if reply[0] != VALUE:
        raise exception_of(reply, capability)
    return value_of(reply)


def binder(name, parameters):
    """A function that takes a call's arguments and returns them by name."""
    scope = {"__builtins__": builtins.__dict__}
    exec(f"def {name}({parameters}):\n    return locals()", scope)
    return scope[name]


def running_loop():
    """The event loop that runs in this thread, or None. Where asyncio was never imported there is none."""
    events = sys.modules.get("asyncio.events")
    return None if events is None else events._get_running_loop()


class Capability:
    """A function of the host. Where an event loop runs in the thread, a call returns a future to await."""

    def __init__(self, host, name, doc, parameters, stream, upload):
        self._host = host
        self._path = name
        self._stream = stream
        self._upload = upload
        self.__name__ = name.rpartition(".")[2]
        self.__qualname__ = name
        self.__module__ = "host"
        self.__doc__ = doc or None
        try:
            self._bind = binder(self.__name__, parameters or "**arguments")
        except SyntaxError as error:
            raise ImportError(f"host.{name} has parameters that are no Python: {error.msg}") from None
        self._free = not parameters

    @property
    def __signature__(self):
        import inspect

        return inspect.signature(self._bind)

    def __repr__(self):
        return f"<capability host.{self._path}>"

    def __call__(self, /, *args, **kwargs):
        loop = running_loop()
        return self._run(loop, loop is None, args, kwargs, sys._getframe(1))

    def call(self, /, *args, **kwargs):
        """Calls, and waits for the result, whatever runs in the thread."""
        return self._run(None, True, args, kwargs, sys._getframe(1))

    def start(self, /, *args, **kwargs):
        """Calls, and returns a future to await; needs an event loop."""
        loop = running_loop()
        if loop is None:
            raise RuntimeError(f"host.{self._path}.start() needs a running event loop")
        return self._run(loop, False, args, kwargs, sys._getframe(1))

    def _run(self, loop, wait, args, kwargs, frame):
        timeout = kwargs.pop("_timeout", None)
        arguments = self._bind(*args, **kwargs)
        if self._free:
            arguments = arguments["arguments"]
        return self._host._call(self, arguments, timeout_ms_of(timeout), self._host._site(self._path, frame), loop, wait)


def timeout_ms_of(timeout):
    """0 for none."""
    if timeout is None:
        return 0
    if not 0 < timeout <= 31_536_000:
        raise ValueError(f"_timeout is {timeout!r}; it can be more than 0, and up to 31536000 seconds")
    return max(1, int(timeout * 1000))


def document_of(arguments):
    """The JSON of the arguments, and those that are none: a list of (name, fields of an Answer)."""
    attachments = []
    plain = arguments
    for name, value in arguments.items():
        if type(value) in PLAIN:
            continue
        values = load_once("values")
        if not isinstance(value, str) and values.has_buffer(value):
            plain = arguments.copy() if plain is arguments else plain
            del plain[name]
            attachments.append((name, values.get_value(BUFFER, value, values.INLINE_BYTES)))
    try:
        return encode(plain), attachments
    except RecursionError:
        raise ValueError("the arguments are nested too deep") from None


class Group:
    """Capabilities whose names begin alike."""

    def __init__(self, host, prefix):
        self._host = host
        self._prefix = prefix

    def __getattr__(self, name):
        return self._host._find(self._prefix + name)

    def __dir__(self):
        return self._host._names_below(self._prefix)

    def __repr__(self):
        return f"<capabilities host.{self._prefix}*>"


class Host(Group):
    """What the session may call of its host: host.NAME(…)."""

    Error = Error

    def __init__(self, native, load_pieces):
        super().__init__(self, "")
        self._native = native
        self._load_pieces = load_pieces
        self._pieces = None
        self._known = {}
        self._allowed = []
        self._counts = {}  # by execution: counters of the calls made at each place

    def __repr__(self):
        return "<host>"

    def _find(self, path):
        found = self._known.get(path)
        if found is None and not path.rpartition(".")[2].startswith("__"):
            self._learn()
            found = self._known.get(path)
        if found is None:
            raise AttributeError(f"the host offers no '{path}' to this session")
        return found

    def _names_below(self, prefix):
        self._learn()
        return sorted({path[len(prefix) :].partition(".")[0] for path in self._allowed if path.startswith(prefix)})

    def _learn(self):
        """Asks the host what there is."""
        reply = self._native.call_host("", "{}", "", 0, 0, [], WAIT)
        known = {}
        offers = result_of(reply, "")
        self._allowed = [offered["name"] for offered in offers if offered["allowed"]]
        for offered in offers:
            path = offered["name"]
            known[path] = Capability(self, path, offered["doc"], offered["parameters"], offered["stream"], offered["upload"])
            while "." in path:
                path = path.rpartition(".")[0]
                known.setdefault(path, Group(self, path + "."))
        self._known = known

    def _site(self, path, frame):
        """The place of a call, and how often the execution has called from there."""
        execution = self._native.writing_execution()
        site = f"{frame.f_code.co_qualname[-MAX_SITE_CHARS:]}:{frame.f_lineno}"
        # Threads that call at once each get a number of their own: neither setdefault() nor next() lets another in between.
        counts = self._counts.setdefault(execution, {})
        if len(self._counts) > MAX_COUNTED:
            self._counts.pop(next(iter(self._counts)), None)
        return site, next(counts.setdefault((path, site), itertools.count()))

    def _call(self, capability, arguments, timeout_ms, site, loop, wait):
        document, attachments = document_of(arguments)
        call = (capability._path, document, *site, timeout_ms, attachments)
        if capability._stream or capability._upload:
            if self._pieces is None:
                self._pieces = self._load_pieces()
            kind = "Pieces" if not capability._upload else "Exchange" if capability._stream else "Upload"
            return getattr(self._pieces, kind)(self._native, capability._path, call, None if wait else loop)
        if wait:
            return result_of(self._native.call_host(*call, WAIT), capability._path)
        return calls_of(loop, self._native).start(call, capability._path)


_loops = weakref.WeakKeyDictionary()


def calls_of(loop, native):
    """The calls that an event loop waits for."""
    calls = _loops.get(loop)
    if calls is None:
        calls = _loops[loop] = LoopCalls(weakref.ref(loop), native)
    return calls


def thaw():
    """In a process that was a snapshot: the calls were those of the one it was made of."""
    for calls in list(_loops.values()):
        calls.lose()
    _loops.clear()


class LoopCalls:
    """The calls that one event loop waits for. It watches a descriptor while there are any."""

    def __init__(self, loop, native):
        self._loop = loop
        self._native = native
        self._number, self._fd = native.open_call_loop()
        weakref.finalize(loop(), native.close_call_loop, self._number).atexit = False
        self._takers = {}  # by the call's id: what takes its replies
        self._rooms = {}  # futures of who waits for room for a piece

    def start(self, call, path):
        """A future of the call's result."""
        loop = self._loop()
        future = loop.create_future()

        def take(reply):
            if future.done():
                return
            if reply[0] == CANCELED:
                future.cancel()
                return
            try:
                future.set_result(result_of(reply, path))
            except Exception as error:
                future.set_exception(error)

        call_id = self._begin(call, take)

        def on_done(future):
            if call_id in self._takers:  # canceled by the code
                self.forget(call_id)
                self._native.give_up_call(call_id)

        future.add_done_callback(on_done)
        return future

    def start_pieces(self, call):
        import asyncio

        waiting = asyncio.Queue()
        return self._begin(call, waiting.put_nowait), waiting

    def _begin(self, call, take):
        if not self._takers:
            self._loop().add_reader(self._fd, self._on_ready)
        try:
            call_id = self._native.call_host(*call, self._number)
        except BaseException:
            self._rest()
            raise
        self._takers[call_id] = take
        return call_id

    def forget(self, call_id):
        self._takers.pop(call_id, None)
        self._tell_room(call_id)
        self._rest()

    async def room(self, call_id):
        """Waits until there may be room for a piece of the call, or it is over."""
        future = self._loop().create_future()
        self._rooms.setdefault(call_id, []).append(future)
        await future

    def _tell_room(self, call_id):
        for future in self._rooms.pop(call_id, ()):
            if not future.done():
                future.set_result(None)

    def _rest(self):
        loop = self._loop()
        if not self._takers and loop is not None and not loop.is_closed():
            loop.remove_reader(self._fd)

    def _on_ready(self):
        for call_id, reply in self._native.ready_calls(self._number):
            take = self._takers.get(call_id)
            if reply is None or not reply[1]:
                self._tell_room(call_id)
            if take is None or reply is None:
                continue
            if not reply[1]:
                del self._takers[call_id]
            take(reply)
        self._rest()

    def lose(self):
        lost = (CLOSED, False, -1, b"", "", [], -1, "", "the call was made before the session went back to a snapshot", "snapshot", 0, 0, 0)
        takers, self._takers = self._takers, {}
        loop = self._loop()
        for call_id, take in takers.items():
            if loop is not None and not loop.is_closed():
                self._tell_room(call_id)
                take(lost)
