"""Which questions are asked: what is held back, samples, folds, and the unanswerable mix."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import UsageError
from tests.evaluation.holding_back import fold_of, held_back
from tests.evaluation.material import Case, Kind, Notices, entry_of_text, mixed, sample
from tests.evaluation.options import parse

CASES = [Case(str(n), f"question {n}", "topic", (("e", 1),)) for n in range(40)]


@pytest.mark.parametrize(
    ("name", "held"),
    # sha256sum of each, its first 8 hex digits modulo 5
    [
        ("Oxygen", 0x943077F0 % 5 == 0),
        ("Normans", 0xE2DD6534 % 5 == 0),
        ("0", 0x5FECEB66 % 5 == 0),
        ("Super_Bowl_50", 0x91626EF1 % 5 == 0),
    ],
)
def test_a_name_alone_decides_what_is_held_back(name: str, held: bool) -> None:
    assert held_back(name) is held


@settings(deadline=None)
@given(st.text())
def test_what_is_held_back_is_fold_0_of_5(name: str) -> None:
    assert held_back(name) == (fold_of(name, 5) == 0)


def test_a_sample_depends_on_the_seed_and_not_on_the_order() -> None:
    chosen = {case.id for case in sample(CASES, 10, seed=1)}
    assert len(chosen) == 10
    assert {case.id for case in sample(CASES[::-1], 10, seed=1)} == chosen
    assert {case.id for case in sample(CASES, 10, seed=2)} != chosen
    assert len(sample(CASES, None, seed=1)) == len(CASES)


def test_half_of_a_mix_is_unanswerable_in_each_kind() -> None:
    kinds = [case.kind for case in mixed(CASES, 0.5)]
    assert [kinds.count(kind) for kind in (Kind.ANSWERABLE, Kind.REMOVED, Kind.HARD)] == [20] * 3


@settings(deadline=None)
@given(st.floats(0, 1))
def test_a_mix_loses_no_question(share: float) -> None:
    made = mixed(CASES, share)
    assert {case.id for case in made} == {case.id for case in CASES}
    removed = sum(case.kind is Kind.REMOVED for case in made)
    assert abs(removed - share * len(CASES)) < 1 + 1e-6


def test_impossible_questions_are_left_as_they_are() -> None:
    impossible = [Case("i", "q", "t", (), kind=Kind.IMPOSSIBLE)]
    assert mixed(impossible, 1.0) == impossible


@pytest.mark.parametrize(
    "arguments",
    [
        ["--parts", "words,wrods"],
        ["--parts", ""],
        ["--mix", "1.5"],
        ["--queries", "-1"],
        ["--fold", "5"],
        ["--folds", "1"],
    ],
)
def test_options_out_of_bounds_are_refused(arguments: list[str]) -> None:
    with pytest.raises(UsageError):
        parse(["--beir", "x", *arguments])


def test_without_any_data_the_next_step_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        parse([], shared=tmp_path)
    assert "BEIR=" in caught.value.next_step


def test_without_a_name_the_data_beside_the_checkout_is_taken(tmp_path: Path) -> None:
    (tmp_path / "hospital").mkdir()
    options = parse([], shared=tmp_path)
    assert (options.beir, options.squad) == ((), ())
    assert options.hospital == (tmp_path / "hospital",)


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=3000))
def test_an_entry_of_any_text_keeps_where_the_text_stands(title: str, text: str) -> None:
    entry, begin = entry_of_text("e", title, text, Notices())
    assert entry.pages[0].text[begin:] == text
    for passage in entry.passages:
        assert all(0 <= span.start <= len(entry.pages[0].text) for span in passage.spans)
