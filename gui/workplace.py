"""The desk when it is open: side, header, and the three places."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import AirgapReport, Collection, Conversation, Person
from gui.airgap.pill import Pill
from gui.ask.screen import AskScreen
from gui.controls.buttons import GlyphButton
from gui.controls.confirm import Confirm
from gui.controls.labels import Elided
from gui.controls.notice import Notice
from gui.desk import Desk
from gui.library.screen import LibraryScreen
from gui.log.screen import LogScreen
from gui.sidebar import PLACES, Sidebar
from gui.text import plain
from gui.text.counts import counted
from gui.worker import Lane

_SAID_MS = 12_000


class Workplace(QWidget):
    lock_wanted = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._titles: dict[str, str] = {}
        self._title = ""
        self._person_name: dict[str, str] = {}
        self.side = Sidebar()
        self.title = Elided("", "title")
        self.pill = Pill()
        self.notice = Notice("danger")
        self.notice.hide()
        self.ask = AskScreen(desk)
        self.library = LibraryScreen(desk)
        self.log = LogScreen(desk)
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.timeout.connect(self.notice_box_hide)
        self._arrange()
        self._connect()

    def open(self, person: Person, report: AirgapReport) -> None:
        """Someone has logged in: reads what there is and shows Ask."""
        self.side.show_person(person)
        self._person_name = {person.id: person.name}
        self.pill.show_report(report)
        self.go("ask")
        self.ask.new_question()
        self.library.refresh()
        self.read_conversations()
        self._ask_for_alerts()

    def forget(self) -> None:
        """Empties every screen at once; what remains is blank widgets."""
        self._titles = {}
        self._person_name = {}
        self._title = ""
        self.side.conversations.clear()
        self.side.show_none(none=True)
        self.side.person.set("")
        self.title.set("")
        self.notice_box_hide()
        for screen in (self.ask, self.library, self.log):
            screen.forget()

    def go(self, place: str) -> None:
        """Ask, library or log."""
        self.side.point_at(place)
        self._places.setCurrentIndex(PLACES.index(place))
        names = {"library": self.tr("Library"), "log": self.tr("Compliance log")}
        self.title.set(names.get(place, self._title))
        if place == "library":
            self.library.refresh()
        elif place == "log":
            self.log.refresh()

    def new_question(self) -> None:
        self.go("ask")
        self.ask.new_question()
        self.side.conversations.point_at("")

    def focus_composer(self) -> None:
        self.go("ask")
        self.ask.composer.typing.setFocus()

    def complain(self, error: CloisterError) -> None:
        """An error that belongs to no place: above the screen, for a while."""
        self.notice.complain(error)
        self._box.show()
        self._quiet.start(_SAID_MS)

    def notice_box_hide(self) -> None:
        self._box.hide()

    def read_conversations(self) -> None:
        self._desk.worker.run(
            self,
            Lane.READ,
            self._desk.appliance.conversations,
            self._show_conversations,
            self.complain,
        )

    # --- inside ---------------------------------------------------------------------------

    def _ask_for_alerts(self) -> None:
        """An auditor is told of broken glass; the message stays until it is closed."""

        def waiting() -> int:
            with self._desk.appliance.people() as people:
                return people.waiting()

        self._desk.worker.run(self, Lane.READ, waiting, self._tell_alerts, self.complain)

    def _tell_alerts(self, waiting: int) -> None:
        if waiting:
            said = counted(waiting, self.tr("alert"), self.tr("alerts"))
            self.notice.say(
                "danger",
                self.tr("An auditor has to look at {}.").format(said),
                self.tr("`cloister people alerts` shows who, why and until when."),
            )
            self._quiet.stop()
            self.notice.show()
            self._box.show()

    def _show_conversations(self, conversations: tuple[Conversation, ...]) -> None:
        self._titles = {c.id: c.title for c in conversations}
        self.side.conversations.show_all(conversations, self.ask.conversation)
        self.side.show_none(none=not conversations)

    def _open_conversation(self, conversation: str) -> None:
        self.go("ask")
        if conversation != self.ask.conversation:
            self.ask.open_conversation(conversation, self._titles.get(conversation, ""))

    def _ask_to_forget(self, conversation: str, title: str) -> None:
        confirm = Confirm(
            self.window(),
            self.tr("Forget “{}”?").format(plain.line(title, 120)),
            self.tr(
                "The conversation is erased from your own store. The log keeps that it took place."
            ),
            self.tr("Forget"),
        )
        confirm.accepted.connect(lambda: self._forget_conversation(conversation))
        confirm.open()

    def _forget_conversation(self, conversation: str) -> None:
        def done(_: None) -> None:
            if conversation == self.ask.conversation:
                self.ask.new_question()
            self.read_conversations()

        self._desk.worker.run(
            self,
            Lane.READ,
            lambda: self._desk.appliance.forget_conversation(conversation),
            done,
            self.complain,
        )

    def _titled(self, title: str) -> None:
        self._title = plain.line(title, 200)
        if self._places.currentWidget() is self.ask:
            self.title.set(self._title)

    def _counted(self, collections: tuple[Collection, ...]) -> None:
        self.ask.set_collections(collections)
        names = {collection.id: collection.title for collection in collections}
        self.log.know(names | self._person_name)

    def _connect(self) -> None:
        self.side.new_wanted.connect(self.new_question)
        self.side.place_wanted.connect(self.go)
        self.side.lock_wanted.connect(self.lock_wanted)
        self.side.conversations.opened.connect(self._open_conversation)
        self.side.conversations.unwanted.connect(self._ask_to_forget)
        self.ask.titled.connect(self._titled)
        self.ask.changed.connect(lambda _: self.read_conversations())
        self.ask.library_wanted.connect(lambda: self.go("library"))
        self.library.collections_changed.connect(self._counted)

    def _arrange(self) -> None:
        top = QFrame()
        top.setObjectName("top")
        top.setFixedHeight(54)
        head = QHBoxLayout(top)
        head.setContentsMargins(28, 0, 20, 0)
        head.setSpacing(16)
        head.addWidget(self.title, 1)
        head.addWidget(self.pill)
        self._box = QWidget()
        boxed = QHBoxLayout(self._box)
        boxed.setContentsMargins(28, 12, 20, 0)
        boxed.addWidget(self.notice, 1)
        away = GlyphButton("close", self.tr("Close the message"), side=32)
        away.clicked.connect(self.notice_box_hide)
        boxed.addWidget(away)
        self._box.hide()
        self._places = QStackedWidget()
        for screen in (self.ask, self.library, self.log):
            self._places.addWidget(screen)
        main = QVBoxLayout()
        main.setContentsMargins(0, 0, 0, 0)
        main.setSpacing(0)
        main.addWidget(top)
        main.addWidget(self._box)
        main.addWidget(self._places, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.side)
        layout.addLayout(main, 1)
