"""A C type as bindings need it."""

from extract.headers import CannotRun, cindex

TypeKind = cindex.TypeKind

PRIMITIVES = {
    "char", "double", "size_t",
    "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t",
}


def describe(type_, kinds):
    """`c` as written, `name` of what is at its end, `of` the kind of that, `pointer` depth, `const` of what is pointed at, `array` length.

    `kinds` maps the names of our own types to their kind.
    """
    spelled, array, pointer, const = type_.spelling, None, 0, False
    if type_.kind == TypeKind.CONSTANTARRAY:
        array, type_ = type_.element_count, type_.element_type
        spelled = type_.spelling
    while type_.kind == TypeKind.POINTER:
        pointer, type_ = pointer + 1, type_.get_pointee()
        const = const or type_.is_const_qualified()
    name = type_.spelling.replace("const ", "").replace("struct ", "")
    if name == "void":
        of = "void"
    elif name in PRIMITIVES:
        of = "primitive"
    elif name in kinds:
        of = kinds[name]
    else:
        raise CannotRun(f"the type '{spelled}' is none that bindings know")
    described = {"c": spelled, "name": name, "of": of, "pointer": pointer, "const": const}
    if array is not None:
        described["array"] = array
    return described
