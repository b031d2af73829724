"""The raw layer of the Python binding against api.json: every size and offset. Usage: layout.py REPOSITORY"""

import ctypes
import importlib.util
import json
import pathlib
import sys

root = pathlib.Path(sys.argv[1])
model = json.loads((root / "abi/api.json").read_text(encoding="utf-8"))
spec = importlib.util.spec_from_file_location("generated", root / "bindings/python/capsule/_generated.py")
raw = importlib.util.module_from_spec(spec)
sys.dont_write_bytecode = True
spec.loader.exec_module(raw)

checked = 0
for struct in model["structs"]:
    ours = getattr(raw, struct["name"])
    assert ctypes.sizeof(ours) == struct["size"], struct["name"]
    assert [name for name, *_ in ours._fields_] == [field["name"] for field in struct["fields"]], struct["name"]
    for field in struct["fields"]:
        descriptor = getattr(ours, field["name"])
        assert (descriptor.offset, descriptor.size) == (field["offset"], field["size"]), (struct["name"], field["name"])
        checked += 1
assert checked > 0, "api.json has no fields: the check cannot run"
print(f"{checked} fields lie where the headers have them")
