"""Plays scenarios by `capsule run --json`. What that has no way to ask for, or does not tell, makes a scenario one that it cannot play:
sessions besides the one, and what is done between executions."""

import json
import signal
import subprocess

from told import CannotPlay, Mismatch, check, check_is, printed, source_of

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
        arguments += ["-c", source_of(step)]
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
        # It does not tell of the start.
        check([{"event": "started"}, *own], step["expect"])


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
