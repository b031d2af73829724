"""Floor of session_start, snapshot, branch and rollback: a bare `os.fork` whose child answers one byte.

Each line on stdin is a count; the answer is one line with the nanoseconds of that many forks, reaping not included. The argument, if
there is one, is how many MiB the process holds.
"""

import os
import sys
import time


def fork_ns(read_end, write_end):
    started = time.perf_counter_ns()
    child = os.fork()
    if child == 0:
        os.write(write_end, b"x")
        os._exit(0)
    os.read(read_end, 1)
    elapsed = time.perf_counter_ns() - started
    os.waitpid(child, 0)
    return elapsed


held = b"x" * (int(sys.argv[1]) << 20) if len(sys.argv) > 1 else b""
ends = os.pipe()
for line in sys.stdin:
    print(*[fork_ns(*ends) for _ in range(int(line))], flush=True)
