"""The table of scenarios fails where a player did not tell of all of them that all went well."""

import contextlib
import io
import json
import pathlib
import tempfile
import unittest

import table

SCENARIOS = {"hello": {"steps": []}, "echoed": {"session": {"executor": "echo"}, "steps": []}}
WELL = {"hello": "ok", "echoed": "ok"}
ALL = {"go": WELL, "c@3.11": WELL, "c@3.13": WELL, "echo": {"hello": "-", "echoed": "ok"}}


def printed(outcomes, players=tuple(ALL), scenarios=None):
    """The exit status, and what was printed."""
    with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(io.StringIO()) as output:
        root = pathlib.Path(name)
        for folder, files in (("scenarios", SCENARIOS if scenarios is None else scenarios), ("outcomes", outcomes)):
            (root / folder).mkdir()
            for stem, content in files.items():
                (root / folder / f"{stem}.json").write_text(json.dumps(content))
        (root / "players").write_text("\n".join(players) + "\n")
        return table.main(root / "scenarios", root / "outcomes", root / "players"), output.getvalue()


class Table(unittest.TestCase):
    def complains(self, sentence, outcomes, **given):
        status, output = printed(outcomes, **given)
        self.assertEqual(status, 1, output)
        self.assertEqual([line for line in output.splitlines() if "should be" in line], [f"not as it should be: {sentence}"])

    def test_all_played_well(self):
        status, output = printed(ALL)
        self.assertEqual(status, 0, output)
        self.assertEqual(
            [line.split() for line in output.splitlines()],
            [["scenario", "c", "echo", "go"], ["echoed", "ok", "ok", "ok"], ["hello", "ok", "-", "ok"], ["ok,", "of", "2", "2", "1", "2"]])  # fmt: skip

    def test_a_player_that_told_nothing(self):
        self.complains("go was built, and has told nothing", {name: told for name, told in ALL.items() if name != "go"})
        # Also where another run of the binding told of all.
        self.complains("c@3.13 was built, and has told nothing", {name: told for name, told in ALL.items() if name != "c@3.13"})

    def test_a_scenario_that_was_not_told_of(self):
        self.complains("go has not told of hello", {**ALL, "go": {"echoed": "ok"}})

    def test_a_scenario_that_failed(self):
        self.complains("c@3.11 failed in hello", {**ALL, "c@3.11": {**WELL, "hello": "failed"}})
        self.complains("c@3.11 failed in hello", {**ALL, "c@3.11": {**WELL, "hello": "step 1: it printed 7"}})

    def test_a_scenario_that_was_left_out(self):
        self.complains("go did not play hello", {**ALL, "go": {**WELL, "hello": "-"}})
        self.complains("echo did not play echoed", {**ALL, "echo": {"hello": "-", "echoed": "-"}})

    def test_what_nobody_knows(self):
        self.complains("go tells of bye, which is no scenario", {**ALL, "go": {**WELL, "bye": "ok"}})
        self.complains("perl has told something, and is no player that was built", {**ALL, "perl": WELL})

    def test_nothing_at_all(self):
        self.complains("there are no scenarios, or no players", {}, players=(), scenarios={})


if __name__ == "__main__":
    unittest.main()
