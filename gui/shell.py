"""The window: front or workplace, lock and leave.

Rules kept here: locking hides everything at once, before the product has closed its stores; the
window closes at once as well, and the stores are closed cleanly behind it; a window that nobody
touches locks by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QDialog, QMainWindow, QMenu, QStackedWidget

from appliance.errors import CloisterError
from appliance.values import Person
from gui.commanding import Commanding
from gui.desk import Desk
from gui.front import Front
from gui.help import Help
from gui.idle import Idle
from gui.looks import Looks
from gui.ready import Ready
from gui.worker import Lane, Worker
from gui.workplace import Workplace

if TYPE_CHECKING:
    from appliance.app import Appliance

LEAVE_SECONDS = 8.0


class Shell(QMainWindow):
    """Give it an opened appliance, or the error that kept it from being opened."""

    closed = Signal()

    def __init__(self, appliance: Appliance | CloisterError) -> None:
        super().__init__()
        self.setWindowTitle("Cloister")
        room = self.screen().availableGeometry().size()
        # A display scaled to 200 % has half as much room: the side makes way then.
        self.setMinimumSize(min(1024, room.width()), min(640, room.height() - 40))
        self.resize(min(1440, room.width() - 40), min(900, room.height() - 60))
        self.worker = Worker(self)
        self.idle = Idle(self)
        self.idle.due.connect(self.lock)
        self.front = Front()
        self.workplace: Workplace | None = None
        self._ready: Ready | None = None
        self._stack = QStackedWidget()
        self._stack.addWidget(self.front)
        self.setCentralWidget(self._stack)
        self._locking = False
        self._appliance = appliance
        self.front.create_vault.wanted.connect(self._create)
        self.front.unlock.wanted.connect(self._unlock)
        self.front.enrol.wanted.connect(self._enrol)
        self.front.starter.wanted.connect(self._first_collection)
        self.front.starter.skipped.connect(self._enter)
        self.front.stopped.left.connect(self.close)
        self.looks = Looks(self)
        self.looks.changed.connect(self._restyled)
        self.commanding = Commanding(self)
        QTimer.singleShot(0, self, self._begin)

    @property
    def appliance(self) -> Appliance:
        if isinstance(self._appliance, CloisterError):
            raise self._appliance
        return self._appliance

    @property
    def locked(self) -> bool:
        return self._stack.currentWidget() is self.front

    # --- begin ----------------------------------------------------------------------------

    def _begin(self) -> None:
        if isinstance(self._appliance, CloisterError):
            self.front.pill.hide()
            self.front.show_stopped(self._appliance)
            return
        appliance = self._appliance
        self.front.show_report(appliance.airgap)
        self.worker.run(
            self, Lane.READ, lambda: appliance.exists, self._known, self.front.show_stopped
        )

    def _known(self, exists: bool) -> None:
        if exists:
            self._show_unlock()
        else:
            self.front.show_create()
        self._ready_screens()

    def _show_unlock(self) -> None:
        self.front.show_unlock()
        self.worker.run(
            self,
            Lane.READ,
            lambda: self.appliance.several,
            lambda several: self.front.unlock.ask_name(several=several),
            self.front.unlock.failed,
        )

    def _create(self, name: str, passphrase: str) -> None:
        def made(code: str) -> None:
            self.front.create_vault.forget()
            self.front.show_recovery(name, code).stored.connect(self._stored)

        self.worker.run(
            self,
            Lane.READ,
            lambda: self.appliance.create(name, passphrase),
            made,
            self.front.create_vault.failed,
        )

    def _stored(self) -> None:
        self.front.show_starter()
        self.front.drop_recovery()

    def _enrol(self, code: str, name: str, passphrase: str) -> None:
        def made(recovery: str) -> None:
            self.front.enrol.forget()
            self.front.show_recovery(name, recovery).stored.connect(self._enrolled)

        self.worker.run(
            self,
            Lane.READ,
            lambda: self.appliance.enrol(code, name, passphrase),
            made,
            self.front.enrol.failed,
        )

    def _enrolled(self) -> None:
        self.front.show_waiting()
        self.front.drop_recovery()
        self._enter()

    def _first_collection(self, title: str) -> None:
        self.worker.run(
            self,
            Lane.READ,
            lambda: self.appliance.create_collection(title),
            lambda collection: self._enter(collection.id),
            self.front.starter.failed,
        )

    def _unlock(self, passphrase: str, name: str) -> None:
        self.worker.run(
            self,
            Lane.READ,
            lambda: self.appliance.unlock(passphrase, name),
            lambda _: self._enter(),
            self.front.unlock.failed,
        )

    def _enter(self, collection: str = "") -> None:
        """To Ask, or into the library where a collection was just made."""
        self.worker.run(
            self,
            Lane.READ,
            lambda: self.appliance.person,
            lambda person: self._open(person, collection),
            self.front.unlock.failed,
        )

    def _open(self, person: Person | None, collection: str) -> None:
        if person is None:
            self.front.show_unlock()
            return
        if self.workplace is None:
            self.workplace = Workplace(self._ready_screens(), self._stack)
            self.workplace.lock_wanted.connect(self.lock)
            self._stack.addWidget(self.workplace)
        self._stack.setCurrentWidget(self.workplace)
        self.idle.begin(self.appliance.idleness())
        self.workplace.open(person, self.appliance.airgap)
        if collection:
            self.workplace.go("library")

    def _ready_screens(self) -> Ready:
        if self._ready is None:
            self._ready = Ready(Desk(self.appliance, self.worker, self.complain), self)
        return self._ready

    def complain(self, error: CloisterError) -> None:
        if self.workplace is not None:
            self.workplace.complain(error)

    # --- lock and leave -------------------------------------------------------------------

    def lock(self) -> None:
        """Everything is out of sight and out of the widgets when this returns."""
        if self.locked or self.workplace is None or self._locking:
            return
        self._locking = True
        self.idle.end()
        self._hide_what_floats()
        self.worker.forget()
        self._stack.setCurrentWidget(self.front)
        self.front.show_report(self.appliance.airgap)
        self.workplace.forget()
        QApplication.clipboard().clear()
        self.front.show_unlock()
        self.front.unlock.wait(waiting=True)
        self.worker.run(
            self, Lane.LOCK, self.appliance.lock, lambda _: self._locked(), self._lock_failed
        )

    def _locked(self) -> None:
        self._locking = False
        self.front.unlock.wait(waiting=False)
        self._show_unlock()

    def _lock_failed(self, error: CloisterError) -> None:
        self._locked()
        self.front.unlock.notice.complain(error)

    def _hide_what_floats(self) -> None:
        """Dialogs and menus stand outside the stack."""
        for window in QApplication.topLevelWidgets():
            if isinstance(window, QDialog):
                window.reject()
            elif isinstance(window, QMenu):
                window.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.idle.end()
        self._hide_what_floats()
        self.hide()
        if self.workplace is not None:
            self.workplace.forget()
        self.worker.forget()
        if not isinstance(self._appliance, CloisterError):
            self.worker.run(self, Lane.LOCK, self._appliance.close, lambda _: None, lambda _: None)
        self.worker.stop(LEAVE_SECONDS)
        event.accept()
        self.closed.emit()

    # --- looks and help -------------------------------------------------------------------

    def open_help(self) -> None:
        Help(self).open()

    def _restyled(self) -> None:
        """Drawings in lists have the colour they were put there with."""
        if self.workplace is not None and not self.locked:
            self.workplace.read_again()
