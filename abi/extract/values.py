"""What a parameter or field is beyond its type: kind, direction, length, nullability, ownership. Read from names and comments."""

import re

from extract import comments
from extract.headers import CannotRun


def enum_of(text, enums):
    """The enumeration whose values the text names first: by `CAPSULE_PREFIX_…`, or by a value that opens one."""
    for name in re.findall(r"\bCAPSULE_[A-Z0-9_]+", text):
        for enum in enums:
            if name in (enum["prefix"], enum["values"][0]["name"]):
                # Two may share a prefix: then it stands for the first, and the other's values are written out.
                return enum["name"]
    return None


def kind_of(name, type_, text, enums):
    """One of the kinds of README.md."""
    of, pointer = type_["of"], type_["pointer"]
    if "array" in type_:
        return "string" if type_["name"] == "char" else "array"
    if of == "callback":
        return "callback"
    if of == "void":
        return "user_data" if name == "user_data" else "bytes"
    if name == "error" and type_["name"] == "capsule_error":
        return "error"
    if of in ("handle", "storage"):
        return of
    if of == "struct":
        if type_["name"] == "capsule_text" and pointer == 0:
            return "text"
        return "struct"
    if type_["name"] == "char" and pointer:
        return "text"
    if of == "alias" or (type_["name"] in ("int32_t", "uint32_t") and pointer < 2 and enum_of(text, enums)):
        return "enum"
    return "primitive"


def finish(values, enums):
    """Fills in, for parameters of one function or fields of one struct, all that follows from the others and from the comments."""
    for value in values:
        value["kind"] = kind_of(value["name"], value["type"], value["doc"], enums)
        if value["kind"] == "enum":
            value["enum"] = "STATUS" if value["type"]["of"] == "alias" else enum_of(value["doc"], enums)
        if value["type"]["pointer"] or value["type"]["of"] == "callback":
            value["nullable"] = value["kind"] == "user_data" or comments.is_nullable(value["doc"])
    for value in values:
        length = length_of(value, values)
        if not length:
            continue
        value["length"] = length["name"]
        length["kind"], length["length_of"] = "length", value["name"]
        if value["kind"] in ("struct", "text", "primitive") and not is_plain_text(value):
            value["kind"] = "array"
        for other in values:
            doc, name = other["doc"], value["name"]
            if doc.startswith(f"Size of one of `{name}`") or doc.endswith(f"the stride of `{name}`."):
                value["stride"] = other["name"]
    for value in values:
        if value["kind"] == "text" and value["type"]["pointer"] and "length" not in value:
            value["kind"] = "string"


def is_plain_text(value):
    return value["kind"] == "text" and value["type"]["name"] == "char"


def length_of(value, values):
    """The parameter or field that says how long this one is."""
    if value["type"]["pointer"] == 0 or value["type"]["of"] in ("handle", "storage", "callback"):
        return None
    name = value["name"]
    by_name = {other["name"]: other for other in values}
    named = [f"{name}_size", f"{name}_count", f"{name.rstrip('s')}_count"]
    if name == "data":
        named += ["size", "size_bytes"]
    named += re.findall(r"`(\w+)` of them", value["doc"])
    for candidate in named:
        if candidate in by_name:
            return by_name[candidate]
    for other in values:
        if other["name"] in ("count", "capacity") and re.search(rf"(?:Number of|Room in) `{name}`", other["doc"]):
            return other
    return None


def direct(parameter, marked):
    """The direction that the comment marks, else what the type can only mean."""
    type_ = parameter["type"]
    if marked:
        return marked
    if type_["pointer"] and not type_["const"] and type_["of"] == "struct":
        return "inout"
    if type_["pointer"] > 1 or (type_["pointer"] == 1 and type_["of"] == "primitive" and not type_["const"]):
        raise CannotRun(f"the parameter '{parameter['name']}' ({type_['c']}) is written to, but its comment has no [out]")
    return "in"


def own(parameter, called_by_library=False):
    """Who owns what goes in or comes out: `ownership`, and for what the caller ends, `release`."""
    kind, direction, pointer = parameter["kind"], parameter["direction"], parameter["type"]["pointer"]
    release = comments.released_by(parameter["doc"])
    if release:
        return {"ownership": "caller", "release": release}
    if kind in ("user_data", "callback"):
        return {"ownership": "kept"}
    if kind in ("text", "bytes", "string", "array", "struct") and (pointer or kind == "text"):
        if direction == "in":
            borrowed = called_by_library or "Not copied" in parameter["doc"]
            return {"ownership": "borrowed" if borrowed else "copied"}
        if kind in ("text", "bytes", "string"):
            return {"ownership": "borrowed"}
    return {}
