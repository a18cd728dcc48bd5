"""Whose parcels are taken here: roots of trust that an administrator installed.

Rules kept here: a root stands in /etc/cloister/parcel-roots/NAME.json, which only an administrator
can write, and what others could have written there is refused as managed settings are; where there
is no such folder, in the one beside the user's settings. The name is what
the log and the kept metadata know the origin by. What is kept in the data folder is believed as far
as signatures and the log reach, never as a root.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.managed import MANAGED, SettingsInvalid, guarded_folder, require_guarded
from appliance.parcel.errors import OriginUnknown, RootsInvalid
from appliance.parcel.reading import NotOrdinary, read_bounded
from appliance.parcel.stick.checking import ROLES, ROOT_LIMIT
from appliance.parcel.stick.tuf_alone import Metadata, RepositoryError, Root
from appliance.settings import user_file
from appliance.vault.durable import storage_error, write_atomic

ROOTS = "parcel-roots"
MAXIMUM_ORIGINS = 64
KEPT = tuple(role for role in ROLES if role != "root")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LIMIT = 20_000_000


@dataclass(frozen=True, slots=True)
class Origin:
    """Somebody whose parcels are taken. version: of the root that is installed here."""

    name: str
    root: bytes
    version: int

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the root's file: what is compared when it is installed."""
        return hashlib.sha256(self.root).hexdigest()


def origins(managed: Path | None = None, user: Path | None = None) -> tuple[Origin, ...]:
    """By name; none where nobody installed one. managed: this machine's own folder if None; of one
    that is given it is not asked who may write it. Raises RootsInvalid."""
    institution = (managed, None) if managed is not None else (MANAGED.with_name(ROOTS), 0)
    for folder, owner in (institution, (user or user_file().with_name(ROOTS), None)):
        try:
            if not guarded_folder(folder, owner):
                continue
            paths = sorted(folder.glob("*.json"))
            if owner is not None:
                for path in paths:
                    require_guarded(path, path.stat(), owner)
        except SettingsInvalid as error:
            raise RootsInvalid(error.sentence, hint=error.next_step) from error
        except OSError as error:
            raise RootsInvalid(f"{folder} cannot be read: {error.strerror}.") from error
        if len(paths) > MAXIMUM_ORIGINS:
            raise RootsInvalid(f"{folder} holds more than {MAXIMUM_ORIGINS} roots.")
        return tuple(_origin(path) for path in paths)
    return ()


def _origin(path: Path) -> Origin:
    if not _NAME.fullmatch(path.stem):
        raise RootsInvalid(f"{path} is not named by small letters, digits and hyphens.")
    try:
        content = read_bounded(path, ROOT_LIMIT)
    except (FileNotFoundError, NotOrdinary) as error:
        raise RootsInvalid(f"{path} is no ordinary file.") from error
    try:
        signed = Metadata[Root].from_bytes(content).signed
    except RepositoryError:
        raise RootsInvalid(f"{path} is no root of trust.") from None
    if not isinstance(signed, Root):
        raise RootsInvalid(f"{path} is no root of trust.")
    return Origin(path.stem, content, signed.version)


def origin_of(read: Callable[[str, int], bytes | None], known: tuple[Origin, ...]) -> Origin:
    """The origin whose installed root, to the byte, lies on the stick among its roots. Raises
    OriginUnknown. That it lies there proves nothing: it says which signatures to demand."""
    for origin in known:
        if read(f"{origin.version}.root.json", ROOT_LIMIT) == origin.root:
            return origin
    raise OriginUnknown("Nobody whose parcels are taken here has made this one.")


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest accepted metadata of an origin, below `<data>/parcels/`. Public by design."""

    folder: Path

    @staticmethod
    def of(data: Path, origin: Origin) -> Kept:
        return Kept(data / "parcels" / origin.name)

    def metadata(self) -> dict[str, bytes]:
        """By role; what is missing or no ordinary file is left out."""
        found = {}
        for role in KEPT:
            try:
                found[role] = read_bounded(self.folder / f"{role}.json", _LIMIT)
            except (FileNotFoundError, NotOrdinary):
                continue
        return found

    def keep(self, metadata: dict[str, bytes]) -> None:
        """Durable on return, file by file in the order of the roles: each is newer than, or the
        same as, the one it replaces. Raises storage errors."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(error, "the parcel's metadata was not kept") from error
        for role in KEPT:
            write_atomic(self.folder / f"{role}.json", metadata[role])
