"""What a composer wrote, joined with what would be quoted, so that nothing of that is lost.

A composer says in plain sentences what quote mode chose. What of it did not pass the check, or was
left out, is quoted instead, where it stood. Rules kept here: pure; a run of quoted sentences is
replaced only where written ones that passed cover every word of it, and pass once more where they
now stand; the order is that of the quotation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from appliance.citations import Checker
from appliance.values import Answer, AnswerSentence, Citation, Passage


@dataclass(frozen=True, slots=True)
class Run:
    """Sentences that cite the same places, written or quoted."""

    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]


def joined(written: Answer, quoted: Answer, checker: Checker) -> Answer:
    """Both already checked; `quoted` with sentences. The quoted answer itself where nothing written
    may take the place of any of it. How strong the evidence is, is the quotation's."""
    runs: list[Run] = []
    reworded = False
    for citation in quoted.citations:
        said = tuple(s for s in quoted.sentences if citation.number in s.citations)
        run = _written_for(citation, written)
        if run is not None and checker.stands(run.sentences, run.citations, first=not runs):
            runs.append(run)
            reworded = True
        elif said:
            runs.append(Run(said, (citation,)))
    if not reworded:
        return quoted
    sentences, citations = _numbered(runs)
    return replace(
        written, sentences=sentences, citations=citations,
        evidence=quoted.evidence, threshold=quoted.threshold,
    )  # fmt: skip


def _written_for(citation: Citation, written: Answer) -> Run | None:
    """The written sentences that say what the citation quotes, all of it; None where they do
    not."""
    cited = tuple(one for one in written.citations if _meet(one, citation))
    numbers = {one.number for one in cited}
    sentences = tuple(
        sentence
        for sentence in written.sentences
        if sentence.supported and numbers.intersection(sentence.citations)
    )
    used = {number for sentence in sentences for number in sentence.citations}
    if not sentences or not used <= numbers or not _covered(citation, cited, used):
        return None
    return Run(sentences, tuple(one for one in cited if one.number in used))


def _meet(one: Citation, other: Citation) -> bool:
    same = _key(one.passage) == _key(other.passage)
    return same and one.start < other.end and other.start < one.end


def _key(passage: Passage) -> tuple[str, str, int]:
    return passage.collection, passage.document, passage.key


def _covered(citation: Citation, cited: Sequence[Citation], used: set[int]) -> bool:
    """Whether every letter and digit of what is quoted lies in what the written sentences cite."""
    text = citation.passage.text
    ranges = [(one.start, one.end) for one in cited if one.number in used]
    return not any(
        text[at].isalnum() and not any(start <= at < end for start, end in ranges)
        for at in range(citation.start, citation.end)
    )


def _numbered(runs: Sequence[Run]) -> tuple[tuple[AnswerSentence, ...], tuple[Citation, ...]]:
    """Citations in the order in which they are used, from 1; a place is cited under one number."""
    places: dict[tuple[object, ...], Citation] = {}
    sentences: dict[AnswerSentence, None] = {}
    for run in runs:
        number: dict[int, int] = {}
        for one in run.citations:
            place = (_key(one.passage), one.start, one.end)
            places.setdefault(place, replace(one, number=len(places) + 1))
            number[one.number] = places[place].number
        for sentence in run.sentences:
            cites = tuple(number[n] for n in sentence.citations if n in number)
            sentences[replace(sentence, citations=cites)] = None
    return tuple(sentences), tuple(places.values())
