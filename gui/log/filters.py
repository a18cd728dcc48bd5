"""What of the log is wanted: what was done, by whom, how it ended, and when.

Rules kept here: this only says what is wanted, the product looks for it; days are those of the
machine's own time zone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from PySide6.QtCore import QDate, Signal
from PySide6.QtWidgets import QDateEdit, QWidget

from appliance.values import LogFilter
from gui.controls.buttons import TextButton
from gui.controls.choice import Choice
from gui.controls.flow import Flow
from gui.style.scale import fix
from gui.text import plain

_OUTCOMES = ("answered", "refused", "failed", "cancelled")


class Filters(QWidget):
    """`changed(filter)`."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._people: list[str] = []
        self._kinds = self._all_kinds()
        self.what = Choice(self.tr("What was done"), [name for name, _ in self._kinds])
        self.who = Choice(self.tr("By whom"), [self.tr("By anybody")])
        self.ended = Choice(self.tr("How it ended"), self._all_outcomes())
        self.when = Choice(
            self.tr("When"),
            [
                self.tr("At any time"),
                self.tr("Today"),
                self.tr("In the last 7 days"),
                self.tr("In the last 30 days"),
                self.tr("Between two days"),
            ],
        )
        self.first, self.last = _day(self.tr("From")), _day(self.tr("To"))
        self.clear = TextButton(self.tr("Show everything"), kind="link")
        row = Flow(gap=8)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (
            self.what, self.who, self.ended, self.when, self.first, self.last, self.clear,
        ):  # fmt: skip
            row.addWidget(widget)
        self.setLayout(row)
        for box in (self.what, self.who, self.ended, self.when):
            box.currentIndexChanged.connect(self._tell)
        for day in (self.first, self.last):
            day.dateChanged.connect(self._tell)
        self.clear.clicked.connect(self.reset)
        self._offer()

    @property
    def wanted(self) -> LogFilter:
        since, until = self._span(datetime.now().astimezone())
        person = self._people[self.who.currentIndex() - 1] if self.who.currentIndex() > 0 else ""
        ended = self.ended.currentIndex()
        return LogFilter(
            self._kinds[max(0, self.what.currentIndex())][1],
            person,
            _OUTCOMES[ended - 1] if ended > 0 else "",
            since,
            until,
        )

    def know(self, people: dict[str, str]) -> None:
        """Whose records can be asked for, by their ids; who was chosen stays chosen."""
        chosen = self.wanted.person
        listed = sorted(people, key=lambda one: people[one].casefold())
        if listed == self._people:
            return
        self._people = listed
        self.who.blockSignals(True)
        self.who.clear()
        self.who.addItem(self.tr("By anybody"))
        self.who.addItems([plain.line(people[one], 60) for one in listed])
        self.who.setCurrentIndex(listed.index(chosen) + 1 if chosen in listed else 0)
        self.who.blockSignals(False)

    def reset(self) -> None:
        for box in (self.what, self.who, self.ended, self.when):
            box.blockSignals(True)
            box.setCurrentIndex(0)
            box.blockSignals(False)
        self._tell()

    # --- inside -----------------------------------------------------------------------------

    def _tell(self) -> None:
        self._offer()
        self.changed.emit(self.wanted)

    def _offer(self) -> None:
        between = self.when.currentIndex() == 4
        self.first.setVisible(between)
        self.last.setVisible(between)
        self.clear.setVisible(not self.wanted.anything)

    def _span(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        today = now.date()
        back = {1: 0, 2: 6, 3: 29}.get(self.when.currentIndex())
        if back is not None:
            return _begin(today - timedelta(days=back)), None
        if self.when.currentIndex() == 4:
            first, last = (_date(day) for day in (self.first, self.last))
            return _begin(min(first, last)), _begin(max(first, last) + timedelta(days=1))
        return None, None

    def _all_kinds(self) -> list[tuple[str, tuple[str, ...]]]:
        return [
            (self.tr("Everything that was done"), ()),
            (self.tr("Questions"), ("ask.",)),
            (self.tr("Answers judged or taken out"), ("answer.",)),
            (self.tr("Conversations deleted"), ("conversation.",)),
            (self.tr("Documents and collections"),
             ("document.", "collection.", "import.", "library.", "original.")),
            (self.tr("Log-ins and sessions"),
             ("login", "session.", "enrolment", "passphrase.", "recovery_code.", "device.",
              "kiosk.")),
            (self.tr("People and roles"),
             ("person.", "roles.", "account.", "auditor.", "member.", "glass.", "custody.")),
            (self.tr("Policies and settings"),
             ("pack.", "setting.", "action.denied", "provision.")),
            (self.tr("Models"), ("model.",)),
            (self.tr("Other programs"), ("api.", "token.")),
            (self.tr("Licence and seat"), ("seat", "licensing.")),
            (self.tr("Backups, parcels and exports"),
             ("backup.", "parcel.", "log.export", "diagnostics.", "payload.")),
            (self.tr("Stores and the air gap"),
             ("store.", "value.", "airgap.", "health.", "log.created", "log.epoch",
              "log.repaired")),
        ]  # fmt: skip

    def _all_outcomes(self) -> list[str]:
        return [
            self.tr("However it ended"),
            self.tr("Answered"),
            self.tr("Refused"),
            self.tr("Failed"),
            self.tr("Stopped"),
        ]


def _begin(day: date) -> datetime:
    """Midnight of a day here."""
    return datetime.combine(day, time()).astimezone().astimezone(UTC)


def _date(edit: QDateEdit) -> date:
    chosen = edit.date()
    return date(chosen.year(), chosen.month(), chosen.day())


def _day(name: str) -> QDateEdit:
    edit = QDateEdit(QDate.currentDate())
    edit.setAccessibleName(name)
    edit.lineEdit().setAccessibleName(name)
    edit.setToolTip(name)
    edit.setDisplayFormat("d MMM yyyy")
    edit.lineEdit().setTextMargins(9, 0, 9, 0)
    fix(edit, height=38)
    return edit
