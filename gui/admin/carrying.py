"""Backups and parcels: what goes out onto a stick and what comes in from one.

Rules kept here: one backup or check at a time, and it goes on while the person asks or reads;
nothing is taken in but through the dialog that says what it is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import BackupChecked, BackupMade, BackupNoted
from gui.admin.page import Page
from gui.admin.parcel import ParcelDialog
from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.controls.work_card import Step, WorkCard
from gui.desk import Desk
from gui.files import choose_folder, where
from gui.login.proof import proof_asked
from gui.outbox import sticks
from gui.text import counts, plain
from gui.worker import Lane, Task

if TYPE_CHECKING:
    from appliance.app import Cancellation

T = TypeVar("T")
Tell = Callable[[Step], None]
BACKS_UP = "back_up"
TAKES_IN = frozenset({"manage_seats", "manage_policies", "manage_models", "create_collection"})


class CarryingPage(Page):
    """`taken` when something came in from a stick."""

    taken = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(
            desk,
            self.tr("Backup and parcels"),
            self.tr(
                "Backups go out onto a stick or another disk, encrypted. Models, policies, lists "
                "and prebuilt collections come in from one, signed by who sends them."
            ),
            parent,
        )
        self._task: Task | None = None
        self.card: WorkCard | None = None
        self.last = Words("", "quiet", wrap=True)
        self.back_up = TextButton(self.tr("Back up now …"), kind="primary")
        self.check = TextButton(self.tr("Check a backup …"))
        self.bring = TextButton(
            self.tr("Import from a stick or folder …"), glyph="parcel", tone="muted"
        )
        self.others = Words("", "quiet", wrap=True)
        self._backup = Section(self.tr("Backup"), self.last, self.back_up, self.check)
        self._parcel = Section(
            self.tr("Parcels"),
            Words(
                self.tr(
                    "You are shown what is on the stick, who signed it and what it will do. "
                    "Nothing is taken in before you say so."
                ),
                "quiet",
                wrap=True,
            ),
            self.bring,
        )
        for widget in (self._backup, self._parcel, self.others):
            self.body.addWidget(widget)
        self.body.addStretch(1)
        self.back_up.clicked.connect(
            lambda: choose_folder(
                self, self.tr("A folder for backups, on a stick or another disk"), sticks(),
                self.back_up_into,
            )
        )  # fmt: skip
        self.check.clicked.connect(
            lambda: choose_folder(
                self, self.tr("The folder that holds the backups"), sticks(), self.check_in
            )
        )
        self.bring.clicked.connect(self.choose_parcel)
        self.forget()

    def refresh(self) -> None:
        product = self.desk.appliance

        def work() -> tuple[BackupNoted | None, frozenset[str]]:
            allowed = product.allowed()
            if BACKS_UP not in allowed:
                return None, allowed
            with product.administration() as care:
                return care.last_backup(), allowed

        self.desk.worker.run(self, Lane.READ, work, self._show, self.complain)

    def forget(self) -> None:
        self._task = None
        self._close_card()
        self.last.setText("")
        self.others.setText("")
        self.notice.forget()
        for widget in (self._backup, self._parcel, self.others):
            widget.hide()

    # --- backups ----------------------------------------------------------------------------

    def back_up_into(self, folder: Path) -> None:
        def work(stop: Cancellation, tell: Tell) -> BackupMade:
            with self.desk.appliance.administration(stop) as care:
                return care.back_up(folder, lambda done, total: tell((done, total)))

        title = self.tr("Backing up into {}").format(plain.line(str(folder), 120))
        self._carry(title, work, self._backed_up, lambda: self.back_up_into(folder))

    def check_in(self, folder: Path) -> None:
        """The newest backup in the folder, every chunk of it."""

        def work(stop: Cancellation, tell: Tell) -> BackupChecked:
            with self.desk.appliance.administration(stop) as care:
                return care.check(folder, lambda done, total: tell((done, total)))

        title = self.tr("Checking the backup in {}").format(plain.line(str(folder), 120))
        self._carry(title, work, self._checked, lambda: self.check_in(folder))

    def _carry(
        self,
        title: str,
        work: Callable[[Cancellation, Tell], T],
        done: Callable[[WorkCard, T], None],
        again: Callable[[], None],
    ) -> None:
        if self._task is not None:
            return
        self._close_card()
        self.notice.hide()
        card = WorkCard(title)
        self.card = card
        self._backup.add(card)
        self._allow(working=True)

        def over(result: T) -> None:
            self._task = None
            self._allow(working=False)
            done(card, result)
            self.refresh()

        def failed(error: CloisterError) -> None:
            self._task = None
            self._allow(working=False)
            if proof_asked(self.desk, self, error, again):
                self._close_card()
                return
            card.broke(_placed(error))

        self._task = self.desk.worker.follow(self, Lane.CARRY, work, card.take, over, failed)
        card.cancelled.connect(self._task.cancel)
        card.dismissed.connect(self._close_card)

    def _backed_up(self, card: WorkCard, made: BackupMade) -> None:
        sentence = self.tr("Backup {number} is made: {files}, {size}; {written} had to be written.")
        step = self.tr(
            "To check it anywhere, its key is {}. It opens with the institution’s recovery code: "
            "keep that apart from it."
        ).format(made.fingerprint)
        if made.left_out:
            left = counts.counted(len(made.left_out), self.tr("file"), self.tr("files"))
            step += " " + self.tr("Left out, for they are none of Cloister’s: {}.").format(left)
        card.ended(
            "good",
            sentence.format(
                number=counts.number(made.number),
                files=counts.counted(made.files, self.tr("file"), self.tr("files")),
                size=counts.size(made.size),
                written=counts.size(made.written),
            ),
            step,
        )

    def _checked(self, card: WorkCard, checked: BackupChecked) -> None:
        sentence = self.tr("Whole: backup {number} of {when}, {size}.").format(
            number=counts.number(checked.last),
            when=counts.stamp(checked.created),
            size=counts.size(checked.size),
        )
        card.ended("good", sentence, self.tr("Every piece was opened and compared; nothing was "
                                             "restored."))  # fmt: skip

    # --- parcels ----------------------------------------------------------------------------

    def choose_parcel(self) -> None:
        choose_folder(self, self.tr("The stick, or the folder with the parcel"), sticks(),
                      self.inspect)  # fmt: skip

    def inspect(self, folder: Path) -> None:
        dialog = ParcelDialog(self.desk, self.window(), folder)
        dialog.taken.connect(self.taken)
        dialog.other.connect(self.choose_parcel)
        dialog.open()
        dialog.look()

    # --- inside -----------------------------------------------------------------------------

    def _show(self, found: tuple[BackupNoted | None, frozenset[str]]) -> None:
        last, allowed = found
        backs_up, takes_in = BACKS_UP in allowed, bool(TAKES_IN & allowed)
        self.last.setText(
            self.tr("The last backup was made on {when}: number {number}, {size}.").format(
                when=counts.stamp(last.when),
                number=counts.number(last.number),
                size=counts.size(last.size),
            )
            if last is not None
            else self.tr(
                "The log speaks of no backup yet. If this disk fails, everything on it is lost."
            )
        )
        self._backup.setVisible(backs_up)
        self._parcel.setVisible(takes_in)
        self.others.setText(
            "" if backs_up and takes_in
            else self.tr("An administrator makes backups and takes parcels in.")
        )  # fmt: skip
        self.others.setVisible(not (backs_up and takes_in))

    def _allow(self, *, working: bool) -> None:
        for button in (self.back_up, self.check, self.bring):
            button.setEnabled(not working)

    def _close_card(self) -> None:
        if self.card is not None:
            self.card.hide()
            self.card.deleteLater()
            self.card = None
        self._allow(working=False)


class Section(QFrame):
    """A heading, a sentence, buttons, and room for what they begin."""

    def __init__(
        self, title: str, text: Words, *buttons: TextButton, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 8, 0, 8)
        self._column.setSpacing(10)
        self._column.addWidget(Words(title, "title"))
        self._column.addWidget(text)
        row = QHBoxLayout()
        row.setSpacing(10)
        for button in buttons:
            row.addWidget(button)
        row.addStretch(1)
        self._column.addLayout(row)

    def add(self, card: WorkCard) -> None:
        self._column.addWidget(card)


def _placed(error: CloisterError) -> CloisterError:
    """Where the kernel let nothing be written, the window says where it does."""
    if error.code == "storage_read_only":
        return CloisterError(error.sentence, hint=where())
    return error
