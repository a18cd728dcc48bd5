"""Trying a language model: one message, and what it writes, without any document.

Rules kept here: what a model writes is untrusted, plain text; it is said that it stands on nothing;
closing the dialog stops the writing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.controls.room import keep_in
from gui.desk import Desk
from gui.style.scale import fix
from gui.text import plain
from gui.worker import Lane, Task

if TYPE_CHECKING:
    from appliance.app import Cancellation

_LONGEST = 20_000


class TryModel(QDialog):
    def __init__(self, desk: Desk, parent: QWidget, model: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.setWindowTitle(self.tr("Try {}").format(plain.line(model, 120)))
        self.setAccessibleName(self.windowTitle())
        self._desk, self._model = desk, model
        self._task: Task | None = None
        self.message = _box(self.tr("Your message"))
        fix(self.message, height=84)
        self.written = _box(self.tr("What it writes"))
        self.written.setReadOnly(True)
        fix(self.written, height=180)
        self.notice = Notice()
        self.notice.hide()
        self.go = TextButton(self.tr("Send"), kind="primary")
        self.halt = TextButton(self.tr("Stop"))
        self.halt.hide()
        self.shut = TextButton(self.tr("Close"))
        self._arrange()
        self.go.clicked.connect(self.send)
        self.halt.clicked.connect(self._stop)
        self.shut.clicked.connect(self.reject)

    def send(self) -> None:
        text = self.message.toPlainText().strip()
        if not text or self._task is not None:
            return
        product, model = self._desk.appliance, self._model

        def work(stop: Cancellation) -> Iterator[str]:
            with product.administration(stop) as care:
                yield from care.models.tried(model, text)

        self.notice.hide()
        self.written.setPlainText("")
        self._working(True)
        self._task = self._desk.worker.stream(
            self, Lane.CARRY, work, self._take, self._over, self._failed
        )

    def reject(self) -> None:
        self._stop()
        super().reject()

    # --- inside -------------------------------------------------------------------------------

    def _take(self, pieces: tuple[str, ...]) -> None:
        if len(self.written.toPlainText()) < _LONGEST:
            self.written.moveCursor(self.written.textCursor().MoveOperation.End)
            self.written.insertPlainText(plain.shown("".join(pieces), _LONGEST))

    def _over(self) -> None:
        self._task = None
        self._working(False)

    def _failed(self, error: CloisterError) -> None:
        self._over()
        self.notice.complain(error)

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _working(self, working: bool) -> None:
        self.go.setEnabled(not working)
        self.halt.setVisible(working)

    def _arrange(self) -> None:
        about = self.tr(
            "It writes without your documents, so nothing it says stands on anything. The log has "
            "a record of each message."
        )
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        for button in (self.halt, self.shut, self.go):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 20)
        layout.setSpacing(10)
        layout.addWidget(Words(self.windowTitle(), "heading"))
        layout.addWidget(Words(about, "quiet", wrap=True))
        for name, box in ((self.tr("Your message"), self.message),
                          (self.tr("What it writes"), self.written)):  # fmt: skip
            layout.addWidget(Words(name, "strong"))
            layout.addWidget(box)
        layout.addWidget(self.notice)
        layout.addLayout(row)
        fix(self, 620)
        keep_in(self)
        self.message.setFocus()


def _box(name: str) -> QPlainTextEdit:
    box = QPlainTextEdit()
    box.setObjectName("field")
    box.setAccessibleName(name)
    box.setAcceptDrops(False)
    box.setTabChangesFocus(True)
    return box
