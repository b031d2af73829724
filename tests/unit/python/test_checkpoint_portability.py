"""Checkpoints that are loaded in another process, by every interpreter there is."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

from support import Session

SOURCE = """
import collections, dataclasses, enum, functools, math
from fractions import Fraction
N = 3
def twice(f):
    @functools.wraps(f)
    def g(*a): return 2 * f(*a)
    return g
@twice
def area(r): return math.pi * r * N
@functools.lru_cache(maxsize=7)
def cached(x): return [x]
class Color(enum.Enum):
    RED = 1
    BLUE = (2, 3)
    def other(self): return Color.BLUE
@dataclasses.dataclass
class Point:
    x: int
    tags: list = dataclasses.field(default_factory=list)
    def moved(self, by=N): return Point(self.x + by, self.tags)
class Deep(Point):
    def __init__(self, x): super().__init__(x); self.color = Color.RED
p = Point(1, ['a']); d = Deep(2); shared = [p, d, p.tags]
counts = collections.Counter('aab'); half = Fraction(1, 2)
table = {Color.RED: area, 'p': p, 'f': cached}
lines = [{'n': i, 's': str(i)} for i in range(1000)]
"""

CHECKS = """
shared[0] is p and shared[2] is p.tags and type(d) is Deep and isinstance(d, Point) and d.color is Color.RED
area(1) == 2 * math.pi * 3 and table[Color.RED] is area and Color.RED.other() is Color((2, 3))
p.moved() == Point(4, ['a']) and cached(1) is cached(1) and cached.cache_info().maxsize == 7
counts['a'] == 2 and half + half == 1 and lines[999] == {'n': 999, 's': '999'}
area.__globals__ is globals() and Point.moved.__globals__ is globals() and Point.__module__ == '__main__'
"""

LOADER = """
import json, mmap, sys
from support import Session
with open(sys.argv[1]) as manifest, open(sys.argv[2], 'rb') as body:
    mapped = mmap.mmap(body.fileno(), 0, prot=mmap.PROT_READ)
    session = Session()
    report = session.load(json.load(manifest), mapped)
    report['checks'] = {check: bool(session.value(check)) for check in sys.argv[3].splitlines() if check}
print(json.dumps(report))
"""


class Portability(unittest.TestCase):
    def load(self, python):
        manifest, body = Session(SOURCE).dump()
        self.assertEqual(manifest["skipped"], [])
        with tempfile.TemporaryDirectory() as folder:
            paths = os.path.join(folder, "manifest"), os.path.join(folder, "body")
            with open(paths[0], "w") as file:
                json.dump(manifest, file)
            with open(paths[1], "wb") as file:
                file.write(body)
            environment = dict(os.environ, PYTHONPATH=os.path.dirname(__file__))
            done = subprocess.run([python, "-B", "-c", LOADER, *paths, CHECKS], capture_output=True, text=True, env=environment)
        self.assertEqual(done.stderr, "")
        report = json.loads(done.stdout)
        self.assertEqual(report["failed"], [])
        for check, holds in report["checks"].items():
            self.assertTrue(holds, check)
        return {entry["name"] for entry in report["from_source"]}

    def test_another_process(self):
        self.assertEqual(self.load(sys.executable), set())

    def test_every_other_version(self):
        for python in os.environ.get("CAPSULE_PYTHONS", "").split(":"):
            if python:
                version = subprocess.check_output([python, "-c", "import sys; print(sys.version_info[1])"], text=True)
                with self.subTest(python=python):
                    made = self.load(python)
                    if int(version) != sys.version_info[1]:
                        self.assertEqual(made, {"twice", "area", "cached", "Color", "Point", "Deep"})


if __name__ == "__main__":
    unittest.main()
