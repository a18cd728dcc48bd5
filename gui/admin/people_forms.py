"""What is asked for when people are managed: a name, roles, a collection, a reason.

Rules kept here: what a role may do is said beside it; a code that is shown once is never put on
the clipboard, and is gone from the widget when it is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from appliance.values import Person, Role
from gui.controls.buttons import TextButton
from gui.controls.choice import Choice
from gui.controls.fields import Field
from gui.controls.form import Form
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.controls.room import keep_in
from gui.controls.tick import Tick
from gui.desk import Desk
from gui.files import choose_new, write_file
from gui.style.scale import fix
from gui.text import plain
from gui.worker import Lane


class Roles(QWidget):
    """A tick for each role, with what it may do."""

    def __init__(self, chosen: Iterable[Role], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        chosen = set(chosen)
        self.ticks: dict[Role, Tick] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for role, name, text in self._roles():
            tick = Tick(name)
            tick.setChecked(role in chosen)
            said = Words(text, "caption", wrap=True)
            said.setContentsMargins(36, 0, 0, 5)
            column.addWidget(tick)
            column.addWidget(said)
            self.ticks[role] = tick

    @property
    def chosen(self) -> tuple[Role, ...]:
        return tuple(role for role, tick in self.ticks.items() if tick.isChecked())

    def _roles(self) -> tuple[tuple[Role, str, str], ...]:
        return (
            (Role.MEMBER, self.tr("Member"),
             self.tr("Asks, and reads the collections they are a member of.")),
            (Role.CURATOR, self.tr("Curator"),
             self.tr("Adds and removes documents, and says who is a member.")),
            (Role.ADMINISTRATOR, self.tr("Administrator"),
             self.tr("People, seats, models, backups; reads no document.")),
            (Role.AUDITOR, self.tr("Auditor"),
             self.tr("Reads and exports the log. Only an auditor makes an auditor.")),
            (Role.KIOSK, self.tr("Kiosk"), self.tr("Asks the one collection of a kiosk.")),
        )  # fmt: skip


class Invite(Form):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(
            parent,
            self.tr("Invite somebody"),
            self.tr(
                "They enrol with a code that is good once, within 14 days, and choose their own "
                "passphrase. Their keys are made then; nobody else ever has them."
            ),
            self.tr("Invite"),
        )
        self.name = Field(self.tr("Name"), hint=self.tr("As it should stand in the log"), limit=200)
        self.roles = Roles((Role.MEMBER,))
        self.body.addWidget(self.name)
        self.body.addWidget(self.roles)
        self.go.setEnabled(False)
        self.name.changed.connect(lambda text: self.go.setEnabled(bool(text.strip())))
        self.name.entered.connect(self.submit)
        self.name.edit.setFocus()


class ChangeRoles(Form):
    def __init__(self, parent: QWidget, person: Person, *, reopening: bool = False) -> None:
        super().__init__(
            parent,
            self.tr("Roles of {}").format(plain.line(person.name, 120)),
            self.tr("The account is opened again; collections have to add them anew.")
            if reopening
            else self.tr("In force when they log in the next time."),
            self.tr("Open the account") if reopening else self.tr("Change the roles"),
        )
        self.roles = Roles(person.roles)
        self.body.addWidget(self.roles)


class CloseAccount(Form):
    """Closing keeps what was theirs; erasing destroys it."""

    def __init__(self, parent: QWidget, person: Person) -> None:
        super().__init__(
            parent,
            self.tr("Close the account of {}?").format(plain.line(person.name, 120)),
            self.tr(
                "They log in no more and lose every collection, which gets a new key. Their "
                "conversations are kept, under their own keys; the account can be opened again."
            ),
            self.tr("Close the account"),
            danger=True,
        )
        self.erase = Tick(self.tr("Erase it for good, with its conversations"))
        self.body.addWidget(self.erase)
        said = self.tr(
            "Its keys are destroyed and a certificate goes into the log. Backups made before still "
            "hold them."
        )
        words = Words(said, "caption", wrap=True)
        words.setContentsMargins(36, 0, 0, 0)
        self.body.addWidget(words)
        self.erase.toggled.connect(self._rename)

    def _rename(self, erase: bool) -> None:
        name = self.tr("Erase the account") if erase else self.tr("Close the account")
        self.go.setText(name)
        self.go.setAccessibleName(name)


class AddMember(Form):
    def __init__(self, parent: QWidget, title: str, people: Sequence[Person]) -> None:
        super().__init__(
            parent,
            self.tr("Add somebody to “{}”").format(plain.line(title, 120)),
            self.tr("They get the collection’s key: they can ask and read all that is in it."),
            self.tr("Add"),
        )
        self._people = tuple(people)
        self.who = Choice(self.tr("Person"), [plain.line(one.name, 120) for one in people])
        self.emergency = Tick(self.tr("Only in an emergency"))
        said = self.tr("They can open it for a time, with a reason; the auditors are told.")
        words = Words(said, "caption", wrap=True)
        words.setContentsMargins(36, 0, 0, 0)
        for widget in (self.who, self.emergency, words):
            self.body.addWidget(widget)

    @property
    def person(self) -> Person:
        return self._people[self.who.currentIndex()]


class HandedCode(QDialog):
    """A code that is shown once, to be handed on."""

    def __init__(self, desk: Desk, parent: QWidget, name: str, code: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(True)
        self.setWindowTitle(self.tr("Enrolment code of {}").format(plain.line(name, 120)))
        self.setAccessibleName(self.windowTitle())
        self._desk, self._code = desk, code
        self.shown = Words(plain.line(code, 200), "code", wrap=True).selectable()
        self.shown.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.notice = Notice()
        self.notice.hide()
        self.save = TextButton(self.tr("Save as a file …"), glyph="save", tone="muted")
        self.close_it = TextButton(self.tr("I have handed it over"), kind="primary")
        self.save.clicked.connect(
            lambda: choose_new(self, self.windowTitle(), "enrolment-code.txt", self.save_to)
        )
        self.close_it.clicked.connect(self.accept)
        self.finished.connect(self._forget)
        self._arrange()

    def save_to(self, path: Path) -> None:
        self._desk.worker.run(
            self,
            Lane.PROOF,
            lambda: write_file(path, f"{self._code}\n".encode()),
            lambda _: self._saved(path),
            self.notice.complain,
        )

    def _saved(self, path: Path) -> None:
        self.notice.say("good", self.tr("Saved."), str(path))
        self.notice.show()

    def _forget(self) -> None:
        self._code = ""
        self.shown.clear()

    def _arrange(self) -> None:
        well = QFrame()
        well.setObjectName("well")
        inside = QVBoxLayout(well)
        inside.setContentsMargins(16, 22, 16, 22)
        inside.addWidget(self.shown)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        row.addWidget(self.save)
        row.addWidget(self.close_it)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 20)
        layout.setSpacing(12)
        layout.addWidget(Words(self.windowTitle(), "title", wrap=True))
        text = self.tr(
            "It is shown this once, and good once within 14 days. They type it on this machine, "
            "under “I was invited” at the log-in."
        )
        layout.addWidget(Words(text, "quiet", wrap=True))
        layout.addWidget(well)
        layout.addWidget(self.notice)
        layout.addLayout(row)
        fix(self, 520)
        keep_in(self)
