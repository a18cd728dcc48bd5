"""What is read for the screen: a cited page, the log and its proof."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from appliance.clock import now
from appliance.errors import CloisterError
from appliance.policy import Action
from appliance.values import (
    Citation,
    DocumentKind,
    LogRecord,
    LogState,
    PageText,
    PageView,
)

if TYPE_CHECKING:
    from appliance.desk import Desk


class PageMissing(CloisterError):
    code = "page_missing"
    hint = "Choose a page the document has."


def view(desk: Desk, citation: Citation, page: int | None, scale: float) -> PageView:
    """The page with the cited characters marked. Raises NotAllowed, PageMissing, Tampered."""
    passage = citation.passage
    desk.require(Action.READ_DOCUMENT, passage.collection)
    library = desk.attached.library_of(passage.collection)
    info = library.document(passage.collection, passage.document)
    number = page if page is not None else first_page(citation)
    if not 1 <= number <= info.pages:
        raise PageMissing(f"The document has {info.pages} page(s); there is no page {number}.")
    ranges = ranges_on(citation, number)
    if info.kind is DocumentKind.PDF:
        original = desk.attached.originals_of(passage.collection).read(passage.document)
        return desk.reader.render(original, info.title, number, ranges, scale)
    stored = library.stored_page(passage.collection, passage.document, number)
    return PageText(info.title, number, info.pages, stored.text, stored.blocks, ranges)


def first_page(citation: Citation) -> int:
    """The page the cited characters begin on."""
    pages = [span.page for span in citation.passage.spans if ranges_on(citation, span.page)]
    return min(pages, default=citation.passage.page)


def ranges_on(citation: Citation, page: int) -> tuple[tuple[int, int], ...]:
    """The cited characters as [start, end) ranges of the page's text."""
    ranges = []
    for span in citation.passage.spans:
        start = max(citation.start, span.at)
        end = min(citation.end, span.at + span.length)
        if span.page == page and start < end:
            ranges.append((span.start + start - span.at, span.start + end - span.at))
    return tuple(ranges)


def records(desk: Desk, start: int, count: int) -> tuple[LogRecord, ...]:
    """Raises NotAllowed."""
    desk.require(Action.READ_LOG)
    return desk.ledger.log.records(start, count)


def payload(desk: Desk, seq: int) -> str:
    """A record's sealed text; that it was read is logged. Raises NotAllowed."""
    desk.require(Action.READ_LOG)
    text = desk.ledger.payload(seq)
    if text:
        desk.ledger.note("payload.read", object=str(seq))
    return text


def exported(desk: Desk, folder: Path) -> str:
    """Writes a copy of the log; returns its public key. Raises NotAllowed, ConfirmFirst."""
    desk.require_confirmed(Action.EXPORT_LOG)
    desk.ledger.note("log.exported")
    desk.ledger.log.export(folder)
    return desk.ledger.log.public_key


def verified(desk: Desk) -> LogState:
    """Verifies the log's files with the separate checker; a failure is a state, not an error."""
    from appliance.audit.verify import verify

    desk.require(Action.VERIFY_LOG)
    log = desk.ledger.log
    log.checkpoint()
    try:
        result = verify(desk.place.audit, log.public_key)
    except CloisterError as error:
        return LogState(False, log.size, "", now(), f"{error.sentence} {error.next_step}")
    return LogState(
        True,
        result.size,
        result.root.hex(),
        now(),
        f"The log verifies: {result.size} records. No witness has cosigned it, so a rollback of "
        "the whole disk could not be seen.",
    )


def allowed(desk: Desk) -> frozenset[str]:
    """The actions the policy lets this person do, whatever collection it is about; not logged."""
    person, decide = desk.person, desk.policy.decide_action
    return frozenset(action.value for action in Action if decide(person, action).allowed)
