"""The kiosk's one window: over the whole screen, in front, and open until an administrator ends it.

Rules kept here: it cannot be closed, left, made smaller or put behind another, as far as a program
can see to that; a visitor's time ends with everything of theirs out of the widgets at once and its
key destroyed behind it; whatever keeps the kiosk from answering is shown in place of it, never a
way out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QLayout, QStackedWidget, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import KioskEnded, KioskView
from gui.kiosk.attract import Attract
from gui.kiosk.clipboard import EmptyClipboard
from gui.kiosk.closed import Closed
from gui.kiosk.guard import Guard
from gui.kiosk.leaving import Leaving
from gui.kiosk.look import SCALES, sheet
from gui.kiosk.presence import Presence
from gui.kiosk.still_there import StillThere
from gui.kiosk.visit import Visit
from gui.style.tokens import current
from gui.worker import Lane, Worker

if TYPE_CHECKING:
    from appliance.app import Appliance

FRONT_MS = 200
LEAVE_SECONDS = 8.0
LEAVING_SECONDS = 60.0
"""How long nobody may touch the way to leave."""
_ROUNDING = 4
AGAIN_MS = 15_000
"""Until it is tried again to open what another program, a full disk, a lost share or somebody's
failures at log-in kept shut."""
_RAISED = ("xcb", "windows", "cocoa", "offscreen")
"""Where a window can come forward by itself; under Wayland the compositor sees to it."""
_TRIED_AGAIN = frozenset(
    {
        *("already_running", "storage_full", "storage_read_only", "storage_failed"),
        *("log_unwritable", "try_later"),
    }
)
"""In none of them a secret was tried: one that is wrong would lock its account out."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What the kiosk is opened with: its account, and how the one before it ended."""

    name: str
    secret: str
    ended: KioskEnded


class KioskWindow(QWidget):
    """Give it an opened appliance, or the error that kept it from being opened. `ended` once it has
    ended; `left` says whether an administrator wanted that."""

    ended = Signal()

    def __init__(self, appliance: Appliance | CloisterError, opening: Opening) -> None:
        super().__init__(
            None, Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint
        )
        self.setObjectName("kioskWindow")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle("Cloister")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.left = False
        self.view: KioskView | None = None
        self._appliance, self._opening = appliance, opening
        self._scale = SCALES[0]
        self._unseen = 0
        self.worker = Worker(self)
        self.guard = Guard(self)
        self.clipboard = EmptyClipboard(self)
        self.presence = Presence(self)
        self.attract, self.leaving, self.closed = Attract(), Leaving(), Closed()
        self.visit: Visit | None = None
        self.places = QStackedWidget()
        for place in (self.closed, self.attract, self.leaving):
            self.places.addWidget(place)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # never past the screen
        layout.addWidget(self.places)
        self.still_there = StillThere(self)
        self._again = _timer(self, AGAIN_MS, self._try_again)
        self._again.setSingleShot(True)
        self._front = _timer(self, FRONT_MS, self._come_forward)
        self._connect()
        self._dress()

    @property
    def appliance(self) -> Appliance:
        if isinstance(self._appliance, CloisterError):
            raise self._appliance
        return self._appliance

    def begin(self) -> None:
        """Over the whole screen; opens the vault behind what it shows meanwhile."""
        self._fill()
        self._front.start()
        QTimer.singleShot(0, self, self._open)

    # --- opening --------------------------------------------------------------------------

    def _open(self) -> None:
        if isinstance(self._appliance, CloisterError):
            self._out_of_service(self._appliance)
            return
        appliance, opening = self._appliance, self._opening
        self.closed.wait()

        def opened() -> KioskView:
            appliance.unlock(opening.secret, opening.name)
            try:
                return appliance.kiosk.begin(opening.ended)
            except Exception:  # whatever it is, nothing stays open behind a shut screen
                appliance.lock()
                raise

        self.worker.run(self, Lane.READ, opened, self._opened, self._out_of_service)

    def _opened(self, view: KioskView) -> None:
        self._opening = Opening("", "", KioskEnded())  # the secret is not needed again
        self.view = view
        self.visit = Visit(self.appliance, self.worker)
        self.visit.over.connect(self.wipe)
        self.visit.larger.connect(self._resize_text)
        self.visit.show_view(view)
        self.places.addWidget(self.visit)
        self.attract.show_view(view)
        self.leaving.keyboard.offer(view.layouts)
        self.places.setCurrentWidget(self.attract)

    def _out_of_service(self, error: CloisterError) -> None:
        self.closed.complain(error)
        self.places.setCurrentWidget(self.closed)
        if error.code in _TRIED_AGAIN:
            self._again.start()
        elif self.view is None:
            self._opening = replace(self._opening, secret="")  # it opens nothing

    def _try_again(self) -> None:
        if self.places.currentWidget() is not self.closed:
            self._again.start()  # somebody is about to end it
        elif self.view is None:
            self._open()
        else:
            self.wipe()

    # --- a visitor ------------------------------------------------------------------------

    def _come(self) -> None:
        self._again.stop()
        if self.visit is not None and self.view is not None:
            self.places.setCurrentWidget(self.visit)
            self.visit.begin()
            self.presence.begin(self.appliance.kiosk.idleness(self.view.idle_seconds))

    def wipe(self) -> None:
        """Everything of the visitor is out of sight and out of the widgets when this returns; the
        key of it is destroyed as soon as what they asked has stopped."""
        self.presence.end()
        self.still_there.hide()
        self.worker.forget()
        self.leaving.forget()
        if self.visit is None:
            self.places.setCurrentWidget(self.closed)
            return
        self.visit.forget()
        self.clipboard.clear()
        self.places.setCurrentWidget(self.attract)
        kiosk = self.appliance.kiosk
        self.worker.run(self, Lane.ASK, kiosk.wipe, lambda _: None, self._out_of_service)

    def _touched(self) -> None:
        if self.still_there.isHidden():
            self.presence.touch()

    def _resize_text(self, larger: bool) -> None:
        self._scale = SCALES[1] if larger else SCALES[0]
        self._dress()
        if self.visit is not None:
            self.visit.compose.fit()

    # --- leaving --------------------------------------------------------------------------

    def _ask_to_leave(self) -> None:
        self.leaving.begin()
        self.places.setCurrentWidget(self.leaving)
        if not isinstance(self._appliance, CloisterError):
            self.presence.begin(self._appliance.kiosk.idleness(LEAVING_SECONDS))

    def _leave(self, name: str, passphrase: str) -> None:
        if isinstance(self._appliance, CloisterError):
            self.leaving.failed(self._appliance)
            return
        kiosk = self._appliance.kiosk
        self.worker.run(
            self,
            Lane.PROOF,
            lambda: kiosk.leave(name, passphrase),
            lambda _: self._leave_now(),
            self.leaving.failed,
        )

    def _leave_now(self) -> None:
        self.left = True
        self.end()

    def end(self) -> None:
        """Closes the stores cleanly and the window with them: an administrator has left, or the
        system ends the program."""
        self.guard.release()
        for timer in (self._front, self._again):
            timer.stop()
        self.presence.end()
        self.hide()
        if self.visit is not None:
            self.visit.forget()
        self.leaving.forget()
        self.worker.forget()
        if not isinstance(self._appliance, CloisterError):
            self.worker.run(self, Lane.PROOF, self._appliance.close, lambda _: None, lambda _: None)
        self.worker.stop(LEAVE_SECONDS)
        self.ended.emit()

    # --- in front -------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        event.setAccepted(self.guard.released)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() is QEvent.Type.ApplicationPaletteChange:
            QTimer.singleShot(0, self, self._dress)
        elif event.type() is QEvent.Type.WindowStateChange and not self.guard.released:
            QTimer.singleShot(0, self, self._come_forward)
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.still_there.setGeometry(self.rect())

    def _come_forward(self) -> None:
        if self.guard.released:
            return
        state = self.windowState()
        full = bool(state & Qt.WindowState.WindowFullScreen) and not self.isMinimized()
        platform = QGuiApplication.platformName()
        if platform == "xcb" and self._taken_away():
            self.hide()  # so that Qt maps it anew
        if self.isHidden() or not full or not _same(self.geometry(), self.room):
            self._fill()
        if QGuiApplication.focusWindow() is None and platform in _RAISED:
            self.raise_()
            self.activateWindow()

    def _taken_away(self) -> bool:
        """Whether another program has put the window off the screen and Qt was not told: twice in
        a row nothing of it can be seen."""
        handle = self.windowHandle()
        unseen = handle is not None and not self.isHidden() and not handle.isExposed()
        self._unseen = self._unseen + 1 if unseen else 0
        return self._unseen > 1

    @property
    def room(self) -> QRect:
        """The whole screen."""
        return self.screen().geometry()

    def _fill(self) -> None:
        """Also without a window manager, which would have done it."""
        self.showFullScreen()
        self.setGeometry(self.room)

    def _dress(self) -> None:
        self.setStyleSheet(sheet(current(), self._scale))

    def _connect(self) -> None:
        self.guard.touched.connect(self._touched)
        self.presence.warned.connect(self.still_there.warn)
        self.presence.welcome.connect(self.still_there.hide)
        self.presence.due.connect(self.wipe)
        self.still_there.stayed.connect(self.presence.touch)
        self.still_there.over.connect(self.wipe)
        self.attract.begun.connect(self._come)
        self.leaving.wanted.connect(self._leave)
        self.leaving.back.connect(self.wipe)
        for place in (self.attract, self.closed):
            place.staff.connect(self._ask_to_leave)


def _same(one: QRect, other: QRect) -> bool:
    """But for what a scaled screen rounds."""
    corners = (one.topLeft() - other.topLeft(), one.bottomRight() - other.bottomRight())
    return all(corner.manhattanLength() <= _ROUNDING for corner in corners)


def _timer(window: KioskWindow, every: int, do: Callable[[], None]) -> QTimer:
    timer = QTimer(window)
    timer.setInterval(every)
    timer.timeout.connect(do)
    return timer
