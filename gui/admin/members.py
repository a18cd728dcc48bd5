"""Who is a member of a collection, and who may open it in an emergency.

Rules kept here: offered to who may say it, for the collections whose key they hold.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from appliance.values import Account, Collection, Person, Standing
from gui.admin.page import Page
from gui.admin.people_forms import AddMember
from gui.controls.buttons import TextButton
from gui.controls.choice import Choice
from gui.controls.confirm import Confirm
from gui.controls.labels import Words
from gui.style.icons import icon
from gui.style.scale import fix
from gui.style.tokens import current
from gui.text import plain
from gui.worker import Lane

MANAGES = "manage_members"
_ROW, _MOST = 36, 8


@dataclass(frozen=True, slots=True)
class Found:
    """What the page of people read. me: the id of who is logged in."""

    accounts: tuple[Account, ...]
    collections: tuple[Collection, ...]
    allowed: frozenset[str]
    me: str


@dataclass(frozen=True, slots=True)
class Listed:
    collection: str
    members: tuple[Person, ...]
    emergency: tuple[Person, ...]


class Members(QWidget):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page = page
        self._found: Found | None = None
        self.listed: Listed | None = None
        self.collection = Choice(self.tr("Collection"))
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Members of the collection"))
        self.add = TextButton(self.tr("Add somebody …"))
        self.remove = TextButton(self.tr("Take out …"), kind="danger")
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.add)
        row.addWidget(self.remove)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(10)
        column.addWidget(Words(self.tr("Members of a collection"), "title"))
        column.addWidget(self.collection)
        column.addWidget(self.list)
        column.addLayout(row)
        self.add.clicked.connect(self.ask_to_add)
        self.remove.clicked.connect(self.ask_to_take_out)
        self.collection.activated.connect(lambda _: self._read())
        self.list.currentRowChanged.connect(lambda at: self.remove.setEnabled(at >= 0))

    def show_collections(self, found: Found) -> None:
        self._found = found
        offered = MANAGES in found.allowed and bool(found.collections)
        self.setVisible(offered)
        titles = [plain.line(one.title, 120) for one in found.collections]
        if titles != [self.collection.itemText(row) for row in range(self.collection.count())]:
            self.collection.clear()
            self.collection.addItems(titles)
        if offered:
            self._read()

    def forget(self) -> None:
        self._found = self.listed = None
        self.collection.clear()
        self.list.clear()
        self.hide()

    def ask_to_add(self) -> None:
        found, listed = self._found, self.listed
        if found is None or listed is None:
            return
        inside = {one.id for one in (*listed.members, *listed.emergency)}
        others = [
            account.person
            for account in found.accounts
            if account.standing is Standing.ACTIVE and account.person.id not in inside
        ]
        if not others:
            self._page.notice.say(
                "info",
                self.tr("Everybody who has enrolled is in this collection."),
                self.tr("Who was only invited can be added once they have enrolled."),
            )
            self._page.notice.show()
            return
        form = AddMember(self.window(), self.collection.currentText(), others)

        def submit() -> None:
            person, emergency = form.person.id, form.emergency.isChecked()

            def act() -> None:
                with self._page.desk.appliance.people() as people:
                    (people.prepare if emergency else people.join)(listed.collection, person)

            self._page.submit(form, act, lambda _: self._done(self.tr("They hold its key now.")))

        form.submitted.connect(submit)
        form.open()

    def ask_to_take_out(self) -> None:
        listed, row = self.listed, self.list.currentRow()
        if listed is None or row < 0:
            return
        emergency = row >= len(listed.members)
        person = (*listed.members, *listed.emergency)[row]
        confirm = Confirm(
            self.window(),
            self.tr("Take {} out?").format(plain.line(person.name, 120)),
            self.tr("They lose every key of the collection at once, and it gets a new one."),
            self.tr("Take out"),
        )

        def act() -> None:
            with self._page.desk.appliance.people() as people:
                (people.withdraw if emergency else people.leave)(listed.collection, person.id)

        def done(_: None) -> None:
            self._done(self.tr("They hold no key of it any more."))

        confirm.accepted.connect(lambda: self._page.act(act, done))
        confirm.open()

    # --- inside -----------------------------------------------------------------------------

    def _done(self, sentence: str) -> None:
        self._page.say(sentence)
        self._page.refresh()

    def _read(self) -> None:
        row = self.collection.currentIndex()
        if self._found is None or not 0 <= row < len(self._found.collections):
            return
        collection = self._found.collections[row].id
        desk = self._page.desk

        def work() -> Listed:
            with desk.appliance.people() as people:
                found = people.members(collection)
                return Listed(collection, found.members, found.emergency)

        desk.worker.run(self, Lane.READ, work, self._show, self._page.complain)

    def _show(self, listed: Listed) -> None:
        self.listed = listed
        self.list.clear()
        drawing = icon("person", current().muted, 17)
        for person in listed.members:
            self.list.addItem(QListWidgetItem(drawing, plain.line(person.name, 200)))
        for person in listed.emergency:
            name = self.tr("{} · only in an emergency").format(plain.line(person.name, 200))
            self.list.addItem(QListWidgetItem(drawing, name))
        fix(self.list, height=min(self.list.count(), _MOST) * _ROW + 4)
        self.remove.setEnabled(False)
