#!/usr/bin/env python3
"""Packs the binding as NuGet has it: assemblies, the library and its workers, in one .nupkg.

Usage: pack.py OUTPUT LIB ASSEMBLY...
LIB is the folder of libcapsule.so.0 and `capsule/`; an ASSEMBLY is FRAMEWORK=FOLDER, the folder of Capsule.dll for net472 or netcoreapp3.1.
"""

import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
RID = {"x86_64": "linux-x64", "aarch64": "linux-arm64"}[platform.machine()]
# The same bytes from the same input.
DATE = (1980, 1, 1, 0, 0, 0)

NUSPEC = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
  <metadata>
    <id>Libcapsule</id>
    <version>{version}</version>
    <authors>libcapsule</authors>
    <license type="file">LICENSE</license>
    <readme>README.md</readme>
    <description>Runs Python in supervised worker processes.</description>
    <dependencies>{groups}</dependencies>
  </metadata>
</package>
"""
RELATIONS = """<?xml version="1.0" encoding="utf-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
  <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/Libcapsule.nuspec" Id="R1" />
</Relationships>
"""
TYPES = """<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
  <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml" />
  <Default Extension="nuspec" ContentType="application/octet" />
  <Default Extension="dll" ContentType="application/octet" />
  <Default Extension="xml" ContentType="application/octet" />
  <Default Extension="md" ContentType="application/octet" />
  <Default Extension="so" ContentType="application/octet" />
  <Default Extension="0" ContentType="application/octet" />
  <Override PartName="/LICENSE" ContentType="application/octet" />
  <Override PartName="/runtimes/{rid}/native/capsule/capsule-echo-worker" ContentType="application/octet" />
</Types>
"""


def stripped(path):
    """The bytes of a library or program without its debug information: a twentieth of them."""
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["strip", "--strip-debug", "-o", file.name, str(path)], check=True)
        return pathlib.Path(file.name).read_bytes()


def main():
    output, lib, assemblies = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), [text.split("=", 1) for text in sys.argv[3:]]
    raw = (ROOT / "bindings/csharp/Capsule/Raw.Generated.cs").read_text(encoding="utf-8")
    version = re.search(r'const string Version = "([^"]+)"', raw).group(1)
    groups = "".join(f'<group targetFramework="{framework}" />' for framework, _ in assemblies)
    native = f"runtimes/{RID}/native"
    files = {
        "LICENSE": ROOT / "LICENSE",
        "README.md": ROOT / "bindings/csharp/README.md",
        f"{native}/libcapsule.so.0": lib / "libcapsule.so.0",
        f"{native}/capsule/_capsule_worker.abi3.so": lib / "capsule/_capsule_worker.abi3.so",
        f"{native}/capsule/capsule-echo-worker": lib / "capsule/capsule-echo-worker",
    }
    for framework, folder in assemblies:
        files[f"lib/{framework}/Capsule.dll"] = pathlib.Path(folder) / "Capsule.dll"
        files[f"lib/{framework}/Capsule.xml"] = pathlib.Path(folder) / "Capsule.xml"
    output.mkdir(parents=True, exist_ok=True)
    package = output / f"Libcapsule.{version}.nupkg"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:

        def add(name, data, mode=0o644):
            entry = zipfile.ZipInfo(name, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = mode << 16
            archive.writestr(entry, data)

        add("[Content_Types].xml", TYPES.format(rid=RID))
        add("_rels/.rels", RELATIONS)
        add("Libcapsule.nuspec", NUSPEC.format(version=version, groups=groups))
        for name, path in files.items():
            data = stripped(path) if name.startswith("runtimes/") else path.read_bytes()
            add(name, data, 0o755 if path.name == "capsule-echo-worker" else 0o644)
    print(package)


if __name__ == "__main__":
    main()
