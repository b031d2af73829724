"""The raw layer of the C# binding: P/Invoke declarations, all of whose types are blittable."""

from generate.prose import NOTICE, camel, enum_name, function_text, wrap

PATH = "bindings/csharp/Capsule/Raw.Generated.cs"

PRIMITIVES = {
    "char": "byte", "double": "double", "size_t": "UIntPtr", "int8_t": "sbyte", "uint8_t": "byte", "int16_t": "short",
    "uint16_t": "ushort", "int32_t": "int", "uint32_t": "uint", "int64_t": "long", "uint64_t": "ulong",
}

KEYWORDS = {
    "base", "checked", "const", "default", "delegate", "event", "fixed", "in", "interface", "internal", "is", "lock", "namespace",
    "object", "operator", "out", "override", "params", "readonly", "ref", "return", "sealed", "static", "string", "this", "using",
}


def emit(model):
    lines = [
        f"// {NOTICE}",
        "using System;",
        "using System.Runtime.InteropServices;",
        "",
        "namespace Capsule",
        "{",
    ]
    for enum in model["enums"]:
        lines += enumeration(enum)
    lines += ["}", "", "namespace Capsule.Raw", "{"]
    for struct in model["structs"]:
        lines += structure(struct)
    for callback in model["callbacks"]:
        lines += summary(callback["brief"] + "\n\n" + callback["details"], "    ")
        lines.append("    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]")
        result = cstype(callback["returns"])
        lines += [f"    public unsafe delegate {result} {callback['name']}({arguments(callback['params'])});", ""]
    lines += summary("The functions of the library, and its constants, under their own names.", "    ")
    lines += ["    public static unsafe class Native", "    {"]
    lines.append('        private const string Library = "libcapsule.so.0";')
    lines.append("")
    lines += summary("The version that these declarations are of.", "        ")
    lines.append(f'        public const string Version = "{model["version"]}";')
    lines += summary("The size of each struct that the library fills or reads, by its name in C.", "        ")
    lines.append("        public static readonly (string name, int size, int declared)[] Sizes =")
    lines.append("        {")
    lines += [f'            ("{struct["name"]}", sizeof({struct["name"]}), {struct["size"]}),' for struct in model["structs"]]
    lines += ["        };", ""]
    for constant in model["macros"] + model["constants"]:
        lines += summary(constant["doc"], "        ")
        lines += [f"        public const int {constant['name']} = {constant['value']};", ""]
    for function in model["functions"]:
        lines += summary(function_text(function), "        ")
        if function["deprecated"]:
            lines.append(f'        [Obsolete("since {function["deprecated"]}")]')
        lines.append('        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]')
        lines.append(f"        public static extern {cstype(function['returns'])} {function['name']}({arguments(function['params'])});")
        lines.append("")
    lines[-1] = "    }"
    lines.append("}")
    return {PATH: "\n".join(lines) + "\n"}


def summary(text, indent):
    escaped = text.strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    lines = wrap(escaped, indent + "/// ")
    if len(lines) == 1:
        return [f"{indent}/// <summary>{lines[0].strip()[4:]}</summary>"]
    return [f"{indent}/// <summary>", *lines, f"{indent}/// </summary>"]


def enumeration(enum):
    lines = summary(enum["doc"], "    ")
    if enum["flags"]:
        lines.append("    [Flags]")
    base = "uint" if enum["flags"] else "int"
    lines += [f"    public enum {enum_name(enum)} : {base}", "    {"]
    for entry in enum["values"]:
        lines += summary(entry["doc"] or entry["name"], "        ")
        name = camel(entry["short"][2:] if enum["name"] == "STATUS" and entry["short"].startswith("E_") else entry["short"])
        lines.append(f"        {name} = {entry['value']},")
    return lines + ["    }", ""]


def structure(struct):
    lines = summary(struct["doc"], "    ")
    lines += ["    [StructLayout(LayoutKind.Sequential)]", f"    public unsafe struct {struct['name']}", "    {"]
    for field in struct["fields"]:
        lines += summary(field["doc"], "        ")
        if "array" in field["type"]:
            lines.append(f"        public fixed {PRIMITIVES[field['type']['name']]} {field['name']}[{field['type']['array']}];")
        else:
            lines.append(f"        public {cstype(field)} {name_of(field)};")
    return lines + ["    }", ""]


def arguments(params):
    return ", ".join(f"{cstype(parameter)} {name_of(parameter)}" for parameter in params)


def name_of(value):
    return "@" + value["name"] if value["name"] in KEYWORDS else value["name"]


def cstype(value):
    type_ = value["type"]
    name, of, pointer = type_["name"], type_["of"], type_["pointer"]
    if of in ("handle", "storage"):
        base, pointer = "IntPtr", pointer - 1
    elif of == "callback":
        base = "IntPtr"
    elif of == "primitive":
        base = PRIMITIVES[name]
    elif of == "alias":
        base = "Status"
    else:
        base = name
    return base + "*" * pointer
