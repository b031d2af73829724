# Runs once in a warm session, behind imports and warm-up: `sys.modules["_capsule_pool"].clear()` then unbinds what was bound since, and
# binds as it was what the warm-up bound.


def _capsule_pool(names):
    import sys

    history = ("In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh")
    results = names["Out"]
    del names["_capsule_pool"]
    kept = {name: value for name, value in names.items() if name not in history}

    def clear():
        for name in [name for name in names if name not in kept and name not in history]:
            del names[name]
        for name in ("_", "__", "___"):  # unbound, they are the history's again
            names.pop(name, None)
        results.clear()
        names.update(kept)

    module = type(sys)("_capsule_pool")
    module.clear = clear
    sys.modules["_capsule_pool"] = module


_capsule_pool(globals())
