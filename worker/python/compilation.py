"""From syntax trees to codes: what compiles as it is, and what has to be wrapped in a coroutine function first."""

import _ast

trees = load_once("trees")
OUTER_FIELDS = trees.OUTER_FIELDS
child_fields = trees.child_fields
push_fields = trees.push_fields

# The compiler flags that `from __future__ import ...` leaves in a code object (PyCF_MASK in CPython's compile.h).
FUTURE_MASK = 0x1FE0000
# Of code objects, as inspect has them.
CO_OPTIMIZED = 0x1
CO_NEWLOCALS = 0x2
CO_COROUTINE = 0x80
CodeType = type((lambda: 0).__code__)


def located(node, like):
    """The node, at the place of another in the source."""
    node.lineno, node.col_offset = like.lineno, like.col_offset
    node.end_lineno, node.end_col_offset = like.end_lineno, like.end_col_offset
    return node


def parse(source, file_name):
    return compile(source, file_name, "exec", _ast.PyCF_ONLY_AST, dont_inherit=True)


def async_function(name, body):
    """A definition without parameters: parsed, as what fields it has depends on the version."""
    node = parse("async def f(): 0", "<capsule>").body[0]
    node.name = name
    node.body = body
    return node


def is_plain_lambda(node):
    """Whether it is `name = lambda: ...`."""
    if type(node) is not _ast.Assign or len(node.targets) != 1 or type(node.targets[0]) is not _ast.Name:
        return False
    if type(node.value) is not _ast.Lambda:
        return False
    args = node.value.args
    return not (args.posonlyargs or args.args or args.vararg or args.kwonlyargs or args.kwarg)


def compile_trees(module, tail, file_name, flags):
    """The codes of the statements and of the trailing expression, where there are such."""
    codes = []
    if module.body or tail is None:
        codes.append(compile(module, file_name, "exec", flags, dont_inherit=True))
        flags |= codes[0].co_flags & FUTURE_MASK
    if tail is not None:
        codes.append(compile(tail, file_name, "eval", flags, dont_inherit=True))
    return codes


def compile_wrapped(body, file_name, flags):
    """The code of a function with this body, named as tracebacks name a module's code."""
    module = _ast.Module([async_function("<module>", body)], [])
    consts = compile(module, file_name, "exec", flags, dont_inherit=True).co_consts
    return next(value for value in consts if type(value) is CodeType)


def wrap(module, tail, file_name):
    """The codes of a source that awaits and that only a function can hold, and whether the last gives a value; None where no function
    can. Changes the trees. As in any function, annotations of names are not evaluated."""
    body = module.body
    has_value = tail is not None
    if has_value:
        body.append(located(_ast.Return(tail.body), tail.body))
    # The docstring and the imports from __future__ are a module's, and stay that.
    count = int(type(body[0]) is _ast.Expr and type(body[0].value) is _ast.Constant and isinstance(body[0].value.value, str))
    while count < len(body) and type(body[count]) is _ast.ImportFrom and body[count].module == "__future__":
        count += 1
    stack = body[count:]
    while stack:
        node = stack.pop()
        kind = type(node)
        if kind is _ast.Return:
            has_value = has_value or node.value is not None
        elif kind is _ast.AnnAssign:
            node.simple = 0  # `(name): int = 1`, which a global name may have
        elif kind not in OUTER_FIELDS:
            push_fields(stack, node, child_fields[kind])
    try:
        codes = compile_trees(_ast.Module(body[:count], []), None, file_name, 0) if count else []
        flags = codes[0].co_flags & FUTURE_MASK if codes else 0
        code = compile_wrapped(body[count:], file_name, flags)
        names = [name for name in dict.fromkeys(code.co_varnames + code.co_cellvars) if name.isidentifier()]
        if names:
            declaration = located(_ast.Global(names), body[count])
            code = compile_wrapped([declaration, *body[count:]], file_name, flags)
    except SyntaxError:
        return None
    if not code.co_flags & CO_COROUTINE:
        return None  # it yields
    # Without these, locals() is the namespace that it is evaluated in.
    codes.append(code.replace(co_flags=code.co_flags & ~(CO_OPTIMIZED | CO_NEWLOCALS)))
    return codes, has_value


def renamed(code, file_name):
    """The code and all that is nested in it, with another file name. Nesting may be too deep for a recursion."""
    codes = [code]
    for outer in codes:
        codes += [value for value in outer.co_consts if type(value) is CodeType]
    if len(codes) == 1:
        return code.replace(co_filename=file_name)
    copies = {}
    for old in reversed(codes):  # the nested ones first
        consts = tuple([copies[id(value)] if type(value) is CodeType else value for value in old.co_consts])
        copies[id(old)] = old.replace(co_filename=file_name, co_consts=consts)
    return copies[id(code)]
