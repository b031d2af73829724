"""exec_roundtrip by the Python binding: binding_python.py PACKAGE_FOLDER, with CAPSULE_LIBRARY and CAPSULE_PYTHON set.

Each line on stdin is a count; the answer is one line with the nanoseconds of that many executions of `1+1`.
"""

import sys
import time

sys.path.insert(0, sys.argv[1])

import capsule


def round_trip_ns(session):
    started = time.perf_counter_ns()
    result = session.run("1+1")
    elapsed = time.perf_counter_ns() - started
    if result.repr != "2":
        sys.exit(f"the session answered {result!r}")
    return elapsed


with capsule.Runtime() as runtime, runtime.open() as session:
    for line in sys.stdin:
        print(*[round_trip_ns(session) for _ in range(int(line))], flush=True)
