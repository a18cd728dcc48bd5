"""What can go wrong with backups and parcels, said so that a person knows the next step.

Rules kept here: no sentence holds a key, a code or a document's text.
"""

from __future__ import annotations

from appliance.errors import CloisterError


class NoBackup(CloisterError):
    code = "no_backup"
    hint = (
        "Name the folder that `cloister backup create` wrote to; `cloister backup list` shows it."
    )


class BackupDamaged(CloisterError):
    """Something of a backup is missing, changed, cut short or another's. It is not used."""

    code = "backup_damaged"
    hint = (
        "Use an earlier backup or another copy of the folder, and have the disk checked. "
        "`cloister backup create --recheck` writes anew what is damaged."
    )


class BackupForged(BackupDamaged):
    """A backup is not signed by whoever it should be signed by."""

    code = "backup_forged"
    hint = "Do not use this folder, and tell your security officer."


class BackupForeign(CloisterError):
    code = "backup_of_another_vault"
    hint = "Name a folder of its own for the backups of this vault."


class BackupRolledBack(CloisterError):
    """The folder lacks backups that the log knows of."""

    code = "backup_rolled_back"
    hint = (
        "Tell your security officer: backups were taken away or an older copy was put back. "
        "Begin a new folder meanwhile."
    )


class BackupTooNew(CloisterError):
    code = "backup_too_new"
    hint = "Install that version of Cloister first."


class BackupBusy(CloisterError):
    code = "backup_busy"
    hint = "Wait until the other one has ended, then try again."


class BackupUnsettled(CloisterError):
    """The data changed while it was read, each time it was tried."""

    code = "backup_unsettled"
    hint = "Try again when no import or removal is under way. Earlier backups are as they were."


class RestoreRefused(CloisterError):
    code = "restore_refused"
    hint = "Name a new or an empty folder with --data."
