"""What the hand and the eye of a person do with the real window: click, type, choose a file, see.

Qt is imported late: whoever runs the real product puts its guards on before.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.gui.waiting import until

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint, QRect
    from PySide6.QtWidgets import QFileDialog, QListView, QWidget

    from gui.shell import Shell
    from gui.workplace import Workplace

PERSON = "Dr Ada Winter"
"""Whose it is: the founder."""


def click(widget: QWidget, at: QPoint | None = None) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    assert widget.isVisible(), widget.accessibleName()
    assert widget.isEnabled(), widget.accessibleName()
    QTest.mouseClick(
        widget, Qt.MouseButton.LeftButton, pos=at if at is not None else widget.rect().center()
    )


def press(widget: QWidget, text: str) -> None:
    from PySide6.QtTest import QTest

    QTest.keyClicks(widget, text)


def place(shell: Shell) -> Workplace:
    assert shell.workplace is not None
    return shell.workplace


def file_dialog() -> QFileDialog:
    from PySide6.QtWidgets import QApplication, QFileDialog

    def shown() -> list[QFileDialog]:
        windows = QApplication.topLevelWidgets()
        return [w for w in windows if isinstance(w, QFileDialog) and w.isVisible()]

    until(shown, "the file dialog")
    return shown()[0]


def choose(dialog: QFileDialog, files: list[Path]) -> None:
    """Types the names as a person may, and presses Open."""
    from PySide6.QtWidgets import QDialogButtonBox, QLineEdit

    line = dialog.findChild(QLineEdit, "fileNameEdit")
    buttons = dialog.findChild(QDialogButtonBox)
    assert isinstance(line, QLineEdit)
    assert isinstance(buttons, QDialogButtonBox)
    line.setText(" ".join(f'"{file}"' for file in files))
    click(buttons.button(QDialogButtonBox.StandardButton.Open))


def click_row(listed: QListView, row: int) -> None:
    click(listed.viewport(), listed.visualRect(listed.model().index(row, 0)).center())


def pixels(sheet: QWidget, area: QRect) -> tuple[float, float]:
    """Which share of an area has the marker's colour, and which is dark."""
    from PySide6.QtGui import QColor

    from gui.style.tokens import LIGHT

    image = sheet.grab(area).toImage()
    mark = QColor(LIGHT.mark)
    marked = dark = total = 0
    for y in range(0, image.height(), 2):
        for x in range(0, image.width(), 2):
            colour = image.pixelColor(x, y)
            total += 1
            dark += colour.lightness() < 110
            wanted, found = mark.getRgb(), colour.getRgb()
            marked += all(abs(int(a) - int(b)) < 12 for a, b in zip(wanted, found, strict=True))  # type: ignore[call-overload]
    return marked / total, dark / total
