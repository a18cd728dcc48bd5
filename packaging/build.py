"""`make installer`: the program frozen, then a Debian package, a self-extracting file and a medium.

  build.py [--part program|deb|run|medium|exe …] [--build N] [--models DIR …] [--out DIR] [--quick]
           [--sign COMMAND]

Rules kept here: it runs after packaging/bootstrap.py with nothing but Python's standard library; a
part that is not asked for is taken as it lies there. What is made lies in `dist/`, and the program
alone in `build/installer/program`. On Windows the program and the installer ("exe") are made here,
on macOS the program; the rest is in packaging/installer/macos.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "installer"
PROGRAM = WORK / "program" / "cloister"
APP = WORK / "program" / "Cloister.app" / "Contents" if sys.platform == "darwin" else PROGRAM
PYTHON = WORK / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
PARTS = ("program", "deb", "run", "medium", "exe")
BY_PLATFORM = {"linux": PARTS[:4], "win32": ("program", "exe"), "darwin": ("program",)}
sys.path[:0] = [str(ROOT / "packaging" / part) for part in ("freeze", "installer")] + [str(ROOT)]

import deb  # noqa: E402
import dependencies  # noqa: E402
import layout  # noqa: E402
import medium  # noqa: E402
import nsis  # noqa: E402
import selfextracting  # noqa: E402
from release import Release, this_release  # noqa: E402


def say(text: str) -> None:
    print(f"[installer] {text}", flush=True)


def freeze(release: Release) -> None:
    """With the list of its parts and the notices, or not at all."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(release.time)}
    script = ROOT / "packaging" / "freeze" / "freeze.py"
    subprocess.run([str(PYTHON), str(script)], check=True, env=environment)
    subprocess.run(
        [str(PYTHON), "-m", "supply.program", str(APP)],
        check=True, cwd=ROOT / "packaging", env={**environment, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def build_deb(out: Path, release: Release, *, quick: bool) -> Path:
    staged = WORK / "deb"
    layout.lay_out(ROOT, PROGRAM, staged, layout.DEBIAN, release)
    depends = dependencies.depends(PROGRAM)
    made = deb.build(ROOT, staged, out, release, depends, level=0 if quick else 9)
    shutil.rmtree(staged)
    return made


def build_run(out: Path, release: Release, *, quick: bool) -> Path:
    staged = WORK / "run"
    made = selfextracting.build(ROOT, PROGRAM, staged, out, release, level=0 if quick else 9)
    shutil.rmtree(staged)
    return made


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", action="append", choices=PARTS, help="all, if none is named")
    parser.add_argument("--build", type=int, help="the number of the build; the count of commits")
    parser.add_argument("--models", type=Path, nargs="*", default=[], help="bundles for the medium")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--sign", default="", help="of exe: a command that signs the file it gets")
    parser.add_argument("--quick", action="store_true", help="packed badly: for trials")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    os.umask(0o022)  # what is made is for everybody to read, whoever makes it
    release = this_release(ROOT, given.build)
    wanted = given.part or BY_PLATFORM[sys.platform]
    packages = {
        "deb": given.out / deb.file_name(release),
        "run": given.out / selfextracting.file_name(release),
    }
    builders = {"deb": build_deb, "run": build_run}
    for part in wanted:
        started = time.monotonic()
        if part == "program":
            freeze(release)
            made = PROGRAM
        elif part == "medium":
            there = [path for path in packages.values() if path.is_file()]
            made = medium.make(ROOT, given.out / "medium", there, given.models)
        elif part == "exe":
            icon = WORK / "cloister.ico"
            made = nsis.build(ROOT, PROGRAM, icon, given.out, release, sign=given.sign)
        else:
            made = builders[part](given.out, release, quick=given.quick)
        say(f"{made} ({_megabytes(made):.0f} MB, {time.monotonic() - started:.0f} s)")


def _megabytes(path: Path) -> float:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.lstat().st_size for file in files) / 1e6


if __name__ == "__main__":
    main()
