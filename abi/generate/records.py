"""What the structs are to bindings that have records of their own for them: Go and Rust."""

import re

# Structs that have a shape of their own there, or belong to callbacks, which these bindings leave to C.
BY_HAND = {
    "capsule_text", "capsule_error", "capsule_value", "capsule_name_list", "capsule_request", "capsule_attachment",
    "capsule_checkpoint_entries", "capsule_pool_sessions", "capsule_pool_imports", "capsule_frame",
    "capsule_interceptor_options", "capsule_interceptor_info", "capsule_promise_wish",
    "capsule_promise", "capsule_durable_options",
}

# Structs that go in, besides those that have an _init function.
ALSO_IN = {"capsule_input", "capsule_rule", "capsule_constraint", "capsule_trace_filter", "capsule_audit_check"}


def records(model):
    return [struct for struct in model["structs"] if struct["name"] not in BY_HAND]


def goes_in(struct):
    """Whether the caller fills it, and not the library."""
    return struct["init"] is not None or struct["name"] in ALSO_IN


def fields_of(struct):
    """Those that a caller sees."""
    return [field for field in struct["fields"]
            if field["name"] not in ("struct_size", "session_size", "import_size") and not field["name"].startswith("reserved")
            and field["kind"] not in ("storage", "length", "callback", "user_data")]


def is_inline(field):
    """A struct within the struct: a record within the record."""
    return field["kind"] == "struct" and field["type"]["pointer"] == 0


def says_1_is_true(doc):
    """By the words of the comment: 1 when, 1 of, 1: …; but for one that goes on to a third value, as -1 for what is not known."""
    return re.match(r"(?:[A-Z][^:`]*: )?1(?: (?:when|while|where|once|of)\b|: )", doc) is not None and "-1" not in doc


def is_flag(field):
    """Whether the comment says that 1 stands for true."""
    return field["kind"] == "primitive" and says_1_is_true(field["doc"])


def has_plain_default(field):
    """Whether the default is a number, or a text that is not empty."""
    return field["kind"] in ("primitive", "enum") or field["kind"] == "text" and re.search(r"Default `|` \(default\)", field["doc"]) is not None


def may_be_absent(field):
    """Whether a text that comes out may be told from an empty one."""
    return field["kind"] == "text" and re.search(r"\babsent\b|`data` is NULL", field["doc"]) is not None


def name_function(enum, model):
    """The function that tells the name of a value, or None."""
    for function in model["functions"]:
        params = function["params"]
        if function["name"].endswith("_name") and len(params) == 1 and params[0].get("enum") == enum["name"]:
            return function
    return None
