"""Leaks, a host that dies, collection under way."""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import subprocess
import sys
import textwrap

import capsule


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def resident_kib() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() // 1024


def run_many(session: capsule.Session, count: int) -> None:
    for _ in range(count):
        result = session.run("out line\nvalue x")
        assert result.stdout == "line\n" and result.repr == "x"


def test_executions_leak_nothing(echo: capsule.Session) -> None:
    count = int(os.environ.get("CAPSULE_LEAK_EXECUTIONS", "20000"))
    run_many(echo, 2000)
    gc.collect()
    before = (descriptors(), resident_kib())
    run_many(echo, count)
    gc.collect()
    print(f"{count} executions, {resident_kib() - before[1]} KiB more")
    assert descriptors() == before[0]
    assert resident_kib() - before[1] < 4096


def test_events_sessions_and_what_is_dropped_leak_nothing() -> None:
    def turns(count: int) -> int:
        """The descriptors that are left of so many sessions, once their runtime has closed: that waits for theirs."""
        with capsule.Runtime() as runtime:
            for _ in range(count):
                session = runtime.open(executor=capsule.Executor.ECHO)
                for _ in range(20):
                    execution = session.execute("out a\nout b")
                    execution.fileno()
                    execution.next()
                session.close(0)
        gc.collect()
        return descriptors()

    before = turns(1)
    assert turns(20) <= before


def test_a_stream_of_events_takes_no_memory(runtime: capsule.Runtime) -> None:
    outputs = 0
    held = [0, 0]
    # Two streams by turns: what is printed on one does not join what was printed on the other. The window is what may wait.
    session = runtime.open(executor=capsule.Executor.ECHO, output_window_bytes=64 << 10)
    with session, session.execute("out a line of output\nerr and another one\n" * 50_000) as execution:
        for event in execution:
            if isinstance(event, capsule.Output):
                outputs += 1
                if outputs in (20_000, 100_000):
                    held[outputs == 100_000] = sys.getallocatedblocks()
                    if outputs == 20_000:
                        before = resident_kib()
    assert outputs == 100_000
    assert held[1] - held[0] < 100, "blocks of the interpreter, of 80,000 events"
    assert resident_kib() - before < 4096


def test_collection_while_calls_are_under_way(runtime: capsule.Runtime) -> None:
    gc.set_threshold(1)
    try:
        with runtime.open(executor=capsule.Executor.ECHO) as session:
            for number in range(50):
                cycle: list[object] = [session.execute(f"out {number}")]
                cycle.append(cycle)
                assert session.run(f"out {number}").stdout == f"{number}\n"
    finally:
        gc.set_threshold(700, 10, 10)


def test_a_host_that_is_killed_leaves_no_orphan() -> None:
    code = textwrap.dedent("""
        import capsule, time
        runtime = capsule.Runtime()
        sessions = [runtime.open() for _ in range(2)]
        runs = [session.execute("while True: pass") for session in sessions]
        print(runtime.info.zygote_pid, *(session.info.pid for session in sessions), flush=True)
        time.sleep(60)
    """)
    host = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    pids = [int(word) for word in host.stdout.readline().split()]
    assert len(pids) == 3
    ends = [os.pidfd_open(pid) for pid in pids]  # Readable once that process has ended.
    assert not select.select(ends, [], [], 0)[0]
    host.send_signal(signal.SIGKILL)
    host.wait(30)
    host.stdout.close()
    for end in ends:
        assert select.select([end], [], [], 10)[0], "a process is still there"
        os.close(end)


def test_a_host_that_just_ends_says_nothing() -> None:
    code = textwrap.dedent("""
        import capsule
        runtime = capsule.Runtime()
        session = runtime.open()
        bridge = runtime.open_bridge()
        bridge.serve_in_threads(2)
        execution = session.execute("while True: pass")
        execution.next()
    """)
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
