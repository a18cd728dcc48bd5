"""After an export: where the copy is, the public key, and how anyone verifies it.

Rules kept here: of a part it is said that it is one, and of what.
"""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from appliance.values import Excerpted
from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.controls.room import keep_in
from gui.style.scale import fix
from gui.text import counts, plain
from gui.text.view import PlainView


class Exported(QDialog):
    """rows: names and values besides the key and the command."""

    def __init__(  # noqa: PLR0917 - from the top down
        self,
        parent: QWidget,
        title: str,
        text: str,
        rows: tuple[tuple[str, str], ...],
        key: str,
        place: Path,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.text, self.key = text, key
        self._command = f"cloister log verify {quote(str(place))} --key {quote(key)}"
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 20)
        layout.setSpacing(6)
        layout.addWidget(Words(title, "heading"))
        layout.addWidget(Words(text, "quiet", wrap=True))
        layout.addSpacing(8)
        for name, value in (
            *rows,
            (self.tr("Public key"), key),
            (self.tr("To verify"), self._command),
        ):
            layout.addWidget(Words(name, "section"))
            view = PlainView(name)
            view.setObjectName("mono")
            view.setPlainText(plain.shown(value, 4000))
            layout.addWidget(view)
            layout.addSpacing(6)
        copy = TextButton(self.tr("Copy the command"), glyph="copy", tone="muted")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._command))
        close = TextButton(self.tr("Close"), kind="primary")
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        row.addWidget(copy)
        row.addWidget(close)
        layout.addSpacing(6)
        layout.addLayout(row)
        fix(self, 608, half=True)
        keep_in(self)


def exported_whole(parent: QWidget, folder: Path, key: str) -> Exported:
    text = _tr(
        "The copy verifies alone, on any computer, with the public key below. Hand the key "
        "over by another way than the copy."
    )
    rows = ((_tr("Folder"), str(folder)),)
    return Exported(parent, _tr("The log was exported"), text, rows, key, folder)


def exported_part(parent: QWidget, file: Path, left: Excerpted) -> Exported:
    found = counts.counted(left.found, _tr("record fits"), _tr("records fit"))
    looked = _tr("{looked} of {all} looked through").format(
        looked=counts.number(left.looked), all=counts.number(left.size)
    )
    text = _tr(
        "This is a part of the log, and the file says so: what was wanted, what was looked "
        "through, and of each record the proof that the log holds it. Whether any was left out, "
        "the whole log alone shows. The log has the hash of the file in record {}."
    ).format(counts.number(left.record))
    rows = (
        (_tr("File"), str(file)),
        (_tr("In it"), f"{found} · {looked}"),
        (_tr("SHA-256"), left.sha256),
    )
    title = _tr("A part of the log was exported")
    return Exported(parent, title, text, rows, left.public_key, file)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Exported", text)
