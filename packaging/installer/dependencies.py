"""What the packaged program needs of the system, read out of its files, and Debian's names for it.

Rules kept here: nothing is guessed: each library that a file names is in the folder or belongs to a
package that is named; dpkg-shlibdeps(1) finds the oldest version that has the symbols. What only
makes a thing possible that the program does without (a printer, a GPU) is recommended or left out.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import elf

OPTIONAL = re.compile(r"printsupport/|libqt-plugin-wayland-egl|xcbglintegrations/")
"""Plugins that Qt does without where they do not load."""
ON_SOME_MACHINES = frozenset({"libcuda.so.1", "libcudart.so.13"})
"""A GPU's driver and runtime: the institution's, where there is a GPU (docs/gpu.md)."""
ALWAYS = ("fonts-dejavu-core | fonts-liberation | fonts-noto-core", "debconf | debconf-2.0")
"""A letter to draw with; what asks about data at the end. (setpriv(1) is essential in Debian.)"""
RECOMMENDED = ("libcups2", "libwayland-egl1", "libsecret-tools")
"""What the optional parts need, and the program that speaks to the system's key store."""
SUGGESTED = ("cage", "apparmor")


@dataclass(frozen=True, slots=True)
class Depends:
    """The fields of a package, in Debian's words."""

    depends: tuple[str, ...]
    recommends: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """libraries: sonames the system must bring, with the files that want them; libc: the newest
    version of its symbols that is used."""

    libraries: dict[str, tuple[str, ...]]
    libc: tuple[int, ...]


def elf_files(program: Path) -> tuple[Path, ...]:
    there = (path for path in sorted(program.rglob("*")) if path.is_file())
    return tuple(path for path in there if not path.is_symlink() and elf.is_elf(path))


def needs(program: Path) -> Needs:
    """Of all of the program, optional parts too."""
    there = {path.name for path in program.rglob("*")}
    libraries: dict[str, list[str]] = {}
    libc: tuple[int, ...] = (0,)
    for path in elf_files(program):
        wants = elf.wants(path)
        for soname in wants.needed:
            if soname not in there:
                libraries.setdefault(soname, []).append(path.relative_to(program).as_posix())
        for library, version in wants.versions:
            if library == "libc.so.6" and version.startswith("GLIBC_2"):
                libc = max(libc, tuple(map(int, version.removeprefix("GLIBC_").split("."))))
    return Needs({name: tuple(files) for name, files in libraries.items()}, libc)


def depends(program: Path) -> Depends:
    """Raises SystemExit where a library belongs to no package here, CalledProcessError."""
    files = elf_files(program)
    required = [path for path in files if not OPTIONAL.search(path.as_posix())]
    required = [path for path in required if not ON_SOME_MACHINES & set(elf.wants(path).needed)]
    found = _shlibdeps(program, required)
    owners = _owners(program, required)
    # dpkg-shlibdeps also names packages whose libraries the program brings along itself.
    named = tuple(entry for entry in found if any(_name(entry) in o for o in owners.values()))
    for soname, packages in owners.items():
        if not packages & {_name(entry) for entry in named}:
            raise SystemExit(f"{soname} belongs to {packages or 'no package'}, which is not named.")
    return Depends((*named, *ALWAYS), RECOMMENDED)


def _shlibdeps(program: Path, files: Sequence[Path]) -> tuple[str, ...]:
    folders = sorted({path.parent for path in elf_files(program)})
    with tempfile.TemporaryDirectory() as place:
        control = Path(place, "debian", "control")
        control.parent.mkdir()
        control.write_text("Source: cloister\n\nPackage: cloister\nArchitecture: any\n")
        done = subprocess.run(
            ["dpkg-shlibdeps", "-O", "--ignore-missing-info", "--warnings=0",
             *(f"-l{folder}" for folder in folders), *(f"-e{path}" for path in files)],
            cwd=place, check=True, capture_output=True, text=True,
        )  # fmt: skip
    line = done.stdout.strip().removeprefix("shlibs:Depends=")
    return tuple(entry.strip() for entry in line.split(",") if entry.strip())


def _owners(program: Path, required: Sequence[Path]) -> dict[str, set[str]]:
    """Which packages each library belongs to that a required file needs and the folder lacks."""
    there = {path.name for path in program.rglob("*")}
    wanted = {soname for path in required for soname in elf.wants(path).needed} - there
    return {soname: set(_packages(soname)) for soname in sorted(wanted)}


def _packages(soname: str) -> Iterator[str]:
    done = subprocess.run(
        ["dpkg-query", "--search", f"*/{soname}"], check=False, capture_output=True, text=True
    )
    for line in done.stdout.splitlines():
        owners, _, _ = line.partition(": ")
        yield from (owner.split(":")[0].strip() for owner in owners.split(","))


def _name(entry: str) -> str:
    return entry.split(" ", 1)[0].split(":", maxsplit=1)[0]
