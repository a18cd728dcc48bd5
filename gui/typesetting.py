"""What sets a PDF for a command: the window's own typesetter, with no window and no screen.

Rules kept here: Qt draws in memory (its "offscreen" platform) and opens no display, whatever the
environment names; a command asks for this by its name, so that the appliance knows no screen.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from appliance.values import Sheet


def typesetter() -> Callable[[Sheet], bytes]:
    """Call it once the guards are on: Qt starts threads."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtGui import QGuiApplication

    from gui.ask.typeset import typeset

    application = QGuiApplication.instance() or QGuiApplication([sys.argv[0]])

    def set_in_memory(sheet: Sheet) -> bytes:
        application.processEvents()  # the application lives as long as what it sets
        return typeset(sheet)

    return set_in_memory
