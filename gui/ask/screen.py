"""Ask: the stream of a conversation, the composer below, the cited page beside.

Rules kept here: one ask at a time; whatever way it goes, it ends on the screen in an answer, a
sentence with a next step, or "Stopped". Leaving a conversation does not stop its ask.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import (
    Answered,
    AnswerMode,
    Cancelled,
    Citation,
    Collection,
    Event,
    ExportForm,
    Failed,
    Opened,
    Progress,
    Refused,
    Token,
    Turn,
)
from gui.ask.acting import Acting
from gui.ask.actions import Act
from gui.ask.attachments import Attachments
from gui.ask.beside import Beside
from gui.ask.composer import Composer
from gui.ask.editing import Editing
from gui.ask.last import LastTurn
from gui.ask.page_panel import PagePanel
from gui.ask.running import RunningAsk
from gui.ask.stream import MessageStream
from gui.ask.suggesting import Suggesting
from gui.ask.turn import TurnView
from gui.ask.welcome import Welcome
from gui.ask.wording import note_of
from gui.ask.writer import Writer
from gui.desk import Desk
from gui.style.scale import fix, px
from gui.style.tokens import COLUMN_WIDTH
from gui.worker import Lane, Task

import shiboken6  # isort: skip

if TYPE_CHECKING:
    from appliance.app import Appliance


class AskScreen(QWidget):
    """`titled(text)` names the open conversation; `changed` says the list is out of date;
    `library_wanted` when there is nothing to ask yet."""

    titled = Signal(str)
    changed = Signal(str)
    library_wanted = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._conversation = ""
        self._running: RunningAsk | None = None
        self._task: Task | None = None
        self.writer = Writer(desk, self)
        self.stream = MessageStream()
        self.composer = Composer()
        self.panel = PagePanel()
        self.panel.hide()
        self.last = LastTurn(self.stream, self.panel)
        self.welcome = Welcome()
        self.suggesting = Suggesting(desk, self.welcome, self.composer.scope)
        self.editing = Editing()
        self.acting = Acting(desk, self)
        self.attachments = Attachments(desk)
        self._arrange()
        self.beside = Beside(
            desk, self._split, talk=self._talk, panel=self.panel, last=self.last, stream=self.stream
        )
        self.composer.asked.connect(self._send)
        self.composer.left.connect(self._stop_editing)
        self.composer.recalled.connect(self._recall)
        self.composer.attaching.connect(self.attachments.choose)
        self.attachments.began.connect(self._began)
        self.editing.given_up.connect(self._stop_editing)
        self.stream.acted.connect(self._act)
        self.stream.leaving.connect(self._export)
        self.stream.picked.connect(lambda v, t: self.acting.copy_part(v, self._conversation, t))
        self.composer.stopped.connect(self.stop)
        self.writer.changed.connect(self._say_writing)
        self.stream.cited.connect(self.show_citation)
        self.stream.again.connect(self._again)
        self.panel.closed.connect(self.close_page)
        self.welcome.library_wanted.connect(self.library_wanted)
        self.welcome.suggested.connect(lambda text: self.ask(text, self.composer.scope.chosen()))

    # --- what the shell says --------------------------------------------------------------

    @property
    def conversation(self) -> str:
        return self._conversation

    @property
    def appliance(self) -> Appliance:
        return self._desk.appliance

    def set_collections(self, collections: tuple[Collection, ...]) -> None:
        self.composer.set_collections(collections)
        self.welcome.show_library(collections)
        self.writer.look()
        self.suggesting.know(collections)

    def _say_writing(self) -> None:
        self.welcome.say_writing(self.writer.state)
        self.composer.say_note(note_of(self.writer.state))

    def new_question(self) -> None:
        """An empty conversation, ready to type."""
        self._conversation = ""
        self.attachments.open("")
        self.stream.clear()
        self._stop_editing()
        self.close_page()
        self._top.setCurrentWidget(self.welcome)
        self.titled.emit(self.tr("New question"))
        self.composer.typing.setFocus()

    def open_conversation(self, conversation: str, title: str, turn: int = -1) -> None:
        """turn: the record of the one to begin at, -1 for the end."""
        self._conversation = conversation
        self.attachments.open(conversation)
        self._stop_editing()
        self.close_page()
        self.titled.emit(title)
        self._desk.worker.run(
            self,
            Lane.READ,
            lambda: self._desk.appliance.turns(conversation),
            lambda turns: self._show(conversation, turns, turn),
            self._desk.complain,
        )

    def forget(self) -> None:
        """The session is over: nothing of it stays on the screen or in a widget."""
        self._running = self._task = None
        self._conversation = ""
        self.stream.clear()
        self.panel.forget()
        self.editing.end()
        self.attachments.forget()
        self.composer.clear()
        self.composer.set_busy(busy=False)
        self.composer.set_collections(())
        self.suggesting.forget()
        self.writer.forget()
        self._top.setCurrentWidget(self.welcome)

    # --- asking ---------------------------------------------------------------------------

    def ask(
        self,
        text: str,
        collections: tuple[str, ...] = (),
        reason: str = "",
        *,
        replaces: int = -1,
    ) -> None:
        if self._running is not None:
            self.composer.say_busy()
            return
        self._began(self._conversation or uuid4().hex)
        self._top.setCurrentWidget(self.stream)
        if not self.stream.views:
            self.titled.emit(text)
        view = self.stream.begin(text)
        now = datetime.now(UTC)
        running = RunningAsk(text, now, self._conversation, view, collections, replaces)
        self._running = running
        self.composer.set_busy(busy=True)
        appliance, conversation = self._desk.appliance, self._conversation
        self._task = self._desk.worker.stream(
            self,
            Lane.ASK,
            lambda cancellation: appliance.ask(
                text,
                conversation=conversation,
                collections=collections,
                reason=reason,
                replaces=replaces,
                cancellation=cancellation,
            ),
            lambda events: self._take(running, events),
            lambda: self._over(running),
            lambda error: self._broke(running, error),
        )

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _send(self, text: str, collections: tuple[str, ...]) -> None:
        """From the composer: a new question, or one that was changed."""
        replaces, draft = self.editing.end()
        self.ask(text, collections, replaces=replaces)
        self.composer.put(draft)

    def _act(self, view: TurnView, act: Act) -> None:
        if self._running is not None and act in (Act.AGAIN, Act.EDIT):
            self.composer.say_busy()
        elif act is Act.AGAIN:
            self.ask(view.question, view.collections, replaces=view.record)
        elif act is Act.EDIT:
            self.editing.begin(view.record, self.composer.typing.toPlainText())
            self.composer.put(view.question)
            self.composer.typing.setFocus()
        else:
            self.acting.act(act, view, self._conversation)

    def _began(self, conversation: str) -> None:
        """With a question, or with a document."""
        self._conversation = conversation
        self.attachments.begin(conversation)

    def _recall(self) -> None:
        """The last question, to be changed."""
        if self.stream.views:
            self._act(self.stream.views[-1], Act.EDIT)

    def _export(self, view: TurnView, form: ExportForm) -> None:
        name = self.tr("Answer, record {}").format(view.record)
        self.acting.export(form, self._conversation, name, (view.record,))

    def _stop_editing(self) -> None:
        if not self.editing.isHidden():
            self.composer.put(self.editing.end()[1])

    def _again(self, view: TurnView, reason: str) -> None:
        if self._running is not None:
            self.composer.say_busy()
        else:
            self.ask(view.question, view.collections, reason)

    def _take(self, running: RunningAsk, events: tuple[Event, ...]) -> None:
        written = ""
        for event in events:
            match event:
                case Token(text):
                    written += running.apart + text
                case Opened(_, verdict, conversation):
                    self._opened(running, conversation)
                    running.written = verdict.obligations.mode is AnswerMode.GENERATE
                    if shiboken6.isValid(running.view):
                        running.view.checked = verdict.obligations.cite != "marked"
                    running.apart = "" if running.written else "\n"
                case Progress(stage) if shiboken6.isValid(running.view):
                    running.view.reach(stage)
                case Answered() | Refused() | Failed() | Cancelled():
                    written = ""
                    self._end(running, event)
                case _:
                    pass
        if written and shiboken6.isValid(running.view) and not running.ended:
            running.view.write(written.lstrip("\n") if not running.view.written else written)

    def _opened(self, running: RunningAsk, conversation: str) -> None:
        running.conversation = conversation

    def _end(self, running: RunningAsk, event: Answered | Refused | Failed | Cancelled) -> None:
        running.ended = True
        turn = running.remembered(event)
        if not shiboken6.isValid(running.view):
            return
        running.view.name_by(turn.record, running.collections, running.conversation)
        match event:
            case Answered(answer, record, warning):
                running.view.show_answer(answer, record, warning)
                state = self.writer.state
                without = state is not None and not state.model
                if running.written and without and self.stream.length == 0:  # once is enough
                    running.view.say_how_to_write()
            case Refused():
                running.view.show_refused(event)
            case Failed(_, sentence, hint, record):
                running.view.show_failed(sentence, hint, logged=record >= 0)
            case Cancelled():
                running.view.show_cancelled()
        self.stream.remember(turn, running.conversation)

    def _over(self, running: RunningAsk) -> None:
        if not running.ended:
            self._end(
                running,
                Failed(
                    "no_end",
                    self.tr("The ask ended without a result."),
                    self.tr("Ask again. If it happens again, run `cloister doctor`."),
                ),
            )
        self._idle(running)

    def _broke(self, running: RunningAsk, error: CloisterError) -> None:
        if not running.ended:
            self._end(running, Failed(error.code, error.sentence, error.next_step))
        self._idle(running)

    def _idle(self, running: RunningAsk) -> None:
        self._running = self._task = None
        self.composer.set_busy(busy=False)
        self.writer.look()  # a model may have been found not to start
        gone = not shiboken6.isValid(running.view)
        if gone and running.conversation and running.conversation == self._conversation:
            self.open_conversation(running.conversation, running.question)
        self.changed.emit(running.conversation)

    def _show(self, conversation: str, turns: tuple[Turn, ...], turn: int) -> None:
        if conversation == self._conversation:
            self.stream.show_turns(turns, turn, conversation)
            self._top.setCurrentWidget(self.stream)
            self.composer.typing.setFocus()

    # --- the page -------------------------------------------------------------------------

    def show_citation(self, citation: Citation) -> None:
        self.beside.show_citation(citation)

    def close_page(self) -> None:
        if self.beside.close():
            self.composer.typing.setFocus()

    # --- layout ---------------------------------------------------------------------------

    def _arrange(self) -> None:
        self._top = QStackedWidget()
        self._top.addWidget(self.welcome)
        self._top.addWidget(self.stream)
        talk = QWidget()
        fix(talk, least=410)
        column = QVBoxLayout(talk)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._top, 1)
        self._foot = QVBoxLayout()
        self._foot.addWidget(self.attachments)
        self._foot.addWidget(self.editing)
        self._foot.addWidget(self.composer)
        column.addLayout(self._foot)
        self._talk = talk
        self.attachments.take_from(talk)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setHandleWidth(1)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(talk)
        self._split.addWidget(self.panel)
        self._split.setStretchFactor(0, 1)
        self._split.splitterMoved.connect(self._centre)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._split)
        self._talk.installEventFilter(self)

    def eventFilter(self, watched: object, event: object) -> bool:
        if isinstance(event, QResizeEvent) and watched is self._talk:
            self._centre()
        return False

    def _centre(self) -> None:
        side = max(28, (self._talk.width() - px(COLUMN_WIDTH)) // 2)
        self._foot.setContentsMargins(side, 0, side, 0)
