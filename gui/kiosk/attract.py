"""What the kiosk shows while nobody is there: what it is, a question it answers, and how to begin.

Rules kept here: a touch anywhere or any key begins; nothing moves but one line of text, every few
seconds (WCAG 2.2, 2.2.2); it says what becomes of what is typed.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from appliance.values import KioskView
from gui.controls.labels import Glyph, Words
from gui.kiosk.buttons import PressButton
from gui.text import plain

_TURN_MS = 7_000


class Attract(QWidget):
    """`begun` when a visitor comes; `staff` when somebody of the house wants to end the kiosk."""

    begun = Signal()
    staff = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("attract")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.tr("Ask here"))
        self._questions: tuple[str, ...] = ()
        self._shown = 0
        self.title = Words(self.tr("Ask here"), "huge", wrap=True)
        self.question = Words("", "spoken", wrap=True)
        self._bubble = QFrame()
        self._bubble.setObjectName("bubble")
        self.begin = PressButton(self.tr("Touch to begin"), kind="start")
        self.begin.clicked.connect(self.begun)
        self.note = Words("", "caption", wrap=True)
        self.leave = PressButton(self.tr("Staff"), kind="plain")
        self.leave.clicked.connect(self.staff)
        self._timer = QTimer(self)
        self._timer.setInterval(_TURN_MS)
        self._timer.timeout.connect(self._turn)
        self._arrange()

    def show_view(self, view: KioskView) -> None:
        title = plain.line(view.title, 80) or self.tr("Ask here")
        self.title.setText(title)
        self.setAccessibleName(title)
        self._questions = view.questions
        self._shown = 0
        self._say()
        self.note.setText(promise(view))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.begin.setFocus()
        if len(self._questions) > 1:
            self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.begun.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            self.begun.emit()
        else:
            super().keyPressEvent(event)

    # --- inside ---------------------------------------------------------------------------

    def _turn(self) -> None:
        self._shown = (self._shown + 1) % len(self._questions)
        self._say()

    def _say(self) -> None:
        asked = plain.line(self._questions[self._shown], 200) if self._questions else ""
        self.question.setText(asked)
        self._bubble.setVisible(bool(asked))

    def _arrange(self) -> None:
        for words in (self.title, self.question, self.note):
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        told = Words(
            self.tr(
                "Answers come word for word from our own documents, with the page they stand on."
            ),
            "quiet",
            wrap=True,
        )
        told.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.question.setMinimumHeight(96)
        self.question.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inside = QVBoxLayout(self._bubble)
        inside.setContentsMargins(44, 18, 44, 18)
        inside.addWidget(self.question)
        self._bubble.setMinimumWidth(760)
        self._bubble.setMaximumWidth(980)
        column = QVBoxLayout()
        column.setSpacing(18)
        column.addStretch(3)
        column.addWidget(Glyph("arch", "accent", 88), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self.title)
        column.addWidget(told)
        column.addSpacing(28)
        column.addWidget(self._bubble, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(28)
        column.addWidget(self.begin, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(4)
        foot = QHBoxLayout()
        foot.addSpacing(120)
        foot.addWidget(self.note, 1)
        self.leave.setMinimumWidth(120)
        foot.addWidget(self.leave)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(48, 40, 24, 20)
        layout.addLayout(column, 1)
        layout.addLayout(foot)


def promise(view: KioskView) -> str:
    """What becomes of what a visitor types, and what else the screen has to say."""
    if view.kept:
        said = QCoreApplication.translate(
            "Kiosk",
            "What you ask is kept sealed, for auditors alone. It is gone from this screen when you "
            "leave.",
        )
    else:
        said = QCoreApplication.translate(
            "Kiosk", "Nothing you type is kept. When you leave, it is wiped."
        )
    return " ".join((said, *map(plain.spoken, view.notices)))
