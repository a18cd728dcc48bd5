"""Requests that run together: what they say, what they share, and what goes wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.engine.decoding.decoder import Decoder
from appliance.engine.decoding.model import Append, Logits
from appliance.engine.decoding.request import Ending, Finished, Piece, Rejected, Reply, Sampling
from appliance.engine.decoding.scheduler import Pace
from appliance.errors import EngineFailed
from tests.engine_model import HashModel
from tests.unit.engine.decoding import tiny_tokenizers

LETTERS = tiny_tokenizers.letters()
END = tiny_tokenizers.end_of(LETTERS)
FREE = Sampling(max_tokens=8, temperature=1.0)
SMALL = Pace(chunk=5, together=4, reserve=3, donors=4)


def decoder(
    model: HashModel | None = None, *, pace: Pace = SMALL, ends: frozenset[int] = frozenset({END})
) -> Decoder:
    return Decoder(model or HashModel(), LETTERS, end_tokens=ends, pace=pace)


@dataclass(frozen=True, slots=True)
class Said:
    text: str
    last: Finished | Rejected


def run(decoding: Decoder, *, steps: int = 2000) -> dict[int, Said]:
    """Until nothing is left to do. Each request has one last word, and nothing after it."""
    return collect([reply for _ in range(steps) if decoding.busy for reply in decoding.step()])


def collect(replies: Sequence[Reply]) -> dict[int, Said]:
    texts: dict[int, str] = defaultdict(str)
    said: dict[int, Said] = {}
    for reply in replies:
        assert reply.request not in said
        if isinstance(reply, Piece):
            assert reply.text
            texts[reply.request] += reply.text
        else:
            said[reply.request] = Said(texts[reply.request], reply)
    return said


def ask(prompt: Sequence[int], sampling: Sampling = FREE, model: HashModel | None = None) -> Said:
    """One request, all by itself."""
    decoding = decoder(model)
    decoding.submit(0, prompt, sampling)
    return run(decoding)[0]


def finished(said: Said) -> Finished:
    assert isinstance(said.last, Finished), said
    return said.last


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


@settings(max_examples=150)
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
