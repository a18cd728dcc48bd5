"""The answer in large, the sources to press, and the page beside it; below it on a tall screen.

Rules kept here: what is shown here cannot be marked, copied or dragged; its only links are the
numbers of its sources.
"""

from __future__ import annotations

import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QScroller,
    QVBoxLayout,
    QWidget,
)

from appliance.values import Answer, Citation
from gui.ask.answer_text import AnswerText
from gui.controls.labels import Words
from gui.kiosk.buttons import PressButton, SourceButton
from gui.kiosk.fixed_notice import FixedNotice
from gui.kiosk.page import KioskPage
from gui.text import counts, plain

_LONG_WORD = re.compile(r"\S{20,}")
_STRETCH = 10


class FixedText(AnswerText):
    """The words of an answer, of which only the numbers can be pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setTabChangesFocus(True)


class AnswerPlace(QWidget):
    """`another` when the visitor wants to ask something else; `stopped` to ask no longer."""

    another = Signal()
    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.page = KioskPage()
        self.page.hide()
        self.asked = Words("", "asked", wrap=True)
        self.asked.setMinimumWidth(1)  # no word makes the column wider than there is room
        self.text = FixedText()
        self.text.cited.connect(self._cite)
        self.notice = FixedNotice()
        self.working = Words(self.tr("Looking in our documents …"), "quiet", wrap=True)
        self.again = PressButton(self.tr("Ask something else"), kind="primary")
        self.stop = PressButton(self.tr("Stop"))
        self.again.clicked.connect(self.another)
        self.stop.clicked.connect(self.stopped)
        self.sources: list[SourceButton] = []
        self._citations: dict[int, Citation] = {}
        self._column = QVBoxLayout()
        self._head = Words(self.tr("Where it stands"), "caption")
        self._arrange()

    # --- what is shown --------------------------------------------------------------------

    def begin(self, question: str) -> None:
        self.forget()
        self.asked.setText(_breakable(plain.shown(question, 400)))
        self.working.show()
        self.stop.show()
        self.again.hide()

    def show_answer(self, answer: Answer, warning: str = "") -> None:
        self._ended()
        if not answer.found:
            self.say(
                "info",
                self.tr("Our documents do not say"),
                self.tr("Ask in other words, or ask at the desk. Nothing is made up here."),
            )
            return
        self.text.show_answer(answer)
        self.text.show()
        if warning:
            self.notice.say("warn", plain.shown(warning, 400), "")
            self.notice.show()
        self._set_sources(answer.citations)
        self.page.show()
        self._place()
        self._open(answer.citations[0])
        self._read_out(self.text.written)

    def say(self, tone: str, sentence: str, step: str) -> None:
        """That there is no answer, and what to do."""
        self._ended()
        self.notice.say(tone, sentence, step)
        self.notice.show()
        self._read_out(f"{plain.spoken(sentence)} {plain.spoken(step)}")

    def forget(self) -> None:
        """Nothing of a question, an answer or a page stays in a widget."""
        self._set_sources(())
        self.asked.setText("")
        self.text.clear()
        self.text.written = ""
        self.page.forget()
        for widget in (self.text, self.notice, self.page, self.working, self.stop):
            widget.hide()
        self.notice.say("info", "", "")
        self.again.show()
        self._scroll.verticalScrollBar().setValue(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    # --- inside ---------------------------------------------------------------------------

    def _read_out(self, text: str) -> None:
        """To who does not see the screen; the next thing to press has the focus."""
        self.again.setFocus()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.text, text))

    def _ended(self) -> None:
        self.working.hide()
        self.stop.hide()
        self.again.show()

    def _set_sources(self, citations: tuple[Citation, ...]) -> None:
        for button in self.sources:
            self._list.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.sources = []
        self._citations = {citation.number: citation for citation in citations}
        self._head.setVisible(bool(citations))
        for citation in citations:
            title, place = (
                plain.line(citation.passage.title),
                plain.line(counts.place(citation.place), 60),
            )
            button = SourceButton(citation.number, title, place)
            button.setCheckable(True)
            button.setAccessibleName(
                self.tr("Source {number}: {title}, {place}. Shows the page.").format(
                    number=citation.number, title=title, place=place
                )
            )
            button.clicked.connect(lambda _on=False, c=citation: self._open(c))
            self._list.addWidget(button)
            self.sources.append(button)

    def _cite(self, number: int) -> None:
        if number in self._citations:
            self._open(self._citations[number])

    def _open(self, citation: Citation) -> None:
        for button, one in zip(self.sources, self._citations.values(), strict=True):
            button.setChecked(one is citation)
        self.page.load(citation)

    def _place(self) -> None:
        """Side by side, or one above the other on a screen that stands."""
        tall = self.height() > self.width()
        way = QBoxLayout.Direction.TopToBottom if tall else QBoxLayout.Direction.LeftToRight
        if self._both.direction() is not way:
            self._both.setDirection(way)

    def _arrange(self) -> None:
        ground = QWidget()
        ground.setObjectName("page")
        self._list = QVBoxLayout()
        self._list.setSpacing(10)
        self._column = QVBoxLayout(ground)
        self._column.setContentsMargins(48, 32, 40, 24)
        self._column.setSpacing(20)
        for widget in (self.asked, self.working, self.text, self.notice, self._head):
            self._column.addWidget(widget)
        self._column.addLayout(self._list)
        foot = QHBoxLayout()
        foot.addWidget(self.again)
        foot.addWidget(self.stop)
        foot.addStretch(1)
        self._column.addSpacing(12)
        self._column.addLayout(foot)
        self._column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setAccessibleName(self.tr("Answer"))
        self._scroll.setWidget(ground)
        QScroller.grabGesture(self._scroll.viewport(), QScroller.ScrollerGestureType.TouchGesture)
        self._both = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._both.setContentsMargins(0, 0, 0, 0)
        self._both.setSpacing(0)
        self._both.addWidget(self._scroll, 11)
        self._both.addWidget(self.page, 10)
        self.forget()


def _breakable(text: str) -> str:
    """With places inside long words where a line may end."""

    def broken(word: re.Match[str]) -> str:
        stretches = range(0, len(word[0]), _STRETCH)
        return "\u200b".join(word[0][at : at + _STRETCH] for at in stretches)

    return _LONG_WORD.sub(broken, text)
