"""What a parcel holds, read from the names of its target files.

Rules kept here: a name says kind, name, version and file, and has no other form, so it never leads
out of the folder it is put into; no two are one on a stick that does not tell capital letters from
small ones, and none is a folder and a file; what has another form is refused, not skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from appliance.parcel.errors import ParcelDamaged
from appliance.parcel.stick.tuf_alone import TargetFile

MAXIMUM_FILES = 20_000
LARGEST_FILE = 1 << 40
_PART = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}"
_PATH = re.compile(rf"([a-z]+)/({_PART})@({_PART})/((?:{_PART}/){{0,3}}{_PART})")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Kind(StrEnum):
    """What can be in a parcel, in the order in which it is imported."""

    REVOCATION = "revocation"
    POLICY = "policy"
    MODEL = "model"
    LIBRARY = "library"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class ParcelFile:
    """path: below the item's folder, "/" between. target: the name that the parcel has for it."""

    path: str
    size: int
    sha256: str
    target: str

    @property
    def stored(self) -> str:
        """Where it lies below `targets/`: TUF's consistent snapshots put the hash first."""
        folder, _, name = self.target.rpartition("/")
        return f"{folder}/{self.sha256}.{name}"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to import: a model, a policy pack, a list, a library, an update."""

    kind: Kind
    name: str
    version: str
    files: tuple[ParcelFile, ...]

    @property
    def id(self) -> str:
        return f"{self.kind}/{self.name}@{self.version}"

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def items_of(targets: Mapping[str, TargetFile]) -> tuple[Item, ...]:
    """By kind, name and version. Raises ParcelDamaged."""
    if len(targets) > MAXIMUM_FILES:
        raise ParcelDamaged("The parcel names more files than a parcel may have.")
    _require_apart(targets)
    found: dict[tuple[Kind, str, str], list[ParcelFile]] = {}
    for target, untrusted in sorted(targets.items()):
        match = _PATH.fullmatch(target)
        kind = _kind(match[1]) if match else None
        if match is None or kind is None:
            raise ParcelDamaged(
                "The parcel names something that this version of Cloister does not know.",
                hint="Install a newer version, or ask for a parcel without it.",
            )
        file = ParcelFile(match[4], untrusted.length, untrusted.hashes.get("sha256", ""), target)
        if not _SHA256.fullmatch(file.sha256) or not 0 <= file.size <= LARGEST_FILE:
            raise ParcelDamaged("The parcel names a file without a usable size or hash.")
        found.setdefault((kind, match[2], match[3]), []).append(file)
    order = list(Kind)
    return tuple(
        Item(kind, name, version, tuple(files))
        for (kind, name, version), files in sorted(
            found.items(), key=lambda entry: (order.index(entry[0][0]), entry[0][1:])
        )
    )


def _require_apart(targets: Iterable[str]) -> None:
    names = [target.lower() for target in targets]
    known = set(names)
    folders = {name[: match.start()] for name in names for match in re.finditer("/", name)}
    if len(known) != len(names) or known & folders:
        raise ParcelDamaged("The parcel has two files of one name.")


def target_of(kind: Kind, name: str, version: str, file: str) -> str:
    """Raises ParcelDamaged for what no parcel may name."""
    target = f"{kind}/{name}@{version}/{file}"
    if not _PATH.fullmatch(target):
        raise ParcelDamaged(
            f"“{target[:120]}” cannot be put into a parcel: it has a name of no use."
        )
    return target


def _kind(text: str) -> Kind | None:
    try:
        return Kind(text)
    except ValueError:
        return None
