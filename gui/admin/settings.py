"""Settings: what is set, by whom, and what a person may change.

Rules kept here: a setting that is locked is shown as text with the place that locks it, never as a
control; whether a value may be is the product's to say; a change is in force from the next start
on, and the row says so until then.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from appliance.errors import CloisterError
from appliance.values import SettingView
from gui.admin.page import Page
from gui.admin.setting_names import place_of, titled, valued
from gui.controls.buttons import TextButton
from gui.controls.choice import Choice
from gui.controls.labels import Glyph, Rule, Words
from gui.desk import Desk
from gui.style.scale import fix, tight
from gui.text import plain
from gui.worker import Lane

_CONTROL = 250
"""Width of the right column."""
_AT_ONCE = 8
"""Rows of a card."""


class SettingsPage(Page):
    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(
            desk,
            self.tr("Settings"),
            self.tr(
                "What your institution sets is locked, and says where it was set. The rest is "
                "yours to change; a change is in force from the next start on."
            ),
            parent,
        )
        self.yours = SettingsCard(self.tr("Yours to change"))
        self.theirs = SettingsCard(self.tr("Set by your institution"))
        self.unset = SettingsCard(self.tr("For your institution to set"))
        self._cards = (self.yours, self.theirs, self.unset)
        self._slice = QTimer(self)
        self._slice.setInterval(0)
        self._slice.timeout.connect(self._grow)
        for card in self._cards:
            self.body.addWidget(card.head)
            self.body.addWidget(card)
            card.wanted.connect(self.change)
        self.body.addStretch(1)
        self.forget()

    def refresh(self) -> None:
        self.desk.worker.run(
            self, Lane.READ, self.desk.appliance.settings_shown, self._show, self.complain
        )

    @property
    def whole(self) -> bool:
        """Whether every setting stands there: they come a few at a time."""
        return not self._slice.isActive()

    def forget(self) -> None:
        self._slice.stop()
        self.notice.forget()
        for card in self._cards:
            card.show_all(())

    def change(self, name: str, text: str) -> None:
        """Empty for what is built in."""
        self.notice.hide()
        self.desk.worker.run(
            self,
            Lane.READ,
            lambda: self.desk.appliance.change_setting(name, text),
            lambda _: self.refresh(),
            self._refused,
        )

    def _refused(self, error: CloisterError) -> None:
        self.complain(error)
        self.refresh()

    def _show(self, settings: tuple[SettingView, ...]) -> None:
        cards: dict[SettingsCard, list[SettingView]] = {card: [] for card in self._cards}
        for one in sorted(settings, key=lambda setting: place_of(setting.name)):
            managed = self.theirs if one.source == "managed" else self.unset
            cards[managed if one.locked else self.yours].append(one)
        for card, listed in cards.items():
            card.show_all(listed)
        self._grow()

    def _grow(self) -> None:
        """Some rows each turn of the event loop: all of them at once would be felt."""
        if any(card.grow() for card in self._cards):
            self._slice.start()
        else:
            self._slice.stop()


class SettingsCard(QFrame):
    """Rows of settings under a heading, which `grow` adds; `wanted(name, text)` when one is to be
    changed."""

    wanted = Signal(str, str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(title)
        self.title = title
        self.head = Words(title, "section", wrap=True)
        self.head.setContentsMargins(2, 6, 0, 0)
        self.rows: dict[str, SettingRow] = {}
        self._shown: tuple[SettingView, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(18, 4, 18, 4)
        self._column.setSpacing(0)

    def show_all(self, settings: Sequence[SettingView]) -> None:
        """Rows are made anew only where something is another than before."""
        self.head.setText(self._headed(settings))
        if tuple(settings) == self._shown and settings:
            for row in self.rows.values():
                row.put_back()
            return
        self._shown = tuple(settings)
        self._appear(False)
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.rows = {}

    def grow(self) -> bool:
        """Some of the rows that are still to come; False where none is. It is seen once whole."""
        coming = self._shown[len(self.rows) : len(self.rows) + _AT_ONCE]
        for setting in coming:
            if self.rows:
                self._column.addWidget(Rule())
            row = SettingRow(setting)
            row.wanted.connect(self.wanted)
            self.rows[setting.name] = row
            self._column.addWidget(row)
        whole = len(self.rows) == len(self._shown)
        if coming and whole:
            self._appear(True)
        return not whole

    def _appear(self, seen: bool) -> None:
        self.head.setVisible(seen)
        self.setVisible(seen)

    def _headed(self, settings: Sequence[SettingView]) -> str:
        """Where locked ones that are still built in can be set, once for all of them."""
        if not settings or not settings[0].locked or settings[0].source == "managed":
            return self.title
        return f"{self.title} · {plain.line(settings[0].institution, 200)}"


class SettingRow(QWidget):
    wanted = Signal(str, str)

    def __init__(self, setting: SettingView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setting = setting
        self.title, explained = titled(setting.name)
        self.control: Choice | QLineEdit | None = None
        self.reset: TextButton | None = None
        self.state = Words(self._state(), "caption", wrap=True)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(Words(self.title, "strong", wrap=True))
        if explained:
            words.addWidget(Words(explained, "caption", wrap=True))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 11, 0, 11)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(0, 1)
        below = tight()  # beside its words it would leave them no room
        if below:
            grid.addLayout(words, 0, 0)
        else:
            grid.addLayout(words, 0, 0, Qt.AlignmentFlag.AlignTop)
        column = QWidget()
        fix(column, _CONTROL)
        side = QVBoxLayout(column)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(3)
        side.addWidget(self._locked() if setting.locked else self._changeable())
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.state, 1)
        if not setting.locked and setting.source == "user":
            row.addWidget(self._resettable())
        side.addLayout(row)
        grid.addWidget(column, int(below), int(not below), Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName(f"{self.title}: {valued(setting.value)}. {self.state.text()}")

    def put_back(self) -> None:
        """What was typed and refused gives way to what is set."""
        if isinstance(self.control, QLineEdit):
            self.control.setText(str(self.setting.value))
        elif isinstance(self.control, Choice):
            self.control.setCurrentText(str(self.setting.value))

    def _locked(self) -> QWidget:
        shown = QWidget()
        row = QHBoxLayout(shown)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(7)
        row.addWidget(Glyph("lock", "muted", 16), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(Words(valued(self.setting.value), wrap=True).selectable(), 1)
        return shown

    def _changeable(self) -> QWidget:
        setting = self.setting
        if setting.choices:
            choice = Choice(self.title, setting.choices, str(setting.value))
            choice.textActivated.connect(self._want)
            self.control = choice
        else:
            line = QLineEdit(str(setting.value))
            line.setMaxLength(100)
            line.setAcceptDrops(False)
            line.editingFinished.connect(lambda: self._want(line.text()))
            line.setAccessibleName(self.title)
            self.control = line
        return self.control

    def _resettable(self) -> TextButton:
        self.reset = TextButton(self.tr("Put back"), kind="link")
        self.reset.setToolTip(self.tr("To what is built in"))
        self.reset.setAccessibleName(self.tr("Put back what is built in: {}").format(self.title))
        self.reset.clicked.connect(lambda: self.wanted.emit(self.setting.name, ""))
        return self.reset

    def _want(self, text: str) -> None:
        """An emptied field means what is built in; one that is left because the window locks means
        nothing."""
        if self.isVisible() and text.strip() != str(self.setting.value):
            self.wanted.emit(self.setting.name, text.strip())

    def _state(self) -> str:
        setting = self.setting
        if setting.source == "managed":
            said = self.tr("In {}").format(plain.line(setting.place, 200))
        elif setting.locked:
            said = self.tr("Built in")
        elif setting.source == "user":
            said = self.tr("Set by you")
        else:
            said = self.tr("Built in")
            if setting.most:
                said += " · " + self.tr("{least} to {most}").format(
                    least=valued(setting.least), most=valued(setting.most)
                )
        if setting.value != setting.in_force:
            said += " · " + self.tr("from the next start on; now {}").format(
                valued(setting.in_force)
            )
        return said
