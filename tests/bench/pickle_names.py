"""Floor of checkpoint: cloudpickle.dumps of a dict of 10,000 small objects. The argument is the path of cloudpickle.py.

Each line on stdin is a count; the answer is one line with the nanoseconds of that many.
"""

import importlib.util
import sys
import time

spec = importlib.util.spec_from_file_location("cloudpickle", sys.argv[1])
cloudpickle = importlib.util.module_from_spec(spec)
sys.modules["cloudpickle"] = cloudpickle
spec.loader.exec_module(cloudpickle)
names = {f"name_{i}": (i, f"text {i}", {"key": [i]}) for i in range(10_000)}


def dump_ns():
    started = time.perf_counter_ns()
    cloudpickle.dumps(names)
    return time.perf_counter_ns() - started


for line in sys.stdin:
    print(*[dump_ns() for _ in range(int(line))], flush=True)
