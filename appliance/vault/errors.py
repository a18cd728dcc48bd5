"""What can go wrong with keys, said so that a person knows the next step.

Rules kept here: no sentence holds a name, a passphrase, a code or a key; a wrong name and a wrong
passphrase are the same error with the same words.
"""

from __future__ import annotations

from appliance.errors import CloisterError, StoreTampered


class Tampered(StoreTampered):
    """A sealed thing, a wrap or a tag does not verify: damaged, swapped, or under another key."""

    code = "tampered"


class VaultDamaged(StoreTampered):
    """vault.json is damaged, cut short, swapped or rolled back. It is not used."""

    code = "vault_damaged"
    hint = (
        "Put vault.json back from your newest backup and tell your security officer. "
        "The documents themselves are untouched."
    )


class WrongPassphrase(CloisterError):
    code = "wrong_passphrase"
    hint = (
        "Check Caps Lock and the keyboard layout and try again, or type the recovery code "
        "that was printed when you were added."
    )


class EnrolFirst(CloisterError):
    """An enrolment code was typed where a passphrase is asked for."""

    code = "enrol_first"
    hint = "Enrol with it: `cloister people enrol --name NAME`."


class EnrolmentEnded(CloisterError):
    code = "enrolment_ended"
    hint = "Ask your administrator for a new code."


class AccountClosed(CloisterError):
    code = "account_closed"
    hint = "Ask your administrator to open it again."


class RecoveryCodeMistyped(CloisterError):
    code = "recovery_code_mistyped"
    hint = "Compare it with the printout group by group; 0 and O, 1 and I and L count as the same."


class WrongRecoveryCode(CloisterError):
    code = "wrong_recovery_code"
    hint = (
        "Type the code that the custodian of the institution's recovery key was given; a backup "
        "opens with the code that was in force when it was made."
    )


class PassphraseTooWeak(CloisterError):
    code = "passphrase_too_weak"
    hint = "Use at least 12 characters; four or five unrelated words are easy to remember."


class NotEnoughMemory(CloisterError):
    code = "not_enough_memory"
    hint = "Close other programs and try again; unlocking takes 64 MiB for a moment."


class NameRequired(CloisterError):
    code = "name_required"
    hint = "Give your name as it was entered when you were added (in a terminal: --name NAME)."


class NameUnusable(CloisterError):
    code = "name_unusable"
    hint = "Use another name, of 1 to 200 characters."


class NoVault(CloisterError):
    code = "no_vault"
    hint = "Create one with `cloister init`, or choose the right folder with --data."


class VaultExists(CloisterError):
    code = "vault_exists"
    hint = "Unlock it, or choose an empty folder with --data."


class NotAMember(CloisterError):
    code = "not_a_member"
    hint = "Ask a member of the collection to add you."


class NotPermitted(CloisterError):
    """The person's role does not cover this act on the vault."""

    code = "not_permitted"
    hint = "Ask an administrator."


class PersonUnknown(CloisterError):
    code = "person_unknown"
    hint = "`cloister people list` names everybody, and so does the window under Administration."


class KeyErased(CloisterError):
    """The key was destroyed on purpose, so what it sealed cannot be read by anybody."""

    code = "key_erased"
    hint = "Nothing can be done: erasure is final. The log's chain still verifies."


class SessionClosed(CloisterError):
    code = "session_closed"
    hint = "Unlock again."


class BadSignature(CloisterError):
    code = "bad_signature"
    hint = "Do not use what it signs. Get it again from where it came from."


class SealedMissing(CloisterError):
    code = "sealed_missing"
    hint = "Restore it from a backup, or add the document again."


class TooLarge(CloisterError):
    code = "too_large"
    hint = "Split it into smaller parts."


class StorageFailed(CloisterError):
    """The disk gave an error that is neither "full" nor "read-only"."""

    code = "storage_failed"
    hint = "Have the disk that holds the data folder checked."
