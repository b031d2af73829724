"""What scenarios expect of an execution, compared with what the command told of it, by whichever of its ways: lists of events in the
form of `capsule run --json`, the `started` included, and of output the `bytes` where they are told.
"""

import itertools
import json


class CannotPlay(Exception):
    """The command has no such thing."""


class Mismatch(Exception):
    """It is not as the scenario has it."""


def of_kind(events, kind):
    return [event for event in events if event["event"] == kind]


def written(events, *streams):
    """The bytes."""
    return b"".join(bytes_of(event) for event in of_kind(events, "output") if event["stream"] in streams)


def bytes_of(output):
    if "bytes" not in output and "\ufffd" in output["text"]:
        raise CannotPlay("the command's lines are text")
    return output.get("bytes") or output["text"].encode()


def printed(events, *streams):
    return "".join(event["text"] for event in of_kind(events, "output") if event["stream"] in streams)


def story(events):
    kinds = []
    for event in events:
        if event["event"] != "output" or kinds[-1] != "output":
            kinds.append(event["event"])
    return " ".join(kinds)


def stdout_size(events):
    counted = len(written(events, "stdout"))
    check_is("stdout_bytes", told(events[-1], "stdout_bytes"), counted)
    return counted


def origins(events):
    return " ".join(name for name, _ in itertools.groupby(event["origin"] for event in of_kind(events, "output")))


def prompts(events, secret):
    return [event["prompt"] for event in of_kind(events, "input") if event["secret"] == secret]


def told(end, name):
    if name not in end:
        raise CannotPlay(f"{name} is not told of a {end['event']}")
    return end[name]


def end_is(name):
    return lambda events: told(events[-1], name)


# What the command tells of each expectation, from the events of one execution.
TOLD = {
    "outcome": lambda events: "ok" if events[-1]["event"] == "result" else events[-1]["outcome"],
    "stdout": lambda events: printed(events, "stdout"),
    "stderr": lambda events: printed(events, "stderr"),
    "output": lambda events: printed(events, "stdout", "stderr"),
    "text": lambda events: printed(events, "stdout", "stderr"),
    "events": story,
    "displays": lambda events: [event["parts"] for event in of_kind(events, "display")],
    "progress": lambda events: [[event["value"], event["total"], event["label"]] for event in of_kind(events, "progress")],
    "stdout_size": stdout_size,
    "origins": origins,
    "prompts": lambda events: prompts(events, False),
    "secret_prompts": lambda events: prompts(events, True),
    "input_promises": lambda events: [told(event, "input_promise") for event in of_kind(events, "input")],
    "type": lambda events: events[-1]["type"],
    "repr_size_bytes": lambda events: events[-1].get("repr_size_bytes", len((told(events[-1], "repr") or "").encode())),
    "error_type": lambda events: events[-1]["type"],
    "signal_number": end_is("signal"),
    **{name: end_is(name) for name in (
        "code_class", "effects", "left_out_bytes", "left_out_lines", "repr", "json", "message", "cancel_phase", "death_reason",
        "exit_code", "state", "value", "value_refused", "restored_checkpoint", "session_state")},
}  # fmt: skip
PARTS = {"message_contains": "message", "type_contains": "type", "traceback_contains": "traceback"}


def check(events, expected):
    for key, value in expected.items():
        if key == "json_absent":
            check_is(key, told(events[-1], "json"), None)
        elif key in PARTS:
            text = told(events[-1], PARTS[key]) or ""
            for part in value if isinstance(value, list) else [value]:
                if part not in text:
                    raise Mismatch(f"{PARTS[key]} is {text!r}, without {part!r}")
        elif key in TOLD:
            check_is(key, TOLD[key](events), value)
        else:
            raise CannotPlay(f"{key} is not told")


def check_is(what, actual, expected):
    # As JSON: 1 is neither true nor 1.0.
    if json.dumps(actual, sort_keys=True) != json.dumps(expected, sort_keys=True):
        raise Mismatch(f"{what} is {actual!r}, not {expected!r}")


def source_of(step):
    source = step["recorded"] if "recorded" in step else step["execute"]
    return source if isinstance(source, str) else "\n".join(source)
