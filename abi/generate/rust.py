"""Rust: capsule-sys, the declarations and a test of their layout; and the records and enumerations of the safe crate."""

from generate.prose import NOTICE, camel, enum_name, function_text, wrap
from generate.records import fields_of, goes_in, has_plain_default, is_flag, is_inline, may_be_absent, name_function, records

PRIMITIVES = {
    "char": "c_char", "double": "f64", "size_t": "usize", "int8_t": "i8", "uint8_t": "u8", "int16_t": "i16", "uint16_t": "u16",
    "int32_t": "i32", "uint32_t": "u32", "int64_t": "i64", "uint64_t": "u64",
}

# Text that need not be UTF-8.
BYTES = {
    ("capsule_audit_options", "key"), ("capsule_audit_check", "key"), ("capsule_audit_check", "data"),
    ("capsule_introspection_policy", "key"), ("capsule_checkpoint_options", "key"),
}

KEYWORDS = {"type", "in", "ref", "move", "match", "loop", "use", "where", "fn", "mod", "impl", "box", "final", "yield", "try"}


def emit(model):
    return {
        "bindings/rust/capsule-sys/src/generated.rs": declarations(model),
        "bindings/rust/capsule-sys/tests/generated_layout.rs": layout(model),
        "bindings/rust/capsule/src/generated.rs": safe(model),
    }


def doc(text, indent="", mark="///"):
    return "".join(line + "\n" for line in wrap(text, f"{indent}{mark} ", 118)) if text else ""


def name_of(name):
    return f"r#{name}" if name in KEYWORDS else name


def raw_type(type_):
    name = {"void": "c_void"}.get(type_["name"]) or PRIMITIVES.get(type_["name"], type_["name"])
    if type_["of"] == "callback":
        return type_["name"]
    for depth in range(type_["pointer"]):
        name = ("*const " if type_["const"] and depth == 0 else "*mut ") + name
    return f"[{name}; {type_['array']}]" if "array" in type_ else name


def parameters(params):
    return ", ".join(f"{name_of(one['name'])}: {raw_type(one['type'])}" for one in params)


def result(returns):
    return "" if returns["type"]["name"] == "void" and not returns["type"]["pointer"] else f" -> {raw_type(returns['type'])}"


# capsule-sys ---------------------------------------------------------------------------------------------------------


def declarations(model):
    parts = [f"// {NOTICE}\n\nuse std::ffi::c_void;\nuse std::os::raw::c_char;\n"]
    for alias in model["aliases"]:
        parts.append(doc(alias["doc"]) + f"pub type {alias['name']} = {PRIMITIVES[alias['type']]};\n")
    for enum in model["enums"]:
        base = "u32" if enum["flags"] or enum["name"] == "CAPABILITY" else "i32"
        parts.append("".join(
            doc(value["doc"] or enum["doc"]) + f"pub const {value['name']}: {base} = {value['value']};\n" for value in enum["values"]))
    for entry in model["constants"] + model["macros"]:
        base = "i64" if entry["value"] < 0 else "usize"
        parts.append(doc(entry["doc"]) + f"pub const {entry['name']}: {base} = {entry['value']};\n")
    for entry in model["handles"] + model["storages"]:
        parts.append(doc(entry["doc"]) + f"#[repr(C)]\npub struct {entry['name']} {{\n    _opaque: [u8; 0],\n}}\n")
    for callback in model["callbacks"]:
        text = "\n\n".join(filter(None, [callback["brief"], callback["details"]]))
        signature = f"unsafe extern \"C\" fn({parameters(callback['params'])}){result(callback['returns'])}"
        parts.append(doc(text) + f"pub type {callback['name']} = Option<{signature}>;\n")
    for struct in model["structs"]:
        fields = "".join(doc(field["doc"], "    ") + f"    pub {name_of(field['name'])}: {raw_type(field['type'])},\n"
                         for field in struct["fields"])
        parts.append(doc(struct["doc"]) + f"#[repr(C)]\n#[derive(Clone, Copy)]\npub struct {struct['name']} {{\n{fields}}}\n")
    functions = "".join(
        doc(function_text(function), "    ")
        + f"    pub fn {function['name']}({parameters(function['params'])}){result(function['returns'])};\n"
        for function in model["functions"])
    parts.append(f'extern "C" {{\n{functions}}}\n')
    return "\n".join(parts)


LAYOUT = '''
use capsule_sys::*;
use std::mem::{{align_of, size_of, MaybeUninit}};
use std::ptr::addr_of;

macro_rules! offset {{
    ($type:ty, $field:ident) => {{{{
        let place = MaybeUninit::<$type>::uninit();
        let start = place.as_ptr();
        // The address of a field, which is not read.
        unsafe {{ addr_of!((*start).$field) as usize - start as usize }}
    }}}};
}}

#[test]
fn every_struct_lies_as_in_c() {{
{checks}}}
'''


def layout(model):
    checks = ""
    for struct in model["structs"]:
        name = struct["name"]
        checks += f"    assert_eq!((size_of::<{name}>(), align_of::<{name}>()), ({struct['size']}, {struct['align']}));\n"
        for field in struct["fields"]:
            checks += f"    assert_eq!(offset!({name}, {name_of(field['name'])}), {field['offset']});\n"
    return f"// {NOTICE}\n" + LAYOUT.format(checks=checks)


# capsule -------------------------------------------------------------------------------------------------------------


def type_name(name):
    return camel(name.removeprefix("capsule_"))


def safe(model):
    types = {enum["name"]: enum_name(enum) for enum in model["enums"]}
    parts = [f"// {NOTICE}\n// Made of all structs, whether or not this crate hands them out.\n#![allow(dead_code)]\n\nuse super::convert::*;\nuse super::*;\n"]
    parts += [enumeration(enum, model) for enum in model["enums"]]
    for struct in records(model):
        if struct["name"] == "capsule_mime_part":
            continue  # An event lends its own.
        if struct["name"] == "capsule_event":
            parts.append(event(struct, types))
            continue
        parts.append(record(struct, types))
        parts.append(inward(struct, types) if goes_in(struct) else outward(struct, types))
    return "\n".join(parts)


def enumeration(enum, model):
    name = enum_name(enum)
    base = "u32" if enum["flags"] or enum["name"] == "CAPABILITY" else "i32"
    values = ""
    for value in enum["values"]:
        short = value["short"].removeprefix("E_") if enum["name"] == "STATUS" else value["short"]
        values += doc(value["doc"] or enum["doc"], "    ") + f"    pub const {short}: {name} = {name}({value['value']});\n"
    text = (doc(enum["doc"]) + "#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]\n"
            f"pub struct {name}(pub {base});\n\nimpl {name} {{\n{values}}}\n")
    namer = "capsule_status_name" if enum["name"] == "STATUS" else (name_function(enum, model) or {}).get("name")
    if namer:
        text += (f"\nimpl std::fmt::Display for {name} {{\n    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{\n"
                 f"        out.write_str(static_text(unsafe {{ sys::{namer}(self.0) }}))\n    }}\n}}\n")
    return text


def members(struct):
    return [{**field, "kind": "bytes"} if (struct["name"], field["name"]) in BYTES else field for field in fields_of(struct)]


def safe_type(field, types, inward):
    type_ = field["type"]
    if is_flag(field):
        return "bool"
    if field["kind"] == "enum":
        return types[field["enum"]]
    if field["kind"] == "text":
        return "Option<String>" if not inward and may_be_absent(field) else "String"
    if field["kind"] == "bytes":
        return "Vec<u8>"
    if field["kind"] == "string":
        return "String"
    if field["kind"] == "handle":
        return f"Option<{type_name(type_['name'])}>"
    if field["kind"] == "array":
        item = {"capsule_text": "String"}.get(type_["name"]) or (
            type_name(type_["name"]) if type_["of"] == "struct" else PRIMITIVES[type_["name"]])
        return f"[{item}; {type_['array']}]" if "array" in type_ else f"Vec<{item}>"
    if field["kind"] == "struct":
        is_always_there = is_inline(field) or type_["name"] == "capsule_value"
        return type_name(type_["name"]) if is_always_there else f"Option<{type_name(type_['name'])}>"
    return PRIMITIVES[type_["name"]]


def record(struct, types):
    fields = "".join(doc(field["doc"], "    ") + f"    pub {name_of(field['name'])}: {safe_type(field, types, goes_in(struct))},\n"
                     for field in members(struct))
    derive = "Clone, Debug" if struct["init"] or not goes_in(struct) else "Clone, Debug, Default"
    if struct["name"] == "capsule_input":
        derive = "Clone, Debug"
    return doc(struct["doc"]) + f"#[derive({derive})]\npub struct {type_name(struct['name'])} {{\n{fields}}}\n"


def outward(struct, types):
    fields = "".join(f"            {name_of(field['name'])}: {read(field, types)},\n" for field in members(struct))
    return (f"impl {type_name(struct['name'])} {{\n    /// What its texts and lists are in must still be there.\n"
            f"    pub(crate) unsafe fn of(raw: &sys::{struct['name']}) -> Self {{\n        Self {{\n{fields}        }}\n    }}\n}}\n")


def read(field, types):
    of, type_ = f"raw.{name_of(field['name'])}", field["type"]
    if is_flag(field):
        return f"{of} != 0"
    if field["kind"] == "enum":
        return f"{types[field['enum']]}({of})"
    if field["kind"] == "text":
        return f"{'optional_string' if may_be_absent(field) else 'string'}({of})"
    if field["kind"] == "string":
        return f"inline_string(&{of})"
    if field["kind"] == "array" and "array" not in type_:
        return f"list({of}, raw.{field['length']}, {type_name(type_['name'])}::of)"
    if is_inline(field):
        return f"{type_name(type_['name'])}::of(&{of})"
    return of


def event(struct, types):
    """Accessors: the texts stay where they are."""
    methods = ""
    for field in members(struct):
        if field["name"] in ("parts", "value"):
            continue
        name, of = name_of(field["name"]), f"self.raw.{name_of(field['name'])}"
        if field["kind"] == "text" and field["name"] == "raw":
            kind, body = "&[u8]", f"unsafe {{ bytes_of(&{of}) }}"
        elif field["kind"] == "text" and may_be_absent(field):
            kind, body = "Option<&str>", f"unsafe {{ optional_text_of(&{of}) }}"
        elif field["kind"] == "text":
            kind, body = "&str", f"unsafe {{ text_of(&{of}) }}"
        else:
            kind, body = safe_type(field, types, False), read(field, types).replace("raw.", "self.raw.")
        methods += doc(field["doc"], "    ") + f"    pub fn {name}(&self) -> {kind} {{\n        {body}\n    }}\n\n"
    return f"/// The fields of its kind; those that the kind does not name are zero or empty.\nimpl Event {{\n{methods.rstrip()}\n}}\n"


def inward(struct, types):
    name, raw = type_name(struct["name"]), f"sys::{struct['name']}"
    lines = "".join(f"        {write(field)};\n" for field in members(struct))
    start = f"        raw.struct_size = size_of_u32::<{raw}>();\n" if struct["extensible"] else ""
    text = (f"impl {name} {{\n    /// What it points at is in `kept`, and here.\n"
            f"    pub(crate) fn raw(&self, kept: &mut Kept) -> {raw} {{\n"
            f"        let mut raw: {raw} = zeroed();\n{start}{lines}        raw\n    }}\n}}\n")
    if struct["init"]:
        fields = "".join(f"            {name_of(field['name'])}: {default(field, types)},\n"
                         for field in members(struct))
        text += (f"\nimpl Default for {name} {{\n    fn default() -> Self {{\n        let mut raw: {raw} = zeroed();\n"
                 f"        unsafe {{ sys::{struct['init']}(&mut raw, size_of_u32::<{raw}>()) }};\n"
                 f"        Self {{\n{fields}        }}\n    }}\n}}\n")
    return text


def default(field, types):
    if not has_plain_default(field):
        return "Default::default()"
    return f"unsafe {{ {read(field, types)} }}" if field["kind"] == "text" else read(field, types)


def write(field):
    to, of, type_ = f"raw.{name_of(field['name'])}", f"self.{name_of(field['name'])}", field["type"]
    if is_flag(field):
        return f"{to} = {of}.into()"
    if field["kind"] == "enum":
        return f"{to} = {of}.0"
    if field["kind"] == "text":
        return f"{to} = view(&{of})"
    if field["kind"] == "bytes":
        return f"{to} = given_bytes(&{of})"
    if field["kind"] == "handle":
        return f"{to} = {of}.as_ref().map_or(std::ptr::null_mut(), |owner| owner.as_raw())"
    if field["kind"] == "struct" and type_["name"] == "capsule_value":
        return f"{to} = kept.one({of}.raw())"
    if field["kind"] == "struct":
        return (f"{to} = match &{of} {{\n            Some(given) => {{\n                let inner = given.raw(kept);\n"
                "                kept.one(inner)\n            }\n            None => std::ptr::null(),\n        }")
    if field["kind"] == "array":
        item = "view(item)" if type_["name"] == "capsule_text" else "item.raw(kept)"
        return (f"let items = {of}.iter().map(|item| {item}).collect();\n"
                f"        ({to}, raw.{field['length']}) = kept.list(items)")
    return f"{to} = {of}"
