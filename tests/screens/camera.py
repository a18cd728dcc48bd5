"""Who takes the pictures, and of which product. Qt is imported late: the guards go on before."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PySide6.QtGui import QPixmap
    from PySide6.QtWidgets import QTableView, QWidget

    from appliance.app import Appliance
    from gui.kiosk.window import KioskWindow
    from gui.shell import Shell
    from gui.workplace import Workplace


class Camera:
    """Waits for what it is told to wait for, then takes a picture."""

    def __init__(self, folder: Path, shell: Shell | KioskWindow, prefix: str = "") -> None:
        self._folder, self._shell, self._prefix = folder, shell, prefix
        self._number = 0

    def until(self, ready: Callable[[], object], seconds: float = 90.0) -> None:
        from tests.gui.waiting import until

        try:
            until(ready, seconds=seconds)
        except TimeoutError as error:
            raise SystemExit(f"screens: {error}") from error

    def rest(self, seconds: float = 0.25) -> None:
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end, seconds + 5)

    def take(self, name: str, widget: QWidget | None = None) -> None:
        self.rest()
        self._number += 1
        path = self._folder / f"{self._prefix}{self._number:02}-{name}.png"
        _keep((widget or self._shell).grab(), path)
        print(path.name, flush=True)

    def dialog(self, name: str) -> None:
        """As `still`; then the dialog is closed."""
        from PySide6.QtWidgets import QApplication, QDialog

        self.still(name)
        for window in QApplication.topLevelWidgets():
            if isinstance(window, QDialog):
                window.reject()
        self.rest()

    def still(self, name: str) -> None:
        """The window with the dialog that stands before it."""
        from PySide6.QtGui import QPainter
        from PySide6.QtWidgets import QApplication, QDialog

        self.rest()
        picture = self._shell.grab()
        painter = QPainter(picture)
        for window in QApplication.topLevelWidgets():
            if isinstance(window, QDialog) and window.isVisible():
                where = self._shell.rect().center() - window.rect().center()
                painter.drawPixmap(where, window.grab())
        painter.end()
        self._number += 1
        path = self._folder / f"{self._prefix}{self._number:02}-{name}.png"
        _keep(picture, path)
        print(path.name, flush=True)


def _keep(picture: QPixmap, path: Path) -> None:
    """In 256 colours: a third of the bytes, and nobody sees it."""
    from PIL import Image
    from PySide6.QtGui import QImage

    whole = picture.toImage().convertToFormat(QImage.Format.Format_RGB888)
    size = (whole.width(), whole.height())
    image = Image.frombytes(
        "RGB", size, bytes(whole.constBits()), "raw", "RGB", whole.bytesPerLine()
    )
    image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


class Scene:
    """What is asked of which product."""

    def __init__(self, *, memory: bool, work: Path, pictures: Path) -> None:
        self.memory = memory
        self.work = work
        self.pictures = pictures
        self.collection = "Ward 4 guidelines"
        self.moment = 0.5
        self.token = 0.06
        """Seconds a written word takes."""
        if memory:
            from tests.gui.texts import write_library

            self.library = write_library(work / "library")
            self.questions = [
                "When can apixaban be restarted after a high bleeding-risk procedure?",
                "Which gate does the last ferry to Reykjavik leave from?",
                "How do I delete an entry of the log?",
                "When are blood cultures taken, and what is done in the first hour?",
            ]
            self.paged_less = "How is parental leave requested in writing?"
        else:
            from appliance.sample import sample_folder, sample_questions

            self.library = sample_folder("hospital")
            first, second, third, unknown, refused = (
                question.text for question in sample_questions("hospital")
            )
            self.questions = [first, unknown, refused, second]
            self.paged_less = third
            self.moment = 0.02

    def appliance(self) -> Appliance:
        if self.memory:
            from tests.gui.memory_appliance import MemoryAppliance
            from tests.gui.memory_state import Pace

            return MemoryAppliance(Pace(stage=0.35, file=0.25))
        from appliance.app import open_appliance

        os.environ["XDG_CONFIG_HOME"] = str(self.work / "config")  # settings are changed there
        data = self.work / "data"
        temporary = self.work.parent.parent
        return open_appliance(data, writable=(temporary, self.pictures), screen=True)


def place(shell: Shell) -> Workplace:
    if shell.workplace is None:
        raise SystemExit("screens: the desk is not open")
    return shell.workplace


def choose(table: QTableView, row: int) -> None:
    """As a click does; Qt's selectRow chooses nothing where the layout runs from right to left."""
    table.setCurrentIndex(table.model().index(row, 0))


def dialogs() -> list[Any]:
    from PySide6.QtWidgets import QApplication, QDialog

    return [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog)]
