"""One visitor's time at the kiosk: what they ask, and what they are answered.

Rules kept here: one question at a time, of the one collection; every way it goes ends in an answer
or in a sentence and a next step; nothing of it outlives `forget`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import (
    Answered,
    Cancelled,
    Citation,
    Event,
    Failed,
    KioskView,
    Opened,
    PageView,
    Refused,
    Verdict,
)
from gui.controls.labels import Elided, Glyph
from gui.kiosk.answer import AnswerPlace
from gui.kiosk.buttons import PressButton
from gui.kiosk.compose import Compose
from gui.kiosk.page import SHARP
from gui.text import plain
from gui.worker import Lane, Task, Worker

if TYPE_CHECKING:
    from appliance.app import Appliance

_BASELINE = "baseline."
_AT_THE_DESK = "Ask at the desk if you need something else."
"""The kiosk pack's own words, so that they are translated as those are."""


class Visit(QWidget):
    """`over` when the visitor is done; `larger(on)` when the text should be."""

    over = Signal()
    larger = Signal(bool)

    def __init__(self, appliance: Appliance, worker: Worker, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appliance, self._worker = appliance, worker
        self._view: KioskView | None = None
        self._conversation = ""
        self._task: Task | None = None
        self._serial = self._asked = 0
        self._ended = True
        """Whether the last question has its answer; the next may then be asked."""
        self.title = Elided("", "brand")
        self.size_button = PressButton(self.tr("Larger text"), kind="head")
        self.size_button.setCheckable(True)
        self.size_button.toggled.connect(self.larger)
        self.done = PressButton(self.tr("I am done"), kind="head")
        self.done.clicked.connect(self.over)
        self.compose = Compose()
        self.answer = AnswerPlace()
        self.places = QStackedWidget()
        self._arrange()
        self.compose.asked.connect(self.ask)
        self.answer.another.connect(self.begin)
        self.answer.stopped.connect(self.stop)
        self.answer.page.wanted.connect(self._load_page)

    def show_view(self, view: KioskView) -> None:
        self._view = view
        self.title.set(plain.line(view.title, 80) or self.tr("Ask here"))
        self.compose.show_view(view)

    def begin(self) -> None:
        """Ready for a question."""
        if self._ended:
            self.places.setCurrentWidget(self.compose)
            self.answer.forget()
            self.compose.begin()

    def forget(self) -> None:
        """The visitor has gone: nothing of them stays in a widget."""
        self._serial += 1
        self._asked += 1
        self._task, self._conversation, self._ended = None, "", True
        self.compose.forget()
        self.answer.forget()
        self.size_button.setChecked(False)
        self.places.setCurrentWidget(self.compose)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            if self._ended:
                self.begin()
            else:
                self.stop()
        else:
            super().keyPressEvent(event)

    # --- asking ---------------------------------------------------------------------------

    def ask(self, question: str) -> None:
        view = self._view
        if view is None or not self._ended:
            return
        self.answer.begin(question)
        self.places.setCurrentWidget(self.answer)
        self._ended = False
        self.answer.stop.setFocus()
        self._asked += 1
        appliance, conversation, asked = self._appliance, self._conversation, self._asked
        self._task = self._worker.stream(
            self,
            Lane.ASK,
            lambda cancellation: appliance.ask(
                question,
                conversation=conversation,
                collections=(view.collection,),
                cancellation=cancellation,
            ),
            self._take,
            lambda: self._over(asked),
            lambda error: self._broke(asked, error),
        )

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _take(self, events: tuple[Event, ...]) -> None:
        for event in events:
            match event:
                case Opened(_, _, conversation):
                    self._conversation = conversation
                case Answered(answer, _, warning):
                    self._ended = True
                    self.answer.show_answer(answer, warning)
                case Refused(verdict, _, sentence, hint) if not verdict.allowed:
                    self._say("warn", sentence, _for_visitors(verdict, hint))
                case Refused():  # the seat's: nothing a visitor could do about
                    self._say("warn", self.tr("Nothing is answered here now."), self._at_the_desk())
                case Failed(_, sentence, _):
                    self._say("danger", sentence, self._at_the_desk())
                case Cancelled():
                    self._say("info", self.tr("Stopped."), self.tr("Nothing was answered."))
                case _:
                    pass

    def _say(self, tone: str, sentence: str, step: str) -> None:
        self._ended = True
        self.answer.say(tone, sentence, step)

    def _over(self, asked: int) -> None:
        if asked != self._asked:  # the next one has begun: this one's answer was all of it
            return
        self._task = None
        if not self._ended:
            self._say("danger", self.tr("There was no answer."), self._at_the_desk())

    def _broke(self, asked: int, error: CloisterError) -> None:
        if asked != self._asked:
            return
        self._task = None
        self._say("danger", error.sentence, self._at_the_desk())

    def _at_the_desk(self) -> str:
        """Next steps for the institution's own people say nothing to a visitor."""
        return self.tr("Please ask again, or ask at the desk.")

    # --- the page -------------------------------------------------------------------------

    def _load_page(self, citation: Citation, page: int) -> None:
        self._serial += 1
        serial = self._serial

        def shown(view: PageView) -> None:
            if serial == self._serial:
                self.answer.page.show_view(view)

        def failed(error: CloisterError) -> None:
            if serial == self._serial:
                self.answer.page.complain(error)

        self._worker.run(
            self,
            Lane.READ,
            lambda: self._appliance.page(citation, page or None, SHARP),
            shown,
            failed,
        )

    # --- layout ---------------------------------------------------------------------------

    def _arrange(self) -> None:
        header = QWidget()
        header.setObjectName("header")
        header.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        line = QHBoxLayout(header)
        line.setContentsMargins(48, 10, 40, 10)
        line.setSpacing(12)
        line.addWidget(Glyph("arch", "accent", 34))
        line.addWidget(self.title, 1)
        line.addWidget(self.size_button)
        line.addWidget(self.done)
        self.places.addWidget(self.compose)
        self.places.addWidget(self.answer)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(header)
        layout.addWidget(self.places, 1)


def _for_visitors(verdict: Verdict, hint: str) -> str:
    """The baseline's next steps send people to officers and departments of their own."""
    ours = all(policy.startswith(_BASELINE) for policy in verdict.policies)
    return _AT_THE_DESK if ours else hint
