"""Values: what comes back is what was there, and what cannot be pickled or loaded spoils nothing else."""

import builtins
import gc
import json
import mmap
import sys
import types
import unittest
import weakref

from support import PROTECTED, Session, failures, names_of, reasons, restored, skipped


class Values(unittest.TestCase):
    def test_plain_data_comes_back(self):
        session = restored("a = 1; b = 'text'; c = [1, {'k': (2.5, None, b'x')}]; d = {1, 2}; e = frozenset('xy'); f = bytearray(b'z')")
        self.assertEqual(session.value("a, b, c, d, e, f"), (1, "text", [1, {"k": (2.5, None, b"x")}], {1, 2}, frozenset("xy"), b"z"))

    def test_names_keep_sharing_what_they_share(self):
        session = restored("a = []; b = {'a': a}; c = (a, b); d = object(); e = [d, a]; b['self'] = b")
        self.assertTrue(session.value("b['a'] is a and c[0] is a and c[1] is b and e[0] is d and e[1] is a and b['self'] is b"))

    def test_many_names_of_mixed_kinds(self):
        lines = [f"v{i} = [{i}, 'x{i % 7}']" for i in range(1000)]
        lines[500] = "v500 = [object()]; w = v500[0]; v3.append(v500)"
        session = restored("\n".join(lines))
        self.assertEqual(session.value("v999"), [999, "x5"])
        self.assertTrue(session.value("v500[0] is w and v3[2] is v500"))

    def test_internal_and_protected_names_stay_out(self):
        manifest, _ = Session("a = 1; Out = {1: 2}; _ = 3; __mine__ = 4; __private = 5").dump()
        self.assertEqual(sorted(names_of(manifest)), ["__private", "a"])

    def test_names_that_stay_out_are_found_wherever_they_are(self):
        names = [f"v{i}" for i in range(3000)]
        for index, name in ((0, "__first__"), (999, "__last__"), (1000, "__dunder__"), (1500, "o" * 257), (1999, "a\nb"), (2000, 7), (2999, "w" * 300)):
            names[index] = name
        session = Session()
        session.names.update(dict.fromkeys(names, 1))
        manifest, body = session.dump()
        good = [name for name in names if type(name) is str and name.startswith("v")]
        self.assertEqual(names_of(manifest), good)
        self.assertEqual(manifest["counts"]["value"], len(good))
        self.assertEqual({entry["name"] for entry in manifest["skipped"]}, {"o" * 256, "a\nb", "w" * 256})
        other = Session("__last__ = 2; x = 3")
        self.assertEqual(other.load(manifest, body)["restored"], good)
        self.assertEqual(other.names["__last__"], 2)
        self.assertNotIn("x", other.names)

    def test_only_plain_data_is_held_longer_than_it_takes(self):
        for source, is_held in (("a = [1]", True), ("import json; a = 1", False), ("a = [object()]", False), ("def f(): pass", False)):
            session = Session(source)
            session.dump()
            self.assertEqual(session.held is not None, is_held, source)

    def test_keys_that_are_no_text_stay_out(self):
        manifest, _ = Session("globals()[1] = 2; a = 1").dump()
        self.assertEqual(names_of(manifest), ["a"])

    def test_the_namespace_itself_is_a_value(self):
        session = restored("names = globals(); a = 1")
        self.assertIs(session.names["names"], session.names)

    def test_modules_come_back_with_what_was_imported_of_them(self):
        source = "import xml.dom.minidom, json as j\nimport importlib.util as u"
        manifest, body = Session(source).dump()
        kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "xml"}
        session = Session()
        self.assertEqual(session.load(manifest, body)["failed"], [])
        self.assertEqual(session.value("xml.dom.minidom.parseString('<a/>').documentElement.tagName"), "a")
        self.assertIs(session.value("j"), json)
        self.assertEqual({entry["kind"] for entry in manifest["entries"]}, {"module"})
        sys.modules.update(kept)

    def test_large_objects_are_written_as_they_are(self):
        pieces = []
        manifest, _ = Session("big = bytes(5 << 20); also = bytearray(3 << 20); small = 1").dump(lambda data: pieces.append(bytes(data)))
        self.assertIn(5 << 20, map(len, pieces))
        session = Session()
        session.load(manifest, b"".join(pieces))
        self.assertEqual(session.value("len(big), len(also), small"), (5 << 20, 3 << 20, 1))

    def test_type_variables_and_aliases(self):
        session = restored(
            "import typing\nT = typing.TypeVar('T', bound=int)\nP = typing.ParamSpec('P')\nId = typing.NewType('Id', int)\n"
            "class Box(typing.Generic[T]): pass\nclass Ints(Box[int]): pass\nx = Box[int]()"
        )
        self.assertTrue(session.value("Box.__parameters__ == (T,) and T.__bound__ is int and isinstance(x, Box) and Ints.__mro__[1] is Box"))
        self.assertTrue(session.value("Id(3) == 3 and Id.__supertype__ is int and P.__name__ == 'P'"))


class Unpicklable(unittest.TestCase):
    def test_only_the_name_is_skipped(self):
        session = Session("import threading\na = {'k': 1}\nlock = threading.Lock()\nb = [a, {'lock': lock, 'a': a}]\nc = [a]\ng = (i for i in a)")
        manifest, body = session.dump()
        self.assertEqual(skipped(manifest)["lock"], "TypeError: cannot pickle '_thread.lock' object")
        self.assertEqual(set(skipped(manifest)), {"lock", "b", "g"})
        self.assertEqual(manifest["skipped"][0]["type"], "_thread.lock")
        other = Session()
        self.assertEqual(other.load(manifest, body)["failed"], [])
        self.assertTrue(other.value("c[0] is a"))

    def test_a_half_pickled_object_is_not_referred_to(self):
        session = Session("import threading\nshared = ['text', object()]\nbad = [shared, threading.Lock()]\ngood = [shared, bad[0]]")
        manifest, body = session.dump()
        other = Session()
        self.assertEqual(other.load(manifest, body)["failed"], [])
        self.assertTrue(other.value("good[0] is shared and good[1] is shared and shared[0] == 'text'"))

    def test_many_of_them(self):
        session = Session("gs = 0\nfor i in range(2000):\n    globals()[f'g{i}'] = (j for j in [i]); globals()[f'v{i}'] = [i, object()]")
        manifest, body = session.dump()
        self.assertEqual(manifest["counts"], {"function": 0, "class": 0, "module": 0, "value": 2002, "skipped": 2000})
        other = Session()
        self.assertEqual(other.load(manifest, body)["failed"], [])
        self.assertEqual(other.value("v1999[0]"), 1999)

    def test_too_deep_a_nesting_is_skipped(self):
        manifest, _ = Session("deep = []\nfor _ in range(200000): deep = [deep]\na = 1").dump()
        self.assertIn("RecursionError", skipped(manifest)["deep"])
        self.assertIn("a", names_of(manifest))

    def test_they_are_counted_by_the_reason(self):
        source = "deep = []\nfor _ in range(100_000): deep = [deep]\ng = (x for x in [])\nf = __import__('sys')._getframe()\n"
        source += "class A:\n    def __reduce__(self): raise LookupError('TypeError: no')\na = A(); globals()['two\\nlines'] = 1"
        session = Session(source)
        manifest, _ = session.dump()
        self.assertEqual(set(skipped(manifest)), {"deep", "g", "f", "a", "two\nlines"})
        self.assertEqual(session.skip_counts, [1, 2, 1, 1])  # its name, no pickle has it, too deep, its own code

    def test_an_error_of_the_users_is_told_within_bounds(self):
        session = Session("class A:\n    def __reduce__(self): raise ValueError('x' * 1000)\na = A()\nb = 2")
        manifest, _ = session.dump()
        self.assertEqual(len(skipped(manifest)["a"]), 300)
        self.assertTrue(skipped(manifest)["a"].startswith("ValueError: xxx"))

    def test_an_error_without_a_text(self):
        source = "class E(Exception):\n    def __str__(self): raise KeyError\nclass A:\n    def __reduce__(self): raise E\na = A()"
        self.assertEqual(skipped(Session(source).dump()[0])["a"], "E: ")

    def test_interrupts_and_exits_go_through(self):
        for error in (KeyboardInterrupt, SystemExit):
            session = Session(f"class A:\n    def __reduce__(self): raise {error.__name__}\na = A()")
            self.assertRaises(error, session.dump)

    def test_long_names(self):
        session = Session(f"{'n' * 257} = 1; {'m' * 256} = 2")
        manifest, _ = session.dump()
        self.assertEqual(names_of(manifest), ["m" * 256])
        self.assertEqual([len(entry["name"]) for entry in manifest["skipped"]], [256])


    def test_names_and_reasons_that_are_no_utf8(self):
        manifest, body = Session("globals()['\\ud800'] = 1\nclass A:\n    def __reduce__(self): raise ValueError('\\ud800')\na = A(); é = 1").dump()
        self.assertEqual(skipped(manifest)["a"], "ValueError: ?")
        self.assertIn("?", skipped(manifest))
        json.dumps(manifest, ensure_ascii=False).encode()
        self.assertEqual(names_of(manifest), ["é", "A"])

    def test_objects_die_as_soon_as_they_are_let_go(self):
        source = "class A: pass\na = A()\nlock = open\ng = (i for i in ())\ndef f(lock=g): return 1\nclass B:\n    bad = g"
        gc.disable()
        try:
            session = Session(source)
            reference = weakref.ref(session.names["a"])
            manifest, body = session.dump()
            del session.names["a"]
            self.assertIsNone(reference())
            other = Session()
            other.load(manifest, body)
            reference = weakref.ref(other.names["a"])
            del other.names["a"]
            self.assertIsNone(reference())
        finally:
            gc.enable()


class Missing(unittest.TestCase):
    """A module that is there when the checkpoint is made, and not when it is loaded."""

    def dump(self, source):
        module = types.ModuleType("gone")
        exec("class Thing:\n    def __init__(self, **held): vars(self).update(held)\nclass Tuple(tuple): pass\ndef f(): pass", vars(module))
        sys.modules["gone"] = module
        try:
            return Session("import gone\n" + source).dump()
        finally:
            del sys.modules["gone"]

    def test_others_are_restored(self):
        manifest, body = self.dump("a = object()\nt = gone.Thing(name=1)\nb = {'name': a}\nc = [b, 'name']\nd = object()\ne = [d]")
        session = Session()
        self.assertEqual(
            failures(session.load(manifest, body)),
            {name: "ModuleNotFoundError: No module named 'gone'" for name in ("gone", "t")},
        )
        self.assertTrue(session.value("b['name'] is a and c[0] is b and c[1] == 'name' and e[0] is d"))

    def test_what_shares_a_part_with_it_fails_too(self):
        manifest, body = self.dump("part = object(); held = [gone.Thing(), [part, 'text']]\nb = [held[1]]\nc = 'text'\nd = [object(), 'text']\ndel part")
        session = Session()
        failed = failures(session.load(manifest, body))
        self.assertEqual(set(failed), {"gone", "held", "b"})
        self.assertEqual(failed["b"], "UnpicklingError: shares a part with 'held', which could not be restored")
        self.assertEqual(session.value("c, d[1]"), ("text", "text"))

    def test_many_of_them(self):
        manifest, body = self.dump("for i in range(300):\n    globals()[f't{i}'] = gone.Thing(n=i); globals()[f'v{i}'] = [object(), {'n': i}]")
        session = Session()
        self.assertEqual(len(failures(session.load(manifest, body))), 301)
        self.assertTrue(session.value("all(globals()[f'v{i}'][1] == {'n': i} for i in range(300))"))

    def test_definitions_that_need_it(self):
        manifest, body = self.dump(
            "class A(gone.Thing): pass\nclass B(A): pass\nclass C: thing = gone.Thing()\ndef f(x=gone.Thing()): pass\n"
            "class Good: pass\ndef good(): return Good()\na = A(); b = B(); c = C(); g = [Good(), good]; fs = [f]"
        )
        session = Session()
        failed = failures(session.load(manifest, body))
        self.assertEqual(set(failed), {"gone", "A", "B", "C", "f", "a", "b", "c", "fs"})
        self.assertEqual(failed["a"], "UnpicklingError: needs 'A', which could not be restored")
        self.assertTrue(session.value("type(g[0]) is Good and type(g[1]()) is Good and g[1] is good"))

    def test_functions_that_use_it_only_when_they_are_called(self):
        manifest, body = self.dump("def f(): return gone\ndef g(): import gone; return gone")
        session = Session()
        self.assertEqual(set(failures(session.load(manifest, body))), {"gone"})
        self.assertRaises(NameError, session.value, "f()")


class Loading(unittest.TestCase):
    def test_clear_takes_away_the_rest(self):
        manifest, body = Session("a = 1").dump()
        session = Session("a = 0; b = 2; Out = {1: 1}; _ = 3; __mine__ = 4")
        report = session.load(manifest, body)
        self.assertEqual(report, {"restored": ["a"], "from_source": [], "failed": [], "skipped": []})
        self.assertEqual(session.value("a, Out, _, __mine__"), (1, {1: 1}, 3, 4))
        self.assertNotIn("b", session.names)
        self.assertIs(session.names["__builtins__"], builtins)

    def test_merging(self):
        manifest, body = Session("a = 1; c = [a]; f = lambda: a").dump()
        session = Session("a = 0; b = 2")
        session.load(manifest, body, clear=False)
        self.assertEqual(session.value("a, b, f()"), (1, 2, 1))

    def test_keeping_what_is_there(self):
        manifest, body = Session("a = [1]; c = [a, object()]\nclass A: old = True\nx = A()\ndef f(): return 'old'\nfs = [f]").dump()
        session = Session("a = 0\nclass A: pass\ndef f(): return 'new'")
        kept = session.value("A")
        report = session.load(manifest, body, clear=False, conflict="keep")
        self.assertEqual(reasons(report["skipped"]), dict.fromkeys(("a", "A", "f"), "conflict"))
        self.assertEqual(session.value("a, c[0]"), (0, [1]))
        self.assertTrue(session.value("type(x) is A and fs == [f] and f() == 'new'"))
        self.assertIs(session.value("A"), kept)
        self.assertFalse(hasattr(kept, "old"))

    def test_keeping_what_is_no_definition(self):
        manifest, body = Session("class A: pass\nx = A()").dump()
        session = Session("A = 5")
        session.load(manifest, body, clear=False, conflict="keep")
        self.assertEqual(session.value("A, type(x).__name__"), (5, "A"))

    def test_protected_names_are_not_bound(self):
        manifest, body = Session("a = 1; b = [a]").dump()
        session = Session("a = 0")
        report = session.load(manifest, body, protected=PROTECTED | {"a"})
        self.assertEqual(report["skipped"], [{"name": "a", "reason": "protected"}])
        self.assertEqual(session.value("a, b"), (0, [1]))

    def test_the_classes_that_are_alive_are_left_alone(self):
        session = Session("class A:\n    def f(self): return 1\na = A()")
        checkpoint_made = session.dump()
        kept, instance = session.value("A, a")
        session.run("A.f = lambda self: 2")
        session.load(*checkpoint_made)
        self.assertEqual((instance.f(), session.value("a.f()")), (2, 1))
        self.assertIsNot(session.value("A"), kept)

    def test_what_is_no_manifest_changes_nothing(self):
        manifest, body = Session("a = 1\ndef f(): pass").dump()
        session = Session("b = 2")
        cases = [
            ("format_version", 2, "format 2"),
            ("format_version", "1", "format_version"),
            ("pickle_protocol", 99, "protocol 99"),
            ("python_version", "3.x", "python_version"),
            ("python_version", None, "python_version"),
            ("body_size", 1, "bytes"),
            ("entries", {}, "entries"),
            ("entries", [{}], "entry"),
            ("entries", [dict(manifest["entries"][0], offset=-1)], "place"),
            ("entries", [dict(manifest["entries"][0], size_bytes=1 << 40)], "place"),
            ("entries", [dict(manifest["entries"][0], head=7)], "head"),
            ("entries", [dict(manifest["entries"][0], names=[1])], "entry"),
            ("functions", [], "functions"),
            ("classes", {"a": 1}, "classes"),
            ("imports", [1], "imports"),
            ("values_offset", None, "values_offset"),
        ]
        for key, value, text in cases:
            with self.assertRaises(ValueError) as raised:
                session.load({**manifest, key: value}, body)
            self.assertIn(text, str(raised.exception))
        session.run("b = 2")
        for damaged in (b"\x00" * len(body), b"\x80\x05\x8c\x07capsule\x8c\x05wrong\x93." + body[24:]):
            self.assertRaises(ValueError, session.load, manifest, damaged)
        for bad in (None, [], {}):
            self.assertRaises(ValueError, session.load, bad, body)
        self.assertRaises(ValueError, session.load, manifest, body, conflict="smart")
        self.assertEqual(session.value("b"), 2)

    def test_bytes_that_are_no_pickles_fail_with_all_that_follows(self):
        manifest, body = Session("a = object(); b = object(); c = object()").dump()
        entry = manifest["entries"][1]
        at = entry["offset"]
        broken = body[:at] + b"\xff" * entry["size_bytes"] + body[at + entry["size_bytes"] :]
        report = Session().load(manifest, broken)
        self.assertEqual(list(failures(report)), ["b", "c"])
        self.assertEqual(report["restored"], ["a"])

    def test_the_body_is_let_go(self):
        manifest, body = Session("a = object(); b = [a]").dump()
        mapped = mmap.mmap(-1, len(body))
        mapped.write(body)
        gc.disable()
        try:
            Session().load(manifest, mapped)
            mapped.close()
        finally:
            gc.enable()

    def test_a_cloudpickle_of_the_users_is_not_shadowed(self):
        own = types.ModuleType("cloudpickle")
        exec("def subimport(name): return 'of the user'", vars(own))
        own.subimport.__module__ = "cloudpickle"
        sys.modules["cloudpickle"] = own
        try:
            manifest, body = Session("import cloudpickle\nf = cloudpickle.subimport").dump()
            session = Session()
            session.load(manifest, body)
            self.assertEqual(session.value("f('x')"), "of the user")
            # Where there is none, the engine's serves.
            sys.modules["cloudpickle"] = None
            session = Session()
            self.assertEqual(list(failures(session.load(manifest, body))), ["cloudpickle"])
            self.assertIs(session.value("f('sys')"), sys)
        finally:
            del sys.modules["cloudpickle"]


if __name__ == "__main__":
    unittest.main()
