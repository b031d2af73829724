#!/usr/bin/env python3
"""Plays the scenarios by the command: command.py CAPSULE_COMMAND SCENARIO_FOLDER OUTCOME_FILE.

What `capsule run --json` has no way to ask for, or does not tell, makes a scenario one that it cannot play (`-`): sessions besides the
one, options that are none of the command's, and what ends well but for its value and output.
"""

import json
import pathlib
import signal
import subprocess
import sys

STEP_KEYS = {"execute", "expect", "inputs", "timeout_ms", "cancel_after", "restart"}
PATIENCE_S = 60


class CannotPlay(Exception):
    """The command has no such thing."""


class Mismatch(Exception):
    """It is not as the scenario has it."""


def of_kind(events, kind):
    return [event for event in events if event["event"] == kind]


def printed(events, *streams):
    return "".join(event["text"] for event in of_kind(events, "output") if event["stream"] in streams)


def story(events):
    """With the `started` that the command does not tell of."""
    kinds = ["started"]
    for event in events:
        if event["event"] != "output" or kinds[-1] != "output":
            kinds.append(event["event"])
    return " ".join(kinds)


def told(end, name):
    if name not in end:
        raise CannotPlay(f"{name} is not told of a {end['event']}")
    return end[name]


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
    "prompts": lambda events: [event["prompt"] for event in of_kind(events, "input")],
    "repr": lambda events: told(events[-1], "repr"),
    "type": lambda events: events[-1]["type"],
    "json": lambda events: told(events[-1], "json"),
    "repr_size_bytes": lambda events: events[-1].get("repr_size_bytes", len((told(events[-1], "repr") or "").encode())),
    "error_type": lambda events: events[-1]["type"],
    "message": lambda events: told(events[-1], "message"),
    "cancel_phase": lambda events: told(events[-1], "cancel_phase"),
    "death_reason": lambda events: told(events[-1], "death_reason"),
    "exit_code": lambda events: told(events[-1], "exit_code"),
    "signal_number": lambda events: told(events[-1], "signal"),
    "state": lambda events: told(events[-1], "state"),
}
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


def executions(scenario):
    """The steps that execute; CannotPlay where the command could not do what the scenario does."""
    if scenario.keys() - {"name", "session", "steps"} or scenario.get("session", {}).keys() - {"environment"}:
        raise CannotPlay("it has options that the command has not")
    steps, died = [], False
    for step in scenario["steps"]:
        if step.keys() - STEP_KEYS:
            raise CannotPlay(f"a step has {sorted(step.keys() - STEP_KEYS)}")
        if "restart" in step and not died:
            raise CannotPlay("the command restarts the dead alone")
        if "execute" in step:
            if "expect" not in step:
                raise CannotPlay("the command takes what it is given")
            steps.append(step)
            died = step["expect"].get("outcome") == "died" or step["expect"].get("state") == "lost"
    if len({step.get("timeout_ms", 0) for step in steps}) > 1:
        raise CannotPlay("the timeout is the same for all")
    if any("cancel_after" in step for step in steps[:-1]):
        raise CannotPlay("Ctrl-C ends the command")
    if None in [line for step in steps for line in step.get("inputs", [])][:-1]:
        raise CannotPlay("what is declined first ends standard input")
    return steps


def play(command, scenario):
    steps = executions(scenario)
    lines = [line for step in steps for line in step.get("inputs", [])]
    arguments = [command, "run", "--json", "--timeout-ms", str(steps[0].get("timeout_ms", 0))]
    for step in steps:
        source = step["execute"]
        arguments += ["-c", source if isinstance(source, str) else "\n".join(source)]
    environment = scenario.get("session", {}).get("environment", [])
    with subprocess.Popen(["env", *environment, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for line in lines:
            if line is not None:
                process.stdin.write(line + "\n")
        process.stdin.close()
        events = read(process, steps[-1].get("cancel_after"))
    for number, step in enumerate(steps, start=1):
        own = [event for event in events if event["execution"] == number]
        if not own:
            raise Mismatch(f"execution {number} made no event")
        check(own, step["expect"])


def read(process, mark):
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if mark is not None and mark in printed(events, "stdout", "stderr"):
            process.send_signal(signal.SIGINT)
            mark = None
    return events


def outcome(command, file):
    try:
        play(command, json.loads(file.read_text(encoding="utf-8")))
    except CannotPlay:
        return "-"
    except Mismatch as mismatch:
        print(f"{file.stem}: {mismatch}")
        return "failed"
    return "ok"


def main():
    command, folder, written = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    signal.alarm(4 * PATIENCE_S)
    outcomes = {file.stem: outcome(command, file) for file in sorted(folder.glob("*.json"))}
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(json.dumps(outcomes, indent=1) + "\n")
    found = list(outcomes.values())
    print(f"{found.count('ok')} played, {found.count('-')} that the command cannot play, {found.count('failed')} failed")
    return 1 if "failed" in found or found.count("ok") < 40 else 0


sys.exit(main())
