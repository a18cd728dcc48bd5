"""Requests that run together: what they say, what they share, and what goes wrong."""

from __future__ import annotations

import json
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


def lengths(model: HashModel) -> list[list[int]]:
    """Of each pass, how many tokens each sequence got."""
    return [[len(append.tokens) for append in each] for each in model.passes]


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


def test_the_next_turn_of_a_conversation_computes_what_is_new_only() -> None:
    model = HashModel()
    decoding = decoder(model, ends=frozenset())
    first = list(range(20))
    decoding.submit(1, first, replace(FREE, max_tokens=6))
    run(decoding)
    answer = model.tokens(model.sequences()[0])[20:]
    assert len(answer) == 5  # the last token was never computed
    before = len(model.passes)
    decoding.submit(2, [*first, *answer, 60, 61, 62], replace(FREE, max_tokens=1))
    assert finished(run(decoding)[2]).cached_tokens == 25
    assert lengths(model)[before:] == [[3]]


def test_asks_that_share_a_system_prompt_compute_it_once() -> None:
    model = HashModel()
    decoding = decoder(model)
    system = list(range(21))
    sequence = decoding.pin(system)
    assert decoding.pin(system) == sequence
    computed = len(model.passes)
    for number in range(4):
        decoding.submit(number, [*system, 50 + number], FREE)
    said = run(decoding)
    assert {finished(each).cached_tokens for each in said.values()} == {21}
    assert max(map(max, lengths(model)[computed:])) == 1
    assert sequence in model.sequences()
    decoding.unpin(sequence)
    assert sequence not in model.sequences()  # the answers begin with it and are kept


def test_of_a_prompt_seen_before_the_last_token_is_computed_again() -> None:
    model = HashModel()
    decoding = decoder(model)
    texts = []
    for number in range(3):
        decoding.submit(number, [1, 2, 3, 4], FREE)
        said = run(decoding)[number]
        texts.append((said.text, finished(said).cached_tokens))
    assert texts == [(texts[0][0], 0), (texts[0][0], 3), (texts[0][0], 3)]


def test_a_prefix_is_exported_and_adopted_by_another_decoder() -> None:
    here, there = decoder(), decoder(model := HashModel())
    system = list(range(10))
    assert here.export_prefix(system) is None
    here.pin(system)
    export = here.export_prefix(system)
    assert export is not None
    sequence = there.adopt_prefix(system, export)
    assert there.adopt_prefix(system, b"not looked at: it is pinned") == sequence
    there.submit(1, [*system, 3], FREE)
    assert finished(run(there)[1]).cached_tokens == 10
    assert len(model.passes[0][0].tokens) == 1
    assert here.export_prefix(system[:4]) is not None


def test_a_prefix_of_other_tokens_or_damaged_is_refused_and_forgotten() -> None:
    here, there = decoder(), decoder(model := HashModel())
    here.pin([1, 2, 3])
    export = here.export_prefix([1, 2, 3])
    assert export is not None
    for tokens, cache in (([1, 2], export), ([1, 2, 3], export[:-1])):
        with pytest.raises(EngineFailed):
            there.adopt_prefix(tokens, cache)
    assert model.sequences() == []


def test_a_cancelled_request_says_nothing_more() -> None:
    decoding = decoder(ends=frozenset())
    decoding.submit(1, [1, 2], replace(FREE, max_tokens=100))
    decoding.submit(2, [3, 4], FREE)
    decoding.step()
    decoding.cancel(1)
    replies = [reply for _ in range(20) for reply in decoding.step()]
    assert [r for r in replies if r.request == 1] == [Finished(1, Ending.CANCELLED, 2, 0, 1)]
    assert replies[0] == Finished(1, Ending.CANCELLED, 2, 0, 1)
    assert collect([r for r in replies if r.request == 2])[2].last == Finished(
        2, Ending.LENGTH, 2, 0, 8
    )
    decoding.cancel(1)
    decoding.cancel(77)
    assert not decoding.busy


def test_a_waiting_request_is_cancelled_too() -> None:
    decoding = decoder(pace=Pace(together=1))
    decoding.submit(1, [1], FREE)
    decoding.submit(2, [2], FREE)
    decoding.step()
    decoding.cancel(2)
    assert run(decoding)[2].last == Finished(2, Ending.CANCELLED, 1, 0, 0)


def test_stop_strings_end_an_answer_before_them() -> None:
    long = replace(FREE, max_tokens=60)
    whole = ask([1], long).text
    for start in range(1, len(whole) - 3, 7):
        stop = whole[start : start + 2]
        said = ask([1], replace(long, stops=("never", stop)))
        assert said.text == whole[: whole.index(stop)]
        assert finished(said).ending is Ending.STOP


def test_an_end_token_ends_an_answer_and_is_not_shown() -> None:
    endings = [ask([n], replace(FREE, max_tokens=60, seed=n)) for n in range(40)]
    stopped = [said for said in endings if finished(said).ending is Ending.STOP]
    assert stopped
    for said in stopped:
        assert len(said.text) == finished(said).new_tokens
        assert tiny_tokenizers.END not in said.text


def test_the_same_seed_says_the_same_and_another_something_else() -> None:
    texts = [ask([1], replace(FREE, seed=seed)).text for seed in (1, 2, 1)]
    assert texts[0] == texts[2] != texts[1]


def test_an_answer_fills_the_context_and_ends() -> None:
    said = ask([1] * 30, replace(FREE, max_tokens=500), HashModel(context=32))
    assert finished(said) == Finished(0, Ending.LENGTH, 30, 0, 3)


def test_an_answer_ends_when_the_whole_cache_is_its_own() -> None:
    said = ask([1] * 6, replace(FREE, max_tokens=500), HashModel(pages=2, page=4))
    assert finished(said).ending is Ending.LENGTH
    assert finished(said).new_tokens == 3


@pytest.mark.parametrize(
    ("prompt", "sampling", "code"),
    [
        ([], FREE, "request_unusable"),
        ([64], FREE, "request_unusable"),
        ([-1], FREE, "request_unusable"),
        ([1], replace(FREE, top_p=7.0), "request_unusable"),
        ([1], replace(FREE, schema="{"), "schema_unusable"),
        ([1] * 200, FREE, "prompt_too_long"),
    ],
    ids=str,
)
def test_what_can_never_be_answered_is_rejected_at_once(
    prompt: list[int], sampling: Sampling, code: str
) -> None:
    model = HashModel()
    said = ask(prompt, sampling, model)
    assert isinstance(said.last, Rejected)
    assert said.last.code == code
    assert said.last.sentence.endswith(".")
    assert said.last.hint
    assert model.passes == []


def test_what_pinned_prefixes_leave_no_room_for_is_rejected() -> None:
    decoding = decoder(HashModel(pages=6, page=4))
    decoding.pin([1] * 16)
    decoding.submit(1, [2] * 12, FREE)
    decoding.submit(2, [1] * 17, FREE)
    said = run(decoding)
    assert isinstance(said[1].last, Rejected)
    assert said[1].last.code == "cache_full"
    assert finished(said[2]).cached_tokens == 16


def test_an_id_under_way_is_not_taken_twice() -> None:
    decoding = decoder()
    decoding.submit(1, [1], FREE)
    with pytest.raises(ValueError, match="under way"):
        decoding.submit(1, [1], FREE)
    run(decoding)
    decoding.submit(1, [1], FREE)


class Failing(HashModel):
    """Fails in its next pass as it is told, once."""

    failure: Exception | None = None
    spoiled = False

    def forward(self, batch: Sequence[Append]) -> Logits:
        failure, self.failure = self.failure, None
        logits = super().forward(batch)
        if failure is not None:
            raise failure
        if self.spoiled:
            logits[0] = np.nan
            self.spoiled = False
        return logits


@pytest.mark.parametrize(
    ("failure", "code"),
    [(RuntimeError("device lost"), "engine_failed"), (MemoryError(), "engine_memory")],
    ids=repr,
)
def test_a_failed_pass_ends_its_requests_and_no_others(failure: Exception, code: str) -> None:
    model = Failing()
    decoding = decoder(model, pace=Pace(together=2))
    for number in range(3):
        decoding.submit(number, [number], FREE)
    decoding.step()
    model.failure = failure
    said = run(decoding)
    for number in (0, 1):
        last = said[number].last
        assert isinstance(last, Rejected)
        assert last.code == code
        assert "device lost" not in last.sentence
    assert said[2].text == ask([2]).text
    decoding.submit(7, [0], FREE)
    assert run(decoding)[7].text == ask([0]).text  # and nothing of the failed pass is reused
    assert finished(said[2]).cached_tokens == 0


def test_one_useless_row_ends_its_own_request_only() -> None:
    model = Failing()
    decoding = decoder(model)
    decoding.submit(1, [1], FREE)
    decoding.submit(2, [2], FREE)
    model.spoiled = True
    said = run(decoding)
    assert isinstance(said[1].last, Rejected)
    assert said[1].last.code == "logits_invalid"
    assert said[2].text == ask([2]).text


def test_an_answer_follows_its_schema_beside_others_that_have_none() -> None:
    tokenizer = tiny_tokenizers.byte_level()
    end = frozenset({tiny_tokenizers.end_of(tokenizer)})
    decoding = Decoder(HashModel(vocabulary=320), tokenizer, end_tokens=end)
    schema = json.dumps({"type": "array", "items": {"enum": ["mg", "µg"]}, "maxItems": 2})
    for number in range(8):
        sampling = Sampling(
            temperature=1.0, seed=number, max_tokens=100, schema=schema if number % 2 else ""
        )
        decoding.submit(number, [number], sampling)
    said = run(decoding)
    for number in (1, 3, 5, 7):
        assert finished(said[number]).ending is Ending.STOP
        assert set(json.loads(said[number].text)) <= {"mg", "µg"}


def test_without_an_end_token_no_schema_is_promised() -> None:
    decoding = decoder(ends=frozenset())
    decoding.submit(1, [1], replace(FREE, schema='{"type": "null"}'))
    last = run(decoding)[1].last
    assert isinstance(last, Rejected)
    assert last.code == "schema_unusable"


def test_an_end_token_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(EngineFailed):
        decoder(ends=frozenset({64}))
