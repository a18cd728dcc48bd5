"""Emergency access: breaking the glass of a collection, and the alerts that auditors review.

Rules kept here: a reason is asked for before, and it is said that auditors read it; the reason of
an alert is read only when an auditor asks for it, since that goes into the log.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from gui.admin.page import Page
from gui.controls.buttons import TextButton
from gui.controls.fields import Field
from gui.controls.form import Form
from gui.controls.labels import Rule, Words
from gui.desk import Desk
from gui.text import counts, plain
from gui.worker import Lane

READS_LOG = "read_log"
LISTED = 50
"""Alerts shown at a time, the oldest first."""
_MINUTES = "60"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An alert. who and what: names, as far as this person can know them. ends: None without."""

    id: str
    record: int
    who: str
    what: str
    when: datetime
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class _Found:
    """breakable: (id, title). broken: (id, title, end)."""

    breakable: tuple[tuple[str, str], ...]
    broken: tuple[tuple[str, str, datetime], ...]
    alerts: tuple[Waiting, ...]
    audits: bool


class EmergencyPage(Page):
    """`changed` when a collection was opened or closed; `reviewed` when an alert was closed."""

    changed = Signal()
    reviewed = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(
            desk,
            self.tr("Emergency access"),
            self.tr(
                "In need a person may open a collection they are no member of, if one of its "
                "members prepared them for it. It takes a reason, ends by itself, and alerts the "
                "auditors."
            ),
            parent,
        )
        self.glasses = Rows(self.tr("Yours to open in an emergency"))
        self.alerts = Rows(self.tr("For auditors to review"))
        for rows in (self.glasses, self.alerts):
            self.body.addWidget(rows.head)
            self.body.addWidget(rows)
        self.body.addStretch(1)
        self.forget()

    def refresh(self) -> None:
        product = self.desk.appliance

        def work() -> _Found:
            audits = READS_LOG in product.allowed()
            titles = {one.id: one.title for one in product.collections()}
            with product.people() as people:
                breakable = people.breakable()
                titles.update(breakable)
                broken = tuple((one.collection, one.title, one.ends) for one in people.broken())
                names = {account.person.id: account.person.name for account in people.all()}
                waiting = tuple(
                    Waiting(
                        one.id,
                        one.record,
                        names.get(one.person, one.person),
                        titles.get(one.collection, one.collection[:8]),
                        one.when,
                        one.ends if one.ends > one.when else None,
                    )
                    for one in (people.alerts()[:LISTED] if audits else ())
                )
            return _Found(breakable, broken, waiting, audits)

        self.desk.worker.run(self, Lane.READ, work, self._show, self.complain)

    def forget(self) -> None:
        self.notice.forget()
        for rows in (self.glasses, self.alerts):
            rows.clear()
            rows.head.hide()
            rows.hide()

    # --- the glass --------------------------------------------------------------------------

    def ask_to_break(self, collection: str, title: str) -> None:
        form = BreakGlass(self.window(), title)

        def submit() -> None:
            reason, minutes = form.reason.text(), form.minutes.text().strip()

            def act() -> None:
                with self.desk.appliance.people() as people:
                    length = int(minutes) if minutes.isascii() and minutes.isdecimal() else 0
                    people.break_glass(collection, reason, length)

            said = self.tr("“{}” is open. The auditors are told.").format(plain.line(title, 120))
            self.submit(form, act, lambda _: self._done(said))

        form.submitted.connect(submit)
        form.open()

    def put_back(self, collection: str) -> None:
        def act() -> None:
            with self.desk.appliance.people() as people:
                people.mend_glass(collection)

        self.act(act, lambda _: self._done(self.tr("The collection is closed again.")))

    # --- alerts -----------------------------------------------------------------------------

    def read_reason(self, alert: Waiting, row: Row) -> None:
        """That it was read goes into the log."""
        self.act(
            lambda: self.desk.appliance.log_payload(alert.record) if alert.record >= 0 else "",
            lambda text: row.add(_reason(text) or self.tr("No reason is in the log.")),
        )

    def ask_to_review(self, alert: Waiting) -> None:
        form = Review(self.window(), alert)

        def submit() -> None:
            remark = form.remark.text()

            def act() -> None:
                with self.desk.appliance.people() as people:
                    people.review(alert.id, remark)

            def done(_: None) -> None:
                self.say(self.tr("The alert is reviewed."))
                self.refresh()
                self.reviewed.emit()

            self.submit(form, act, done)

        form.submitted.connect(submit)
        form.open()

    # --- inside -----------------------------------------------------------------------------

    def _done(self, sentence: str) -> None:
        self.say(sentence)
        self.refresh()
        self.changed.emit()

    def _show(self, found: _Found) -> None:
        ends = {collection: end for collection, _, end in found.broken}
        self.glasses.clear()
        for collection, title in found.breakable:
            self._show_glass(collection, title, ends.get(collection))
        if not found.breakable:
            self.glasses.say(
                self.tr(
                    "No collection is prepared for you. A curator who is a member of one adds a "
                    "person under People, “Only in an emergency”."
                )
            )
        self.glasses.head.show()
        self.glasses.show()
        self.alerts.clear()
        for alert in found.alerts:
            self._show_alert(alert)
        if not found.alerts:
            self.alerts.say(self.tr("No alert waits."))
        self.alerts.head.setVisible(found.audits)
        self.alerts.setVisible(found.audits)

    def _show_glass(self, collection: str, title: str, end: datetime | None) -> None:
        if end is None:
            said = self.tr("Closed to you, but in an emergency.")
            button = TextButton(self.tr("Open it …"), kind="danger")
            button.clicked.connect(lambda: self.ask_to_break(collection, title))
        else:
            said = self.tr("Open to you until {}.").format(counts.clock(end))
            button = TextButton(self.tr("Close it again"))
            button.clicked.connect(lambda: self.put_back(collection))
        button.setAccessibleName(f"{button.text()}: {plain.line(title, 120)}")
        self.glasses.put(Row(plain.line(title, 200), said, button))

    def _show_alert(self, alert: Waiting) -> None:
        said = counts.stamp(alert.when)
        if alert.ends is not None:
            said = self.tr("{when}, until {end}").format(when=said, end=counts.clock(alert.ends))
        head = self.tr("{who} opened “{what}”").format(
            who=plain.line(alert.who, 120), what=plain.line(alert.what, 120)
        )
        read = TextButton(self.tr("Read the reason"))
        review = TextButton(self.tr("Review …"), kind="primary")
        row = Row(head, said, read, review)
        read.clicked.connect(lambda: self.read_reason(alert, row))
        review.clicked.connect(lambda: self.ask_to_review(alert))
        self.alerts.put(row)


class Rows(QFrame):
    """A card of rows under a heading, or a sentence where there is none."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(title)
        self.head = Words(title, "section")
        self.rows: list[Row] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(18, 4, 18, 4)
        self._column.setSpacing(0)

    def put(self, row: Row) -> None:
        if self.rows:
            self._column.addWidget(Rule())
        self.rows.append(row)
        self._column.addWidget(row)

    def say(self, text: str) -> None:
        words = Words(text, "quiet", wrap=True)
        words.setContentsMargins(0, 12, 0, 12)
        self._column.addWidget(words)

    def clear(self) -> None:
        self.rows = []
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()


class Row(QWidget):
    def __init__(self, title: str, said: str, *buttons: TextButton) -> None:
        super().__init__()
        self.title = Words(title, "strong", wrap=True)
        self.said = Words(said, "caption", wrap=True)
        self.buttons = buttons
        self._words = QVBoxLayout()
        self._words.setSpacing(3)
        self._words.addWidget(self.title)
        self._words.addWidget(self.said)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 11, 0, 11)
        layout.setSpacing(10)
        layout.addLayout(self._words, 1)
        for button in buttons:
            layout.addWidget(button)

    def add(self, text: str) -> None:
        """Something more to read; the button that asked for it goes."""
        self._words.addWidget(Words(plain.shown(text, 2_000), wrap=True).selectable())
        self.buttons[0].hide()


class BreakGlass(Form):
    def __init__(self, parent: QWidget, title: str) -> None:
        super().__init__(
            parent,
            self.tr("Open “{}” in an emergency?").format(plain.line(title, 120)),
            self.tr(
                "The auditors are alerted at once and read your reason. The collection can be "
                "asked and read, not changed, and is closed when the time is over."
            ),
            self.tr("Open it"),
            danger=True,
        )
        self.reason = Field(
            self.tr("Why you need it now"), hint=self.tr("In a sentence"), limit=2_000
        )
        self.minutes = Field(self.tr("For how many minutes"), limit=3)
        self.minutes.edit.setText(_MINUTES)
        self.body.addWidget(self.reason)
        self.body.addWidget(self.minutes)
        self.reason.edit.setFocus()


class Review(Form):
    def __init__(self, parent: QWidget, alert: Waiting) -> None:
        super().__init__(
            parent,
            self.tr("Review this alert"),
            self.tr(
                "{who} opened “{what}” on {when}. Your remark is sealed to the auditors."
            ).format(
                who=plain.line(alert.who, 120),
                what=plain.line(alert.what, 120),
                when=counts.stamp(alert.when),
            ),
            self.tr("Close the alert"),
        )
        self.remark = Field(self.tr("Your remark"), hint=self.tr("In a sentence"), limit=2_000)
        self.body.addWidget(self.remark)
        self.remark.entered.connect(self.submit)
        self.remark.edit.setFocus()


def _reason(untrusted: str) -> str:
    """Out of the sealed text of the record; as it stands where that has another form."""
    try:
        found = json.loads(untrusted)
    except ValueError:
        return untrusted
    return str(found.get("reason", "")) if isinstance(found, dict) else untrusted
