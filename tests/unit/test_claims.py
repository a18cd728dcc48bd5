"""A written sentence says no more than a statement of a document: attempts to make it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.claims import CONTAINED, carried, claims, leans, statements
from tests.contract.fakes import passage_of

STOP = "Apixaban is stopped 48 hours before surgery."
BOTH = "Apixaban is stopped 48 hours and warfarin 5 days before surgery."
PAIN = (
    "Paracetamol is given at 1 g every 6 hours, at most 4 g in 24 hours, and at most 2 g below "
    "50 kg body weight."
)
AGAIN = (
    "Direct oral anticoagulants such as apixaban may be restarted 24 hours after low bleeding-risk "
    "procedures and 48 to 72 hours after high bleeding-risk procedures."
)
BRIDGE = (
    "Routine bridging is not recommended in atrial fibrillation with a CHA2DS2-VASc score of 4."
)
KIDNEY = "Dose adjustment of apixaban is required when creatinine clearance is below 30 ml/min."

CARRIED = [
    ("Apixaban should be stopped 48 hours before surgery.", STOP),
    ("Stop apixaban 48 h before surgery", STOP),
    ("According to the guideline, apixaban is stopped 48 hours before surgery.", STOP),
    ("Warfarin is stopped 5 days before surgery.", BOTH),
    ("Apixaban is stopped 48 hours before surgery.", BOTH),
    ("Paracetamol is given at 1 g every 6 hours.", PAIN),
    ("Paracetamol is given at most 4 g in 24 hours.", PAIN),
    ("At most 2 g of paracetamol is given below 50 kg.", PAIN),
    ("Apixaban may be restarted 24 hours after low bleeding-risk procedures.", AGAIN),
    ("Apixaban may be restarted 48 to 72 hours after high bleeding-risk procedures.", AGAIN),
    ("Bridging is not routinely recommended in atrial fibrillation.", BRIDGE),
    ("Dose adjustment is required below 30 ml/min.", KIDNEY),
    ("Transfers over $10,000 need two approvals.", "Transfers over $10000 need 2 approvals."),
    ("Wait two hours.", "Wait 2.0 hours."),
]
NOT_CARRIED = [
    # another number, unit, sign or code
    ("Apixaban is stopped 24 hours before surgery.", STOP),
    ("Apixaban is stopped 4.8 hours before surgery.", STOP),
    ("Apixaban is stopped 48 days before surgery.", STOP),
    ("Apixaban is stopped 48% before surgery.", STOP),
    ("Give 5 mg of apixaban.", "Give 5 µg of apixaban."),
    ("Give 5 mg of apixaban.", "Give 5 mg/kg of apixaban."),
    ("Adjust when clearance is < 30 ml/min.", "Adjust when clearance is > 30 ml/min."),
    ("Cool to -5 °C.", "Cool to 5 °C."),
    ("Pay €500 at once.", "Pay $500 at once."),
    ("Use form IG-105.", "Use form IG-104."),
    ("Bridging is recommended with a CHADS2 score of 4.", BRIDGE.replace(" not", "")),
    ("Send it within 5 days.", "Send it within 5 working days."),
    # another name, verb or direction
    ("Dabigatran is stopped 48 hours before surgery.", STOP),
    ("Apixaban is given 48 hours before surgery.", STOP),
    ("Apixaban is stopped 48 hours after surgery.", STOP),
    ("Prednisone is given daily.", "Prednisolone is given daily."),
    ("Dose adjustment is required above 30 ml/min.", KIDNEY),
    ("At least 4 g of paracetamol is given in 24 hours.", PAIN),
    ("Apixaban is recommended in renal failure.", "Apixaban is contraindicated in renal failure."),
    # what is denied
    ("There is evidence of benefit.", "There is no evidence of benefit."),
    ("There is no evidence of benefit.", "There is evidence of benefit."),
    ("Apixaban is not stopped 48 hours before surgery.", STOP),
    ("Bridging is recommended in atrial fibrillation.", BRIDGE),
    ("Give heparin, not warfarin.", "Give warfarin, not heparin."),
    ("Children don't need consent.", "Children need consent."),
    # how surely, and on what condition
    ("The visit is cancelled.", "The visit may be cancelled."),
    ("The visit may be cancelled.", "The visit is cancelled."),
    ("Give apixaban.", "Give apixaban unless the patient bleeds."),
    # numbers in each other's company
    ("Apixaban is stopped 5 days and warfarin 48 hours before surgery.", BOTH),
    ("Warfarin is stopped 48 hours before surgery.", BOTH),
    ("Apixaban is stopped 5 days before surgery.", BOTH),
    ("Give 3 mg of apixaban and 5 mg of warfarin.", "Give 3 mg of warfarin and 5 mg of apixaban."),
    ("At most 4 g of paracetamol is given below 50 kg.", PAIN),
    ("Paracetamol is given at 4 g every 6 hours.", PAIN),
    ("Apixaban may be restarted 24 hours after high bleeding-risk procedures.", AGAIN),
    # nothing said
    ("", STOP),
    ("?!", STOP),
    ("It is.", STOP),
]


@pytest.mark.parametrize(("sentence", "statement"), CARRIED)
def test_what_a_statement_says_is_carried_in_other_words(sentence: str, statement: str) -> None:
    assert CONTAINED <= carried(sentence, [statement]) <= 1


@pytest.mark.parametrize(("sentence", "statement"), NOT_CARRIED)
def test_what_a_statement_does_not_say_is_not_carried(sentence: str, statement: str) -> None:
    assert carried(sentence, [statement]) == 0


def test_two_statements_carry_a_clause_each() -> None:
    other = "Warfarin is stopped 5 days before surgery."
    both = (
        "Apixaban is stopped 48 hours before surgery and warfarin is stopped 5 days before surgery."
    )
    assert carried(both, [STOP, other])
    swapped = both.replace("48 hours", "x").replace("5 days", "48 hours").replace("x", "5 days")
    assert not carried(swapped, [STOP, other])


def test_what_is_said_of_one_thing_is_not_carried_for_another_beside_it() -> None:
    assert not carried(
        "Warfarin is stopped 48 hours before surgery.", [STOP, "Warfarin is continued."]
    )
    assert not carried("Warfarin is stopped before surgery.", [STOP, "Warfarin is continued."])


def test_a_clause_without_a_subject_of_its_own_is_not_carried_by_another_statement() -> None:
    text = "Apixaban is stopped 48 hours before surgery and is given 5 days later."
    assert not carried(text, [STOP, "Warfarin is given 5 days later."])


def test_a_statement_is_read_with_the_one_it_leans_on() -> None:
    passage = passage_of(1, "Warfarin waits.", "It is restarted after 24 hours.", "Ask.")
    found = [passage.text[a:b] for a, b in statements(passage, 0, len(passage.text))]
    assert found == ["Warfarin waits.", "Warfarin waits. It is restarted after 24 hours.", "Ask."]
    assert carried("Warfarin is restarted after 24 hours.", found)


@pytest.mark.parametrize(
    ("text", "answer"), [("It is given.", True), ("These wait.", True), ("Items wait.", False)]
)
def test_sentences_that_lean(text: str, answer: bool) -> None:
    assert leans(text) is answer


@given(st.text(max_size=120), st.text(max_size=120))
def test_no_number_is_carried_that_is_not_there(sentence: str, statement: str) -> None:
    if carried(sentence, [statement]):
        there = {number.value for number in claims(statement).numbers}
        assert {number.value for number in claims(sentence).numbers} <= there


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_numbers_stand_for_themselves_alone(said: int, there: int) -> None:
    strength = carried(f"Give {said} mg of apixaban.", [f"Give {there} mg of apixaban."])
    assert (strength > 0) is (said == there)
