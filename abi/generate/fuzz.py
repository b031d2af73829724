"""tests/fault/generated_abi_calls.hpp: a call of every function of the library, with arguments that a fuzzer chooses."""

PATH = "tests/fault/generated_abi_calls.hpp"
# What it leaves alone: the log of the whole process, which would fill the test's own.
LEFT_OUT = {"capsule_log_set_sink"}


def emit(model):
    structs = {struct["name"]: struct for struct in model["structs"]}
    chosen = inputs(model, structs)
    lines = [
        "// Made by ./dev generate from abi/api.json: every function of the library, with arguments that a fuzzer chooses.",
        "// clang-format off",
        "#pragma once",
        "",
        '#include "abi_fuzz.hpp"',
        "",
        "namespace capsule_fuzz {",
    ]
    for number, handle in enumerate(model["handles"]):
        lines.append(f"template <> inline constexpr std::size_t kKind<{handle['name']}> = {number};")
    lines.append(f"template <> inline constexpr std::size_t kKind<void> = {len(model['handles'])};  // how many there are")
    for name in chosen:
        lines.append(f"void fill(Fuzz &fuzz, {name} &it);")
    for name in chosen:
        lines += ["", f"inline void fill(Fuzz &fuzz, {name} &it) {{"]
        if structs[name]["init"]:
            lines += ["  it = {};", f"  {structs[name]['init']}(&it, sizeof it);"]
        elif structs[name]["extensible"]:
            lines.append("  it = {.struct_size = sizeof it};")
        for field in structs[name]["fields"]:
            lines += [f"  {line}" for line in field_lines(field, structs[name])]
        lines.append("}")
    lines += ["", "inline const NamedCall kCalls[] = {"]
    for function in model["functions"]:
        if function["name"] not in LEFT_OUT:
            lines += call_lines(function, structs)
    lines += ["};", "", "inline constexpr void (*kRelease[])(void *) = {"]
    for handle in model["handles"]:
        lines.append(f"    [](void *it) {{ {handle['release']}(static_cast<{handle['name']} *>(it)); }},")
    lines += ["};", "}  // namespace capsule_fuzz"]
    return {PATH: "\n".join(lines) + "\n"}


def inputs(model, structs):
    """The structs that callers fill, those that others point to before these."""
    found = []

    def visit(name):
        if name in found or name == "capsule_text":
            return
        for field in structs[name]["fields"]:
            if field["type"]["of"] == "struct" and field["kind"] != "text":
                visit(field["type"]["name"])
        if name not in found:
            found.append(name)

    for function in model["functions"]:
        for param in function["params"]:
            if param["type"]["of"] == "struct" and param["type"]["const"]:
                visit(param["type"]["name"])
    return found


def field_lines(field, struct):
    name, kind = field["name"], field["kind"]
    one = f"it.{name}"
    if name == "struct_size" or kind in ("storage", "user_data", "length", "string"):
        return []
    if kind == "text" and field["type"]["of"] == "struct":
        return [f'if (fuzz.some()) {one} = fuzz.text("{name}");']
    if kind == "bytes":
        return [f"if (fuzz.some()) fuzz.bytes({one}, it.{field['length']});"]
    if kind == "array" and field["type"]["pointer"]:
        return [f"if (fuzz.some()) fuzz.items({one}, it.{field['length']});"]
    if kind == "array":
        return []
    if kind == "struct":
        return [f"if (fuzz.some()) {one} = fuzz.in<{field['type']['name']}>();"] if field["type"]["pointer"] else []
    if kind == "handle":
        return [f"if (fuzz.some()) {one} = fuzz.handle<{field['type']['name']}>();"]
    if kind == "callback":
        return [f"if (fuzz.some()) fuzz.callback({one});"]
    if field["type"]["pointer"]:
        return [f"if (fuzz.some()) fuzz.few({one});"]
    return [f'if (fuzz.some()) fuzz.number({one}, "{struct["name"]}.{name}");']


def call_lines(function, structs):
    name = function["name"]
    before, arguments, after = [], [], []
    params = {param["name"]: param for param in function["params"]}
    is_init = name.endswith("_init")
    for param in function["params"]:
        type_name, kind, direction = param["type"]["name"], param["kind"], param["direction"]
        one = f"a_{param['name']}"
        arguments.append(one)
        if is_init and param["name"] == "struct_size":
            before.insert(0, f"const std::uint32_t {one} = fuzz.size();")
        elif is_init:
            before.append(f"auto *{one} = static_cast<{type_name} *>(fuzz.room(a_struct_size));")
        elif kind == "error":
            before.append(f"capsule_error *{one} = fuzz.error();")
        elif kind == "handle" and direction == "out":
            before.append(f"{type_name} **{one} = fuzz.out_handle<{type_name}>();")
            after.append(f"fuzz.keep({one});")
        elif kind == "handle":
            before.append(f"{type_name} *{one} = fuzz.handle<{type_name}>();")
        elif kind == "callback":
            before += [f"{type_name} {one} = nullptr;", f"fuzz.callback({one});"]
        elif kind == "user_data":
            before.append(f"void *{one} = nullptr;")
        elif kind == "length" and direction == "in":
            if param["length_of"] == "data" and direction == "in" and params["data"]["direction"] == "out":
                before += [f"{type_name} {one} = 0;", f'fuzz.number({one}, "{param["name"]}");']
        elif kind in ("text", "bytes", "array") and direction == "in" and "length" in param:
            before += [f"{param['type']['c']}{one} = nullptr;".replace("* a_", "*a_"),
                       f"{params[param['length']]['type']['name']} a_{param['length']} = 0;"]
            how = "items" if kind == "array" else "source" if param["name"] == "source" else "bytes"
            before.append(f"fuzz.{how}({one}, a_{param['length']});")
        elif kind == "array":
            before += [f"{type_name} *{one} = nullptr;", f"{params[param['length']]['type']['name']} a_{param['length']} = 0;",
                       f"fuzz.out_items({one}, a_{param['length']});"]
        elif kind == "text" and direction == "in":
            before.append(f'const capsule_text {one} = fuzz.text("{param["name"]}");')
        elif kind == "string":
            before.append(f"const char *{one} = fuzz.string();")
        elif kind == "struct" and param["type"]["const"]:
            before.append(f"const {type_name} *{one} = fuzz.in<{type_name}>();")
        elif kind == "struct" and param["type"]["pointer"]:
            before.append(f"{type_name} *{one} = fuzz.out<{type_name}>();")
            release = structs[type_name].get("release")
            if release and release != name:
                after.append(f"{release}({one});")
        elif direction == "out":
            inner = param["type"]["c"][:-1].strip()
            before.append(f"{inner} *{one} = fuzz.place<{inner}>();".replace("* *", "**"))
        else:
            before += [f"{type_name} {one} = {{}};", f'fuzz.number({one}, "{param["name"]}");']
    call = f"{name}({', '.join(arguments)})"
    returned = function["returns"]["type"]["c"]
    if returned == "capsule_status":
        call = f"const capsule_status status = {call}"
    elif returned != "void":
        call = f"static_cast<void>({call})"
    end = f"return {'status' if returned == 'capsule_status' else 'kNone'};"
    body = " ".join(before + [f"{call};"] + after + [end])
    return [f'    {{"{name}", []([[maybe_unused]] Fuzz &fuzz) -> capsule_status {{ {body} }}}},']
