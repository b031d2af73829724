"""What is captured of a session's sources."""

import _ast
import unittest

from support import sources


def captured(source):
    return sources.captured(compile(source, "<session>", "exec", _ast.PyCF_ONLY_AST), source)


def captured_sources(*texts, **options):
    made = sources.CapturedSources(**options)
    for text in texts:
        made.add(compile(text, "<session>", "exec", _ast.PyCF_ONLY_AST), text)
    return made


class Captured(unittest.TestCase):
    def test_functions_and_classes_as_they_are_written(self):
        source = "x = 1\ndef f(a,  b = 2): # why\n    # inside\n    return a\n\n\nasync def g(): pass ; pass\nclass C(object):\n    'doc'\n\n    def m(self): pass\ny = 2"
        functions, classes, imports = captured(source)
        self.assertEqual(functions, {"f": "def f(a,  b = 2): # why\n    # inside\n    return a", "g": "async def g(): pass ; pass"})
        self.assertEqual(classes, {"C": "class C(object):\n    'doc'\n\n    def m(self): pass"})
        self.assertEqual(imports, [])

    def test_decorators(self):
        source = "@a\n@b(1,\n  2)\n# between\ndef f(): pass\n@ (\n  c\n)\nclass C: pass"
        functions, classes, _ = captured(source)
        self.assertEqual(functions["f"], "@a\n@b(1,\n  2)\n# between\ndef f(): pass")
        self.assertEqual(classes["C"], "@ (\n  c\n)\nclass C: pass")

    def test_columns_of_text_that_is_not_ascii(self):
        functions, _, imports = captured("s = 'äöü€😀'; import os; t = 'é'\ndef f(): return 'äöü'  # ü\ndef g(): 'ß'; x = 'é'  ;  # é\n")
        self.assertEqual(functions, {"f": "def f(): return 'äöü'", "g": "def g(): 'ß'; x = 'é'  ;"})
        self.assertEqual(imports, ["import os"])

    def test_line_ends(self):
        functions, _, _ = captured("s = 'a\x0cb\x1cc\u2028d'\r\ndef f():\r\n    return 1\rdef g(): pass\n")
        self.assertEqual(functions, {"f": "def f():\n    return 1", "g": "def g(): pass"})

    def test_imports_in_blocks(self):
        source = (
            "import os, sys as s; from a import (b,\n  c)\nif 1:\n    import d\n    if 2:\n        import e\nelif 3: import f\nelse:\n    from . import g\n"
            "try:\n    import h\nexcept E:\n    import i\nelse: import j\nfinally:\n    import k\nwith x: import l\nasync def m(): import no\nfor n in []: import no\n"
            "try: import o\nexcept* E: import p\nimport q"
        )
        texts = captured(source)[2]
        self.assertEqual(texts[:2], ["import os, sys as s", "from a import (b,\n  c)"])
        self.assertEqual([text[-1] for text in texts[2:]], list("defghijklopq"))

    def test_only_the_top_level_defines(self):
        functions, classes, _ = captured("if 1:\n    def f(): pass\n    class C: pass\ndef g():\n    def h(): pass")
        self.assertEqual((list(functions), list(classes)), (["g"], []))

    def test_the_last_definition_counts(self):
        functions, classes, _ = captured("def f(): 1\nclass C: pass\ndef C(): pass\ndef f(): 2\nclass f: pass")
        self.assertEqual((functions, classes), ({"C": "def C(): pass"}, {"f": "class f: pass"}))

    def test_what_was_made_asynchronous(self):
        source = "@d\ndef f(): pass"
        tree = compile(source, "<session>", "exec", _ast.PyCF_ONLY_AST)
        node = tree.body[0]
        tree.body[0] = _ast.AsyncFunctionDef(**{**vars(node)})
        self.assertEqual(sources.captured(tree, source)[0], {"f": "@d\nasync def f(): pass"})

    def test_texts_that_define_nothing(self):
        self.assertEqual(captured("undefined = 'class import def'; importlib"), ({}, {}, []))


class OfASession(unittest.TestCase):
    def namespace(self, source):
        names = {"__name__": "__main__"}
        exec(source, names)
        return names

    def test_later_definitions_replace_earlier_ones(self):
        texts = ["import os\ndef f(): 1", "import os\nimport re\ndef f(): 2\nclass C: pass"]
        self.assertEqual(
            captured_sources(*texts).live(self.namespace("\n".join(texts))),
            ({"f": "def f(): 2"}, {"C": "class C: pass"}, ["import os", "import re"]),
        )

    def test_only_what_is_bound_to_such_is_live(self):
        text = "def a(): pass\ndef b(): pass\ndef c(): pass\ndef d(): pass\ndef e(): pass\nclass A: pass\nclass B: pass"
        names = self.namespace(text + "\ndel a\nb = 5\nc = a = lambda: 0\nd = len\ndef B(): pass\ne = e, e")
        functions, classes, _ = captured_sources(text).live(names)
        self.assertEqual((list(functions), list(classes)), ([], ["A"]))

    def test_what_decorators_leave(self):
        text = "import functools\n@functools.cache\ndef f(): pass\n@functools.partial\ndef g(): pass\n@str\ndef h(): pass"
        self.assertEqual(list(captured_sources(text).live(self.namespace(text))[0]), ["f"])

    def test_values_that_raise_when_they_are_looked_at(self):
        class Raising:
            def __getattr__(self, name):
                raise ValueError

            def __call__(self):
                pass

        self.assertEqual(captured_sources("def f(): pass").live({"f": Raising()}), ({}, {}, []))

    def test_the_oldest_are_let_go(self):
        made = captured_sources("import a", "def f(): 1", "def g(): 2", "def f(): 3", max_chars=30)
        self.assertEqual(made.dropped, 0)
        made.update({}, {"C": "class C: 1"}, [])
        names = {"__name__": "__main__"}
        exec("def f(): 3\ndef g(): 2\nclass C: 1", names)
        self.assertEqual(made.live(names), ({"f": "def f(): 3"}, {"C": "class C: 1"}, ["import a"]))
        self.assertEqual(made.dropped, 1)
        made.update({"big": "x" * 31}, {}, ["import b"])
        self.assertEqual(made.live({}), ({}, {}, ["import a", "import b"]))
        self.assertEqual(made.dropped, 4)
        made.update({}, {}, ["import " + "c" * 30])
        self.assertEqual(made.live({})[2], [])
        made.clear()
        made.update({"g": "def g(): 2"}, {}, [])
        self.assertEqual(made.live(names)[0], {"g": "def g(): 2"})

    def test_the_default_bound(self):
        self.assertEqual(sources.CapturedSources().max_chars, 4 << 20)


if __name__ == "__main__":
    unittest.main()
