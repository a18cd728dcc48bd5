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
        "`cloister backup create --recheck` writes anew what is damaged; after a loss, "
        "`cloister backup restore --salvage` brings back what is whole."
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


class BackupMisplaced(CloisterError):
    code = "backup_misplaced"
    hint = "Name a folder on another disk, a stick or a share."


class BackupUnsettled(CloisterError):
    """The data changed while it was read, each time it was tried."""

    code = "backup_unsettled"
    hint = "Try again when no import or removal is under way. Earlier backups are as they were."


class RestoreRefused(CloisterError):
    code = "restore_refused"
    hint = "Name a new or an empty folder with --data."


class NoParcel(CloisterError):
    code = "no_parcel"
    hint = "Name the folder that holds `cloister-parcel`, as it is mounted."


class OriginUnknown(CloisterError):
    """No root of trust is installed here that the parcel begins with."""

    code = "parcel_origin_unknown"
    hint = (
        "Ask whoever made it for their root.json, compare its fingerprint by another way, and put "
        "it into /etc/cloister/parcel-roots/NAME.json."
    )


class ParcelRefused(CloisterError):
    """What is on the stick is not what its origin signed, or not any more."""

    code = "parcel_refused"
    hint = "Do not use this stick. Get the parcel again from where it came from."


class ParcelForged(ParcelRefused):
    code = "parcel_forged"
    hint = "Do not use this stick, and tell your security officer."


class ParcelRolledBack(ParcelRefused):
    code = "parcel_rolled_back"
    hint = (
        "A newer one of this origin was seen here. Get the newest, or tell your security officer."
    )


class ParcelExpired(ParcelRefused):
    code = "parcel_expired"
    hint = (
        "Get a fresh one from its origin. If the date of this machine is wrong, have it set right."
    )


class ParcelDamaged(ParcelRefused):
    code = "parcel_damaged"
    hint = "Copy the parcel onto the stick again; what arrived whole is kept."


class ParcelInterrupted(CloisterError):
    """The stick went away half-way. What arrived is kept."""

    code = "parcel_interrupted"
    hint = "Put the stick in again and import once more: it goes on where it stopped."


class RootsInvalid(CloisterError):
    code = "parcel_roots_invalid"
    hint = "Correct the folder /etc/cloister/parcel-roots, or remove the file named above."


class ParcelUnmakable(CloisterError):
    code = "parcel_unmakable"
    hint = "See `cloister parcel make --help`."
