"""Where a visitor asks: approved questions to press, a line to type in, the keyboard below."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from appliance.values import KioskView
from gui.controls.labels import Words
from gui.kiosk.attract import promise
from gui.kiosk.buttons import PressButton
from gui.kiosk.field import Typed
from gui.kiosk.keyboard import Keyboard
from gui.text import plain

MOST_SHOWN = 6
_SIDE = 48
_ROUND_WORDS = 90
"""Pixels of a starter beside its words: edge, padding and drawing."""
_OTHERS = 96
"""Pixels of height between and around the heading, the starters, the field and what is said."""
_STARTER = 54
_CROWDED = 800


class Compose(QWidget):
    """`asked(question)`."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.heading = Words(self.tr("What would you like to know?"), "large", wrap=True)
        self.field = Typed(self.tr("Your question"))
        self.field.setPlaceholderText(self.tr("Type your question"))
        self.send = PressButton(self.tr("Ask"), kind="primary")
        self.keyboard = Keyboard(self.tr("Ask"))
        self.starters: list[PressButton] = []
        self._said = Words("", "caption", wrap=True)
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        self._questions: tuple[str, ...] = ()
        self._arrange()
        self.field.textChanged.connect(self._typed)
        self.field.returnPressed.connect(self._ask)
        self.send.clicked.connect(self._ask)
        self.keyboard.typed.connect(self.field.put)
        self.keyboard.erased.connect(self.field.erase)
        self.keyboard.entered.connect(self._ask)
        self._typed("")

    def show_view(self, view: KioskView) -> None:
        self.keyboard.offer(view.layouts)
        self._said.setText(promise(view))
        self._questions = view.questions[:MOST_SHOWN]
        self._set_starters()

    def begin(self) -> None:
        """Empty, ready to type."""
        self.field.forget()
        self.field.setFocus()

    def forget(self) -> None:
        """For the next visitor."""
        self.field.forget()
        self.keyboard.reset()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """The keyboard first, then as many approved questions as there is room for."""
        self.keyboard.fit(self.height())
        self._set_starters()

    # --- inside ---------------------------------------------------------------------------

    def _typed(self, text: str) -> None:
        self.send.setEnabled(bool(text.strip()))

    def _ask(self) -> None:
        text = self.field.text().strip()
        if text:
            self.asked.emit(text)

    def _set_starters(self) -> None:
        for button in self.starters:
            self._grid.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.starters = []
        rows, columns, wide = self._room_for()
        metrics = self._words()
        for column in (0, 1):
            self._grid.setColumnStretch(column, int(column < columns))
        for number, question in enumerate(self._questions[: rows * columns]):
            text = plain.line(question, 200)
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, wide)
            button = PressButton(plain.label(shown), kind="starter", glyph="ask")
            button.setAccessibleName(self.tr("Ask: {}").format(text))
            button.clicked.connect(lambda _on=False, q=text: self.asked.emit(q))
            self._grid.addWidget(button, number // columns, number % columns)
            self.starters.append(button)
        layout = self.layout()
        if layout is not None:
            layout.activate()  # not a moment where they do not belong

    def _room_for(self) -> tuple[int, int, int]:
        """Rows and columns of starters, and the pixels their words may take: whole questions one
        below the other, unless more of them can be offered side by side."""
        gap, metrics = self._grid.spacing(), self._words()
        room = self.width() - 2 * _SIDE
        others = self.heading.heightForWidth(room) + self._said.heightForWidth(room)
        others += self.field.sizeHint().height() + self.keyboard.height() + _OTHERS
        high = self.height() - others
        rows = max(1, (high + gap) // (_STARTER + gap))
        half = (room - gap) // 2 - _ROUND_WORDS
        widest = max(map(metrics.horizontalAdvance, self._questions), default=0)
        crowded = rows < len(self._questions) and room >= _CROWDED
        if widest <= half or crowded:
            return rows, 2, half
        return rows, 1, room - _ROUND_WORDS

    def _words(self) -> QFontMetrics:
        """Of what stands on a starter."""
        font = QFont(self.send.font())
        font.setWeight(QFont.Weight.Normal)
        return QFontMetrics(font)

    def _arrange(self) -> None:
        column = QVBoxLayout()
        column.setContentsMargins(_SIDE, 24, _SIDE, 18)
        column.setSpacing(14)
        column.addStretch(1)
        column.addWidget(self.heading)
        column.addLayout(self._grid)
        column.addSpacing(6)
        line = QHBoxLayout()
        line.setSpacing(12)
        line.addWidget(self.field, 1)
        self.send.setObjectName("askNow")
        self.send.setMinimumWidth(150)
        line.addWidget(self.send, 0, Qt.AlignmentFlag.AlignVCenter)
        column.addLayout(line)
        column.addWidget(self._said)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(column, 1)
        layout.addWidget(self.keyboard)
