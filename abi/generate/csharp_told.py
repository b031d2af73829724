"""What the library tells by a call of one shape, as records of C#: (handle, …, struct or array, error)."""

import re

from generate.csharp import PRIMITIVES
from generate.csharp_records import BY_HAND, class_name
from generate.prose import NOTICE, camel, enum_name
from generate.records import goes_in

# What C# leaves to its raw layer.
LEFT = {"capsule_session_get_interceptor_info"}

PATH = "bindings/csharp/Capsule/Told.Generated.cs"

HEAD = f"""// {NOTICE}
using System;
using System.Collections.Generic;
using Capsule.Raw;

namespace Capsule
{{
    /// <summary>The records that calls fill, under the names of the calls; what a struct held is released.</summary>
    internal static unsafe class Told
    {{
"""

CHECK = """        private static void Check(Owner of, Status status, capsule_error* error)
        {
            GC.KeepAlive(of);
            Errors.Check(status, error);
        }
    }
}
"""


def emit(model):
    records = {struct["name"] for struct in model["structs"] if struct["name"] not in BY_HAND and not goes_in(struct)}
    enums = {enum["name"]: enum_name(enum) for enum in model["enums"]}
    methods = []
    for function in model["functions"]:
        if function["name"] in LEFT or not re.search(r"_(get|list|inspect)(_|$)", function["name"]):
            continue
        params = function["params"]
        if params[0]["kind"] != "handle" or params[-1]["kind"] != "error":
            continue
        between = params[1:-2]
        if [param["name"] for param in params[2:-1]] == ["capacity", "count", "total"]:
            methods.append(rows(function))
        elif params[-2]["type"]["name"] in records and params[-2]["type"]["pointer"] == 1 and all(map(can_be_given, between)):
            methods.append(record(function, between, enums))
    return {PATH: HEAD + "\n\n".join(methods) + "\n\n" + CHECK}


def is_look(param):
    return param["type"]["name"] == "capsule_inspection"


def can_be_given(param):
    return is_look(param) or param["kind"] in ("primitive", "enum") and not param["type"]["pointer"]


def declared(param, enums):
    if is_look(param):
        return "Inspection inspection"
    type_ = enums[param["enum"]] if param["kind"] == "enum" else PRIMITIVES[param["type"]["name"]]
    return f"{type_} {local(param)}"


def local(param):
    name = camel(param["name"])
    return name[0].lower() + name[1:]


def given(param):
    return "look" if is_look(param) else f"(int){local(param)}" if param["kind"] == "enum" else local(param)


def record(function, between, enums):
    name, out = function["name"], function["params"][-2]
    raw, result = out["type"]["name"], class_name(out["type"]["name"])
    arguments = ", ".join(["of.Token", *map(given, between), "&raw", "&error"])
    lines = [
        "var error = Errors.New();", f"var raw = new {raw} {{ struct_size = (uint)sizeof({raw}) }};",
        f"Check(of, Native.{name}({arguments}), &error);",
    ]
    if "release" in out:
        lines += ["try", "{", f"    return new {result}(&raw);", "}", "finally", "{", f"    Native.{out['release']}(&raw);", "}"]
    else:
        # Its texts may be those of the owner.
        lines += [f"var told = new {result}(&raw);", "GC.KeepAlive(of);", "return told;"]
    if any(map(is_look, between)):
        look = "var look = inspection == null ? null : inspection.Write(arena);"
        lines = ["using (var arena = new Arena())", "{", *(f"    {line}" for line in [look, *lines]), "}"]
    return method(f"{result} {name}", ["Owner of"] + [declared(param, enums) for param in between], lines)


def rows(function):
    name, raw = function["name"], function["params"][1]["type"]["name"]
    row = class_name(raw)
    lines = [
        "for (var room = 64;;)", "{", "    using (var arena = new Arena())", "    {", "        var error = Errors.New();",
        f"        var rows = ({raw}*)arena.New(sizeof({raw}), room);", "        UIntPtr count;", "        ulong total;",
        f"        Check(of, Native.{name}(of.Token, rows, (UIntPtr)room, &count, &total, &error), &error);",
        "        if (total <= (ulong)room)", "        {", f"            var found = new {row}[(int)count];",
        f"            for (var i = 0; i < found.Length; ++i) found[i] = new {row}(rows + i);", "            return found;", "        }",
        "        room = (int)total + 64;", "    }", "}",
    ]
    return method(f"IReadOnlyList<{row}> {name}", ["Owner of"], lines)


def method(head, parameters, lines):
    indent = " " * 8
    return "\n".join([f"{indent}internal static {head}({', '.join(parameters)})", f"{indent}{{"]
                     + [f"{indent}    {line}" for line in lines] + [f"{indent}}}"])
