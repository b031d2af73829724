#!/usr/bin/env python3
"""Packs the binding as NuGet has it: assemblies, the library with all that it links, and its workers, in one .nupkg.

Usage: pack.py OUTPUT LIB ASSEMBLY...
LIB is the folder of libcapsule.so.0 and `capsule/`; an ASSEMBLY is FRAMEWORK=FOLDER, the folder of Capsule.dll for net472, which Mono
takes, or for netstandard2.1.
"""

import pathlib
import platform
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "bindings"))

from bundle import LIBRARY, notices, shipped, write_archive

NATIVE = {"x86_64": "runtimes/linux-x64/native", "aarch64": "runtimes/linux-arm64/native"}[platform.machine()]
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
{parts}</Types>
"""
PART = '  <Override PartName="/{name}" ContentType="application/octet" />\n'


def main():
    output, lib, assemblies = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), [text.split("=", 1) for text in sys.argv[3:]]
    raw = (ROOT / "bindings/csharp/Capsule/Raw.Generated.cs").read_text(encoding="utf-8")
    version = re.search(r'const string Version = "([^"]+)"', raw).group(1)
    files = {"LICENSE": (ROOT / "LICENSE").read_bytes(), "README.md": (ROOT / "bindings/csharp/README.md").read_bytes()}
    for framework, folder in assemblies:
        for name in ("Capsule.dll", "Capsule.xml"):
            files[f"lib/{framework}/{name}"] = pathlib.Path(folder, name).read_bytes()
    files |= {f"{NATIVE}/{name}": data for name, data in shipped(lib)}
    files |= {f"licenses/{package}/copyright": text for package, text in notices(lib / LIBRARY)}
    groups = "".join(f'<group targetFramework="{framework}" />' for framework, _ in assemblies)
    about = {
        "[Content_Types].xml": TYPES.format(parts="".join(PART.format(name=name) for name in files)).encode(),
        "_rels/.rels": RELATIONS.encode(),
        "Libcapsule.nuspec": NUSPEC.format(version=version, groups=groups).encode(),
    }
    output.mkdir(parents=True, exist_ok=True)
    package = output / f"Libcapsule.{version}.nupkg"
    write_archive(package, about | files)
    print(package)


if __name__ == "__main__":
    main()
