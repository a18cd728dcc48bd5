"""What can go wrong with the kernel guards."""

from __future__ import annotations

from appliance.errors import CloisterError


class GuardUnavailable(CloisterError):
    """This machine's kernel cannot enforce the air gap, or refused to."""

    code = "guard_unavailable"
    hint = (
        "Use Linux 5.11 or newer on x86-64 or arm64, or have IT set the managed setting that "
        "lowers the air gap to a warning on this machine."
    )


class GuardTooLate(GuardUnavailable):
    """Threads were running before the guard, and this kernel cannot reach them."""

    code = "guard_too_late"
    hint = "Start Cloister again; if it happens each time, run `cloister doctor` and tell IT."


class GuardAlreadyOn(GuardUnavailable):
    """The guard was put on with other writable folders; the kernel never widens a guard."""

    code = "guard_already_on"
    hint = "Start Cloister anew with the folders it needs."
