"""Backups as an administrator makes, checks and clears them: allowed by policy, and in the log.

Rules kept here: making a backup is logged before and after, with the hash of its manifest, and the
newest number of each folder is a value in the log, so that a folder that was put back to an older
state is refused; what is made is made of one moment, or not at all. Nothing here depends on a
licence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from appliance.data_snapshot import snapshot
from appliance.desk import Desk
from appliance.errors import CloisterError
from appliance.parcel.backup.checking import Checked, check_backups
from appliance.parcel.backup.clearing import Cleared, clear_backups
from appliance.parcel.backup.keys import SUBKEY, BackupKeys
from appliance.parcel.backup.manifest import SignedManifest
from appliance.parcel.backup.place import Listed, Place, listed, require_vault
from appliance.parcel.backup.writing import (
    About,
    Chunks,
    Progress,
    Written,
    newest_backup,
    require_not_behind,
    write_backup,
)
from appliance.parcel.errors import BackupMisplaced, BackupUnsettled
from appliance.policy import Action
from appliance.refused import RefusedHistory
from appliance.vault import recovered_vault

VALUE = "backup"
"""The kind of the log's value that holds a folder's newest backup; its identity is the folder's."""

_ATTEMPTS = 8


class Backups:
    """Of an open desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create(
        self,
        folder: Path,
        *,
        recheck: bool = False,
        progress: Progress = lambda done, total: None,
    ) -> Written:
        """A backup into the folder, incremental where it holds some; durable on return.

        recheck: read again every chunk that is taken over, and write anew what is damaged. Raises
        NotAllowed, ConfirmFirst, BackupMisplaced, BackupBusy, BackupForeign, BackupRolledBack,
        BackupDamaged, BackupUnsettled, storage errors, and what `progress` raises: every earlier
        backup is then as it was."""
        desk = self._desk
        desk.require_confirmed(Action.BACK_UP)
        place = Place.below(folder)
        if place.folder.resolve().is_relative_to(desk.place.data.resolve()):
            raise BackupMisplaced("The folder for backups lies within what is backed up.")
        desk.ledger.note("backup.creating")
        with self._or_said("backup.not_created"), place.writing():
            written = replace(self._written(place, recheck, progress), refused=_refused(desk))
        manifest = written.manifest
        desk.ledger.log.note_value(VALUE, manifest.repository, manifest.number)
        desk.ledger.note(
            "backup.created",
            object=manifest.repository,
            outcome="created",
            details=(
                ("files", manifest.files),
                ("left_out", len(written.left_out)),
                ("manifest", written.sha256),
                ("number", manifest.number),
                ("records", manifest.log_size),
                ("refused_stores", written.refused),
                ("size", manifest.content_size),
            ),
        )
        return written

    def clear(
        self,
        folder: Path,
        *,
        keep: int,
        progress: Progress = lambda done, total: None,
    ) -> Cleared:
        """Takes away all backups but the newest `keep`, once these were read and opened. Raises
        NotAllowed and as `check`, and BackupBusy; if what would stay is damaged, nothing is
        gone."""
        desk = self._desk
        desk.require(Action.BACK_UP)
        place, keys = Place.below(folder), self._keys()
        desk.ledger.note("backup.clearing", details=(("keep", keep),))
        with self._or_said("backup.not_cleared"):
            newest = self._newest(place)
            with place.writing():
                cleared = clear_backups(place, keys, keep=keep, progress=progress)
        desk.ledger.note(
            "backup.cleared",
            object=newest.manifest.repository,
            outcome="cleared",
            details=(
                ("chunks", cleared.chunks),
                ("first", cleared.first),
                ("gone", len(cleared.gone)),
                ("last", cleared.last),
                ("size", cleared.size),
            ),
        )
        return cleared

    def check(
        self,
        folder: Path,
        *,
        number: int | None = None,
        progress: Progress = lambda done, total: None,
    ) -> Checked:
        """Reads and opens every chunk. Raises NotAllowed, NoBackup, BackupForeign,
        BackupRolledBack, BackupDamaged, BackupForged, storage errors."""
        desk = self._desk
        desk.require(Action.BACK_UP)
        place, keys = Place.below(folder), self._keys()
        with self._or_said("backup.checked"):
            newest = self._newest(place)
            checked = check_backups(place, keys=keys, number=number, progress=progress)
        desk.ledger.note(
            "backup.checked",
            object=newest.manifest.repository,
            outcome="whole",
            details=(("first", checked.first), ("last", checked.last)),
        )
        return checked

    @contextmanager
    def _or_said(self, action: str) -> Iterator[None]:
        """Whatever ends the work is in the log, with its code."""
        try:
            yield
        except BaseException as error:
            code = error.code if isinstance(error, CloisterError) else type(error).__name__
            self._desk.ledger.note(action, outcome="failed", code=code)
            raise

    def _newest(self, place: Place) -> SignedManifest:
        """Of this vault, and none the log knows of is missing. Raises as `check`."""
        newest = place.manifest(place.numbers()[-1])
        require_vault(newest, self._desk.session.vault_id)
        require_not_behind(newest, self._known(newest.manifest.repository))
        return newest

    def _written(self, place: Place, recheck: bool, progress: Progress) -> Written:
        session, keys = self._desk.session, self._keys()
        newest = newest_backup(place, keys, session.vault_id)
        if newest is not None:
            require_not_behind(newest, self._known(newest.manifest.repository))
        about = About(session.vault_id, self._desk.now(), session.recovery_envelope())
        chunks = Chunks(place, keys, newest, recheck=recheck)
        for attempt in range(_ATTEMPTS):
            with closing(snapshot(self._desk)) as taken:
                try:
                    return write_backup(taken, chunks, about, newest, progress=progress)
                except BackupUnsettled:  # the next attempt reads what changed alone: it is short
                    if attempt == _ATTEMPTS - 1:
                        raise
        raise BackupUnsettled("The data changed while it was read.")

    def _keys(self) -> BackupKeys:
        return BackupKeys.of(self._desk.session.vault_subkey(SUBKEY))

    def _known(self, repository: str) -> int | None:
        return self._desk.ledger.log.latest_value(VALUE, repository)


def _refused(desk: Desk) -> int:
    """How many stores are not what the log recorded: they are backed up as they lie there."""
    problems = sum(bool(collection.problem) for collection in desk.collections())
    return problems + isinstance(desk.history, RefusedHistory)


def list_backups(folder: Path) -> tuple[Listed, ...]:
    """Oldest first; needs no login and no key. Raises NoBackup, storage errors."""
    return listed(Place.below(folder))


def check_signed(
    folder: Path,
    wanted: str,
    *,
    number: int | None = None,
    progress: Progress = lambda done, total: None,
) -> Checked:
    """Without any secret: every hash and signature, by the key with the fingerprint `wanted` (any,
    if it is empty: then the caller says so). Raises as `check_backups`."""
    return check_backups(Place.below(folder), wanted=wanted, number=number, progress=progress)


def check_with_code(
    folder: Path,
    recovery_code: Callable[[], str],
    *,
    number: int | None = None,
    progress: Progress = lambda done, total: None,
) -> Checked:
    """A rehearsal of the restore on any machine: everything is opened, nothing written. Raises as
    `check_backups`, RecoveryCodeMistyped, WrongRecoveryCode."""
    place = Place.below(folder)
    manifest = place.manifest(number or place.numbers()[-1]).manifest
    with closing(recovered_vault(manifest.recovery, recovery_code())) as vault:
        keys = BackupKeys.of(vault.subkey(SUBKEY))
        return check_backups(place, keys=keys, number=number, progress=progress)
