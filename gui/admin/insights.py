"""Insights: how this machine is doing, in numbers.

Rules kept here: numbers alone, of nobody in particular; they are read anew by a button, and slowly
by themselves while somebody looks, never otherwise.
"""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import Insights
from gui.admin.page import Page
from gui.controls.buttons import TextButton
from gui.controls.facts import Facts
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.controls.pair import Pair
from gui.desk import Desk
from gui.text import counts, plain
from gui.worker import Lane

EVERY_MS = 15_000
_NONE = "–"


class InsightsPage(Page):
    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(
            desk,
            self.tr("Insights"),
            self.tr(
                "How this machine is doing since somebody logged in. Numbers alone: nothing here "
                "names a person, a document or a question."
            ),
            parent,
        )
        self.again = self.head_button(TextButton(self.tr("Refresh"), glyph="again", tone="muted"))
        self.speed = Tile(self.tr("tokens a second"))
        self.wait = Tile(self.tr("to an answer"))
        self.answered = Tile(self.tr("answered"))
        self.refused = Tile(self.tr("refused"))
        self.tiles = (self.speed, self.wait, self.answered, self.refused)
        self.nothing = Notice(
            "info",
            self.tr("Nothing has been asked yet"),
            self.tr(
                "Ask a question: afterwards you see here how fast it was answered, and how many "
                "were refused by the policy. Monitoring reads the same numbers from a file, where "
                "your institution names one in the settings."
            ),
        )
        self.facts = Facts(self.tr("Insights"))
        self.taken = Words("", "caption")
        self._grid = QWidget()
        halves = (QHBoxLayout(), QHBoxLayout())
        for number, tile in enumerate(self.tiles):
            halves[number // 2].addWidget(tile, 1)
        for half in halves:
            half.setSpacing(12)
        grid = Pair(halves[0], halves[1], 12, even=True)
        grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setLayout(grid)
        self.body.addWidget(self.nothing)
        self.body.addWidget(self._grid)
        self.body.addWidget(self.facts)
        self.body.addWidget(self.taken)
        self.body.addStretch(1)
        self._busy = False
        self.timer = QTimer(self)
        self.timer.setInterval(EVERY_MS)
        self.timer.timeout.connect(self.refresh)
        self.again.clicked.connect(self.refresh)
        self.forget()

    def refresh(self) -> None:
        if self._busy:
            return
        self._busy = True
        self.desk.worker.run(
            self, Lane.READ, self.desk.appliance.insights, self._show, self._failed
        )

    def forget(self) -> None:
        self._busy = False
        self.timer.stop()
        for tile in self.tiles:
            tile.say("")
        self.facts.show_rows(())
        self.taken.setText("")
        self.notice.forget()
        for widget in (self.nothing, self._grid, self.facts):
            widget.hide()

    def showEvent(self, event: QShowEvent) -> None:
        self.timer.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.timer.stop()
        super().hideEvent(event)

    # --- inside -----------------------------------------------------------------------------

    def _failed(self, error: CloisterError) -> None:
        self._busy = False
        self.complain(error)

    def _show(self, found: Insights) -> None:
        self._busy = False
        self.notice.hide()
        ended = dict(found.ended)
        asked = sum(ended.values())
        self.speed.say(f"{found.tokens_a_second:.1f}" if found.tokens else _NONE)
        self.wait.say(counts.seconds(found.seconds_an_answer) if found.answers else _NONE)
        self.answered.say(counts.number(found.answers))
        self.refused.say(counts.number(ended.get("refused", 0)))
        self.nothing.setVisible(asked == 0 and found.open == 0)
        self._grid.setVisible(asked > 0 or found.open > 0)
        self.facts.show_rows(self._rows(found, ended))
        self.facts.show()
        self.taken.setText(self.tr("As of {}").format(counts.clock(found.taken, seconds=True)))

    def _rows(self, found: Insights, ended: dict[str, int]) -> list[tuple[str, str]]:
        queue = self.tr("{open} being answered · {waiting} calls of programs waiting").format(
            open=counts.number(found.open), waiting=counts.number(found.waiting)
        )
        others = " · ".join(
            self.tr("{number} {outcome}").format(
                number=counts.number(ended.get(name, 0)), outcome=said
            )
            for name, said in (("failed", self.tr("failed")), ("cancelled", self.tr("stopped")))
        )
        documents = counts.counted(found.documents, self.tr("document"), self.tr("documents"))
        passages = counts.counted(found.passages, self.tr("passage"), self.tr("passages"))
        return [
            (self.tr("Queue"), queue),
            (self.tr("Not answered"), others),
            (self.tr("Language model"), found.model or self.tr("none: answers are quoted")),
            (self.tr("Written"), self._written(found)),
            (self.tr("Memory"), self._memory(found)),
            (self.tr("Library"), f"{documents} · {passages}"),
            (self.tr("Index"), self._indexes(found)),
            (self.tr("Log"), counts.counted(found.log_records, self.tr("record"),
                                            self.tr("records"))),
            (self.tr("Free space"), counts.size(found.free_bytes)),
            (self.tr("Air gap"), self.tr("proven") if found.airgap_holds
             else self.tr("not proven")),
            (self.tr("Since"), counts.stamp(found.since)),
            (self.tr("Version"), found.version),
        ]  # fmt: skip

    def _written(self, found: Insights) -> str:
        if not found.tokens:
            return self.tr("nothing yet")
        return self.tr("{tokens} in {time}").format(
            tokens=counts.counted(found.tokens, self.tr("token"), self.tr("tokens")),
            time=counts.seconds(found.token_seconds),
        )

    def _memory(self, found: Insights) -> str:
        names = {"desk": self.tr("window"), "engine": self.tr("engine")}
        held = [
            f"{names.get(name, plain.line(name, 40))} {counts.size(size)}"
            for name, size in found.memory
        ]
        return " · ".join(held) or self.tr("this system does not say")

    def _indexes(self, found: Insights) -> str:
        names = {
            "whole": self.tr("whole"),
            "growing": self.tr("growing"),
            "unread": self.tr("not read before the first question"),
            "refused": self.tr("not used: the store is not what the log recorded"),
        }
        said = [
            f"{counts.counted(count, self.tr('collection'), self.tr('collections'))} "
            f"{names.get(state, plain.line(state, 40))}"
            for state, count in found.indexes
            if count
        ]
        return " · ".join(said) or self.tr("no collection yet")


class Tile(QFrame):
    """One number, large, with what it counts below."""

    def __init__(self, unit: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._unit = unit
        self._number = Words("", "display")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.setSpacing(2)
        layout.addWidget(self._number)
        layout.addWidget(Words(unit, "caption"))

    @property
    def number(self) -> str:
        return self._number.text()

    def say(self, number: str) -> None:
        self._number.setText(number)
        self.setAccessibleName(f"{number} {self._unit}")
