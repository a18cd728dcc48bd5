"""What a decoder's requests say, what they share, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from appliance.engine.decoding.decoder import Decoder
from appliance.engine.decoding.model import Append, Logits
from appliance.engine.decoding.request import Ending, Finished, Rejected, Sampling
from appliance.engine.decoding.scheduler import Pace
from appliance.errors import EngineFailed
from tests.engine_model import HashModel
from tests.unit.engine.decoding import tiny_tokenizers
from tests.unit.engine.decoding.asking import (
    FREE,
    ask,
    collect,
    decoder,
    finished,
    lengths,
    run,
)


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
