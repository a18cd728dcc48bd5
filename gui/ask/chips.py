"""Citations as chips under an answer: number, title, place.

Rule kept here: a document of the person's own, beside the conversation, looks and is called other
than one of the library.
"""

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
    """own: it is the person's own document that is cited."""

    def __init__(
        self, citation: Citation, parent: QWidget | None = None, *, own: bool = False
    ) -> None:
        super().__init__(parent)
        self.citation = citation
        self._own = own
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
        named = self.tr("Citation {number}: {title}, {place}. Opens the page.").format(
            number=citation.number, title=plain.line(citation.passage.title), place=place
        )
        quote = plain.line(citation.quote, 320)
        where = f"{plain.line(citation.passage.title)}, {place}"
        if own:
            yours = self.tr("Your own document, not of the library.")
            named, where = f"{named} {yours}", f"{yours} {where}"
        self.setAccessibleName(named)
        self.setToolTip(plain.tip(f"{where}: “{quote}”"))
        self._tint()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange):
            self._tint()
        super().changeEvent(event)

    def _tint(self) -> None:
        self.setIcon(icon("clip" if self._own else "file", current().accent, 14))


class Chips(QWidget):
    """All chips of an answer; `chosen` says which was pressed. beside: the conversation, which is
    the collection of what stands beside it."""

    chosen = Signal(object)

    def __init__(
        self, citations: tuple[Citation, ...], beside: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._flow = Flow(self, gap=6)
        self._chips: dict[int, Chip] = {}
        for citation in citations:
            chip = Chip(citation, own=bool(beside) and citation.passage.collection == beside)
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
