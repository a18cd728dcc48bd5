"""A data folder out of a backup, on any machine, with the institution's recovery code.

Rules kept here: the log goes on where the backup left it, and its next record says that it was
restored, out of which backup, and whether there is a newer one; that record is durable before the
vault can be opened; how often the vault was restored is a value in the log and a marker beside it
(parcel/restored.py), by which a seat must be certified again. It needs no login: the recovery code
is the one thing that is left after a total loss.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.airgap import selftest
from appliance.audit import Log, LogTampered, Record
from appliance.entering import FOLDER as PEOPLE
from appliance.parcel.backup.keys import SUBKEY, BackupKeys
from appliance.parcel.backup.manifest import Manifest
from appliance.parcel.backup.place import Place
from appliance.parcel.backup.restoring import (
    Opened,
    conclude,
    opened_backup,
    require_empty,
    restore_files,
)
from appliance.parcel.backup.writing import Progress
from appliance.parcel.errors import BackupForged
from appliance.parcel.restored import SUBKEY as MARKER
from appliance.parcel.restored import VALUE, Restored, write_restored
from appliance.people import Attempts
from appliance.people.attempts import FILE as ATTEMPTS
from appliance.protocols import Clock
from appliance.vault import RecoveredVault, recovered_vault
from appliance.vault.folder_lock import lock_folder

if TYPE_CHECKING:
    from appliance.app import Appliance

ACTION = "backup.restored"
OLDER = "older_backup"
"""The code of the log's record where a newer backup lay beside the one that was restored."""
LOST = "backup.file_lost"
_MOST_NAMED = 1_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was restored. newest: the number of the newest backup in the folder. record: the number
    of the log's record that says so. restorations: how often this vault was restored, now
    included. lost: paths of the files that were damaged in the backup and are not here."""

    manifest: Manifest
    newest: int
    record: int
    restorations: int
    lost: tuple[str, ...] = ()

    @property
    def older(self) -> bool:
        """Whether a newer backup was passed over: the folder is then rolled back on purpose."""
        return self.manifest.number < self.newest


def restore_into(
    appliance: Appliance,
    folder: Path,
    recovery_code: Callable[[], str],
    clock: Clock,
    *,
    number: int | None = None,
    salvage: bool = False,
    progress: Progress = lambda done, total: None,
) -> Outcome:
    """As `restore`, into the data folder of an appliance that nobody is logged in to. Raises
    AirgapBroken as well, before the code is asked for: what it opens is a vault's key."""
    if appliance.settings.airgap == "required":
        selftest.require_proof(appliance.airgap)
    return restore(
        folder,
        appliance.data,
        recovery_code,
        clock,
        number=number,
        salvage=salvage,
        progress=progress,
    )


def restore(
    folder: Path,
    data: Path,
    recovery_code: Callable[[], str],
    clock: Clock,
    *,
    number: int | None = None,
    salvage: bool = False,
    progress: Progress = lambda done, total: None,
) -> Outcome:
    """Restores a backup (the newest, if none is named) into `data`, which exists and is empty;
    durable on return, and nobody is logged in. salvage: what is damaged is left out, said and
    logged; without, it ends the restore.

    recovery_code: asked once, after it is clear that there is something to restore and a place for
    it. Raises NoBackup, RestoreRefused, RecoveryCodeMistyped, WrongRecoveryCode, BackupDamaged,
    BackupForged, AlreadyRunning, storage errors, what the log raises and what `progress` raises;
    there is then no vault in `data`, and a restore can be tried again."""
    place = Place.below(folder)
    newest = place.numbers()[-1]
    signed = place.manifest(number or newest)
    with lock_folder(data):
        require_empty(data)
        with closing(recovered_vault(signed.manifest.recovery, recovery_code())) as vault:
            if vault.vault != signed.manifest.vault:
                raise BackupForged("The backup names another vault than its recovery key does.")
            keys = BackupKeys.of(vault.subkey(SUBKEY))
            opened = opened_backup(place, keys, signed)
            lost = restore_files(opened, data, progress, salvage=salvage)
            outcome = _logged(opened, data, vault, clock, newest, lost=lost)
            _marked(outcome, data, vault, clock())
            _put_back_attempts(data, clock())
            conclude(opened, data)
    return outcome


def _logged(
    opened: Opened,
    data: Path,
    vault: RecoveredVault,
    clock: Clock,
    newest: int,
    *,
    lost: tuple[str, ...] = (),
) -> Outcome:
    """The log goes on: its next records say that it was restored."""
    manifest = opened.signed.manifest
    log = Log.open(data / "audit", vault.subkey("audit"), clock)
    with closing(log):
        if log.size < manifest.log_size:
            raise LogTampered("The log in the backup is shorter than its manifest says.")
        restorations = (log.latest_value(VALUE, manifest.vault) or 0) + 1
        record = log.append(
            Record(
                ACTION,
                object=manifest.repository,
                outcome="restored",
                code=OLDER if manifest.number < newest else "",
                details=(
                    ("created", manifest.created.strftime("%Y-%m-%dT%H:%M:%SZ")),
                    ("lost", len(lost)),
                    ("manifest", opened.signed.sha256),
                    ("newest", newest),
                    ("number", manifest.number),
                    ("records", manifest.log_size),
                    ("restorations", restorations),
                ),
            )
        )
        if lost:
            log.append_batch([Record(LOST, object=path) for path in lost[:_MOST_NAMED]])
        log.note_value(VALUE, manifest.vault, restorations)
        log.advance_keys()  # whoever has the backup has those it was made with
    return Outcome(manifest, newest, record, restorations, lost)


def _put_back_attempts(data: Path, now: datetime) -> None:
    """The count of failed log-ins is as old as the log beside it; only its file is new."""
    folder = data / PEOPLE
    if (folder / ATTEMPTS).exists():
        Attempts(folder, now).put_back(now)


def _marked(outcome: Outcome, data: Path, vault: RecoveredVault, now: datetime) -> None:
    manifest = outcome.manifest
    marker = Restored(
        manifest.vault,
        outcome.restorations,
        manifest.repository,
        manifest.number,
        manifest.created,
        now,
    )
    write_restored(data, marker, vault.subkey(MARKER))
