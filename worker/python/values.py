"""What the host asks of an idle session: names set, read, deleted, listed. Answers are dicts of the fields of the wire's Answer."""

import builtins
import fcntl
import json
import keyword
import math
import mmap
import os
import sys

# Of capsule_status.
E_ARGUMENT = 1
E_LIMIT = 6
E_SYSTEM = 16
E_NAME = 19
E_TYPE = 20
E_CHECKPOINT = 21

# CAPSULE_VALUE_…, CAPSULE_SET_… and CAPSULE_NAME_… of value.h.
AUTO, JSON, TEXT, BYTES, BUFFER, REPR = range(6)
OVERWRITE, KEEP, CONFLICT = range(3)
NAME_VALUE, NAME_FUNCTION, NAME_CLASS, NAME_MODULE = range(1, 5)
MAX_DIMENSIONS = 16

# The engine's own names, which stay as it binds them.
PROTECTED = frozenset(("In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh"))

# What is answered in a frame of the least size there is; more goes through shared memory.
INLINE_BYTES = 60 << 10
MAX_TYPE_BYTES = 255
MAX_FORMAT_BYTES = 2048
# Of a name in a list, besides the texts.
NAME_FRAME_BYTES = 40

F_ADD_SEALS = 1033
SEALS = 0x1 | 0x2 | 0x4 | 0x8  # neither sealed, shrunk, grown nor written any more

MODULE_TYPE = type(sys)
QUALNAME = type.__dict__["__qualname__"].__get__


class Refusal(Exception):
    """A status and why."""


def is_dunder(name):
    return len(name) > 4 and name.startswith("__") and name.endswith("__")


def is_protected(name):
    return name in PROTECTED or is_dunder(name)


def check_name(name, writing):
    """The name as source text that has it would bind it."""
    if not name.isascii():
        import unicodedata

        name = unicodedata.normalize("NFKC", name)
    if not name.isidentifier() or keyword.iskeyword(name):
        raise Refusal(E_ARGUMENT, f"name: {name[:64]!r} is no identifier")
    if writing and is_protected(name):
        raise Refusal(E_ARGUMENT, f"name: '{name[:64]}' is the engine's own")
    return name


def find(names, name):
    try:
        return names[name]
    except KeyError:
        raise Refusal(E_NAME, f"name: '{name[:64]}' is not bound") from None


def type_name(value):
    kind = type(value)
    name = QUALNAME(kind)  # what a metaclass says in its place may be anything
    try:
        module = kind.__module__
        if isinstance(module, str) and module not in ("builtins", "__main__"):
            name = f"{module}.{name}"
    except Exception:
        pass
    return name.encode("utf-8", "replace")[:MAX_TYPE_BYTES].decode("utf-8", "ignore")


def bind(names, items, strategy):
    """Binds all the names, or none."""
    values = {}
    for name, kind, data, format, shape, fd in items:
        name = check_name(name, True)
        if name in values:
            raise Refusal(E_ARGUMENT, f"name: '{name[:64]}' is there twice")
        values[name] = decode(kind, data or b"", format, shape, fd)
    bound = [name for name in values if name in names]
    if bound and strategy == CONFLICT:
        raise Refusal(E_NAME, f"name: '{bound[0][:64]}' is bound already, to {type_name(names[bound[0]])}")
    if strategy == KEEP:
        for name in bound:
            del values[name]
    names.update(values)
    return {}


def refusal_to_bind(names, items):
    """Binds the names over what they are bound to; None, or why that cannot be."""
    try:
        bind(names, items, OVERWRITE)
    except Refusal as refusal:
        return refusal.args[1]


def decode(kind, data, format, shape, fd):
    if kind == JSON:
        return decode_json(data)
    if kind == TEXT:
        return data.decode()
    if kind == BYTES:
        return data
    view = memoryview(data) if fd < 0 else map_buffer(fd)
    if not shape:
        return view
    try:
        return view.cast(format or "B", shape)
    except (TypeError, ValueError, OverflowError) as error:
        raise Refusal(E_ARGUMENT, f"value.shape: {error}") from None


def map_buffer(fd):
    # A read-only mapping, so that nothing that Python code does to it reaches the host.
    return memoryview(mmap.mmap(fd, os.fstat(fd).st_size, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ))


def decode_json(data):
    def integer(text):
        number = int(text)
        if not -(1 << 63) <= number < 1 << 64:
            raise Refusal(E_ARGUMENT, "value: JSON with an integer of over 64 bits")
        return number

    def constant(text):
        raise Refusal(E_ARGUMENT, f"value: JSON with {text}, which JSON does not have")

    def number(text):
        value = float(text)
        if not math.isfinite(value):
            raise Refusal(E_ARGUMENT, "value: JSON with a number that no double can hold")
        return value

    try:
        return json.loads(data.decode(), parse_int=integer, parse_float=number, parse_constant=constant)
    except RecursionError:
        raise Refusal(E_ARGUMENT, "value: JSON that is nested too deep") from None
    except ValueError as error:
        raise Refusal(E_ARGUMENT, f"value: no JSON: {error}") from None


def get_value(kind, value, limit):
    answer = encode_as(kind, value, limit)
    answer["type_name"] = type_name(value)
    return answer


def encode_as(kind, value, limit):
    if kind == AUTO:
        if isinstance(value, str):
            return encode_text(value, limit)
        if has_buffer(value):
            return encode_buffer(value, limit)
        if is_arrow(value):
            return encode_arrow(value, encode_buffer, limit)
        return encode_json(value, limit)
    if kind == JSON:
        return encode_json(value, limit)
    if kind == TEXT:
        if not isinstance(value, str):
            raise Refusal(E_TYPE, f"the value is of type {type_name(value)}, which is no text")
        return encode_text(value, limit)
    if kind in (BYTES, BUFFER) and is_arrow(value):
        return encode_arrow(value, encode_buffer if kind == BUFFER else encode_bytes, limit)
    if kind == BYTES:
        if not has_buffer(value):
            raise Refusal(E_TYPE, f"the value is of type {type_name(value)}, which has no bytes")
        return encode_bytes(value, limit)
    if kind == BUFFER:
        if not has_buffer(value):
            raise Refusal(E_TYPE, f"the value is of type {type_name(value)}, which has no buffer")
        return encode_buffer(value, limit)
    text = repr(value)
    return {"kind": REPR, "data": text[:limit].encode("utf-8", "backslashreplace")[:limit].decode("utf-8", "ignore").encode()}


def has_buffer(value):
    """Whether it offers memory that says something elsewhere, as references to objects do not."""
    try:
        with memoryview(value) as view:
            return "O" not in "".join(view.format.split(":")[::2])  # every other one is the name of a field
    except (TypeError, ValueError, BufferError):
        return False


arrow_view = plain_names = None  # the engine sets them


def is_arrow(value):
    """Whether it is an array of any library that has the Arrow C data interface, and no buffer besides."""
    return hasattr(type(value), "__arrow_c_array__") and not has_buffer(value)


def encode_arrow(value, encode, limit):
    try:
        view, owner = arrow_view(value)
    except (TypeError, ValueError) as error:
        raise Refusal(E_TYPE, f"the value is of type {type_name(value)}, which is no buffer: {error}") from None
    answer = encode(view, limit)
    del owner  # until here
    return answer


def bounded(kind, data, limit):
    if len(data) > limit:
        raise Refusal(E_LIMIT, f"the value takes {len(data)} bytes; it can take {limit}")
    return {"kind": kind, "data": data}


def encode_text(value, limit):
    try:
        return bounded(TEXT, value.encode(), limit)
    except UnicodeEncodeError:
        raise Refusal(E_TYPE, "the value is a str with lone surrogates, which UTF-8 does not have") from None


def encode_json(value, limit):
    try:
        return bounded(JSON, json.dumps(value, allow_nan=False, ensure_ascii=False).encode(), limit)
    except (TypeError, ValueError, RecursionError) as error:
        raise Refusal(E_TYPE, f"the value is of type {type_name(value)}, which is no JSON: {str(error)[:200]}") from None


def encode_bytes(value, limit):
    with memoryview(value) as view:
        return bounded(BYTES, view.tobytes(), limit)


def strides_of(shape, size):
    strides = []
    for length in reversed(shape):
        strides.insert(0, size)
        size *= length
    return strides


def encode_buffer(value, limit):
    with memoryview(value) as view:
        if view.ndim > MAX_DIMENSIONS:
            raise Refusal(E_LIMIT, f"the value has {view.ndim} dimensions; it can have {MAX_DIMENSIONS}")
        if len(view.format) > MAX_FORMAT_BYTES:
            raise Refusal(E_LIMIT, f"the value has a format of {len(view.format)} bytes; it can have {MAX_FORMAT_BYTES}")
        shape = list(view.shape)
        answer = {
            "kind": BUFFER,
            "format": view.format,
            "shape": shape,
            "strides": strides_of(shape, view.itemsize),
            "size_bytes": view.nbytes,
            "total": view.itemsize,
        }
        flat = view if view.c_contiguous else memoryview(view.tobytes())
        if view.nbytes <= min(INLINE_BYTES, limit):
            answer["data"] = flat.tobytes()
        else:
            answer["fd"] = write_shared(flat if flat.format == "B" and flat.ndim == 1 else flat.cast("B"))
        return answer


class SharedFile:
    """A descriptor of memory that is written once, then sealed; closed where that fails."""

    def __enter__(self):
        self.fd = os.memfd_create("capsule-value", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        return self

    def write(self, data):
        written = 0
        with memoryview(data) as view:
            while written < len(view):  # one write takes at most 2 GiB
                written += os.write(self.fd, view[written:])

    def __exit__(self, kind, error, traceback):
        if kind is None:
            fcntl.fcntl(self.fd, F_ADD_SEALS, SEALS)
            return
        os.close(self.fd)
        if isinstance(error, OSError):
            raise Refusal(E_SYSTEM, f"shared memory: {error.strerror}") from None


def write_shared(flat):
    """A descriptor of sealed memory that holds the bytes."""
    with SharedFile() as file:
        file.write(flat)
    return file.fd


def delete(names, name):
    name = check_name(name, True)
    find(names, name)
    del names[name]
    return {}


def kind_of(value):
    kind = type(value)  # not isinstance(), which asks the value itself for its __class__
    if issubclass(kind, type):
        return NAME_CLASS
    if issubclass(kind, MODULE_TYPE):
        return NAME_MODULE
    return NAME_FUNCTION if builtins.callable(value) else NAME_VALUE


def size_of(value):
    try:
        return max(0, sys.getsizeof(value, 0))
    except Exception:
        return 0


def list_names(names, limit, room):
    users = [name for name in names if isinstance(name, str) and not is_protected(name)]
    shown, values, types = [], [], []
    for name in users[:limit]:
        size = encoded_size(name)
        if size is None:
            continue
        kind = type_name(names[name])
        room -= size + len(kind.encode()) + NAME_FRAME_BYTES
        if room < 0:
            break
        shown.append(name)
        values.append(names[name])
        types.append(kind)
    return {
        "names": shown,
        "types": types,
        "sizes": [size_of(value) for value in values],
        "kinds": [kind_of(value) for value in values],
        "total": len(users),
    }


class TooLarge(Exception):
    """More than the caller wants."""


def dump_checkpoint(names, sources, limit):
    """Shared memory that holds the manifest, and behind it the body."""
    pieces = []
    size = 0

    def write(piece):
        nonlocal size
        size += len(piece)
        if size > limit:
            raise TooLarge
        pieces.append(bytes(piece))

    try:
        dump = load_once("checkpoint_dump").dump
        manifest, skipped, held = dump(names, sources, protected=PROTECTED, write=write, plain_names=plain_names)
    except TooLarge:
        raise Refusal(E_LIMIT, f"the checkpoint takes more than {limit} bytes, its max_bytes") from None
    with SharedFile() as file:
        file.write(manifest)
        for piece in pieces:
            file.write(piece)
    # What is held is let go of with the answer, once that is sent.
    return {"fd": file.fd, "total": len(manifest), "size_bytes": len(manifest) + size, "sizes": skipped, "held": held}


RESTORE_MERGE, RESTORE_KEEP = 1, 2


def load_checkpoint(names, sources, flags, manifest_size, fd):
    with mmap.mmap(fd, os.fstat(fd).st_size, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ) as memory:
        try:
            manifest = json.loads(memory[:manifest_size])["worker"]
            body = memory[manifest_size:]
            report = load_once("checkpoint_load").load(
                names,
                manifest,
                body,
                protected=PROTECTED,
                clear=not flags & RESTORE_MERGE,
                conflict="keep" if flags & RESTORE_KEEP else "overwrite",
            )
        except (ValueError, KeyError, TypeError) as error:
            raise Refusal(E_CHECKPOINT, f"checkpoint: {error!s:.300}") from None
    if not flags & RESTORE_MERGE:
        sources.clear()
    sources.update(manifest["functions"], manifest["classes"], manifest["imports"])
    return {"data": json.dumps(report).encode()}


def encoded_size(name):
    try:
        return len(name.encode())
    except UnicodeEncodeError:
        return None


def answer(operation, names, sources, name, kind, option, limit, items, fd):
    """Does what was asked, by wire::Operation. `sources()` gives what was captured of them."""

    def act():
        if operation == 2:
            return bind(names, items, option)
        if operation == 3:
            return get_value(kind, find(names, check_name(name, False)), limit)
        if operation == 4:
            return delete(names, name)
        if operation == 5:
            return list_names(names, limit, option)
        if operation == 6:
            return dump_checkpoint(names, sources(), limit)
        if operation == 7:
            return load_checkpoint(names, sources(), option, limit, fd)
        raise Refusal(E_ARGUMENT, f"operation {operation} is unknown")

    return told(act)


def encode_value(kind, value, limit):
    """The value of an execution, as it was asked for."""
    return told(get_value, kind, value, limit)


def told(act, *arguments):
    """What comes of it, a refusal and an exception included."""
    try:
        return act(*arguments)
    except Refusal as refusal:
        return {"status": refusal.args[0], "message": refusal.args[1]}
    except Exception as error:
        return {"status": E_TYPE, "message": f"it raised {type_name(error)}: {error!s:.200}"}
