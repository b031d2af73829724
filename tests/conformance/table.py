#!/usr/bin/env python3
"""Prints scenarios by bindings: table.py SCENARIO_FOLDER OUTCOME_FOLDER PLAYERS; scenarios/README.md says what is in the second.

PLAYERS is a file with a line for each player that was built, by the name of its outcomes. What no player told, or told otherwise than as
`ok`, is listed behind the table, and the exit status is 1 then.
"""

import json
import pathlib
import sys

# The worst of several runs counts.
ORDER = ["ok", "-", "?", "failed"]
# The one player that leaves scenarios out: it runs where there is no Python, and plays all that need none.
WITHOUT_PYTHON = "echo"


def needs_python(scenario):
    return scenario.get("session", {}).get("executor", "python") != "echo"


def outcome_of(told):
    # A player may say why it failed.
    return told if told in ORDER else "failed"


def complaints(scenarios, players, outcomes):
    """Sentences: scenarios by their names, names of players, and what each that told something told of the scenarios."""
    for player in sorted(set(outcomes) - set(players)):
        yield f"{player} has told something, and is no player that was built"
    for player in players:
        if player not in outcomes:
            yield f"{player} was built, and has told nothing"
            continue
        told = outcomes[player]
        yield from (f"{player} tells of {name}, which is no scenario" for name in sorted(set(told) - set(scenarios)))
        for name, scenario in scenarios.items():
            outcome = outcome_of(told.get(name, "?"))
            if outcome == "?":
                yield f"{player} has not told of {name}"
            elif outcome == "failed":
                yield f"{player} failed in {name}"
            elif outcome == "-" and not (player == WITHOUT_PYTHON and needs_python(scenario)):
                yield f"{player} did not play {name}"
    if not scenarios or not players:
        yield "there are no scenarios, or no players"


def show(scenarios, players, outcomes):
    """A column a binding, of all its runs."""
    columns = {}
    for player in sorted(set(players) | set(outcomes)):
        column = columns.setdefault(player.split("@")[0], dict.fromkeys(scenarios, "ok"))
        for name in scenarios:
            column[name] = max(column[name], outcome_of(outcomes.get(player, {}).get(name, "?")), key=ORDER.index)
    width = max(map(len, ["scenario", *scenarios]))
    print("scenario".ljust(width), *(binding.rjust(7) for binding in columns))
    for name in scenarios:
        print(name.ljust(width), *(column[name].rjust(max(7, len(binding))) for binding, column in columns.items()))
    counts = (str(list(column.values()).count("ok")).rjust(max(7, len(binding))) for binding, column in columns.items())
    print(f"ok, of {len(scenarios)}".ljust(width), *counts)


def read_all(folder):
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(pathlib.Path(folder).glob("*.json"))}


def main(scenario_folder, outcome_folder, players_file):
    scenarios, outcomes = read_all(scenario_folder), read_all(outcome_folder)
    players = pathlib.Path(players_file).read_text(encoding="utf-8").split()
    show(scenarios, players, outcomes)
    found = list(complaints(scenarios, players, outcomes))
    for sentence in found:
        print(f"not as it should be: {sentence}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
