"""The left side: new question, the four places, the conversations, who is here, lock."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from appliance.values import Person
from gui.ask.conversations import Conversations
from gui.commands import tipped, told
from gui.controls.buttons import GlyphButton, TextButton
from gui.controls.labels import Elided, Glyph, Words
from gui.speaking import announce

PLACES = ("ask", "library", "log", "admin")
_LEAST = 40
"""Of the list's height: one conversation can be seen where room is short, and scrolled."""


class Search(QLineEdit):
    """What conversations are looked for by; Esc looks for nothing any more."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("plain", True)
        self.setAccessibleName(self.tr("Search your conversations"))
        self.setPlaceholderText(self.tr("Search by words or meaning"))
        self.setToolTip(tipped(self.tr("Search your conversations; Esc ends it"), "search"))
        self.setMaxLength(300)
        self.setAcceptDrops(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            return
        super().keyPressEvent(event)


class Sidebar(QFrame):
    new_wanted = Signal()
    place_wanted = Signal(str)
    lock_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("side")
        self.new = TextButton(self.tr("New question"), kind="start", glyph="plus", tone="on_accent")
        self.new.setToolTip(tipped(self.tr("New question"), "new_question"))
        self.conversations = Conversations()
        self.search = Search()
        self.person = Elided("", "")
        self.lock = GlyphButton("lock", self.tr("Lock"), shortcut=told("lock"), side=34)
        self.places: dict[str, TextButton] = {}
        self._group = QButtonGroup(self)
        self._none = Words(
            self.tr("Your questions are kept here, encrypted."), "caption", wrap=True
        )
        self._none.setContentsMargins(10, 2, 10, 0)
        self._arrange()
        self.new.clicked.connect(self.new_wanted)
        self.lock.clicked.connect(self.lock_wanted)

    def show_person(self, person: Person) -> None:
        self.person.set(person.name)

    def point_at(self, place: str) -> None:
        self.places[place].setChecked(True)

    def show_none(self, *, none: bool) -> None:
        self._none.setText(self.tr("Your questions are kept here, encrypted."))
        self._none.setVisible(none)
        self.search.setVisible(not none)
        self.conversations.setVisible(not none)

    def show_found(self, *, any_: bool, more: bool = False) -> None:
        """After a search: whether there is anything to show, and whether it goes on."""
        self._none.setText(
            self.tr("Older conversations are still being looked through …")
            if more
            else self.tr("No conversation fits. Try other words.")
        )
        self._none.setVisible(more or not any_)
        self.conversations.setVisible(any_)
        if not more and not any_:
            announce(self.search, self._none.text())

    def _arrange(self) -> None:
        brand = QHBoxLayout()
        brand.setContentsMargins(6, 0, 0, 0)
        brand.setSpacing(9)
        brand.addWidget(Glyph("arch", "accent", 24))
        brand.addWidget(Words("Cloister", "brand"))
        brand.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 16, 14, 12)
        layout.setSpacing(3)
        layout.addLayout(brand)
        layout.addSpacing(12)
        layout.addWidget(self.new)
        layout.addSpacing(8)
        names = (self.tr("Ask"), self.tr("Library"), self.tr("Log"), self.tr("Administration"))
        for place, name in zip(PLACES, names, strict=True):
            button = TextButton(name, kind="nav", glyph=place, tone="muted")
            button.setCheckable(True)
            button.setToolTip(tipped(name, f"go_{place}"))
            button.clicked.connect(lambda _on=False, p=place: self.place_wanted.emit(p))
            self._group.addButton(button)
            self.places[place] = button
            layout.addWidget(button)
        head = Words(self.tr("Conversations"), "section")
        head.setContentsMargins(10, 16, 0, 4)
        layout.addWidget(head)
        layout.addWidget(self.search)
        layout.addSpacing(4)
        layout.addWidget(self._none)
        self.conversations.setMinimumHeight(_LEAST)
        layout.addWidget(self.conversations, 1)
        layout.addStretch(0)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 8, 0, 0)
        foot.setSpacing(8)
        foot.addWidget(Glyph("person", "muted", 20))
        foot.addWidget(self.person, 1)
        foot.addWidget(self.lock)
        layout.addLayout(foot)
        self.show_none(none=True)
