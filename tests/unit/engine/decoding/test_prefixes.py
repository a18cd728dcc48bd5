"""What is kept of earlier sequences, and for how long."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.decoding.model import Append, CacheFull
from appliance.engine.decoding.prefixes import Known, Prefixes, common_length
from tests.engine_model import HashModel

RUNS = st.lists(st.integers(0, 2), max_size=12)


def kept(model: HashModel, prefixes: Prefixes, tokens: list[int]) -> int:
    sequence = model.add()
    model.forward([Append(sequence, tokens)])
    prefixes.keep(sequence, tokens)
    return sequence


def pinned(model: HashModel, prefixes: Prefixes, tokens: list[int]) -> int:
    sequence = model.add()
    model.forward([Append(sequence, tokens)])
    prefixes.pin(sequence, tokens)
    return sequence


@given(one=RUNS, other=RUNS)
def test_the_common_length_is_counted_exactly(one: list[int], other: list[int]) -> None:
    expected = 0
    while expected < min(len(one), len(other)) and one[expected] == other[expected]:
        expected += 1
    assert common_length(np.array(one, np.int32), np.array(other, np.int32)) == expected


@given(runs=st.lists(RUNS.filter(bool), max_size=6), wanted=RUNS)
def test_the_longest_beginning_of_all_is_found(runs: list[list[int]], wanted: list[int]) -> None:
    model = HashModel()
    prefixes = Prefixes(model)
    for n, run in enumerate(runs):
        (kept if n % 3 else pinned)(model, prefixes, run)
    lengths = [
        next((n for n, (a, b) in enumerate(zip(run, wanted, strict=False)) if a != b),
             min(len(run), len(wanted)))
        for run in runs
    ]  # fmt: skip
    known = prefixes.longest(wanted)
    assert (known.length if known else 0) == max(lengths, default=0)
    if known:
        assert model.tokens(known.sequence)[: known.length] == wanted[: known.length]


def test_who_was_used_last_goes_last() -> None:
    model = HashModel()
    prefixes = Prefixes(model)
    first, second, third = (kept(model, prefixes, [n, n]) for n in (1, 2, 3))
    assert prefixes.longest([1, 1, 9]) == Known(first, 2)
    order = []
    while prefixes.evict():
        order.append({first, second, third} - set(model.sequences()))
    assert order == [{second}, {second, third}, {first, second, third}]


def test_what_is_pinned_or_spared_stays() -> None:
    model = HashModel()
    prefixes = Prefixes(model)
    system, donor = pinned(model, prefixes, [1, 2, 3]), kept(model, prefixes, [4, 5])
    assert not prefixes.evict(sparing=donor)
    assert prefixes.evict()
    assert not prefixes.evict()
    assert model.sequences() == [system]
    prefixes.unpin(system)
    assert prefixes.longest([1, 2]) == Known(system, 2)
    assert prefixes.evict()
    assert model.sequences() == []


def test_the_beginning_of_another_has_nothing_to_give() -> None:
    model = HashModel()
    prefixes = Prefixes(model)
    kept(model, prefixes, [1, 2])
    longer = kept(model, prefixes, [1, 2, 3])
    assert model.sequences() == [longer]
    kept(model, prefixes, [1])
    assert model.sequences() == [longer]


def test_no_more_donors_than_asked_for() -> None:
    model = HashModel()
    prefixes = Prefixes(model, most=3)
    donors = [kept(model, prefixes, [n]) for n in range(6)]
    assert model.sequences() == donors[3:]


def test_opening_evicts_where_it_must_and_says_when_it_cannot() -> None:
    model = HashModel(sequences=2)
    prefixes = Prefixes(model)
    kept(model, prefixes, [1, 2])
    kept(model, prefixes, [3, 4])
    sequence, known = prefixes.open([3, 4, 5])
    assert (known, model.tokens(sequence)) == (2, [3, 4])
    prefixes.open([9])
    with pytest.raises(CacheFull):
        prefixes.open([9])


def test_sixty_four_long_donors_are_searched_in_no_noticeable_time() -> None:
    model = HashModel(context=8192, pages=300, page=2048)
    prefixes = Prefixes(model)
    random = np.random.default_rng(0)
    same = random.integers(0, 64, 8000).tolist()
    for n in range(64):
        sequence = model.add()  # the cache is of no interest here
        prefixes.pin(sequence, [*same[:7900], n, *same[7900:]])
    best = min(_seconds(prefixes, same) for _ in range(5))
    assert best < 0.05  # a tenth of that on a quiet machine


def _seconds(prefixes: Prefixes, tokens: list[int]) -> float:
    start = time.perf_counter()
    prefixes.longest(tokens)
    return time.perf_counter() - start
