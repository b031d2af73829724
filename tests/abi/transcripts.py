#!/usr/bin/env python3
"""A page's consoles say what the commands say: transcripts.py PAGE.md BIN_FOLDER.

Files named at a block are written, and so are those that the page shows by `cat`; commands after `$ ` run in order in one folder, and what
each prints is compared with the page: numbers aside, but for exit statuses, and with anything for `…`.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.M | re.S)


def pattern_of(text):
    """The page's output as a regular expression."""
    text = re.sub(r"\d+(\.\d+)?", "0", text)
    text = re.sub(r" +", " ", text)
    return re.escape(text).replace("…", ".*")


def plain(text):
    return re.sub(r" +", " ", re.sub(r"\d+(\.\d+)?", "0", text))


class Console:
    """One folder, and the exit status of the last command for the next one's `$?`."""

    def __init__(self, folder, binaries):
        self.folder = pathlib.Path(folder)
        self.environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
        self.status = 0

    def run(self, command):
        done = subprocess.run(
            f"(exit {self.status})\n{command}", shell=True, cwd=self.folder, env=self.environment, text=True, timeout=100,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        self.status = done.returncode
        return done.stdout

    def write(self, name, content):
        (self.folder / name).write_text(content)

    def shows_new_file(self, command):
        return command.startswith("cat ") and not (self.folder / command[4:]).exists()


def check(page, binaries):
    commands = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        console = Console(folder, binaries)
        for language, name, content in BLOCK.findall(page):
            if language != "console":
                if name:
                    console.write(name, content)
                continue
            for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", content, re.M):
                if console.shows_new_file(command):
                    console.write(command[4:], expected)
                commands += 1
                printed = console.run(command)
                exactly = command == "echo $?"
                if printed != expected if exactly else not re.fullmatch(pattern_of(expected), plain(printed), re.S):
                    wrong += 1
                    print(f"$ {command}\nprints:\n{printed}and the page has:\n{expected}")
    print(f"{commands} commands, {wrong} of them print something else")
    return wrong == 0 and commands > 0


def main():
    page, binaries = sys.argv[1:]
    sys.exit(not check(pathlib.Path(page).read_text(), pathlib.Path(binaries).resolve()))


main()
