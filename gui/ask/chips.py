"""Citations as chips under an answer: number, title, place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QToolButton, QWidget

from appliance.values import Citation
from gui.controls.flow import Flow
from gui.style.icons import icon
from gui.style.scale import fix, px
from gui.style.tokens import current
from gui.text import counts, plain

_TITLE_WIDTH = 230


class Chip(QToolButton):
    def __init__(self, citation: Citation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.citation = citation
        self.setObjectName("chip")
        self.setCheckable(True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        fix(self, icons=14)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        font = self.font()
        font.setPixelSize(px(12))
        title = QFontMetrics(font).elidedText(
            plain.line(citation.passage.title), Qt.TextElideMode.ElideRight, px(_TITLE_WIDTH)
        )
        place = plain.line(counts.place(citation.place), 60)
        self.setText(f" {citation.number}   {title} · {place}".replace("&", "&&"))
        self.setAccessibleName(
            self.tr("Citation {number}: {title}, {place}. Opens the page.").format(
                number=citation.number, title=plain.line(citation.passage.title), place=place
            )
        )
        quote = plain.line(citation.quote, 320)
        self.setToolTip(plain.tip(f"{plain.line(citation.passage.title)}, {place}: “{quote}”"))
        self._tint()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange):
            self._tint()
        super().changeEvent(event)

    def _tint(self) -> None:
        self.setIcon(icon("file", current().accent, 14))


class Chips(QWidget):
    """All chips of an answer; `chosen` says which was pressed."""

    chosen = Signal(object)

    def __init__(self, citations: tuple[Citation, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._flow = Flow(self, gap=6)
        self._chips: dict[int, Chip] = {}
        for citation in citations:
            chip = Chip(citation)
            chip.clicked.connect(lambda _on=False, c=citation: self.chosen.emit(c))
            self._chips[citation.number] = chip
            self._flow.addWidget(chip)
        self.setAccessibleName(self.tr("Citations"))

    def chip(self, number: int) -> Chip | None:
        return self._chips.get(number)

    def mark(self, citation: Citation | None) -> None:
        """The chip of the page that is open stands out."""
        for chip in self._chips.values():
            chip.setChecked(chip.citation is citation)
