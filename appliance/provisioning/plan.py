"""What a provisioning file asks for, as frozen values that remember their lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.values import Role


@dataclass(frozen=True, slots=True)
class Written:
    """A text, and the line it stands on."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class FileNamed:
    """A path, made whole against the folder of the provisioning file, and its line."""

    path: Path
    line: int


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who makes the vault at the first run and logs in at later ones. codes: the folder that
    recovery codes are written to."""

    name: Written
    passphrase: FileNamed
    codes: FileNamed


@dataclass(frozen=True, slots=True)
class PersonAsked:
    """passphrase: None for somebody who is to enrol themselves."""

    line: int
    name: Written
    roles: tuple[Role, ...]
    passphrase: FileNamed | None


@dataclass(frozen=True, slots=True)
class CollectionAsked:
    """members: names of people."""

    line: int
    title: Written
    members: tuple[Written, ...]


@dataclass(frozen=True, slots=True)
class ModelAsked:
    """model: NAME@VERSION. licence and source: of a bundle that says nothing of itself."""

    line: int
    model: Written
    folder: FileNamed
    trust_unsigned: bool
    licence: str
    source: str


@dataclass(frozen=True, slots=True)
class KioskAsked:
    """The one collection that visitors ask, and the account they do it with."""

    line: int
    collection: Written
    person: Written


@dataclass(frozen=True, slots=True)
class SeatAsked:
    """request: where the request for a seat is written, None where none is asked for."""

    line: int
    label: str
    request: FileNamed


@dataclass(frozen=True, slots=True)
class Plan:
    """sha256: of the file. packs: NAME or NAME@SERIAL of policy packs that are to be in force.
    licence: files for the seat, in the order they are taken in. packs_folder: where packs that are
    not in force come from, None for nowhere."""

    sha256: str
    administrator: Administrator
    people: tuple[PersonAsked, ...]
    collections: tuple[CollectionAsked, ...]
    packs: tuple[Written, ...]
    models: tuple[ModelAsked, ...]
    kiosk: KioskAsked | None
    licence: tuple[FileNamed, ...]
    seat: SeatAsked | None
    packs_folder: FileNamed | None = None
