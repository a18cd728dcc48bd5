"""Long work as it goes: how far it is, how long still, a way to stop it, and how it ended.

Rules kept here: what has ended says how, and stays until somebody puts it away.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from gui.controls.buttons import GlyphButton, TextButton
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.text import counts

Step = tuple[int, int]
"""Done and in all, in bytes."""
_PARTS = 1_000


class WorkCard(QFrame):
    """`cancelled` when the person wants it to stop; `dismissed` when the end was read."""

    cancelled = Signal()
    dismissed = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(title)
        self._began = monotonic()
        self.title = Words(title, "strong", wrap=True)
        self.left = Words("", "caption")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName(self.tr("Progress: {}").format(title))
        self.cancel = TextButton(self.tr("Stop"))
        self.dismiss = GlyphButton("close", self.tr("Close the report"))
        self.dismiss.hide()
        self.notice = Notice()
        self.notice.hide()
        lay_out(self, (self.title, self.left), (self.cancel, self.dismiss), (self.bar, self.notice))
        self.cancel.clicked.connect(self._cancel)
        self.dismiss.clicked.connect(self.dismissed)

    @property
    def running(self) -> bool:
        return not self.bar.isHidden()

    def take(self, steps: tuple[Step, ...]) -> None:
        """A batch: the last of it is shown."""
        done, total = steps[-1]
        self.bar.setRange(0, _PARTS)
        self.bar.setValue(_PARTS * done // max(1, total))
        left = counts.time_left(self.bar.value(), _PARTS, monotonic() - self._began)
        so_far = self.tr("{done} of {total}").format(
            done=counts.size(done), total=counts.size(total)
        )
        self.left.setText(f"{so_far} · {left}" if left else so_far)

    def ended(self, tone: str, sentence: str, step: str = "") -> None:
        self._settle()
        self.notice.say(tone, sentence, step)
        self.notice.show()

    def broke(self, error: CloisterError) -> None:
        self._settle()
        stopped = self.cancel.text() != self.tr("Stop")
        self.notice.say("info" if stopped else "danger", error.sentence, error.next_step)
        self.notice.show()

    def _settle(self) -> None:
        self.left.setText("")
        self.left.hide()
        self.bar.hide()
        self.cancel.hide()
        self.dismiss.show()

    def _cancel(self) -> None:
        self.cancel.setEnabled(False)
        self.cancel.setText(self.tr("Stopping …"))
        self.cancelled.emit()


def lay_out(
    card: QFrame, words: Sequence[QWidget], buttons: Sequence[QWidget], below: Sequence[QWidget]
) -> None:
    """As every card of long work looks: what it is on the left, what stops it on the right."""
    told = QVBoxLayout()
    told.setSpacing(3)
    head = QHBoxLayout()
    head.addLayout(told, 1)
    layout = QVBoxLayout(card)
    layout.setContentsMargins(18, 14, 16, 16)
    layout.setSpacing(9)
    layout.addLayout(head)
    for rows, widgets in ((told, words), (head, buttons), (layout, below)):
        for widget in widgets:
            rows.addWidget(widget)
