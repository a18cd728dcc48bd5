"""Rows are what BERT was trained to read, and what comes back is said of the right characters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from appliance.engine.errors import BundleDamaged
from appliance.engine.reading.host import PieceReader, reading_of
from appliance.engine.reading.layout import BREVITY, MAX_PLACE, MAX_QUESTION, MAX_TOKENS, SPAN
from appliance.engine.reading.model import Outcome
from appliance.engine.reading.rows import (
    BEGIN,
    COLON,
    SEPARATOR,
    Pieces,
    Row,
    row_of,
    sentences_of,
)
from appliance.engine.reading.spans import UNREAD, best_span, characters_of, evidence_of
from appliance.errors import EngineFailed
from appliance.values import ToRead

ids = st.integers(1000, 30_000)
values = st.floats(-20, 20, width=32)


@pytest.fixture(scope="session")
def pieces(bundle_folder: Path) -> PieceReader:
    return PieceReader(bundle_folder / "tokenizer.json")


def text_of(count: int) -> Pieces:
    """Pieces of three characters, one after another."""
    begins = np.arange(count, dtype=np.int32) * 3
    return Pieces(np.full(count, 2000, np.int32), begins, begins + 3)


@given(st.lists(ids, max_size=90), st.lists(ids, max_size=50), st.integers(0, 500))
def test_a_row_is_question_place_and_text_cut_where_said(
    question: list[int], place: list[int], length: int
) -> None:
    row = row_of(question, place, text_of(length))
    assert len(row.ids) <= MAX_TOKENS
    expected = [BEGIN, *question[:MAX_QUESTION], SEPARATOR]
    assert row.second == len(expected)
    if place:
        expected += [*place, COLON][:MAX_PLACE]
    assert row.ids[: row.text].tolist() == expected
    assert row.ids[row.text : -1].tolist() == [2000] * len(row.begins)
    assert row.ids[-1] == SEPARATOR
    assert len(row.begins) == len(row.ends) == min(length, MAX_TOKENS - len(expected) - 1)


def test_the_words_are_those_of_the_encoders_tokenizer(
    pieces: PieceReader, bundle_folder: Path
) -> None:
    made = Tokenizer.from_file(str(bundle_folder / "tokenizer.json"))
    made.no_padding()
    made.no_truncation()
    text = "Give 40 mg of Enoxaparin (naïve patients: 20 mg)."
    [row] = pieces.rows("What dose?", [ToRead("Ward > Doses", text, ())])
    assert row.ids.tolist() == made.encode("What dose?", f"Ward > Doses: {text}").ids
    assert text[row.begins[0] : row.ends[0]] == "Give"


def test_a_place_without_words_has_no_colon(pieces: PieceReader) -> None:
    for place in ("", "  \n"):
        [row] = pieces.rows("q", [ToRead(place, "text", ())])
        assert COLON not in row.ids.tolist()


def test_a_mark_of_the_tokenizer_in_a_document_is_plain_text(pieces: PieceReader) -> None:
    [row] = pieces.rows("[SEP]", [ToRead("[CLS]", "end [SEP] [CLS] [PAD] [MASK]", ())])
    assert row.ids.tolist().count(SEPARATOR) == 2
    assert row.ids.tolist().count(BEGIN) == 1
    assert not set(row.ids.tolist()) & {0, 103}


def test_a_tokenizer_that_cannot_be_read_is_damage(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(BundleDamaged):
        PieceReader(tmp_path / "tokenizer.json")


# --- sentences and spans ------------------------------------------------------------------------


def sentences_in(cuts: list[int]) -> tuple[tuple[int, int], ...]:
    """Ranges in order and apart, from any numbers."""
    ordered = sorted(set(cuts))
    return tuple(zip(ordered[::2], ordered[1::2], strict=False))


@given(st.lists(st.integers(0, 120), max_size=14), st.integers(0, 40))
def test_a_piece_belongs_to_the_sentence_it_begins_in(cuts: list[int], count: int) -> None:
    row, sentences = row_of([], [], text_of(count)), sentences_in(cuts)
    for begin, found in zip(row.begins, sentences_of(row, sentences), strict=True):
        holding = [n for n, (start, end) in enumerate(sentences) if start <= begin < end]
        assert [found] == (holding or [-1])


@given(st.lists(st.tuples(values, st.integers(-1, 5)), max_size=60))
def test_a_sentences_evidence_is_the_mean_of_its_pieces(pairs: list[tuple[float, int]]) -> None:
    evidence = np.array([value for value, _ in pairs], np.float32)
    sentence = np.array([number for _, number in pairs], np.int32)
    for number, got in enumerate(evidence_of(evidence, sentence, 6)):
        own = evidence[sentence == number]
        assert got == pytest.approx(float(own.mean()) if len(own) else UNREAD, abs=1e-5)


@given(
    st.lists(st.tuples(values, values), max_size=130),
    st.lists(st.integers(1, 60), max_size=8),
    st.booleans(),
)
def test_the_best_span_is_the_best_of_all_that_are_allowed(
    pairs: list[tuple[float, float]], lengths: list[int], gap: bool
) -> None:
    start = np.array([s for s, _ in pairs], np.float32)
    end = np.array([e for _, e in pairs], np.float32)
    sentence = np.repeat(np.arange(len(lengths)), lengths)[: len(pairs)]
    sentence = np.pad(sentence, (0, len(pairs) - len(sentence)), constant_values=-1)
    if gap:
        sentence[::7] = -1
    allowed = [
        (np.float32(BREVITY) * np.float32(j - i) - (start[i] + end[j]), i, j)
        for i in range(len(pairs))
        for j in range(i, min(len(pairs), i + SPAN))
        if sentence[i] == sentence[j] >= 0
    ]
    got = best_span(start, end, sentence.astype(np.int32))
    if not allowed:
        assert got is None
        return
    assert got is not None
    i, j, score = got
    least = min(cost for cost, _, _ in allowed)
    assert (i, j) in {(i, j) for cost, i, j in allowed if cost <= least + 1e-4}
    assert score == float(start[i] + end[j])


def test_a_span_ends_with_its_sentence_even_where_a_word_goes_on() -> None:
    begins, ends = np.array([0, 4], np.int32), np.array([3, 12], np.int32)
    sentence = np.array([0, 0], np.int32)
    assert characters_of(begins, ends, sentence, [(0, 9)], (0, 1)) == (0, 9)


def row_and_values() -> tuple[Row, npt.NDArray[np.float32]]:
    row = row_of([5, 6], [], text_of(10))
    return row, np.zeros((len(row.ids), 3), np.float32)


def test_a_reading_says_where_the_answer_is_and_how_well_nothing_answers() -> None:
    row, tokens = row_and_values()
    tokens[0] = (1.5, 2.0, 9.0)  # [CLS]: that nothing answers
    tokens[row.text + 4, 0] = 7.0
    tokens[row.text + 6, 1] = 6.0
    tokens[row.text : row.text + 5, 2] = 3.0
    passage = ToRead("", "x" * 30, ((0, 12), (12, 27), (27, 28), (28, 30)))
    reading = reading_of(row, passage, Outcome(0.25, 4.0, tokens))
    assert (reading.exit, reading.relevance, reading.null) == (0.25, 4.0, 3.5)
    assert (reading.span, reading.span_score) == ((12, 21), 13.0)
    assert reading.sentences == pytest.approx((3.0, 3 / 5, 0.0, UNREAD))


def test_a_passage_that_was_not_read_whole_says_its_first_look() -> None:
    row, _ = row_and_values()
    reading = reading_of(row, ToRead("", "x" * 30, ((0, 30),)), Outcome(-2.0))
    assert not reading.whole
    assert (reading.relevance, reading.sentences, reading.span) == (-2.0, (), (0, 0))


@pytest.mark.parametrize("damage", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_never_leaves_the_host(damage: float) -> None:
    row, tokens = row_and_values()
    passage = ToRead("", "x" * 30, ())
    with pytest.raises(EngineFailed, match="finite"):
        reading_of(row, passage, Outcome(damage))
    tokens[3, 1] = damage
    with pytest.raises(EngineFailed, match="finite"):
        reading_of(row, passage, Outcome(0.0, 0.0, tokens))
