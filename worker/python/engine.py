"""The part of the executor that is easier said in Python. Runs in a module that is in no sys.modules: user code cannot see it."""

import _signal
import _thread
import builtins
import io
import sys

# Source texts whose lines tracebacks can show: executions back, and characters in all.
MAX_SOURCES = 256
MAX_SOURCE_CHARS = 4 << 20

_sources = {}
_source_chars = 0


def remember_source(file_name, source):
    """Lets tracebacks of this and later executions show lines of the source."""
    global _source_chars
    _source_chars += len(source) - len(_sources.pop(file_name, ""))
    _sources[file_name] = source
    while len(_sources) > MAX_SOURCES or (_source_chars > MAX_SOURCE_CHARS and len(_sources) > 1):
        oldest = next(iter(_sources))
        _source_chars -= len(_sources.pop(oldest))
        linecache = sys.modules.get("linecache")
        if linecache is not None:
            linecache.cache.pop(oldest, None)
    linecache = sys.modules.get("linecache")
    if linecache is not None:
        cache_lines(linecache, file_name, source)


def cache_lines(linecache, file_name, source):
    # Every line ends in a newline, as linecache has it; without a modification time its checkcache() leaves an entry alone.
    lines = [line + "\n" for line in source.splitlines()]
    linecache.cache[file_name] = (len(source), None, lines, file_name)


def cache_all_lines():
    import linecache

    for file_name, source in _sources.items():
        if file_name not in linecache.cache:
            cache_lines(linecache, file_name, source)


class ImportPatch:
    """Finds the modules that need something of ours, once, when the user's code imports them."""

    def __init__(self, patches):
        self.patches = patches

    def find_spec(self, name, path=None, target=None):
        if name not in self.patches:
            return None
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if finder is not self and hasattr(finder, "find_spec") else None
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = PatchingLoader(spec.loader, self.apply)
                return spec
        return None

    def apply(self, module):
        """Once the module is loaded: to look for its spec, or to fail, is not to import it."""
        patch = self.patches.pop(module.__spec__.name, None)
        if patch is not None:
            patch(module)


class PatchingLoader:
    """The module's own loader, but for what is done to the module once it is loaded."""

    def __init__(self, loader, patch):
        self.loader = loader
        self.patch = patch

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def exec_module(self, module):
        self.loader.exec_module(module)
        module.__loader__ = module.__spec__.loader = self.loader
        self.patch(module)


class Session:
    """What lives as long as the session."""

    def __init__(self, native, names):
        self.native = native
        self.names = names
        self._analyzer = None
        self._display = None
        self._sources = None
        self.loop = None
        self.host = None

    def analyzer(self):
        if self._analyzer is None:
            native = self.native
            self._analyzer = load_once("analysis").Analyzer(
                native.count,
                native.log,
                load_once("sources").captured,
                **native.analysis_options(),
            )
        return self._analyzer

    def sources(self):
        """Of what the session's code has defined and imported."""
        if self._sources is None:
            self._sources = load_once("sources").CapturedSources()
        return self._sources

    def display(self):
        if self._display is None:
            module = load_once("display")
            guard_methods(self.native, module.DisplayHandle, "display", "update")
            self._display = module.Display(self.native, self.native.display_limit())
        return self._display


_session = None


def hide_engine_frames(error):
    """Takes the engine's frames out of the exception's traceback."""
    kept = []
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename != "<capsule>":
            kept.append(traceback)
        traceback = traceback.tb_next
    for before, after in zip(kept, kept[1:]):
        before.tb_next = after
    error.__traceback__ = kept[0] if kept else None


def guard(native, function):
    """The function, for the user's code to call: what it raises has no frame of ours."""
    names = ("__name__", "__qualname__", "__doc__", "__module__")
    attributes = {name: getattr(function, name) for name in names}
    return native.guarded(function, hide_engine_frames, attributes | {"__wrapped__": function})


def guard_methods(native, kind, *names):
    for name in names:
        setattr(kind, name, guard(native, getattr(kind, name)))


def patches_of(native):
    """What is done to modules of the user's once they are imported."""

    def patch_getpass(module):
        module.getpass = native.getpass

    def patch_threading(module):
        start = module.Thread.start

        def start_for(self):
            self._capsule_execution = native.writing_execution()
            start(self)

        start_for.__name__, start_for.__qualname__, start_for.__doc__ = "start", "Thread.start", start.__doc__
        module.Thread.start = guard(native, start_for)
        native.set_thread_hook(lambda: getattr(module._active.get(_thread.get_ident()), "_capsule_execution", 0))

    def patch_thread_pool(module):
        # A pool's thread writes for whoever gave it the work.
        item = module._WorkItem
        init, run = item.__init__, item.run

        def init_for(self, *args, **kwargs):
            init(self, *args, **kwargs)
            self._capsule_execution = native.writing_execution()

        def run_for(self, *args, **kwargs):
            before = native.work_for(self._capsule_execution)
            try:
                run(self, *args, **kwargs)
            finally:
                native.work_for(before)

        item.__init__, item.run = init_for, run_for

    def patch_matplotlib(module):
        _session.display().patch_matplotlib(module)
        native.expect_figures()

    return {
        "getpass": patch_getpass,
        "linecache": lambda module: cache_all_lines(),
        "threading": patch_threading,
        "concurrent.futures.thread": patch_thread_pool,
        "matplotlib": patch_matplotlib,
        "IPython.core.display_functions": lambda module: _session.display().patch_ipython_display(module),
    }


def offer_host(offered):
    """Binds `host` for the user's code, or takes it away: where the session has a bridge."""
    if not offered:
        if _session.host is not None and getattr(builtins, "host", None) is _session.host:
            del builtins.host
        return
    if _session.host is None:
        module = load_once("host")
        guard_methods(_session.native, module.Capability, "__call__", "call", "start")
        _session.host = module.Host(_session.native, load_pieces)
    builtins.host = _session.host


def load_pieces():
    module = load_once("host_pieces")
    guard_methods(_session.native, module.Pieces, "__next__")
    guard_methods(_session.native, module.Sender, "send")
    guard_methods(_session.native, module.Upload, "finish")
    return module


def watch_for_death(descriptor):
    """Has Python's stacks written there at a fatal signal, unless the user's modules or environment want them elsewhere."""
    import faulthandler

    if not faulthandler.is_enabled():
        # C's stack, which 3.14 adds, is not safe to look for in a process that is about to die.
        options = {"c_stack": False} if sys.version_info >= (3, 14) else {}
        faulthandler.enable(descriptor, all_threads=True, **options)


def try_stack_layout(probe):
    """Whether what the probe finds of this thread's frames in memory is what they are: called by Python and by C, in a generator."""

    def frames_of(frame):
        rows = []
        while frame is not None:
            rows.append((frame.f_code.co_filename, frame.f_code.co_qualname, frame.f_lineno))
            frame = frame.f_back
        return rows

    def generate(_):
        yield (probe(), frames_of(sys._getframe()))

    found, expected = max(map(lambda i: next(generate(i)), [0]))
    return found == expected


def start_session(native, cancel_signal):
    """Makes the process the session's; returns the user's namespace."""
    global _session
    main = type(sys)("__main__")
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    io.TextIOBase.register(native.TextStream)
    io.RawIOBase.register(native.ByteStream)
    sys.stdout = sys.__stdout__ = native.stdout
    sys.stderr = sys.__stderr__ = native.stderr
    StandardInput = load_once("standard_input").StandardInput
    guard_methods(native, StandardInput, "read", "readline")
    sys.stdin = sys.__stdin__ = StandardInput(native.input)
    sys.argv = [""]
    builtins.input = native.input
    builtins.print = native.print
    builtins.display = guard(native, display)
    builtins.update_display = guard(native, update_display)
    builtins.progress = guard(native, progress)
    builtins.OutputBackpressureExceeded = native.OutputBackpressureExceeded
    _signal.signal(cancel_signal, native.on_cancel_signal)
    _session = Session(native, main.__dict__)
    patches = patches_of(native)
    for name in list(patches):
        if name in sys.modules:
            patches.pop(name)(sys.modules[name])
    sys.meta_path.insert(0, ImportPatch(patches))
    return main.__dict__


def display(*objects, **options):
    """Shows objects in the richest way the host can: display(*objects, display_id=None, raw=False, metadata=None, include=None,
    exclude=None)."""
    return _session.display().display(*objects, **options)


def update_display(shown, *, display_id, **options):
    """Shows an object in the place of what was shown under that id."""
    return _session.display().update_display(shown, display_id=display_id, **options)


def progress(value, total=None, label="", *, id=""):
    """Tells the host how far the code has come."""
    return _session.display().progress(value, total, label, id=id)


def show_result(value):
    """Shows a value that has more to show than its repr."""
    _session.display().show_result(value)


def show_figures():
    """Shows the figures that the execution has made."""
    _session.display().flush_figures()


def prepare(source, file_name, mode, capture):
    """Codes, whether the last gives a value, whether they belong on the event loop, CAPSULE_CODE_…."""
    codes, has_value, on_loop, code_class, definitions = _session.analyzer().prepare(source, file_name, mode)
    if definitions is not None and capture:
        _session.sources().update(*definitions)
    return codes, has_value, on_loop, code_class


def run_on_loop(codes):
    """The value and None, or None and the exception."""
    if _session.loop is None:  # asyncio is imported when it is first needed
        _session.loop = load_once("session_loop").SessionLoop(_session.native)
    return _session.loop.run(codes, _session.names)


def answer(*request):
    """Does what the host asks for between executions."""
    operation, *arguments = request
    return values().answer(operation, _session.names, _session.sources, *arguments)


def values():
    module = load_once("values")
    module.arrow_view = _session.native.arrow_view
    module.plain_names = _session.native.plain_names
    return module


def bind_inputs(items):
    """Binds names before an execution; None, or why that cannot be."""
    return load_once("values").refusal_to_bind(_session.names, items)


def encode_value(kind, value, limit):
    """An execution's value as the host wants it."""
    return values().encode_value(kind, value, limit)


def why_no_fork():
    """What a fork of the process would not carry; None where it carries all."""
    threading = sys.modules.get("threading")
    if _thread._count() > 0:
        names = [thread.name for thread in threading.enumerate()[1:4]] if threading is not None else []
        return f"{_thread._count()} Python threads besides the main one are running: {', '.join(names)}"
    return None if _session.loop is None else _session.loop.why_no_fork()


def thaw():
    """In a process that was a snapshot: makes what a fork shares with its parent this process's own."""
    if _session.loop is not None:
        _session.loop.thaw()
    if _session.host is not None:
        load_once("host").thaw()


def save_names():
    """What the names are bound to, for a transaction of the names."""
    return _session.names.copy()


def restore_names(saved):
    """Binds the names as they were; the history's go on."""
    protected = load_once("values").PROTECTED
    names = _session.names
    for name in [name for name in names if name not in saved and name not in protected]:
        del names[name]
    for name, value in saved.items():
        if name not in protected:
            names[name] = value


def run_background(work_fd):
    """Runs the tasks that are left, until the descriptor is readable."""
    _session.loop.run_background(work_fd)


def to_json(value):
    """JSON text of a value, or None where it has none."""
    import json

    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode("utf-8")
        return text
    except (TypeError, ValueError, RecursionError):
        return None


def cut(text, limit):
    """The text, its middle left out where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"


def safe_str(error):
    try:
        return str(error)
    except Exception as inner:
        return f"<str() of the exception failed: {type(inner).__name__}>"


def type_name(kind):
    """As tracebacks name a type."""
    module = getattr(kind, "__module__", None)
    if not isinstance(module, str) or module in ("builtins", "__main__"):
        return kind.__qualname__
    return f"{module}.{kind.__qualname__}"


def hide_frames(described, seen=None):
    """Takes the engine's frames out of what a traceback shows, here and in all it is linked to."""
    seen = set() if seen is None else seen
    if described is None or id(described) in seen:
        return
    seen.add(id(described))
    described.stack[:] = [frame for frame in described.stack if frame.filename != "<capsule>"]
    for other in (described.__cause__, described.__context__, *(getattr(described, "exceptions", None) or ())):
        hide_frames(other, seen)


def describe(error, limit):
    """Type, message, traceback and exit code of an exception."""
    exit_code = 0
    if isinstance(error, SystemExit):
        code = error.code
        exit_code = code if isinstance(code, int) else 0 if code is None else 1
    message = cut(safe_str(error), limit)
    try:
        import traceback

        cache_all_lines()
        described = traceback.TracebackException.from_exception(error)
        hide_frames(described)
        text = "".join(described.format())
    except Exception as inner:
        text = f"{type_name(type(error))}: {message}\n(the traceback cannot be formatted: {type(inner).__name__})\n"
    # Exit statuses are 32 bits wide on the way to the host.
    return type_name(type(error)), message, cut(text, limit), max(-(2**31), min(2**31 - 1, exit_code))


_hidden_variables = {}


def set_trace_context(traceparent, tracestate):
    """Puts the caller's span into the environment, in the place of what the session has there."""
    import os

    for name, value in (("TRACEPARENT", traceparent), ("TRACESTATE", tracestate)):
        _hidden_variables[name] = os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def clear_trace_context():
    """Puts back what was there before."""
    import os

    while _hidden_variables:
        name, value = _hidden_variables.popitem()
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def flush_quietly(stream):
    """Flushes a stream that is not one of ours."""
    try:
        stream.flush()
    except Exception:
        pass  # a broken stream is the user's; what it holds cannot be had


def preload(name, in_zygote):
    """Imports a module; returns why it cannot be preloaded, or None."""
    import importlib

    try:
        importlib.import_module(name)
    except BaseException as error:
        return f"preload: module '{name}' failed to import: {type(error).__name__}: {safe_str(error)}"
    finally:
        flush_quietly(sys.stdout)  # what the import printed is the worker's own; a session's fork would have it too
    if in_zygote and _thread._count() > 0:
        return f"preload: module '{name}' left {_thread._count()} Python threads running; they would not exist in a forked session"
    return None


def use_idle_time():
    """Imports what sessions may need and the zygote could not wait for; never from the current folder."""
    path = sys.path[:]
    sys.path[:] = [entry for entry in path if entry not in ("", ".")]
    try:
        import json, linecache, traceback  # noqa: E401, F401

        load_once("display")
        load_once("host")
        # Makes what the compiler makes once.
        load_once("analysis").Analyzer(lambda *_: None, lambda *_: None, load_once("sources").captured).prepare("0\n0", "<capsule>", 0)
    except Exception:
        pass  # a session that needs one says so itself
    finally:
        sys.path[:] = path


def finish():
    """What an interpreter does at its end, as far as a session needs it."""
    import atexit

    if _session.loop is not None:
        _session.loop.close()
    threading = sys.modules.get("threading")
    if threading is not None:
        threading._shutdown()
    atexit._run_exitfuncs()
