"""What libabigail and the linker say: a library against a baseline's description, an old client with today's library."""

import os
import pathlib
import re
import shutil
import subprocess

from check.compare import may_grow


class CannotRun(Exception):
    """A check lacks what it needs; the message says what."""


def run(command, **options):
    """The finished process; a tool that is not there is a check that cannot run."""
    if shutil.which(command[0]) is None:
        raise CannotRun(f"'{command[0]}' is missing")
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def must(command, **options):
    done = run(command, **options)
    if done.returncode != 0:
        raise CannotRun(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done


def exported(library):
    """The soname of a library, and the pairs of function and version that it exports."""
    if not pathlib.Path(library).is_file():
        raise CannotRun(f"there is no {library}")
    soname = re.search(r"\(SONAME\).*\[(.+)\]", must(["readelf", "-d", str(library)]).stdout)
    found = re.findall(r" T (\w+)@@(\w+)$", must(["nm", "-D", "--defined-only", str(library)]).stdout, re.M)
    if not soname or not found:
        raise CannotRun(f"{library} has no soname, or exports nothing")
    return soname.group(1), sorted(set(found))


def describe(symbols_of, model, include, work, compiler, output):
    """Writes what libabigail reads of the declarations in `include`: of a library of that shape, without code, with these symbols.

    Of the library itself it would read half a minute's worth of C++ that nobody outside sees; the compiler has compared its functions
    with the same declarations.
    """
    lines = ["#include <capsule/capsule.h>"]
    for function in model["functions"]:
        params = ", ".join(f"{value['type']['c']} {value['name']}" for value in function["params"])
        lines.append(f"{function['returns']['type']['c']} {function['name']}({params or 'void'}) {{ __builtin_trap(); }}")
    library = link(symbols_of, "\n".join(lines) + "\n", work, [compiler, "-g", f"-I{include}"])
    must([
        "abidw", "--headers-dir", str(include / "capsule"), "--drop-private-types", "--no-corpus-path", "--no-comp-dir-path",
        "--no-show-locs", "--type-id-style", "hash", "--out-file", str(output), str(library),
    ])
    if "capsule_text" not in output.read_text(encoding="utf-8"):
        raise CannotRun(f"libabigail finds no types in {library}")
    return library


def link(symbols_of, source, work, compiler):
    """A library of that source with that soname and those versions."""
    soname, pairs = symbols_of
    work.mkdir(exist_ok=True)
    code, script, library = work / "library.c", work / "library.map", work / soname
    code.write_text(source, encoding="utf-8")
    script.write_text("".join(
        version + " {\n  global:\n" + "".join(f"    {name};\n" for name, of in pairs if of == version) + "};\n"
        for version in sorted({version for _, version in pairs})
    ), encoding="utf-8")
    must([*compiler, "-shared", "-nostdlib", "-fPIC", f"-Wl,-soname,{soname}", f"-Wl,--version-script={script}",
          "-o", str(library), str(code)])
    return library


def missing(then, now):
    """Sentences on symbols that are not what they were: pairs of soname and exported functions."""
    found = [] if then[0] == now[0] else [f"the soname was {then[0]}, and is {now[0]}"]
    return found + [f"the library does not export {name} of {version} any more" for name, version in then[1] if (name, version) not in now[1]]


def grown(old, new):
    """The suppressions of libabigail for the structs that have grown, by api.json of then and of today: fields appended at the end.

    Only for them: a suppression hides more than it says, as fields that change places. compare.py sees what else became of those.
    """
    sizes = {entry["name"]: entry["size"] for entry in new["structs"]}
    names = [entry["name"] for entry in old["structs"] if sizes.get(entry["name"], 0) > entry["size"] and may_grow(old, entry)]
    rule = "[suppress_type]\n  name = {}\n  type_kind = struct\n  has_data_member_inserted_at = end\n"
    return "\n".join(rule.format(name) for name in names)


def differ(old, new, old_model, new_model, work):
    """Sentences on how the description `new` breaks what `old` has; more of both is fine."""
    rules = work / "grown.abignore"
    rules.write_text(grown(old_model, new_model), encoding="utf-8")
    done = run(["abidiff", "--no-added-syms", "--suppressions", str(rules), str(old), str(new)])
    # Bits: 1 it failed, 2 it was used wrongly, 4 something changed, 8 and that is incompatible for sure.
    if done.returncode & 3 or done.returncode > 15 or done.returncode < 0:
        raise CannotRun(f"abidiff failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return [done.stdout.strip()] if done.returncode else []


def symbols(description):
    """The soname and the pairs of symbol and version that a description has."""
    text = description.read_text(encoding="utf-8")
    soname = re.search(r"\bsoname='([^']+)'", text)
    found = re.findall(r"<elf-symbol name='(\w+)' version='(\w+)'", text)
    if not soname or not found:
        raise CannotRun(f"{description} names no soname or no symbols")
    return soname.group(1), sorted(set(found))


def build_client(baseline, work, compiler):
    """The baseline's client, against its headers and its symbols."""
    client = work / "client"
    then = symbols(baseline / "libcapsule.abi")
    library = link(then, "".join(f"void {name}(void);\nvoid {name}(void) {{}}\n" for name, _ in then[1]), work / "then", [compiler])
    must([compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{baseline / 'include'}", "-o", str(client),
          str(baseline / "client.c"), str(library)])
    return client


def run_client(client, library, arguments):
    """Runs it with that library, all of whose symbols it needs at once. Sentences on what failed, and what it printed."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(library.resolve().parent), "LD_BIND_NOW": "1"}
    done = run([str(client), *arguments], env=environment, timeout=110)
    if done.returncode == 0:
        return [], done.stdout
    return [(done.stdout + done.stderr).strip() or f"it ended with {done.returncode}"], ""
