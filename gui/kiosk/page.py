"""The cited page in the kiosk: to look at, to turn and to enlarge, and nothing else.

Rules kept here: only pixels rendered in the sandboxed reader, or plain text, come here; nothing of
it can be marked, dragged or followed; a page that arrives after another was asked for is dropped.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScroller, QStackedWidget, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import Citation, PageImage, PageView
from gui.ask.page_image import PageScroll, Unusable
from gui.ask.page_text import PageTextView
from gui.controls.buttons import GlyphButton
from gui.controls.labels import Elided, Words
from gui.kiosk.fixed_notice import FixedNotice
from gui.text import counts

ZOOMS = (1.0, 1.4, 2.0)
SHARP = 2.5
"""Pixels a point a page is asked for at: enough for the largest zoom on a large screen."""
_SIDE = 56


class KioskPage(QFrame):
    """`wanted(citation, page)` asks for a page (0: the cited one)."""

    wanted = Signal(object, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAccessibleName(self.tr("The page it stands on"))
        self.citation: Citation | None = None
        self.view: PageView | None = None
        self._zoom = 0
        self.title = Elided("", "strong")
        self.place = Words("", "caption")
        self.before = GlyphButton("left", self.tr("Page before"), tone="ink", size=28, side=_SIDE)
        self.after = GlyphButton("right", self.tr("Next page"), tone="ink", size=28, side=_SIDE)
        self.smaller = GlyphButton("minus", self.tr("Smaller"), tone="ink", size=28, side=_SIDE)
        self.larger = GlyphButton("plus", self.tr("Larger"), tone="ink", size=28, side=_SIDE)
        self.picture = PageScroll()
        self.text = PageTextView()
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.text.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.text.viewport().setAcceptDrops(False)
        self._wait = Words(self.tr("Opening the page …"), "quiet")
        self._notice = FixedNotice()
        self._arrange()
        self.before.clicked.connect(lambda: self._step(-1))
        self.after.clicked.connect(lambda: self._step(1))
        self.smaller.clicked.connect(lambda: self._magnify(-1))
        self.larger.clicked.connect(lambda: self._magnify(1))
        for area in (self.picture, self.text):
            QScroller.grabGesture(area.viewport(), QScroller.ScrollerGestureType.TouchGesture)

    def load(self, citation: Citation) -> None:
        self.citation, self.view = citation, None
        self._zoom = 0
        self.title.set(citation.passage.title)
        self.place.setText(counts.place(citation.place))
        self._stack.setCurrentWidget(self._waiting)
        self._steps()
        self.wanted.emit(citation, 0)

    def show_view(self, view: PageView) -> None:
        self.view = view
        self.title.set(view.title)
        word = self.tr("Page") if isinstance(view, PageImage) else self.tr("Part")
        self.place.setText(
            self.tr("{what} {number} of {all}").format(
                what=word, number=counts.number(view.number), all=counts.number(view.count)
            )
        )
        if isinstance(view, PageImage):
            try:
                self.picture.show_image(view, ZOOMS[self._zoom])
            except Unusable as error:
                self.complain(error)
                return
            self._stack.setCurrentWidget(self.picture)
        else:
            self.text.show_text(view, ZOOMS[self._zoom] * 1.3)
            self._stack.setCurrentWidget(self.text)
        self._steps()

    def complain(self, error: CloisterError) -> None:
        self._notice.complain(error)
        self._stack.setCurrentWidget(self._failed)

    def forget(self) -> None:
        """Leaves nothing of the page behind."""
        self.citation = self.view = None
        self.title.set("")
        self.place.setText("")
        self.picture.forget()
        self.text.forget()
        self._stack.setCurrentWidget(self._waiting)

    # --- inside ---------------------------------------------------------------------------

    def _step(self, by: int) -> None:
        if self.citation is not None and self.view is not None:
            page = self.view.number + by
            if 1 <= page <= self.view.count:
                self.wanted.emit(self.citation, page)

    def _magnify(self, by: int) -> None:
        place = max(0, min(len(ZOOMS) - 1, self._zoom + by))
        if self.view is None or place == self._zoom:
            return
        self._zoom = place
        if isinstance(self.view, PageImage):
            self.picture.magnify(ZOOMS[place])
        else:
            self.text.show_text(self.view, ZOOMS[place] * 1.3)
        self._steps()

    def _steps(self) -> None:
        view = self.view
        self.before.setEnabled(view is not None and view.number > 1)
        self.after.setEnabled(view is not None and view.number < view.count)
        self.smaller.setEnabled(view is not None and self._zoom > 0)
        self.larger.setEnabled(view is not None and self._zoom < len(ZOOMS) - 1)

    def _arrange(self) -> None:
        names = QVBoxLayout()
        names.setSpacing(2)
        names.addWidget(self.title)
        names.addWidget(self.place)
        tools = QHBoxLayout()
        tools.setSpacing(6)
        tools.addLayout(names, 1)
        for button in (self.before, self.after, self.smaller, self.larger):
            tools.addWidget(button)
        self._stack = QStackedWidget()
        self._waiting = _upper(self._wait)
        self._failed = _upper(self._notice)
        for page in (self._waiting, self._failed, self.picture, self.text):
            self._stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 20, 20)
        layout.setSpacing(12)
        layout.addLayout(tools)
        layout.addWidget(self._stack, 1)


def _upper(widget: QWidget) -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 8, 6, 0)
    layout.addWidget(widget)
    layout.addStretch(1)
    return page
