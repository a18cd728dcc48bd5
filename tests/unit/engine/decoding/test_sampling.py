"""Choosing a token, against an oracle that sorts everything and counts in Python."""

from __future__ import annotations

import math
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.decoding.errors import LogitsInvalid, RequestUnusable
from appliance.engine.decoding.model import Logits
from appliance.engine.decoding.request import Sampling
from appliance.engine.decoding.sampling import chance, choose, penalise, require_usable


def row(*values: float) -> Logits:
    return np.array(values, np.float32)


def naive(logits: Logits, sampling: Sampling, index: int) -> tuple[list[int], list[float], int]:
    """The tokens that may be chosen, their probabilities, and the one that is."""
    order = sorted(range(len(logits)), key=lambda token: (-float(logits[token]), token))
    order = [token for token in order if logits[token] > -math.inf]
    if sampling.top_k:
        order = order[: sampling.top_k]
    best = float(logits[order[0]])
    weights = [math.exp((float(logits[t]) - best) / sampling.temperature) for t in order]
    total, kept, reached = sum(weights), 0, 0.0
    while kept < len(order) and reached < sampling.top_p * total * (1 - 1e-9):
        reached += weights[kept]
        kept += 1
    order, weights = order[:kept], weights[:kept]
    if sampling.top_p == 1 and not 0 < sampling.top_k < len(logits):
        pairs = sorted(zip(order, weights, strict=True))
        order, weights = [t for t, _ in pairs], [w for _, w in pairs]
    number, place = chance(sampling.seed, index) * sum(weights), 0
    while place < len(order) - 1 and number >= weights[place]:
        number -= weights[place]
        place += 1
    return order, [w / sum(weights) for w in weights], order[place]


SAMPLINGS = st.builds(
    Sampling,
    temperature=st.sampled_from([0.05, 0.7, 1.0, 3.0]),
    top_k=st.sampled_from([0, 1, 2, 7, 40, 1000]),
    top_p=st.sampled_from([0.013, 0.317, 0.911, 1.0]),
    seed=st.integers(0, 2**64 - 1),
)


@given(
    sampling=SAMPLINGS,
    size=st.integers(1, 400),
    spread=st.sampled_from([0.01, 1.0, 5.0, 40.0]),
    masked=st.booleans(),
)
def test_the_choice_is_the_oracles(
    sampling: Sampling, size: int, spread: float, masked: bool
) -> None:
    random = np.random.default_rng(sampling.seed)
    logits = np.asarray(spread * random.standard_normal(size), np.float32)
    if masked:
        logits[random.random(size) < 0.9] = -np.inf
        logits[random.integers(size)] = 1.0
    order, shares, expected = naive(logits, sampling, 3)
    chosen = choose(logits, sampling, index=3)
    if chosen != expected:  # only where rounding decides: the number fell on a border
        assert chosen in order
        place = order.index(expected)
        borders = np.cumsum(shares)[max(0, place - 1) : place + 1]
        assert np.abs(borders - chance(sampling.seed, 3)).min() < 1e-5


def test_greedy_takes_the_likeliest_and_of_equals_the_lower() -> None:
    assert choose(row(1, 5, 5, 2), Sampling(), index=0) == 1
    assert choose(row(1, 5, 5, 2), Sampling(temperature=9, top_k=1), index=0) == 1


def test_top_k_among_equals_keeps_the_lower_tokens() -> None:
    sampling = [Sampling(temperature=1, top_k=2, seed=seed) for seed in range(50)]
    assert {choose(row(*[1.0] * 20), each, index=0) for each in sampling} == {0, 1}


def test_draws_follow_the_probabilities() -> None:
    sampling = Sampling(temperature=1.0, seed=11)
    logits = row(math.log(0.5), math.log(0.3), math.log(0.2), -math.inf)
    counts = Counter(choose(logits, sampling, index=n) for n in range(4000))
    assert [round(counts[token] / 4000, 1) for token in range(4)] == [0.5, 0.3, 0.2, 0.0]


def test_chance_depends_on_the_seed_and_the_place_alone() -> None:
    there = [chance(5, n) for n in range(50)]
    assert there == [chance(5, n) for n in range(50)]
    assert len(set(there) | {chance(6, n) for n in range(50)}) == 100
    assert chance(-1, 0) == chance(2**64 - 1, 0)


@given(
    values=st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=30),
    penalty=st.sampled_from([0.5, 1.0, 1.1, 2.0]),
    data=st.data(),
)
def test_penalties_are_the_oracles(
    values: list[float], penalty: float, data: st.DataObject
) -> None:
    seen = data.draw(st.sets(st.integers(0, len(values) - 1)))
    logits = row(*values)
    expected = [
        (x / penalty if x > 0 else x * penalty) if n in seen else x for n, x in enumerate(values)
    ]
    penalised = penalise(logits, np.array(sorted(seen), np.int64), penalty)
    np.testing.assert_allclose(penalised, row(*expected), rtol=1e-6)
    assert logits.tolist() == row(*values).tolist()


@pytest.mark.parametrize(
    "logits", [row(1, math.nan), row(math.inf, 0), row(-math.inf, -math.inf)], ids=str
)
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_what_is_no_distribution_is_refused(logits: Logits, temperature: float) -> None:
    with pytest.raises(LogitsInvalid):
        choose(logits, Sampling(temperature=temperature), index=0)


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=-1), Sampling(temperature=math.nan), Sampling(temperature=1e-9),
        Sampling(top_p=0), Sampling(top_p=1.1), Sampling(top_p=math.nan), Sampling(top_k=-1),
        Sampling(repetition_penalty=0), Sampling(max_tokens=0), Sampling(stops=("",)),
        Sampling(stops=("x" * 257,)), Sampling(stops=("x",) * 17),
    ],
    ids=str,
)  # fmt: skip
def test_settings_out_of_range_are_refused_with_a_sentence(sampling: Sampling) -> None:
    with pytest.raises(RequestUnusable) as refused:
        require_usable(sampling)
    assert refused.value.sentence.endswith(".")


def test_a_large_vocabulary_takes_no_noticeable_time() -> None:
    logits = np.asarray(4 * np.random.default_rng(1).standard_normal(151_936), np.float32)
    sampling = Sampling(temperature=0.7, top_p=0.9, top_k=0)
    best = math.inf
    for n in range(20):
        start = time.perf_counter()
        choose(logits, sampling, index=n)
        best = min(best, time.perf_counter() - start)
    assert best < 0.02  # a tenth of that on a quiet machine; sorting takes more
