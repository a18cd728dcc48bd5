"""Every sentence of an answer points at a passage that says it (promise 6).

Pure: an answer and the passages found in, an answer out. A citation counts only if its passage is
among those found and its range lies inside it. A quoted sentence counts as supported only if it
stands, but for white space, in what one of its citations quotes. A written one counts only if a
sentence of the document that it cites carries it (claims/). One that leans on the sentence before
("It is …", "The dose …") stands only behind a supported one, and only if the document's sentences
follow each other, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from appliance import claims
from appliance.errors import CloisterError
from appliance.values import Answer, AnswerMode, AnswerSentence, Citation, Passage, Scored


class CitationForged(CloisterError):
    """An engine cited something that was not found. Its answer is not shown."""

    code = "citation_forged"
    hint = "Ask again. If this returns, tell your IT department: the engine misbehaves."


def check(answer: Answer, found: Sequence[Scored], rule: str) -> Answer:
    """As Checker.check, for an answer that is checked once."""
    return Checker(found, rule).check(answer)


_Place = tuple[tuple[str, str, int], int]
"""A sentence of a document: its passage's key and which one of it."""
_Carrying = tuple[tuple[str, str, int], claims.Statement]
"""What carries a sentence, and the key of its passage."""


def _always() -> None:
    """Nobody asks to stop."""


@dataclass(slots=True)
class Checker:
    """Checks the answer of one ask as it grows, each sentence once.

    found: the passages of this ask. rule "required" leaves unsupported sentences out (the answer
    may then be empty, which means "not in your documents"), "marked" keeps them with
    supported=False. go_on is called before each sentence is looked at; what it raises comes out.
    Holds text of the documents: it goes when the ask ends.
    """

    found: Sequence[Scored]
    rule: str
    go_on: Callable[[], None] = _always
    _statements: dict[tuple[str, str, int], tuple[claims.Statement, ...]] = field(
        default_factory=dict
    )
    _verdicts: dict[tuple[object, ...], Mapping[int, tuple[_Carrying, ...]]] = field(
        default_factory=dict
    )

    def check(self, answer: Answer) -> Answer:
        """The answer with each sentence marked as supported or not. A written answer's evidence
        becomes 1 where a sentence is supported, else 0. Raises CitationForged."""
        known = {_key(scored.passage): scored.passage for scored in self.found}
        citations = {citation.number: citation for citation in answer.citations}
        for citation in citations.values():
            require_found(citation, known)
        if answer.mode is AnswerMode.QUOTE:
            sentences = tuple(
                replace(sentence, supported=_quoted(sentence, citations))
                for sentence in answer.sentences
            )
        else:
            sentences = self._written(answer.sentences, citations)
            evidence = claims.WHOLE if any(s.supported for s in sentences) else 0.0
            answer = replace(answer, evidence=evidence, threshold=claims.WHOLE)
        if self.rule != "marked":
            sentences = tuple(sentence for sentence in sentences if sentence.supported)
        used = {number for sentence in sentences for number in sentence.citations}
        kept = tuple(c for c in answer.citations if c.number in used)
        return replace(answer, sentences=sentences, citations=kept)

    def stands(
        self,
        sentences: Sequence[AnswerSentence],
        citations: Sequence[Citation],
        *,
        first: bool,
    ) -> bool:
        """Whether each of these written sentences is supported where it stands. first: whether
        they begin the answer."""
        known = {citation.number: citation for citation in citations}
        checked = self._written(sentences, known, first=first)
        return all(sentence.supported for sentence in checked)

    def _written(
        self,
        sentences: Sequence[AnswerSentence],
        citations: Mapping[int, Citation],
        *,
        first: bool = True,
    ) -> tuple[AnswerSentence, ...]:
        """A supported sentence keeps those of its citations that carry it."""
        checked: list[AnswerSentence] = []
        before: frozenset[_Place] = frozenset()
        for at, sentence in enumerate(sentences):
            self.go_on()
            carrying = {
                number: stands
                for number, stating in self._carrying(sentence, citations).items()
                if (
                    stands := self._standing(stating, sentence.text, before, first=first and not at)
                )
            }
            before = frozenset().union(*carrying.values())
            kept = carrying or {n: before for n in sentence.citations if n in citations}
            checked.append(replace(sentence, supported=bool(carrying), citations=tuple(kept)))
        return tuple(checked)

    def _carrying(
        self, sentence: AnswerSentence, citations: Mapping[int, Citation]
    ) -> Mapping[int, tuple[_Carrying, ...]]:
        """The citations that carry the sentence, and what of the documents does. None
        where one of its citations is not there."""
        if not all(number in citations for number in sentence.citations):
            return {}
        cited = tuple(citations[number] for number in sentence.citations)
        key = (sentence.text, *((c.number, _key(c.passage), c.start, c.end) for c in cited))
        if key not in self._verdicts:
            said = claims.sentence_of(sentence.text)
            self._verdicts[key] = {c.number: self._stating(said, c) for c in cited}
        return self._verdicts[key]

    def _stating(self, said: claims.Said, citation: Citation) -> tuple[_Carrying, ...]:
        return tuple(
            (_key(citation.passage), statement)
            for statement in self._of(citation.passage)
            if citation.start <= statement.start < statement.end <= citation.end
            and claims.carried(said, statement)
        )

    def _standing(
        self,
        stating: Sequence[_Carrying],
        text: str,
        before: frozenset[_Place],
        *,
        first: bool,
    ) -> frozenset[_Place]:
        """The places of those from which the sentence may be said where it stands; of a list, its
        first and last."""
        here = claims.leaning(text)
        return frozenset(
            (passage, place)
            for passage, one in stating
            if _may_lean(max(here, one.leaning), first=first)
            or (passage, one.place) in before
            or (passage, one.place - 1) in before
            for place in (one.place, one.last)
        )

    def _of(self, passage: Passage) -> tuple[claims.Statement, ...]:
        key = _key(passage)
        if key not in self._statements:
            self._statements[key] = claims.statements(passage)
        return self._statements[key]


def _key(passage: Passage) -> tuple[str, str, int]:
    return (passage.collection, passage.document, passage.key)


def _may_lean(leaning: claims.Leaning, *, first: bool) -> bool:
    """Whether the sentence is understood without the one before it."""
    return leaning is claims.Leaning.NOT or (first and leaning is claims.Leaning.LIGHTLY)


def require_found(citation: Citation, known: Mapping[tuple[str, str, int], object]) -> None:
    passage = citation.passage
    if known.get(_key(passage)) != passage:
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
