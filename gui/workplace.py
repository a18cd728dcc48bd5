"""The desk when it is open: side, header, how the seat stands, and the four places."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from appliance.errors import CloisterError
from appliance.values import AirgapReport, Collection, Conversation, Person, SeatView
from gui.admin.carrying import TAKES_IN
from gui.admin.screen import AdminScreen
from gui.admin.seat import MANAGES
from gui.admin.standing import SeatStrip
from gui.admin.sticks import Sticks
from gui.airgap.pill import Pill
from gui.ask.ordering import Ordering
from gui.commands import tipped, told
from gui.controls.buttons import GlyphButton, TextButton
from gui.controls.labels import Elided
from gui.controls.notice import Notice
from gui.controls.room import Places, Room
from gui.folding import Folding
from gui.ready import Ready
from gui.sidebar import PLACES, Sidebar
from gui.speaking import announce
from gui.style.scale import fix, tight
from gui.style.tokens import SIDE_WIDTH
from gui.text import plain
from gui.text.counts import counted
from gui.worker import Lane

_READS = "read_history"
"""What the policy calls it to read one's own conversations."""
_SAID_MS = 12_000
_STANDING_MS = 600_000
"""Between two looks at how the seat stands, while nothing is asked."""


class Workplace(QWidget):
    lock_wanted = Signal()

    def __init__(self, ready: Ready, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk = ready.desk
        self._titles: dict[str, str] = {}
        self._title = ""
        self._person_name: dict[str, str] = {}
        self.allowed: frozenset[str] = frozenset()
        """What the policy lets this person do, as it was last read."""
        self.side = Sidebar()
        self.title = Elided("", "title")
        self.pill = Pill()
        self.notice = Notice("danger")
        self.notice.hide()
        self.ask, self.library, self.log = ready.screens()
        self.strip = SeatStrip()
        self._admin: AdminScreen | None = None
        self.ordering = Ordering(
            desk, self.side.conversations, self.side.search, self.ask.acting, self
        )
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.timeout.connect(self.notice_box_hide)
        self.sticks = Sticks(desk, self)
        self._look = QTimer(self)
        self._look.setInterval(_STANDING_MS)
        self._look.timeout.connect(self.read_standing)
        self._arrange()
        self._connect()

    def open(self, person: Person, report: AirgapReport) -> None:
        """Someone has logged in: reads what there is and shows Ask."""
        self.side.show_person(person)
        self._person_name = {person.id: person.name}
        self.pill.show_report(report)
        self.go("ask")
        self.ask.new_question()
        self.read_standing()
        self.library.refresh()
        self.read_conversations()
        self._ask_for_alerts()
        self._look.start()

    def forget(self) -> None:
        """Empties every screen at once; what remains is blank widgets."""
        self._look.stop()
        self.sticks.stop()
        self._titles = {}
        self._person_name = {}
        self._title = ""
        self.permit(frozenset())
        self.ordering.forget()
        self.side.conversations.forget()
        self.side.show_none(none=True)
        self.side.person.set("")
        self.title.set("")
        self.notice_box_hide()
        self.notice.forget()
        self.strip.forget()
        for screen in (self.ask, self.library, self.log, self._admin):
            if screen is not None:
                screen.forget()

    @property
    def admin(self) -> AdminScreen:
        """Made when it is first wanted: whoever never opens it does not wait for it."""
        if self._admin is None:
            self._admin = AdminScreen(self._desk)
            self._places.addWidget(self._admin)
            self._admin.glass_changed.connect(self.library.refresh)
            self._admin.reviewed.connect(self._reviewed)
            self._admin.taken.connect(self._brought_in)
            self._admin.proved.connect(self.pill.show_report)
            self._admin.seat_changed.connect(self.read_standing)
        return self._admin

    def permit(self, allowed: frozenset[str]) -> None:
        self.allowed = allowed
        self.library.permit(allowed)

    def toggle_side(self) -> None:
        """The side comes or goes; where there is no room for both it stands over the rest."""
        self._folding.toggle()

    def read_again(self) -> None:
        """After another look was put on: what lists have drawn has the old colours."""
        self.read_conversations()
        self.go(PLACES[self._places.currentIndex()])

    def go(self, place: str) -> None:
        """Ask, library, log or administration."""
        self._folding.make_way()
        if not self._back.isHidden() and self._places.currentIndex() != PLACES.index(place):
            self.notice_box_hide()  # what was done there; Ctrl+Z undoes it still
        if place == "admin":
            self._places.setCurrentWidget(self.admin)
        self.side.point_at(place)
        self._places.setCurrentIndex(PLACES.index(place))
        names = {
            "library": self.tr("Library"),
            "log": self.tr("Compliance log"),
            "admin": self.tr("Administration"),
        }
        self.title.set(names.get(place, self._title))
        self._rest.setAccessibleName(names.get(place, self.tr("Ask")))
        if place == "library":
            self.library.refresh()
        elif place == "log":
            self.log.refresh()
        elif place == "admin":
            self.admin.refresh()

    def went(self, place: str) -> None:
        """By the side or a key: whoever goes to Ask is there to type."""
        if place == "ask":
            self.focus_composer()
        else:
            self.go(place)

    def new_question(self) -> None:
        self.go("ask")
        self.ask.new_question()
        self.side.conversations.point_at("")

    def focus_search(self) -> None:
        self._folding.show_side()
        self.side.search.setFocus()
        self.side.search.selectAll()

    def focus_composer(self) -> None:
        self.go("ask")
        self.ask.composer.typing.setFocus()

    def complain(self, error: CloisterError) -> None:
        """An error that belongs to no place: above the screen, for a while."""
        self._back.hide()
        self.notice.complain(error)
        announce(self, self.notice.accessibleName(), at_once=True)
        self._box.show()
        self._quiet.start(_SAID_MS)

    def notice_box_hide(self) -> None:
        self._box.hide()

    def read_conversations(self) -> None:
        product = self._desk.appliance

        def work() -> tuple[Conversation, ...]:
            return product.conversations() if _READS in product.allowed() else ()

        self._desk.worker.run(self, Lane.READ, work, self._show_conversations, self.complain)

    def read_standing(self) -> None:
        """How the seat stands, for the line above the screens."""
        product = self._desk.appliance

        def work() -> tuple[SeatView, frozenset[str]]:
            return product.standing(), product.allowed()

        self._desk.worker.run(self, Lane.READ, work, self._show_standing, self.complain)

    # --- inside ---------------------------------------------------------------------------

    def _show_standing(self, found: tuple[SeatView, frozenset[str]]) -> None:
        view, allowed = found
        self.permit(allowed)
        self.strip.show_view(view, manages=MANAGES in allowed)
        if not TAKES_IN & allowed:
            self.sticks.stop()
        elif not self.sticks.timer.isActive():
            self.sticks.start()

    def _plugged_in(self, folder: Path) -> None:
        """A stick with a parcel: what is on it is shown, and nothing taken in, unless the person is
        in the middle of something."""
        if QApplication.activeModalWidget() is not None or self.ask.composer.typing.toPlainText():
            self.sticks.unsaid(folder)
            return
        self.admin.carrying.inspect(folder)

    def _show_seat(self) -> None:
        self.go("admin")
        self.admin.show_page("seat")

    def _brought_in(self) -> None:
        """Out of a parcel: documents, lists, models."""
        self.library.refresh()
        self.read_standing()

    def _ask_for_alerts(self) -> None:
        """An auditor is told of broken glass; the message stays until it is closed."""

        def waiting() -> int:
            with self._desk.appliance.people() as people:
                return people.waiting()

        self._desk.worker.run(self, Lane.READ, waiting, self._tell_alerts, self.complain)

    def _reviewed(self) -> None:
        self.notice_box_hide()
        self._ask_for_alerts()

    def _tell_alerts(self, waiting: int) -> None:
        if waiting:
            said = counted(waiting, self.tr("alert"), self.tr("alerts"))
            self._back.hide()
            self.notice.say(
                "danger",
                self.tr("An auditor has to look at {}.").format(said),
                self.tr("Administration, “Emergency access”, shows who, why and until when."),
            )
            self._quiet.stop()
            self.notice.show()
            self._box.show()

    def _tell_done(self, said: str) -> None:
        """A change that can be undone: said for a while, with the way back."""
        keys = told("undo")
        undoes = self.tr("{} undoes it.").format(keys)
        self.notice.say("good", said, "" if tight() else undoes)
        announce(self, f"{said} {undoes}")
        self._back.show()
        self.notice.show()
        self._box.show()
        self._quiet.start(_SAID_MS)

    def _show_conversations(self, conversations: tuple[Conversation, ...]) -> None:
        self._titles = {c.id: c.title for c in conversations}
        self._titled(self._titles.get(self.ask.conversation, self._title))
        if self.ordering.searching:
            self.ordering.search()
            return
        self.side.conversations.show_all(conversations, self.ask.conversation)
        self.side.show_none(none=not conversations)

    def _undo(self) -> None:
        self.notice_box_hide()
        self.ordering.undo()

    def _open_conversation(self, conversation: str, turn: int) -> None:
        self.go("ask")
        if conversation != self.ask.conversation:
            self.ask.open_conversation(conversation, self._titles.get(conversation, ""), turn)
        elif turn >= 0:
            self.ask.stream.go_to(turn)

    def _deleted(self, conversation: str) -> None:
        if conversation == self.ask.conversation:
            self.ask.new_question()

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
        self.side.place_wanted.connect(self.went)
        self.side.lock_wanted.connect(self.lock_wanted)
        self.side.conversations.opened.connect(self._open_conversation)
        self.ordering.changed.connect(self.read_conversations)
        self.ordering.done.connect(self._tell_done)
        self.ordering.deleted.connect(self._deleted)
        self.ordering.searched.connect(
            lambda any_, more: self.side.show_found(any_=any_, more=more)
        )
        self.ask.titled.connect(self._titled)
        self.ask.changed.connect(lambda _: self.read_conversations())
        self.ask.changed.connect(lambda _: self.read_standing())
        self.sticks.found.connect(self._plugged_in)
        self.strip.wanted.connect(self._show_seat)
        self.ask.library_wanted.connect(lambda: self.go("library"))
        self.library.collections_changed.connect(self._counted)

    def _head(self, menu: GlyphButton) -> QFrame:
        top = QFrame()
        top.setObjectName("top")
        fix(top, height=54)
        head = QHBoxLayout(top)
        head.setContentsMargins(20, 0, 20, 0)
        head.setSpacing(12)
        head.addWidget(menu)
        head.addWidget(self.title, 1)
        head.addWidget(self.pill)
        return top

    def _arrange(self) -> None:
        menu = GlyphButton("side", tipped(self.tr("Show or hide the side"), "side"), side=34)
        menu.clicked.connect(self.toggle_side)
        self._box = QWidget()
        boxed = QHBoxLayout(self._box)
        boxed.setContentsMargins(28, 12, 28, 0)
        boxed.addWidget(self.notice, 1)
        self._back = TextButton(self.tr("Undo"))
        self._back.clicked.connect(self._undo)
        self._back.hide()
        away = GlyphButton("close", self.tr("Close the message"), side=32)
        away.clicked.connect(self.notice_box_hide)
        self.notice.offer_beside(self._back, away)
        self._box.hide()
        self._places = Places()
        held = QWidget()
        held.setObjectName("ground")
        self._rest = rest = Room(held, self.tr("Ask"))
        side = Room(self.side, self.tr("Go to"))
        fix(side, SIDE_WIDTH)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(side)
        layout.addWidget(rest, 1)
        main = QVBoxLayout(held)
        main.setContentsMargins(0, 0, 0, 0)
        main.setSpacing(0)
        main.addWidget(self._head(menu))
        main.addWidget(self.strip)
        main.addWidget(self._box)
        main.addWidget(self._places, 1)
        for screen in (self.ask, self.library, self.log):  # last: Qt dresses all of it at each move
            self._places.addWidget(screen)
        self._folding = Folding(self, side, rest, menu)
