"""The records the log writes of asks, stores and values, from the product's own values.

Rules kept here: ids, counts and hashes alone; a closing record names the opening one by number, so
an ask is one pair however its id is used elsewhere.
"""

from __future__ import annotations

from appliance.audit.index import OpenAsk
from appliance.audit.leaf import ASK_CLOSED, ASK_OPENED, PAYLOAD_ERASED, STORE_NOTED, VALUE_NOTED
from appliance.audit.record import Detail, Record
from appliance.values import Answer, Outcome, Question, StoreMark, Verdict


def ask_opened(question: Question, verdict: Verdict, details: tuple[Detail, ...]) -> Record:
    """object: the collections asked, or "*" for all that the person holds. replaces: the closing
    record of the ask that this one is made instead of; both stay."""
    obligations = verdict.obligations
    if question.application:
        details = (("application", question.application), *details)
    if question.replaces >= 0:
        details = (("replaces", question.replaces), *details)
    return Record(
        ASK_OPENED,
        person=question.person.id,
        role=",".join(sorted(question.person.roles)),
        object=",".join(question.collections) or "*",
        verdict=verdict,
        ask=question.id,
        details=(
            ("answer", obligations.answer),
            ("cite", obligations.cite),
            ("log", obligations.log),
            ("mode", str(obligations.mode)),
            ("redact", obligations.redact),
            *details,
        ),
    )


def ask_closed(
    ask: str,
    opened: OpenAsk,
    outcome: Outcome,
    answer: Answer | None = None,
    *,
    code: str = "",
    index: str = "",
    details: tuple[Detail, ...] = (),
) -> Record:
    """Says which documents were cited, by id, so that a look-up is accounted for."""
    said: tuple[Detail, ...] = (("opened", opened.seq),)
    if answer is not None:
        passages = [citation.passage for citation in answer.citations]
        documents = sorted({f"{passage.collection}/{passage.document}" for passage in passages})
        said += (
            ("citations", len(answer.citations)),
            ("documents", " ".join(documents)),
            ("mode", str(answer.mode)),
            ("sentences", len(answer.sentences)),
        )
        if answer.tokens:
            said += (("tokens", answer.tokens),)
    return Record(
        ASK_CLOSED,
        person=opened.person,
        role=opened.role,
        object=opened.object,
        ask=ask,
        model=answer.model if answer is not None else "",
        index=index,
        outcome=str(outcome),
        code=code,
        details=(*said, *details),
    )


def store_noted(mark: StoreMark) -> Record:
    details: tuple[Detail, ...] = (
        ("generation", mark.generation),
        ("sha256", mark.sha256),
        ("size", mark.size),
        ("wal_sha256", mark.wal_sha256),
        ("wal_size", mark.wal_size),
    )
    return Record(STORE_NOTED, object=mark.store_id, outcome=str(mark.state), details=details)


def value_noted(kind: str, identity: str, value: int) -> Record:
    return Record(VALUE_NOTED, object=f"{kind}/{identity}", details=(("value", value),))


def payload_erased(seq: int, person: str, role: str, code: str) -> Record:
    return Record(
        PAYLOAD_ERASED,
        person=person,
        role=role,
        object=str(seq),
        code=code,
        details=(("record", seq),),
    )
