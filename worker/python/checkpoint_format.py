"""Checkpoints: a session's names as bytes, and back.

The body is a row of pickles with one memo, each of a list: first of plain data, many names in each; then of what is imported; then of
the session's definitions, the functions and classes that are bound to their own names; then of all else. Whatever refers to a definition
does so by its name, so that the definition can come from its source as well. A definition has two pickles, as definitions refer to each
other: its head, which makes it, and its state. All heads come before the states, but for what an enumeration needs of its members.

What cannot be pickled is skipped, and what cannot be loaded fails, name by name: of the others, only those fail that share a part with it.
What the loader supplies comes first in the memo, so that nothing in the body names the module that it was written by.
"""

import functools
import pickle
import types

FORMAT_VERSION = 1
PROTOCOL = 5
MAX_REASON_CHARS = 300
FUNCTION, CLASS, MODULE, VALUE = KINDS = ("function", "class", "module", "value")
FunctionType = types.FunctionType
ModuleType = types.ModuleType
CellType = types.CellType
LruCacheType = type(functools.lru_cache(len))


def is_dunder(name):
    return name[:2] == "__" and name[-2:] == "__"


def reason_of(error):
    try:
        text = str(error)
    except Exception:
        text = ""
    return encodable(f"{type(error).__name__}: {text}"[:MAX_REASON_CHARS])


def encodable(text):
    """The text, without surrogates that UTF-8 has no place for."""
    return text.encode("utf-8", "replace").decode()


PRELUDE_NAMES = (
    "definition", "library", "same", "make_cached_property", "make_cell", "make_code", "make_function", "make_lru_cache",
    "make_type_alias", "set_cell", "set_class_state", "set_function_state",
)  # fmt: skip


def contents(cell):
    """What a cell holds, as a tuple of one; an empty one where it holds nothing."""
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


def names_of(namespace, protected):
    """A copy without what is not of the user's making."""
    names = namespace.copy()
    try:
        # One text is searched faster than many.
        text = "\n" + "\n".join(names)
    except TypeError:
        for name in [name for name in names if type(name) is not str]:
            del names[name]
        text = "\n" + "\n".join(names)
    start = text.find("\n__")
    while start >= 0:
        end = text.find("\n", start + 1)
        name = text[start + 1 : end if end >= 0 else None]
        if is_dunder(name):
            names.pop(name, None)
        start = text.find("\n__", start + 1)
    for name in protected:
        names.pop(name, None)
    return names


def expect(condition, what):
    if not condition:
        raise ValueError(f"not a checkpoint's manifest: {what}")


def is_size(value):
    return type(value) is int and value >= 0


def is_texts(value):
    return type(value) is list and all(type(text) is str for text in value)


def check(manifest, size):
    """Raises a ValueError unless the manifest is one of a body of this size that can be loaded here."""
    expect(type(manifest) is dict, "it is no object")
    version = manifest.get("format_version")
    expect(is_size(version), "format_version")
    if version != FORMAT_VERSION:
        raise ValueError(f"checkpoints of format {version} are not supported: this is {FORMAT_VERSION}")
    protocol = manifest.get("pickle_protocol")
    expect(is_size(protocol), "pickle_protocol")
    if protocol > pickle.HIGHEST_PROTOCOL:
        raise ValueError(f"pickles of protocol {protocol} are not supported: {pickle.HIGHEST_PROTOCOL} is the highest here")
    python = manifest.get("python_version")
    expect(type(python) is str and len(parts := python.split(".")) == 3 and all(map(str.isdecimal, parts)), "python_version")
    expect(manifest.get("body_size") == size, f"its body has {manifest.get('body_size')} bytes, and this one {size}")
    expect(is_size(manifest.get("values_offset")), "values_offset")
    expect(is_texts(manifest.get("imports")), "imports")
    for key in ("functions", "classes"):
        texts = manifest.get(key)
        expect(type(texts) is dict and is_texts(list(texts)) and is_texts(list(texts.values())), key)
    skipped = manifest.get("skipped")
    expect(type(skipped) is list and all(type(one) is dict and is_texts([one.get("name"), one.get("reason")]) for one in skipped), "skipped")
    entries = manifest.get("entries")
    expect(type(entries) is list, "entries")
    for entry in entries:
        expect(type(entry) is dict and entry.get("kind") in KINDS and type(entry.get("names")) is str, "an entry")
        head = entry.get("head", [0, 0])
        expect(type(head) is list and len(head) == 2, "an entry's head")
        for offset, length in (head, (entry.get("offset"), entry.get("size_bytes"))):
            expect(is_size(offset) and is_size(length) and offset + length <= size, "an entry's place")
