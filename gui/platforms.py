"""Whether a window can be shown at all: the parts of Qt that speak to a screen, loaded once each.

Rules kept here: no screen is needed to ask; what is missing is named as the system names it. Qt
itself says of a missing library only that a plugin could not be loaded, and blames one whichever
it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

SCREENS = {"linux": ("qxcb", "qwayland"), "win32": ("qwindows",), "darwin": ("qcocoa",)}
"""The plugins of which one must load, by platform."""


def missing(platform: str = sys.platform) -> Iterator[tuple[str, str]]:
    """(plugin, why) of each that does not load."""
    from PySide6.QtCore import QLibraryInfo, QPluginLoader

    folder = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)) / "platforms"
    for name in SCREENS.get(platform, ()):
        found = sorted(folder.glob(f"*{name}.*"))
        loader = QPluginLoader(str(found[0]) if found else name)
        if not loader.load():
            yield name, " ".join(loader.errorString().split())


def main() -> int:
    """Prints what does not load; 0 unless nothing does."""
    lost = dict(missing())
    for name, why in lost.items():
        print(f"{name}: {why}")
    return int(len(lost) == len(SCREENS.get(sys.platform, ())))
