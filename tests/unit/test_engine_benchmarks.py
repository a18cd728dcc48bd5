"""The engine's benchmarks: their table, the models they measure, the order they measure in."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.models.parameters import parameters
from tests.benchmarks.engine.alternating import alternate
from tests.benchmarks.engine.pipes import Child, ChildFailed
from tests.benchmarks.engine.random_model import architecture, random_weights
from tests.benchmarks.engine.report import (
    BEGIN,
    END,
    Figure,
    Section,
    kept_part,
    part,
    with_part,
)
from tests.benchmarks.engine.rounding import Rounded, four_bits, int8, packed
from tests.benchmarks.engine.shapes import LARGE, SMALL, TINY, Shape, tokens

PAGE = "# Benchmarks\n\n## Ask\n\n| figure | value |\n"


def _matrix(rows: int, columns: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(7).standard_normal((rows, columns)).astype(np.float32)


def test_the_engines_part_is_added_once_and_replaced_after_that() -> None:
    first = part(["Date: today"], [Section("Decode", (Figure("a", 1, "s"),))])
    second = part(["Date: tomorrow"], [])
    page = with_part(with_part(PAGE, first), second)
    assert page.startswith(PAGE.rstrip())
    assert kept_part(page) == second
    assert (page.count(BEGIN), page.count(END)) == (1, 1)


def test_the_rest_of_the_page_can_be_written_anew_without_losing_the_engines_part() -> None:
    engine = part(["Date: today"], [])
    assert kept_part(with_part("# Anew\n", kept_part(with_part(PAGE, engine)))) == engine


def test_a_page_without_the_engines_part_keeps_none() -> None:
    assert kept_part(PAGE) == ""


@pytest.mark.parametrize(
    ("figure", "row"),
    [
        (
            Figure("decode", 123.4, "tokens/s", 100.0, 1.234, least=1),
            "| decode | 123 tokens/s | 100 tokens/s | 1.23 | at least 1 × | yes |",
        ),
        (
            Figure("first", 0.2, "s", 9.0, 45.0, 50, "under 0.15 s", holds=False),
            "| first | 0.200 s | 9.00 s | 45.00 | at least 50 ×; under 0.15 s | **no** |",
        ),
        (
            Figure("loss", 4.1524, "", 4.15, 0.9994, digits=4),
            "| loss | 4.152 | 4.150 | 0.999 |  |  |",
        ),
        (Figure("alone", 1.5, "s"), "| alone | 1.50 s |  |  |  |  |"),
    ],
)
def test_a_row_says_what_was_promised_and_whether_it_holds(figure: Figure, row: str) -> None:
    assert figure.row() == row


def test_all_that_was_promised_must_hold() -> None:
    assert Figure("a", 1, "s", 2, 2.0, least=1, holds=False).kept is False
    assert Figure("a", 1, "s", 2, 0.9, least=1, holds=True).kept is False
    assert Figure("a", 1, "s", 2, 2.0, least=1, holds=True).kept is True
    assert Figure("a", 1, "s", 2, 2.0).kept is None


SERVER = """
import os
from tests.benchmarks.engine.pipes import serve
serve({"twice": lambda n: 2 * n, "leave": lambda: os._exit(3), "print": lambda: print("noise")})
"""


def test_a_child_answers_says_what_failed_and_that_it_has_ended() -> None:
    with Child([sys.executable, "-c", SERVER]) as child:
        assert child.ask("print") is None
        assert child.ask("twice", n=21) == 42
        with pytest.raises(ChildFailed, match="twice: TypeError"):
            child.ask("twice", n=None)
        with pytest.raises(ChildFailed, match=r"has ended \(3\) during leave"):
            child.ask("leave")


def test_sides_take_turns_and_the_ratio_is_of_neighbours() -> None:
    order: list[str] = []
    slow = iter([1.0, 10.0, 1.0, 10.0])  # the machine is busy in every other round

    def side(name: str, factor: float, load: float) -> float:
        order.append(name)
        return factor * load

    loads = [next(slow) for _ in range(4)]
    pair = alternate(
        lambda: side("ours", 1, loads[len(order) // 2]),
        lambda: side("theirs", 2, loads[len(order) // 2]),
        4,
    )
    assert order == ["ours", "theirs", "theirs", "ours"] * 2
    assert pair.ratio == 2.0


@pytest.mark.parametrize("shape", [SMALL, LARGE, TINY])
def test_a_token_reads_every_matrix_but_an_embedding_that_is_not_the_head(shape: Shape) -> None:
    matrices = {p.name: p.shape for p in parameters(architecture(shape)) if p.is_matrix}
    if not shape.tied:
        del matrices["embed"]
    assert shape.weights_read == sum(rows * columns for rows, columns in matrices.values())


def test_the_shapes_are_those_of_the_models_they_are_named_for() -> None:
    assert SMALL.weights_read == pytest.approx(134.5e6, rel=1e-3)
    assert LARGE.weights_read + LARGE.vocabulary * LARGE.hidden == pytest.approx(1.1e9, rel=1e-2)


def test_random_weights_are_complete_and_as_large_as_said() -> None:
    weights = random_weights(TINY)
    assert set(weights.stored) == {p.name for p in parameters(weights.architecture)}
    size = sum(
        stored.words.nbytes + stored.scales.nbytes
        for stored in weights.stored.values()
        if not isinstance(stored, np.ndarray)
    )
    assert size == TINY.bytes_read


def test_tokens_lie_within_the_vocabulary_and_are_the_same_each_time() -> None:
    assert all(300 <= token < 512 for token in tokens(1000, TINY))
    assert tokens(64, SMALL) == tokens(64, SMALL)
    assert tokens(64, SMALL, seed=2) != tokens(64, SMALL)


@given(st.integers(1, 100))
def test_int8_is_off_by_half_a_step_at_most(columns: int) -> None:
    x = _matrix(3, columns)
    rounded = int8(x)
    assert rounded.shape == x.shape
    for start in range(0, columns, 32):
        group, found = x[:, start : start + 32], rounded[:, start : start + 32]
        step = np.abs(group).max(axis=1, keepdims=True) / 127
        assert (np.abs(group - found) <= step * 0.501).all()


def test_zeros_stay_zeros() -> None:
    assert not int8(np.zeros((2, 40), np.float32)).any()
    assert not four_bits(np.zeros((2, 40), np.float32)).any()


@given(st.integers(1, 100))
def test_packed_words_hold_the_codes_of_four_bits(columns: int) -> None:
    weight = _matrix(5, columns)
    found = packed(weight)
    codes = (found.words[:, :, None] >> (4 * np.arange(8, dtype=np.uint32))) & 15
    codes = codes.reshape(5, -1)[:, :columns].astype(np.float32)
    scales = np.repeat(found.scales.astype(np.float32), 32, axis=1)[:, :columns]
    np.testing.assert_array_equal((codes - 7) * scales, four_bits(weight))


def test_a_rounded_matrix_rounds_what_is_multiplied_with_it_and_nothing_else() -> None:
    weight, x = _matrix(8, 64), _matrix(3, 64)
    rounded = Rounded(weight)
    np.testing.assert_array_equal(x @ rounded.T, int8(x) @ weight.T)
    np.testing.assert_array_equal(rounded[[2, 5]], weight[[2, 5]])
