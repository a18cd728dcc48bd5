"""Log: the records, newest first, one in full beside them, and the proof that none is missing."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from appliance.errors import CloisterError
from appliance.values import LogRecord, LogState
from gui.controls.empty import Empty
from gui.desk import Desk
from gui.log.detail import Detail
from gui.log.exported import Exported
from gui.log.records import PAGE, LogModel
from gui.log.table import RecordTable
from gui.log.verification import Verification
from gui.login.proof import proof_asked
from gui.outbox import outbox
from gui.worker import Lane


class LogScreen(QWidget):
    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.model = LogModel(self)
        self.badge = Verification()
        self.table = RecordTable(self.model)
        self.detail = Detail()
        self._arrange()
        self.model.page_wanted.connect(self._load, Qt.ConnectionType.QueuedConnection)
        self.model.dataChanged.connect(self._again)
        self.table.selectionModel().currentRowChanged.connect(self._choose)
        self.badge.verify.clicked.connect(self.verify)
        self.badge.export.clicked.connect(self._export)

    def refresh(self) -> None:
        """Called each time the log is opened: its size is read, and once it is verified."""
        self._desk.worker.run(
            self, Lane.READ, self._desk.appliance.log_size, self._sized, self._desk.complain
        )
        self.table.setFocus()
        if self.badge.state == "unknown":
            self.verify()

    def know(self, names: dict[str, str]) -> None:
        """Names of people and collections, by their ids in the log."""
        self.model.know(names)

    def forget(self) -> None:
        self.model.know({})
        self.model.resize(0)
        self.detail.show_record(None)
        self.badge.unknown()

    def verify(self) -> None:
        self.badge.working()
        self._desk.worker.run(
            self, Lane.PROOF, self._desk.appliance.verify_log, self._verified, self.badge.broke
        )

    def export_to(self, folder: Path) -> None:
        self._desk.worker.run(
            self,
            Lane.PROOF,
            lambda: self._desk.appliance.export_log(folder),
            lambda key: Exported(self.window(), folder, key).open(),
            lambda error: self._export_failed(folder, error),
        )

    def _export_failed(self, folder: Path, error: CloisterError) -> None:
        if not proof_asked(self._desk, self, error, lambda: self.export_to(folder)):
            self._desk.complain(error)

    def _verified(self, state: LogState) -> None:
        self.badge.show_state(state)
        if state.size != self.model.rowCount():
            self.refresh()

    def _sized(self, size: int) -> None:
        if size != self.model.rowCount():
            self.model.resize(size)
            self.detail.show_record(None)
        self._stack.setCurrentWidget(self._split if size else self._empty)

    def _load(self, start: int) -> None:
        def failed(error: object) -> None:
            self.model.missed(start)
            self._desk.complain(error)  # type: ignore[arg-type]

        self._desk.worker.run(
            self,
            Lane.READ,
            lambda: self._desk.appliance.log_records(start, PAGE),
            lambda records: self.model.fill(start, records),
            failed,
        )

    def _choose(self, index: QModelIndex) -> None:
        record: LogRecord | None = self.model.record(index.row()) if index.isValid() else None
        self.detail.show_record(record, self.model.named)

    def _again(self) -> None:
        index = self.table.currentIndex()
        if index.isValid():
            self._choose(index)

    def _export(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Export the log into an empty folder"))
        dialog.setAccessibleName(dialog.windowTitle())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setDirectory(str(outbox()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda chosen: self.export_to(Path(chosen)))
        dialog.open()

    def _arrange(self) -> None:
        self._empty = Empty(
            "log",
            self.tr("The log is empty"),
            self.tr("Every question, import and log-in leaves a record here that cannot be "
                    "changed unseen."),
        )  # fmt: skip
        inset = QWidget()
        beside = QVBoxLayout(inset)
        beside.setContentsMargins(15, 0, 0, 0)
        beside.addWidget(self.table)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setHandleWidth(1)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(inset)
        self._split.addWidget(self.detail)
        self._split.setStretchFactor(0, 1)
        self._split.setSizes([760, 250])
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._split)
        top = QVBoxLayout()
        top.setContentsMargins(28, 18, 28, 14)
        top.addWidget(self.badge)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self._stack, 1)
