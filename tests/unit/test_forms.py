"""A form holds what the schema fixes and what the answer says, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.forms import FormUnfilled, chosen_in, filled
from appliance.values import Answer, AnswerMode, AnswerSentence, Question
from tests.contract.fakes import ANNA, NOON, BagEncoder

SAID = Answer(
    (
        AnswerSentence("Give apixaban 5 mg twice daily.", (1,)),
        AnswerSentence("Stop it 48 hours before surgery; 2.5 mg if weight is below 60 kg.", (2,)),
    ),
    (), AnswerMode.GENERATE, "m", 1.0, 1.0,
)  # fmt: skip
SCHEMA = json.dumps({
    "type": "object",
    "properties": {"drug": {"type": "string"}, "sure": {"enum": ["Yes", "No"]},
                   "kind": {"const": "tablet"}, "hours": {"type": "integer"}},
})  # fmt: skip


@pytest.mark.parametrize(
    "form",
    [
        {"drug": "apixaban"},
        {"drug": "Apixaban", "sure": "Yes", "kind": "tablet", "hours": 48},
        {"drug": "5 mg  twice daily", "hours": 5},
        {"drug": "2.5 mg", "hours": 2.5},
        {"drug": "", "hours": None, "sure": True},
        ["apixaban", ["surgery"]],
    ],
)
def test_what_is_said_or_fixed_stands(form: object) -> None:
    chosen_in(json.dumps(form), SCHEMA, SAID)


@pytest.mark.parametrize(
    "form",
    [
        {"drug": "rivaroxaban"},
        {"drug": "50 mg"},
        {"drug": "mg daily"},
        {"drug": "apix"},
        {"hours": 24},
        {"hours": 4},
        {"hours": 480},
        {"hours": -48},
        {"hours": 4.8},
        {"sure": "Maybe"},
        {"drug": {"sure": "unsaid"}},
        {"apixaban 50 mg": ""},
        {"drug": "5 mg if weight"},
        {"drug": "weight is below 6"},
        {"drug": "60 kg. Give"},
    ],
)
def test_anything_else_does_not(form: object) -> None:
    with pytest.raises(FormUnfilled):
        chosen_in(json.dumps(form), SCHEMA, SAID)


def test_a_choice_is_marked_and_a_number_is_never_one() -> None:
    form = json.dumps({"drug": "apixaban", "sure": "no", "kind": "tablet", "hours": True})
    assert chosen_in(form, SCHEMA, SAID) == ("/sure", "/hours")
    doses = json.dumps({"properties": {"a/b": {"enum": ["5 mg", "50 mg"]}}})
    assert chosen_in('{"a/b": "5 mg"}', doses, SAID) == ()
    with pytest.raises(FormUnfilled):
        chosen_in('{"a/b": "50 mg"}', doses, SAID)
    only = json.dumps({"properties": {"a/b": {"enum": ["50 mg"]}}})
    assert chosen_in('{"a/b": "50 mg"}', only, SAID) == ()


def test_a_field_that_is_called_as_a_keyword_fixes_nothing() -> None:
    named = json.dumps({"properties": {"enum": {"description": "rivaroxaban", "type": "string"}}})
    with pytest.raises(FormUnfilled):
        chosen_in('{"enum": "rivaroxaban"}', named, SAID)


def test_the_name_of_a_field_is_said_too() -> None:
    """Where the schema leaves names open, the model could write into them."""
    free = json.dumps({"type": "object", "additionalProperties": {"type": "string"}})
    assert chosen_in('{"apixaban": "5 mg"}', free, SAID) == ()
    with pytest.raises(FormUnfilled):
        chosen_in('{"rivaroxaban": "5 mg"}', free, SAID)


def test_a_number_keeps_its_sign_and_its_fraction() -> None:
    said = replace(
        SAID, sentences=(AnswerSentence("Base excess \u22125 to 2.5, 1/2 tablet.", (1,)),)
    )
    for form in ('["-5"]', "[-5]", "[2.5]", '["2.5"]'):
        assert chosen_in(form, "{}", said) == ()
    for form in ("[5]", '["5 to 2.5"]', "[2]", '["2 tablet"]', '["\u22125 to 2"]'):
        with pytest.raises(FormUnfilled):
            chosen_in(form, "{}", said)


@pytest.mark.parametrize(
    "data", ["", "{", '{"drug": "aspirin", "drug": "apixaban"}', "[" * 100_000, "[" * 60 + "]" * 60]
)
def test_what_is_no_form_is_refused(data: str) -> None:
    with pytest.raises(FormUnfilled):
        chosen_in(data, SCHEMA, SAID)


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet="abcdefghij 0123456789.", min_size=1, max_size=12))
def test_a_text_passes_only_if_it_stands_there(text: str) -> None:
    plain = " ".join(text.split()).casefold()
    whole = " ".join(sentence.text for sentence in SAID.sentences).casefold()
    try:
        chosen_in(json.dumps({"drug": text}), SCHEMA, SAID)
    except FormUnfilled:
        return
    assert plain in whole


def test_filling_a_form_costs_what_was_written_for_it() -> None:
    former = BagEncoder()
    former.filled = '{"drug": "apixaban"}'
    asked = Question("q", "Which drug?", ANNA, NOON, schema=SCHEMA)
    quoted = filled(asked, SAID, former, lambda: None)
    written = filled(asked, replace(SAID, tokens=40), former, lambda: None)
    assert quoted.tokens > 0
    assert written.tokens == 40 + quoted.tokens
