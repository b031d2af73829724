"""The headers as libclang sees them."""

import sys


class CannotRun(Exception):
    """The tool lacks what it needs; the message says what."""


try:
    from clang import cindex
    from clang.cindex import CursorKind
except ImportError as error:
    raise CannotRun(f"{sys.executable} has no libclang ({error}): install what Debian calls python3-clang") from None


def parse(include):
    """The translation unit of capsule.h, as C11; a diagnostic of any severity is an error."""
    try:
        index = cindex.Index.create()
    except cindex.LibclangError as error:
        raise CannotRun(f"libclang cannot be loaded: {error}") from None
    unit = index.parse(
        str(include / "capsule" / "capsule.h"),
        args=["-x", "c-header", "-std=c11", f"-I{include}", "-Wall", "-Wextra", "-Wno-pragma-once-outside-header"],
        options=cindex.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD,
    )
    if unit.diagnostics:
        raise CannotRun("the headers do not compile:\n" + "\n".join(str(diagnostic) for diagnostic in unit.diagnostics))
    return unit


def declarations(unit, include):
    """Cursors of our own headers, in the order of the includes and within each header from its top; with the header's name."""
    folder = str(include / "capsule") + "/"
    for cursor in unit.cursor.get_children():
        file = cursor.location.file
        if file and file.name.startswith(folder):
            yield cursor, file.name[len(folder):]


def comment_above(cursor):
    """The doc comment that ends on the line above a macro, or above the block of macros it opens."""
    with open(cursor.location.file.name, encoding="utf-8") as file:
        lines = file.read().split("\n")[: cursor.location.line - 1]
    while lines and lines[-1].startswith("#define"):
        lines.pop()
    if not lines or not lines[-1].rstrip().endswith("*/"):
        return ""
    first = max(number for number, line in enumerate(lines) if "/**" in line)
    return "\n".join(lines[first:])


def macro_value(cursor):
    """The number that a macro stands for, or None for one without a value; what carries meaning otherwise is refused."""
    tokens = [token.spelling for token in cursor.get_tokens()][1:]
    name = cursor.spelling
    if name == "CAPSULE_API" or not tokens:
        return None
    text = "".join(tokens).strip("()")
    try:
        return int(text.rstrip("uUlL"), 0)
    except ValueError:
        raise CannotRun(f"the macro {name} is no number: bindings cannot read it ({' '.join(tokens)})") from None


__all__ = ["CannotRun", "CursorKind", "cindex", "comment_above", "declarations", "macro_value", "parse"]
