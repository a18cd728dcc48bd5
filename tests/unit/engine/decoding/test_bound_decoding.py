"""No sequence of logits makes a bound decoder write what is not in the evidence."""

from __future__ import annotations

import json
from itertools import count
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models

from appliance.engine.decoding import decoder
from appliance.engine.decoding.bound.automaton import unsupported_items
from appliance.engine.decoding.bound.masking import Bounds
from appliance.engine.decoding.decoder import Decoder
from appliance.engine.decoding.detokenizing import vocabulary_of
from appliance.engine.decoding.request import Ending, Evidence, Finished, Rejected, Sampling
from tests.engine_model import HashModel
from tests.unit.engine.decoding import bound_vocabularies as vocabularies
from tests.unit.engine.decoding.asking import Said, run
from tests.unit.engine.decoding.bound_checker import strangers

PASSAGES = (
    "Stop apixaban 48 hours before surgery; give 5 mg/kg warfarin twice daily (max. 20 mg per day)."
    "\nNGH-CP-014 of 12 March 2024. HbA1c ≥ 6.5%. Keep at 37 °C.",
    "Give 50 mL of Hartmann's solution over 8 hours. Range 5 to 10 mL, or 0.55 mmol/L.",
    "Fees of £5,000 fall due in twelve months. 1, 2 and 3 mg tablets are kept by Dr Smith.",
    "The policy names no number at all.",
)
QUESTION = "Is 500 micrograms of prednisolone enough?"
CHARACTERS = ("0123456789", "0123456789 mgL.", "mgLhdk%£", "AMSWNG", " ,.-–", "aeit ", "")
numbers = count()


def told(kind: str, prompt: list[int], sampling: Sampling, like: str, much: float) -> Said:
    decoding, model = vocabularies.decoder_of(kind)
    model.liking = vocabularies.liking(kind, like, much)
    number = next(numbers)
    decoding.submit(number, [token % model.vocabulary for token in prompt], sampling)
    return run(decoding)[number]


@pytest.mark.parametrize("kind", vocabularies.KINDS)
@settings(deadline=None, max_examples=8)
@given(
    st.lists(st.sampled_from(PASSAGES), max_size=3).map(tuple),
    st.lists(st.integers(0, 1 << 20), min_size=1, max_size=4),
    st.sampled_from(CHARACTERS),
    st.sampled_from([0.0, 6.0, 1000.0]),
    st.sampled_from([0.0, 1.0, 5.0]),
    st.integers(1, 60),
)
def test_no_logits_make_it_write_what_is_not_there(  # noqa: PLR0917 - one for each thing
    kind: str,
    passages: tuple[str, ...],
    prompt: list[int],
    like: str,
    much: float,
    temperature: float,
    most: int,
) -> None:
    evidence = Evidence((*passages, QUESTION), len(passages))
    sampling = Sampling(temperature=temperature, max_tokens=most, evidence=evidence)
    said = told(kind, prompt, sampling, like, much)
    assert isinstance(said.last, Finished), said
    assert strangers(said.text, evidence.texts, evidence.marks) == []
    assert unsupported_items(said.text, evidence) == ()


def test_the_checker_itself_finds_what_it_looks_for() -> None:
    for bad in (
        "Give 5 mL.", "Give 48 days.", "On 12 March 2025.", "NGH-CP-015", "Ask Jones, then Jones.",
        "Take ibuprofen.", "Take three.", "£500", "48 and 50", "[9]", "≥ 5",
    ):  # fmt: skip
        assert strangers(bad, PASSAGES, 4), bad
    for good in PASSAGES:
        assert not strangers(good, PASSAGES, 4), good


def test_a_model_that_wants_nothing_but_digits_writes_those_of_the_evidence() -> None:
    sampling = Sampling(max_tokens=40, evidence=Evidence(("Give 50 mg.",)))
    said = told("glued", [1, 2], sampling, "0123456789mg", 1000.0)
    assert said.text.count("50 mg") > 5
    # Byte by byte too, but there its hash soon likes the end better than all that may follow.
    said = told("bytes", [1, 2], sampling, "0123456789mg", 1000.0)
    assert "50 mg" in said.text


def test_no_number_stands_right_behind_a_code_that_ends_in_one() -> None:
    """Of "CP-014 of 12 March 2024" a model that likes blanks made "CP-014 2024"."""
    evidence = Evidence((*PASSAGES, QUESTION), len(PASSAGES))
    for start in range(40):
        sampling = Sampling(temperature=0.0, max_tokens=30, evidence=evidence)
        said = told("glued", [35370 + start, 3139, 46142, 0], sampling, " ,.-–", 1000.0)
        assert strangers(said.text, evidence.texts, evidence.marks) == []


@pytest.mark.parametrize("most", range(1, 12))
def test_an_item_that_is_cut_short_is_not_shown(most: int) -> None:
    evidence = Evidence(("Give 50 mg/kg.",))
    said = told("bytes", [3], Sampling(max_tokens=most, evidence=evidence), "0123456789mg/k", 1000)
    assert isinstance(said.last, Finished)
    assert said.last.ending in {Ending.LENGTH, Ending.STOP}
    assert unsupported_items(said.text, evidence) == ()


def test_a_stop_string_does_not_cut_a_number_in_two() -> None:
    evidence = Evidence(("Give 50 mg.",))
    sampling = Sampling(max_tokens=40, stops=("0 mg",), evidence=evidence)
    said = told("bytes", [1, 2], sampling, "0123456789mg", 1000.0)
    assert isinstance(said.last, Finished)
    assert said.last.ending is Ending.STOP
    assert "5" not in said.text


def test_each_of_several_answers_has_its_own_evidence() -> None:
    decoding, model = vocabularies.decoder_of("glued")
    model.liking = vocabularies.liking("glued", "0123456789mgL", 1000.0)
    bound = {next(numbers): Evidence((text,)) for text in ("Give 50 mg.", "Give 5 mL.", "No.")}
    for number, evidence in bound.items():
        decoding.submit(number, [number % 7], Sampling(max_tokens=20, evidence=evidence))
    free = next(numbers)
    decoding.submit(free, [1], Sampling(max_tokens=20))
    said = run(decoding)
    for number, evidence in bound.items():
        assert unsupported_items(said[number].text, evidence) == ()
    assert said[free].text
    assert unsupported_items(said[free].text, Evidence(("No.",)))


SCHEMA = {
    "type": "object",
    "properties": {"dose_mg": {"type": "number"}, "note": {"type": "string", "maxLength": 20}},
    "required": ["dose_mg", "note"],
    "additionalProperties": False,
}


def test_a_schema_is_followed_with_numbers_of_the_evidence() -> None:
    schema = json.dumps(SCHEMA)
    sampling = Sampling(max_tokens=200, schema=schema, evidence=Evidence(("Section 14.", "Step 7")))
    for prompt in range(4):
        said = told("bytes", [prompt], sampling, '"0123456789}', 5.0)
        assert isinstance(said.last, Finished), said
        assert said.last.ending is Ending.STOP
        assert json.loads(said.text)["dose_mg"] in {14, 7}


@pytest.mark.parametrize("evidence", ["None.", "Give 50 mg.", "Give 14.5 or 0.145."])
def test_a_schema_that_asks_for_what_is_not_there_is_rejected(evidence: str) -> None:
    """Told as such, with nothing half written shown; others go on."""
    schema = json.dumps(SCHEMA).replace('"number"', '"integer"')
    sampling = Sampling(max_tokens=200, schema=schema, evidence=Evidence((evidence,)))
    for prompt in range(3):
        said = told("bytes", [prompt], sampling, '"0123456789', 5.0)
        assert isinstance(said.last, Rejected)
        assert said.last.code == "evidence_lacking"
        assert said.last.hint
        assert not any(letter.isdigit() for letter in said.text)
    assert isinstance(told("bytes", [1], Sampling(max_tokens=3), "", 0.0).last, Finished)


def test_a_string_that_ends_within_a_word_is_rejected_and_the_word_not_shown() -> None:
    """Where the schema's length leaves no room for the rest of it."""
    schema = json.dumps({"type": "string", "minLength": 3, "maxLength": 3})
    sampling = Sampling(max_tokens=40, schema=schema, evidence=Evidence(("Warfarin",)))
    said = told("bytes", [1], sampling, "Warfin", 1000.0)
    assert isinstance(said.last, Rejected)
    assert said.last.code == "evidence_lacking"
    assert said.text.strip() == '"'


def test_what_is_needed_once_is_there_before_the_first_answer() -> None:
    tokenizer = vocabularies.tokenizer_of("glued")
    rows = len(vocabulary_of(tokenizer).pieces)
    decoding = Decoder(HashModel(vocabulary=rows), tokenizer, end_tokens=frozenset({1}))
    decoding.prepare()
    with patch.object(decoder, "Pieces", None):
        decoding.submit(0, [1], Sampling(max_tokens=3, evidence=Evidence(("Give 5 mg.",))))
    assert isinstance(run(decoding)[0].last, Finished)


def test_a_vocabulary_that_cannot_be_bound_does_not_hinder_others() -> None:
    tokenizer = Tokenizer(models.BPE({"a": 0, "b": 1}, []))
    tokenizer.decoder = decoders.ByteLevel()
    decoding = Decoder(HashModel(vocabulary=2), tokenizer, end_tokens=frozenset())
    decoding.prepare()
    decoding.submit(0, [1], Sampling(max_tokens=3, evidence=Evidence(("b",))))
    decoding.submit(1, [1], Sampling(max_tokens=3))
    said = run(decoding)
    assert isinstance(said[0].last, Rejected)
    assert said[0].last.code == "request_unusable"
    assert isinstance(said[1].last, Finished)


@pytest.mark.parametrize(
    "evidence", [Evidence(("x",) * 65), Evidence(("x" * (1 << 18), "y")), Evidence((), 100)]
)
def test_more_evidence_than_a_prompt_could_hold_is_refused(evidence: Evidence) -> None:
    said = told("bytes", [1], Sampling(evidence=evidence), "", 0.0)
    assert isinstance(said.last, Rejected)
    assert said.last.code == "request_unusable"


@pytest.mark.parametrize("kind", ["glued", "sentence_piece", "stories"])
@settings(deadline=None, max_examples=6)
@given(st.integers(0, 1 << 32), st.lists(st.sampled_from(PASSAGES), max_size=4).map(tuple))
def test_a_token_may_come_exactly_if_its_bytes_may(
    kind: str, seed: int, passages: tuple[str, ...]
) -> None:
    """Along a random answer that likes digits. This is also why nothing is ever stuck."""
    pieces, chance = vocabularies.pieces_of(kind), np.random.default_rng(seed)
    bounds = Bounds(pieces, Evidence(passages, len(passages)))
    place_of, walk = bounds.automaton, bounds.automaton.walk
    for _ in range(12):
        mask, place = bounds.mask(), bounds.place
        for token, piece in enumerate(pieces.pieces):
            if token == vocabularies.end_of(kind):
                assert mask[token] == place_of.whole(place)
            elif piece:
                assert mask[token] == (walk(place, piece) is not None), (token, piece)
        allowed = [int(token) for token in np.flatnonzero(mask) if pieces.pieces[token]]
        assert allowed or place_of.whole(place)
        likely = [token for token in allowed if any(48 <= b < 58 for b in pieces.pieces[token])]
        bounds.accept(int(chance.choice(likely if likely and chance.random() < 0.6 else allowed)))
