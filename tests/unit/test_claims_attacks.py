"""What a clinician or a lawyer would try: sentences that a list, a section's number or an opening
word seems to carry, and that mean something else than the document."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance import citations, claims
from appliance.engine.prompts.citing import Draft, at_marks
from appliance.values import Answer, Scored
from tests.contract.fakes import items_of, passage_of

AFTER = "A consultant is called."
HOME = "The patient may go home if:"
GIVE = "Give the patient:"
SIGNS = "Signs include:"


def carried(sentence: str, *statements: str, headings: tuple[str, ...] = ()) -> bool:
    passage = replace(items_of(1, *statements), headings=headings)
    said = claims.sentence_of(sentence)
    return any(claims.carried(said, one) for one in claims.statements(passage))


Attack = tuple[str, tuple[str, ...]]

CUT: list[Attack] = [
    # where the passage ends, on a page or before a table, an item may be missing
    ("The patient may go home if: pain is controlled; the pulse is below 100.",
     (HOME, "- pain is controlled", "- the pulse is below 100")),
    ("Give the patient: oxygen; fluids.", (GIVE, "- oxygen", "- fluids")),
    ("Steps: oxygen; fluids.", ("Steps:", "1. oxygen", "2. fluids")),
    ("The kit holds: gloves; masks.", ("The kit holds:", "- gloves", "- masks")),
    ("Apixaban is stopped with: bleeding; a fall.",
     ("Apixaban is stopped with:", "- bleeding", "- a fall")),
    ("Signs are: fever; rash.", ("Signs are:", "- fever", "- rash")),
    ("Signs are fever and rash.", ("Signs are", "- fever", "- rash")),
    ("The form must include: a name; a date.",
     ("The form must include:", "- a name", "- a date")),
    ("Give the patient: oxygen; and fluids.", (GIVE, "- oxygen; and", "- fluids; and")),
    ("Give the patient: oxygen; and fluids.", (GIVE, "- oxygen; and", "- fluids; and", AFTER)),
    ("Give the patient: oxygen; and fluids; and salt.",
     (GIVE, "- oxygen; and", "- fluids; and", "- salt")),
    ("Give the patient: oxygen; and fluids.", (GIVE, "- oxygen; and", "- fluids")),
    ("Give the patient: oxygen; fluids.", (GIVE, "- oxygen,", "- fluids,", AFTER)),
    ("Give the patient: oxygen; fluids.", (GIVE, "- oxygen", "- fluids", "Page 3 of 7")),
    ("Give the patient: oxygen; fluids.",
     (GIVE, "- oxygen", "- fluids", "Continued on the next page.")),
    ("Give the patient: oxygen; fluids.", (GIVE, "- oxygen", "- fluids", "Drug Dose")),
    ("Give the patient: oxygen; fluids.",
     (GIVE, "- oxygen", "- fluids", "Table 2: Doses", "- salt")),
    ("Give the patient: oxygen; fluids.", (GIVE, "- oxygen.", "- fluids.", AFTER, "● salt.")),
    ("Give the patient: oxygen; fluids.", (GIVE, "- oxygen.", "- fluids.", "☐ salt.")),
    ("Give the patient: oxygen; salt.", (GIVE, "1. oxygen.", "3. salt.", AFTER)),
    ("Give the patient: fluids; salt.", (GIVE, "2. fluids.", "3. salt.", AFTER)),
    ("Give the patient: oxygen; salt.", (GIVE, "(a) oxygen.", "(c) salt.", AFTER)),
]  # fmt: skip
GOING_ON: list[Attack] = [
    # what follows takes part of it back, or adds to it
    ("The patient may go home if: pain is controlled; fever is gone.",
     (HOME, "- pain is controlled", "- fever is gone", "unless the patient bleeds.")),
    ("The patient may go home if: pain is controlled; fever is gone.",
     (HOME, "- pain is controlled.", "- fever is gone.", "Unless the patient bleeds, wait.")),
    ("The patient may go home if: pain is controlled; fever is gone.",
     (HOME, "- pain is controlled.", "- fever is gone.", "Any two of these suffice.")),
    ("The patient may go home if: pain is controlled; fever is gone.",
     (HOME, "- pain is controlled.", "- fever is gone.", "One of the following:",
      "- a relative stays.", "- a nurse visits.")),
    ("The patient may go home if: pain is controlled; fever is gone.",
     (HOME, "- pain is controlled.", "- fever is gone.", "And one of the following:",
      "- a relative stays.", "- a nurse visits.")),
    ("The patient may go home if: pain is controlled; fever is gone.",
     (HOME, "- pain is controlled.", "- fever is gone.", "Diabetics:",
      "- glucose is below 10.", "- ketones are low.")),
    ("The patient may go home if: pain is controlled; fever is gone.",
     (HOME, "- pain is controlled.", "- fever is gone.",
      "In addition, a relative must stay.")),
    ("Patients who are: pregnant; breast-feeding.",
     ("Patients who are:", "- pregnant", "- breast-feeding", "must not take ibuprofen.")),
    ("Patients who are pregnant and old.",
     ("Patients who are", "- pregnant", "- old", "must not take ibuprofen.")),
    ("Aspirin is given: daily; at night.",
     ("Aspirin is given:", "- daily", "- at night", "Exceptions: bleeding.")),
    ("Aspirin is given: daily; at night.",
     ("Aspirin is given:", "- daily", "- at night", "Not in children.")),
    ("Aspirin is given: daily; at night.",
     ("Aspirin is given:", "- daily", "- at night", "Only in adults.")),
    ("Give the patient: oxygen; aspirin except.",
     (GIVE, "- oxygen", "- aspirin except", "pregnant women", AFTER)),
    ("Give the patient: oxygen; aspirin unless.",
     (GIVE, "- oxygen", "- aspirin unless", "The patient bleeds.")),
    ("Give the patient: oxygen; aspirin (not.",
     (GIVE, "- oxygen", "- aspirin (not", "In children).")),
]  # fmt: skip
REFERRED: list[Attack] = [
    # what follows speaks of an item by a number that the sentence would not have
    ("Give: aspirin; heparin.",
     ("Give:", "- aspirin", "- heparin", "The second only in renal failure.")),
    ("Give: aspirin; heparin.",
     ("Give:", "1. aspirin", "2. heparin", "Items 1 and 2 are alternatives.")),
    ("The notice must: be clear; be dated; and be signed.",
     ("The notice must:", "(a) be clear;", "(b) be dated; and", "(c) be signed.",
      "Paragraph (b) does not apply to banks.")),
    ("The notice must: be clear; be dated; and be signed.",
     ("The notice must:", "(a) be clear;", "(b) be dated; and", "(c) be signed,",
      "except where the debtor waives it.")),
    ("Give: aspirin and/or; heparin.", ("Give:", "- aspirin and/or", "- heparin", AFTER)),
]  # fmt: skip
NESTED: list[Attack] = [
    ("Give aspirin if: Fever; above 38 °C; below 40 °C; Pain.",
     ("Give aspirin if:", "- Fever", "- above 38 °C", "- below 40 °C", "- Pain", AFTER)),
    ("Types are: acute; mild; severe; chronic.",
     ("Types are:", "1. acute", "(1) mild", "(2) severe", "2. chronic", AFTER)),
    ("Types are: acute; mild; severe; chronic.",
     ("Types are:", "(a) acute", "(i) mild", "(ii) severe", "(b) chronic", AFTER)),
    ("Types are: acute; chronic.",
     ("Types are:", "• acute", "• chronic", "o mild", "o severe", AFTER)),
    ("Types are: acute; chronic.",
     ("Types are:", "• acute.", "• chronic.", "◦ mild.", "◦ severe.", AFTER)),
    ("Give the patient: adults: oxygen; children: air.",
     (GIVE, "- adults: - oxygen", "- children: - air", AFTER)),
    ("Give the patient: aspirin; if allergic, heparin; oxygen.",
     (GIVE, "- aspirin; if allergic, heparin", "- oxygen", AFTER)),
    ("Give the patient: adults; 5 mg; children.",
     (GIVE, "• adults ◦ 5 mg", "• children", AFTER)),
    ("Give the patient: oxygen; if septic; fluids.",
     (GIVE, "- oxygen", "- if septic:", "- fluids", AFTER)),
    ("Fluids are: salt; sugar.", ("- Fluids are:", "- salt", "- sugar", "- oxygen", AFTER)),
]  # fmt: skip
SIGNED: list[Attack] = [
    # a bullet that is a sign, a range or a part of a number
    ("Temperatures are: 5 °C in the fridge; 20 °C in the freezer.",
     ("Temperatures are:", "- 5 °C in the fridge", "- 20 °C in the freezer", AFTER)),
    ("Temperatures are: 5 °C in the fridge; 20 °C in the freezer.",
     ("Temperatures are:", "– 5 °C in the fridge", "– 20 °C in the freezer", AFTER)),
    ("Temperatures are: 5 °C in the fridge; 20 °C in the freezer.",
     ("Temperatures are:", "-5 °C in the fridge", "-20 °C in the freezer", AFTER)),
    ("Temperatures are: 5 °C in the fridge; 20 °C in the freezer.",
     ("Temperatures are:", "− 5 °C in the fridge", "− 20 °C in the freezer", AFTER)),
    ("Base excess is: 2 mmol/L or less.", ("Base excess is: - 2 mmol/L or less.", AFTER)),
    ("Doses are: apixaban 5; 10 mg.", ("Doses are:", "apixaban 5", "– 10 mg.", AFTER)),
    ("The patient may go home if: the pulse is 60; 100 per minute; pain is controlled.",
     (HOME, "- the pulse is 60 - 100 per minute", "- pain is controlled", AFTER)),
    ("Signs include: pain; severe; rash.", (SIGNS, "- pain - severe", "- rash", AFTER)),
    ("Doses are: 5 mg for adults; 5 mg for children.",
     ("Doses are:", "1. 5 mg for adults", "2. 5 mg for children", AFTER)),
    ("Results are: age; p < 0.05.", ("Results are:", "- age", "* p < 0.05", AFTER)),
    ("Doses are: apixaban 5 mg; heparin 10 mg; halved in children.",
     ("Doses are:", "- apixaban 5 mg*", "- heparin 10 mg*", "* halved in children", AFTER)),
    ("Doses are: apixaban 5 mg; heparin 10 mg.",
     ("Doses are:", "- apixaban 5 mg*", "- heparin 10 mg*", AFTER)),
    ("Tests are: liver; kidney function.", ("Tests are: liver - kidney function.", AFTER)),
]  # fmt: skip
TURNED: list[Attack] = [
    ("Give the patient: aspirin; heparin.",
     ("Do not give the patient:", "- aspirin", "- heparin", AFTER)),
    ("Aspirin; heparin.", ("Contraindications:", "- aspirin", "- heparin", AFTER)),
    ("Give aspirin.", ("Never:", "- Give aspirin.", "- Give heparin.", AFTER)),
    ("Give heparin.", ("Never: - Give aspirin.", "- Give heparin.", AFTER)),
    ("(b) Give heparin.", ("Never:", "(a) Give aspirin.", "(b) Give heparin.", AFTER)),
    ("○ Give heparin.", ("Children:", "○ Give aspirin.", "○ Give heparin.", AFTER)),
    ("Give aspirin: in fever; in pain.",
     ("Give aspirin except:", "- in fever", "- in pain", AFTER)),
    ("Give aspirin: in fever; in pain.",
     ("Give aspirin unless the patient is:", "- in fever", "- in pain", AFTER)),
    ("Give: aspirin; heparin.",
     ("Give one of the following:", "- aspirin", "- heparin", AFTER)),
    ("Give aspirin and heparin.", ("Give any two of:", "- aspirin", "- heparin", AFTER)),
    ("Give: aspirin; heparin.", ("Give at least two of:", "- aspirin", "- heparin", AFTER)),
    ("Give in this order: heparin; aspirin.",
     ("Give in this order:", "1. aspirin", "2. heparin", AFTER)),
    ("Give: aspirin; heparin.", ("Give in this order:", "1. aspirin", "2. heparin", AFTER)),
    ("Give the patient: aspirin; and heparin.", (GIVE, "- aspirin; or", "- heparin", AFTER)),
    ("Give the patient: aspirin; heparin.", (GIVE, "- aspirin; or", "- heparin", AFTER)),
    ("Give the patient: aspirin; or heparin.", (GIVE, "- aspirin", "- heparin", AFTER)),
    ("The drugs are aspirin and heparin.",
     ("The drugs are", "- aspirin or", "- heparin", AFTER)),
    ("Drugs include aspirin, warfarin and heparin flush.",
     ("Drugs include", "- aspirin", "- warfarin", "- heparin flush", AFTER)),
    ('"Adult" means: a person over 18; a spouse.',
     ('"Adult" means any of:', "(a) a person over 18", "(b) a spouse", AFTER)),
    ("Give: morphine 5 mg; oxygen.",
     (AFTER, "Also, give:", "- morphine 5 mg", "- oxygen", AFTER)),
    ("Electrolytes are: mg 2 mmol; K 4 mmol.",
     ("Electrolytes are:", "- Mg 2 mmol", "- K 4 mmol", AFTER)),
    ("Vitamins are: k; B.", ("Vitamins are:", "- K", "- B", AFTER)),
    ("Reported by: us; UK.", ("Reported by:", "- US", "- UK", AFTER)),
    ("Give the patient: oxygen; fluids.",
     (GIVE, "- oxygen", "Contraindications", "- fluids", AFTER)),
    ("Children take: aspirin; heparin.",
     ("Children take:", "- oxygen", AFTER, "Adults take:", "- aspirin", "- heparin", AFTER)),
    ("Give the patient: oxygen.", (GIVE, "- oxygen", AFTER)),
    ("Give the patient.", (AFTER, GIVE)),
    ("Give the patient: aspirin; heparin.", ("- aspirin", "- heparin", AFTER)),
]  # fmt: skip

ATTACKS = [*CUT, *GOING_ON, *REFERRED, *NESTED, *SIGNED, *TURNED]


@pytest.mark.parametrize(("sentence", "statements"), ATTACKS)
def test_a_list_says_nothing_else_than_the_document(
    sentence: str, statements: tuple[str, ...]
) -> None:
    assert not carried(sentence, *statements)


def test_an_items_own_second_sentence_belongs_to_it() -> None:
    text = passage_of(1, SIGNS, "- Fever.", "- Rash.", "High ones above 38 °C.", AFTER)
    parted = replace(text, text=text.text.replace(" - ", "\n- ").replace(" A cons", "\nA cons"))
    said = claims.sentence_of("Signs include: fever; rash.")
    assert not any(claims.carried(said, one) for one in claims.statements(parted))


@pytest.mark.parametrize("heading", ["Contraindications", "3 Do not use", "Withdrawn advice"])
def test_a_heading_that_turns_what_stands_below_turns_its_lists(heading: str) -> None:
    listed = ("Patients with:", "- asthma", "- gout", AFTER)
    assert carried("Patients with: asthma; gout.", *listed, headings=("Aspirin", "4 Use"))
    assert not carried("Patients with: asthma; gout.", *listed, headings=("Aspirin", heading))
    own = ("Aspirin is not given with:", *listed[1:])
    assert carried("Aspirin is not given with: asthma; gout.", *own, headings=(heading,))


OPENINGS = [
    # amounts that look like a section's number
    ("Units of insulin are given.", ("2.5 Units of insulin are given.",), ("2 Insulin",)),
    ("MBq of tracer are given.", ("4.1 MBq of tracer are given.",), ("4 Dose",)),
    ("L of fluid is the limit.", ("1.5 L of fluid is the limit.",), ("1 Fluids",)),
    ("Mg per litre is low.", ("2.5 Mg per litre is low.",), ("2 Magnesium",)),
    ("Million euros may be lent.", ("2.5 Million euros may be lent.",), ("2 Loans",)),
    ("CHF is charged.", ("2.5 CHF is charged.",), ("2 Fees",)),
    ("Per cent is charged.", ("2.5 Per cent is charged.",), ("2 Fees",)),
    ("Nurses are on duty.", ("2.5 Nurses are on duty.",), ("2 Staff",)),
    ("Mg of apixaban is given.", ("2.5 mg of apixaban is given.",), ("2 Dose",)),
    ("Mmol/L is low.", ("4.1 mmol/L is low.",), ("4 Potassium",)),
    ("The dose is halved.", ("4.1 The dose is halved.",), ("14 Dose",)),
    ("The dose is halved.", ("5 The dose is halved.",), ("5 Dose",)),
    # openings: what comes on top of something, or holds under the condition before it
    ("5 mg of morphine is given.", (AFTER, "Furthermore, 5 mg of morphine is given."), ()),
    ("Morphine is given.", (AFTER, "Moreover, morphine is given."), ()),
    ("Give a tablet.", (AFTER, "Also, give a tablet."), ()),
    ("Give morphine.", (AFTER, "Also, give morphine."), ()),
    ("Aspirin is added.", (AFTER, "In addition, aspirin is added."), ()),
    ("A second bag is hung.", (AFTER, "Additionally, a second bag is hung."), ()),
    ("Fees are doubled, 5 % more.", (AFTER, "Also, fees are doubled, 5 % more."), ()),
    ("Vitamin K is given.",
     ("If the INR is above 5, wait.", "However, vitamin K is given."), ()),
    ("Aspirin is safe.", ("In children, nothing is safe.", "However, aspirin is safe."), ()),
    ("Relatives are told.", ("Wait unless septic.", "Also, relatives are told."), ()),
    ("Relatives are told.", ("Also, relatives are told.",), ()),
    ("Patients wait.", ("However, patients wait.",), ()),
    # labels that limit or turn
    ("Give aspirin.", ("Caution: Give aspirin.",), ()),
    ("Give aspirin.", ("Exception: Give aspirin.",), ()),
    ("Give aspirin.", ("Not recommended: Give aspirin.",), ()),
    ("In adults.", ("Note: Only in adults.",), ()),
    ("Give aspirin.", ("Note: Never do this: Give aspirin.",), ()),
    ("Give aspirin.", ("Note:", "Give aspirin."), ()),
    ("Much aspirin is given.", (AFTER, "However much aspirin is given."), ()),
    ("Give aspirin.", (AFTER, "However, if septic, give aspirin."), ()),
    ("Requests the device.", ("(ii) Requests the device.",), ()),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "statements", "headings"), OPENINGS)
def test_what_stands_before_a_sentence_is_kept_where_it_may_matter(
    sentence: str, statements: tuple[str, ...], headings: tuple[str, ...]
) -> None:
    assert not carried(sentence, *statements, headings=headings)


HARMLESS = [
    ("The patient may go home if: pain is controlled; fever is gone.",
     (HOME, "- Pain is controlled.", "- Fever is gone.", AFTER), ()),
    ("Give one of the following: aspirin; heparin.",
     ("Give one of the following:", "- Aspirin", "- Heparin", AFTER), ()),
    ("Give in this order: aspirin; heparin.",
     ("Give in this order:", "1. Aspirin", "2. Heparin", AFTER), ()),
    ("Never give the patient: aspirin; heparin.",
     ("Never give the patient:", "• aspirin", "• heparin", AFTER), ()),
    ("Doses are: 5 mg for adults; 2.5 mg for children.",
     ("Doses are:", "• 5 mg for adults", "• 2.5 mg for children", AFTER), ()),
    ("Vitamins are: K; B; and A.",
     ("Vitamins are:", "(a) K;", "(b) B; and", "(c) A.", AFTER), ()),
    ("The bank needs: a name; a date; and a signature.",
     ("The bank needs:", "(i) a name;", "(ii) a date; and", "(iii) a signature."), ()),
    ("Electrolytes are: Mg 2 mmol; K 4 mmol.",
     ("Electrolytes are:", "- Mg 2 mmol", "- K 4 mmol", AFTER), ()),
    ("Doses are: apixaban 5 – 10 mg; heparin (low) 2 mg.",
     ("Doses are:", "• apixaban 5 - 10 mg", "• heparin (low) 2 mg", AFTER), ()),
    ("Signs include: fever; rash.", (SIGNS, "- Fever", "- Rash"), ()),
    ("Signs include the following: fever; rash.",
     ("Signs include the following:", "- Fever", "- Rash"), ()),
    ("Signs include: Fever; Rash; Cough.",
     ("Signs include: • Fever • Rash • Cough.", AFTER), ()),
    ("Patients bridged: a; stroke.",
     ("4.2.1 Patients bridged:", "• a", "• stroke", "4.2.2 All other patients wait."),
     ("4 Warfarin",)),
    ("Signs include: fever; rash.",
     (SIGNS, "- Fever.", "- Rash.", "Treatment is:", "- oxygen", "- fluids", AFTER), ()),
    ("Platelets are never refrigerated.",
     ("6.1 Red cells are cooled.", "6.2 Platelets are never refrigerated."), ("6 Storage",)),
    ("A nurse is called.", ("4.1 A nurse is called.",), ("4 Staff",)),
    ("INR is measured.", ("4.1 INR is measured.",), ("4.1 Warfarin",)),
    ("Relatives are told.", ("The ward is full.", "Also, relatives are told."), ()),
    ("Patients on dialysis wait.", (AFTER, "However, patients on dialysis wait."), ()),
    ("Aspirin is given with food.", ("Note: Aspirin is given with food.",), ()),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "statements", "headings"), HARMLESS)
def test_what_turns_nothing_may_be_said(
    sentence: str, statements: tuple[str, ...], headings: tuple[str, ...]
) -> None:
    assert carried(sentence, *statements, headings=headings)


def test_a_list_of_one_patient_is_not_finished_with_an_item_of_anothers() -> None:
    anna = items_of(1, "Anna takes:", "- apixaban", "- heparin", AFTER)
    ben = items_of(2, "Ben takes:", "- aspirin", "- heparin", AFTER)
    found = [Scored(anna, 1, 1, 1, 1), Scored(ben, 1, 1, 2, 2)]
    for written in (
        "Anna takes: apixaban; heparin; aspirin. [1][2]",
        "Anna takes: aspirin; heparin. [1][2]",
        "Ben takes: aspirin; heparin. [1]",
        "Anna takes: apixaban; heparin. [1][3]",
    ):
        draft = Draft([anna, ben], "m", at_marks)
        list(draft.add(written))
        last = [one for one in draft.finish() if isinstance(one, Answer)][-1]
        assert citations.check(last, found, "required").sentences == ()
