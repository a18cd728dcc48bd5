"""The questions and answers of a conversation, newest at the bottom.

Rules kept here: at most 50 messages (25 turns of a question and an answer) are alive as widgets;
older and newer ones are paged in, because 500 live ones cost seconds and 130 MB. They are made a
few at a time, those first that will be looked at, so that a long conversation holds nothing up.
"""

from __future__ import annotations

from bisect import bisect
from collections import deque

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from appliance.values import Citation, Turn, replaced
from gui.ask.turn import TurnView
from gui.controls.buttons import TextButton
from gui.style.scale import px
from gui.style.tokens import COLUMN_WIDTH

ALIVE = 25
PAGE = 10
AT_ONCE = 2
"""Turns that are made before the event loop goes on: each takes some milliseconds."""
_SETTLED_MS = 60
"""After the last was made, until all is where it stays."""


class MessageStream(QScrollArea):
    """`acted` carries a turn's view and an Act, `leaving` a view and an ExportForm, `picked` a view
    and a part of its answer to copy, `again` a view and the reason to ask anew with."""

    cited = Signal(object)
    again = Signal(object, str)
    acted = Signal(object, object)
    leaving = Signal(object, object)
    picked = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ground")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Conversation"))
        self._turns: list[Turn] = []
        self._conversation = ""
        self._first = 0
        self._views: list[TurnView] = []
        self._follow = True
        self._places: list[int] = []
        """Which turn each view shows."""
        self._waiting: deque[int] = deque()
        """Those that are still to be made, in that order."""
        self._sought = -1
        """The place of the turn that stays at the top while the rest is made; -1 for the end."""
        self._height = 0
        self._making = QTimer(self)
        self._making.setSingleShot(True)
        self._making.timeout.connect(self._make_some)
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
        self._drop_all()
        self._page_buttons()

    def show_turns(self, turns: tuple[Turn, ...], at: int = -1, conversation: str = "") -> None:
        """The newest turns of a conversation, scrolled to the end; or those from the turn on that
        has this record, scrolled to it."""
        self._turns, self._conversation = list(turns), conversation
        self._first = max(0, len(turns) - ALIVE)
        self._follow = True
        if at < 0 or not self.go_to(at):
            self._draw()

    def go_to(self, record: int) -> bool:
        """Scrolls to the turn of that record; whether there is one."""
        places = [place for place, turn in enumerate(self._turns) if turn.record == record >= 0]
        if not places:
            return False
        self._first = max(0, min(places[0], len(self._turns) - ALIVE))
        self._draw(places[0])
        return True

    def begin(self, question: str) -> TurnView:
        """A new turn at the end."""
        if self._end < len(self._turns):
            self._first = max(0, len(self._turns) - ALIVE + 1)
            self._draw()
        view = self._make(question)
        view.begin()
        self._follow = True
        self._sought = -1
        self._place(view, len(self._turns))
        while self._end - self._first > ALIVE:
            if self._first in self._waiting:
                self._waiting.remove(self._first)
            else:
                self._drop([self._views.pop(0)])
                self._places.pop(0)
            self._first += 1
        self._page_buttons()
        return view

    @property
    def length(self) -> int:
        """Turns of the conversation that have ended."""
        return len(self._turns)

    def remember(self, turn: Turn, conversation: str) -> None:
        """The turn that was begun has ended like this."""
        self._turns.append(turn)
        self._conversation = conversation
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

    @property
    def _end(self) -> int:
        """After the last turn that is shown or about to be."""
        return self._first + len(self._views) + len(self._waiting)

    def _move(self, by: int) -> None:
        self._first = max(0, min(self._first + by, len(self._turns) - ALIVE))
        self._draw(self._first if by < 0 else -1)

    def _draw(self, sought: int = -1) -> None:
        """sought: the place of the turn that is scrolled to and made first, -1 for the end."""
        self._drop_all()
        places = range(self._first, min(self._first + ALIVE, len(self._turns)))
        start = sought if sought >= 0 else places.stop
        self._sought, self._follow = sought, sought < 0
        self._waiting.extend((*range(start, places.stop), *reversed(range(places.start, start))))
        self._make_some()

    def _make_some(self) -> None:
        """The first few that wait; then nothing is kept at the top any more."""
        few = min(AT_ONCE, len(self._waiting))
        for _ in range(few):
            place = self._waiting.popleft()
            turn = self._turns[place]
            view = self._make(turn.question)
            view.show_turn(turn, self._conversation)
            self._place(view, place)
        self._mark_replaced()
        self._page_buttons()
        if self._waiting:
            self._making.start(0)
        elif few:
            self._making.start(_SETTLED_MS)
        else:
            self._sought = -1

    def _make(self, question: str) -> TurnView:
        view = TurnView(question)
        view.cited.connect(self.cited)
        view.again.connect(lambda reason: self.again.emit(view, reason))
        view.acted.connect(lambda act: self.acted.emit(view, act))
        view.leaving.connect(lambda form: self.leaving.emit(view, form))
        view.picked.connect(lambda text: self.picked.emit(view, text))
        return view

    def _mark_replaced(self) -> None:
        gone = replaced(self._turns)
        for view in self._views:
            if view.record in gone:
                view.say_replaced()

    def _place(self, view: TurnView, place: int) -> None:
        at = bisect(self._places, place)
        self._places.insert(at, place)
        self._views.insert(at, view)
        self._list.insertWidget(at + 1, view)

    def _drop_all(self) -> None:
        self._making.stop()
        self._waiting.clear()
        self._drop(self._views)
        self._views, self._places = [], []

    def _drop(self, views: list[TurnView]) -> None:
        for view in views:
            self._list.removeWidget(view)
            view.hide()
            view.deleteLater()

    def _page_buttons(self) -> None:
        self._older.setVisible(self._first > 0)
        self._newer.setVisible(self._end < len(self._turns))

    def _watch(self, value: int) -> None:
        self._follow = value >= self.verticalScrollBar().maximum() - 8

    def _keep_up(self, _least: int, most: int) -> None:
        """What is looked at stays where it is while more is made around it."""
        bar, grown = self.verticalScrollBar(), most - self._height
        self._height = most
        if self._sought in self._places:
            bar.setValue(self._views[self._places.index(self._sought)].y() - 8)
        elif self._follow:
            bar.setValue(most)
        elif self._waiting:  # above, since it is made from the end on
            bar.setValue(bar.value() + grown)
