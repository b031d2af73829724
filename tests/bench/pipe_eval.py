"""Peer of exec_roundtrip: the bare `multiprocessing.Pipe` loop that a Python program would write for itself.

Each line on stdin is a count; the answer is one line with the nanoseconds of that many round trips.
"""

import multiprocessing
import sys
import time


def serve(connection, other_end):
    # Inherited by the fork; while it is open here, the parent's death would go unseen.
    other_end.close()
    try:
        while True:
            connection.send(repr(eval(connection.recv())))
    except EOFError:
        pass


def round_trip_ns(connection):
    started = time.perf_counter_ns()
    connection.send("1+1")
    answer = connection.recv()
    elapsed = time.perf_counter_ns() - started
    if answer != "2":
        sys.exit(f"the child answered {answer!r}")
    return elapsed


def main():
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=serve, args=(theirs, ours))
    child.start()
    theirs.close()
    for line in sys.stdin:
        print(*[round_trip_ns(ours) for _ in range(int(line))], flush=True)
    ours.close()
    child.join()


main()
