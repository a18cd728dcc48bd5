"""The cited page beside the answer, with the passage highlighted.

Rules kept here: the page was rendered in the sandboxed reader; this only shows pixels and plain
text. A page that arrives late, after another was asked for, is dropped.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import Citation, PageImage, PageView
from gui.ask.page_image import PageScroll, Unusable
from gui.ask.page_text import PageTextView
from gui.commands import told
from gui.controls.buttons import GlyphButton, TextButton
from gui.controls.labels import Elided, Words
from gui.controls.notice import Notice
from gui.style.scale import fix
from gui.text import counts

ZOOMS = (0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
SHARP = 2.0
"""Pixels a point at which a page is first asked for; above this zoom it is asked for sharper."""


class PagePanel(QFrame):
    """`wanted(citation, page, scale)` asks for a page (page 0: the cited one), `stepped` for the
    next citation of the answer (1) or the one before (-1)."""

    wanted = Signal(object, int, float)
    stepped = Signal(int)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAccessibleName(self.tr("Cited page"))
        fix(self, least=340)
        self.citation: Citation | None = None
        self.view: PageView | None = None
        self._cited_page = 0
        self._zoom = 1
        self._scale = SHARP
        self.title = Elided("", "title")
        self.place = Words("", "caption")
        self.step_name = Words("", "caption")
        self.cited_before = GlyphButton(
            "up", self.tr("Previous citation"), side=32, shortcut=told("source_before")
        )
        self.cited_after = GlyphButton(
            "down", self.tr("Next citation"), side=32, shortcut=told("source")
        )
        self.close_button = GlyphButton("close", self.tr("Close the page"), shortcut="Esc")
        self.before = GlyphButton("left", self.tr("Previous page"), side=32)
        self.after = GlyphButton("right", self.tr("Next page"), side=32)
        self.smaller = GlyphButton("minus", self.tr("Smaller"), side=32)
        self.larger = GlyphButton("plus", self.tr("Larger"), side=32)
        self.back = TextButton(self.tr("Back to the passage"), kind="link")
        self.picture = PageScroll()
        self.text = PageTextView()
        self._notice = Notice()
        self._wait = Words(self.tr("Opening the page …"), "quiet")
        self._arrange()
        self._connect()

    def load(self, citation: Citation) -> None:
        """Asks for the page the citation stands on."""
        self.citation = citation
        self._cited_page = 0
        self._zoom, self._scale = 1, SHARP
        self.title.set(citation.passage.title)
        self.place.setText("")
        self._stack.setCurrentWidget(self._waiting)
        self._steps()
        self.wanted.emit(citation, 0, self._scale)

    def show_view(self, view: PageView) -> None:
        """The page that was asked for; scrolls so that the passage can be seen."""
        keep = self.view is not None and self.view.number == view.number and self._zoom != 1
        self.view = view
        self._cited_page = self._cited_page or view.number
        self.title.set(view.title)
        self.place.setText(self._place(view))
        if isinstance(view, PageImage):
            try:
                self.picture.show_image(view, ZOOMS[self._zoom], keep=keep)
            except Unusable as error:
                self.complain(error)
                return
            self._stack.setCurrentWidget(self.picture)
        else:
            self.text.show_text(view, ZOOMS[self._zoom])
            self._stack.setCurrentWidget(self.text)
        self._steps()

    def say_step(self, at: int, of: int) -> None:
        """Which of the answer's citations this is, from 1; 0 for none of them."""
        self.step_name.setText(
            self.tr("Citation {number} of {all}").format(
                number=counts.number(at), all=counts.number(of)
            )
        )
        self.step_name.setVisible(at > 0 and of > 1)
        for button in (self.cited_before, self.cited_after):
            button.setVisible(of > 1)

    @property
    def complaint(self) -> str:
        """What is said in place of the page, if it could not be opened."""
        return self._notice.sentence if self._stack.currentWidget() is self._failed else ""

    def complain(self, error: CloisterError) -> None:
        self._notice.complain(error)
        self._stack.setCurrentWidget(self._failed)

    def forget(self) -> None:
        """Leaves nothing of the page behind."""
        self.citation = self.view = None
        self.title.set("")
        self.place.setText("")
        self.say_step(0, 0)
        self.picture.forget()
        self.text.forget()
        self.hide()

    def step(self, by: int) -> None:
        """Another page of the same document."""
        if self.citation is not None and self.view is not None:
            page = self.view.number + by
            if 1 <= page <= self.view.count:
                self.wanted.emit(self.citation, page, self._scale)

    def zoom(self, by: int) -> None:
        place = max(0, min(len(ZOOMS) - 1, self._zoom + by))
        if place == self._zoom or self.view is None or self.citation is None:
            return
        self._zoom = place
        if isinstance(self.view, PageImage):
            self.picture.magnify(ZOOMS[place])
            if ZOOMS[place] > 1.5 and self._scale == SHARP:
                self._scale = 2 * SHARP
                self.wanted.emit(self.citation, self.view.number, self._scale)
        else:
            self.text.show_text(self.view, ZOOMS[place])
        self._steps()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    # --- inside ---------------------------------------------------------------------------

    def _arrange(self) -> None:
        head = QHBoxLayout()
        names = QVBoxLayout()
        names.setSpacing(2)
        names.addWidget(self.step_name)
        names.addWidget(self.title)
        names.addWidget(self.place)
        head.addLayout(names, 1)
        head.setSpacing(2)
        for button in (self.cited_before, self.cited_after):
            head.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        tools = QHBoxLayout()
        tools.setSpacing(2)
        for widget in (self.before, self.after):
            tools.addWidget(widget)
        tools.addWidget(self.back)
        tools.addStretch(1)
        for widget in (self.smaller, self.larger):
            tools.addWidget(widget)
        self._stack = QStackedWidget()
        self._waiting = _upper(self._wait)
        self._failed = _upper(self._notice)
        for page in (self._waiting, self._failed, self.picture, self.text):
            self._stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 12, 14, 14)
        layout.setSpacing(6)
        layout.addLayout(head)
        layout.addLayout(tools)
        layout.addWidget(self._stack, 1)

    def _connect(self) -> None:
        self.close_button.clicked.connect(self.closed)
        self.cited_before.clicked.connect(lambda: self.stepped.emit(-1))
        self.cited_after.clicked.connect(lambda: self.stepped.emit(1))
        self.before.clicked.connect(lambda: self.step(-1))
        self.after.clicked.connect(lambda: self.step(1))
        self.smaller.clicked.connect(lambda: self.zoom(-1))
        self.larger.clicked.connect(lambda: self.zoom(1))
        self.back.clicked.connect(self._return)

    def _return(self) -> None:
        if self.citation is not None:
            self.load(self.citation)

    def _steps(self) -> None:
        view = self.view
        self.before.setEnabled(view is not None and view.number > 1)
        self.after.setEnabled(view is not None and view.number < view.count)
        self.smaller.setEnabled(self._zoom > 0)
        self.larger.setEnabled(self._zoom < len(ZOOMS) - 1)
        self.back.setVisible(view is not None and view.number != self._cited_page)

    def _place(self, view: PageView) -> str:
        word = self.tr("Page") if isinstance(view, PageImage) else self.tr("Part")
        text = f"{word} {counts.number(view.number)} " + self.tr("of {}").format(
            counts.number(view.count)
        )
        found = view.boxes if isinstance(view, PageImage) else view.highlights
        if found:
            text += " · " + self.tr("passage highlighted")
        return text


def _upper(widget: QWidget) -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 8, 6, 0)
    layout.addWidget(widget)
    layout.addStretch(1)
    return page
