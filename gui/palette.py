"""Ctrl+Shift+P: every action of the window that can be done now, found as one types.

Rules kept here: the keyboard alone does it all (type, Up and Down, Enter, Esc); what the arrow keys
are at is said to screen readers, since the focus stays in the field.
"""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui.commands import Command, section_name
from gui.controls.labels import Words
from gui.speaking import announce
from gui.style.scale import fix, px
from gui.style.tokens import current
from gui.text.counts import counted

_KEYS = Qt.ItemDataRole.UserRole
_SECTION = Qt.ItemDataRole.UserRole + 1
_MOVES = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}


class Palette(QDialog):
    """`chosen` carries the Command, after the palette has closed."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget, commands: tuple[Command, ...]) -> None:
        super().__init__(parent)
        self._behind = parent
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.setWindowTitle(self.tr("Find an action"))
        self.setAccessibleName(self.windowTitle())
        self._commands = commands
        self._found: tuple[Command, ...] = ()
        self.field = QLineEdit()
        self.field.setAccessibleName(self.tr("What do you want to do?"))
        self.field.setPlaceholderText(self.tr("What do you want to do?"))
        self.field.setMaxLength(80)
        self.field.setAcceptDrops(False)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Actions"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setItemDelegate(_Row(self.list))
        self._none = Words(self.tr("No action fits. Try other words."), "quiet")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 14, 14, 12)
        layout.setSpacing(10)
        layout.addWidget(self.field)
        layout.addWidget(self.list, 1)
        layout.addWidget(self._none)
        fix(self, 600)
        self.setFixedHeight(min(px(430), parent.height() - px(64) - 24))
        self.field.installEventFilter(self)
        self.field.textChanged.connect(self._find)
        self.list.itemActivated.connect(lambda _: self._choose())
        self.list.itemClicked.connect(lambda _: self._choose())
        self.list.currentRowChanged.connect(self._say)
        self._find("")
        self.field.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        """Near the top, where the eye is when typing begins."""
        super().showEvent(event)
        behind = self._behind
        self.move(behind.mapToGlobal(QPoint((behind.width() - self.width()) // 2, px(64))))

    @property
    def found(self) -> tuple[Command, ...]:
        """What is listed, best first."""
        return self._found

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose()
                return True
            by = _MOVES.get(Qt.Key(event.key()))
            if by is not None:
                row = max(0, min(self.list.count() - 1, self.list.currentRow() + by))
                self.list.setCurrentRow(row)
                return True
        return super().eventFilter(watched, event)

    def _find(self, text: str) -> None:
        self._found = fitting(text, self._commands)
        self.list.blockSignals(True)
        self.list.clear()
        for command in self._found:
            item = QListWidgetItem(command.title)
            section = section_name(command.section)
            item.setData(_KEYS, command.told)
            item.setData(_SECTION, section)
            said = ", ".join(part for part in (command.title, section, command.told) if part)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, said)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.blockSignals(False)
        self.list.setVisible(bool(self._found))
        self._none.setVisible(not self._found)
        if text:
            announce(
                self, counted(len(self._found), self.tr("action fits"), self.tr("actions fit"))
            )

    def _say(self, row: int) -> None:
        item = self.list.item(row)
        if item is not None:
            announce(self, str(item.data(Qt.ItemDataRole.AccessibleTextRole)))

    def _choose(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._found):
            command = self._found[row]
            self.accept()
            self.chosen.emit(command)


def fitting(text: str, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    """Those in which every word that was typed begins a word, or stands at least, best first."""
    wanted = text.casefold().split()

    def rank(command: Command) -> int | None:
        said = f"{command.title} {section_name(command.section)} {command.told}".casefold()
        words = said.replace(":", " ").split()
        if all(any(word.startswith(part) for word in words) for part in wanted):
            return 0 if command.title.casefold().startswith(text.casefold().strip()) else 1
        return 2 if all(part in said for part in wanted) else None

    ranked = [(rank(command), command) for command in commands]
    return tuple(
        command
        for _, command in sorted(
            ((rank_, command) for rank_, command in ranked if rank_ is not None),
            key=lambda pair: pair[0],
        )
    )


class _Row(QStyledItemDelegate):
    """The action on the left, its section and its keys on the right."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(px(200), px(36))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:  # fmt: skip
        super().paint(painter, option, index)
        keys, section = str(index.data(_KEYS) or ""), str(index.data(_SECTION) or "")
        said = f"{section}   {keys}" if keys else section
        metrics = QFontMetrics(option.font)
        rect = option.rect.adjusted(px(8), 0, -px(12), 0)
        title = metrics.horizontalAdvance(str(index.data()))
        room = rect.width() - title - px(28)
        painter.save()
        painter.setPen(QColor(current().muted))
        painter.setFont(option.font)
        painter.drawText(
            rect,
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
            metrics.elidedText(said if room > metrics.horizontalAdvance(said) else keys,
                               Qt.TextElideMode.ElideLeft, max(0, room)),
        )  # fmt: skip
        painter.restore()
