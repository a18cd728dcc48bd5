"""What the process takes over from where it was started, set right before anything is opened.

Rules kept here: whatever a library writes for a moment goes below the data folder, where nothing in
the clear can outlive the session; nobody on the session bus can be asked to act for us
(docs/decisions/0008-air-gap.md).
"""

from __future__ import annotations

import os
from pathlib import Path

from appliance.errors import StorageReadOnly


def settle_in(data: Path) -> None:
    """Makes the data folder with its folder for spill files. Raises StorageReadOnly."""
    spill = data / "spill"
    try:
        for folder in (data, spill):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageReadOnly(
            f"The data folder {data} cannot be made: {error.strerror}."
        ) from error
    os.environ["TMPDIR"] = str(spill)
    os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)
