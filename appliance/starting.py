"""What happens to the process before anything of the product is opened.

Rules kept here: hardened first, then the guards, then the proof; the folders that must be there
are made before the guards close; nothing here starts a thread.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from appliance.airgap import guard, selftest
from appliance.clock import now
from appliance.first_run import made_folders
from appliance.settings import Settings, read_settings
from appliance.values import AirgapReport
from appliance.vault import harden_process

BUSES = ("DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "DBUS_STARTER_ADDRESS")
NO_BUS = "disabled:"
"""A transport that neither libdbus nor GDBus has: nothing is connected to."""


def guarded(data: Path, writable: Sequence[Path], *, screen: bool) -> tuple[Settings, AirgapReport]:
    """See `app.open_appliance`."""
    harden_process()
    settings = read_settings()
    spill = made_folders(data)
    # Whatever library makes a temporary file makes it where nothing in the clear can outlive it.
    os.environ["TMPDIR"] = str(spill)
    # Who sits on a bus could act for us (docs/decisions/0008-air-gap.md). Without an address
    # libdbus goes to the one in XDG_RUNTIME_DIR by itself: it must have one that leads nowhere.
    os.environ |= dict.fromkeys(BUSES, NO_BUS)
    required = settings.airgap == "required"
    guard.engage((data, *settings.written_folders, *writable), screen=screen, required=required)
    return settings, selftest.prove(now())
