# Runs as `python -c` in every worker, before anything else, on whatever interpreter the caller named: also on one that is far too
# old, so it keeps to what all versions of Python understand. Arguments: the worker module's path, then "zygote" or "session".
# Exit status 71: not a supported interpreter; 72: the module cannot be loaded. Either way the reason is on stderr.
import sys

if sys.version_info < (3, 11) or sys.implementation.name != "cpython":
    name = getattr(getattr(sys, "implementation", None), "name", "Python")
    name = {"cpython": "CPython", "pypy": "PyPy"}.get(name, name)
    sys.stderr.write("%s %d.%d.%d" % ((name,) + tuple(sys.version_info[:3])))
    sys.exit(71)
if "free-threading" in sys.version:
    sys.stderr.write("free-threaded CPython %d.%d.%d" % tuple(sys.version_info[:3]))
    sys.exit(71)


def load(path):
    # Frozen modules only: nothing on sys.path is consulted.
    import _frozen_importlib
    import _frozen_importlib_external

    loader = _frozen_importlib_external.ExtensionFileLoader("_capsule_worker", path)
    spec = _frozen_importlib.ModuleSpec("_capsule_worker", loader, origin=path)
    try:
        module = _frozen_importlib.module_from_spec(spec)
        loader.exec_module(module)
    except ImportError as error:
        sys.stderr.write(str(error))
        sys.exit(72)
    return module


serve = load(sys.argv[1]).serve

# Until here, nothing was imported from the current folder, which could hold anything. From here on it is as for `python -c`.
import os

if os.environ.get("PYTHONSAFEPATH") == "capsule":
    del os.environ["PYTHONSAFEPATH"]
    sys.path.insert(0, "")
serve(sys.argv[2])
