"""What keeps a person out for now, said with the way back in."""

from __future__ import annotations

from appliance.errors import CloisterError, UsageError


class TryLater(CloisterError):
    """Too many failures in a row: the next try has to wait. Nothing was tried."""

    code = "try_later"
    hint = "Wait, then try again, or type the recovery code: it is never made to wait."


class LockedOut(CloisterError):
    """So many failures that passphrases are no longer tried. Nothing was tried."""

    code = "locked_out"
    hint = "Type the recovery code, or ask an administrator to release the account."


class ConfirmFirst(CloisterError):
    """The act needs proof that it is still the person who logged in."""

    code = "confirm_first"
    hint = "Type your passphrase again, then repeat it."


class NotPrepared(CloisterError):
    """The glass of this collection is not this person's to break: they hold no key to it."""

    code = "glass_not_prepared"
    hint = "A member of the collection says beforehand who may; ask one to add you."


class ReasonMissing(UsageError):
    code = "reason_missing"
    hint = "Write in a sentence why you need the collection now; auditors read it."


class RemarkMissing(UsageError):
    code = "remark_missing"
    hint = "Write in a sentence what came of it: --remark TEXT; it is kept for the auditors."
