"""The source texts of what a session's code defines and imports: what a checkpoint falls back to where bytecode does not serve."""

import _ast

# Characters that are held in all, of definitions and imports.
MAX_CHARS = 4 << 20

FUNCTIONS = (_ast.FunctionDef, _ast.AsyncFunctionDef)
IMPORTS = (_ast.Import, _ast.ImportFrom)
# The blocks in which imports are looked for, too.
BLOCKS = (_ast.If, _ast.Try, _ast.TryStar, _ast.With, _ast.AsyncWith)
BLOCK_FIELDS = ("body", "handlers", "orelse", "finalbody")


def captured(module_tree, source):
    """The texts of a module's functions and of its classes, both by name, decorators included, and a list of its imports' texts."""
    functions, classes, imports = {}, {}, []
    if "def " not in source and "class" not in source and "import" not in source:
        return functions, classes, imports
    lines = None
    stack = module_tree.body[::-1]
    top_level = set(map(id, stack))
    while stack:
        node = stack.pop()
        kind = type(node)
        if kind in BLOCKS or kind is _ast.ExceptHandler:
            for field in reversed(BLOCK_FIELDS):
                stack += getattr(node, field, ())[::-1]
            continue
        is_definition = (kind in FUNCTIONS or kind is _ast.ClassDef) and id(node) in top_level
        if not is_definition and kind not in IMPORTS:
            continue
        if lines is None:
            # As the tokenizer has them: str.splitlines() knows line ends that are none in Python.
            lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if not is_definition:
            imports.append(text_between(lines, node.lineno, node.col_offset, node))
            continue
        text = text_between(lines, node.lineno, node.col_offset, node)
        if kind is _ast.AsyncFunctionDef and text.startswith("def"):
            text = "async " + text  # the analysis made it one
        if node.decorator_list:
            line = node.decorator_list[0].lineno
            while not lines[line - 1].startswith("@"):
                line -= 1  # what follows the @ may stand on a line of its own
            text = "\n".join([*lines[line - 1 : node.lineno - 1], text])
        target = classes if kind is _ast.ClassDef else functions
        other = functions if kind is _ast.ClassDef else classes
        target.pop(node.name, None)  # to the end: the order is that of the last definitions
        other.pop(node.name, None)
        target[node.name] = text
    return functions, classes, imports


def text_between(lines, line, column, node):
    """The source from a place to the end of the node. Columns count bytes of UTF-8."""
    taken = lines[line - 1 : node.end_lineno]
    taken[-1] = cut_bytes(taken[-1], 0, node.end_col_offset)
    taken[0] = cut_bytes(taken[0], column, None)
    return "\n".join(taken)


def cut_bytes(line, start, end):
    if line.isascii():
        return line[start:end]
    return line.encode()[start:end].decode()


class CapturedSources:
    """What a session has defined and imported so far. A later definition takes the place of an earlier one of that name; where there is
    too much, the oldest definitions are let go, and then the oldest imports."""

    def __init__(self, max_chars=MAX_CHARS):
        self.max_chars = max_chars
        self.dropped = 0
        self.clear()

    def clear(self):
        self._definitions = {}  # in the order of the last definitions: whether it is a class, and the text
        self._imports = {}
        self._chars = 0

    def add(self, module_tree, source):
        self.update(*captured(module_tree, source))

    def update(self, functions, classes, imports):
        """Adds what captured() gives, or what a checkpoint's manifest holds."""
        for text in imports:
            if text not in self._imports:
                self._imports[text] = None
                self._chars += len(text)
        for is_class, definitions in ((False, functions), (True, classes)):
            for name, text in definitions.items():
                self._chars -= len(self._definitions.pop(name, (False, ""))[1])
                self._definitions[name] = (is_class, text)
                self._chars += len(text)
        while self._chars > self.max_chars:
            if self._definitions:
                text = self._definitions.pop(next(iter(self._definitions)))[1]
            else:
                text = next(iter(self._imports))
                del self._imports[text]
            self._chars -= len(text)
            self.dropped += 1

    def live(self, namespace):
        """Functions and classes by name whose names are still bound to such, and the imports."""
        functions, classes = {}, {}
        for name, (is_class, text) in self._definitions.items():
            value = namespace.get(name)
            if self.is_definition(value, name) and isinstance(value, type) is is_class:
                (classes if is_class else functions)[name] = text
        return functions, classes, list(self._imports)

    @staticmethod
    def is_definition(value, name):
        """Whether a value is what a `def` or a `class` of that name left. A decorator may have put anything in its place that says so."""
        try:
            return callable(value) and value.__name__ == name and value.__module__ == "__main__"
        except Exception:
            return False
