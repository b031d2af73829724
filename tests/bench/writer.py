"""Peer of the throughput benchmarks: runs the source in its argument, with stdout the pipe that the benchmark reads.

Each line on stdin asks for one run. The alarm ends a run that hangs, so that the reader needs no deadline of its own in
the timed part.
"""

import signal
import sys

RUN_SECONDS = 60

code = compile(sys.argv[1], "<f>", "exec")
for _ in sys.stdin:
    signal.alarm(RUN_SECONDS)
    exec(code, {})
    sys.stdout.flush()
    signal.alarm(0)
