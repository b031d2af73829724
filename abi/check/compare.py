"""Today's api.json against a baseline's: what was there must be there still, in its place and of its type. More is fine."""


def compare(old, new):
    """Sentences, one for each break."""
    found = []
    by_name(old, new, "functions", function, found)
    by_name(old, new, "structs", struct_check(old), found)
    by_name(old, new, "callbacks", function, found)
    by_name(old, new, "enums", enum, found)
    by_name(old, new, "aliases", lambda name, was, is_, out: same(name, was, is_, ["type"], out), found)
    for kind in ("constants", "macros"):
        # A version is to change.
        by_name(old, new, kind, lambda name, was, is_, out: "VERSION" in name or same(name, was, is_, ["value"], out), found)
    for kind in ("handles", "storages"):
        by_name(old, new, kind, lambda name, was, is_, out: same(name, was, is_, ["release"], out), found)
    return found


def by_name(old, new, kind, check, found):
    """Runs `check` on each pair of that kind, and tells of what is gone."""
    today = {entry["name"]: entry for entry in new[kind]}
    if not old[kind] and kind in ("functions", "structs", "enums"):
        found.append(f"the baseline has no {kind}: the check cannot run")
    for was in old[kind]:
        name = was["name"]
        if name not in today:
            found.append(f"{name} ({kind}) is gone")
        else:
            check(name, was, today[name], found)


def same(name, was, is_, keys, found):
    for key in keys:
        if was.get(key) != is_.get(key):
            found.append(f"{name}: {key} was {was.get(key)}, and is {is_.get(key)}")


def shape(value):
    """What of a parameter or result makes its ABI, and what a binding made of it."""
    type_ = {key: value["type"].get(key) for key in ("name", "of", "pointer", "const", "array")}
    return type_, value.get("direction")


def function(name, was, is_, found):
    before, after = [shape(value) for value in was["params"]], [shape(value) for value in is_["params"]]
    if before != after:
        found.append(f"{name}: its parameters were ({signature(was)}), and are ({signature(is_)})")
    if shape(was["returns"]) != shape(is_["returns"]):
        found.append(f"{name}: it returned {was['returns']['type']['c']}, and returns {is_['returns']['type']['c']}")
    same(name, was, is_, ["introduced"], found)
    if was.get("deprecated") and not is_.get("deprecated"):
        found.append(f"{name}: it was deprecated, and is no more")
    # What the caller ends, and how, is part of the contract; so is NULL where it was allowed.
    for earlier, later in zip(was["params"], is_["params"]):
        for key in ("ownership", "release"):
            if earlier.get(key) != later.get(key):
                found.append(f"{name}: {key} of '{earlier['name']}' was {earlier.get(key)}, and is {later.get(key)}")
        if earlier.get("nullable") and not later.get("nullable"):
            found.append(f"{name}: '{earlier['name']}' was nullable, and is not")


def signature(entry):
    return ", ".join(f"{value['type']['c']} {value['name']}" for value in entry["params"])


def is_strided(model, struct):
    """Whether it comes in arrays whose step the library tells."""
    fields = (field for entry in model["structs"] for field in entry["fields"])
    return any("stride" in field and field["type"]["name"] == struct["name"] for field in fields)


def may_grow(model, struct):
    """Structs that begin with their size, or come in arrays with a stride, may grow at the end; others may not."""
    return struct["extensible"] or is_strided(model, struct)


def struct_check(old):
    def check(name, was, is_, found):
        same(name, was, is_, ["align", "extensible", "init", "release"], found)
        if not may_grow(old, was) and was["size"] != is_["size"]:
            found.append(f"{name}: it may not grow, and its size was {was['size']}, and is {is_['size']}")
        if is_["size"] < was["size"]:
            found.append(f"{name}: its size was {was['size']}, and is {is_['size']}")
        for place, before in enumerate(was["fields"]):
            after = is_["fields"][place] if place < len(is_["fields"]) else None
            if after is None or after["name"] != before["name"]:
                found.append(f"{name}.{before['name']}: not in its place {place + 1} any more")
                continue
            # A comment that names the enumeration, where none did, says more of the same integer.
            keys = ["offset", "size", "length"] + (["enum"] if before.get("enum") else [])
            same(f"{name}.{before['name']}", before, after, keys, found)
            if shape(before) != shape(after):
                found.append(f"{name}.{before['name']}: it was {before['type']['c']}, and is {after['type']['c']}")
        for after in is_["fields"][len(was["fields"]):]:
            if not is_strided(old, was) and after["offset"] < was["size"]:
                found.append(f"{name}.{after['name']}: it lies in what were {was['size']} bytes: an older caller left it unset")

    return check


def enum(name, was, is_, found):
    same(name, was, is_, ["flags"], found)
    values = {entry["name"]: entry["value"] for entry in is_["values"]}
    for entry in was["values"]:
        if entry["name"] not in values:
            found.append(f"{entry['name']} is gone")
        elif values[entry["name"]] != entry["value"]:
            found.append(f"{entry['name']} was {entry['value']}, and is {values[entry['name']]}")
    used = {entry["value"] for entry in was["values"]}
    names = {entry["name"] for entry in was["values"]}
    for entry in is_["values"]:
        if entry["value"] in used and entry["name"] not in names:
            found.append(f"{entry['name']} uses the value {entry['value']} of another")
