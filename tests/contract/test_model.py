"""What decoding relies on, whichever model it is. Another one joins by a line in MAKERS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.engine.decoding.model import Append, CacheFull, Logits, Model
from appliance.errors import EngineFailed
from tests.engine_model import HashModel
from tests.unit.engine.gpu.models import loaded, tiny
from tests.unit.engine.running.levels import random_model


@dataclass(frozen=True, slots=True)
class Maker:
    """make(tokens): a new model with room for that many tokens and a few pages, a context of 48
    and a vocabulary of 32 at least; all made are the same model. other(): one whose exports are
    not to be mixed with these. close: how far logits may lie apart."""

    make: Callable[[int], Model]
    other: Callable[[], Model]
    close: float


MAKERS = {
    "hash": Maker(
        make=lambda tokens: HashModel(vocabulary=64, context=48, pages=tokens // 4 + 4, page=4),
        other=lambda: HashModel(vocabulary=64, context=48, secret=b"other weights"),
        close=0.0,
    ),
    "processor": Maker(
        make=lambda tokens: random_model(0, tokens + 64),
        other=lambda: random_model(1, 64),
        close=1e-5,
    ),
    "gpu": Maker(
        make=lambda tokens: loaded(tiny(), tokens + 64),
        other=lambda: loaded(tiny(seed=1)),
        close=1e-4,
    ),
}


@pytest.fixture(params=MAKERS)
def maker(request: pytest.FixtureRequest) -> Maker:
    return MAKERS[request.param]


def tokens(count: int, seed: int = 0) -> list[int]:
    return [int(token) for token in np.random.default_rng(seed).integers(0, 32, count)]


def forward(model: Model, sequence: int, new: Sequence[int]) -> Logits:
    row: Logits = model.forward([Append(sequence, new)])[0]
    return row


def fresh(maker: Maker, held: Sequence[int]) -> Logits:
    """What a sequence of these tokens comes to, computed at once by a model of its own."""
    model = maker.make(len(held))
    return forward(model, model.add(), held)


def require_same(maker: Maker, logits: Logits, held: Sequence[int]) -> None:
    expected = fresh(maker, held)
    np.testing.assert_allclose(logits, expected, rtol=maker.close, atol=maker.close)


def test_logits_have_a_row_for_each_sequence(maker: Maker) -> None:
    model = maker.make(32)
    one, two = model.add(), model.add()
    logits = model.forward([Append(one, tokens(3)), Append(two, tokens(5))])
    assert logits.shape == (2, model.vocabulary)
    assert logits.dtype == np.float32
    assert (model.length(one), model.length(two)) == (3, 5)


def test_logits_tell_sequences_apart(maker: Maker) -> None:
    assert not np.array_equal(fresh(maker, [1, 2, 3]), fresh(maker, [2, 1, 3]))


@pytest.mark.parametrize("cuts", [(1, 2, 30), (7, 8), (16,), (29,)])
def test_in_parts_comes_to_the_same_as_at_once(maker: Maker, cuts: tuple[int, ...]) -> None:
    model, held = maker.make(40), tokens(31)
    sequence = model.add()
    ends = [*cuts, len(held)]
    for start, end in zip([0, *cuts], ends, strict=True):
        logits = forward(model, sequence, held[start:end])
    require_same(maker, logits, held)


def test_a_sequence_does_not_depend_on_the_others(maker: Maker) -> None:
    model = maker.make(80)
    several = [tokens(n, seed=n) for n in (1, 2, 9, 20)]
    sequences = [model.add() for _ in several]
    first = model.forward([Append(s, t) for s, t in zip(sequences, several, strict=True)])
    for logits, held in zip(first, several, strict=True):
        require_same(maker, logits, held)
    reverse = [*reversed(sequences)]
    second = model.forward([Append(s, [n]) for n, s in enumerate(reverse)])
    for n, logits in enumerate(second):
        require_same(maker, logits, [*several[-1 - n], n])


@pytest.mark.parametrize("length", [1, 4, 13, 20])
def test_a_fork_and_its_origin_go_their_own_ways(maker: Maker, length: int) -> None:
    model, held = maker.make(80), tokens(20)
    origin = model.add()
    forward(model, origin, held)
    fork = model.fork(origin, length)
    assert model.length(fork) == length
    logits = model.forward([Append(origin, [1, 2]), Append(fork, [3, 4])])
    require_same(maker, logits[0], [*held, 1, 2])
    require_same(maker, logits[1], [*held[:length], 3, 4])
    model.remove(origin)
    require_same(maker, forward(model, fork, [5]), [*held[:length], 3, 4, 5])


def test_a_fork_shares_what_it_begins_with(maker: Maker) -> None:
    model = maker.make(80)
    empty = model.free_tokens()
    origin = model.add()
    forward(model, origin, tokens(40))
    used = empty - model.free_tokens()
    before = model.free_tokens()
    forks = [model.fork(origin, 40) for _ in range(2)]
    assert before - model.free_tokens() < used
    for sequence in (origin, *forks):
        model.remove(sequence)
    assert model.free_tokens() == empty


@pytest.mark.parametrize("length", [0, 1, 8, 11, 19])
def test_after_a_cut_it_goes_on_as_if_never_longer(maker: Maker, length: int) -> None:
    model, held = maker.make(80), tokens(20)
    sequence = model.add()
    forward(model, sequence, held)
    fork = model.fork(sequence, 20)
    model.cut(sequence, length)
    assert model.length(sequence) == length
    require_same(maker, forward(model, sequence, [7, 8]), [*held[:length], 7, 8])
    require_same(maker, forward(model, fork, [9]), [*held, 9])


def test_numbers_are_not_used_again(maker: Maker) -> None:
    model = maker.make(16)
    first = model.add()
    model.remove(first)
    assert model.add() != first


def test_free_tokens_do_fit_and_no_more_than_there_are(maker: Maker) -> None:
    model = maker.make(40)
    first = model.add()
    forward(model, first, tokens(5))
    while free := model.free_tokens():
        forward(model, model.add(), tokens(min(free, model.context)))
    with pytest.raises(CacheFull):
        forward(model, model.add(), [1])


def test_when_full_nothing_is_changed(maker: Maker) -> None:
    model, held = maker.make(24), tokens(10)
    sequence = model.add()
    forward(model, sequence, held)
    while free := model.free_tokens():
        forward(model, other := model.add(), tokens(min(free, model.context)))
    empty = model.add()
    lengths = [model.length(each) for each in (sequence, other, empty)]
    with pytest.raises(CacheFull):
        model.forward([Append(sequence, [1]), Append(empty, tokens(20))])
    assert [model.length(each) for each in (sequence, other, empty)] == lengths
    model.remove(other)
    require_same(maker, forward(model, sequence, [2]), [*held, 2])


def test_what_makes_no_sense_is_refused_and_changes_nothing(maker: Maker) -> None:
    model, held = maker.make(200), tokens(6)
    sequence, other = model.add(), model.add()
    forward(model, sequence, held)
    for wrong in ([model.vocabulary], [-1], tokens(model.context)):
        with pytest.raises(ValueError):  # noqa: PT011 - each model has its own words
            model.forward([Append(other, [1]), Append(sequence, wrong)])
    assert (model.length(sequence), model.length(other)) == (6, 0)
    require_same(maker, forward(model, sequence, [2]), [*held, 2])


def test_a_context_can_be_filled_to_the_last_token(maker: Maker) -> None:
    model = maker.make(64)
    sequence = model.add()
    held = tokens(model.context)
    require_same(maker, forward(model, sequence, held), held)
    assert model.length(sequence) == model.context


@pytest.mark.parametrize("length", [1, 8, 17])
def test_an_export_is_adopted_by_a_model_of_the_same_kind(maker: Maker, length: int) -> None:
    here, there, held = maker.make(40), maker.make(40), tokens(17)
    assert here.fingerprint == there.fingerprint
    sequence = here.add()
    forward(here, sequence, held)
    adopted = there.adopt(here.export(sequence, length))
    assert there.length(adopted) == length
    require_same(maker, forward(there, adopted, [4]), [*held[:length], 4])
    require_same(maker, forward(here, sequence, [5]), [*held, 5])


def test_an_export_of_another_model_is_refused(maker: Maker) -> None:
    here, other = maker.make(16), maker.other()
    assert here.fingerprint != other.fingerprint
    sequence = other.add()
    forward(other, sequence, tokens(4))
    with pytest.raises(EngineFailed):
        here.adopt(other.export(sequence, 4))


def test_an_export_that_does_not_fit_is_refused(maker: Maker) -> None:
    here, there = maker.make(40), maker.make(40)
    sequence = here.add()
    forward(here, sequence, tokens(40))
    export = here.export(sequence, 40)
    while there.free_tokens() >= 40:
        forward(there, there.add(), tokens(20))
    free = there.free_tokens()
    with pytest.raises(CacheFull):
        there.adopt(export)
    assert there.free_tokens() == free


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_export_is_refused_and_changes_nothing(maker: Maker, data: st.DataObject) -> None:
    model = maker.make(40)
    sequence = model.add()
    forward(model, sequence, tokens(9))
    export = model.export(sequence, 9)
    place = data.draw(st.integers(0, len(export) - 1))
    flipped = bytearray(export)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    damaged = data.draw(
        st.sampled_from([bytes(flipped), export[:place], export + b"\0", b"", export[place + 1 :]])
    )
    free = model.free_tokens()
    with pytest.raises(EngineFailed):
        model.adopt(damaged)
    assert model.free_tokens() == free


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_course_of_events_comes_to_the_same_as_each_sequence_alone(
    maker: Maker, data: st.DataObject
) -> None:
    model = maker.make(64)
    empty = model.free_tokens()
    held: dict[int, list[int]] = {}
    for _ in range(data.draw(st.integers(1, 12))):
        act = data.draw(st.sampled_from(["add", "fork", "cut", "remove", "append", "append"]))
        filled = [sequence for sequence in held if held[sequence]]
        try:
            if act == "add" or not held:
                held[model.add()] = []
            elif act == "fork" and filled:
                origin = data.draw(st.sampled_from(filled))
                length = data.draw(st.integers(1, len(held[origin])))
                held[model.fork(origin, length)] = held[origin][:length]
            elif act == "cut":
                sequence = data.draw(st.sampled_from([*held]))
                length = data.draw(st.integers(0, len(held[sequence])))
                model.cut(sequence, length)
                held[sequence] = held[sequence][:length]
            elif act == "remove":
                sequence = data.draw(st.sampled_from([*held]))
                model.remove(sequence)
                del held[sequence]
            elif act == "append":
                _append_some(maker, model, held, data)
        except CacheFull:
            pass
        assert {sequence: model.length(sequence) for sequence in held} == {
            sequence: len(those) for sequence, those in held.items()
        }
    for sequence in held:
        model.remove(sequence)
    assert model.free_tokens() == empty


def _append_some(
    maker: Maker, model: Model, held: dict[int, list[int]], data: st.DataObject
) -> None:
    chosen = data.draw(st.lists(st.sampled_from([*held]), min_size=1, max_size=3, unique=True))
    batch = []
    for sequence in chosen:
        room = model.context - len(held[sequence])
        if room:
            count = data.draw(st.integers(1, min(9, room)))
            batch.append(Append(sequence, tokens(count, seed=sequence)))
    if not batch:
        return
    logits = model.forward(batch)
    for row, append in zip(logits, batch, strict=True):
        held[append.sequence] += append.tokens
        require_same(maker, row, held[append.sequence])
