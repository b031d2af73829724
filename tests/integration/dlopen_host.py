"""A host that loads libcapsule.so, uses it and unloads it, again and again: dlopen_host.py LIBRARY CYCLES.

Prints one line for each cycle: descriptors, threads, resident KiB, and whether the library is still mapped.
"""

import _ctypes
import ctypes
import os
import sys
import time


class Event(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("kind", ctypes.c_int32), ("rest", ctypes.c_uint64 * 64)]


RESULT = 4


def check(status, what):
    if status != 0:
        raise SystemExit(f"{what} answered {status}")


def use(library):
    runtime = ctypes.c_void_p()
    session = ctypes.c_void_p()
    execution = ctypes.c_void_p()
    check(library.capsule_runtime_create(None, ctypes.byref(runtime), None), "runtime_create")
    check(library.capsule_session_open(runtime, None, ctypes.byref(session), None), "session_open")
    source = b"1 + 1"
    size = ctypes.c_size_t(len(source))
    check(library.capsule_execution_create(session, source, size, None, ctypes.byref(execution), None), "execution_create")
    event = Event(struct_size=64)
    while event.kind != RESULT:
        check(library.capsule_execution_next(execution, ctypes.c_int64(30000), ctypes.byref(event), None), "next")
    library.capsule_event_release(ctypes.byref(event))
    library.capsule_execution_release(execution)
    library.capsule_session_release(session)
    library.capsule_runtime_release(runtime)


def status(field):
    with open("/proc/self/status") as file:
        return next(line.split()[1] for line in file if line.startswith(field + ":"))


def mapped(path):
    with open("/proc/self/maps") as file:
        return os.path.basename(path) in file.read()


def threads():
    # pthread_join() returns before the kernel has taken the thread off the list.
    deadline = time.monotonic() + 10
    while (count := len(os.listdir("/proc/self/task"))) > 1 and time.monotonic() < deadline:
        time.sleep(0.001)
    return count


path, cycles = sys.argv[1], int(sys.argv[2])
for _ in range(cycles):
    library = ctypes.CDLL(path)
    use(library)
    _ctypes.dlclose(library._handle)
    del library
    print(len(os.listdir("/proc/self/fd")), threads(), status("VmRSS"), mapped(path), flush=True)
