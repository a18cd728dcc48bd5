"""The compiled code that runs a model on this processor: which levels there are, and where it is.

Rules kept here: a library is chosen by what the processor reports, and one whose instructions it
lacks is never loaded, whatever a manifest says. Code comes from a signed bundle or with the
program, never from an unsigned bundle.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Collection
from pathlib import Path

from appliance.engine.bundles.manifest import hash_file
from appliance.engine.bundles.sealing import Code
from appliance.engine.errors import MachineUnsupported, ModelDamaged, ModelMissing
from appliance.engine.mlc.files import read_object
from appliance.engine.processor import X86_64_V3, X86_64_V4, processor_name

LEVELS: dict[str, frozenset[str]] = {
    "x86-64-v4-vnni": X86_64_V4 | {"avx512_vnni"},
    "x86-64-v3": X86_64_V3,
    "aarch64-dotprod": frozenset({"asimd", "asimddp"}),
}
"""What each needs, in the words of /proc/cpuinfo. The faster before the slower."""

_MACHINES = {"x86_64": "x86-64-", "AMD64": "x86-64-", "aarch64": "aarch64-", "arm64": "aarch64-"}

RUNTIME = "libtvm_runtime"
DEVICES = ("cuda",)
"""What the runtime has a library of its own for."""
HASHES = "hashes.json"
MAX_HASHES = 100_000


def choose_level(there: Collection[str], features: Collection[str]) -> str:
    """The best of the levels that are there which this processor can run. Raises
    MachineUnsupported."""
    have = frozenset(features)
    for level, needed in LEVELS.items():
        if level in there and needed <= have:
            return level
    known = [LEVELS[level] for level in there]
    nearest = min(known, key=lambda needed: len(needed - have), default=frozenset[str]())
    lacking = " ".join(sorted(nearest - have)) or "a library made for it"
    raise MachineUnsupported(
        f"This processor ({processor_name()}) cannot run chat models; it lacks: {lacking}."
    )


def buildable_levels(machine: str = "") -> tuple[str, ...]:
    """The levels that a build machine's own compiler can link: those of its architecture."""
    family = _MACHINES.get(machine or processor_name(), "")
    return tuple(level for level in LEVELS if family and level.startswith(family))


def program_libraries() -> Path:
    """The folder of the program's own libraries: beside the packaged program, else in the
    checkout's cache. Raises ModelMissing when it is in neither place."""
    beside = Path(sys.executable).resolve().parent / "chat"
    if getattr(sys, "frozen", False) and (beside / HASHES).is_file():
        return beside
    cache = Path(__file__).resolve().parents[3] / ".cache" / "chat-kernels"
    try:
        current = (cache / "current").read_text("ascii").strip()
    except (OSError, ValueError):
        current = ""
    if not current.isalnum() or not (cache / current / HASHES).is_file():
        raise ModelMissing(
            "The code that runs chat models on this processor is not installed.",
            hint="Install Cloister again; in a checkout run `make setup`.",
        )
    return cache / current


def levels_in(folder: Path) -> tuple[str, ...]:
    """Of the program's libraries. Raises ModelDamaged."""
    hashes = read_object(folder / HASHES, MAX_HASHES)
    return tuple(level for level in LEVELS if f"{level}.so" in hashes)


def program_code(folder: Path, name: str) -> Code:
    """One of the program's libraries, to be sealed. Raises ModelDamaged."""
    known = read_object(folder / HASHES, MAX_HASHES).get(name)
    return Code(folder / name, known if isinstance(known, str) else "")


def runtime_code(folder: Path, device: str = "") -> tuple[Code, ...]:
    """TVM's runtime library and, behind it, the one that a device needs beside it. Raises
    ModelDamaged, MachineUnsupported."""
    names = [f"{RUNTIME}.so", f"{RUNTIME}_{device}.so"] if device else [f"{RUNTIME}.so"]
    if not all((folder / name).is_file() for name in names[1:]):
        raise MachineUnsupported(
            f"The program brings no runtime for {device}.", hint="The processor is used instead."
        )
    return tuple(program_code(folder, name) for name in names)


def verified_library(folder: Path, level: str) -> Path:
    """One of the program's libraries, once its hash held. Raises ModelDamaged."""
    return _verified(folder, f"{level}.so")


def _verified(folder: Path, name: str) -> Path:
    path = folder / name
    if read_object(folder / HASHES, MAX_HASHES).get(path.name) != hash_file(path).sha256:
        raise ModelDamaged(
            f"{path.name} of the program is not the file it should be.",
            hint="Install Cloister again; in a checkout run `make clean` and `make setup`.",
        )
    return path


def verified_runtime(folder: Path, device: str = "") -> Path:
    """TVM's runtime library among the program's own, once its hash held, and that of the library
    which a device needs beside it. Raises ModelDamaged, MachineUnsupported."""
    codes = runtime_code(folder, device)
    for code in codes:
        _verified(folder, code.path.name)
    return codes[0].path


def write_hashes(folder: Path, levels: Collection[str]) -> None:
    """Names the libraries of these levels, compiled into a folder, and the runtime's that lie
    there, with their hashes. Comes last: a folder with hashes is whole. Raises OSError."""
    paths = [folder / f"{level}.so" for level in levels] + sorted(folder.glob(f"{RUNTIME}*.so"))
    hashes = [
        f' "{path.name}": "{hashlib.sha256(path.read_bytes()).hexdigest()}"' for path in paths
    ]
    (folder / HASHES).write_text("{\n" + ",\n".join(hashes) + "\n}\n", "ascii")
