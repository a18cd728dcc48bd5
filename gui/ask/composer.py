"""Where a question is typed: Enter sends, Shift+Enter begins a new line.

Rules kept here: an empty question is not sent, and says so; a question longer than the product
takes is counted and not sent; text comes in as plain text only.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from appliance.values import Collection
from gui.ask.scope import Scope
from gui.controls.buttons import GlyphButton
from gui.controls.labels import Words
from gui.style.scale import tight
from gui.text import counts

LIMIT = 8_000
"""Characters the main path takes; it refuses longer questions itself as well."""
COUNTED = 500
"""From here on the characters are counted where the person can see it."""
_PASTED = 20_000
_MOST_LINES = 7


class Typing(QPlainTextEdit):
    """Plain text that grows with its lines, up to seven."""

    sent = Signal()
    recalled = Signal()
    shortened = Signal()
    focused = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Question"))
        self.setPlaceholderText(self.tr("Ask about your documents"))
        self.setTabChangesFocus(True)
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self.document().documentLayout().documentSizeChanged.connect(self.fit)
        self.fit()

    def fit(self) -> None:
        lines = max(1, min(_MOST_LINES, int(self.document().size().height())))
        policy = Qt.ScrollBarPolicy
        tall = int(self.document().size().height()) > _MOST_LINES
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if tall else policy.ScrollBarAlwaysOff
        )
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 4)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.sent.emit()
            return
        if enter:
            self.insertPlainText("\n")
            return
        if event.key() == Qt.Key.Key_Up and self.document().isEmpty():
            self.recalled.emit()
            return
        super().keyPressEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        text = source.text()
        self.insertPlainText(text[:_PASTED])
        if len(text) > _PASTED:
            self.shortened.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focused.emit(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()


class Composer(QWidget):
    """Emits `asked(text, collections)`, `stopped`, `left` where Esc has nothing to stop, and
    `recalled` where Up is pressed in an empty field: the last question is wanted back. `attaching`
    when a document is to be put beside the conversation."""

    asked = Signal(str, tuple)
    stopped = Signal()
    left = Signal()
    recalled = Signal()
    attaching = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.typing = Typing()
        self.attach = GlyphButton(
            "clip", self.tr("Put a document of your own beside this conversation"), side=34
        )
        self.attach.clicked.connect(self.attaching)
        self.scope = Scope()
        self.send = GlyphButton("send", self.tr("Ask"), tone="on_accent", shortcut="Enter")
        self.send.setObjectName("send")
        self.count = Words("", "caption")
        self.count.hide()
        self.hint = Words("", "caption", wrap=True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.note = Words("", "caption", wrap=True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.note.hide()
        self._busy = False
        self._arrange()
        self.typing.sent.connect(self._send)
        self.typing.textChanged.connect(self._counted)
        self.typing.recalled.connect(self.recalled)
        self.typing.shortened.connect(self._was_cut)
        self.typing.focused.connect(self._show_focus)
        self.send.clicked.connect(self._press)
        self.typing.installEventFilter(self)
        self._say_usual()

    def set_collections(self, collections: tuple[Collection, ...]) -> None:
        self.scope.set_collections(collections)

    @property
    def busy(self) -> bool:
        return self._busy

    def set_busy(self, *, busy: bool) -> None:
        """While an ask runs the button stops it."""
        self._busy = busy
        self.send.draw("stop" if busy else "send")
        name = self.tr("Stop") if busy else self.tr("Ask")
        self.send.rename(name, "Esc" if busy else "Enter")

    def say_busy(self) -> None:
        self._say(self.tr("Still answering. Stop it first, or wait."))

    def say_note(self, text: str) -> None:
        """What stays under the field: how the language model runs. Empty for nothing."""
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def put(self, text: str) -> None:
        """With the caret behind it."""
        self.typing.setPlainText(text)
        self.typing.moveCursor(QTextCursor.MoveOperation.End)

    def clear(self) -> None:
        self.typing.clear()
        self.typing.document().clearUndoRedoStacks()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            if not self._busy:
                self.left.emit()
                return False
            self.stopped.emit()
            return True
        return super().eventFilter(watched, event)

    def _arrange(self) -> None:
        self._frame = QFrame()
        self._frame.setObjectName("composer")
        below = QHBoxLayout()
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(8)
        below.addWidget(self.scope)
        below.addStretch(1)
        below.addWidget(self.count)
        words = QVBoxLayout()
        words.setContentsMargins(0, 7, 0, 5)
        words.setSpacing(5)
        words.addWidget(self.typing)
        words.addLayout(below)
        frame = QHBoxLayout(self._frame)
        frame.setContentsMargins(8, 6, 7, 6)
        frame.setSpacing(8)
        frame.addWidget(self.attach, 0, Qt.AlignmentFlag.AlignBottom)
        frame.addLayout(words, 1)
        frame.addWidget(self.send, 0, Qt.AlignmentFlag.AlignBottom)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 12)
        layout.setSpacing(8)
        layout.addWidget(self._frame)
        layout.addWidget(self.note)
        layout.addWidget(self.hint)

    def _press(self) -> None:
        if self._busy:
            self.stopped.emit()
        else:
            self._send()

    def _send(self) -> None:
        text = self.typing.toPlainText().strip()
        if self._busy:
            self.say_busy()
        elif not text:
            self._say(self.tr("Type a question first."))
            self.typing.setFocus()
        elif len(text) > LIMIT:
            self._say(
                self.tr("Too long: {length} of at most {limit} characters. Shorten it.").format(
                    length=counts.number(len(text)), limit=counts.number(LIMIT)
                )
            )
        else:
            self.clear()
            self._say_usual()
            self.asked.emit(text, self.scope.chosen())

    def _counted(self) -> None:
        length = len(self.typing.toPlainText())
        text = f"{counts.number(length)} / {counts.number(LIMIT)}" if length >= COUNTED else ""
        self.count.setText(text)
        self.count.setVisible(bool(text))
        self.count.setProperty("over", length > LIMIT)
        if length:
            self._say_usual()

    def _was_cut(self) -> None:
        self._say(
            self.tr("Only the first {} characters were pasted.").format(counts.number(_PASTED))
        )

    def _say(self, text: str) -> None:
        self.hint.setText(text)
        self.hint.show()
        self.hint.setProperty("warned", True)

    def _say_usual(self) -> None:
        self.hint.setText(
            self.tr(
                "Answers come from the documents on this computer. Check the cited page before "
                "you act."
            )
        )
        self.hint.setVisible(not tight())
        self.hint.setProperty("warned", False)

    def _show_focus(self, on: bool) -> None:
        self._frame.setProperty("focused", on)
        self._frame.style().unpolish(self._frame)
        self._frame.style().polish(self._frame)
