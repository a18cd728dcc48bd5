"""Which collections a question goes to: all of them unless some are picked."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from appliance.values import Collection
from gui.style.icons import icon
from gui.style.scale import fix
from gui.style.tokens import current
from gui.text import counts, plain


class Scope(QToolButton):
    """`changed` when others are picked."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pick")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        fix(self, icons=15)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._menu = QMenu(self)
        self._menu.setAccessibleName(self.tr("Collections to ask"))
        self.setMenu(self._menu)
        self._actions: dict[str, QAction] = {}
        self._all = QAction(self.tr("All collections"), self)
        self._all.triggered.connect(self._choose_all)
        self._tint()
        self.set_collections(())

    def set_collections(self, collections: tuple[Collection, ...]) -> None:
        """Keeps what was picked as far as it is still there."""
        picked = set(self.chosen())
        self._menu.clear()
        self._menu.addAction(self._all)
        self._menu.addSeparator()
        self._actions = {}
        for collection in collections:
            action = QAction(plain.label(collection.title), self._menu)
            action.setCheckable(True)
            action.setChecked(collection.id in picked)
            action.setToolTip(plain.tip(collection.title))
            action.toggled.connect(self._picked)
            self._menu.addAction(action)
            self._actions[collection.id] = action
        self.setVisible(len(collections) > 1)
        self._label()

    def chosen(self) -> tuple[str, ...]:
        """Ids of the picked collections; empty means all."""
        return tuple(key for key, action in self._actions.items() if action.isChecked())

    def pick(self, *collections: str) -> None:
        for key, action in self._actions.items():
            action.setChecked(key in collections)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange):
            self._tint()
        super().changeEvent(event)

    def _picked(self) -> None:
        self._label()
        self.changed.emit()

    def _choose_all(self) -> None:
        self.pick()

    def _label(self) -> None:
        chosen = self.chosen()
        if not chosen:
            text = self.tr("All collections")
        elif len(chosen) == 1:
            text = self._actions[chosen[0]].text()
        else:
            text = self.tr("{} collections").format(counts.number(len(chosen)))
        self.setText(text)
        self.setAccessibleName(self.tr("Collections to ask: {}").format(text.replace("&&", "&")))

    def _tint(self) -> None:
        self.setIcon(icon("library", current().muted, 15))
