"""The structs of C as classes of C#: options that are filled in, records that are read out. Texts are strings, arrays are arrays."""

from generate.csharp import PRIMITIVES, summary
from generate.prose import NOTICE, camel, enum_name

PATH = "bindings/csharp/Capsule/Records.Generated.cs"

# Written by hand, or of no use outside of C: a text, an error, values and inputs, what callbacks get and take.
BY_HAND = {"capsule_text", "capsule_error", "capsule_value", "capsule_input", "capsule_frame", "capsule_interceptor_options"}
# Read by the library, though no function fills their defaults.
READ = {"capsule_rule", "capsule_constraint", "capsule_trace_filter", "capsule_audit_check"}
# A member may not be called as its class.
CLASS_NAMES = {"capsule_name": "NameInfo"}
# Text that need not be UTF-8, or that its reader wants as it came.
BYTES = {
    ("capsule_event", "data"), ("capsule_event", "raw"), ("capsule_mime_part", "data"), ("capsule_promise", "value"),
    ("capsule_promise", "param"), ("capsule_promise_wish", "param"), ("capsule_checkpoint_options", "key"),
    ("capsule_audit_options", "key"), ("capsule_audit_check", "key"), ("capsule_audit_check", "data"), ("capsule_introspection_policy", "key"),
}
HIDDEN = ("storage", "length", "callback", "user_data")
# Handles that have a class.
OWNERS = {"capsule_bridge": "Bridge", "capsule_promise_store": "PromiseStore"}


def emit(model):
    context = {enum["name"]: enum_name(enum) for enum in model["enums"]}
    lines = [f"// {NOTICE}", "using System;", "using System.Collections.Generic;",
             "using System.Runtime.CompilerServices;", "using Capsule.Raw;", "", "namespace Capsule", "{"]
    for struct in model["structs"]:
        if struct["name"] in BY_HAND:
            continue
        is_read = struct["init"] or struct["name"] in READ
        lines += (options if is_read else record)(struct, context)
    lines[-1] = "}"
    return {PATH: "\n".join(lines) + "\n"}


def class_name(name):
    return CLASS_NAMES.get(name, camel(name[len("capsule_"):]))


def members(struct):
    """The fields that a user sees."""
    for field in struct["fields"]:
        # Callbacks come from threads of the library: those who want them take Native.
        hidden = field["name"] == "struct_size" or field["name"].startswith("reserved") or field["kind"] in HIDDEN
        strides = {other.get("stride") for other in struct["fields"]}
        if not hidden and field["name"] not in strides:
            yield field


def cstype(struct, field, enums):
    """The type of a member."""
    kind, type_ = field["kind"], field["type"]
    if kind in ("text", "string", "bytes"):
        return "byte[]" if kind == "bytes" or (struct["name"], field["name"]) in BYTES else "string"
    if kind == "enum":
        return enums[field["enum"]]
    if kind == "handle":
        return OWNERS[type_["name"]]
    if kind == "struct":
        return class_name(type_["name"])
    if kind == "array":
        name = type_["name"]
        if name == "capsule_input":
            return "IDictionary<string, Value>"
        return ("string" if name == "capsule_text" else PRIMITIVES.get(name) or class_name(name)) + "[]"
    return "ulong" if type_["name"] == "size_t" else PRIMITIVES[type_["name"]]


def options(struct, enums):
    name, raw = class_name(struct["name"]), struct["name"]
    lines = summary(struct["doc"], "    ") + [f"    public sealed unsafe partial class {name}", "    {"]
    defaults = []
    for field in members(struct):
        lines += summary(field["doc"], "        ")
        lines += [f"        public {cstype(struct, field, enums)} {camel(field['name'])} {{ get; set; }}", ""]
        defaults += default(field, enums)
    if struct["init"]:
        # The runtime looks for a function's library when it compiles its caller: by then it has to be loaded.
        lines += ["        /// <summary>With the defaults of the library that is loaded.</summary>", f"        public {name}()", "        {"]
        lines += ["            Library.Load();", "            TakeDefaults();", "        }", ""]
        lines += ["        [MethodImpl(MethodImplOptions.NoInlining)]", "        private void TakeDefaults()", "        {"]
        lines += [f"            {raw} raw = default;", f"            Native.{struct['init']}(&raw, (uint)sizeof({raw}));"]
        lines += defaults + ["        }", ""]
    lines += [f"        internal {raw}* Write(Arena arena)", "        {", f"            var raw = ({raw}*)arena.New(sizeof({raw}));"]
    if struct["init"]:
        lines.append(f"            Native.{struct['init']}(raw, (uint)sizeof({raw}));")
    elif struct["extensible"]:
        lines.append(f"            raw->struct_size = (uint)sizeof({raw});")
    for field in members(struct):
        lines += write(struct, field)
    lines += ["            return raw;", "        }"]
    if not struct["extensible"]:
        lines += element_writer(name, raw)
    return lines + ["    }", ""]


def element_writer(name, raw):
    """For structs that are handed over as an array."""
    return [
        "", f"        internal static {raw}* Write(Arena arena, {name}[] values, out UIntPtr count)", "        {",
        "            count = (UIntPtr)(values?.Length ?? 0);", f"            var raw = ({raw}*)arena.New(sizeof({raw}), values?.Length ?? 0);",
        "            for (var i = 0; i < (values?.Length ?? 0); ++i) raw[i] = *values[i].Write(arena);", "            return raw;",
        "        }",
    ]


def default(field, enums):
    """Texts, arrays and handles default to none."""
    if field["kind"] == "enum":
        return [f"            {camel(field['name'])} = ({enums[field['enum']]})raw.{field['name']};"]
    if field["kind"] == "primitive":
        cast = "(ulong)" if field["type"]["name"] == "size_t" else ""
        return [f"            {camel(field['name'])} = {cast}raw.{field['name']};"]
    return []


def write(struct, field):
    """Statements that put a member into the raw struct."""
    name, kind, member = field["name"], field["kind"], camel(field["name"])
    if kind == "text":
        return [f"            raw->{name} = arena.Text({member});"]
    if kind == "enum":
        return [f"            raw->{name} = ({PRIMITIVES[field['type']['name']]}){member};"]
    if kind == "handle":
        return [f"            raw->{name} = arena.Token({member});"]
    if kind == "struct":
        return [f"            raw->{name} = {member} == null ? null : {member}.Write(arena);"]
    if kind == "array":
        type_name = field["type"]["name"]
        owner = {"capsule_text": "arena.Strings(", "capsule_input": "Value.Write(arena, "}.get(type_name)
        call = f"{owner}{member}, " if owner else f"{class_name(type_name)}.Write(arena, {member}, "
        return [f"            raw->{name} = {call}out raw->{field['length']});"]
    cast = "(UIntPtr)" if field["type"]["name"] == "size_t" else ""
    return [f"            raw->{name} = {cast}{member};"]


def record(struct, enums):
    name, raw = class_name(struct["name"]), struct["name"]
    lines = summary(struct["doc"], "    ") + [f"    public sealed unsafe partial class {name}", "    {"]
    reads = []
    for field in members(struct):
        lines += summary(field["doc"], "        ")
        lines += [f"        public {cstype(struct, field, enums)} {camel(field['name'])} {{ get; }}", ""]
        reads += read(struct, field, enums)
    lines += [f"        internal {name}({raw}* raw)", "        {", *reads, "        }"]
    return lines + ["    }", ""]


def read(struct, field, enums):
    """Statements that take a member from the raw struct."""
    name, kind, member, type_ = field["name"], field["kind"], camel(field["name"]), field["type"]
    target = cstype(struct, field, enums)
    if kind == "text":
        value = f"Texts.{'Bytes' if target == 'byte[]' else 'String'}(raw->{name})"
    elif kind == "string":
        value = f"Texts.String(raw->{name})"
    elif kind == "bytes":
        value = f"Texts.Bytes(raw->{name}, raw->{field['length']})"
    elif kind == "enum":
        value = f"({target})raw->{name}"
    elif kind == "struct":
        by_value = type_["pointer"] == 0
        value = f"new {target}(&raw->{name})" if by_value else f"raw->{name} == null ? null : new {target}(raw->{name})"
    elif kind == "array":
        return read_array(field, target, member)
    else:
        value = f"(ulong)raw->{name}" if type_["name"] == "size_t" else f"raw->{name}"
    return [f"            {member} = {value};"]


def read_array(field, target, member):
    name, element = field["name"], target[:-2]
    if "array" in field["type"]:
        length, item = str(field["type"]["array"]), f"raw->{name}[i]"
    else:
        length = f"(int)raw->{field['length']}"
        at = f"raw->{name} + i"
        if "stride" in field:
            at = f"({field['type']['name']}*)((byte*)raw->{name} + i * raw->{field['stride']})"
        item = f"Texts.String(raw->{name}[i])" if element == "string" else f"new {element}({at})"
        if element in PRIMITIVES.values():
            item = f"raw->{name}[i]"
    return [
        f"            {member} = new {element}[{length}];",
        f"            for (var i = 0; i < {member}.Length; ++i) {member}[i] = {item};",
    ]
