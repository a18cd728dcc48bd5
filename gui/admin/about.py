"""About: which version this is, and every part it is made of with its licence.

Rules kept here: all of it is read from what is installed; no address is opened and none is asked.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from appliance.values import PartShown
from gui.admin.page import Page
from gui.controls.buttons import TextButton
from gui.controls.choice import Choice
from gui.controls.facts import Facts
from gui.controls.grid import Grid, Row
from gui.controls.labels import Words
from gui.desk import Desk
from gui.style.scale import px
from gui.text import counts, plain
from gui.worker import Lane


class AboutPage(Page):
    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(
            desk,
            self.tr("About"),
            self.tr(
                "Cloister answers questions over your institution’s own documents, on this "
                "machine, with no network. It stands on the work of others, named below with "
                "their licences."
            ),
            parent,
        )
        self._parts: tuple[PartShown, ...] = ()
        self.facts = Facts(self.tr("This program"))
        self.parts = Grid(
            self.tr("Parts and licences"),
            (self.tr("Part"), self.tr("Version"), self.tr("Licence"), self.tr("What for")),
            (0.16, 0.28, 0.32),
            most=12,
        )
        self.read = TextButton(self.tr("Read the licence …"), glyph="file", tone="muted")
        self.body.addWidget(self.facts)
        self.body.addWidget(Words(self.tr("Parts and licences"), "title"))
        self.body.addWidget(self.parts)
        self.buttons(self.read)
        self.body.addStretch(1)
        self.parts.chosen.connect(self._offer)
        self.parts.doubleClicked.connect(lambda _: self.read_licence())
        self.read.clicked.connect(self.read_licence)
        self.forget()

    def refresh(self) -> None:
        product = self.desk.appliance

        def work() -> tuple[PartShown, ...]:
            with product.administration() as care:
                return care.parts()

        self.desk.worker.run(self, Lane.READ, work, self._show, self.complain)

    def forget(self) -> None:
        self._parts = ()
        self.notice.forget()
        self.facts.show_rows(())
        self.parts.show_rows(())
        self.read.setEnabled(False)

    def read_licence(self) -> None:
        """The texts that the chosen part brings."""
        row = self.parts.row()
        if row < 0 or not self._parts[row].texts:
            return
        part, product = self._parts[row], self.desk.appliance

        def work() -> tuple[tuple[str, str], ...]:
            with product.administration() as care:
                return tuple((name, care.licence_text(part.name, name)) for name in part.texts)

        self.desk.worker.run(
            self,
            Lane.READ,
            work,
            lambda texts: LicenceText(self.window(), part.name, texts).open(),
            self.complain,
        )

    def _offer(self, row: int) -> None:
        self.read.setEnabled(0 <= row < len(self._parts) and bool(self._parts[row].texts))

    def _show(self, found: tuple[PartShown, ...]) -> None:
        self._parts = found
        own = found[0] if found else PartShown("cloister", "", "")
        others = {part.name.lower(): part.version for part in found}
        self.facts.show_rows(
            [
                (self.tr("Version"), own.version),
                (self.tr("Licence"), own.licence or self.tr("see the text beside the program")),
                (self.tr("Python"), others.get("python", "")),
                (self.tr("Window"), f"Qt {qVersion()}"),
                (self.tr("Parts"), counts.number(len(found))),
            ]
        )
        unstated = self.tr("not stated")
        self.parts.show_rows(
            [
                Row((part.name, part.version, part.licence or unstated, plain.spoken(part.purpose)))
                for part in found
            ]
        )


class LicenceText(QDialog):
    """The texts of one part, one at a time."""

    def __init__(self, parent: QWidget, part: str, texts: tuple[tuple[str, str], ...]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Licence of {}").format(plain.line(part, 120)))
        self.setAccessibleName(self.windowTitle())
        self._texts = dict(texts)
        self.which = Choice(self.tr("Text"), [name for name, _ in texts])
        self.which.setVisible(len(texts) > 1)
        self.text = QPlainTextEdit()
        self.text.setObjectName("mono")
        self.text.setReadOnly(True)
        self.text.setAccessibleName(self.windowTitle())
        close = TextButton(self.tr("Close"), kind="primary")
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 18)
        layout.setSpacing(12)
        layout.addWidget(Words(self.windowTitle(), "heading"))
        layout.addWidget(self.which)
        layout.addWidget(self.text, 1)
        layout.addLayout(foot)
        self.resize(min(px(760), parent.width() - 24), min(px(640), parent.height() - 40))
        self.which.currentTextChanged.connect(self._show)
        close.clicked.connect(self.accept)
        self._show(self.which.currentText())

    def _show(self, name: str) -> None:
        self.text.setPlainText(plain.shown(self._texts.get(name, ""), 1_500_000))
