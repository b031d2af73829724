"""The raw layer of the Python binding: ctypes."""

from generate.prose import NOTICE, enum_name, function_text, wrap

PATH = "bindings/python/capsule/_generated.py"

HEAD = f'''# {NOTICE}
"""The C interface of libcapsule as ctypes sees it, under its own names: constants, structs, prototypes."""

import ctypes
import enum
import typing
'''

PRIMITIVES = {
    "char": "ctypes.c_char", "double": "ctypes.c_double", "size_t": "ctypes.c_size_t",
    **{f"{sign}int{bits}_t": f"ctypes.c_{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
}

TAIL = '''

class LibraryMismatch(ImportError):
    """The library that was found lacks what these declarations name."""


class Functions:
    """Every function of a loaded library, by its C name."""

    def __init__(self, library: ctypes.CDLL) -> None:
        missing = [name for name in PROTOTYPES if not hasattr(library, name)]
        if missing:
            try:
                library.capsule_version.restype = ctypes.c_char_p
                found = "libcapsule " + library.capsule_version().decode()
            except AttributeError:
                found = "no libcapsule"
            raise LibraryMismatch(
                f"{library._name} is {found}; this binding is of version {VERSION} and needs {missing[0]}"
                + (f" and {len(missing) - 1} other functions" if missing[1:] else "")
            )
        for name, (result, arguments) in PROTOTYPES.items():
            function = getattr(library, name)
            function.restype = result
            function.argtypes = arguments
            setattr(self, name, function)
'''


def emit(model):
    lines = [HEAD]
    lines += [f'VERSION = "{model["version"]}"', ""]
    for constant in model["macros"] + model["constants"]:
        lines += wrap(constant["doc"], "# ")
        lines += [f"{constant['name']} = {constant['value']}"]
    for enum in model["enums"]:
        lines += enumeration(enum)
    # A struct may name one that comes later by a pointer: the classes come first, their fields follow.
    for struct in model["structs"]:
        lines += ["", "", f"class {struct['name']}(ctypes.Structure):"]
        lines += docstring(struct["doc"], "    ")
    for callback in model["callbacks"]:
        lines += ["", ""] + wrap(callback["brief"] + "\n\n" + callback["details"], "# ")
        arguments = ", ".join([ctype(callback["returns"], returned=True)] + [ctype(value) for value in callback["params"]])
        lines.append(f"{callback['name']} = ctypes.CFUNCTYPE({arguments})")
    for struct in model["structs"]:
        lines += ["", "", f"{struct['name']}._fields_ = ["]
        for field in struct["fields"]:
            lines += wrap(field["doc"], "    # ")
            lines.append(f'    ("{field["name"]}", {ctype(field, in_struct=True)}),')
        lines.append("]")
    lines += ["", "", "# Name of each function: type of its result, types of its arguments."]
    lines.append("PROTOTYPES: dict[str, tuple[typing.Any, list[typing.Any]]] = {")
    for function in model["functions"]:
        lines += wrap(function_text(function), "    # ")
        arguments = ", ".join(ctype(parameter) for parameter in function["params"])
        lines.append(f'    "{function["name"]}": ({ctype(function["returns"], returned=True)}, [{arguments}]),')
    lines.append("}")
    return {PATH: "\n".join(lines) + "\n" + TAIL}


def docstring(text, indent):
    lines = wrap(text, indent)
    lines[0] = indent + '"""' + lines[0].lstrip()
    if len(lines) == 1:
        return [lines[0] + '"""']
    return lines + [indent + '"""']


def enumeration(enum):
    base = "IntFlag" if enum["flags"] else "IntEnum"
    lines = ["", "", f"class {enum_name(enum)}(enum.{base}):"]
    lines += docstring(enum["doc"], "    ") + [""]
    for entry in enum["values"]:
        if entry["doc"]:
            lines += wrap(entry["doc"], "    # ")
        lines.append(f"    {entry['short']} = {entry['value']}")
    lines.append("")
    lines += [""] + [f"{entry['name']} = {entry['value']}" for entry in enum["values"]]
    return lines


def ctype(value, returned=False, in_struct=False):
    """The ctypes expression for a field, a parameter or a result."""
    type_ = value["type"]
    name, of, pointer = type_["name"], type_["of"], type_["pointer"]
    if of == "void":
        return "None" if pointer == 0 else "ctypes.c_void_p" if pointer == 1 else "ctypes.POINTER(ctypes.c_void_p)"
    if name == "char" and pointer == 1:
        # A c_char_p in a struct would be read up to its first NUL: only what ends with one is.
        is_string = value.get("kind") == "string" or returned or not in_struct
        return "ctypes.c_char_p" if is_string else "ctypes.c_void_p"
    if of in ("handle", "storage"):
        base, pointer = "ctypes.c_void_p", pointer - 1
    elif of == "primitive":
        base = PRIMITIVES[name]
    elif of == "alias":
        base = "ctypes.c_int32"
    else:
        base = name
    for _ in range(pointer):
        base = f"ctypes.POINTER({base})"
    return f"{base} * {type_['array']}" if "array" in type_ else base
