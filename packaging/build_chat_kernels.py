"""Compiles the processor's kernels of chat models and keeps them in .cache/chat-kernels/<hash>/.

TVM's runtime goes along, with what it needs for a GPU where the package has that.

Rules kept here: one library an instruction set serves every model, so they ship with the program;
each is named with its hash. A folder is complete or not there: it is made under another name and
renamed. `.cache/chat-kernels/current` names the one in use. When the inputs have not changed
nothing is imported and nothing is done.

Needs the `build` extra (apache-tvm) and a C++ compiler for linking.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "chat-kernels"
ENGINE = ROOT / "appliance" / "engine"


def inputs_hash() -> str:
    """Over everything the libraries are made from; TVM stands in by its version's record."""
    spec = importlib.util.find_spec("tvm")
    if spec is None or spec.origin is None:
        raise SystemExit("The package tvm is not installed; run `make setup`.")
    sources = [
        Path(__file__),
        ENGINE / "bundles" / "libraries.py",
        ENGINE / "running" / "blocks.py",
        *sorted((ENGINE / "compile" / "cpu").glob("*.py")),
        ENGINE / "compile" / "lanes.py",
        ENGINE / "compile" / "rooted.py",
        Path(spec.origin).parent / "_version.py",
    ]
    digest = hashlib.sha256(platform.machine().encode())
    for path in sources:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def is_whole(folder: Path) -> bool:
    """Whether every library is there; hashes are compared when one is chosen."""
    try:
        names = json.loads((folder / "hashes.json").read_bytes())
        return bool(names) and all((folder / name).is_file() for name in names)
    except (OSError, ValueError):
        return False


def build(folder: Path) -> None:
    """Compiles every level at once, each in a process of its own."""
    sys.path.insert(0, str(ROOT))
    from appliance.engine.bundles.libraries import buildable_levels, write_hashes

    folder.mkdir()
    levels = buildable_levels()
    compiling = [
        subprocess.Popen([sys.executable, __file__, level, str(folder / f"{level}.so")])
        for level in levels
    ]
    statuses = [process.wait() for process in compiling]
    if any(statuses):
        raise SystemExit("The kernels of chat models cannot be compiled; why stands above.")
    copy_runtime(folder)
    write_hashes(folder, levels)


def copy_runtime(folder: Path) -> None:
    """TVM's own libraries beside ours: which are loaded is verified by the same hashes."""
    from appliance.engine.bundles.libraries import DEVICES, RUNTIME

    spec = importlib.util.find_spec("tvm")
    if spec is None or spec.origin is None:
        raise SystemExit("The package tvm is not installed; run `make setup`.")
    there = Path(spec.origin).parent / "lib"
    shutil.copyfile(there / f"{RUNTIME}.so", folder / f"{RUNTIME}.so")
    for device in DEVICES:
        beside = there / f"{RUNTIME}_{device}.so"
        if beside.is_file():
            shutil.copyfile(beside, folder / beside.name)


def compile_level(level: str, path: Path) -> None:
    sys.path.insert(0, str(ROOT))
    from appliance.engine.compile.cpu.library import compile_cpu

    compile_cpu(level, path)


def install(made: Path, place: Path) -> None:
    """Puts the finished folder in its place; another build may have been there first."""
    if place.exists() and not is_whole(place):
        shutil.rmtree(place)
    try:
        made.rename(place)
    except OSError:
        if not is_whole(place):
            raise


def point_to(name: str) -> None:
    fresh = CACHE / f".current.{os.getpid()}"
    fresh.write_text(name + "\n", "ascii")
    fresh.replace(CACHE / "current")


def main() -> None:
    if len(sys.argv) == 3:
        compile_level(sys.argv[1], Path(sys.argv[2]))
        return
    name = inputs_hash()
    place = CACHE / name
    if not is_whole(place):
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix=".making.") as temporary:
            made = Path(temporary) / "libraries"
            build(made)
            install(made, place)
    current = CACHE / "current"
    if not current.is_file() or current.read_text("ascii").strip() != name:
        point_to(name)


if __name__ == "__main__":
    main()
