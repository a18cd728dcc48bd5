"""What stands on the sheet: question, answer, sources, the record and its proof.

Rules kept here: whatever the file's form, it says the same; every sentence carries the numbers of
its sources and says where nothing supports it; every source is named by title and page and quoted;
model, policies, the record's number and its proof stand on it, so that it can be checked without
this program; no character that would steer a reader's screen or order gets through.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from appliance.values import (
    Answer,
    AnswerMode,
    Citation,
    Decided,
    Inclusion,
    Outcome,
    Part,
    PartKind,
    Run,
    Sheet,
    Turn,
    Wording,
)

LONGEST: Final = 20_000
"""Characters of one run."""

_STEERING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates of the bidirectional algorithm (UAX 9)."""
_UNSEEN: Final = (range(0xFFF9, 0xFFFC), range(0xE0000, 0xE0080))
"""Annotations and tags: text that a program reads and no person sees."""


def sheet_of(
    title: str,
    turns: Sequence[Turn],
    proofs: Sequence[Inclusion],
    made: datetime,
    wording: Wording,
    *,
    replaced: Mapping[int, int],
    decided: Mapping[int, Decided],
    beside: str,
) -> Sheet:
    """All of it, in the order asked. proofs: of these turns' records, under one checkpoint.
    replaced: by the records of turns, those of what was asked instead of them; decided: by the
    same, what was decided. beside: the conversation, which is the collection of the person's own
    documents beside it."""
    when = wording.written_out.format(when=_moment(made))
    parts = [Part(PartKind.TITLE, (Run(_line(title)),)), _small(when)]
    for turn in turns:
        parts += _turn(turn, replaced.get(turn.record, -1), beside, wording)
        if turn.record in decided:
            parts.append(_decision(decided[turn.record], wording))
    parts += _proofs(proofs, wording)
    return Sheet(_line(title), made, tuple(parts))


def _turn(turn: Turn, replaced_by: int, beside: str, wording: Wording) -> Iterator[Part]:
    yield Part(PartKind.QUESTION, (Run(_line(turn.question)),))
    if replaced_by >= 0:
        yield _small(wording.replaced.format(record=replaced_by))
    if turn.answer is None or not turn.answer.found:
        yield Part(PartKind.TEXT, (Run(_unanswered(turn, wording)),))
    else:
        yield from _answer(turn.answer, beside, wording)
    said = wording.asked if turn.record >= 0 else wording.unlogged
    told = said.format(when=_moment(turn.asked), record=turn.record)
    yield _small(told)


def _decision(decided: Decided, wording: Wording) -> Part:
    told = wording.decided.format(
        policies=", ".join(decided.policies) or "-",
        packs=", ".join(decided.packs),
        hash=decided.pack_hash,
        record=decided.opened,
    )
    return _small(_line(told))


def _answer(answer: Answer, beside: str, wording: Wording) -> Iterator[Part]:
    yield Part(PartKind.TEXT, tuple(_sentences(answer, wording)))
    if answer.citations:
        yield Part(PartKind.HEADING, (Run(wording.sources),))
        for citation in answer.citations:
            own = wording.own if citation.passage.collection == beside else ""
            yield Part(PartKind.SOURCE, (Run(source(citation, own)),))
    how = wording.quoted if answer.mode is AnswerMode.QUOTE else wording.written
    yield _small(how.format(model=_line(answer.model)))


def _sentences(answer: Answer, wording: Wording) -> Iterator[Run]:
    for place, sentence in enumerate(answer.sentences):
        marks = "".join(f" [{number}]" for number in sentence.citations)
        doubt = "" if sentence.supported else f" {wording.unsupported}"
        space = " " if place else ""
        yield Run(f"{space}{_line(sentence.text)}{marks}{doubt}", doubted=not sentence.supported)


def source(citation: Citation, own: str = "") -> str:
    """Number, title, place, whose it is where it is not the library's, and what is quoted there."""
    where = f"{_line(citation.passage.title)}, {_line(citation.place)}{own and ' ' + own}"
    return f"[{citation.number}] {where}: “{_line(citation.quote)}”"


def _unanswered(turn: Turn, wording: Wording) -> str:
    if turn.outcome is Outcome.ANSWERED:
        return wording.nothing
    if turn.outcome is Outcome.CANCELLED:
        return wording.stopped
    default = wording.refused if turn.outcome is Outcome.REFUSED else wording.failed
    return _line(turn.note) or default


def _proofs(proofs: Sequence[Inclusion], wording: Wording) -> Iterator[Part]:
    if not proofs:
        return
    first = proofs[0]
    told = wording.checkable.format(log=first.log, epoch=first.epoch)
    yield Part(PartKind.HEADING, (Run(wording.proof),))
    yield _small(told)
    yield _small(wording.command)
    yield _small(f"{wording.key}: {first.public_key}")
    yield _small(f"{wording.epoch.format(epoch=first.epoch)}: {first.signed_by}")
    for proof in proofs:
        yield _small(f"{wording.leaf.format(record=proof.record)}: {proof.leaf_hash}")
        yield _code(proof.text if len(proofs) == 1 else proof.path)
    if len(proofs) > 1:
        yield _small(wording.checkpoint)
        yield _code(first.checkpoint)


def _small(text: str) -> Part:
    return Part(PartKind.SMALL, (Run(text),))


def _code(text: str) -> Part:
    return Part(PartKind.CODE, tuple(Run(line) for line in text.rstrip("\n").split("\n")))


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _line(untrusted: str) -> str:
    """One line of it: white space made one, what steers or cannot be written left out. What is too
    long is cut, and ends in an ellipsis."""
    text = " ".join(untrusted[:LONGEST].split())
    cut = " …" if len(untrusted) > LONGEST else ""
    return "".join(character for character in text if _stands(character)) + cut


def _stands(character: str) -> bool:
    """XML can hold it (1.0, 2.2), and it turns nothing round."""
    if character in _STEERING or unicodedata.category(character) in ("Cc", "Cs"):
        return False
    if any(ord(character) in unseen for unseen in _UNSEEN):
        return False
    return ord(character) & 0xFFFE != 0xFFFE
