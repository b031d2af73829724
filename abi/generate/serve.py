"""src/cli/serve/generated_library.cpp: what `capsule serve` knows of the functions, structs and enumerations of the library."""

PATH = "src/cli/serve/generated_library.cpp"

# Whose answers come by themselves, as soon as there are any.
STREAMED = {"capsule_execution_next", "capsule_bridge_next_request", "capsule_promise_next"}
# Of the one runtime that the command has, and of memory that is shared with the caller.
OWN = {"capsule_runtime_create", "capsule_runtime_close", "capsule_runtime_release", "capsule_buffer_create", "capsule_buffer_release"}
# Interceptors are callbacks.
CALLBACKS = {"capsule_session_add_interceptor", "capsule_session_remove_interceptor", "capsule_session_get_interceptor_info"}
# That do wait, for a file or a server, as the functions that their comments refer to; and that do not for long, for all that the word is
# in their comments: answers are given in the order in which they come.
WAIT = {"capsule_promise_get", "capsule_promise_settle", "capsule_promise_watch", "capsule_promise_forget"}
DO_NOT_WAIT = {"capsule_execution_answer", "capsule_bridge_respond", "capsule_bridge_report_progress", "capsule_log_set_sink"}
# That take their turn in a session, behind what was asked of it before.
TAKE_TURNS = {
    "capsule_execution_create", "capsule_session_execute_durable", "capsule_session_set", "capsule_session_update",
    "capsule_session_get", "capsule_session_delete", "capsule_session_list", "capsule_session_snapshot", "capsule_session_restore",
    "capsule_session_branch", "capsule_session_checkpoint", "capsule_session_restore_checkpoint",
}  # fmt: skip
# Numbers that are of an enumeration, though some of it or more than it may stand there.
ALSO_ENUMS = {("promise_settle", "state"): "PROMISE", ("event", "value_status"): "STATUS", ("trace_info", "status"): "STATUS"}

NUMBERS = {"int32_t": "kI32", "capsule_status": "kI32", "uint32_t": "kU32", "int64_t": "kI64", "uint64_t": "kU64", "size_t": "kU64", "double": "kDouble"}


def emit(model):
    enums = {enum["name"]: number for number, enum in enumerate(model["enums"])}
    structs = {struct["name"]: number for number, struct in enumerate(model["structs"])}
    functions = [function for function in model["functions"] if is_served(function, model)]
    ends = {handle["release"] for handle in model["handles"]} | {
        param["release"] for function in functions for param in function["params"] if param.get("release") and is_handle(param)}
    lines = [
        "// Made by ./dev generate from abi/api.json: the functions that `capsule serve` calls, and what goes in and out of them.",
        "// clang-format off",
        '#include "cli/serve/library.hpp"',
        '#include "cli/serve/thunks.hpp"',
        "",
        "#include <cstddef>",
        "",
        "namespace capsule::cli::serve {",
        "namespace {",
        "",
    ]
    for enum in model["enums"]:
        rows = ", ".join(f'{{"{value_name(enum, value)}", {value["value"]}}}' for value in enum["values"])
        lines.append(f"constexpr Enumerator kEnumerators{enums[enum['name']]}[] = {{{rows}}};")
    lines += ["", "constexpr Enumeration kEnumerations[] = {"]
    lines += [f"    {{{flag(enum['flags'])}, kEnumerators{enums[enum['name']]}}},  // {enum['name']}" for enum in model["enums"]]
    lines += ["};", "", f"extern const Struct kStructs[{len(structs)}];", ""]
    tables = Tables(enums, structs)
    for struct in model["structs"]:
        members = [tables.field(struct, field) for field in struct["fields"]]
        lines += array("Member", f"kMembers{structs[struct['name']]}", [row for row in members if row])
    lines += [f"const Struct kStructs[{len(structs)}] = {{"]
    for struct in model["structs"]:
        call = lambda key: f"init<{struct['init']}>" if key == "init" and struct["init"] else (
            f"release<{struct['release']}>" if key == "release" and struct["release"] else "nullptr")
        members = f"kMembers{structs[struct['name']]}" if any(tables.field(struct, field) for field in struct["fields"]) else "{}"
        lines.append(f"    {{sizeof({struct['name']}), {flag(struct['extensible'])}, {call('init')}, {call('release')}, {members}}},"
                     f"  // {struct['name']}")
    lines += ["};", ""]
    rows = []
    for number, function in enumerate(functions):
        parameters, results, sizes = tables.parameters(function)
        lines += array("Parameter", f"kParameters{number}", parameters) + array("Result", f"kResults{number}", results)
        name = short(function["name"])
        rows.append(f'    {{"{name}", {flag(waits(function))}, {flag(function["name"] in TAKE_TURNS)}, {flag(function["name"] in ends)}, call<{function["name"]}>, '
                    f"{span('kParameters', number, parameters)}, {span('kResults', number, results)}, {sizes[0]}, {sizes[1]}}},")
    lines += ["constexpr Function kFunctions[] = {", *rows, "};", "", "constexpr HandleType kHandleTypes[] = {"]
    lines += [f'    {{"{short(handle["name"])}", release<{handle["release"]}>}},' for handle in model["handles"]]
    lines += ["};", "", "}  // namespace", ""]
    lines += ["std::span<const Function> functions() { return kFunctions; }", "",
              "std::span<const HandleType> handle_types() { return kHandleTypes; }", ""]
    for name in ("event", "request", "promise"):
        lines += [f"const Struct &{name}_struct() {{ return kStructs[{structs['capsule_' + name]}]; }}", ""]
    lines.append("}  // namespace capsule::cli::serve")
    return {PATH: "\n".join(lines) + "\n"}


def is_served(function, model):
    name, params = function["name"], function["params"]
    left_out = STREAMED | OWN | CALLBACKS | {struct["release"] for struct in model["structs"]}
    if name in left_out or name.endswith("_init") or function["returns"]["type"]["name"] not in ("capsule_status", "void"):
        return False
    return not any(param["kind"] == "callback" or param["name"] == "fd" for param in params)


def waits(function):
    return function["name"] in WAIT or function["waits"] and function["name"] not in DO_NOT_WAIT


def is_handle(param):
    return param["kind"] == "handle" and param["direction"] == "out"


def short(name):
    return name.removeprefix("capsule_")


def flag(value):
    return "true" if value else "false"


def span(prefix, number, rows):
    return f"{prefix}{number}" if rows else "{}"


def value_name(enum, value):
    return value["name"] if enum["name"] == "STATUS" else value["short"].lower()


def array(type_name, name, rows):
    return [f"constexpr {type_name} {name}[] = {{", *(f"    {row}," for row in rows), "};", ""] if rows else []


class Tables:
    """Rows of the tables, as C++ writes them."""

    def __init__(self, enums, structs):
        self.enums, self.structs = enums, structs

    def field(self, struct, field):
        name, kind = field["name"], field["kind"]
        if name == "struct_size" or name.startswith("reserved") or kind in ("storage", "user_data", "callback", "length"):
            return None
        if any(other.get("stride") == name for other in struct["fields"]) or field["type"]["name"] == "capsule_buffer":
            return None
        if kind == "primitive" and field["type"]["pointer"] or kind == "string" and field["type"]["pointer"]:
            return None
        place = lambda member: f"offsetof({struct['name']}, {member})"
        return self.member(struct["name"], field, place(name), struct["fields"], place)

    def member(self, owner, it, offset, siblings, place):
        """One of a struct, a parameter, or what a result parameter points to."""
        type_, kind = it["type"], it["kind"]
        row = {"name": f'"{it["name"]}"', "offset": offset}
        enum = it.get("enum") or ALSO_ENUMS.get((short(owner), it["name"]))
        if enum:
            row["enumeration"] = f"&kEnumerations[{self.enums[enum]}]"
        if type_["name"] in self.structs and type_["name"] != "capsule_text":
            row["structure"] = f"&kStructs[{self.structs[type_['name']]}]"
        row["kind"], entry = self.kinds(it)
        if entry:
            row["entry"] = entry
        if kind == "handle":
            row["handle"] = f'"{short(type_["name"])}"'
        if "length" in it:
            length = next(other for other in siblings if other["name"] == it["length"])
            row["length_offset"] = place(it["length"])
            row["length_kind"] = f"Kind::{NUMBERS[length['type']['name']]}"
        if "stride" in it:
            row["stride_offset"] = place(it["stride"])
        if "array" in type_:
            row["count"] = type_["array"]
        order = ["name", "kind", "offset", "entry", "count", "length_offset", "length_kind", "stride_offset", "structure",
                 "enumeration", "handle"]
        return "{" + ", ".join(f".{key} = {row[key]}" for key in order if key in row) + "}"

    @staticmethod
    def kinds(it):
        type_, kind = it["type"], it["kind"]
        if kind == "array":
            entry = {"struct": "kStruct"}.get(type_["of"]) or NUMBERS[type_["name"]]
            entry = "kText" if type_["name"] == "capsule_text" else entry
            return ("Kind::kFixed" if "array" in type_ else "Kind::kArray"), f"Kind::{entry}"
        if kind == "text" and type_["of"] == "struct":
            return "Kind::kText", None
        if kind in ("text", "bytes"):
            return "Kind::kBytes", None
        if kind == "struct":
            if type_["name"] == "capsule_text":
                return "Kind::kText", None
            return ("Kind::kPointer" if type_["pointer"] else "Kind::kStruct"), None
        if kind in ("string", "handle"):
            return f"Kind::k{kind.capitalize()}", None
        return f"Kind::{NUMBERS[type_['name']]}", None

    def parameters(self, function):
        """Rows of what goes in, rows of what comes out, and the sizes of both blocks, in C++."""
        slots, at = {}, 0
        for param in function["params"]:
            slots[param["name"]] = at
            at += 16 if param["type"]["name"] == "capsule_text" and not param["type"]["pointer"] else 8
        slot = lambda name: str(slots[name])
        ins, outs, places, sizes = [], [], {}, []
        out_params = [param for param in function["params"] if param["direction"] != "in" and param["kind"] != "error"]
        for param in out_params:
            places[param["name"]] = " + ".join(sizes) or "0"
            sizes.append(f"room_of<{param['type']['name']}>" if param["kind"] == "struct" else "8")
        for param in function["params"]:
            if param["kind"] in ("error", "length") and param["direction"] != "out":
                continue
            if param["direction"] == "in":
                row = self.member(function["name"], param, slot(param["name"]), function["params"], slot)
                ins.append(f"{{{row}, {self.default(param)}}}")
        lengths = {param.get("length") for param in out_params if param["kind"] in ("text", "bytes")}
        for param in out_params:
            if param["name"] in lengths or param["name"] == "count":
                continue
            outs.append(self.result(function, param, slots, places))
        for name in lengths - {None}:
            outs.append(f"{{{{.name = {{}}, .kind = Kind::kU64, .offset = {places[name]}}}, {slots[name]}}}")
        if "count" in places:
            outs.append(f"{{{{.name = {{}}, .kind = Kind::kU64, .offset = {places['count']}}}, {slots['count']}}}")
        return ins, outs, (str(at), " + ".join(sizes) or "0")

    def result(self, function, param, slots, places):
        if param["kind"] == "array":
            told = dict(param, length="count")
            siblings = [{"name": "count", "type": {"name": "size_t"}}]
            row = self.member(function["name"], told, places[param["name"]], siblings, lambda name: places[name])
            return f"{{{row}, {slots[param['name']]}, {slots[param['length']]}}}"
        told = dict(param, type=dict(param["type"], pointer=0))
        siblings = [dict(other, type=dict(other["type"], pointer=0)) for other in function["params"]]
        return f"{{{self.member(function['name'], told, places[param['name']], siblings, lambda name: places[name])}, {slots[param['name']]}}}"

    @staticmethod
    def default(param):
        """What it is where the caller does not say."""
        if param["kind"] == "enum":
            return "0" if param["enum"] != "LOG" else "std::nullopt"
        if param["name"] in ("timeout_ms", "grace_ms") and not param["doc"].startswith("0"):
            return "-1"
        return "0" if param.get("nullable") or param["name"] == "options" else "std::nullopt"
