"""The part of the executor that is easier said in Python. Runs in a module that is in no sys.modules: user code cannot see it."""

import _ast
import _signal
import _thread
import builtins
import sys

# The compiler flags that `from __future__ import ...` leaves in a code object (PyCF_MASK in CPython's compile.h).
FUTURE_MASK = 0x1FE0000
# Of a code object that makes a coroutine: one with an `await` of its own.
CO_COROUTINE = 0x80

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
        patch = self.patches.pop(name, None)
        if patch is None:
            return None
        import importlib.util

        spec = importlib.util.find_spec(name)  # by the other finders: this one knows the name no more
        if spec is not None and spec.loader is not None:
            spec.loader = PatchingLoader(spec.loader, patch)
        return spec


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


def start_session(native, cancel_signal):
    """Makes the process the session's; returns the user's namespace."""
    import io

    main = type(sys)("__main__")
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    io.TextIOBase.register(native.TextStream)
    io.RawIOBase.register(native.ByteStream)
    sys.stdout = sys.__stdout__ = native.stdout
    sys.stderr = sys.__stderr__ = native.stderr
    sys.argv = [""]
    builtins.input = native.input
    builtins.OutputBackpressureExceeded = native.OutputBackpressureExceeded
    _signal.signal(cancel_signal, native.on_cancel_signal)

    def patch_getpass(module):
        module.getpass = native.getpass

    patches = {"getpass": patch_getpass, "linecache": lambda module: cache_all_lines()}
    for name in list(patches):
        if name in sys.modules:
            patches.pop(name)(sys.modules[name])
    sys.meta_path.insert(0, ImportPatch(patches))
    return main.__dict__


# How the host wants a source to run: CAPSULE_MODE_… of session.h.
MODE_SYNC = 1
MODE_ASYNC = 2


def compile_source(source, file_name, mode):
    """The codes of all but a trailing expression and of the trailing expression, where there are such; whether the last gives a
    value; whether they belong on the event loop."""
    tree = compile(source, file_name, "exec", _ast.PyCF_ONLY_AST, dont_inherit=True)
    tail = None
    if tree.body and isinstance(tree.body[-1], _ast.Expr):
        tail = _ast.Expression(tree.body.pop().value)
    codes = []
    flags = 0 if mode == MODE_SYNC else _ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    if tree.body or tail is None:
        codes.append(compile(tree, file_name, "exec", flags, dont_inherit=True))
        flags |= codes[0].co_flags & FUTURE_MASK
    if tail is not None:
        codes.append(compile(tail, file_name, "eval", flags, dont_inherit=True))
    on_loop = mode == MODE_ASYNC or any(code.co_flags & CO_COROUTINE for code in codes)
    return codes, tail is not None, on_loop


_session_loop = None


def session_loop(native):
    """What runs coroutines; asyncio is imported when it is first needed."""
    global _session_loop
    if _session_loop is None:
        _session_loop = load("session_loop").SessionLoop(native)
    return _session_loop


def run_on_loop(native, codes, names):
    """The value and None, or None and the exception."""
    return session_loop(native).run(codes, names)


def run_background(native, work_fd):
    """Runs the tasks that are left, until the descriptor is readable."""
    session_loop(native).run_background(work_fd)


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
        text = "".join(traceback.format_exception(error))
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


def flush_replaced_streams(native):
    """Flushes what the user's code put in the place of our streams."""
    for stream, ours in ((sys.stdout, native.stdout), (sys.stderr, native.stderr)):
        if stream is not ours and stream is not None:
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
    if in_zygote and _thread._count() > 0:
        return f"preload: module '{name}' left {_thread._count()} Python threads running; they would not exist in a forked session"
    return None


def use_idle_time():
    """Imports what sessions may need and the zygote could not wait for; never from the current folder."""
    path = sys.path[:]
    sys.path[:] = [entry for entry in path if entry not in ("", ".")]
    try:
        import json, linecache, traceback  # noqa: E401, F401

        compile_source("0\n0", "<capsule>", MODE_SYNC)  # makes what the compiler makes once
    except Exception:
        pass  # a session that needs one says so itself
    finally:
        sys.path[:] = path


def finish():
    """What an interpreter does at its end, as far as a session needs it."""
    import atexit

    if _session_loop is not None:
        _session_loop.close()
    threading = sys.modules.get("threading")
    if threading is not None:
        threading._shutdown()
    atexit._run_exitfuncs()
