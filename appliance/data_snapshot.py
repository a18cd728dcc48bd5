"""The whole data folder at one moment, while the desk is open: what a backup reads.

Rules kept here: for the moment that is captured, no store and no log can be written to (stores
first, the log last, the order in which a transaction takes them), so every store is exactly what
the newest mark in the captured log says; the moment lasts as long as it takes to list the folder
and to read what changes in place, not as long as the copying. Everything below the data folder
belongs to a backup unless it is named here: a part that is added is backed up without being asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.api import SOCKET
from appliance.errors import CloisterError
from appliance.memory import History
from appliance.parcel.backup.restoring import UNDER_WAY, VAULT
from appliance.parcel.backup.snapshot import (
    Held,
    LyingStill,
    Snapshot,
    Source,
    held_open,
    lying_still,
)
from appliance.parcel.restored import FILE as RESTORED
from appliance.vault.durable import is_leftover, storage_error

if TYPE_CHECKING:
    from appliance.desk import Desk

_LEFT = frozenset({"spill", "models-cache", "parcels/incoming", SOCKET, RESTORED, UNDER_WAY})
"""Passing or derived, or written anew by a restore."""

_ON_THEIR_WAY = "models/."
"""Models half-way in or out (engine/bundles/store.py)."""

_DERIVED = "vectors.sealed"
_LOCK = "lock"
_AUDIT = "audit"


def snapshot(desk: Desk) -> Snapshot:
    """Close it when it has been read. What is in the write-ahead logs is taken over first, so that
    little has to be held in memory. Raises storage errors, LogUnwritable."""
    _settle(desk)
    held: list[Source] = []
    try:
        with ExitStack() as stack:
            stores = list(stack.enter_context(desk.library.still()))
            stores += stack.enter_context(desk.attached.still())
            if isinstance(desk.history, History):
                stores.append(stack.enter_context(desk.history.still()))
            for path in stores:
                held += _store(desk.place.data, path)
            before, _ = lying_still(desk.place.data, _of_the_log)
            log = desk.ledger.log.held()
            held += (Held(f"{_AUDIT}/{name}", content) for name, content in log.files)
            # After the log's moment: what it has counted (the vault's changes, say) must be there.
            held.append(Held(VAULT, (desk.place.data / VAULT).read_bytes()))
            taken = {source.path for source in held}
            still, left_out = lying_still(
                desk.place.data, lambda path: path not in taken and _belongs(path)
            )
            still += _tiles(desk.place.data, before, {f"{_AUDIT}/{name}" for name in log.still})
    except BaseException as error:
        Snapshot(tuple(held), (), 0, "").close()
        if isinstance(error, OSError):
            raise storage_error(error, "the data folder was not read") from error
        raise
    return Snapshot((*held, *still), left_out, log.size, log.root.hex())


def _tiles(data: Path, before: tuple[LyingStill, ...], logged: set[str]) -> tuple[LyingStill, ...]:
    """The log's files that lie still, as they were at its moment: listed before it, or written
    between the two. It may have gone on since. A payload that is erased meanwhile replaces a file
    that was listed, which shows when it is read."""
    known = {one.path for one in before}
    above = {name for path in logged - known for name in _folders_of(path)}
    added, _ = lying_still(data, lambda path: path in above or path in logged - known)
    return (*(one for one in before if one.path in logged), *added)


def _folders_of(path: str) -> list[str]:
    names = path.split("/")[:-1]
    return ["/".join(names[: depth + 1]) for depth in range(len(names))]


def _settle(desk: Desk) -> None:
    with suppress(CloisterError):  # a full disk, say: then more is held in memory, nothing is lost
        for collection in desk.library.open_collections():
            desk.library.checkpoint(collection)
        if isinstance(desk.history, History):
            desk.history.checkpoint()


def _store(data: Path, path: Path) -> Iterator[Source]:
    """The main file is never written to, only replaced; the write-ahead log grows."""
    name = path.relative_to(data).as_posix()
    yield held_open(name, path)
    wal = path.with_name(f"{path.name}.wal")
    if wal.exists():
        yield Held(f"{name}.wal", wal.read_bytes())


def _belongs(path: str) -> bool:
    name = path.rpartition("/")[2]
    passing = path in _LEFT or path.startswith(_ON_THEIR_WAY) or is_leftover(name)
    passing = passing or name in (_LOCK, _DERIVED)
    return not passing and path != _AUDIT


def _of_the_log(path: str) -> bool:
    return path == _AUDIT or path.startswith(f"{_AUDIT}/")
