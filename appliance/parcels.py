"""Parcels on a stick as a person takes them in: looked at first, then one by one, and in the log.

Rules kept here: looking writes nothing; nothing is taken in that was not named by whoever allowed
it; the versions go into the log before anything else is done with a parcel, so that none older is
ever taken again; each kind is handed to the part that knows it, which checks its own signatures
beside the origin's. The time that expiry is measured against is never earlier than the log's.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.desk import Desk, NotAllowed
from appliance.errors import CloisterError, UsageError
from appliance.library_parcels import WrongLibraryCode
from appliance.parcel.errors import ParcelInterrupted, ParcelRefused
from appliance.parcel.stick.checking import Checked, Trusted, check_parcel
from appliance.parcel.stick.contents import Item, Kind
from appliance.parcel.stick.mount import Mount
from appliance.parcel.stick.origins import Kept, Origin, origin_of, origins
from appliance.parcels_received import incoming_folder, is_here, receive
from appliance.policy import Action
from appliance.vault import RecoveryCodeMistyped
from appliance.vault.durable import storage_error

VALUE = "parcel"
"""The kind of the log's values that hold the newest versions seen of each origin."""

ACTIONS: Mapping[Kind, tuple[Action, ...]] = {
    Kind.REVOCATION: (Action.MANAGE_SEATS,),
    Kind.POLICY: (Action.MANAGE_POLICIES,),
    Kind.MODEL: (Action.MANAGE_MODELS,),
    Kind.LIBRARY: (Action.CREATE_COLLECTION, Action.IMPORT),
    Kind.UPDATE: (Action.MANAGE_POLICIES,),  # who may change the rules may change the program
}

_TYPED_WRONG = frozenset({WrongLibraryCode.code, RecoveryCodeMistyped.code})

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all of one item; what it raises ends the work."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One thing in a parcel. here: whether it is on this machine already. whole: whether all its
    files lie on the stick in their length."""

    id: str
    kind: Kind
    name: str
    version: str
    size: int
    here: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is on a stick, without anything being taken in. fingerprint: of the installed root;
    version: of the parcel; expires: when it will be refused."""

    origin: str
    fingerprint: str
    version: int
    expires: datetime
    items: tuple[Arrived, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """How it went with one item: done, or why not. note: what to do with it now, if anything."""

    id: str
    done: bool
    code: str = ""
    sentence: str = ""
    note: str = ""


def inspect_parcel(
    folder: Path, data: Path, now: datetime, known: Mapping[str, int] | None = None
) -> Inspection:
    """Says what is on a mounted stick; needs no login and writes nothing. For the question that
    is asked when a stick is plugged in.

    known: the log's values of kind VALUE, where somebody is logged in. Raises NoParcel,
    OriginUnknown, ParcelRefused (forged, older, expired, damaged), ParcelInterrupted."""
    mount = Mount.below(folder)
    origin, checked = _checked(mount, data, now, known or {})
    return _shown(mount, data, origin, checked)


class Parcels:
    """Of an open desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def inspect(self, folder: Path) -> Inspection:
        """As `inspect_parcel`, with what the log knows."""
        desk = self._desk
        return inspect_parcel(folder, desk.place.data, self._now(), self._known())

    def take_in(
        self,
        folder: Path,
        wanted: Sequence[str],
        *,
        code: Callable[[str], str],
        shown: Inspection | None = None,
        progress: Progress = lambda done, total: None,
    ) -> tuple[Taken, ...]:
        """Takes in the items named, in the order of their kinds. What one of them is refused for
        does not keep the others out.

        shown: what whoever allowed it saw; another parcel, put in since, is refused. code: asks for
        the opening code of a library, by the item's id. Raises what `inspect` raises (then nothing
        was taken in), UsageError for an item that is not there, NotAllowed where none of them is
        allowed, ParcelInterrupted and storage errors (then the next time goes on where this one
        stopped)."""
        desk, mount = self._desk, Mount.below(folder)
        desk.ledger.note("parcel.opening")
        try:
            origin, checked = _checked(mount, desk.place.data, self._now(), self._known())
            if shown is not None:
                _require_shown(shown, origin, checked)
        except CloisterError as error:
            desk.ledger.note("parcel.refused", outcome="refused", code=error.code)
            raise
        items = _named(checked, wanted)
        refused = self._refused(items)
        self._remember(origin, checked)
        taken = tuple(
            refused.get(item.id) or self._take(mount, origin, item, code=code, progress=progress)
            for item in items
        )
        if not any(one.code in _TYPED_WRONG for one in taken):  # nothing is copied a second time
            shutil.rmtree(incoming_folder(desk.place.data), ignore_errors=True)  # else next time
        return taken

    def _refused(self, items: Sequence[Item]) -> dict[str, Taken]:
        """Those that this person may not take in. Raises NotAllowed if that is all of them,
        ConfirmFirst."""
        refused = {}
        denied: NotAllowed | None = None
        for item in items:
            try:
                for action in ACTIONS[item.kind]:
                    self._desk.require_confirmed(action)
            except NotAllowed as error:
                denied = error
                refused[item.id] = Taken(
                    item.id, False, error.code, error.sentence, error.next_step
                )
        if denied is not None and len(refused) == len(items):
            raise denied
        return refused

    def _take(
        self,
        mount: Mount,
        origin: Origin,
        item: Item,
        *,
        code: Callable[[str], str],
        progress: Progress,
    ) -> Taken:
        ledger = self._desk.ledger
        details = (("origin", origin.name), ("size", item.size))
        ledger.note("parcel.item.taking", object=item.id, details=details)
        folder = incoming_folder(self._desk.place.data) / f"{item.kind}-{item.version}" / item.name
        done = 0

        def count(read: int) -> None:
            nonlocal done
            done += read
            progress(done, item.size)

        try:
            mount.fetch(item, folder, count)
            note = receive(self._desk, item, folder, code)
        except CloisterError as error:
            ledger.note("parcel.item.refused", object=item.id, outcome="refused", code=error.code)
            if isinstance(error, ParcelInterrupted) or error.code.startswith("storage_"):
                raise
            return Taken(item.id, False, error.code, error.sentence, error.next_step)
        ledger.note("parcel.item.taken", object=item.id, outcome="taken", details=details)
        return Taken(item.id, True, note=note)

    def _remember(self, origin: Origin, checked: Checked) -> None:
        """The log first: from then on nothing older is taken, whatever becomes of the files."""
        log, known = self._desk.ledger.log, self._known()
        for name, version in checked.floors.items():
            if known.get(f"{origin.name}.{name}") != version:
                log.note_value(VALUE, f"{origin.name}.{name}", version)
        Kept.of(self._desk.place.data, origin).keep(dict(checked.metadata))

    def _known(self) -> dict[str, int]:
        return self._desk.ledger.log.latest_values(VALUE)

    def _now(self) -> datetime:
        """Never earlier than the newest record: a clock that was set back revives nothing."""
        log = self._desk.ledger.log
        newest = log.records(log.size - 1, 1)
        return max(self._desk.now(), *(record.time for record in newest))


def _checked(
    mount: Mount, data: Path, now: datetime, known: Mapping[str, int]
) -> tuple[Origin, Checked]:
    origin = origin_of(mount.read, origins())
    prefix = f"{origin.name}."
    floors = {name.removeprefix(prefix): n for name, n in known.items() if name.startswith(prefix)}
    try:
        kept = Kept.of(data, origin).metadata()
    except OSError as error:
        raise storage_error(error, "the metadata of earlier parcels was not read") from error
    return origin, check_parcel(mount.read, Trusted(origin.root, kept, floors), now)


def _require_shown(shown: Inspection, origin: Origin, checked: Checked) -> None:
    if (shown.origin, shown.version) != (origin.name, checked.versions["targets"]):
        raise ParcelRefused(
            "The parcel is not the one that was shown.", hint="Look at it again, then decide."
        )


def _shown(mount: Mount, data: Path, origin: Origin, checked: Checked) -> Inspection:
    return Inspection(
        origin.name,
        origin.fingerprint,
        checked.versions["targets"],
        checked.expires,
        tuple(
            Arrived(
                item.id,
                item.kind,
                item.name,
                item.version,
                item.size,
                is_here(data, item),
                mount.has(item),
            )
            for item in checked.items
        ),
    )


def _named(checked: Checked, wanted: Sequence[str]) -> tuple[Item, ...]:
    """Raises UsageError."""
    missing = set(wanted) - {item.id for item in checked.items}
    if missing:
        raise UsageError(
            f"The parcel does not hold {sorted(missing)[0][:120]}.",
            hint="`cloister parcel inspect` lists what it holds.",
        )
    return tuple(item for item in checked.items if item.id in wanted)


def is_parcel(folder: Path) -> bool:
    """Whether a parcel lies in a folder, whatever it is worth: nothing of it is read."""
    try:
        Mount.below(folder)
    except (CloisterError, OSError):
        return False
    return True
