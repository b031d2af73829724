"""Functions and classes: they survive by value, live in the namespace that they are loaded into, and come from their sources where they
cannot come from bytecode."""

import sys
import unittest

from support import Session, failures, reasons, restored, skipped


class Functions(unittest.TestCase):
    def test_their_globals_are_the_namespace(self):
        session = restored("import math\nn = 1\ndef f(): return n + g()\ndef g(): return int(math.sqrt(16))\nh = lambda: n\nfs = [f, h]")
        self.assertEqual(session.value("f(), h()"), (5, 1))
        for name in ("f", "g", "h"):
            self.assertIs(session.names[name].__globals__, session.names)
        session.run("n = 10\ndef g(): return 100")
        self.assertEqual(session.value("fs[0](), fs[1]()"), (110, 10))
        self.assertTrue(session.value("fs[0] is f"))

    def test_they_can_set_globals(self):
        session = restored("n = 0\ndef f():\n    global n\n    n += 1")
        session.run("f(); f()")
        self.assertEqual(session.value("n"), 2)

    def test_recursion_and_mutual_references(self):
        session = restored(
            "def fact(n): return 1 if n < 2 else n * fact(n - 1)\ndef even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n != 0 and even(n - 1)"
        )
        self.assertEqual(session.value("fact(5), even(10), odd(7)"), (120, True, True))

    def test_defaults_attributes_and_annotations(self):
        session = restored("d = []\ndef f(a: int, /, b=d, *, k='k') -> str:\n    'doc'\n    return b, k\nf.mark = d")
        self.assertTrue(session.value("f(1)[0] is d and f.mark is d and f.__kwdefaults__ == {'k': 'k'} and f.__doc__ == 'doc'"))
        self.assertEqual(session.value("f.__annotations__, f.__module__, f.__qualname__"), ({"a": int, "return": str}, "__main__", "f"))

    def test_closures_that_share_a_variable(self):
        session = restored(
            "def make():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n        return n\n    return up, lambda: n\nup, get = make()"
        )
        self.assertEqual(session.value("up(), up(), get()"), (1, 2, 2))

    def test_closures_that_refer_to_themselves(self):
        session = restored(
            "def make():\n    def f(n): return n if n == 0 else f(n - 1)\n    return f\nf1 = make()\n"
            "def empty():\n    def f(): return later\n    if 0: later = 1\n    return f\nf2 = empty()\ncell = f1.__closure__[0]"
        )
        self.assertEqual(session.value("f1(5)"), 0)
        self.assertTrue(session.value("cell is f1.__closure__[0] and cell.cell_contents is f1"))
        self.assertRaises(NameError, session.value, "f2()")

    def test_decorated_ones(self):
        session = restored(
            "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def g(*a): return 2 * f(*a)\n    return g\n@twice\ndef f(x): return x\n"
            "@functools.lru_cache(5)\ndef cached(x): return [x]\np = functools.partial(f, 4)\n@functools.cache\ndef fib(n): return n if n < 2 else fib(n-1) + fib(n-2)"
        )
        self.assertEqual(session.value("f(3), p(), f.__wrapped__(3)"), (6, 8, 3))
        self.assertTrue(session.value("cached(1) is cached(1) and cached.cache_info().maxsize == 5 and fib(50) == 12586269025"))
        self.assertEqual(session.value("cached.__name__"), "cached")

    def test_generators_and_coroutines_functions(self):
        session = restored("def g():\n    yield from range(3)\nasync def c(): return 5")
        self.assertEqual(session.value("list(g())"), [0, 1, 2])
        with self.assertRaises(StopIteration) as raised:
            session.value("c()").send(None)
        self.assertEqual(raised.exception.value, 5)

    def test_functions_of_other_namespaces(self):
        session = restored("names = {'n': 3, 'unused': open}\nexec('def f(): return n\\ndef g(): return f()', names)\nf, g = names['f'], names['g']\ndel names")
        self.assertEqual(session.value("f(), g()"), (3, 3))
        self.assertTrue(session.value("f.__globals__ is g.__globals__ and 'unused' not in f.__globals__"))

    def test_the_rest_of_the_namespace_is_not_dragged_along(self):
        session = Session("import threading\nbig = bytes(1 << 20)\nlock = threading.Lock()\ndef f(): return lock, big\nfs = [f]")
        manifest, body = session.dump()
        sizes = {name: entry["size_bytes"] for entry in manifest["entries"] for name in entry["names"].split("\n")}
        self.assertLess(sizes["f"] + sizes["fs"], 1000)
        self.assertEqual(set(skipped(manifest)), {"lock"})

    def test_builtin_functions_and_bound_methods(self):
        session = restored("import math\nl = []\nadd = l.append\nroot = math.sqrt\ns = 'a'.upper\nclass A:\n    def f(self): return self\na = A(); m = a.f")
        session.run("add(1)")
        self.assertEqual(session.value("l, root(4), s()"), ([1], 2, "A"))
        self.assertTrue(session.value("m() is a"))


class Classes(unittest.TestCase):
    def test_instances_are_of_the_restored_class(self):
        session = restored("x = None\nclass A:\n    n = 3\n    def f(self): return A, self.n\nx = A(); y = [x]; B = A")
        self.assertTrue(session.value("type(x) is A and y[0] is x and x.f() == (A, 3) and B is A"))
        self.assertEqual(session.value("A.__module__, A.__qualname__"), ("__main__", "A"))
        self.assertIs(session.value("A.f.__globals__"), session.names)

    def test_what_classes_have(self):
        session = restored(
            "import functools\nclass Base:\n    def __init__(self): self.v = 1\nclass A(Base):\n    def __init__(self):\n        super().__init__()\n"
            "    @property\n    def p(self): return self.v\n    @p.setter\n    def p(self, v): self.v = v\n    @classmethod\n    def c(cls): return cls\n"
            "    @staticmethod\n    def s(): return 's'\n    @functools.cached_property\n    def q(self): return [self]\n    class Inner: pass\na = A(); a.p = 7; i = A.Inner()"
        )
        self.assertTrue(session.value("a.p == 7 and A.c() is A and A.s() == 's' and a.q is a.q and A().v == 1 and isinstance(i, A.Inner)"))
        self.assertTrue(session.value("isinstance(a, Base) and A.__mro__ == (A, Base, object) and A.Inner.__qualname__ == 'A.Inner'"))

    def test_bases_that_come_later_in_the_namespace(self):
        session = restored("class A: pass\nclass B: pass\nclass A(B): pass\na = A()")
        self.assertTrue(session.value("type(a) is A and A.__bases__ == (B,)"))

    def test_references_in_circles(self):
        session = restored(
            "class A: pass\nclass B: a = A\nA.b = B\nA.f = lambda self: g\ndef g(x=A): return x\nA.g = staticmethod(g)\nA.me = A()\nB.us = [A.me, A, B]"
        )
        self.assertTrue(session.value("A.b is B and B.a is A and A().f() is g and g() is A and A.g is g and type(A.me) is A and B.us == [A.me, A, B]"))

    def test_dataclasses(self):
        session = restored(
            "import dataclasses as d\n@d.dataclass\nclass P:\n    x: int\n    y: list = d.field(default_factory=list)\n    z: d.KW_ONLY = None\n    k: int = 0\n"
            "@d.dataclass(frozen=True, slots=True)\nclass S:\n    a: int = 1\np = P(1); s = S(); held = {s: p}"
        )
        self.assertTrue(session.value("p == P(1) and d.replace(p, x=2) == P(2) and d.asdict(p) == {'x': 1, 'y': [], 'k': 0} and held[S(1)] is p"))
        self.assertTrue(session.value("d.fields(P)[0].default is d.MISSING and not hasattr(s, '__dict__') and S.__slots__ == ('a',)"))
        session.run("@d.dataclass\nclass Q(P):\n    w: int = 5")
        self.assertEqual(session.value("Q(1).w"), 5)
        self.assertRaises(Exception, session.run, "s.a = 2")

    def test_slots(self):
        session = restored("class A:\n    __slots__ = ('x', '__private')\n    def __init__(self): self.x = 1; self.__private = 2\n    def get(self): return self.__private\na = A()")
        self.assertEqual(session.value("a.x, a.get()"), (1, 2))
        self.assertRaises(AttributeError, session.run, "a.other = 1")

    def test_enumerations(self):
        session = restored(
            "import enum\nclass Color(enum.Enum):\n    RED = 1\n    ALSO_RED = 1\n    BLUE = 'b'\n    def f(self): return self.name\n"
            "class Rights(enum.Flag):\n    R = 1\n    W = 2\n    RW = 3\n"
            "class Planet(enum.Enum):\n    EARTH = (5, 6)\n    def __init__(self, mass, radius): self.mass = mass\n"
            "class Size(enum.IntEnum):\n    S = enum.auto()\nc = Color.RED; held = {Color.BLUE: Rights.RW}; r = Rights.R | Rights.W\ndef f(c=Color.RED): return c"
        )
        self.assertTrue(session.value("c is Color.RED and Color.ALSO_RED is c and Color('b').f() == 'BLUE' and list(Color) == [c, Color.BLUE]"))
        self.assertTrue(session.value("held[Color.BLUE] is Rights.RW and r is Rights.RW and Rights.RW.name == 'RW' and f() is c"))
        self.assertTrue(session.value("Planet.EARTH.mass == 5 and Size.S == 1 and Planet((5, 6)) is Planet.EARTH"))

    def test_enumerations_of_instances(self):
        session = restored(
            "import dataclasses, enum\n@dataclasses.dataclass(frozen=True)\nclass Point:\n    x: int\nclass Where(enum.Enum):\n    HERE = Point(1)\n    THERE = Point(2)\nw = Where.THERE"
        )
        self.assertTrue(session.value("w is Where.THERE and w.value == Point(2) and Where(Point(1)) is Where.HERE"))

    def test_named_tuples_and_abstract_and_generic_classes(self):
        session = restored(
            "import abc, collections, typing\nP = collections.namedtuple('P', 'x y', defaults=[2])\nclass Q(typing.NamedTuple):\n    a: int\n    b: str = 'b'\n"
            "class Abstract(abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...\nclass Concrete(Abstract):\n    def f(self): return 1\nAbstract.register(int)\n"
            "class Meta(type):\n    def hi(cls): return cls.__name__\nclass M(metaclass=Meta): pass\nclass E(Exception): pass\n"
            "p = P(1); q = Q(1); c = Concrete(); e = E('text')\nclass Proto(typing.Protocol):\n    def f(self) -> int: ...\nclass D(typing.TypedDict):\n    a: int"
        )
        self.assertTrue(session.value("p == P(1, 2) == (1, 2) and type(p) is P and q.b == 'b' and type(q) is Q and p._replace(x=3).x == 3"))
        self.assertTrue(session.value("c.f() == 1 and isinstance(3, Abstract) and M.hi() == 'M' and type(M) is Meta and e.args == ('text',) and type(e) is E"))
        self.assertRaises(TypeError, session.value, "Abstract()")
        self.assertTrue(session.value("D(a=1) == {'a': 1} and Proto.__name__ == 'Proto'"))

    @unittest.skipIf(sys.version_info < (3, 12), "new in 3.12")
    def test_type_parameters(self):
        session = restored("class Box[T]:\n    def get(self, x: T) -> T: return x\ndef first[U](x: list[U]) -> U: return x[0]\ntype Ints = list[int]\nb = Box[int]()")
        self.assertTrue(session.value("b.get(3) == 3 and first([4]) == 4 and Ints.__value__ == list[int] and Box.__type_params__ == Box.__parameters__"))

    def test_local_classes(self):
        session = restored("def make():\n    class L:\n        def f(self): return L\n    return L\nL1, L2 = make(), make()\na = L1(); b = L1(); c = L2()")
        self.assertTrue(session.value("type(a) is type(b) is L1 and type(c) is L2 and L1 is not L2 and a.f() is L1"))

    def test_a_checkpoint_of_what_was_restored(self):
        source = "import enum\nn = 1\nclass A:\n    def f(self): return n\nclass C(enum.Enum):\n    X = 1\ndef f(): return A().f()\na = A(); x = C.X"
        session = restored(source)
        again = Session()
        self.assertEqual(again.load(*session.dump())["failed"], [])
        self.assertTrue(again.value("f() == 1 and type(a) is A and x is C.X and a.f.__globals__ is globals()"))


class Sources(unittest.TestCase):
    def test_what_cannot_be_pickled_is_made_from_its_source(self):
        session = Session(
            "import threading, functools\nclass A:\n    lock = threading.Lock()\n    def f(self): return 'A'\nclass B(A): pass\na = A(); b = [B(), a]\n"
            "def f(lock=threading.Lock()): return A\n@functools.singledispatch\ndef s(x): return 's'\nh = [f]"
        )
        manifest, body = session.dump()
        self.assertEqual(set(skipped(manifest)), {"A", "f", "s"} if "s" in skipped(manifest) else {"A", "f"})
        self.assertIn("cannot pickle '_thread.lock' object", skipped(manifest)["A"])
        other = Session()
        report = other.load(manifest, body)
        # The class that is made of it is made anew, too.
        self.assertLessEqual({"A", "B", "f"}, set(reasons(report["from_source"])))
        self.assertEqual(report["failed"], [])
        self.assertTrue(other.value("type(a) is A and a.f() == 'A' and type(b[0]) is B and issubclass(B, A) and b[1] is a and f() is A and h[0] is f and s(1) == 's'"))

    def test_without_a_source_what_needs_it_is_skipped(self):
        session = Session("import threading\nexec('class A: lock = threading.Lock()')\na = A()\nclass B(A): pass\nn = 1")
        manifest, _ = session.dump()
        self.assertEqual(set(skipped(manifest)), {"A", "a", "B"})

    def test_a_class_whose_state_cannot_be_loaded(self):
        import types

        module = types.ModuleType("gone")
        exec("class Thing: pass", vars(module))
        sys.modules["gone"] = module
        source = "import gone\nclass A:\n    def f(self): return 'A'\nclass B(A): pass\na = A(); b = B()"
        session = Session(source)
        session.run("A.thing = gone.Thing()")
        manifest, body = session.dump()
        del sys.modules["gone"]
        other = Session()
        report = other.load(manifest, body)
        self.assertEqual((set(failures(report)), set(reasons(report["from_source"]))), ({"gone"}, {"A", "B"}))
        self.assertTrue(other.value("type(a) is A and type(b) is B and isinstance(b, A) and a.f() == 'A'"))


class OtherVersion(unittest.TestCase):
    """What a checkpoint of another minor version of Python says."""

    def load(self, source, session=None, **options):
        manifest, body = Session(source).dump()
        manifest["python_version"] = "3.%d.0" % (sys.version_info[1] - 1)
        session = session or Session()
        return session, session.load(manifest, body, **options)

    def test_definitions_come_from_their_sources(self):
        session, report = self.load(
            "from __future__ import annotations\nimport functools, dataclasses\nfrom math import sqrt\nN = 2\n"
            "def deco(f):\n    @functools.wraps(f)\n    def g(*a): return f(*a) + N\n    return g\n@deco\ndef f(x=N): return sqrt(x)\n"
            "@dataclasses.dataclass\nclass P:\n    x: Unknown = N\n    y: list = dataclasses.field(default_factory=list)\nclass Q(P):\n    def __init__(self): super().__init__()\n"
            "p = P(); q = [Q(), p, f]\nimport collections as c\n@functools.lru_cache\ndef cached(): return []\nd = c.Counter('aab')\nP2 = P"
        )
        self.assertEqual(report["failed"], [])
        self.assertEqual(set(reasons(report["from_source"])), {"deco", "f", "P", "Q", "cached"})
        self.assertTrue(session.value("type(p) is P and type(q[0]) is Q and q[1] is p and q[2] is f and f(4) == 4 and p == P() and P2 is P and d['a'] == 2"))
        self.assertTrue(session.value("cached() is cached()"))
        self.assertEqual(session.value("P.__annotations__['x']"), "Unknown")

    def test_bytecode_is_refused(self):
        session, report = self.load("f = lambda: 1\ndef make():\n    class L: pass\n    def g(): return 1\n    return L, g\nL, g = make()\ngs = [g]\na = [1, object()]\nx = L()")
        self.assertEqual(set(failures(report)), {"f", "g", "gs"})
        self.assertTrue(session.value("a[0] == 1 and type(x) is L and make()"))

    def test_why_bytecode_is_refused(self):
        _, report = self.load("f = lambda: 1")
        self.assertEqual(failures(report), {"f": "BytecodeError: the bytecode is of Python 3.%d" % (sys.version_info[1] - 1)})

    def test_a_source_that_fails(self):
        session, report = self.load("import os\ndef deco(f): return f\n@deco\ndef f(): return 1\ndel deco\nn = [1]\nfs = [f]")
        self.assertEqual(set(failures(report)), {"f", "fs"})
        self.assertEqual(failures(report)["f"], "NameError: name 'deco' is not defined")
        self.assertEqual(session.value("n"), [1])

    def test_imports_that_were_unbound_serve_the_sources_alone(self):
        session, report = self.load("from functools import lru_cache\n@lru_cache\ndef f(): return 1\ndel lru_cache")
        self.assertEqual(list(reasons(report["from_source"])), ["f"])
        self.assertNotIn("lru_cache", session.names)

    def test_keeping_what_is_there(self):
        kept = Session("class A: new = True\ndef g(): return 'new'")
        session, report = self.load("class A: pass\ndef f(): return A\ndef g(): return 'old'\na = A(); gs = [g]", kept, clear=False, conflict="keep")
        self.assertEqual(set(reasons(report["skipped"])), {"A", "g"})
        self.assertEqual(list(reasons(report["from_source"])), ["f"])
        self.assertTrue(session.value("type(a) is A and a.new and f() is A and gs[0]() == 'new'"))


if __name__ == "__main__":
    unittest.main()
