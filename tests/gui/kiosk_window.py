"""A kiosk's window over an appliance in memory, and what may not come of anything done to it."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QObject, QRect, QUrl, Slot
from PySide6.QtGui import QClipboard, QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QTextEdit, QWidget

from appliance.values import KioskEnded
from gui.kiosk.window import KioskWindow, Opening
from tests.gui.driving import PASSPHRASE
from tests.gui.kiosk_appliance import KioskAppliance
from tests.gui.memory_state import Pace

SIZE = (1280, 800)
SCHEMES = ("http", "https", "file", "mailto", "ftp", "ms-settings", "javascript", "data", "cite")
_STARTING = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn",
             "os.spawn", "os.startfile", "webbrowser.open", "pty.spawn")  # fmt: skip


def furnished(
    library: Path, pace: Pace, kind: type[KioskAppliance] = KioskAppliance
) -> KioskAppliance:
    """With the visitors' account, one collection of four documents, and nobody logged in."""
    made = kind(pace)
    made.create("Visitor", PASSPHRASE)
    collection = made.create_collection("Ward 4 guidelines")
    list(made.add(collection.id, [library]))
    made.lock()
    return made


class SizedWindow(KioskWindow):
    """As large as the tests want it; the offscreen screen is small."""

    @property
    def room(self) -> QRect:
        return QRect(0, 0, *SIZE)


def window_of(appliance: KioskAppliance) -> KioskWindow:
    return SizedWindow(appliance, Opening("", PASSPHRASE, KioskEnded()))


def words_in(window: QWidget) -> str:
    """Every word that stands in a widget, shown or not."""
    parts: list[str] = []
    for widget in window.findChildren(QWidget):
        parts += [widget.accessibleName(), widget.accessibleDescription(), widget.toolTip()]
        if isinstance(widget, QTextEdit):
            parts.append(widget.toPlainText())
        elif isinstance(widget, QLineEdit | QLabel):
            parts.append(widget.text())
    return "\n".join(parts)


def children_of_this_process() -> set[str]:
    tasks = Path("/proc/self/task")
    if not tasks.is_dir():
        return set()
    return {child for task in tasks.iterdir() for child in (task / "children").read_text().split()}


class Watch(QObject):
    """Sees what a kiosk must never do, from its making on until `end`."""

    _hooked: list[Watch] = []  # an audit hook stays for good, so there is one  # noqa: RUF012

    def __init__(self, window: KioskWindow) -> None:
        super().__init__()
        self._window = window
        self._before = children_of_this_process()
        self.found: list[str] = []
        for scheme in SCHEMES:
            # The stub says bytes; the binding takes text alone.
            QDesktopServices.setUrlHandler(scheme, self, "opened")  # type: ignore[arg-type]
        application = QGuiApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(lambda: self.found.append("the program was ended"))
        window.ended.connect(lambda: self.found.append("the window was ended"))
        if not Watch._hooked:
            sys.addaudithook(_heard)
        Watch._hooked[:] = [self]

    @Slot(QUrl)
    def opened(self, address: QUrl) -> None:
        self.found.append(f"an address was opened: {address.scheme()}")

    def end(self) -> None:
        Watch._hooked.clear()
        for scheme in SCHEMES:
            QDesktopServices.unsetUrlHandler(scheme)

    def look(self) -> list[str]:
        """What is wrong now, or was before."""
        window, found = self._window, list(self.found)
        for other in QApplication.topLevelWidgets():
            if other is not window and other.isVisible() and other.isWindow():
                found.append(f"another window: {type(other).__name__} {other.objectName()}")
        for surface in QGuiApplication.allWindows():
            if surface.isVisible() and surface is not window.windowHandle():
                found.append(f"another surface: {surface.objectName()}")
        if not window.isVisible() or window.isMinimized():
            found.append("the window is gone")
        if QApplication.activePopupWidget() or QApplication.activeModalWidget():
            found.append("something stands before the window")
        if children_of_this_process() - self._before:
            found.append("a process was started")
        return found + _clipboard()


def _clipboard() -> list[str]:
    """What this program has put there. Another program's is not asked for: it may not answer."""
    clipboard = QGuiApplication.clipboard()
    owned = {
        QClipboard.Mode.Clipboard: clipboard.ownsClipboard(),
        QClipboard.Mode.Selection: clipboard.supportsSelection() and clipboard.ownsSelection(),
    }
    held = [(mode, clipboard.mimeData(mode)) for mode, ours in owned.items() if ours]
    return [f"the clipboard holds something: {mode.name}" for mode, data in held
            if data is not None and data.formats()]  # fmt: skip


def _heard(event: str, arguments: tuple[object, ...]) -> None:
    """Every process that Python starts, and every file it opens for writing."""
    if not Watch._hooked:
        return
    if event.startswith(_STARTING):
        Watch._hooked[0].found.append(f"a process was started: {event}")
    elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        Watch._hooked[0].found.append(f"a file was opened for writing: {arguments[0]!r}")
