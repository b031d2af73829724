"""Makes the wheel, with the library and its worker inside: `pip wheel bindings/python`, or `python wheel.py FOLDER`.

The library is taken from the build folder: `build/` of this repository, or the one that CAPSULE_BUILD_DIR names; what it links comes
along (../bundle.py). This is also the build backend of pyproject.toml: it needs nothing but Python and patchelf.
"""

import base64
import hashlib
import os
import pathlib
import sys
import sysconfig
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

from bundle import LIBRARY, notices, shipped, write_archive

BUILD = pathlib.Path(os.environ.get("CAPSULE_BUILD_DIR", HERE.parent.parent / "build"))
LIBRARY_IN_WHEEL = f"capsule/lib/{LIBRARY}"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return pack(pathlib.Path(wheel_directory), dict(package_files()) | {f"capsule/lib/{name}": data for name, data in shipped(BUILD / "lib")})


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """Python from here; the library as CAPSULE_LIBRARY says."""
    return pack(pathlib.Path(wheel_directory), {"capsule.pth": str(HERE).encode() + b"\n"})


def package_files():
    for path in sorted((HERE / "capsule").glob("*")):
        if path.suffix == ".py" or path.name == "py.typed":
            yield f"capsule/{path.name}", path.read_bytes()


def pack(folder, files):
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    name = f"{project['name']}-{project['version']}"
    tag = "py3-none-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")
    files[f"{name}.dist-info/METADATA"] = metadata(project).encode()
    files[f"{name}.dist-info/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: capsule\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
    if LIBRARY_IN_WHEEL in files:
        files |= {f"{name}.dist-info/licenses/{package}/copyright": text for package, text in notices(BUILD / "lib" / LIBRARY)}
    record = "".join(f"{path},sha256={digest(data)},{len(data)}\n" for path, data in files.items())
    files[f"{name}.dist-info/RECORD"] = f"{record}{name}.dist-info/RECORD,,\n".encode()
    wheel = f"{name}-{tag}.whl"
    write_archive(folder / wheel, files)
    return wheel


def metadata(project):
    lines = ["Metadata-Version: 2.4", f"Name: {project['name']}", f"Version: {project['version']}", f"Summary: {project['description']}",
             f"Requires-Python: {project['requires-python']}", f"License-Expression: {project['license']}"]
    lines += [f"Classifier: {classifier}" for classifier in project["classifiers"]]
    for extra, requirements in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {requirement}; extra == '{extra}'" for requirement in requirements]
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", (HERE / "README.md").read_text()])


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print(pathlib.Path(sys.argv[1]) / build_wheel(sys.argv[1]))
