"""The keyboard on the screen: for fingers, for a mouse, and for the arrow keys of another one.

Rules kept here: it is our own, so no keyboard of the system comes up; a press never takes the focus
from the field that is typed into; Tab reaches it as one stop, and the arrow keys go from key to
key; each key is named for who cannot see it.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui.kiosk.layouts import SYMBOLS, Layout, chosen, shifted
from gui.style.icons import icon
from gui.style.tokens import current

_STEPS = {
    Qt.Key.Key_Left: QPoint(-1, 0),
    Qt.Key.Key_Right: QPoint(1, 0),
    Qt.Key.Key_Up: QPoint(0, -1),
    Qt.Key.Key_Down: QPoint(0, 1),
}
_WIDEST = 1320
_GAP = 8
_ROUND = 28 + 50
"""Pixels above and below the keys, the row of languages with them."""
_SMALLEST, _LARGEST = 44, 64
_LOW = 820
"""On a screen lower than this the digits stand with the signs alone."""
_ASIDE = 4
"""How much worse a key is that lies aside than one that lies on the way."""


class Key(QPushButton):
    """One key. `act` is what it does beside typing ("shift", "delete", …), empty for a character.
    `stepped` when an arrow key asks for the next one."""

    stepped = Signal(object, object)

    def __init__(self, character: str, act: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.character, self.act = character, act
        self.setObjectName("key")
        self.setProperty("act", act)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(20, 36)

    def label(self, text: str, name: str) -> None:
        self.setText(text.replace("&", "&&"))
        self.setAccessibleName(name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(Qt.Key(event.key()))
        if step is not None:
            self.stepped.emit(self, step)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


class Keyboard(QWidget):
    """`typed(character)`, `erased`, and `entered` for the key that sends."""

    typed = Signal(str)
    erased = Signal()
    entered = Signal()

    def __init__(self, enter: str, parent: QWidget | None = None) -> None:
        """enter: what stands on the key that sends."""
        super().__init__(parent)
        self.setObjectName("keyboard")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(self.tr("Keyboard on the screen"))
        self._enter = enter
        self._layouts: tuple[Layout, ...] = chosen(())
        self._layout = self._layouts[0]
        self._shift = self._symbols = self._low = False
        self.keys: list[Key] = []
        self.languages: list[Key] = []
        board = QWidget()
        board.setMaximumWidth(_WIDEST)
        self._rows = QVBoxLayout(board)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(_GAP)
        middle = QHBoxLayout(self)
        middle.setContentsMargins(20, 10, 20, 18)
        middle.addStretch(1)
        middle.addWidget(board, 100)
        middle.addStretch(1)
        self._draw()

    def offer(self, codes: tuple[str, ...]) -> None:
        """The layouts there are; the first is shown."""
        self._layouts = chosen(codes)
        self.reset()

    def reset(self) -> None:
        """As it is for the next visitor."""
        self._layout = self._layouts[0]
        self._shift = self._symbols = False
        self._draw()

    def fit(self, room: int) -> None:
        """Takes its share of that height; the same for every layout, so that nothing jumps."""
        low = room < _LOW
        if low is not self._low:
            self._low = low
            self._draw()
        rows = max(len(one.rows) for one in self._layouts) - low + 1
        side = (round(room * 0.46) - _ROUND) // rows - _GAP
        self.setFixedHeight(rows * (max(_SMALLEST, min(_LARGEST, side)) + _GAP) + _ROUND)

    @property
    def layout_code(self) -> str:
        return self._layout.code

    def key(self, what: str) -> Key | None:
        """By its character or by what it does."""
        return next((key for key in self.keys if what in (key.character, key.act)), None)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange):
            self._tint()
        super().changeEvent(event)

    # --- drawing --------------------------------------------------------------------------

    def _draw(self) -> None:
        held = next((key.act or key.character for key in self.keys if key.hasFocus()), "")
        while (item := self._rows.takeAt(0)) is not None:
            row = item.widget()
            if row is not None:
                row.hide()
                row.deleteLater()
        self.keys, self.languages = [], []
        if len(self._layouts) > 1:
            self._place([(self._key("", f"layout:{one.code}"), 0) for one in self._layouts])
        rows = SYMBOLS if self._symbols else self._layout.rows[int(self._low) :]
        widest = max(len(row) for row in rows)
        for characters in rows:
            keys = [(self._key(character), 2) for character in characters]
            self._place(keys, inset=widest - len(characters))
        acts = (("shift", 3), ("symbols", 3), ("space", 14), ("delete", 3), ("enter", 5))
        self._place([(self._key(" " if act == "space" else "", act), w) for act, w in acts])
        self._relabel()
        self._tint()
        self._rove(self.key(held) if held else None, focus=bool(held))
        self._rows.activate()

    def _key(self, character: str, act: str = "") -> Key:
        key = Key(character, act)
        key.setAutoRepeat(act == "delete")
        key.clicked.connect(lambda _on=False: self._press(key))
        key.stepped.connect(self._step)
        self.keys.append(key)
        if act.startswith("layout:"):
            key.setProperty("language", True)
            key.setCheckable(True)
            key.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            self.languages.append(key)
        return key

    def _place(self, keys: list[tuple[Key, int]], inset: int = 0) -> None:
        """A row of keys with their widths, 0 for as wide as its words; inset: half keys that are
        left free on both sides."""
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(_GAP)
        words = not any(width for _, width in keys)
        if inset or words:
            line.addStretch(inset or 1)
        for key, width in keys:
            line.addWidget(key, width)
        if inset:
            line.addStretch(inset)
        self._rows.addWidget(row, 0 if words else 1)

    def _relabel(self) -> None:
        names = self._names()
        for key in self.keys:
            if key.act.startswith("layout:"):
                one = next(o for o in self._layouts if key.act == f"layout:{o.code}")
                key.label(one.name, self.tr("Keyboard: {}").format(one.name))
                key.setChecked(one is self._layout)
            elif key.act:
                key.label(*names[key.act])
                key.setProperty("on", key.act == "shift" and self._shift)
                key.style().polish(key)
            else:
                shown = self._character(key)
                key.label(shown, names.get(shown, (shown, shown))[1])

    def _names(self) -> dict[str, tuple[str, str]]:
        """What stands on a key, and how it is said."""
        letters = self.tr("ABC") if self._symbols else self.tr("#+=")
        turned = self.tr("Letters") if self._symbols else self.tr("Signs")
        return {
            "shift": ("", self.tr("Shift, on") if self._shift else self.tr("Shift")),
            "symbols": (letters, turned),
            "space": ("", self.tr("Space")),
            "delete": ("", self.tr("Delete")),
            "enter": (self._enter, self._enter),
            ",": (",", self.tr("Comma")),
            ".": (".", self.tr("Full stop")),
            "?": ("?", self.tr("Question mark")),
            "!": ("!", self.tr("Exclamation mark")),
            "'": ("'", self.tr("Apostrophe")),
            '"': ('"', self.tr("Quotation mark")),
            "-": ("-", self.tr("Hyphen")),
            "_": ("_", self.tr("Underscore")),
            ":": (":", self.tr("Colon")),
            ";": (";", self.tr("Semicolon")),
        }

    def _tint(self) -> None:
        for act, drawn in (("shift", "shift"), ("delete", "erase")):
            key = self.key(act)
            if key is not None:
                key.setIcon(icon(drawn, current().ink, 26))
                key.setIconSize(QSize(26, 26))

    # --- pressing -------------------------------------------------------------------------

    def _character(self, key: Key) -> str:
        return shifted(key.character) if self._shift and not self._symbols else key.character

    def _press(self, key: Key) -> None:
        if key.act in ("", "space"):
            self.typed.emit(self._character(key))
            if self._shift:
                self._shift = False
                self._relabel()
        elif key.act == "delete":
            self.erased.emit()
        elif key.act == "enter":
            self.entered.emit()
        elif key.act == "shift":
            self._shift = not self._shift
            self._relabel()
        else:
            self._turn(key.act)

    def _turn(self, act: str) -> None:
        if act == "symbols":
            self._symbols = not self._symbols
        else:
            code = act.removeprefix("layout:")
            self._layout = next(one for one in self._layouts if one.code == code)
            self._symbols = False
        self._draw()

    # --- arrow keys -----------------------------------------------------------------------

    def _rove(self, key: Key | None, *, focus: bool = False) -> None:
        """The one key that Tab stops at."""
        stop = key or next((k for k in self.keys if not k.act), self.keys[0])
        for other in self.keys:
            other.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        stop.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if focus:
            stop.setFocus(Qt.FocusReason.OtherFocusReason)

    def _step(self, key: Key, step: QPoint) -> None:
        """To the nearest key that way."""
        here = _middle(key, self)

        def far(other: Key) -> float | None:
            way = _middle(other, self) - here
            along = way.x() * step.x() + way.y() * step.y()
            across = abs(way.x() * step.y()) + abs(way.y() * step.x())
            return None if along <= 4 else along + across * _ASIDE

        found = [(d, n) for n, k in enumerate(self.keys) if (d := far(k)) is not None]
        if found:
            self._rove(self.keys[min(found)[1]], focus=True)


def _middle(key: Key, board: QWidget) -> QPoint:
    return key.mapTo(board, key.rect().center())
