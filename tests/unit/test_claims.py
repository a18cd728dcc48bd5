"""A written sentence says no more than a statement of a document: attempts to make it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance import claims
from appliance.claims.parts import items
from tests.contract.fakes import passage_of

STOP = "Apixaban is stopped 48 hours before surgery."
BOTH = "Apixaban is stopped 48 hours and warfarin 5 days before surgery."
BRIDGE = (
    "Routine bridging is not recommended in atrial fibrillation with a CHA2DS2-VASc score of 4."
)
JOINED = "Apixaban is stopped and warfarin is continued."


def carried(sentence: str, *statements: str) -> bool:
    found = claims.statements(passage_of(1, *statements))
    return any(claims.carried(claims.sentence_of(sentence), one) for one in found)


CARRIED = [
    (STOP, STOP),
    ("Apixaban is stopped 48 h before surgery", STOP),
    ("apixaban is stopped 48 hrs before the surgery!", STOP),
    ("According to the documents, apixaban is stopped 48 hours before surgery.", STOP),
    ("Apixaban is stopped 48 hours before surgery.", f"• {STOP}"),
    ("Apixaban is stopped 48 hours before surgery.", f"2. {STOP}"),
    ("Wait two hours.", "Wait 2 h."),
    ("Give 2.5 ml/min.", "Give 2.5 mL/minute."),
    ("Pay 10,000 €.", "Pay 10,000 euros."),
    ("Give 5 mcg of fentanyl.", "Give 5 µg of fentanyl."),
    ("Give 5–10 mg.", "Give 5-10 mg."),
    ("Give 5 mg (see 4.2).", "Give 5 mg [see 4.2]."),
    (JOINED, JOINED),
    (BRIDGE, BRIDGE),
    ("Give ½ tablet.", "Give ½ tablet."),
    ("Do not give aspirin.", "Do not give aspirin."),
    ("Wait 5.000 units.", "Wait 5.000 units."),
    ("Patients with hepatitis B wait.", "Patients with hepatitis B wait."),
]  # fmt: skip
NUMBERS = [
    ("Apixaban is stopped 24 hours before surgery.", STOP),
    ("Apixaban is stopped 4.8 hours before surgery.", STOP),
    ("Apixaban is stopped 48 days before surgery.", STOP),
    ("Apixaban is stopped 48% before surgery.", STOP),
    ("Give 5 mg of apixaban.", "Give 5 µg of apixaban."),
    ("Give 5 mg of apixaban.", "Give 5 Mg of apixaban."),
    ("Give 5 mg of apixaban.", "Give 5 mg/kg of apixaban."),
    ("Give 5 mg of apixaban.", "Give 5 mg per kg of apixaban."),
    ("Give 5 mg.", "Give 5 mg / kg."),
    ("Give 6 units per day.", "Give 6 units per hour, for one day."),
    ("Cool to 5 °C.", "Cool to -5 °C."),
    ("Cool to 5 °C.", "Cool to – 5 °C."),
    ("5 °C is needed.", "– 5 °C is needed."),
    ("Give 2 tablets.", "Give ½ tablet."),
    ("Give 1 tablet.", "Give 1½ tablets."),
    ("Give 11/2 tablets.", "Give 1½ tablets."),
    ("Give 2 tablets.", "Give 1/2 tablets."),
    ("Give 1 tablet.", "Give 1/2 tablets."),
    ("Give 5 mg.", "Give twenty-five mg."),
    ("Give 20-5 mg.", "Give twenty-five mg."),
    ("Give 25 mg.", "Give twenty-five mg."),
    ("Give 100 mg.", "Give two hundred mg."),
    ("Give 2 hundred mg.", "Give two hundred mg."),
    ("Give 5 units.", "Give 5.000 units."),
    ("Give 5000 units.", "Give 5.000 units."),
    ("Give 5000 units.", "Give 5,000 units."),
    ("Give 2.5 units.", "Give 2,5 units."),
    ("Use section 2.1.", "Use section 2.10."),
    ("Pay 500 €.", "Pay 10 500 €."),
    ("Pay 10500 €.", "Pay 10 500 €."),
    ("Pay £5.", "Pay £5 million."),
    ("Pay £5.", "Pay £5m."),
    ("Pay €500 at once.", "Pay $500 at once."),
    ("Give 10 mg.", "Give 5 to 10 mg."),
    ("Give 5 mg.", "Give 5-10 mg."),
    ("Give 3 mg.", "Give 1.5 × 10^3 mg."),
    ("Give 1.5 mg.", "Give 1.5 × 10³ mg."),
    ("Give 103 cells.", "Give 10³ cells."),
    ("Use form IG-105.", "Use form IG-104."),
    ("Bridging is recommended with a CHADS2 score of 4.", BRIDGE.replace(" not", "")),
    ("Send it within 5 days.", "Send it within 5 working days."),
]
LIMITS = [
    ("Hold digoxin if the pulse is > 50.", "Hold digoxin if the pulse is < 50 or potassium > 6."),
    ("Hold digoxin if the pulse is 50.", "Hold digoxin if the pulse is < 50 or potassium > 6."),
    ("The pulse is > 50.", "Hold digoxin if the pulse is < 50 or potassium > 6."),
    ("The pulse is 50.", "Hold digoxin if the pulse is < 50 or potassium > 6."),
    ("Adjust when clearance is < 30 ml/min.", "Adjust when clearance is > 30 ml/min."),
    ("Adjust when clearance is < 30 ml/min.", "Adjust when clearance is ≤ 30 ml/min."),
    ("Wait 5 days.", "Wait 5 ± 2 days."),
    ("Wait 5 days.", "Wait at least 5 days."),
    ("Wait at least 5 days.", "Wait 5 days."),
    *(
        ("Give 5 mg.", f"Give {limit} 5 mg.")
        for limit in ("less than", "above", "at most", "over", "under", "up to", "a maximum of")
    ),
    ("Give 5 mg.", "Give 5 mg maximum."),
    ("Adjust the dose above 30 ml/min.", "Adjust the dose below 30 ml/min."),
]  # fmt: skip
DENIED = [
    (
        "Give potassium chloride undiluted.",
        "Do not, under any circumstances, give potassium chloride undiluted.",
    ),
    (
        "Ibuprofen is safe in late pregnancy.",
        "Ibuprofen is not recommended or considered safe in late pregnancy.",
    ),
    (
        "Steroids improve survival in sepsis.",
        "There is no clinical evidence that steroids improve survival in sepsis.",
    ),
    ("Warfarin is stopped.", "Warfarin is never, ever stopped."),
    ("Warfarin is recommended.", "Warfarin is not (repeat: not) recommended."),
    (
        "Methotrexate should be given daily.",
        "Under no circumstances whatsoever should methotrexate be given daily.",
    ),
    ("Warfarin is stopped.", "Warfarin isn't stopped."),
    ("Warfarin is stopped.", "Warfarin isn’t stopped."),
    ("Apixaban wird gegeben.", "Apixaban wird nicht gegeben."),
    ("Apixaban ist sicher.", "Kein Apixaban ist sicher."),
    ("Donnez l'aspirine.", "Ne donnez pas l'aspirine."),
    ("Aspirina es segura.", "Aspirina no es segura."),
    ("There is evidence of benefit.", "There is no evidence of benefit."),
    ("There is no evidence of benefit.", "There is evidence of benefit."),
    ("No aspirin is safe.", "No, aspirin is safe."),
    ("Give heparin, not warfarin.", "Give warfarin, not heparin."),
    ("Warfarin is continued.", "Aspirin is not given and warfarin is continued."),
    ("Apixaban is stopped.", "Apixaban is stopped and warfarin is not."),
]
TURNED = [
    ("Give ibuprofen in pregnancy.", "Avoid giving ibuprofen in pregnancy."),
    ("Give enoxaparin.", "Stop giving enoxaparin."),
    ("Aspirin prevents stroke.", "Aspirin fails to prevent stroke."),
    ("Aspirin prevent stroke.", "Aspirin fails to prevent stroke."),
    ("Give aspirin before surgery.", "Give paracetamol before surgery instead of aspirin."),
    (
        "Patients with fever receive antibiotics.",
        "Patients without any sign of infection or fever receive antibiotics.",
    ),
    ("Apixaban is given in renal failure.", "Apixaban is withheld in renal failure."),
    ("Apixaban is recommended.", "Apixaban is contraindicated."),
    ("Aspirin is safe.", "Aspirin is unsafe."),
    ("Apixaban is stopped 48 hours after surgery.", STOP),
    ("Give apixaban.", "Give apixaban unless the patient bleeds."),
    ("Give apixaban.", "Give apixaban only in adults."),
    ("Give apixaban.", "Give apixaban until surgery."),
    ("Give apixaban.", "Give apixaban in adults."),
    ("Give penicillin.", "Give heparin to patients allergic to penicillin."),
    ("Give heparin.", "Give heparin to patients allergic to penicillin."),
    ("Stop warfarin.", "If the INR is above 5, stop warfarin."),
    ("The visit is cancelled.", "The visit may be cancelled."),
    ("The visit may be cancelled.", "The visit is cancelled."),
    ("Warfarin is continued.", "If apixaban is stopped and warfarin is continued, give vitamin K."),
    ("Warfarin is safe.", "Some wrongly believe apixaban is safe and warfarin is safe."),
    ("Warfarin is safe.", "Suppose aspirin is safe and warfarin is safe."),
    ("Apixaban is given.", "Apixaban is given and warfarin is stopped in renal failure."),
    ("Aspirin is safe.", "Aspirin is safe?"),
    ("The guideline says apixaban is stopped 48 hours before surgery.", STOP),
]
EXCHANGED = [
    ("Dabigatran is stopped 48 hours before surgery.", STOP),
    ("Apixaban is given 48 hours before surgery.", STOP),
    ("Prednisone is given daily.", "Prednisolone is given daily."),
    ("Rifampicin reduces the effect of warfarin.", "Warfarin reduces the effect of rifampicin."),
    ("Switch from apixaban to warfarin.", "Switch from warfarin to apixaban."),
    ("Give apixaban before warfarin.", "Give warfarin before apixaban."),
    ("Aspirin displaces warfarin.", "Warfarin displaces aspirin."),
    ("Aspirin displaces warfarin.", "Aspirin is displaced by warfarin."),
    ("Aspirin is lower than warfarin.", "Warfarin is lower than aspirin."),
    *(
        (f"Give {kind} {other}.", f"Give {kind} {one}.")
        for kind, one, other in (
            ("vitamin", "D", "K"),
            ("hepatitis", "B", "C"),
            ("group", "A", "B"),
            ("factor", "X", "V"),
        )
    ),
    ("Give vitamin.", "Give vitamin K."),
    ("Apixaban is stopped 5 days and warfarin 48 hours before surgery.", BOTH),
    ("Warfarin is stopped 48 hours before surgery.", BOTH),
    ("Apixaban is stopped 5 days before surgery.", BOTH),
    ("Give 3 mg of apixaban and 5 mg of warfarin.", "Give 3 mg of warfarin and 5 mg of apixaban."),
    ("Warfarin is stopped.", JOINED),
    ("Heparin is stopped.", "Stop apixaban and give heparin."),
    ("Apixaban is stopped and warfarin is stopped.", JOINED),
    ("Adam Smith waits.", "Adams Smith waits."),
]
NOTHING = [("", STOP), ("?!", STOP), (".", "."), ("", ""), ("The.", "The.")]
STRICTER_THAN_NEEDED = [
    ("Stop apixaban 48 hours before surgery.", STOP),
    ("Apixaban should be stopped 48 hours before surgery.", STOP),
    ("Apixaban is stopped 48 hours before surgery.", BOTH),
    ("Bridging is not routinely recommended in atrial fibrillation.", BRIDGE),
    ("Transfers over $10,000 need two approvals.", "Transfers over $10000 need 2 approvals."),
    ("Warfarin is stopped.", "Apixaban and warfarin are stopped."),
    ("Warfarin is continued.", JOINED),
    ("Apixaban is stopped.", JOINED),
    ("Wait 2 hours.", "Wait 2.0 hours."),
]


@pytest.mark.parametrize(("sentence", "statement"), CARRIED)
def test_what_a_statement_says_is_carried_in_other_spellings(sentence: str, statement: str) -> None:
    assert carried(sentence, statement)


@pytest.mark.parametrize(
    ("sentence", "statement"), [*NUMBERS, *LIMITS, *DENIED, *TURNED, *EXCHANGED, *NOTHING]
)
def test_what_a_statement_does_not_say_is_not_carried(sentence: str, statement: str) -> None:
    assert not carried(sentence, statement)


@pytest.mark.parametrize(("sentence", "statement"), STRICTER_THAN_NEEDED)
def test_what_would_have_been_right_is_not_carried_either(sentence: str, statement: str) -> None:
    """The cost of the rule, written down: whoever loosens it meets the cases above."""
    assert not carried(sentence, statement)


def test_no_sentence_is_put_together_out_of_two_statements() -> None:
    other = "Warfarin is stopped 5 days before surgery."
    assert not carried(
        f"{STOP.removesuffix('.')} and warfarin is stopped 5 days before surgery.", STOP, other
    )
    assert not carried("Warfarin is stopped 48 hours before surgery.", STOP, other)


def test_a_statement_that_goes_on_from_the_one_before_says_nothing_alone() -> None:
    assert not carried("Give aspirin to children.", "Do not, e.g.", "give aspirin to children.")
    assert not carried("Give aspirin.", "Give aspirin.", "but not to children.")
    assert not carried("Give aspirin.", "give aspirin.")
    assert not carried("Give aspirin.", "Under no circumstances, at night,", "Give aspirin.")
    assert not carried("Give aspirin.", "Give aspirin")
    assert not carried("Give aspirin.", "Give aspirin", "Unless the patient bleeds, wait.")
    assert carried("Give aspirin.", 'Ask "why?"', "Give aspirin.")


def test_under_a_lead_that_turns_nothing_is_said() -> None:
    lead = "Never do the following:"
    assert not carried("Give potassium undiluted.", lead, "Give potassium undiluted.")
    assert not carried("Give aspirin.", lead, "Give potassium undiluted.", "• Give aspirin.")
    for heading in ("DO NOT", "Contraindications", "Withdrawn advice"):
        assert not carried("Give potassium.", heading, "Take care.", "Give potassium.")
    assert not carried("Give aspirin.", "Use in pregnancy", "Give aspirin.")
    assert carried("Rest.", "Use in pregnancy", "Give aspirin.", "Rest.")


def test_of_a_list_under_a_lead_nothing_is_said_alone() -> None:
    listed = ("Children:", "• Give 5 mg.", "• Give aspirin.", "Adults take 10 mg.")
    assert not carried("Give 5 mg.", *listed)
    assert not carried("Give aspirin.", *listed)
    assert carried("Adults take 10 mg.", *listed)


@pytest.mark.parametrize(
    ("text", "leaning"),
    [
        ("It is given.", claims.Leaning.FULLY),
        ("These wait.", claims.Leaning.FULLY),
        ("Then stop.", claims.Leaning.FULLY),
        ("Stop it 48 hours before.", claims.Leaning.FULLY),
        ("The dose is halved.", claims.Leaning.LIGHTLY),
        ("Her dose is halved.", claims.Leaning.LIGHTLY),
        ("Give 5 mg daily.", claims.Leaning.LIGHTLY),
        ("Restart after surgery.", claims.Leaning.LIGHTLY),
        ("Give the dose slowly.", claims.Leaning.LIGHTLY),
        ("Is stopped.", claims.Leaning.LIGHTLY),
        ("Stop.", claims.Leaning.LIGHTLY),
        ("Contraindicated in pregnancy.", claims.Leaning.LIGHTLY),
        ("Not recommended for children.", claims.Leaning.LIGHTLY),
        ("Safe in pregnancy.", claims.Leaning.LIGHTLY),
        ("Dose is 5 mg.", claims.Leaning.LIGHTLY),
        ("Die Dosis ist 5 mg.", claims.Leaning.LIGHTLY),
        ("Sie wird halbiert.", claims.Leaning.FULLY),
        ("Items wait.", claims.Leaning.NOT),
        ("Patients with fever wait.", claims.Leaning.NOT),
        ("Give apixaban 5 mg daily.", claims.Leaning.NOT),
        ("", claims.Leaning.NOT),
    ],
)
def test_sentences_that_lean_on_the_one_before(text: str, leaning: claims.Leaning) -> None:
    assert claims.leaning(text) is leaning


@given(st.text(max_size=120), st.text(max_size=120))
def test_nothing_is_carried_that_is_not_said_there(sentence: str, statement: str) -> None:
    if carried(sentence, f"{statement}."):
        assert set(items(sentence)) <= set(items(statement)) | {"according", "to", "document", ","}


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_numbers_stand_for_themselves_alone(said: int, there: int) -> None:
    assert carried(f"Give {said} mg of apixaban.", f"Give {there} mg of apixaban.") is (
        said == there
    )


def noted(words: list[str]) -> str:
    return f"Note {' '.join(words)}."


WORDS = st.lists(
    st.sampled_from("aspirin heparin is not avoid give 5 mg kg per / < and ; , if in K B".split()),
    min_size=1,
    max_size=9,
)


@given(WORDS, st.data())
def test_a_statement_without_one_of_its_words_is_not_the_statement(
    words: list[str], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(words) - 1))
    assert not carried(noted(words[:at] + words[at + 1 :]), noted(words))


@given(WORDS, WORDS)
def test_words_in_another_order_are_not_the_statement(one: list[str], other: list[str]) -> None:
    assert carried(noted(one), noted(other)) is (one == other)


def test_a_dash_within_a_sentence_is_part_of_what_it_says() -> None:
    assert items("Stop apixaban - never heparin.") != items("Stop apixaban never heparin.")
    assert "apixaban" in items("Stop apixaban - never heparin.")
    assert "-" in items("Stop apixaban - never heparin.")
