"""Steps of the journey that look into things: a document, the log, policies, models, the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.gui.real_doing import click, place
from tests.gui.waiting import until

if TYPE_CHECKING:
    from gui.shell import Shell


def document(shell: Shell) -> None:
    """A page drawn by the sandboxed reader, with nothing marked; retired, and put back."""
    screen = place(shell).library
    until(screen.table.rows.rowCount, "the documents")
    row = next(
        number
        for number in range(screen.table.rows.rowCount())
        if screen.table.rows.document(number).kind.value == "pdf"
    )
    screen.table.selectRow(row)
    click(screen.open)
    viewer = screen.viewer
    until(lambda: viewer.view is not None and viewer.picture.isVisible(), "the first page")
    assert viewer.place.text().startswith("Page 1 of ")
    assert viewer.picture.sheet.passage().isEmpty()
    click(viewer.after)
    until(lambda: viewer.view is not None and viewer.view.number == 2, "the second page")
    click(viewer.retire)
    until(screen.retired.isVisible, "the word that it is retired")
    until(viewer.restore.isVisible, "the way back")
    until(lambda: screen.summary.text().endswith("1 retired"), "the count of what is retired")
    click(screen.retired.undo)
    until(viewer.retire.isVisible, "the document to be answered from again")
    click(viewer.close_button)


def looked_into(shell: Shell) -> None:
    """The log by what was done, with a proof; then what the installation says of itself."""
    desk = place(shell)
    click(desk.side.places["log"])
    log = desk.log
    until(log.filters.isVisible, "the filters")
    log.filters.what.setCurrentText("Documents and collections")
    until(lambda: log.model.narrowed and log._searching is None, "what fits")
    actions = {record.action for row in range(log.model.rowCount())
               if (record := log.model.record(row)) is not None}  # fmt: skip
    assert {"document.retired", "document.restored", "document.added"} <= actions, actions
    assert not any(action.startswith("ask") for action in actions)
    excerpt(shell)
    log.table.selectRow(0)
    assert log.detail.prove is not None
    click(log.detail.prove)
    until(lambda: log.detail.prove is None, "the proof")
    click(log.filters.clear)
    policies(shell)
    proof(shell)


def excerpt(shell: Shell) -> None:
    """What fits leaves in a file that proves itself to whoever has the log's key."""
    from appliance.audit.excerpt import require_excerpt
    from gui.log.exported import Exported
    from gui.outbox import outbox

    taking = place(shell).log.taking
    assert taking.part.isVisible()
    file = outbox() / "log-excerpt.jsonl"
    taking.part_to(file)
    until(lambda: shell.findChildren(Exported), "the part of the log")
    told = shell.findChildren(Exported)[0]
    held = require_excerpt(file.read_bytes(), told.key)
    assert {record.action for record in held.records} >= {"document.retired", "document.added"}
    assert (held.first, held.wanted.kinds[0]) == (0, "document.")
    told.accept()
    file.unlink()


def policies(shell: Shell) -> None:
    desk = place(shell)
    click(desk.side.places["admin"])
    desk.admin.show_page("policies")
    page = desk.admin.policies
    until(lambda: page.applies.rows.rows, "what holds")
    click(page.run)
    until(lambda: page.cases.isVisible() and page.run.isEnabled(), "the cases")
    assert page.said.sentence.startswith("All "), page.said.sentence


def proof(shell: Shell) -> None:
    """Every way out tried again behind the real guards, and what the program is made of."""
    admin = place(shell).admin
    admin.show_page("models")
    until(lambda: admin.models.hardware.rows and admin.models.cards, "the models")
    measure = admin.models.cards[0].measure
    until(measure.isVisible, "the way to measure")
    click(measure)
    until(admin.models.notice.isVisible, "how fast it is here")
    assert admin.models.notice.sentence.startswith("composer@"), admin.models.notice.sentence
    assert "tokens a second written" in admin.models.notice.sentence
    admin.show_page("airgap")
    click(admin.airgap.again)
    until(admin.airgap.again.isEnabled, "the proof")
    assert admin.airgap.result.sentence.startswith("All "), admin.airgap.result.sentence
    admin.show_page("about")
    until(lambda: admin.about.facts.rows, "the parts")
    admin.show_page("seat")  # as the next step finds it
