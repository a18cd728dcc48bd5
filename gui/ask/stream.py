"""The questions and answers of a conversation, newest at the bottom.

Rules kept here: at most 50 messages (25 turns of a question and an answer) are alive as widgets;
older and newer ones are paged in, because 500 live ones cost seconds and 130 MB.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from appliance.values import Citation, Turn, replaced
from gui.ask.turn import TurnView
from gui.controls.buttons import TextButton
from gui.style.scale import px
from gui.style.tokens import COLUMN_WIDTH

ALIVE = 25
PAGE = 10


class MessageStream(QScrollArea):
    """`acted` carries a turn's view and an Act, `leaving` a view and an ExportForm."""

    cited = Signal(object)
    again = Signal(str, str)
    acted = Signal(object, object)
    leaving = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ground")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Conversation"))
        self._turns: list[Turn] = []
        self._first = 0
        self._views: list[TurnView] = []
        self._follow = True
        self._older = TextButton(self.tr("Show earlier questions"), kind="link")
        self._newer = TextButton(self.tr("Show later questions"), kind="link")
        ground = QWidget()
        ground.setObjectName("ground")
        self._list = QVBoxLayout(ground)
        self._list.setSpacing(4)
        self._list.addWidget(self._older, 0, Qt.AlignmentFlag.AlignHCenter)
        self._list.addWidget(self._newer, 0, Qt.AlignmentFlag.AlignHCenter)
        self._list.addStretch(1)
        self.setWidget(ground)
        self._older.clicked.connect(lambda: self._move(-PAGE))
        self._newer.clicked.connect(lambda: self._move(PAGE))
        self.verticalScrollBar().rangeChanged.connect(self._keep_up)
        self.verticalScrollBar().valueChanged.connect(self._watch)
        self._page_buttons()

    def clear(self) -> None:
        self._turns = []
        self._first = 0
        self._drop(self._views)
        self._views = []
        self._page_buttons()

    def show_turns(self, turns: tuple[Turn, ...]) -> None:
        """The newest turns of a conversation, scrolled to the end."""
        self._turns = list(turns)
        self._first = max(0, len(turns) - ALIVE)
        self._follow = True
        self._draw()

    def begin(self, question: str) -> TurnView:
        """A new turn at the end."""
        if self._first + len(self._views) < len(self._turns):
            self._first = max(0, len(self._turns) - ALIVE + 1)
            self._draw()
        view = self._make(question)
        view.begin()
        self._follow = True
        self._place(view)
        while len(self._views) > ALIVE:
            self._drop([self._views.pop(0)])
            self._first += 1
        self._page_buttons()
        return view

    @property
    def length(self) -> int:
        """Turns of the conversation that have ended."""
        return len(self._turns)

    def remember(self, turn: Turn) -> None:
        """The turn that was begun has ended like this."""
        self._turns.append(turn)
        self._mark_replaced()

    def mark(self, citation: Citation | None) -> None:
        for view in self._views:
            view.mark(citation)

    @property
    def views(self) -> tuple[TurnView, ...]:
        return tuple(self._views)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        side = max(28, (self.width() - px(COLUMN_WIDTH)) // 2)
        bar = self.width() - self.viewport().width()
        self._list.setContentsMargins(side, 20, side - bar, 12)

    def _move(self, by: int) -> None:
        self._first = max(0, min(self._first + by, len(self._turns) - ALIVE))
        self._follow = False
        self._draw()
        bar = self.verticalScrollBar()
        bar.setValue(bar.minimum() if by < 0 else bar.maximum())

    def _draw(self) -> None:
        self.setUpdatesEnabled(False)
        self._drop(self._views)
        self._views = []
        for turn in self._turns[self._first : self._first + ALIVE]:
            view = self._make(turn.question)
            view.show_turn(turn)
            self._place(view)
        self._mark_replaced()
        self._page_buttons()
        self.setUpdatesEnabled(True)

    def _make(self, question: str) -> TurnView:
        view = TurnView(question)
        view.cited.connect(self.cited)
        view.again.connect(self.again)
        view.acted.connect(lambda act: self.acted.emit(view, act))
        view.leaving.connect(lambda form: self.leaving.emit(view, form))
        return view

    def _mark_replaced(self) -> None:
        gone = replaced(self._turns)
        for view in self._views:
            if view.record in gone:
                view.say_replaced()

    def _place(self, view: TurnView) -> None:
        self._views.append(view)
        self._list.insertWidget(len(self._views), view)

    def _drop(self, views: list[TurnView]) -> None:
        for view in views:
            self._list.removeWidget(view)
            view.hide()
            view.deleteLater()

    def _page_buttons(self) -> None:
        self._older.setVisible(self._first > 0)
        self._newer.setVisible(self._first + len(self._views) < len(self._turns))

    def _watch(self, value: int) -> None:
        self._follow = value >= self.verticalScrollBar().maximum() - 8

    def _keep_up(self) -> None:
        if self._follow:
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
