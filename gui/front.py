"""Everything before the desk: first run, log-in, and the reason when neither is possible."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from appliance.errors import CloisterError
from appliance.values import AirgapReport
from gui.airgap.pill import Pill
from gui.controls.buttons import TextButton
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.controls.sheet import Sheet
from gui.first_run.create import Create
from gui.first_run.recovery import Recovery
from gui.first_run.starter import Starter
from gui.login.enrol import Enrol
from gui.login.unlock import Unlock


class Stopped(Sheet):
    """Why the program cannot go on, and what to do; the vault stays closed."""

    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", "", glyph="breach", parent=parent)
        self.heading.setText(self.tr("Cloister cannot start"))
        self.setAccessibleName(self.tr("Cloister cannot start"))
        self.explanation.say(self.tr("Nothing was opened and nothing was lost."))
        self.notice = Notice("danger")
        leave = TextButton(self.tr("Close"), kind="primary")
        leave.clicked.connect(self.left)
        self.body.addWidget(self.notice)
        self.body.addWidget(leave)
        self.close_body()


class Front(QWidget):
    """Shows one sheet at a time, with the air gap's pill above."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ground")
        self.pill = Pill()
        self.create_vault = Create()
        self.unlock = Unlock()
        self.enrol = Enrol()
        self.starter = Starter()
        self.stopped = Stopped()
        self.recovery: Recovery | None = None
        self._stack = QStackedWidget()
        wait = self._wait = QWidget()
        waiting = QVBoxLayout(wait)
        waiting.addStretch(1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(Words(self.tr("Opening …"), "quiet"))
        row.addStretch(1)
        waiting.addLayout(row)
        waiting.addStretch(1)
        for page in (
            wait, self.create_vault, self.unlock, self.enrol, self.starter, self.stopped,
        ):  # fmt: skip
            self._stack.addWidget(page)
        self.unlock.invited.connect(self.show_enrol)
        self.enrol.left.connect(self.show_unlock)
        top = QHBoxLayout()
        top.setContentsMargins(20, 12, 20, 0)
        top.addStretch(1)
        top.addWidget(self.pill)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self._stack, 1)

    def show_report(self, report: AirgapReport) -> None:
        self.pill.show_report(report)

    def show_create(self) -> None:
        self._stack.setCurrentWidget(self.create_vault)
        self.create_vault.begin()

    def show_unlock(self) -> None:
        self._stack.setCurrentWidget(self.unlock)
        self.unlock.begin()

    def show_waiting(self) -> None:
        self._stack.setCurrentWidget(self._wait)

    def show_enrol(self) -> None:
        self._stack.setCurrentWidget(self.enrol)
        self.enrol.begin()

    def show_starter(self) -> None:
        self._stack.setCurrentWidget(self.starter)
        self.starter.begin()

    def show_stopped(self, error: CloisterError) -> None:
        self.stopped.notice.complain(error)
        self._stack.setCurrentWidget(self.stopped)

    def show_recovery(self, name: str, code: str) -> Recovery:
        self.recovery = Recovery(name, code)
        self._stack.addWidget(self.recovery)
        self._stack.setCurrentWidget(self.recovery)
        self.recovery.printed.setFocus()
        return self.recovery

    def drop_recovery(self) -> None:
        """The widget that showed the code is gone for good."""
        if self.recovery is not None:
            self._stack.removeWidget(self.recovery)
            self.recovery.deleteLater()
            self.recovery = None
