"""Says that an import stopped before its end, and offers to go on or to give it up."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from appliance.values import ImportJob
from gui.controls.buttons import TextButton
from gui.controls.notice import Notice
from gui.text import counts


class ResumeBanner(Notice):
    """`wanted(job)` to go on, `unwanted(job)` to give up what is left."""

    wanted = Signal(object)
    unwanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("info", parent=parent)
        self._job: ImportJob | None = None
        self.go = self.offer_button(TextButton(self.tr("Continue the import")))
        self.give_up = self.offer_button(TextButton(self.tr("Give it up")))
        self.go.clicked.connect(self._continue)
        self.give_up.clicked.connect(self._give_up)

    def offer(self, job: ImportJob) -> None:
        self._job = job
        self.say(
            "info",
            self.tr("An import stopped before its end."),
            self.tr("{left} of {total} documents are still to be read. It began on {when}.").format(
                left=counts.number(job.remaining),
                total=counts.number(job.total),
                when=counts.stamp(job.started),
            ),
            glyph="again",
        )
        self.show()

    def _continue(self) -> None:
        if self._job is not None:
            self.wanted.emit(self._job)

    def _give_up(self) -> None:
        if self._job is not None:
            self.unwanted.emit(self._job)
