"""Every sentence of an answer points at a passage that says it (promise 6).

Pure: an answer and the passages found in, an answer out. A citation counts only if its passage is
among those found and its range lies inside it; a sentence counts as supported only if it stands,
but for white space, in what one of its citations quotes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from appliance.errors import CloisterError
from appliance.values import Answer, AnswerSentence, Citation, Scored


class CitationForged(CloisterError):
    """An engine cited something that was not found. Its answer is not shown."""

    code = "citation_forged"
    hint = "Ask again. If this returns, tell your IT department: the engine misbehaves."


def check(answer: Answer, found: Sequence[Scored], rule: str) -> Answer:
    """The answer with each sentence marked as supported or not.

    rule "required" leaves unsupported sentences out (the answer may then be empty, which means
    "not in your documents"), "marked" keeps them with supported=False. Raises CitationForged.
    """
    known = {(s.passage.collection, s.passage.document, s.passage.key): s.passage for s in found}
    citations = {citation.number: citation for citation in answer.citations}
    for citation in citations.values():
        require_found(citation, known)
    sentences = tuple(
        replace(sentence, supported=_supported(sentence, citations))
        for sentence in answer.sentences
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


def _supported(sentence: AnswerSentence, citations: dict[int, Citation]) -> bool:
    if not all(number in citations for number in sentence.citations):
        return False
    text = _spaced(sentence.text)
    return bool(text) and any(text in _spaced(citations[n].quote) for n in sentence.citations)


def _spaced(text: str) -> str:
    """White space is the one thing a quotation may change: "< 30" must never pass for "> 30"."""
    return " ".join(text.split())
