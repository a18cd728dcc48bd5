"""A parcel on a stick: what is in it, who signed it, what it will do; then taken in, or not.

Rules kept here: nothing is taken in before the person says so, item by item; what is refused says
why; the code that opens a library leaves the field when it is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import ParcelItem, ParcelOutcome, ParcelView
from gui.controls.buttons import TextButton
from gui.controls.fields import Field
from gui.controls.labels import Glyph, Rule, Words
from gui.controls.notice import Notice
from gui.controls.room import keep_in
from gui.controls.tick import Tick
from gui.controls.work_card import Step, WorkCard
from gui.desk import Desk
from gui.login.proof import proof_asked
from gui.style.scale import fix
from gui.text import counts, plain
from gui.worker import Lane, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.app import Cancellation


LISTED = 200
"""Things of a parcel that are shown, and so can be taken in here."""
_LEAST, _MOST, _AROUND = 180, 400, 330
"""Of the list's height, and of what stands around it."""


class ParcelDialog(QDialog):
    """`taken` after something came in; `other` when another folder is wanted."""

    taken = Signal()
    other = Signal()

    def __init__(self, desk: Desk, parent: QWidget, folder: Path) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.setWindowTitle(self.tr("Import from a stick or folder"))
        self.setAccessibleName(self.windowTitle())
        self._desk, self._folder, self._behind = desk, folder, parent
        self._task: Task | None = None
        self.rows: list[ItemRow] = []
        self.card: WorkCard | None = None
        self.about = Words(self.tr("Looking at what is there …"), "quiet", wrap=True)
        self.signed = Words("", "caption", wrap=True).selectable()
        self.signed.hide()
        self.notice = Notice()
        self.notice.hide()
        self.go = TextButton("", kind="primary")
        self.elsewhere = TextButton(self.tr("Another folder …"))
        self.close_it = TextButton(self.tr("Cancel"))
        self.go.hide()
        self.elsewhere.hide()
        self._arrange()
        self.go.clicked.connect(self.take_in)
        self.close_it.clicked.connect(self.reject)
        self.elsewhere.clicked.connect(self._elsewhere)

    def look(self) -> None:
        """Reads what is on the stick; writes nothing."""

        def work() -> ParcelView:
            with self._desk.appliance.administration() as care:
                return care.look_at(self._folder)

        self._desk.worker.run(self, Lane.PROOF, work, self._show, self._unreadable)

    def take_in(self) -> None:
        wanted = tuple(row.item.id for row in self.rows if row.wanted)
        codes = {row.item.id: row.code for row in self.rows if row.wanted and row.code}

        def work(stop: Cancellation, tell: Callable[[Step], None]) -> tuple[ParcelOutcome, ...]:
            with self._desk.appliance.administration(stop) as care:
                return care.take_in(
                    self._folder, wanted, codes, lambda done, total: tell((done, total))
                )

        self.notice.hide()
        self._working(True)
        card = WorkCard(self.tr("Taking in …"))
        self.card = card
        self._column.insertWidget(self._column.indexOf(self.notice), card)
        self._task = self._desk.worker.follow(
            self, Lane.CARRY, work, card.take, self._over, self._failed
        )
        card.cancelled.connect(self._task.cancel)

    def reject(self) -> None:
        """Work under way stops; what arrived is kept for the next time."""
        if self._task is not None:
            self._task.cancel()
        super().reject()

    # --- inside -----------------------------------------------------------------------------

    def _show(self, view: ParcelView) -> None:
        self.about.setText(
            self.tr("A parcel of “{origin}”, version {version}, good until {day}.").format(
                origin=plain.line(view.origin, 80),
                version=counts.number(view.version),
                day=counts.day(view.expires),
            )
        )
        self.signed.setText(
            self.tr("Signed by a key of its origin, whose root on this machine is {}").format(
                plain.line(view.fingerprint, 100)
            )
        )
        self.signed.show()
        for number, item in enumerate(_new_first(view.items)[:LISTED]):
            if number:
                self._items.addWidget(Rule())
            row = ItemRow(item)
            row.changed.connect(self._count)
            self.rows.append(row)
            self._items.addWidget(row)
        if len(view.items) > LISTED:
            more = self.tr("{} more are not shown: take these in first, then look again.")
            self._items.addWidget(
                Words(more.format(counts.number(len(view.items) - LISTED)), "quiet", wrap=True)
            )
        self._items.addStretch(1)
        self._area.setVisible(bool(view.items))
        if not any(row.item.state == "new" for row in self.rows):
            self.notice.say("info", self.tr("There is nothing in this parcel to take in."))
            self.notice.show()
        self._fit()
        self._count()

    def _unreadable(self, error: CloisterError) -> None:
        self.about.setText(plain.line(str(self._folder), 300))
        self.notice.complain(error)
        self.elsewhere.show()

    def _count(self) -> None:
        chosen = [row for row in self.rows if row.wanted]
        things = counts.counted(len(chosen), self.tr("thing"), self.tr("things"))
        self.go.setText(self.tr("Take in {}").format(things))
        self.go.setAccessibleName(self.go.text())
        self.go.setVisible(any(row.item.state == "new" for row in self.rows))
        self.go.setEnabled(bool(chosen) and all(row.ready for row in chosen))

    def _working(self, working: bool) -> None:
        for row in self.rows:
            row.setEnabled(not working)
        self.go.setEnabled(not working)

    def _over(self, outcomes: tuple[ParcelOutcome, ...]) -> None:
        self._task = None
        self._drop_card()
        for row in self.rows:
            row.forget_code()
        said = {outcome.id: outcome for outcome in outcomes}
        for row in self.rows:
            if row.item.id in said:
                row.show_outcome(said[row.item.id])
        done = sum(outcome.done for outcome in outcomes)
        refused = len(outcomes) - done
        things = counts.counted(done, self.tr("thing"), self.tr("things"))
        if refused:
            self.notice.say(
                "warn",
                self.tr("{things} taken in, {refused} refused.").format(
                    things=things, refused=counts.number(refused)
                ),
                self.tr("Why stands beside each."),
            )
        else:
            self.notice.say("good", self.tr("{} taken in.").format(things))
        self.notice.show()
        self.go.hide()
        self._rename_close()
        self._fit()
        if done:
            self.taken.emit()

    def _failed(self, error: CloisterError) -> None:
        self._task = None
        self._drop_card()
        self._working(False)
        self._count()
        if not proof_asked(self._desk, self, error, self.take_in):
            self.notice.complain(error)

    def _drop_card(self) -> None:
        if self.card is not None:
            self._column.removeWidget(self.card)
            self.card.hide()
            self.card.deleteLater()
            self.card = None

    def _rename_close(self) -> None:
        self.close_it.setText(self.tr("Close"))
        self.close_it.setAccessibleName(self.close_it.text())

    def _elsewhere(self) -> None:
        self.reject()
        self.other.emit()

    def _fit(self) -> None:
        """As high as what it lists, within reason."""
        wanted = self._list.sizeHint().height() + 2
        room = self._behind.height() - _AROUND
        self._area.setFixedHeight(min(wanted, max(_LEAST, min(_MOST, room))))

    def _arrange(self) -> None:
        self._list = QWidget()
        self._list.setObjectName("ground")
        self._items = QVBoxLayout(self._list)
        self._items.setContentsMargins(0, 0, 8, 0)
        self._items.setSpacing(0)
        self._area = QScrollArea()
        self._area.setAccessibleName(self.tr("What is in the parcel"))
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(self._list)
        self._area.hide()
        foot = QHBoxLayout()
        foot.setSpacing(10)
        foot.addStretch(1)
        for button in (self.elsewhere, self.close_it, self.go):
            foot.addWidget(button)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(24, 22, 24, 20)
        self._column.setSpacing(10)
        self._column.addWidget(Words(self.windowTitle(), "heading"))
        self._column.addWidget(self.about)
        self._column.addWidget(self.signed)
        self._column.addWidget(self._area)
        self._column.addWidget(self.notice)
        self._column.addLayout(foot)
        fix(self, 620)
        keep_in(self)


class ItemRow(QWidget):
    """One thing: a tick, what it is, what it will do, or why it is not taken in."""

    changed = Signal()

    def __init__(self, item: ParcelItem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.item = item
        new = item.state == "new"
        name = plain.line(f"{item.name} {item.version}", 120)
        self.tick = Tick(f"{self._kind()} · {name}")
        self.tick.setChecked(new)
        self.tick.setEnabled(new)
        self.amount = Words(counts.size(item.size), "caption")
        self.said = Words(self._said(), "caption", wrap=True)
        self.said.setContentsMargins(36, 0, 0, 0)
        self.glyph = Glyph("check", "good", 18)
        self.glyph.hide()
        self.field: Field | None = None
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.tick, 1)
        head.addWidget(self.glyph)
        head.addWidget(self.amount)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 9, 0, 9)
        self._column.setSpacing(2)
        self._column.addLayout(head)
        self._column.addWidget(self.said)
        if new and item.kind == "library":
            self._ask_for_code()
        self.tick.toggled.connect(lambda _: self.changed.emit())

    @property
    def wanted(self) -> bool:
        return self.tick.isChecked() and self.item.state == "new"

    @property
    def code(self) -> str:
        return self.field.text().strip() if self.field is not None else ""

    @property
    def ready(self) -> bool:
        return self.field is None or bool(self.code)

    def forget_code(self) -> None:
        if self.field is not None:
            self.field.clear()
            self.field.hide()

    def show_outcome(self, outcome: ParcelOutcome) -> None:
        self.tick.setChecked(outcome.done)
        self.tick.setEnabled(False)
        self.glyph.draw(*(("check", "good") if outcome.done else ("warning", "danger")))
        self.glyph.show()
        sentence = plain.spoken(outcome.sentence) or (self.tr("Taken in.") if outcome.done else "")
        said = plain.spoken(f"{sentence} {plain.spoken(outcome.note)}".strip())
        self.said.setText(plain.shown(said, 600))

    def _ask_for_code(self) -> None:
        self.field = Field(
            self.tr("The code that opens it"),
            hint=self.tr("It was shown when the collection was packed"),
            limit=200,
        )
        self.field.setContentsMargins(36, 4, 0, 4)
        self.field.changed.connect(lambda _: self.changed.emit())
        self.tick.toggled.connect(self.field.setVisible)
        self._column.addWidget(self.field)

    def _kind(self) -> str:
        names = {
            "revocation": self.tr("Revocation list"),
            "policy": self.tr("Policy pack"),
            "model": self.tr("Language model"),
            "library": self.tr("Collection"),
            "update": self.tr("Program update"),
        }
        return names.get(self.item.kind, plain.line(self.item.kind, 40))

    def _said(self) -> str:
        if self.item.state == "here":
            return self.tr("On this machine already.")
        if self.item.state == "incomplete":
            return self.tr("Not whole on the stick: copy the parcel onto it again.")
        if self.item.state == "barred":
            why = plain.shown(plain.spoken(self.item.sentence), 400)
            return why or self.tr("Your institution’s policy does not let you take this in.")
        return {
            "revocation": self.tr("Takes the seats it lists out of use."),
            "policy": self.tr("Decides what may be asked and how, from the next login on."),
            "model": self.tr("Can write answers from the next login on."),
            "library": self.tr("Adds its documents to the collection of its name, or makes it."),
            "update": self.tr("Is laid ready for an administrator of this machine to install."),
        }.get(self.item.kind, "")


def _new_first(items: tuple[ParcelItem, ...]) -> list[ParcelItem]:
    """As they stand, unless there are too many: then what can be taken in comes first."""
    if len(items) <= LISTED:
        return list(items)
    return sorted(items, key=lambda item: item.state != "new")
