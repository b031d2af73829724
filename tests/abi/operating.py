#!/usr/bin/env python3
"""The operator's guide says what the commands say: operating.py OPERATING.md BIN_FOLDER.

Files named at a block are written, commands after `$ ` run in order in one folder, and what each prints is compared with the page: numbers
aside, and with anything for `…`.
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


def run(command, folder, environment):
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, text=True, timeout=100, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.stdout


def check(page, binaries):
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    commands = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for language, name, content in BLOCK.findall(page):
            if language != "console":
                (pathlib.Path(folder) / name).write_text(content)
                continue
            for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", content, re.M):
                commands += 1
                printed = run(command, folder, environment)
                if not re.fullmatch(pattern_of(expected), plain(printed), re.S):
                    wrong += 1
                    print(f"$ {command}\nprints:\n{printed}and the page has:\n{expected}")
    print(f"{commands} commands, {wrong} of them print something else")
    return wrong == 0 and commands > 0


def main():
    page, binaries = sys.argv[1:]
    sys.exit(not check(pathlib.Path(page).read_text(), pathlib.Path(binaries).resolve()))


main()
