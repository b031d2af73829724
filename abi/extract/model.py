"""The whole model, from the headers and symbols.txt."""

import os
import re

from extract import comments, types, values
from extract.comments import Comment
from extract.headers import CannotRun, CursorKind, comment_above, declarations, macro_value, parse

SCHEMA = 1

# Enumerations whose constants' common beginning is not their name, by their first constant.
ENUM_NAMES = {"CAPSULE_OK": "STATUS", "CAPSULE_TRACE_INSTANT": "TRACE_PHASE", "CAPSULE_LOG_KEY_VALUE": "LOG_FORMAT"}


def extract(include, symbols):
    """The model of the headers in `include` (a Path), with the versions that the file `symbols` tells."""
    unit = parse(include)
    found = list(declarations(unit, include))
    model = {"schema": SCHEMA, "version": None, "headers": headers(include)}
    model["macros"] = [
        {"name": cursor.spelling, "header": header, "value": value, "doc": Comment(comment_above(cursor)).brief}
        for cursor, header in found
        if cursor.kind == CursorKind.MACRO_DEFINITION and (value := macro_value(cursor)) is not None
    ]
    model["version"] = version(model["macros"])
    enums, constants = enumerations(found)
    model["enums"], model["constants"] = enums, constants
    kinds = kinds_of_types(found)
    model["aliases"] = [
        {"name": cursor.spelling, "header": header, "type": cursor.underlying_typedef_type.spelling, "doc": doc(cursor)}
        for cursor, header in found
        if kinds.get(cursor.spelling) == "alias" and cursor.kind == CursorKind.TYPEDEF_DECL
    ]
    model["callbacks"] = [
        callback(cursor, header, kinds, enums)
        for cursor, header in found
        if kinds.get(cursor.spelling) == "callback" and cursor.kind == CursorKind.TYPEDEF_DECL
    ]
    model["structs"] = [
        struct(cursor, header, kinds, enums)
        for cursor, header in found
        if cursor.kind == CursorKind.STRUCT_DECL and cursor.is_definition()
    ]
    model["functions"] = [
        function(cursor, header, kinds, enums) for cursor, header in found if cursor.kind == CursorKind.FUNCTION_DECL
    ]
    opaque = opaque_types(found, kinds)
    model["handles"] = [entry for entry in opaque if kinds[entry["name"]] == "handle"]
    model["storages"] = [entry for entry in opaque if kinds[entry["name"]] == "storage"]
    relate(model)
    add_versions(model, symbols)
    return model


def headers(include):
    """Every header with what its @file comment tells."""
    told = []
    for path in sorted((include / "capsule").glob("*.h")):
        raw = re.match(r"(?s)/\*\*.*?\*/", path.read_text(encoding="utf-8"))
        comment = Comment(raw.group(0) if raw else "")
        told.append({"name": path.name, "brief": comment.brief, "details": comment.details})
    return told


def version(macros):
    numbers = {macro["name"]: macro["value"] for macro in macros}
    return ".".join(str(numbers[f"CAPSULE_VERSION_{part}"]) for part in ("MAJOR", "MINOR", "PATCH"))


def doc(cursor):
    comment = Comment(cursor.raw_comment)
    return "\n\n".join(text for text in (comment.brief, comment.details) if text)


def kinds_of_types(found):
    """The kind of each of our types: a struct with fields, a handle, a storage, an alias of an integer, a callback."""
    kinds = {}
    for cursor, _ in found:
        name = cursor.spelling
        if cursor.kind == CursorKind.STRUCT_DECL:
            opaque = "storage" if name.endswith("_storage") else "handle"
            kinds[name] = "struct" if cursor.is_definition() else kinds.get(name, opaque)
        elif cursor.kind == CursorKind.TYPEDEF_DECL and name not in kinds:
            kinds[name] = "callback" if "(*)" in cursor.underlying_typedef_type.spelling else "alias"
    return kinds


def opaque_types(found, kinds):
    """The types that only the library looks into, each once; where a typedef follows the declaration, with its comment."""
    by_name = {}
    for cursor, header in found:
        name = cursor.spelling
        if kinds.get(name) in ("handle", "storage") and cursor.kind in (CursorKind.STRUCT_DECL, CursorKind.TYPEDEF_DECL):
            text = doc(cursor)
            if name not in by_name or text:
                by_name[name] = {"name": name, "header": header, "doc": text}
    return list(by_name.values())


def enumerations(found):
    """The enumerations, and the constants that are alone in theirs."""
    enums, constants = [], []
    for cursor, header in found:
        if cursor.kind != CursorKind.ENUM_DECL:
            continue
        entries = [
            {"name": child.spelling, "value": child.enum_value, "doc": doc(child)}
            for child in cursor.get_children()
        ]
        if len(entries) == 1:
            constants.append({**entries[0], "header": header, "doc": doc(cursor)})
            continue
        names = [entry["name"] for entry in entries]
        prefix = os.path.commonprefix(names)
        prefix = prefix[: prefix.rindex("_") + 1]
        name = ENUM_NAMES.get(names[0], prefix[len("CAPSULE_"):-1])
        if any(enum["name"] == name for enum in enums) or not name:
            raise CannotRun(f"the enumeration of {names[0]} has no name of its own: give it one in ENUM_NAMES")
        for entry in entries:
            entry["short"] = entry["name"][len(prefix):]
        enums.append({
            "name": name, "prefix": prefix, "header": header, "doc": doc(cursor), "flags": False, "values": entries,
        })
    return enums, constants


def callback(cursor, header, kinds, enums):
    pointee = cursor.underlying_typedef_type.get_pointee()
    comment = Comment(cursor.raw_comment)
    params = parameters(cursor, comment, kinds, enums, is_callback=True)
    return {
        "name": cursor.spelling, "header": header, "brief": comment.brief, "details": comment.details,
        "params": params, "returns": {"type": types.describe(pointee.get_result(), kinds), "doc": comment.returns},
    }


def struct(cursor, header, kinds, enums):
    fields = []
    for child in cursor.get_children():
        if child.kind != CursorKind.FIELD_DECL:
            continue
        text = doc(child)
        if not text:
            raise CannotRun(f"{cursor.spelling}.{child.spelling} has no comment")
        fields.append({
            "name": child.spelling, "type": types.describe(child.type, kinds), "doc": text,
            "offset": child.get_field_offsetof() // 8, "size": child.type.get_size(),
        })
    values.finish(fields, enums)
    return {
        "name": cursor.spelling, "header": header, "doc": doc(cursor),
        "size": cursor.type.get_size(), "align": cursor.type.get_align(),
        "extensible": fields[0]["name"] == "struct_size", "init": None, "release": None, "fields": fields,
    }


def parameters(cursor, comment, kinds, enums, is_callback=False):
    declared = [child for child in cursor.get_children() if child.kind == CursorKind.PARM_DECL]
    names = [child.spelling for child in declared]
    # What a callback gets may be told in its comment as a whole.
    documented = comment.params or not is_callback
    if documented and sorted(names) != sorted(comment.params):
        raise CannotRun(f"{cursor.spelling} has the parameters {names}, but its comment tells of {list(comment.params)}")
    params = []
    for child in declared:
        marked, text = comment.params.get(child.spelling, (None, ""))
        parameter = {"name": child.spelling, "type": types.describe(child.type, kinds), "doc": text}
        parameter["direction"] = values.direct(parameter, marked)
        params.append(parameter)
    values.finish(params, enums)
    for parameter in params:
        parameter.update(values.own(parameter, is_callback))
    return params


def function(cursor, header, kinds, enums):
    comment = Comment(cursor.raw_comment)
    since = comments.since(comment)
    if not comment.brief or not since:
        raise CannotRun(f"the comment of {cursor.spelling} does not say what it does and since which version")
    params = parameters(cursor, comment, kinds, enums)
    returns = {"type": types.describe(cursor.result_type, kinds), "doc": comment.returns}
    if returns["type"]["pointer"]:
        returns["ownership"] = "static" if "static string" in comment.returns else "borrowed"
    return {
        "name": cursor.spelling, "header": header, "brief": comment.brief, "details": comment.details, "params": params,
        "returns": returns, "statuses": comments.statuses(comment.returns), "waits": comments.waits(comment),
        "introduced": since, "deprecated": None,
    }


def relate(model):
    """What only the whole tells: which function fills a struct's defaults, which ends what a struct or handle holds, what is bits."""
    functions = {function["name"]: function for function in model["functions"]}
    for entry in model["structs"] + model["handles"]:
        entry["release"] = None
        if "fields" in entry and f"{entry['name']}_init" in functions:
            entry["init"] = f"{entry['name']}_init"
        for name, function in functions.items():
            params = function["params"]
            if name.endswith("_release") and len(params) == 1 and params[0]["type"]["name"] == entry["name"]:
                entry["release"] = name
    for enum in model["enums"]:
        users = [value for entry in model["structs"] for value in entry["fields"]]
        users += [value for function in functions.values() for value in function["params"]]
        enum["flags"] = any(user.get("enum") == enum["name"] and user["type"]["name"] == "uint32_t" for user in users)
    follow_references(functions)


def follow_references(functions):
    """A parameter whose comment is "As in capsule_x()." or "As there." is owned as that function's of the same name."""
    there = None
    for name, function in functions.items():
        for parameter in function["params"]:
            named = re.search(r"\bAs (?:in|of) (capsule_\w+)\(\)", parameter["doc"])
            if named and named.group(1) in functions:
                there = functions[named.group(1)]
            if not (named or re.match("As there", parameter["doc"])) or there is None:
                continue
            for other in there["params"]:
                if other["name"] == parameter["name"] and "release" in other:
                    parameter["ownership"], parameter["release"] = other["ownership"], other["release"]
        for parameter in function["params"]:
            if parameter["kind"] == "handle" and parameter["direction"] == "out" and "release" not in parameter:
                raise CannotRun(f"the comment of {name} does not say what '{parameter['name']}' is ended with")


def add_versions(model, symbols):
    """What symbols.txt says of each function; the header's own word must be the same."""
    listed = {}
    for line in symbols.read_text(encoding="utf-8").split("\n"):
        if line and not line.startswith("#"):
            name, introduced, *deprecated = line.split()
            listed[name] = (introduced, deprecated[0] if deprecated else None)
    for entry in model["functions"]:
        if entry["name"] not in listed:
            raise CannotRun(f"{entry['name']} is not in {symbols.name}")
        introduced, entry["deprecated"] = listed[entry["name"]]
        if introduced != entry["introduced"]:
            raise CannotRun(f"{entry['name']}: {symbols.name} says since {introduced}, its comment {entry['introduced']}")
