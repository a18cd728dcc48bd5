"""Chat models that came with the program on its medium, and wait to be taken in.

Rules kept here: they lie where only an administrator of the machine can put them, and nothing of
them is used there; `store.install` checks each like any other before it is.
"""

from __future__ import annotations

import sys
from pathlib import Path

NAME = "mlc-chat-config.json"
"""Which every bundle has (mlc/chat_config.py); named here too, for this is asked at each start."""


def brought_folder(platform: str = sys.platform, program: str = sys.executable) -> Path:
    """Where the installers of each platform lay them (packaging/installer). On Windows beside the
    program's folder: below ProgramData everybody may write."""
    if platform == "win32":
        return Path(program).parent.parent / "models"
    if platform == "darwin":
        return Path("/Library/Application Support/Cloister/models")
    return Path("/var/lib/cloister/models")


def brought(folder: Path | None = None) -> tuple[Path, ...]:
    """The bundles there; empty where there are none. folder: instead of this machine's."""
    place = brought_folder() if folder is None else folder
    try:
        return tuple(sorted(path for path in place.iterdir() if _is_bundle(path)))
    except OSError:
        return ()


def _is_bundle(path: Path) -> bool:
    """With a dot begins what is being copied at this moment."""
    return not path.name.startswith(".") and (path / NAME).is_file()
