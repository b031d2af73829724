#!/usr/bin/env python3
"""Prints scenarios by bindings: table.py SCENARIO_FOLDER OUTCOME_FOLDER; scenarios/README.md says what is in the latter."""

import json
import pathlib
import sys

# The worst of several runs counts.
ORDER = ["ok", "-", "failed"]


def columns(folder):
    """Outcomes by binding and scenario."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        binding = found.setdefault(file.stem.split("@")[0], {})
        for scenario, told in json.loads(file.read_text()).items():
            # A player may say why it failed.
            outcome = told if told in ORDER else "failed"
            binding[scenario] = max(binding.get(scenario, "ok"), outcome, key=ORDER.index)
    return found


def main():
    scenarios = sorted(file.stem for file in pathlib.Path(sys.argv[1]).glob("*.json"))
    found = columns(pathlib.Path(sys.argv[2]))
    if not found:
        print("no player has written its outcomes")
        return
    width = max(map(len, scenarios))
    print("scenario".ljust(width), *(binding.rjust(7) for binding in found))
    for scenario in scenarios:
        print(scenario.ljust(width), *(found[binding].get(scenario, "?").rjust(max(7, len(binding))) for binding in found))
    counts = (f"{sum(outcome == 'ok' for outcome in outcomes.values())}".rjust(max(7, len(binding))) for binding, outcomes in found.items())
    print(f"ok, of {len(scenarios)}".ljust(width), *counts)


main()
