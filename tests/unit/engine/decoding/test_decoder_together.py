"""Requests that run together say what each says alone, and each soon gets its turn."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.engine.decoding.request import Ending, Finished, Rejected, Reply, Sampling
from appliance.engine.decoding.scheduler import Pace
from appliance.errors import EngineFailed
from tests.engine_model import HashModel
from tests.unit.engine.decoding.asking import (
    FREE,
    ask,
    collect,
    decoder,
    finished,
    lengths,
    run,
)


@dataclass(frozen=True, slots=True)
class Course:
    """When a request comes, and when it is cancelled (or not)."""

    prompt: tuple[int, ...]
    sampling: Sampling
    comes: int
    cancelled: int | None


COURSES = st.lists(
    st.builds(
        Course,
        prompt=st.lists(st.integers(0, 2), min_size=1, max_size=24).map(tuple),
        sampling=st.builds(
            Sampling,
            temperature=st.sampled_from([0.0, 1.0]),
            top_k=st.sampled_from([0, 5]),
            top_p=st.sampled_from([0.8, 1.0]),
            repetition_penalty=st.sampled_from([1.0, 1.2]),
            seed=st.integers(0, 9),
            max_tokens=st.integers(1, 12),
            stops=st.sampled_from([(), ("a",), ("ab", "Q")]),
        ),
        comes=st.integers(0, 12),
        cancelled=st.none() | st.integers(0, 30),
    ),
    max_size=6,
)


@settings(deadline=None, max_examples=150)
@given(
    courses=COURSES,
    pages=st.integers(3, 24),
    sequences=st.integers(1, 8),
    pace=st.builds(
        Pace, chunk=st.integers(1, 9), together=st.integers(1, 5), reserve=st.integers(0, 6),
        donors=st.integers(0, 4),
    ),
)  # fmt: skip
def test_together_they_say_what_each_says_alone(
    courses: list[Course], pages: int, sequences: int, pace: Pace
) -> None:
    """Whatever the order, the cancels and the room: nothing is lost, invented or left behind."""

    def made() -> HashModel:
        return HashModel(context=32, pages=pages, page=4, sequences=sequences)

    model = made()
    decoding = decoder(model, pace=pace)
    replies: list[Reply] = []
    for step in range(4000):
        for number, course in enumerate(courses):
            if course.comes == step:
                decoding.submit(number, course.prompt, course.sampling)
            if course.cancelled == step:
                decoding.cancel(number)
        if step > 30 and not decoding.busy:
            break
        replies += decoding.step()
    said = collect(replies)
    assert said.keys() == set(range(len(courses)))
    for number, course in enumerate(courses):
        alone, here = ask(course.prompt, course.sampling, made()), said[number]
        if isinstance(here.last, Finished) and here.last.ending is Ending.CANCELLED:
            assert course.cancelled is not None
            assert alone.text.startswith(here.text)
        elif isinstance(here.last, Finished):
            same = replace(here.last, cached_tokens=0, request=0)
            assert (here.text, same) == (alone.text, alone.last)
        else:
            assert isinstance(alone.last, Rejected)
            assert alone.last.code == here.last.code
    assert len(model.sequences()) <= pace.donors


@settings(deadline=None, max_examples=60)
@given(
    courses=COURSES, pages=st.integers(3, 12), sequences=st.integers(1, 6),
    system=st.lists(st.integers(0, 2), min_size=1, max_size=20),
)  # fmt: skip
def test_beside_a_pinned_prefix_every_request_still_ends(
    courses: list[Course], pages: int, sequences: int, system: list[int]
) -> None:
    model = HashModel(context=32, pages=pages, page=4, sequences=sequences)
    decoding = decoder(model)
    try:
        sequence = decoding.pin(system)
    except EngineFailed:
        assert model.sequences() == []
        return
    # What is held back as a possible stop is shown where the room ends, so there are none here.
    courses = [replace(each, sampling=replace(each.sampling, stops=())) for each in courses]
    for number, course in enumerate(courses):
        decoding.submit(number, [*system, *course.prompt][number % 2 * 3 :], course.sampling)
    said = run(decoding)
    assert said.keys() == set(range(len(courses)))
    assert model.tokens(sequence) == system
    for number, course in enumerate(courses):
        prompt = [*system, *course.prompt][number % 2 * 3 :]
        alone = decoder(HashModel(context=32, pages=400))
        alone.submit(number, prompt, course.sampling)
        assert run(alone)[number].text.startswith(said[number].text)


def test_a_long_prompt_stops_nobody_for_long() -> None:
    model = HashModel(pages=200)
    decoding = decoder(model, pace=Pace(chunk=5), ends=frozenset())
    decoding.submit(1, [1], replace(FREE, max_tokens=40))
    decoding.step()
    decoding.submit(2, [2] * 100, FREE)
    pieces = [reply.request for _ in range(19) for reply in decoding.step()]
    assert pieces == [1] * 19  # a token in each pass, beside 19 of 20 parts of the prompt
    assert all(sorted(part) == [1, 5] for part in lengths(model)[1:])


def test_prompts_take_turns_so_that_a_short_one_is_soon_read() -> None:
    model = HashModel(pages=400, context=500)
    decoding = decoder(model, pace=Pace(chunk=5), ends=frozenset())
    decoding.submit(1, [1] * 300, replace(FREE, max_tokens=1))
    decoding.submit(2, [2] * 300, replace(FREE, max_tokens=1))
    decoding.submit(3, [3] * 10, replace(FREE, max_tokens=1))
    ended = []
    for step in range(1, 200):
        ended += [(step, r.request) for r in decoding.step() if isinstance(r, Finished)]
    assert ended == [(6, 3), (121, 1), (122, 2)]


def test_what_is_left_of_a_pass_goes_to_the_next_prompt() -> None:
    model = HashModel()
    decoding = decoder(model, pace=Pace(chunk=8))
    for number in range(3):
        decoding.submit(number, [number] * 4, FREE)
    decoding.step()
    assert lengths(model) == [[4, 4]]


def test_a_large_request_is_not_overtaken_for_ever() -> None:
    """Small ones keep coming; the large one waits until those before it are done, no longer."""
    model = HashModel(pages=12, page=4)
    decoding = decoder(model, pace=Pace(chunk=16, together=8, reserve=8), ends=frozenset())
    for number in range(4):
        decoding.submit(number, [number] * 4, replace(FREE, max_tokens=8))
    decoding.submit(99, [9] * 40, replace(FREE, max_tokens=2))
    last: list[int] = []
    for number in range(100, 160):
        decoding.submit(number, [number % 60] * 4, replace(FREE, max_tokens=8))
        last += [r.request for r in decoding.step() if isinstance(r, Finished)]
    assert last.index(99) <= 4


def test_full_means_the_youngest_is_computed_again_and_nothing_is_lost() -> None:
    """Two answers that grow beyond the cache: the younger gives way and says the same."""
    model = HashModel(pages=6, page=4)
    decoding = decoder(model, pace=Pace(reserve=0), ends=frozenset())
    long = replace(FREE, max_tokens=16)
    decoding.submit(1, [1] * 4, long)
    decoding.submit(2, [2] * 4, long)
    said = run(decoding)
    assert max(map(max, lengths(model))) > 4  # prompt and answer so far, at once
    for number in (1, 2):
        alone = decoder(HashModel(), ends=frozenset())
        alone.submit(number, [number] * 4, long)
        assert run(alone)[number] == said[number]
        assert finished(said[number]).new_tokens == 16
