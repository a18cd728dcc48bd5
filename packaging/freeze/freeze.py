"""Freezes the program into a folder that needs no Python: build/installer/program/cloister.

Run by packaging/build.py with the Python of build/installer/venv, which has what the product needs
and PyInstaller, and nothing else (packaging/locks/installer.txt).

Rules kept here: the same checkout gives the same folder; what is not from a wheel is stripped of
what only debuggers read; the folder is proved before anything is made of it: no compiler, no
framework, no test in it, each library either there or the system's, none searched elsewhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import elf

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "installer"
APP = WORK / "program" / "Cloister.app" / "Contents"
PROGRAM = APP if sys.platform == "darwin" else WORK / "program" / "cloister"
RUNTIME = "libtvm_runtime.so"
WINDOW = "cloister-window"
"""What a person starts the window by; on Linux a link to the one program there is."""

SETTINGS = {"PYTHONHASHSEED": "0", "PYINSTALLER_ZLIB_COMPRESSION_LEVEL": "0"}
"""The same order each time; code as it is, for the packages are packed as a whole, and better."""
FORBIDDEN = (
    "tvm", "torch", "transformers", "triton", "pytest", "_pytest", "hypothesis", "tests", "pip",
    "setuptools", "PyInstaller", "libtvm_compiler.so", "libtvm.so", "libLLVM*", "nvcc",
    "libQt6Network*", "libQt6Qml*", "libQt6Quick*", "_ssl*", "libssl*",
)  # fmt: skip


def freeze() -> Path:
    """The finished folder. Raises CalledProcessError, SystemExit."""
    _run_pyinstaller()
    _sort_archive(inside() / "base_library.zip")
    _add_engine()
    _add_records()
    _add_python_licence()
    if sys.platform.startswith("linux"):
        (PROGRAM / WINDOW).symlink_to("cloister")
        _strip()
    require_clean(PROGRAM)
    return PROGRAM


def _run_pyinstaller() -> None:
    shutil.rmtree(PROGRAM.parent, ignore_errors=True)
    if sys.platform in ("win32", "darwin"):
        import icon  # beside this file

        icon.write(WORK, sys.platform)
    subprocess.run(
        [sys.executable, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "ERROR",
         "--distpath", str(PROGRAM.parent), "--workpath", str(WORK / "work"),
         str(ROOT / "packaging" / "freeze" / "cloister.spec")],
        check=True, cwd=ROOT, env={**os.environ, **SETTINGS},
    )  # fmt: skip


def _sort_archive(path: Path) -> None:
    """In the order of names: PyInstaller's own changes from run to run."""
    with zipfile.ZipFile(path) as archive:
        found = sorted((entry.filename, archive.read(entry)) for entry in archive.infolist())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in found:
            archive.writestr(zipfile.ZipInfo(name), content)  # 1980: the oldest that zip can say


def _add_engine() -> None:
    """The encoder's bundle and the kernels of chat models, beside the program. On macOS they are
    resources of the application, and links lead there: codesign(1) takes nothing else beside it."""
    for cache, name in (("encoder", "encoder"), ("chat-kernels", "chat")):
        folder = ROOT / ".cache" / cache
        current = (folder / "current").read_text("ascii").strip()
        if sys.platform == "darwin":
            shutil.copytree(folder / current, PROGRAM / "Resources" / name)
            (PROGRAM / "MacOS" / name).symlink_to(f"../Resources/{name}")
        else:
            shutil.copytree(folder / current, PROGRAM / name)
    if sys.platform.startswith("linux"):
        _once(PROGRAM / "encoder" / "runtime" / RUNTIME, PROGRAM / "chat" / RUNTIME)


def _once(first: Path, second: Path) -> None:
    """What both bundles bring is there once, under two names."""
    if first.read_bytes() == second.read_bytes():
        second.unlink()
        second.hardlink_to(first)


def inside() -> Path:
    """Where PyInstaller puts what is not the program itself."""
    return PROGRAM / ("Resources" if sys.platform == "darwin" else "_internal")


def _add_records() -> None:
    """Of each package a record of the files of its metadata that came along: what the program shows
    of its parts it reads there (PEP 376)."""
    for folder in sorted(inside().glob("*.dist-info")):
        names = sorted(p.relative_to(inside()).as_posix() for p in folder.rglob("*") if p.is_file())
        (folder / "RECORD").write_text("".join(f"{name},,\n" for name in names), "utf-8")


def _add_python_licence() -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    text = Path(sys.base_prefix, "lib", version, "LICENSE.txt")
    if text.is_file():
        (inside() / "lib" / version).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(text, inside() / "lib" / version / text.name)


def _strip() -> None:
    """Only what was compiled on this machine: Python and its modules, and hnswlib. Wheels stay as
    they were published. That Python's modules name the folder they were built in goes too."""
    own = [*inside().glob("libpython*"), *inside().glob("python*/lib-dynload/*.so")]
    own += inside().glob("hnswlib*.so")
    subprocess.run(["strip", "--strip-unneeded", *map(str, own)], check=True)
    for path in own:
        path.write_bytes(elf.without_search(path.read_bytes()))


def require_clean(folder: Path) -> None:
    """Raises SystemExit where something is there that must not be, naming it."""
    found = sorted({str(p.relative_to(folder)) for p in (*_forbidden(folder), *_led(folder))})
    if found:
        raise SystemExit(f"This must not be in the program: {', '.join(found[:10])}")


def _led(folder: Path) -> Iterator[Path]:
    """What has its libraries searched in a folder of the building machine: on another one that may
    be anybody's to fill."""
    for path in folder.rglob("*"):
        searched = elf.wants(path).searched if path.is_file() and elf.is_elf(path) else ()
        if any(not place.startswith("$ORIGIN") for place in searched):
            yield path


def _forbidden(folder: Path) -> Iterator[Path]:
    for name in FORBIDDEN:
        yield from folder.rglob(name)
    yield from folder.rglob("appliance/engine/compile")


if __name__ == "__main__":
    print(freeze())
