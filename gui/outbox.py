"""Where the window may write besides the data folder: what a person saves or exports on purpose.

Rules kept here: the kernel lets the program write nowhere else once the guard is on, so these
folders are named before. They are one folder of the person's own and the places where sticks are
mounted; nothing is written there but by a press of Save or Export.
"""

from __future__ import annotations

import os
from pathlib import Path

NAME = "Cloister"


def outbox() -> Path:
    """Documents/Cloister, or Cloister in the home folder where there is no Documents."""
    documents = Path.home() / "Documents"
    return (documents if documents.is_dir() else Path.home()) / NAME


def writable() -> tuple[Path, ...]:
    """The outbox, made if need be, and the sticks' mount points that exist."""
    folders = []
    try:
        outbox().mkdir(mode=0o700, exist_ok=True)
        folders.append(outbox())
    except OSError:
        pass  # a home folder that cannot be written to: saving will say so when it is tried
    return (*folders, *_mounts())


def sticks() -> Path:
    """Where looking for a stick begins: the mount points, else the home folder."""
    return next(iter(_mounts()), Path.home())


def models() -> Path:
    """Where looking for a model begins: with those that came with the program, if there are any."""
    from appliance.app import brought

    came = brought()
    return came[0].parent if came else sticks()


def mounted() -> tuple[Path, ...]:
    """What is mounted there now. Raises OSError."""
    return tuple(sorted(folder for mount in _mounts() for folder in mount.iterdir()))


def _mounts() -> tuple[Path, ...]:
    """Of the user as the session names them: to ask the system could be to ask a name service."""
    user = os.environ.get("USER") or os.environ.get("LOGNAME") or ""
    if not user or Path(user).name != user:
        return ()
    mounts = (Path("/media") / user, Path("/run/media") / user)
    return tuple(mount for mount in mounts if mount.is_dir())
