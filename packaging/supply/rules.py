"""What `licences.toml` says of each part, library and file, against what they say of themselves.

Rules kept here: what no rule names and what states nothing is refused; where both speak they must
agree; a library that a wheel took in as a file of its own is named or refused; LGPL code inside a
file only where the rule of that part names the library: whoever has the file may exchange it.
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from appliance.natives import Inside
from appliance.natives.marks import COMPILER

from .lockfile import plain
from .spdx import LicenceRefused, chosen, require_known, require_same

RULES = Path(__file__).with_name("licences.toml")
_GRAFTED = re.compile(r"(?:^|/)[^/]*\.(?:libs|dylibs)/|(?:^|/)Qt/lib/(?!libQt6)")
"""Where wheels keep libraries of others: auditwheel(1), delocate(1), Qt."""
_COPYLEFT_SAID = re.compile(
    r"(?i)\b[al]?gpl|affero|general public|proprietary|commercial|non-?free|server side public"
)
Rule = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Rules:
    """What `licences.toml` says."""

    parts: Mapping[str, Rule]
    libraries: Mapping[str, Rule]
    gpl_only: tuple[str, ...]

    @staticmethod
    def read(path: Path = RULES) -> Rules:
        told = tomllib.loads(path.read_text("utf-8"))
        return Rules(told["part"], told["library"], tuple(told["qt"]["gpl_only"]))

    def part(self, name: str, stated: str, also_said: Iterable[str] = ()) -> tuple[str, str]:
        """The licence and what is taken of it. also_said: in words, of the same part. Raises
        LicenceRefused."""
        rule = self.parts.get(plain(name), {})
        licence = str(rule.get("licence") or stated)
        if not licence:
            raise LicenceRefused(f"{name}: no licence is stated, and licences.toml has none.")
        if stated and rule.get("licence"):
            require_same(name, stated, licence)
        elif stated:
            require_known(name, stated)
        if "GPL" not in licence and not rule.get("stays_behind"):
            for words in also_said:
                if _COPYLEFT_SAID.search(words):
                    raise LicenceRefused(f"{name} is said to be “{licence}”, and says “{words}”.")
        return licence, taken(name, licence, rule)

    def installed(self, name: str) -> tuple[str, str]:
        """Of a part as its own metadata has it, where it is installed. Raises LicenceRefused."""
        try:
            found = distribution(name)
        except PackageNotFoundError:
            return self.part(name, "")
        return self.part(name, *said_by(found))

    def holds(self, name: str) -> tuple[Inside, ...]:
        """Libraries that are in a part by its source, whether or not they leave a mark. Raises
        LicenceRefused."""
        found = _table(self.parts.get(plain(name), {}), "holds")
        for library, licence in found.items():
            taken(f"{name}: {library}", licence, {})
        seen = "by the source of the part; the file itself does not tell"
        return tuple(Inside(library, "", found[library], seen) for library in sorted(found))

    def compiled_here(self, part: str) -> bool:
        return bool(self.parts.get(plain(part), {}).get("compiled"))

    def library(self, path: str, owner: tuple[str, str]) -> tuple[str, str]:
        """That of a native file: its own where a rule names it, else its part's. Raises
        LicenceRefused for one that is no part's, or a wheel took in, and that no rule names."""
        name = path.rpartition("/")[2]
        for pattern, rule in self.libraries.items():
            if fnmatch.fnmatchcase(name, pattern):
                licence = str(rule["licence"])
                return licence, taken(path, licence, rule)
        if not owner[0] or _GRAFTED.search(path):
            raise LicenceRefused(f"{path} is of no part, and licences.toml does not name it.")
        return owner

    def require_inside(self, path: str, found: Iterable[Inside]) -> None:
        """Raises LicenceRefused where the file holds what may not be linked into it, whatever part
        it is of."""
        for one in found:
            if one.name == COMPILER:
                raise LicenceRefused(f"{path} holds a compiler ({one.seen}).")
            if one.licence:
                taken(f"{path}: {one.name}", one.licence, {})

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


def said_by(found: Distribution) -> tuple[str, tuple[str, ...]]:
    """Its expression (PEP 639), and what it says in words."""
    metadata = found.metadata
    words = [str(one) for one in metadata.get_all("Classifier") or () if one[:7] == "License"]
    field = " ".join(str(metadata["License"] or "").split())
    return str(metadata["License-Expression"] or ""), tuple(
        one for one in (*words, field[:200]) if one
    )


def taken(name: str, licence: str, rule: Rule) -> str:
    """Raises LicenceRefused, naming what it is about."""
    dynamic = rule.get("dynamic", ())
    try:
        return chosen(licence, frozenset(dynamic if isinstance(dynamic, list) else ()))
    except LicenceRefused as error:
        raise LicenceRefused(f"{name}: {error}") from None


def _table(rule: Rule, key: str) -> dict[str, str]:
    found = rule.get(key, {})
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
