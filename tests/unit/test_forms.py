"""A form holds what the schema fixes and what the answer says, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.forms import FormUnfilled, filled, require_quoted
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
    require_quoted(json.dumps(form), SCHEMA, SAID)


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
        {"deep": [{"er": "unsaid"}]},
    ],
)
def test_anything_else_does_not(form: object) -> None:
    with pytest.raises(FormUnfilled):
        require_quoted(json.dumps(form), SCHEMA, SAID)


@pytest.mark.parametrize("data", ["", "{", "[" * 100_000, "[" * 60 + "]" * 60])
def test_what_is_no_form_is_refused(data: str) -> None:
    with pytest.raises(FormUnfilled):
        require_quoted(data, SCHEMA, SAID)


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet="abcdefghij 0123456789.", min_size=1, max_size=12))
def test_a_text_passes_only_if_it_stands_there(text: str) -> None:
    plain = " ".join(text.split()).casefold()
    whole = " ".join(sentence.text for sentence in SAID.sentences).casefold()
    try:
        require_quoted(json.dumps({"drug": text}), SCHEMA, SAID)
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
