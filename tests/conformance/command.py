#!/usr/bin/env python3
"""Plays the scenarios by the command: command.py CAPSULE_COMMAND SCENARIO_FOLDER OUTCOME_FILE.

What `capsule run --json` has no way to ask for, or does not tell, makes a scenario one that it cannot play (`-`): sessions besides the
one, and what is done between executions.
"""

import itertools
import json
import pathlib
import signal
import subprocess
import sys

STEP_KEYS = {"execute", "expect", "inputs", "unanswered", "cancel_after", "grace_ms", "restart", "metrics", "fields"}
# Their names in the headers, and what they are where a step does not say.
EXECUTION_OPTIONS = {
    "timeout_ms": ("timeout_ms", 0), "file_name": ("file_name", ""), "traceparent": ("traceparent", ""),
    "tracestate": ("tracestate", ""), "transaction": ("transaction", "commit"), "scope": ("transaction_scope", "memory"),
}  # fmt: skip
SESSION_OPTIONS = {
    "cancel_grace_ms", "coalesce_carriage_returns", "display_limit_bytes", "enable_metrics", "executor", "input_timeout_ms",
    "output_budget_bytes", "progress_rate_per_s", "rate_limit_burst", "rate_limit_per_s", "restart_policy",
}  # fmt: skip
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


def stdout_size(events):
    text = printed(events, "stdout")
    if "\ufffd" in text:
        raise CannotPlay("the command's lines are text")
    counted = len(text.encode())
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
    "code_class": lambda events: told(events[-1], "code_class"),
    "effects": lambda events: told(events[-1], "effects"),
    "left_out_bytes": lambda events: told(events[-1], "left_out_bytes"),
    "left_out_lines": lambda events: told(events[-1], "left_out_lines"),
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
    session = scenario.get("session", {})
    if scenario.keys() - {"name", "session", "steps"} or session.keys() - SESSION_OPTIONS - {"environment"}:
        raise CannotPlay("it has options that the command has not")
    if session.get("restart_policy", "manual") not in ("manual", "fresh"):
        raise CannotPlay("the command takes no snapshots")
    steps, died = [], False
    for step in scenario["steps"]:
        if step.keys() - STEP_KEYS - EXECUTION_OPTIONS.keys():
            raise CannotPlay(f"a step has {sorted(step.keys() - STEP_KEYS - EXECUTION_OPTIONS.keys())}")
        if "metrics" in step and (step["metrics"] != "session" or step is not scenario["steps"][-1]):
            raise CannotPlay("the command tells of the session at its end alone")
        if "restart" in step and not died:
            raise CannotPlay("the command restarts the dead alone")
        if "execute" in step:
            if "expect" not in step:
                raise CannotPlay("the command takes what it is given")
            steps.append(step)
            died = step["expect"].get("outcome") == "died" or step["expect"].get("state") == "lost"
    if any("cancel_after" in step for step in steps[:-1]):
        raise CannotPlay("Ctrl-C ends the command")
    if None in [line for step in steps for line in step.get("inputs", [])][:-1]:
        raise CannotPlay("what is declined first ends standard input")
    return steps


def play(command, scenario):
    steps = executions(scenario)
    lines = [line for step in steps for line in step.get("inputs", [])]
    arguments = [command, "run", "--json", "--info"]
    for name, value in settings(scenario):
        arguments += ["--session", f"{name}={value}"]
    for step in steps:
        for name, (option, default) in EXECUTION_OPTIONS.items():
            arguments += ["--execution", f"{option}={step.get(name, default)}"]
        source = step["execute"]
        arguments += ["-c", source if isinstance(source, str) else "\n".join(source)]
    environment = scenario.get("session", {}).get("environment", [])
    with subprocess.Popen(["env", *environment, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for line in lines:
            if line is not None:
                process.stdin.write(line + "\n")
        if not any(step.keys() & {"unanswered", "cancel_after"} for step in steps):
            process.stdin.close()
        *events, info = read(process, steps[-1].get("cancel_after"))
    last = scenario["steps"][-1]
    for name in last["fields"] if "metrics" in last else []:
        check_is(name, info[name], last["fields"][name])
    for number, step in enumerate(steps, start=1):
        own = [event for event in events if event.get("execution") == number]
        if not own:
            raise Mismatch(f"execution {number} made no event")
        check(own, step["expect"])


def settings(scenario):
    """Pairs of what the session is opened with."""
    for name, value in scenario.get("session", {}).items():
        if name != "environment":
            yield name, value
    graces = {step["grace_ms"] for step in scenario["steps"] if "grace_ms" in step}
    yield from (("cancel_grace_ms", grace) for grace in graces if grace >= 0)


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
    return 1 if "failed" in found or found.count("ok") < 75 else 0


sys.exit(main())
