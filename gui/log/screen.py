"""Log: the records, newest first, one in full beside them, and the proof that none is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from appliance.errors import CloisterError
from appliance.values import Inclusion, LogFilter, LogFound, LogRecord, LogState
from gui.controls.empty import Empty
from gui.controls.labels import Words
from gui.desk import Desk
from gui.log.detail import Detail
from gui.log.filters import Filters
from gui.log.records import PAGE, LogModel
from gui.log.table import RecordTable
from gui.log.taking_out import TakingOut
from gui.log.verification import Verification
from gui.text import counts
from gui.worker import Lane, Task

if TYPE_CHECKING:
    from appliance.app import Cancellation

READS = "read_log"
_LEAST = 150
"""Of the height of the records: some can be seen where room is short."""
_DAMAGED = frozenset({"log_tampered", "proof_wrong"})


class LogScreen(QWidget):
    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.model = LogModel(self)
        self.badge = Verification()
        self.filters = Filters()
        self.status = Words("", "caption")
        self.taking = TakingOut(desk, self, lambda: self.filters.wanted)
        self._names: dict[str, str] = {}
        self._people: dict[str, str] = {}
        self._searching: Task | None = None
        self._before = -1
        self._opening = False
        self._turn = 0
        self._looked = self._fitting = 0
        self.table = RecordTable(self.model)
        self.detail = Detail()
        self._arrange()
        self.model.page_wanted.connect(self._load, Qt.ConnectionType.QueuedConnection)
        self.model.dataChanged.connect(self._again)
        self.table.selectionModel().currentRowChanged.connect(self._choose)
        self.model.more_wanted.connect(self._search, Qt.ConnectionType.QueuedConnection)
        self.filters.changed.connect(self.narrow)
        self.detail.proof_wanted.connect(self.prove)
        self.detail.opening_wanted.connect(self.unseal)
        self.badge.verify.clicked.connect(self.verify)
        self.badge.export.clicked.connect(self.taking.choose_whole)

    def refresh(self) -> None:
        """Called each time the log is opened: its size is read, and it is verified, once and
        whenever records have come since."""
        self._opening = True
        self._read_size()
        self._desk.worker.run(
            self, Lane.READ, self._known_people, self._know_people, self._desk.complain
        )
        self.table.setFocus()

    def know(self, names: dict[str, str]) -> None:
        """Names of people and collections, by their ids in the log."""
        self._names = names
        self.model.know(self._people | names)

    def narrow(self, wanted: LogFilter) -> None:
        """Lists what fits alone, newest first, as it is found."""
        self._stop_searching()
        self._before, self._looked, self._fitting = -1, 0, 0
        self.detail.show_record(None)
        self.model.narrow(narrowed=not wanted.anything)
        self.narrowed.setVisible(self.model.narrowed)
        if self.model.narrowed:
            self._search()

    def prove(self, seq: int) -> None:
        product = self._desk.appliance

        def work() -> Inclusion:
            with product.logbook() as book:
                return book.proof(seq)

        self._desk.worker.run(self, Lane.READ, work, self.detail.show_proof, self._unanswered)

    def unseal(self, seq: int) -> None:
        product = self._desk.appliance
        self._desk.worker.run(
            self,
            Lane.READ,
            lambda: product.log_payload(seq),
            lambda text: self.detail.show_sealed(seq, text),
            self._unanswered,
        )

    def forget(self) -> None:
        self._stop_searching()
        self._names, self._people = {}, {}
        self.filters.know({})
        self.filters.reset()
        self.taking.forget()
        self.narrowed.hide()
        self.model.know({})
        self.model.resize(0)
        self.detail.show_record(None)
        self.badge.unknown()

    def verify(self) -> None:
        self.badge.working()
        self._desk.worker.run(
            self, Lane.PROOF, self._desk.appliance.verify_log, self._verified, self.badge.broke
        )

    def _known_people(self) -> dict[str, str]:
        """Of whoever may read the log; nobody else sees anything in it."""
        product = self._desk.appliance
        if READS not in product.allowed():
            return {}
        with product.logbook() as book:
            return book.people()

    def _know_people(self, people: dict[str, str]) -> None:
        self._people = people
        self.filters.know(people)
        self.filters.setVisible(bool(people))
        self.model.know(people | self._names)

    def _search(self) -> None:
        """On from where the last one stopped, until a page of records is found."""
        wanted, before = self.filters.wanted, self._before
        if wanted.anything or self._searching is not None:
            return
        product = self._desk.appliance
        self._turn += 1
        turn = self._turn

        def work(stop: Cancellation) -> Iterator[LogFound]:
            found, at = 0, before
            with product.logbook(stop) as book:
                while at != 0 and found < PAGE and not stop.cancelled:
                    piece = book.find(wanted, at, PAGE)
                    found, at = found + len(piece.records), piece.before
                    yield piece

        self._searching = self._desk.worker.stream(
            self,
            Lane.PROOF,
            work,
            lambda pieces: self._found(turn, pieces),
            lambda: self._searched(turn),
            lambda error: self._not_searched(turn, error),
        )
        self._say_found(searching=True)

    def _found(self, turn: int, pieces: tuple[LogFound, ...]) -> None:
        """Of an earlier search nothing is listed any more."""
        if turn != self._turn:
            return
        for piece in pieces:
            self._before = piece.before
            self._looked += piece.looked
            self._fitting += len(piece.records)
            self.model.find(piece.records, more=False)
        self._say_found(searching=True)

    def _searched(self, turn: int) -> None:
        if turn != self._turn:
            return
        self._searching = None
        self.model.find((), more=self._before > 0)
        self._say_found(searching=False)

    def _not_searched(self, turn: int, error: CloisterError) -> None:
        self._searched(turn)
        self._complain(error)

    def _say_found(self, *, searching: bool) -> None:
        fit = counts.counted(self._fitting, self.tr("record fits"), self.tr("records fit"))
        looked = self.tr("{looked} of {all} looked through").format(
            looked=counts.number(self._looked), all=counts.number(self.model.size)
        )
        self.status.setText(f"{fit} · {looked} …" if searching else f"{fit} · {looked}")

    def _stop_searching(self) -> None:
        self._turn += 1
        if self._searching is not None:
            self._searching.cancel()
            self._searching = None

    def _unanswered(self, error: CloisterError) -> None:
        self.detail.ask_again()
        self._complain(error)

    def _complain(self, error: CloisterError) -> None:
        """What is found to be damaged was not verified, whatever was said before."""
        if error.code in _DAMAGED:
            self.badge.broke(error)
        self._desk.complain(error)

    def _verified(self, state: LogState) -> None:
        self.badge.show_state(state)
        self._read_size()

    def _read_size(self) -> None:
        self._desk.worker.run(
            self, Lane.READ, self._desk.appliance.log_size, self._sized, self._desk.complain
        )

    def _sized(self, size: int) -> None:
        self.badge.grown(size)
        if self._opening and self.badge.state in {"unknown", "older"}:
            self.verify()
        self._opening = False
        if size != self.model.size:
            self.model.resize(size)
            self.detail.show_record(None)
            if self.model.narrowed:
                self.narrow(self.filters.wanted)
        self._stack.setCurrentWidget(self._split if size else self._empty)

    def _load(self, start: int) -> None:
        def failed(error: CloisterError) -> None:
            self.model.missed(start)
            self._complain(error)

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
        """A page of records came: the chosen one may be among them."""
        index = self.table.currentIndex()
        if index.isValid() and self.model.record(index.row()) != self.detail.record:
            self._choose(index)

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
        self._stack.setMinimumHeight(_LEAST)
        self.narrowed = QWidget()
        told = QHBoxLayout(self.narrowed)
        told.setContentsMargins(0, 0, 0, 0)
        told.setSpacing(12)
        told.addWidget(self.status)
        told.addWidget(self.taking.part)
        told.addStretch(1)
        top = QVBoxLayout()
        top.setContentsMargins(28, 18, 28, 14)
        top.setSpacing(10)
        top.addWidget(self.badge)
        top.addWidget(self.filters)
        top.addWidget(self.narrowed)
        self.filters.hide()
        self.narrowed.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self._stack, 1)
