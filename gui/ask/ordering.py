"""Keeping conversations in order: search, pin, rename, folders, export, and deleting, with a word
on what stays.

Rules kept here: what is not final can be undone, one change after the other, as long as somebody
is logged in; what a deletion leaves in the log is asked of the product and said before it is
done; nothing here decides what may be done; a search that is overtaken by another shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import ExportForm, Recalled, Retained
from gui.ask.acting import Acting
from gui.ask.conversations import Conversations
from gui.controls.buttons import TextButton
from gui.controls.confirm import Confirm
from gui.controls.fields import Field
from gui.controls.labels import Words
from gui.controls.room import keep_in
from gui.desk import Desk
from gui.style.scale import fix
from gui.text import counts, plain
from gui.worker import Lane

NAME_LENGTH = 80
_PAUSE_MS = 250
"""Without a key pressed, before a search begins."""


class Kept(Protocol):
    """What the product lets be changed of a person's conversations."""

    def pin(self, conversation: str, *, pinned: bool) -> None: ...

    def rename(self, conversation: str, title: str) -> None: ...

    def put(self, conversation: str, folder: str) -> None: ...


class Ordering(QObject):
    """`changed` says the list is out of date; `deleted` carries the id of one that is gone;
    `done` what was changed, in words, and can be undone; `searched` whether anything fits, and
    whether there is more to look through."""

    changed = Signal()
    done = Signal(str)
    deleted = Signal(str)
    searched = Signal(bool, bool)

    def __init__(
        self, desk: Desk, list_: Conversations, find: QLineEdit, acting: Acting, window: QWidget
    ) -> None:
        super().__init__(window)
        self._desk, self._list, self._find = desk, list_, find
        self._acting, self._window = acting, window
        self._serial = 0
        self._shown: tuple[Recalled, ...] = ()
        self._undone: list[Callable[[Kept], None]] = []
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.search)
        find.textChanged.connect(lambda _: self._pause.start())
        find.returnPressed.connect(self.search)
        list_.unwanted.connect(self._ask_to_delete)
        list_.renaming.connect(self._ask_for_title)
        list_.pinned.connect(self._pin)
        list_.filed.connect(self._file)
        list_.leaving.connect(self._export)

    @property
    def searching(self) -> bool:
        """Whether the list shows what was found, rather than everything."""
        return bool(self._find.text().strip())

    def forget(self) -> None:
        self._serial += 1
        self._pause.stop()
        self._find.setText("")  # and nothing of it can be brought back by undoing, as after clear()
        self._pause.stop()
        self._shown = ()
        self._undone.clear()

    # --- searching ------------------------------------------------------------------------

    def search(self) -> None:
        """For what is typed; everything where nothing is."""
        self._pause.stop()
        self._serial += 1
        serial, text = self._serial, self._find.text().strip()
        if not text:
            self.changed.emit()
            return

        self._look(serial, text)

    def _look(self, serial: int, text: str, before: int = -1) -> None:
        """before: the questions that the search before this one had not looked at, -1 for the
        first. While they become fewer it is searched again."""

        def work() -> tuple[tuple[Recalled, ...], int]:
            if serial != self._serial:  # overtaken while it waited
                return (), 0
            with self._desk.appliance.remembered() as remembered:
                return remembered.search(text), remembered.unsearched()

        def done(result: tuple[tuple[Recalled, ...], int]) -> None:
            if serial != self._serial:
                return
            found, left = result
            more = left > 0 and (before < 0 or left < before)
            if before < 0 or found != self._shown:
                self._list.show_found(found)
            self._shown = found
            self.searched.emit(bool(found), more)
            if more:
                self._look(serial, text, left)

        self._desk.worker.run(self, Lane.READ, work, done, self._desk.complain)

    # --- changing -------------------------------------------------------------------------

    def knows(self, conversation: str) -> bool:
        return self._list.known(conversation) is not None

    def act(self, name: str, conversation: str) -> None:
        """Does "rename", "pin", "file" (into a folder yet to be named) or "delete"."""
        one = self._list.known(conversation)
        if one is None:
            return
        if name == "rename":
            self._ask_for_title(one.id, one.title)
        elif name == "pin":
            self._pin(one.id, not one.pinned)
        elif name == "file":
            self._file(one.id, None)
        elif name == "delete":
            self._ask_to_delete(one.id, one.title)

    @property
    def undoable(self) -> bool:
        return bool(self._undone)

    def undo(self) -> None:
        """Takes the last change back."""
        if self._undone:
            self._change(self._undone.pop())

    def _change(
        self,
        work: Callable[[Kept], None],
        said: str = "",
        back: Callable[[Kept], None] | None = None,
    ) -> None:
        """Runs `work(remembered)` on the lane, then says that the list is out of date. back: what
        undoes it."""

        def labour() -> None:
            with self._desk.appliance.remembered() as remembered:
                work(remembered)

        def done(_: None) -> None:
            if back is not None:
                self._undone.append(back)
                self.done.emit(said)
            self.changed.emit()

        self._desk.worker.run(self, Lane.READ, labour, done, self._desk.complain)

    def _pin(self, conversation: str, pinned: bool) -> None:
        self._change(
            lambda remembered: remembered.pin(conversation, pinned=pinned),
            self.tr("Pinned to the top.") if pinned else self.tr("Unpinned."),
            lambda remembered: remembered.pin(conversation, pinned=not pinned),
        )

    def _rename(self, conversation: str, before: str, title: str) -> None:
        self._change(
            lambda remembered: remembered.rename(conversation, title),
            self.tr("Renamed."),
            lambda remembered: remembered.rename(conversation, before),
        )

    def _put(self, conversation: str, folder: str) -> None:
        one = self._list.known(conversation)
        before = one.folder if one is not None else ""
        self._change(
            lambda remembered: remembered.put(conversation, folder),
            self.tr("Put into a folder.") if folder else self.tr("Taken out of the folder."),
            lambda remembered: remembered.put(conversation, before),
        )

    def _ask_for_title(self, conversation: str, title: str) -> None:
        naming = Naming(self._window.window(), self.tr("Rename"), self.tr("Title"), title)
        naming.named.connect(lambda named: self._rename(conversation, title, named))
        naming.open()

    def _file(self, conversation: str, folder: str | None) -> None:
        if folder is not None:
            self._put(conversation, folder)
            return
        naming = Naming(self._window.window(), self.tr("New folder"), self.tr("Name"), "")
        naming.named.connect(lambda named: self._put(conversation, named))
        naming.open()

    def _export(self, conversation: str, form: ExportForm) -> None:
        self._acting.export(form, conversation, self.tr("Conversation"))

    # --- deleting -------------------------------------------------------------------------

    def _ask_to_delete(self, conversation: str, title: str) -> None:
        def work() -> Retained:
            with self._desk.appliance.remembered() as remembered:
                return remembered.retained(conversation)

        def failed(error: CloisterError) -> None:
            unknown = self.tr("What the log keeps of it could not be read: {}")
            said = plain.spoken(error.sentence)
            self._confirm(conversation, title, unknown.format(said))

        self._desk.worker.run(
            self,
            Lane.READ,
            work,
            lambda stays: self._confirm(conversation, title, kept_words(stays)),
            failed,
        )

    def _confirm(self, conversation: str, title: str, stays: str) -> None:
        confirm = Confirm(
            self._window.window(),
            self.tr("Delete “{}”?").format(plain.line(title, 120)),
            " ".join(
                (
                    self.tr("The conversation is erased from your own store, for good."),
                    self.tr("Backups that were made before still hold it."),
                    stays,
                )
            ),
            self.tr("Delete"),
        )
        confirm.accepted.connect(lambda: self._delete(conversation))
        confirm.open()

    def _delete(self, conversation: str) -> None:
        def work() -> None:
            with self._desk.appliance.remembered() as remembered:
                remembered.forget(conversation)

        def done(_: None) -> None:
            self.deleted.emit(conversation)
            self.changed.emit()

        # The store is written anew for it: nobody who reads meanwhile waits for that.
        self._desk.worker.run(self, Lane.PROOF, work, done, self._desk.complain)


class Naming(QDialog):
    """A name to be given; `named` carries it."""

    named = Signal(str)

    def __init__(self, parent: QWidget, title: str, label: str, before: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setModal(True)
        self.field = Field(label, limit=NAME_LENGTH)
        self.field.edit.setText(plain.line(before, NAME_LENGTH))
        self.field.edit.selectAll()
        self.save = TextButton(self.tr("Save"), kind="primary")
        away = TextButton(self.tr("Cancel"))
        away.clicked.connect(self.reject)
        self.save.clicked.connect(self._give)
        self.field.entered.connect(self._give)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        row.addWidget(away)
        row.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 22, 24, 20)
        layout.setSpacing(12)
        layout.addWidget(Words(title, "title"))
        layout.addWidget(self.field)
        layout.addLayout(row)
        fix(self, 420)
        keep_in(self)
        self.field.edit.setFocus()

    def _give(self) -> None:
        name = " ".join(self.field.text().split())
        if name:
            self.named.emit(name)
            self.accept()


def kept_words(stays: Retained) -> str:
    """What the log keeps, for whoever is about to delete."""
    if not stays.records:
        return _tr("The log holds no record of it.")
    what = {
        "full": _tr("what was asked and answered, sealed to the auditors"),
        "question": _tr("what was asked, sealed to the auditors"),
        "none": _tr("that it took place, and nothing that was said"),
    }[stays.logged]
    if stays.until is None:
        return _tr("The log keeps {what}.").format(what=what)
    said = _tr("The log keeps {what}, until {day} at least: so the policy demands.")
    return said.format(what=what, day=counts.day(stays.until))


def _tr(text: str) -> str:
    return QCoreApplication.translate("ordering", text)
