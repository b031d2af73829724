"""What is asked of syntax trees: where they await, what they import and bind, what a call is of. None of it recurses: trees may be deep."""

import _ast

# How many steps from a method to the name that its chain begins with are taken.
MAX_CHAIN = 50
AWAITS = (_ast.Await, _ast.AsyncFor, _ast.AsyncWith)
IMPORTS = (_ast.Import, _ast.ImportFrom)
FUNCTIONS = (_ast.FunctionDef, _ast.AsyncFunctionDef, _ast.Lambda)
CHAIN_LINKS = {_ast.Attribute: "value", _ast.Subscript: "value", _ast.Call: "func"}
# What of a nested scope is evaluated outside of it, and what of a function inside.
OUTER_FIELDS = {
    _ast.FunctionDef: ("decorator_list", "args", "returns"),
    _ast.AsyncFunctionDef: ("decorator_list", "args", "returns"),
    _ast.Lambda: ("args",),
    _ast.ClassDef: ("decorator_list", "bases", "keywords"),
}
INNER_FIELDS = {kind: tuple(name for name in ("type_params", "body") if name in kind._fields) for kind in FUNCTIONS}
# Those that hold nothing of interest: names, texts, numbers, operators.
LEAF_FIELDS = {
    "arg", "attr", "conversion", "ctx", "id", "is_async", "kind", "kwd_attrs", "level", "module", "name", "names", "op", "ops", "rest",
    "simple", "type_comment", "type_ignores",
}  # fmt: skip


class ChildFields(dict):
    """By the type of a node: its fields that may hold others. Lists hold None and texts too; these have none."""

    def __missing__(self, kind):
        names = kind._fields if issubclass(kind, _ast.AST) and kind is not _ast.Constant else ()
        self[kind] = fields = tuple(name for name in names if name not in LEAF_FIELDS)
        return fields


child_fields = ChildFields()


def push_fields(stack, node, fields):
    for name in fields:
        value = getattr(node, name)
        if type(value) is list:
            stack.extend(value)
        elif value is not None:
            stack.append(value)


def is_await(node, kind):
    return kind in AWAITS or (kind is _ast.comprehension and node.is_async)


def scan(module, tail):
    """Whether the top level awaits; whether there is an `async def`; the imports; the calls."""
    awaits = async_def = False
    imports = []
    calls = []
    stack = [module] if tail is None else [tail, module]
    functions = []  # what is inside of functions: it follows the rest
    top_level = True
    while stack or functions:
        if not stack:
            stack, functions = functions, []
            top_level = False
        node = stack.pop()
        kind = type(node)
        fields = child_fields[kind]
        if not fields:
            if kind in IMPORTS:
                imports.append(node)
            continue
        if kind is _ast.Call:
            calls.append(node)
        elif kind is _ast.AsyncFunctionDef:
            async_def = True
        if top_level:
            awaits = awaits or is_await(node, kind)
            if kind in FUNCTIONS:
                push_fields(functions, node, INNER_FIELDS[kind])
                fields = OUTER_FIELDS[kind]
        push_fields(stack, node, fields)
    return awaits, async_def, imports, calls


def awaits_itself(body):
    """Whether a function with this body has to be an asynchronous one. A generator expression that awaits does not need one."""
    stack = list(body)
    while stack:
        node = stack.pop()
        kind = type(node)
        if is_await(node, kind):
            return True
        if kind is _ast.GeneratorExp:
            stack.append(node.generators[0].iter)
        else:
            push_fields(stack, node, OUTER_FIELDS.get(kind) or child_fields[kind])
    return False


def chain_base(node):
    """The name that `name.x().y[0].z` begins with, if it is one."""
    for _ in range(MAX_CHAIN + 1):
        link = CHAIN_LINKS.get(type(node))
        if link is None:
            return node.id if type(node) is _ast.Name else None
        node = getattr(node, link)
    return None


def imported_names(imports):
    """The modules imported, without submodules; what names are bound to: the module, and the name there or None for itself."""
    modules = set()
    names = {}
    for node in sorted(imports, key=lambda node: (node.lineno, node.col_offset)):
        if type(node) is _ast.Import:
            for alias in node.names:
                module = alias.name.partition(".")[0]
                modules.add(module)
                names[alias.asname or module] = (module, None)
        elif node.level == 0:
            module = node.module.partition(".")[0]
            modules.add(module)
            for alias in node.names:
                names[alias.asname or alias.name] = (module, alias.name)
    return modules, names


def bound_lines(body):
    """The first line on which a statement of the module itself, in no block, binds a name: not by an import."""
    lines = {}
    for statement in body:
        kind = type(statement)
        if kind is _ast.Assign:
            targets = list(statement.targets)
        elif kind in (_ast.For, _ast.AsyncFor, _ast.AugAssign) or (kind is _ast.AnnAssign and statement.value is not None):
            targets = [statement.target]
        elif kind in (_ast.With, _ast.AsyncWith):
            targets = [item.optional_vars for item in statement.items]
        elif kind in (_ast.Try, _ast.TryStar):
            targets = list(statement.handlers)
        elif kind in (_ast.FunctionDef, _ast.AsyncFunctionDef, _ast.ClassDef):
            targets = [statement]
        else:
            continue
        while targets:
            target = targets.pop()
            if type(target) in (_ast.Tuple, _ast.List):
                targets += target.elts
                continue
            name = target.id if type(target) is _ast.Name else getattr(target, "name", None)
            if name is not None:
                lines[name] = min(target.lineno, lines.get(name, target.lineno))
    return lines
