#!/usr/bin/env python3
"""Plays the scenarios by the command: command.py CAPSULE_COMMAND SCENARIO_FOLDER OUTCOME_FILE.

`capsule serve` plays all of them, `capsule run --json` those that it has a way to ask for; one that both play is as it should be when
it is by both.
"""

import json
import pathlib
import signal
import sys

import run_player
import serve_player
from serve_client import Client
from told import CannotPlay, Mismatch

PATIENCE_S = 60
# `serve` plays them all; fewer by `run`, and somebody has taken something from the command.
RUN_FLOOR = 80


def outcome(name, play):
    try:
        play()
    except CannotPlay:
        return "-"
    except Exception as failure:
        if not isinstance(failure, (Mismatch, serve_player.Refused, EOFError)):
            raise
        print(f"{name}: {failure}")
        return "failed"
    return "ok"


def both(outcomes):
    """Of one scenario."""
    found = set(outcomes) - {"-"}
    return "failed" if "failed" in found else "ok" if found else "-"


def main():
    command, folder, written = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    signal.alarm(4 * PATIENCE_S)
    client = Client(command)
    outcomes = {}
    for file in sorted(folder.glob("*.json")):
        scenario = json.loads(file.read_text(encoding="utf-8"))
        outcomes[file.stem] = {
            "serve": outcome(f"{file.stem} by serve", lambda: serve_player.play(client, scenario)),
            "run": outcome(f"{file.stem} by run", lambda: run_player.play(command, scenario)),
        }
    exit_status = client.close()
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(json.dumps({name: both(found.values()) for name, found in outcomes.items()}, indent=1) + "\n")
    counts = {way: [found[way] for found in outcomes.values()].count("ok") for way in ("serve", "run")}
    print(", ".join(f"{count} of {len(outcomes)} played by {way}" for way, count in counts.items()))
    failed = any("failed" in found.values() for found in outcomes.values())
    return 1 if failed or exit_status != 0 or counts["serve"] < len(outcomes) or counts["run"] < RUN_FLOOR else 0


sys.exit(main())
