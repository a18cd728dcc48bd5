"""What a composer wrote, joined with the quotation: nothing of that is lost, nothing else comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.assistant import Parts, ask
from appliance.citations import Checker
from appliance.rewording import joined
from appliance.values import (
    Answer,
    Answered,
    AnswerMode,
    AnswerSentence,
    Citation,
    Obligations,
    Passage,
    Scored,
    Token,
    Turn,
)
from tests.contract.fakes import (
    AnySeat,
    ListFinder,
    MemoryAudit,
    MemoryHistory,
    PlainWriter,
    RolePolicy,
    TickingClock,
    items_of,
    passage_of,
    question,
)

STOP = replace(
    passage_of(1, "4.1 Apixaban is stopped 48 hours before surgery.", "4.2 It is given again."),
    headings=("4 Before surgery",),
)
SIGNS = items_of(2, "Signs include:", "- Fever.", "- Confusion.", "- Cough.", "Call for help.")
TABLE = passage_of(3, "Heparin 5,000 units", "Each dose is written down.")
FOUND = tuple(Scored(passage, 1.0, 1.0, 1, 1) for passage in (STOP, SIGNS, TABLE))


def place(passage: Passage, first: int, last: int) -> tuple[int, int]:
    return passage.sentences[first][0], passage.sentences[last][1]


def quotation(*runs: tuple[Passage, int, int]) -> Answer:
    """Sentences first to last of each passage, each run under one citation."""
    cited = tuple(
        Citation(n, passage, *place(passage, first, last))
        for n, (passage, first, last) in enumerate(runs, start=1)
    )
    sentences = tuple(
        AnswerSentence(passage.text[slice(*place(passage, at, at))], (n,))
        for n, (passage, first, last) in enumerate(runs, start=1)
        for at in range(first, last + 1)
    )
    return Answer(sentences, cited, AnswerMode.QUOTE, "reader", 0.8, 0.4)


def writing(*sentences: tuple[str, Passage, int, int]) -> Answer:
    cited = tuple(
        Citation(n, passage, *place(passage, first, last))
        for n, (_, passage, first, last) in enumerate(sentences, start=1)
    )
    said = tuple(AnswerSentence(text, (n,)) for n, (text, *_) in enumerate(sentences, start=1))
    return Answer(said, cited, AnswerMode.GENERATE, "composer@1", 0.0, 1.0)


def together(written: Answer, quoted: Answer) -> Answer:
    checker = Checker(FOUND, "required")
    return joined(checker.check(written), checker.check(quoted), checker)


def texts(answer: Answer) -> list[str]:
    return [sentence.text for sentence in answer.sentences]


PLAIN = ("Apixaban is stopped 48 hours before surgery.", STOP, 0, 0)
LISTED = ("Signs include: fever; confusion; cough.", SIGNS, 0, 3)


def test_what_was_written_stands_where_it_says_all_that_is_quoted() -> None:
    answer = together(writing(PLAIN, LISTED), quotation((STOP, 0, 0), (SIGNS, 0, 3)))
    assert texts(answer) == [PLAIN[0], LISTED[0]]
    assert answer.mode is AnswerMode.GENERATE
    assert (answer.evidence, answer.threshold) == (0.8, 0.4)
    assert [citation.number for citation in answer.citations] == [1, 2]


def test_what_was_left_out_is_quoted_where_it_stood() -> None:
    quoted = quotation((STOP, 0, 0), (TABLE, 0, 0), (SIGNS, 0, 3))
    answer = together(writing(PLAIN, LISTED), quoted)
    assert texts(answer) == [PLAIN[0], "Heparin 5,000 units", LISTED[0]]


def test_what_does_not_pass_is_quoted() -> None:
    wrong = ("Apixaban is stopped 24 hours before surgery.", STOP, 0, 0)
    answer = together(writing(wrong, LISTED), quotation((STOP, 0, 0), (SIGNS, 0, 3)))
    assert texts(answer) == ["4.1 Apixaban is stopped 48 hours before surgery.", LISTED[0]]


def test_a_run_is_not_cut_short() -> None:
    quoted = quotation((STOP, 0, 1), (SIGNS, 0, 3))
    answer = together(writing(PLAIN, LISTED), quoted)
    assert texts(answer) == [*texts(quoted)[:2], LISTED[0]]


def test_what_leans_on_a_sentence_before_it_does_not_come_behind_another() -> None:
    leaning = replace(STOP, text=STOP.text.replace("4.2 It", "It"), sentences=(
        STOP.sentences[0], (STOP.sentences[1][0], STOP.sentences[1][1] - 4),
    ))  # fmt: skip
    found = (Scored(leaning, 1.0, 1.0, 1, 1), *FOUND[1:])
    checker = Checker(found, "required")
    written = checker.check(writing(("It is given again.", leaning, 1, 1), LISTED))
    quoted = checker.check(quotation((SIGNS, 0, 3), (leaning, 1, 1)))
    assert "It is given again." not in texts(written)
    assert texts(joined(written, quoted, checker)) == [LISTED[0], "It is given again."]


def test_where_nothing_written_stands_the_quotation_does() -> None:
    quoted = quotation((STOP, 0, 0))
    assert together(writing(("Nothing of that.", STOP, 0, 0)), quoted) == Checker(
        FOUND, "required"
    ).check(quoted)


RUNS = [(STOP, 0, 0), (STOP, 0, 1), (SIGNS, 0, 3), (SIGNS, 4, 4), (TABLE, 0, 0), (TABLE, 1, 1)]
SAID = [PLAIN, LISTED, ("Call for help.", SIGNS, 4, 4), ("Each dose is written down.", TABLE, 1, 1)]
FALSE = [("Call nobody.", SIGNS, 4, 4), ("Signs include: fever; cough.", SIGNS, 0, 3)]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(range(len(RUNS))), min_size=1, max_size=5, unique=True),
    st.lists(st.sampled_from([*SAID, *FALSE]), max_size=6),
)
def test_every_word_of_the_quotation_is_cited_and_nothing_unsupported_said(
    runs: list[int], said: list[tuple[str, Passage, int, int]]
) -> None:
    quoted = quotation(*(RUNS[n] for n in runs))
    answer = together(writing(*said), quoted)
    for citation in quoted.citations:
        for at in range(citation.start, citation.end):
            assert not citation.passage.text[at].isalnum() or any(
                one.passage == citation.passage and one.start <= at < one.end
                for one in answer.citations
            )
    allowed = {text for text, *_ in SAID} | set(texts(quoted))
    assert set(texts(answer)) <= allowed
    used = {number for sentence in answer.sentences for number in sentence.citations}
    assert used == {citation.number for citation in answer.citations}


class Rewording(PlainWriter):
    """Quotes two places, and writes of one of them."""

    rewords = True

    def __init__(self, said: Sequence[Answer], quoted: Answer) -> None:
        super().__init__()
        self._said, self._quoted = said, quoted

    def quote(self, question: str, passages: Sequence[Scored]) -> Answer:
        return self._quoted

    def generate(
        self,
        question: str,
        passages: Sequence[Scored],
        earlier: Sequence[Turn],
        go_on: Callable[[], None],
        *,
        bound: bool = False,
    ) -> Iterator[str | Answer]:
        yield from self._said


@pytest.mark.parametrize("rule", ["required", "marked"])
def test_the_main_path_shows_both_and_logs_what_it_shows(rule: str) -> None:
    finder = ListFinder(("Give 5 mg twice daily.", "Heparin 5,000 units"))
    first, second = finder.passages
    quoted = Answer(
        (AnswerSentence(first.text, (1,)), AnswerSentence(second.text, (2,))),
        tuple(Citation(n, p, 0, len(p.text)) for n, p in enumerate((first, second), start=1)),
        AnswerMode.QUOTE, "reader", 0.8, 0.4,
    )  # fmt: skip
    said = Answer(
        (AnswerSentence("Give 5 mg twice daily.", (1,)), AnswerSentence("Give 9 mg.", (1,))),
        (Citation(1, first, 0, len(first.text)),), AnswerMode.GENERATE, "composer@1", 0.0, 1.0,
    )  # fmt: skip
    audit = MemoryAudit()
    policy = RolePolicy(obligations=Obligations(mode=AnswerMode.GENERATE, cite=rule))
    writer = Rewording([said], quoted)
    parts = Parts(policy, audit, finder, writer, MemoryHistory(), TickingClock(), AnySeat())
    events = list(ask(question("What dose?"), parts, lambda: False))
    last = events[-1]
    assert isinstance(last, Answered)
    shown = [event.text for event in events if isinstance(event, Token)]
    assert shown == texts(last.answer)  # nothing was shown that the record does not hold
    assert texts(last.answer) == ["Give 5 mg twice daily.", "Heparin 5,000 units"]
    assert last.answer.mode is AnswerMode.GENERATE
