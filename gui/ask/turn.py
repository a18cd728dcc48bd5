"""One turn: the question in a bubble, and below it how the ask goes and ends."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from appliance.values import (
    Answer,
    AnswerMode,
    Citation,
    Judgement,
    Outcome,
    Refused,
    Stage,
    Turn,
)
from gui.ask.actions import Actions
from gui.ask.answer_text import AnswerText
from gui.ask.bubble import Bubble
from gui.ask.chips import Chips
from gui.ask.reason import Reason
from gui.ask.spoken import Spoken
from gui.ask.stages import Stages
from gui.ask.wording import no_model
from gui.controls.labels import Glyph, Words
from gui.controls.notice import Notice
from gui.text import counts, plain


class TurnView(QWidget):
    """`cited` carries the Citation a person wants to see; `again` a reason to ask anew with;
    `acted` an Act that somebody chose, `leaving` an ExportForm, `picked` a part to copy. record:
    the closing one, by which the turn is named; -1 until there is one. collections: those that
    were asked."""

    cited = Signal(object)
    again = Signal(str)
    acted = Signal(object)
    leaving = Signal(object)
    picked = Signal(str)

    def __init__(self, question: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.question = question
        self.checked = False
        """Whether what is written has passed the check already."""
        self.answer: Answer | None = None
        self.chips: Chips | None = None
        self.stages: Stages | None = None
        self.notice: Notice | None = None
        self.offered: Actions | None = None
        self.record = -1
        self.collections: tuple[str, ...] = ()
        self.conversation = ""
        self._spoken: Spoken | None = None
        self._judgement: Judgement | None = None
        self._replaced: Words | None = None
        self._text: AnswerText | None = None
        asked = QHBoxLayout()
        asked.addStretch(1)
        asked.addWidget(Bubble(question), 0)
        self._column = QVBoxLayout()
        self._column.setSpacing(10)
        self._column.setContentsMargins(0, 2, 0, 0)
        answered = QHBoxLayout()
        answered.setSpacing(14)
        answered.addWidget(Glyph("arch", "accent", 22), 0, Qt.AlignmentFlag.AlignTop)
        answered.addLayout(self._column, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 14)
        layout.setSpacing(14)
        layout.addLayout(asked)
        layout.addLayout(answered)

    @property
    def text(self) -> AnswerText:
        if self._text is None:
            self._text = AnswerText()
            self._text.cited.connect(self._cite)
            self._text.picked.connect(self.picked)
            self._column.addWidget(self._text)
        return self._text

    # --- as it goes -----------------------------------------------------------------------

    def begin(self) -> None:
        self._spoken = Spoken(self)
        self.stages = Stages()
        self._column.addWidget(self.stages)

    def reach(self, stage: Stage) -> None:
        if self.stages is not None:
            self.stages.reach(stage)

    @property
    def written(self) -> str:
        return self._text.written if self._text is not None else ""

    def write(self, token: str) -> None:
        if self.stages is not None:
            self.stages.write(checked=self.checked)
        self.text.write(token)
        if self._spoken is not None:
            self._spoken.take(token)

    # --- as it ends -----------------------------------------------------------------------

    def show_turn(self, turn: Turn, conversation: str) -> None:
        """A turn as it is remembered."""
        self.name_by(turn.record, turn.collections, conversation)
        self._judgement = turn.judgement
        if turn.outcome is Outcome.ANSWERED and turn.answer is not None:
            self.show_answer(turn.answer, turn.record)
        elif turn.outcome is Outcome.REFUSED:
            self._say("warn", turn.note or self.tr("The policy refused this question."), "")
            self._offer()
        elif turn.outcome is Outcome.FAILED:
            self._say("danger", turn.note or self.tr("There was no answer."), "")
            self._offer()
        else:
            self.show_cancelled()

    def name_by(self, record: int, collections: tuple[str, ...], conversation: str) -> None:
        """Before it is shown how the turn ended."""
        self.record, self.collections = record, collections
        self.conversation = conversation

    def say_replaced(self) -> None:
        """A later answer took this one's place."""
        if self._replaced is None:
            self._replaced = Words(self.tr("You asked this again; see further below."), "caption")
            self._column.insertWidget(0, self._replaced)

    def show_answer(self, answer: Answer, record: int, warning: str = "") -> None:
        self._settle()
        self.answer = answer
        if not answer.found:
            self._not_found(answer)
        else:
            self.text.show_answer(answer)
            if answer.citations:
                self.chips = Chips(answer.citations, self.conversation)
                self.chips.chosen.connect(self.cited)
                self._column.addWidget(self.chips)
        if warning:
            self._column.addWidget(Notice("warn", warning, glyph="warning"))
        summary = self._summary(answer, record)
        self._column.addWidget(Words(summary, "caption", wrap=True))
        if self._spoken is not None and answer.found:
            self._spoken.answered(answer, summary)
        self._offer()

    def show_refused(self, refused: Refused) -> None:
        self._say("warn", refused.sentence, refused.hint)
        if refused.verdict.obligations.reason_required:
            reason = Reason()
            reason.given.connect(self.again)
            self._column.addWidget(reason)
        self._offer()

    def show_failed(self, sentence: str, step: str, *, logged: bool = True) -> None:
        """logged: whether the log knows of it; else nothing of what was written may stay."""
        if logged:
            self._break_off()
        self._say("danger", sentence, step)
        self._offer()

    def show_cancelled(self) -> None:
        self._break_off()
        self._settle()
        stopped = self.tr("Stopped. Nothing was answered.")
        self._column.addWidget(Words(stopped, "quiet"))
        if self._spoken is not None:
            self._spoken.ended(stopped)
        self._offer()

    def say_how_to_write(self) -> None:
        """Under an answer that could have been written, had there been a model."""
        self._column.addWidget(Words(no_model(), "caption", wrap=True))

    def mark(self, citation: Citation | None) -> None:
        if self.chips is not None:
            self.chips.mark(citation)

    # --- inside ---------------------------------------------------------------------------

    def _settle(self) -> None:
        """Takes away what showed the ask going."""
        if self.stages is not None:
            self.stages.stop()
            self.stages.deleteLater()
            self.stages = None
        if self._text is not None:
            self._column.removeWidget(self._text)
            self._text.hide()
            self._text.clear()  # at once: it may be text that must not stay
            self._text.deleteLater()
            self._text = None

    def _break_off(self) -> None:
        """What was written stays, marked as no answer."""
        if self._text is not None and self._text.written:
            self._text.break_off()
            self._text = None

    def _say(self, tone: str, sentence: str, step: str) -> None:
        self._settle()
        self.notice = Notice(tone, sentence, step)
        self._column.addWidget(self.notice)
        if self._spoken is not None:
            self._spoken.ended(f"{sentence} {step}")

    def _not_found(self, answer: Answer) -> None:
        step = self.tr(
            "No passage is close enough to answer from, and nothing is made up. Use the words "
            "your documents use, choose another collection, or add the document that holds it."
        )
        self._say("info", self.tr("Not in your documents"), step)
        if self.notice is not None:
            self.notice.say("info", self.tr("Not in your documents"), step, glyph="search")

    def _offer(self) -> None:
        """What can be done with the turn, once it has ended."""
        self.offered = Actions(
            answered=self.answer is not None and self.answer.found,
            logged=self.record >= 0,
            judgement=self._judgement,
        )
        self.offered.acted.connect(self.acted)
        self.offered.leaving.connect(self.leaving)
        self._column.addWidget(self.offered)

    def _summary(self, answer: Answer, record: int) -> str:
        parts = []
        if not answer.found:
            parts.append(
                self.tr("Best evidence {best}, {least} needed").format(
                    best=counts.percent(answer.evidence),
                    least=counts.percent(answer.threshold),
                )
            )
        elif answer.mode is AnswerMode.QUOTE:
            parts.append(
                self.tr("Quoted word for word, chosen by {model}, evidence {best}").format(
                    model=plain.line(answer.model, 80), best=counts.percent(answer.evidence)
                )
            )
        else:
            parts.append(self._written_by(answer))
        if answer.seconds:
            parts.append(counts.seconds(answer.seconds))
        if record >= 0:
            parts.append(self.tr("Log record {}").format(counts.number(record)))
        return " · ".join(parts)

    def _written_by(self, answer: Answer) -> str:
        doubted = sum(not sentence.supported for sentence in answer.sentences)
        checked = (
            self.tr("each sentence checked against its source")
            if not doubted
            else self.tr("{doubted} of {all} sentences not supported").format(
                doubted=doubted, all=len(answer.sentences)
            )
        )
        return self.tr("Written by {model}, {checked}").format(
            model=plain.line(answer.model, 80), checked=checked
        )

    def _cite(self, number: int) -> None:
        if self.answer is not None:
            for citation in self.answer.citations:
                if citation.number == number:
                    self.cited.emit(citation)
