"""What an execution's source is: how it is to run, what in it blocks, and its codes; with a cache of each.

Where this differs from the engine that it is modelled on (whose tables of modules, calls and methods it has):
- The tree alone decides: the word `await` in a string or in an `async def` is no await at the top level. Asynchronous comprehensions
  are one, and so is an await in a decorator, a default or an annotation of a function: these run outside of it.
- Blocking calls are looked for whatever the class, as they do most harm on the event loop; all of them, not only up to the first.
- Only `from module import name` makes a name whose call blocks. Of two imports of one name, the later counts. A relative import is
  none of a module of the table.
- The guard against names of the user's own counts only what would have counted otherwise. An annotation without a value binds no name.
- What the fallback wraps into a function, a `return` beside an await, still has its names in the session's namespace.
"""

import _ast
import warnings
from _collections import OrderedDict

# The compiler flags that `from __future__ import ...` leaves in a code object (PyCF_MASK in CPython's compile.h).
FUTURE_MASK = 0x1FE0000
# Of code objects, as inspect has them.
CO_OPTIMIZED = 0x1
CO_NEWLOCALS = 0x2
CO_COROUTINE = 0x80
CodeType = type((lambda: 0).__code__)

# How the host wants a source to run: CAPSULE_MODE_… of session.h.
MODE_AUTO = 0
MODE_SYNC = 1
MODE_ASYNC = 2

# What prepare() says of a source.
UNCLASSIFIED = 0  # in a mode that the host chose
TOP_LEVEL_AWAIT = 1
ASYNC_DEF = 2
BLOCKING_SYNC = 3
SIMPLE_SYNC = 4
UNKNOWN = 5  # only counted: what cannot be parsed raises its error
MODE_COUNTERS = {
    TOP_LEVEL_AWAIT: "mode_top_level_await",
    ASYNC_DEF: "mode_async_def",
    BLOCKING_SYNC: "mode_blocking_sync",
    SIMPLE_SYNC: "mode_simple_sync",
    UNKNOWN: "mode_unknown",
}

# Characters of source that a cache holds. Trees take 130 bytes for each, and the garbage collector goes through all of them: they are
# held only where no codes are.
MAX_CACHED_CHARS = 4 << 20
MAX_TREE_CHARS = 256 << 10

BLOCKING_MODULES = (
    "requests", "urllib", "socket", "subprocess", "sqlite3", "psycopg2", "pymongo", "redis", "time", "os", "shutil", "pathlib",
)  # fmt: skip
BLOCKING_NAMES = ("open", "input")
BLOCKING_METHODS = {
    "time": ("sleep", "wait"),
    "socket": ("recv", "send", "accept", "connect"),
    "requests": ("get", "post", "put", "delete", "patch", "head", "options"),
    "urllib": ("urlopen",),
    "os": ("system",),
    "subprocess": ("run", "Popen", "call", "check_call", "check_output"),
    "pathlib": ("read_text", "read_bytes", "write_text", "write_bytes"),
}
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


class Cache:
    """The values of the keys used last: at most `entries` of them, which hold `max_chars` characters in all."""

    def __init__(self, name, count, entries, max_chars):
        self.hits = f"{name}_hits"
        self.misses = f"{name}_misses"
        self.evictions = f"{name}_evictions"
        self.count = count
        self.entries = entries
        self.max_chars = max_chars
        self.values = OrderedDict()  # with the characters of each
        self.chars = 0

    def get(self, key):
        if self.entries <= 0:
            return None
        found = self.values.get(key)
        if found is None:
            self.count(self.misses, 1)
            return None
        self.values.move_to_end(key)
        self.count(self.hits, 1)
        return found[1]

    def put(self, key, chars, value):
        """For a key that it does not hold."""
        if self.entries <= 0 or chars > self.max_chars:
            return
        while self.values and (len(self.values) >= self.entries or self.chars + chars > self.max_chars):
            _, (old_chars, _) = self.values.popitem(last=False)
            self.chars -= old_chars
            self.count(self.evictions, 1)
        # A KeyboardInterrupt between two steps leaves the sum too high, until the cache is empty.
        self.chars = self.chars + chars if self.values else chars
        self.values[key] = (chars, value)


class CompilerWarnings:
    """Hears the compiler's warnings of a source, which may be compiled more than once, or not at all where its codes are at hand: each
    is shown once. From its making to its end() it stands in the place where the interpreter shows warnings, behind their filters."""

    def __init__(self, file_name):
        self.file_name = file_name
        self.seen = {}  # what was shown: category, text, line
        self.show = warnings._showwarnmsg
        warnings._showwarnmsg = self.hear

    def end(self):
        warnings._showwarnmsg = self.show

    def hear(self, message):
        if message.filename == self.file_name:
            key = (message.category, str(message.message), message.lineno)
            if key in self.seen:
                return
            self.seen[key] = None
        self.show(message)

    def repeat(self, compiled):
        """Shows what the compiler said when it made codes that are used again."""
        for category, text, line in compiled:
            if (category, text, line) in self.seen:
                continue
            try:
                warnings.warn_explicit(text, category, self.file_name, line)
            except Warning as error:  # as the compiler does where the filters make it an error
                raise SyntaxError(str(error), (self.file_name, line, None, None)) from None


class Findings:
    """What analyze() found in a source."""

    def __init__(self, code_class, counts, warnings):
        self.code_class = code_class
        self.counts = counts  # pairs of a counter and an amount
        self.warnings = warnings  # how often each is due, by level, event and detail


SIMPLE = Findings(SIMPLE_SYNC, ((MODE_COUNTERS[SIMPLE_SYNC], 1),), {})


class Prepared:
    """The codes of a source, with the file name that they were compiled with."""

    def __init__(self, codes, file_name, has_value, changes):
        self.codes = codes
        self.warnings = ()  # the compiler's: category, text, line
        self.definitions = None  # texts of the functions, the classes and the imports, where there are such
        self.file_name = file_name
        self.has_value = has_value
        self.awaits = bool((codes[0].co_flags | codes[-1].co_flags) & CO_COROUTINE)
        self.changes = changes  # pairs of a counter and an amount

    def codes_for(self, file_name):
        if file_name == self.file_name:
            return list(self.codes)
        return [renamed(code, file_name) for code in self.codes]


class Analyzer:
    """Prepares the sources of a session's executions. `count(name, amount)` adds to a counter; `warn(level, event, detail)` logs, and
    gets only texts of this module; `captured(tree, source)` finds the definitions."""

    def __init__(
        self,
        count,
        warn,
        captured,
        *,
        rewrite_def=False,
        rewrite_lambda=False,
        overshadow_guard=True,
        require_import=True,
        warn_on_blocking=True,
        ast_cache_entries=100,
        code_cache_entries=100,
    ):
        self.count = count
        self.warn = warn
        self.captured = captured
        self.rewrite_def = rewrite_def
        self.rewrite_lambda = rewrite_lambda
        self.overshadow_guard = overshadow_guard
        self.require_import = require_import
        self.warn_on_blocking = warn_on_blocking
        self.warned = set()
        self.keeps_trees = code_cache_entries <= 0
        self.analyses = Cache("ast_cache", count, ast_cache_entries, MAX_TREE_CHARS if self.keeps_trees else MAX_CACHED_CHARS)
        self.codes = Cache("code_cache", count, code_cache_entries, MAX_CACHED_CHARS)

    def prepare(self, source, file_name, mode):
        """The codes, one or two, of all but a trailing expression and of the trailing expression; whether the last gives a value;
        whether they belong on the event loop; the class of the source; its definitions."""
        trees = None
        code_class = UNCLASSIFIED
        heard = CompilerWarnings(file_name)
        try:
            if mode == MODE_AUTO:
                findings, trees = self.analysis(source, file_name)
            key = (source, mode)
            prepared = self.codes.get(key)
            if prepared is None:
                trees = trees or self.parse(source, file_name, mode)
                definitions = self.captured(trees[0], source)
                prepared = self.compile(trees, source, file_name, mode)
                prepared.definitions = definitions if any(definitions) else None
                prepared.warnings = tuple(heard.seen)
                self.codes.put(key, len(source), prepared)
        except Exception:
            if mode == MODE_AUTO:
                self.count(MODE_COUNTERS[UNKNOWN], 1)
            raise
        finally:
            heard.end()
        heard.repeat(prepared.warnings)
        if mode == MODE_AUTO:
            code_class = findings.code_class
            self.report(findings)
        for name, amount in prepared.changes:
            self.count(name, amount)
        on_loop = mode == MODE_ASYNC or prepared.awaits
        return prepared.codes_for(file_name), prepared.has_value, on_loop, code_class, prepared.definitions

    def analysis(self, source, file_name):
        """What is found in a source, and its trees, where there are such at hand."""
        known = self.analyses.get(source)
        if known is not None:
            return known
        trees = self.parse(source, file_name, MODE_AUTO)
        findings = self.analyze(trees[0], trees[1], source)
        self.analyses.put(source, len(source), (findings, trees if self.keeps_trees else None))
        return findings, trees

    def parse(self, source, file_name, mode):
        """The trees of the statements and of the trailing expression, if there is one; what was rewritten in them."""
        module = parse(source, file_name)
        changes = ()
        if mode != MODE_SYNC and (self.rewrite_def or self.rewrite_lambda) and ("await" in source or "async" in source):
            changes = self.rewrite(module)
        tail = None
        if module.body and type(module.body[-1]) is _ast.Expr:
            tail = _ast.Expression(module.body.pop().value)
        return module, tail, changes

    def rewrite(self, module):
        """Makes functions that await asynchronous ones; returns how often, by counter."""
        body = []
        definitions = lambdas = 0
        for node in module.body:
            if self.rewrite_def and type(node) is _ast.FunctionDef and awaits_itself(node.body):
                node = _ast.AsyncFunctionDef(**vars(node))
                definitions += 1
            elif self.rewrite_lambda and is_plain_lambda(node) and awaits_itself([node.value.body]):
                function = node.value
                name = f"__async_lambda_{node.targets[0].id}__"
                body.append(located(async_function(name, [located(_ast.Return(function.body), function.body)]), function))
                node.value = located(_ast.Name(name, _ast.Load()), function)
                lambdas += 1
            body.append(node)
        module.body = body
        changes = (("ast_def_rewrites", definitions), ("ast_lambda_helpers", lambdas), ("ast_transforms", 1))
        return tuple(change for change in changes if change[1]) if definitions or lambdas else ()

    def compile(self, trees, source, file_name, mode):
        module, tail, changes = trees
        flags = 0 if mode == MODE_SYNC else _ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        try:
            return Prepared(compile_trees(module, tail, file_name, flags), file_name, tail is not None, changes)
        except SyntaxError:
            if mode == MODE_SYNC or not scan(module, tail)[0]:
                raise
            # Trees of its own: these may be in the cache.
            module, tail, _ = self.parse(source, file_name, mode)
            wrapped = wrap(module, tail, file_name)
            if wrapped is None:
                raise
        changes = dict(changes, ast_fallbacks=1, ast_transforms=1)
        return Prepared(wrapped[0], file_name, wrapped[1], tuple(changes.items()))

    def analyze(self, module, tail, source):
        # There is no call, import, await or `async` without one of these in the text.
        if "(" not in source and "import" not in source and "await" not in source and "async" not in source:
            return SIMPLE
        awaits, async_def, imports, calls = scan(module, tail)
        modules, names = imported_names(imports)
        warnings = {("warning", "blocking_import", name): 1 for name in BLOCKING_MODULES if name in modules}
        blocking_imports = int(bool(warnings))
        blocking_calls = missed = skipped = 0
        lines = None
        for call in calls:
            function = call.func
            kind = type(function)
            if kind is _ast.Name:
                name = function.id
                module_name, method = names.get(name, (None, None))
                if name in BLOCKING_NAMES:
                    warning = ("warning", "blocking_call", name)
                elif method is None or module_name not in BLOCKING_MODULES:
                    continue
                elif method in BLOCKING_METHODS.get(module_name, ()):
                    warning = ("info", "blocking_call", f"{module_name}.{method}")
                else:
                    warning = ("info", "blocking_call", module_name)
            elif kind is _ast.Attribute:
                name = chain_base(function)
                if name is None:
                    missed += 1
                    continue
                module_name, method = names.get(name, (name, None))
                if function.attr not in BLOCKING_METHODS.get(module_name, ()):
                    continue
                if self.require_import and module_name not in modules:
                    continue
                warning = ("info", "blocking_call", f"{module_name}.{function.attr}")
            else:
                continue
            if self.overshadow_guard:
                if lines is None:
                    lines = bound_lines(module.body)
                if lines.get(name, call.lineno) < call.lineno:
                    skipped += 1
                    continue
            blocking_calls += 1
            warnings[warning] = warnings.get(warning, 0) + 1
        if awaits:
            code_class = TOP_LEVEL_AWAIT
        elif async_def:
            code_class = ASYNC_DEF
        elif warnings:
            code_class = BLOCKING_SYNC
        else:
            code_class = SIMPLE_SYNC
        counts = (
            (MODE_COUNTERS[code_class], 1),
            ("detected_blocking_imports", blocking_imports),
            ("detected_blocking_calls", blocking_calls),
            ("missed_attribute_chains", missed),
            ("overshadow_guard_skips", skipped),
        )
        return Findings(code_class, tuple(pair for pair in counts if pair[1]), warnings)

    def report(self, findings):
        """Counts and logs what was found: a warning the first time that the session gives cause to it."""
        for name, amount in findings.counts:
            self.count(name, amount)
        if not self.warn_on_blocking:
            return
        for warning, times in findings.warnings.items():
            if warning not in self.warned:
                self.warned.add(warning)
                self.warn(*warning)
                self.count("blocking_warnings", 1)
                times -= 1
            if times:
                self.count("blocking_warnings_suppressed", times)
