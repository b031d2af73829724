"""The typed records of the Python binding: enumerations, dataclasses of what is read, keyword types of what is set."""

from generate.prose import NOTICE, camel, enum_name, wrap
from generate.python import docstring
from generate.records import goes_in, says_1_is_true

PATH = "bindings/python/capsule/_generated_records.py"

# Structs whose content has other forms in Python: events, values, requests, and what only carries others.
BY_HAND = {
    "capsule_text", "capsule_error", "capsule_event", "capsule_value", "capsule_input", "capsule_request", "capsule_attachment",
    "capsule_constraint", "capsule_rule", "capsule_promise", "capsule_promise_wish", "capsule_durable_options", "capsule_frame",
    "capsule_trace_filter", "capsule_interceptor_options", "capsule_mime_part",
}
# Records whose list is beside them: by hand.
LIST_BESIDE = {"capsule_postmortem_info"}
# What an option that is a pointer is given as.
POINTERS = {
    "capsule_bridge": "Bridge", "capsule_rule": "Sequence[Rule]", "capsule_session_options": "SessionOptions",
    "capsule_input": "Mapping[str, object]",
}

HEAD = f'''# {NOTICE}
"""What the library tells and takes, as Python has it: `from_raw` copies a struct into a record."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from ctypes import Structure, sizeof, string_at
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, TypeVar

from capsule import _generated as _raw

if TYPE_CHECKING:
    from typing import Self

    from capsule.bridge import Bridge, Rule

_RowT = TypeVar("_RowT", bound=Structure)


class _Enum(enum.IntEnum):
    """A value that only a newer library knows is `UNKNOWN_n`."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{{value}}"
        member._value_ = value
        return member


def _text(raw: _raw.capsule_text) -> str:
    return string_at(raw.data, raw.size).decode(errors="replace") if raw.data else ""


def rows(row: type[_RowT], first: int | None, count: int, stride: int = 0) -> list[_RowT]:
    """The structs of an array, which a newer library may have made longer."""
    return [row.from_address(first + at * (stride or sizeof(row))) for at in range(count)] if first else []
'''


def emit(model):
    enums = {enum["name"]: enum_name(enum) for enum in model["enums"]}
    blocks = [enumeration(enum) for enum in model["enums"]]
    for struct in model["structs"]:
        if struct["name"] not in BY_HAND:
            blocks.append((options if goes_in(struct) else record)(struct, enums))
    return {PATH: HEAD + "".join("\n\n" + "\n".join(block) + "\n" for block in blocks)}


def enumeration(enum):
    lines = [f"class {enum_name(enum)}({'enum.IntFlag' if enum['flags'] else '_Enum'}):"]
    lines += docstring(enum["doc"], "    ") + [""]
    for entry in enum["values"]:
        lines += wrap(entry["doc"], "    # ") + [f"    {entry['short'].removeprefix('E_')} = {entry['value']}"]
    return lines


def told(struct):
    """The fields that are of use to a caller: not the bookkeeping of C."""
    strides = {field.get("stride") for field in struct["fields"]}
    for field in struct["fields"]:
        hidden = field["name"] == "struct_size" or field["name"] in strides or field["kind"] == "storage"
        if not hidden and not field["name"].startswith("reserved"):
            yield field


def is_list(field):
    return field["kind"] == "array" and field["type"]["pointer"] == 1


def recorded(struct):
    """The fields of a record: of an array and its length the one that is not beside it."""
    for field in told(struct):
        if is_list(field) or field["kind"] == "length":
            if is_list(field) != (struct["name"] in LIST_BESIDE):
                yield field
        elif not field["type"]["pointer"]:
            yield field


def is_yes_or_no(field):
    return field["type"]["name"] in ("int32_t", "uint32_t") and says_1_is_true(field["doc"])


def read(field, enums):
    """The Python type of a field, and the expression for it."""
    type_, place = field["type"], f"raw.{field['name']}"
    if is_list(field):
        row = camel(type_["name"].removeprefix("capsule_"))
        places = [f"raw.{field[part]}" for part in ("length", "stride") if part in field]
        return f"list[{row}]", f"[{row}.from_raw(one) for one in rows(_raw.{type_['name']}, {place}, {', '.join(places)})]"
    if type_["name"] == "capsule_text":
        return "str", f"_text({place})"
    if type_["name"] == "char":
        return "str", f'{place}.decode(errors="replace")'
    if "array" in type_:
        return "tuple[int, ...]", f"tuple({place})"
    if field["kind"] == "enum":
        return enums[field["enum"]], f"{enums[field['enum']]}({place})"
    if field["kind"] == "struct":
        inner = camel(type_["name"].removeprefix("capsule_"))
        return inner, f"{inner}.from_raw({place})"
    if type_["name"] == "double":
        return "float", place
    return ("bool", f"{place} != 0") if is_yes_or_no(field) else ("int", place)


def record(struct, enums):
    name = camel(struct["name"].removeprefix("capsule_"))
    fields = [(field, *read(field, enums)) for field in recorded(struct)]
    lines = ["@dataclass(frozen=True, slots=True)", f"class {name}:", *docstring(struct["doc"], "    "), ""]
    for field, type_, _ in fields:
        lines += wrap(field["doc"], "    # ") + [f"    {field['name']}: {type_}"]
    lines += ["", "    @classmethod", f"    def from_raw(cls, raw: _raw.{struct['name']}) -> {name}:", "        return cls("]
    lines += [f"            {field['name']}={expression}," for field, _, expression in fields]
    return [*lines, "        )"]


def options(struct, enums):
    lines = [f"class {camel(struct['name'].removeprefix('capsule_'))}(TypedDict, total=False):"]
    lines += docstring(struct["doc"], "    ") + [""]
    for field in told(struct):
        if type_ := given(field, enums):
            lines += wrap(field["doc"], "    # ") + [f"    {field['name']}: {type_}"]
    return lines


def given(field, enums):
    """The Python type of an option; None for what comes with another."""
    type_ = field["type"]
    if field["kind"] == "length":
        return None
    if type_["name"] in POINTERS and type_["pointer"]:
        return POINTERS[type_["name"]]
    if type_["name"] == "capsule_text":
        return "Sequence[str]" if type_["pointer"] else "str | bytes"
    if type_["pointer"] or type_["of"] == "callback":
        return None
    if field["kind"] == "enum":
        return enums[field["enum"]]
    return "float" if type_["name"] == "double" else "bool" if is_yes_or_no(field) else "int"
