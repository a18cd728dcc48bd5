"""One page of the administration: a heading, what it is for, a place for words, then its body."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from gui.controls.buttons import TextButton
from gui.controls.flow import Flow
from gui.controls.form import Form
from gui.controls.labels import Prose, Words
from gui.controls.notice import Notice
from gui.desk import Desk
from gui.login.proof import proof_asked
from gui.style.scale import fix
from gui.worker import Lane

WIDTH = 760
T = TypeVar("T")


class Page(QScrollArea):
    """What a subclass shows is asked for in `refresh` and gone after `forget`."""

    def __init__(self, desk: Desk, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.setAccessibleName(title)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.notice = Notice()
        self.notice.hide()
        ground = QWidget()
        ground.setObjectName("ground")
        column = QWidget()
        fix(column, most=WIDTH)
        self.body = QVBoxLayout(column)
        self.body.setContentsMargins(0, 20, 0, 28)
        self.body.setSpacing(14)
        self._head = QHBoxLayout()
        self._head.setSpacing(8)
        self._head.addWidget(Words(title, "heading"), 1)
        self.body.addLayout(self._head)
        self.body.addWidget(Prose(text))
        self.body.addWidget(self.notice)
        row = QHBoxLayout(ground)
        row.setContentsMargins(20, 0, 28, 0)
        row.addWidget(column, 100)
        row.addStretch(1)
        self.setWidget(ground)

    def refresh(self) -> None:
        """Reads anew what the page shows."""
        raise NotImplementedError

    def forget(self) -> None:
        """Nothing of what was shown is left."""
        raise NotImplementedError

    def complain(self, error: CloisterError) -> None:
        """In this page's own place for words."""
        self.notice.complain(error)
        self.ensureWidgetVisible(self.notice)

    def act(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Does it on a lane, after fresh proof where the product wants that; what is refused is
        said here, and the page is read anew."""
        self.notice.hide()

        def failed(error: CloisterError) -> None:
            if not proof_asked(self.desk, self, error, lambda: self.act(work, done)):
                self.complain(error)
                self.refresh()

        self.desk.worker.run(self, Lane.PROOF, work, done, failed)

    def submit(self, form: Form, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """As `act`, for what a dialog asked for: what is refused is said there, and it stays."""

        def over(result: T) -> None:
            form.accept()
            done(result)

        def failed(error: CloisterError) -> None:
            form.go.setEnabled(True)
            if not proof_asked(self.desk, form, error, lambda: self.submit(form, work, done)):
                form.failed(error)

        self.desk.worker.run(form, Lane.PROOF, work, over, failed)

    def say(self, sentence: str, step: str = "") -> None:
        """That something was done."""
        self.notice.say("good", sentence, step)
        self.notice.show()

    def head_button(self, button: TextButton) -> TextButton:
        """Adds a button beside the heading."""
        self._head.addWidget(button)
        return button

    def buttons(self, *buttons: TextButton) -> None:
        """A row of them, added to the body; it goes on below where room is short."""
        row = Flow(gap=10)
        for button in buttons:
            row.addWidget(button)
        self.body.addLayout(row)
