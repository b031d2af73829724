"""Floor of exec_roundtrip: what compile, eval and repr of `1+1` cost inside the interpreter.

Each line on stdin is a count; the answer is the mean nanoseconds of one step over that many, the loop's own cost
taken off.
"""

import sys
import time


def step_ns(count):
    namespace = {}
    started = time.perf_counter_ns()
    for _ in range(count):
        repr(eval(compile("1+1", "<f>", "eval"), namespace))
    looped = time.perf_counter_ns()
    for _ in range(count):
        pass
    return ((looped - started) - (time.perf_counter_ns() - looped)) / count


for line in sys.stdin:
    print(step_ns(int(line)), flush=True)
