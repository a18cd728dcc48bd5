"""What is done with an answer that is there: copied, judged, explained, exported.

Rules kept here: the product does it on a lane and decides whether it may be; the screen only asks,
and shows what came of it where the answer stands; nothing is in the clipboard before the product
has said that it may be, and has logged it.
"""

from __future__ import annotations

from pathlib import Path

import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from appliance.errors import CloisterError, StorageReadOnly
from appliance.values import CopyForm, Exported, ExportForm, Judgement, Why
from gui.ask.actions import Act
from gui.ask.copying import copied
from gui.ask.judging import Judging
from gui.ask.leaving import Left, choose_place, wording
from gui.ask.turn import TurnView
from gui.ask.typeset import typeset
from gui.ask.why_sheet import WhySheet
from gui.desk import Desk
from gui.files import where
from gui.worker import Lane


class Acting(QObject):
    def __init__(self, desk: Desk, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._window = desk, window

    def act(self, act: Act, view: TurnView, conversation: str) -> None:
        """Everything but asking again, which is the screen's."""
        match act:
            case Act.COPY | Act.CITE if view.answer is not None:
                form = CopyForm.CITED if act is Act.CITE else CopyForm.WORDS
                text = copied(view.answer, cited=act is Act.CITE, beside=conversation)
                self._copy(view, conversation, form, text)
            case Act.GOOD:
                self._judge(view, conversation, "", good=True)
            case Act.BAD:
                judging = Judging(self._window.window())
                judging.given.connect(
                    lambda reason: self._judge(view, conversation, reason, good=False)
                )
                judging.open()
            case Act.WHY:
                self._explain(view, conversation)
            case _:
                pass

    def copy_part(self, view: TurnView, conversation: str, text: str) -> None:
        """What somebody selected of an answer that has ended."""
        if view.record >= 0:
            self._copy(view, conversation, CopyForm.PART, text)

    def export(
        self, form: ExportForm, conversation: str, name: str, turns: tuple[int, ...] = ()
    ) -> None:
        """Asks where, then writes it there."""
        choose_place(
            self._window,
            name,
            form,
            lambda path: self.export_to(path, form, conversation, turns),
        )

    def export_to(
        self, path: Path, form: ExportForm, conversation: str, turns: tuple[int, ...] = ()
    ) -> None:
        words = wording()

        def work() -> Exported:
            with self._desk.appliance.remembered() as remembered:
                return remembered.export(
                    conversation, form, path, turns=turns, wording=words, typeset=typeset
                )

        self._desk.worker.run(
            self,
            Lane.READ,
            work,
            lambda exported: Left(self._window.window(), path, exported).open(),
            self._complain_of_place,
        )

    def _complain_of_place(self, error: CloisterError) -> None:
        if isinstance(error, StorageReadOnly):
            error = StorageReadOnly(error.sentence, hint=where())
        self._desk.complain(error)

    def _copy(self, view: TurnView, conversation: str, form: CopyForm, text: str) -> None:
        turn = view.record

        def work() -> None:
            with self._desk.appliance.remembered() as remembered:
                remembered.let_copy(conversation, turn, form, len(text))

        self._desk.worker.run(
            self,
            Lane.READ,
            work,
            lambda _: QGuiApplication.clipboard().setText(text),
            self._desk.complain,
        )

    def _judge(self, view: TurnView, conversation: str, reason: str, *, good: bool) -> None:
        turn = view.record

        def work() -> Judgement:
            with self._desk.appliance.remembered() as remembered:
                return remembered.judge(conversation, turn, good=good, reason=reason)

        def done(judgement: Judgement) -> None:
            if shiboken6.isValid(view) and view.offered is not None:
                view.offered.show_judgement(judgement)

        self._desk.worker.run(self, Lane.READ, work, done, self._desk.complain)

    def _explain(self, view: TurnView, conversation: str) -> None:
        turn = view.record

        def work() -> Why:
            with self._desk.appliance.remembered() as remembered:
                return remembered.why(conversation, turn)

        self._desk.worker.run(
            self,
            Lane.READ,
            work,
            lambda why: WhySheet(self._window.window(), why).open(),
            self._desk.complain,
        )
