"""The examples, the types, and the wheel."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent
ROOT = HERE.parent.parent
QUICKSTART = "hello\n42\nhello Ada\nZeroDivisionError: division by zero\n"


def run(*command: str, **variables: str) -> str:
    environment = os.environ | variables
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_examples_run() -> None:
    assert run(sys.executable, str(HERE / "examples" / "quickstart.py")) == QUICKSTART
    assert run(sys.executable, str(HERE / "examples" / "serve.py")) == "8\n6\n8\n12\n"


@pytest.mark.parametrize("readme", [HERE / "README.md", ROOT / "README.md"], ids=["binding", "top"])
def test_the_readmes_have_the_example_as_it_is(readme: Path) -> None:
    assert (HERE / "examples" / "quickstart.py").read_text().strip() in readme.read_text()


def test_the_types_are_right() -> None:
    for of in (["capsule"], ["examples/quickstart.py", "examples/serve.py"]):
        cache = str(Path(os.environ["CAPSULE_TEST_BINARY_DIR"]) / "mypy")
        subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", cache, *of], cwd=HERE, check=True, timeout=300)


def test_the_wheel_brings_all_it_needs(tmp_path: Path) -> None:
    made = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(HERE)]
    run(sys.executable, *made, CAPSULE_BUILD_DIR=os.environ["CAPSULE_TEST_BINARY_DIR"])
    [wheel] = tmp_path.glob("*.whl")
    assert re.fullmatch(r"capsule-\d+\.\d+\.\d+-py3-none-linux_\w+\.whl", wheel.name)
    installed = tmp_path / "installed"
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--target", str(installed), str(wheel))
    environment = {name: value for name, value in os.environ.items() if name != "CAPSULE_LIBRARY"}
    code = f"import sys, runpy; sys.path.insert(0, {str(installed)!r}); import capsule; print(capsule.library_path)"
    code += f"; runpy.run_path({str(HERE / 'examples' / 'quickstart.py')!r})"
    done = subprocess.run([sys.executable, "-Ic", code], env=environment, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{installed}/capsule/lib/libcapsule.so.0\n{QUICKSTART}"
    # Nothing is taken from this machine but the runtime of C and C++, and that is not found by its plain name either.
    run(sys.executable, str(HERE.parent / "bundle.py"), str(installed))
