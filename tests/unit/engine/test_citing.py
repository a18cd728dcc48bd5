"""Sentences and citations out of what a model writes, however it comes in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import claims
from appliance.engine.prompts.citing import NO_SUCH_PASSAGE, Draft, clean_sentence
from appliance.values import Answer, Passage
from tests.contract.fakes import passage_of

ONE = passage_of(1, "Ask about every tablet.", "Apixaban is stopped 48 hours before surgery.")
TWO = passage_of(
    2, "Warfarin is stopped 5 days before surgery.", "It is restarted the same evening."
)
PASSAGES: tuple[Passage, ...] = (ONE, TWO)


def drafted(text: str, *, pieces: int = 3) -> tuple[str, Answer]:
    draft = Draft(PASSAGES, "small")
    shown = ""
    for at in range(0, len(text), pieces):
        shown += "".join(p for p in draft.add(text[at : at + pieces]) if isinstance(p, str))
    shown += "".join(p for p in draft.finish() if isinstance(p, str))
    return shown, draft.answer()


def said(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Each sentence with what its citations quote."""
    _, answer = drafted(text)
    quotes = {citation.number: citation.quote for citation in answer.citations}
    return [
        (s.text, tuple(quotes.get(n, "nowhere") for n in s.citations)) for s in answer.sentences
    ]


def test_a_citation_is_the_statement_that_carries_the_sentence() -> None:
    assert said(
        "Apixaban is stopped 48 h before surgery [1]. Warfarin is stopped 5 days before [2]."
    ) == [
        (
            "Apixaban is stopped 48 h before surgery.",
            ("Apixaban is stopped 48 hours before surgery.",),
        ),
        ("Warfarin is stopped 5 days before.", ("Warfarin is stopped 5 days before surgery.",)),
    ]


def test_a_statement_that_leans_is_cited_with_the_one_before_it() -> None:
    ((_, quotes),) = said("Warfarin is restarted the same evening [2].")
    assert quotes == (TWO.text,)


@pytest.mark.parametrize(
    "text",
    [
        "Apixaban is stopped [1].",
        "Apixaban is stopped.[1]",
        "Apixaban is stopped. [1]",
        "Apixaban is stopped.\n[1]\n",
        "- Apixaban is stopped [1].\n",
        "1. Apixaban is stopped [ 1 ].",
        "**Apixaban** is stopped [1].",
        "Apixaban is stopped [1, 1].",
    ],
)
def test_a_mark_belongs_to_its_sentence_wherever_it_stands(text: str) -> None:
    assert said(text) == [("Apixaban is stopped.", (ONE.text[24:],))]


def test_two_marks_cite_two_passages() -> None:
    ((_, quotes),) = said("Apixaban is stopped 48 hours and warfarin 5 days before surgery [1][2].")
    assert len(quotes) == 2


@pytest.mark.parametrize("mark", ["[3]", "[99]", "[0]", "[1][99]", "[1-7]"])
def test_a_passage_the_model_was_not_given_is_cited_as_none(mark: str) -> None:
    _, answer = drafted(f"Apixaban is stopped {mark}.")
    assert NO_SUCH_PASSAGE in answer.sentences[0].citations
    assert NO_SUCH_PASSAGE not in [citation.number for citation in answer.citations]


@pytest.mark.parametrize("text", ["[1]", "[1] [2]", "\n[2]\n", "- [1]", "", " \n"])
def test_marks_without_a_sentence_are_no_sentence(text: str) -> None:
    assert drafted(text)[1].sentences == ()


@pytest.mark.parametrize(
    "text", ["Not in the documents.", "not in the documents", "This is not in the documents."]
)
def test_a_model_that_declines_has_said_nothing(text: str) -> None:
    assert drafted(text)[1].sentences == ()


@pytest.mark.parametrize(
    "text",
    [
        "Give e.g. apixaban to Dr. Winter and see No. 5 there.",
        "The INR is 2.5 or less.",
        "See p. 4 of the text.",
    ],
)
def test_a_full_stop_inside_a_sentence_ends_none(text: str) -> None:
    assert [sentence for sentence, _ in said(text)] == [text]


def test_a_list_is_as_many_sentences_as_it_has_items() -> None:
    assert len(said("Stop:\n- apixaban [1]\n- warfarin [2]\nThen wait.")) == 4


def test_each_passage_is_taken_apart_once(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Passage] = []
    statements = claims.statements

    def counted(passage: Passage) -> tuple[claims.Statement, ...]:
        taken.append(passage)
        return statements(passage)

    monkeypatch.setattr(claims, "statements", counted)
    drafted("Apixaban waits [1][2]. " * 60)
    assert len(taken) == 2


def test_marks_are_held_back_from_what_is_shown() -> None:
    shown, _ = drafted("Apixaban is stopped [1]. See list [a] and [12", pieces=1)
    assert shown == "Apixaban is stopped. See list [a] and [12"


@given(st.text("aB .\n[]12,-", max_size=80), st.integers(1, 9))
def test_how_the_text_is_cut_into_pieces_changes_nothing(text: str, pieces: int) -> None:
    one, other = drafted(text, pieces=pieces), drafted(text, pieces=max(1, len(text)))
    assert one[1].sentences == other[1].sentences
    assert one[0].strip() == other[0].strip()


@given(st.text(max_size=200))
def test_whatever_is_written_cites_only_inside_the_passages(text: str) -> None:
    _, answer = drafted(text, pieces=7)
    for citation in answer.citations:
        assert citation.passage in PASSAGES
        assert 0 <= citation.start < citation.end <= len(citation.passage.text)
    assert all(clean_sentence(s.text)[0] for s in answer.sentences)
