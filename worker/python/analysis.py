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

trees = load_once("trees")
scan = trees.scan
awaits_itself = trees.awaits_itself
chain_base = trees.chain_base
imported_names = trees.imported_names
bound_lines = trees.bound_lines

compilation = load_once("compilation")
CO_COROUTINE = compilation.CO_COROUTINE
located = compilation.located
parse = compilation.parse
async_function = compilation.async_function
is_plain_lambda = compilation.is_plain_lambda
compile_trees = compilation.compile_trees
wrap = compilation.wrap
renamed = compilation.renamed

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
