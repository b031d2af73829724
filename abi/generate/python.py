"""The raw layer of the Python binding: the declarations of the C headers for ctypes, and nothing more."""

from generate.prose import NOTICE, function_text, wrap

PATH = "bindings/python/capsule/_generated.py"

HEAD = f'''# {NOTICE}
"""The C interface of libcapsule as ctypes sees it, under its own names: constants, structs, prototypes.

`bind` finds the functions in a library; each is then here under its name. Texts go in as bytes, handles are numbers, and what a
function writes to is given by `ctypes.byref`. Pointers in structs are addresses.
"""

import ctypes
from collections.abc import Callable
from ctypes import POINTER
from typing import Any
'''

PRIMITIVES = {"char": "ctypes.c_char", "double": "ctypes.c_double", "size_t": "ctypes.c_size_t"} | {
    f"{sign}int{bits}_t": f"ctypes.c_{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}

TAIL = '''

def bind(library: ctypes.CDLL) -> None:
    """Finds every function in the library; AttributeError names one that it does not have."""
    for name, (result, arguments) in PROTOTYPES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
        globals()[name] = function
'''


def emit(model):
    lines = [HEAD, f'VERSION = "{model["version"]}"', ""]
    for constant in model["macros"] + model["constants"]:
        lines += wrap(constant["doc"], "# ") + [f"{constant['name']} = {constant['value']}"]
    for enum in model["enums"]:
        lines += ["", *wrap(enum["doc"], "# ")]
        for entry in enum["values"]:
            lines += wrap(entry["doc"], "# ") + [f"{entry['name']} = {entry['value']}"]
    for callback in model["callbacks"]:
        lines += ["", *wrap(callback["brief"] + "\n\n" + callback["details"], "# ")]
        arguments = ", ".join([result(callback)[0]] + [in_struct(value["type"])[0] for value in callback["params"]])
        lines.append(f"{callback['name']} = ctypes.CFUNCTYPE({arguments})")
    for struct in in_order(model["structs"]):
        lines += ["", "", *structure(struct)]
    lines += ["", "", "# Name of each function: type of its result, types of its arguments."]
    lines.append("PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {")
    for function in model["functions"]:
        arguments = ", ".join(argument(parameter["type"]) for parameter in function["params"])
        lines.append(f'    "{function["name"]}": ({result(function)[0]}, [{arguments}]),')
    lines += ["}", ""]
    for function in model["functions"]:
        lines += ["", *wrap(function_text(function), "# "), f"{function['name']}: Callable[..., {result(function)[1]}]"]
    return {PATH: "\n".join(lines) + "\n" + TAIL}


def structure(struct):
    lines = [f"class {struct['name']}(ctypes.Structure):", *docstring(struct["doc"], "    "), ""]
    for field in struct["fields"]:
        lines += wrap(field["doc"], "    # ") + [f"    {field['name']}: {in_struct(field['type'])[1]}"]
    lines.append("    _fields_ = [")
    lines += [f'        ("{field["name"]}", {in_struct(field["type"])[0]}),' for field in struct["fields"]]
    return [*lines, "    ]"]


def docstring(text, indent):
    text = text.replace("\\", "\\\\").replace('"""', "'''")
    lines = wrap(text, indent)
    lines[0] = indent + '"""' + lines[0].lstrip()
    if len(lines) == 1 and len(lines[0]) < 118 and not text.endswith('"'):
        return [lines[0] + '"""']
    return [*lines, indent + '"""']


def in_order(structs):
    """Each behind those that it contains."""
    done, rest = [], list(structs)
    while rest:
        names = {struct["name"] for struct in rest}
        ready = [struct for struct in rest if not any(
            field["type"]["name"] in names and not field["type"]["pointer"] for field in struct["fields"])]
        done += ready
        rest = [struct for struct in rest if struct not in ready]
    return done


def in_struct(type_):
    """The ctypes type of a value where it lies in memory, and the type that mypy knows it by."""
    name, of = type_["name"], type_["of"]
    if of == "callback":
        return name, "Any"
    if type_["pointer"]:
        # Even of texts: a c_char_p would be read up to its first NUL.
        return "ctypes.c_void_p", "int | None"
    if of == "struct":
        return name, name
    base = PRIMITIVES.get(name, "ctypes.c_int32")
    if "array" in type_:
        return f"{base} * {type_['array']}", "bytes" if name == "char" else "Any"
    return base, {"double": "float", "char": "bytes"}.get(name, "int")


def argument(type_):
    name, of, pointer = type_["name"], type_["of"], type_["pointer"]
    if of == "callback" or not pointer:
        return in_struct(type_)[0]
    if name == "char" and pointer == 1:
        return "ctypes.c_char_p"
    if of == "struct" and pointer == 1:
        return f"POINTER({name})"
    if of == "primitive" and pointer == 1:
        return f"POINTER({PRIMITIVES[name]})"
    return "ctypes.c_void_p" if pointer == 1 else "POINTER(ctypes.c_void_p)"


def result(function):
    type_ = function["returns"]["type"]
    if type_["of"] == "void":
        return "None", "None"
    if type_["name"] == "char":
        return "ctypes.c_char_p", "bytes"
    return in_struct(type_)
