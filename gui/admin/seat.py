"""Licence and seat: how they stand, and what an administrator does about it.

Rules kept here: a seat is given back only after a question and fresh proof of who asks; what is
brought in is read within bounds and judged by the product.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from appliance.values import SeatView
from gui.admin.page import Page
from gui.admin.signed_file import Modules, SignedFile
from gui.admin.standing import feature_names, plan_name, state_name, tone, what_works
from gui.controls.buttons import TextButton
from gui.controls.confirm import Confirm
from gui.controls.facts import Facts
from gui.controls.fields import Field
from gui.controls.form import Form
from gui.controls.labels import Words
from gui.controls.notice import Notice
from gui.controls.tick import Tick
from gui.desk import Desk
from gui.files import choose_file, read_file
from gui.login.proof import prove
from gui.text import counts, plain
from gui.worker import Lane

Handed = tuple[bytes, tuple[Modules, ...]]
"""A signed file and its codes."""

MANAGES = "manage_seats"
_RETURNED = "seat_returned"


class SeatPage(Page):
    """`changed` when the seat may stand otherwise than before."""

    changed = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(
            desk,
            self.tr("Licence and seat"),
            self.tr(
                "Your institution holds a licence; this machine holds one of its seats. Both are "
                "signed files that come and go on a stick or as QR codes."
            ),
            parent,
        )
        self.view: SeatView | None = None
        self.state = Notice()
        self.facts = Facts(self.tr("Licence and seat"))
        self.request = TextButton(self.tr("Request a seat …"), kind="primary")
        self.activate = TextButton(self.tr("Activate from a file …"), glyph="file", tone="muted")
        self.receipt = TextButton(self.tr("Show the receipt …"))
        self.give_back = TextButton(self.tr("Return the seat …"), kind="danger")
        self.others = Words("", "quiet", wrap=True)
        self._manages = (self.request, self.activate, self.receipt, self.give_back)
        self.body.addWidget(self.state)
        self.body.addWidget(self.facts)
        self.buttons(*self._manages)
        self.body.addWidget(self.others)
        self.body.addStretch(1)
        self.request.clicked.connect(self.ask_for_request)
        self.activate.clicked.connect(
            lambda: choose_file(self, self.tr("A licence or a seat certificate"), self.take)
        )
        self.give_back.clicked.connect(self.ask_to_return)
        self.receipt.clicked.connect(self._return)
        self.forget()

    def refresh(self) -> None:
        product = self.desk.appliance

        def work() -> tuple[SeatView, frozenset[str]]:
            return product.standing(), product.allowed()

        self.desk.worker.run(self, Lane.READ, work, self._show, self.complain)

    def forget(self) -> None:
        self.view = None
        for notice in (self.notice, self.state):
            notice.forget()
        for widget in (self.facts, self.others, *self._manages):
            widget.hide()
        self.facts.show_rows(())

    # --- what is asked for ------------------------------------------------------------------

    def ask_for_request(self) -> None:
        dialog = RequestSeat(
            self.window(),
            label=self.view.label if self.view else "",
            waits=bool(self.view and self.view.requested),
        )
        dialog.submitted.connect(lambda: self._request(dialog))
        dialog.open()

    def take(self, path: Path) -> None:
        """Whatever file of licensing this is."""

        def work() -> str:
            content = read_file(path)
            with self.desk.appliance.seat() as seat:
                return seat.take(content).value

        self.act(work, self._taken)

    def ask_to_return(self) -> None:
        confirm = Confirm(
            self.window(),
            self.tr("Return this machine’s seat?"),
            self.tr(
                "Its key is destroyed, and this machine gives no new answers until it gets another "
                "seat. Reading, importing, exporting, the log and backups go on as always. You get "
                "a signed receipt, with which your seat authority can give the seat to another "
                "machine."
            ),
            self.tr("Return the seat"),
        )
        confirm.accepted.connect(lambda: prove(self.desk, self, self._return))
        confirm.open()

    # --- inside -----------------------------------------------------------------------------

    def _request(self, dialog: RequestSeat) -> None:
        label, fresh = dialog.label.text().strip(), dialog.fresh.isChecked()

        def work() -> Handed:
            with self.desk.appliance.seat() as seat:
                content = seat.request(label, fresh=fresh)
            return content, self.desk.appliance.codes(content)

        def made(handed: Handed) -> None:
            self._hand(
                handed,
                self.tr("Seat request"),
                self.tr(
                    "Bring it to your seat authority: scan the codes there, or save it as a file. "
                    "What comes back is activated here."
                ),
                "seat-request.json",
            )
            self._changed()

        self.submit(dialog, work, made)

    def _return(self) -> None:
        def work() -> Handed:
            with self.desk.appliance.seat() as seat:
                content = seat.give_back()
            return content, self.desk.appliance.codes(content)

        def done(handed: Handed) -> None:
            self._hand(
                handed,
                self.tr("Receipt of the returned seat"),
                self.tr(
                    "The seat is given back and its key is destroyed. Bring this receipt to your "
                    "seat authority; it can be shown again as long as no other seat is activated."
                ),
                "seat-return.json",
            )
            self._changed()

        self.act(work, done)

    def _hand(self, handed: Handed, title: str, text: str, name: str) -> None:
        content, codes = handed
        SignedFile(
            self.desk, self.window(), title=title, text=text, name=name,
            content=content, codes=codes,
        ).open()  # fmt: skip

    def _taken(self, kind: str) -> None:
        names = {
            "cloister-licence": self.tr("The licence is installed."),
            "cloister-seat-certificate": self.tr("The seat is activated."),
            "cloister-revocations": self.tr("The revocation list is installed."),
            "cloister-enrolment": self.tr("The enrolment token is installed."),
        }
        self.say(names.get(kind, self.tr("The file is installed.")))
        self._changed()

    def _changed(self) -> None:
        self.refresh()
        self.changed.emit()

    def _show(self, found: tuple[SeatView, frozenset[str]]) -> None:
        view, allowed = found
        self.view = view
        said = [plain.spoken(text) for text in (view.sentence, view.next_step) if text]
        self.state.say(tone(view), f"{state_name(view)}. {what_works(view)}", " ".join(said))
        self.state.show()
        rows = self._rows(view)
        self.facts.show_rows(rows)
        self.facts.setVisible(bool(rows))
        manages = MANAGES in allowed
        self.others.setText(
            "" if manages else self.tr("An administrator requests, activates and returns the seat.")
        )
        self.others.setVisible(not manages)
        returned = view.code == _RETURNED
        self.request.setText(self._request_name(view))
        self.request.setAccessibleName(self.request.text())
        self.request.setVisible(manages and bool(view.institution))
        self.activate.setText(
            self.tr("Activate from a file …")
            if view.institution
            else self.tr("Install the licence …")
        )
        self.activate.setAccessibleName(self.activate.text())
        self.activate.setVisible(manages)
        self.receipt.setVisible(manages and returned)
        self.give_back.setVisible(manages and view.seat > 0 and not returned)

    def _request_name(self, view: SeatView) -> str:
        if view.requested:
            return self.tr("Show the request …")
        return self.tr("Request a renewal …") if view.seat else self.tr("Request a seat …")

    def _rows(self, view: SeatView) -> list[tuple[str, str]]:
        rows: list[tuple[str, str]] = []
        if view.institution:
            term = (
                self.tr("until {}").format(counts.day(view.ends))
                if view.ends
                else self.tr("without an end")
            )
            seats = counts.counted(view.seats, self.tr("seat"), self.tr("seats"))
            rows += [
                (self.tr("Institution"), view.institution),
                (self.tr("Licence"), f"{plan_name(view.plan)} · {seats} · {term}"),
                (self.tr("Features"), feature_names(view.features)),
            ]
        if view.seat:
            label = f" · {plain.line(view.label, 120)}" if view.label else ""
            rows.append((self.tr("This machine’s seat"), f"{view.seat}{label}"))
        if view.lease is not None:
            rows.append((self.tr("Leased until"), counts.day(view.lease)))
        if view.tokens:
            rows.append(
                (
                    self.tr("Tokens this month"),
                    self.tr("{used} of {all}").format(
                        used=counts.number(view.tokens_used), all=counts.number(view.tokens)
                    ),
                )
            )
        if view.revocations:
            rows.append((self.tr("Revocation list"), counts.number(view.revocations)))
        if view.requested:
            rows.append((self.tr("Request"), self.tr("waits to be approved")))
        return rows


class RequestSeat(Form):
    """Asks what IT calls this machine."""

    def __init__(self, parent: QWidget, *, label: str, waits: bool) -> None:
        super().__init__(
            parent,
            self.tr("Request a seat"),
            self.tr(
                "The request tells your seat authority which machine asks. It holds no document, "
                "no question and no name of a person."
            ),
            self.tr("Show it"),
        )
        self.label = Field(
            self.tr("What IT calls this machine"), hint=self.tr("Ward 9, nurses’ station"), limit=64
        )
        self.label.edit.setText(plain.line(label, 64))
        self.label.entered.connect(self.submit)
        self.fresh = Tick(self.tr("Make a new request, though one waits"))
        self.fresh.setVisible(waits)
        self.body.addWidget(self.label)
        self.body.addWidget(self.fresh)
        self.label.edit.setFocus()
