"""Every sentence of an answer points at a passage that says it (promise 6).

Pure: an answer and the passages found in, an answer out. A citation counts only if its passage is
among those found and its range lies inside it. A quoted sentence counts as supported only if it
stands, but for white space, in what one of its citations quotes. A written one counts only if what
its citations quote carries it (claims.py): never with a number, unit, code or name that is not
there. One that leans on the sentence before ("It is …") stands and falls with that one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from appliance import claims
from appliance.errors import CloisterError
from appliance.values import Answer, AnswerMode, AnswerSentence, Citation, Scored


class CitationForged(CloisterError):
    """An engine cited something that was not found. Its answer is not shown."""

    code = "citation_forged"
    hint = "Ask again. If this returns, tell your IT department: the engine misbehaves."


def check(answer: Answer, found: Sequence[Scored], rule: str) -> Answer:
    """The answer with each sentence marked as supported or not.

    rule "required" leaves unsupported sentences out (the answer may then be empty, which means
    "not in your documents"), "marked" keeps them with supported=False. A written answer's evidence
    becomes that of its best carried sentence, 0 if there is none. Raises CitationForged.
    """
    known = {(s.passage.collection, s.passage.document, s.passage.key): s.passage for s in found}
    citations = {citation.number: citation for citation in answer.citations}
    for citation in citations.values():
        require_found(citation, known)
    if answer.mode is AnswerMode.QUOTE:
        sentences = tuple(
            replace(sentence, supported=_quoted(sentence, citations))
            for sentence in answer.sentences
        )
    else:
        strengths = _strengths(answer.sentences, citations)
        best = max(strengths, default=0.0)
        answer = replace(answer, evidence=best, threshold=claims.CONTAINED)
        sentences = tuple(
            replace(
                sentence,
                supported=strength > 0,
                citations=tuple(n for n in sentence.citations if n in citations),
            )
            for sentence, strength in zip(answer.sentences, strengths, strict=True)
        )
    if rule != "marked":
        sentences = tuple(sentence for sentence in sentences if sentence.supported)
    used = {number for sentence in sentences for number in sentence.citations}
    kept = tuple(c for c in answer.citations if c.number in used)
    return replace(answer, sentences=sentences, citations=kept)


def require_found(citation: Citation, known: Mapping[tuple[str, str, int], object]) -> None:
    passage = citation.passage
    if known.get((passage.collection, passage.document, passage.key)) != passage:
        raise CitationForged("The engine cited a passage that was not found for this question.")
    if not 0 <= citation.start < citation.end <= len(passage.text):
        raise CitationForged("The engine cited a place outside the passage.")


def _quoted(sentence: AnswerSentence, citations: Mapping[int, Citation]) -> bool:
    if not all(number in citations for number in sentence.citations):
        return False
    text = _spaced(sentence.text)
    return bool(text) and any(text in _spaced(citations[n].quote) for n in sentence.citations)


def _spaced(text: str) -> str:
    """White space is the one thing a quotation may change: "< 30" must never pass for "> 30"."""
    return " ".join(text.split())


def _strengths(
    sentences: Sequence[AnswerSentence], citations: Mapping[int, Citation]
) -> list[float]:
    """How well each written sentence is carried, 0 where it is not."""
    found: list[float] = []
    for at, sentence in enumerate(sentences):
        strength = _strength(sentence, citations)
        if claims.leans(sentence.text):
            before = sentences[at - 1] if at and found[-1] else None
            if before is None or not _together(before, sentence, citations):
                strength = 0.0
        found.append(strength)
    return found


def _strength(sentence: AnswerSentence, citations: Mapping[int, Citation]) -> float:
    if not sentence.citations or not all(number in citations for number in sentence.citations):
        return 0.0
    statements = [
        citation.passage.text[start:end]
        for citation in (citations[number] for number in sentence.citations)
        for start, end in claims.statements(citation.passage, citation.start, citation.end)
    ]
    return claims.carried(sentence.text, statements)


def _together(
    before: AnswerSentence, sentence: AnswerSentence, citations: Mapping[int, Citation]
) -> bool:
    """Whether both cite one and the same passage."""
    first = {citations[number].passage for number in before.citations if number in citations}
    return any(citations[n].passage in first for n in sentence.citations if n in citations)
