"""What may be said in place of a document's sentences, and attempts to make it say other things."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance import citations, claims
from appliance.engine.prompts.citing import Draft, at_marks
from appliance.engine.prompts.composed import evidence_lines
from appliance.values import Answer, AnswerMode, AnswerSentence, Citation, Passage, Scored
from tests.contract.fakes import passage_of

SIGNS = ("Signs of sepsis include:", "- Fever.", "- Low blood pressure.", "- Confusion.")
AFTER = "A consultant is called."
CRITERIA = (
    "The patient may go home if:",
    "• the pulse is below 100",
    "• pain is controlled",
    AFTER,
)
DOSES = ("Doses for adults are:", "- apixaban: 5 mg", "- rivaroxaban: 20 mg", AFTER)
NEVER = ("Never give these together:", "- Warfarin.", "- Aspirin.", AFTER)


def carried(sentence: str, *statements: str, headings: tuple[str, ...] = ()) -> bool:
    passage = _under(passage_of(1, *statements), headings)
    said = claims.sentence_of(sentence)
    return any(claims.carried(said, one) for one in claims.statements(passage))


def _under(passage: Passage, headings: tuple[str, ...]) -> Passage:
    return Passage(
        passage.collection, passage.document, passage.key, passage.title, passage.text,
        passage.sentences, headings, passage.spans, passage.paged,
    )  # fmt: skip


LISTS = [
    ("Signs of sepsis include: fever; low blood pressure; confusion.", (*SIGNS, AFTER)),
    ("Signs of sepsis include: Fever; Low blood pressure; Confusion.", (*SIGNS, AFTER)),
    ("The patient may go home if: the pulse is below 100; pain is controlled.", CRITERIA),
    ("Doses for adults are: apixaban: 5 mg; rivaroxaban: 20 mg.", DOSES),
    ("Never give these together: warfarin; aspirin.", NEVER),
    (
        "Signs include fever, rash and muscle pain.",
        ("Signs include", "- fever", "- rash", "- muscle pain", AFTER),
    ),
    (
        "The notice must be: clear; separate; and in writing.",
        ("The notice must be:", "(i) Clear;", "(ii) Separate; and", "(iii) In writing.", AFTER),
    ),
]


@pytest.mark.parametrize(("sentence", "statements"), LISTS)
def test_a_list_may_be_said_in_one_sentence(sentence: str, statements: tuple[str, ...]) -> None:
    assert carried(sentence, *statements)


TURNED = [
    # an item left out, added, moved, or of another list
    ("Signs of sepsis include: fever; confusion.", (*SIGNS, AFTER)),
    ("The patient may go home if: the pulse is below 100.", CRITERIA),
    ("The patient may go home if: pain is controlled.", CRITERIA),
    ("Signs of sepsis include: fever; low blood pressure; confusion; rash.", (*SIGNS, AFTER)),
    ("Doses for adults are: rivaroxaban: 20 mg; apixaban: 5 mg.", DOSES),
    # doses, drugs, negations and conditions
    ("Doses for adults are: apixaban: 20 mg; rivaroxaban: 5 mg.", DOSES),
    ("Doses for adults are: apixaban: 50 mg; rivaroxaban: 20 mg.", DOSES),
    ("Doses for children are: apixaban: 5 mg; rivaroxaban: 20 mg.", DOSES),
    ("Give these together: warfarin; aspirin.", NEVER),
    ("Never give these: warfarin; aspirin.", NEVER),
    ("The patient may go home: the pulse is below 100; pain is controlled.", CRITERIA),
    ("The patient may go home if: the pulse is above 100; pain is controlled.", CRITERIA),
    # "and" where the document leaves open how its items go together
    ("The patient may go home if the pulse is below 100 or pain is controlled.", CRITERIA),
    ("The patient may go home if: the pulse is below 100; or pain is controlled.", CRITERIA),
    ("Never give these together warfarin and aspirin.", NEVER),
    (
        "Signs are fever and pain in the chest.",
        ("Signs are", "- fever", "- pain in the chest", AFTER),
    ),
    (
        "Signs include severe pain, rash and cough.",
        ("Signs include", "- severe pain", "- rash", "- cough", AFTER),
    ),
    (
        "Signs include no, rash and cough.",
        ("Signs include", "- no", "- rash", "- cough", AFTER),
    ),
    # a list that may not be whole
    (
        "Give all of these: oxygen; fluids.",
        ("Give all of these:", "- Oxygen.", "- Fluids."),
    ),
    (
        "Signs include: fever; rash.",
        ("Signs include:", "- Fever.", "- Rash.", "It may itch.", "- Cough.", AFTER),
    ),
    (
        "Doses are: apixaban; rivaroxaban.",
        ("Doses are:", "- apixaban", "- rivaroxaban", "- 20 mg", AFTER),
    ),
    (
        "Types are: acute; mild; severe.",
        ("Types are:", "- acute", "(1) mild", "(2) severe", AFTER),
    ),
    (
        "Give: oxygen; fluids:; saline.",
        ("Give:", "- Oxygen.", "- Fluids:", "- Saline.", AFTER),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "statements"), TURNED)
def test_a_list_is_said_whole_in_its_order_and_as_it_stands(
    sentence: str, statements: tuple[str, ...]
) -> None:
    assert not carried(sentence, *statements)


def test_a_list_under_something_that_turns_it_says_nothing() -> None:
    assert not carried("Give: warfarin; aspirin.", "Never do this:", "Give:", "- Warfarin.",
                       "- Aspirin.", AFTER)  # fmt: skip
    assert not carried("Signs include: fever; rash.", "Contraindications", "Signs include:",
                       "- Fever.", "- Rash.", AFTER)  # fmt: skip


BARE = [
    ("The dose is halved.", "4.1 The dose is halved.", ("4 Dose",)),
    ("Give 5 mg with food.", "Note: Give 5 mg with food.", ()),
    ("Patients on dialysis wait 72 hours.", "However, patients on dialysis wait 72 hours.", ()),
    ("Relatives are told.", "Also, relatives are told.", ()),
]
KEPT = [
    ("Patients need a nurse.", "2.5 Patients need a nurse.", ()),  # a number, not a section's
    ("Patients need a nurse.", "2.5 Patients need a nurse.", ("4 Nursing",)),
    ("Give 5 mg at night.", "Also, give 5 mg at night.", ()),  # on top of what?
    ("Give one tablet.", "In addition, give one tablet.", ()),
    ("Stop warfarin.", "Otherwise, stop warfarin.", ()),
    ("Stop warfarin.", "If so, stop warfarin.", ()),
    ("Stop warfarin.", "Instead, stop warfarin.", ()),
    ("Give 5 mg.", "Wrong: Give 5 mg.", ()),
    ("Give 5 mg.", "Children: Give 5 mg.", ()),
    ("Requests the device.", "(i) Requests the device.", ()),  # one of several conditions
]


@pytest.mark.parametrize(("sentence", "statement", "headings"), BARE)
def test_a_sections_number_a_label_and_an_opening_may_be_left_out(
    sentence: str, statement: str, headings: tuple[str, ...]
) -> None:
    assert carried(sentence, statement, headings=headings)
    assert carried(statement, statement, headings=headings)


@pytest.mark.parametrize(("sentence", "statement", "headings"), KEPT)
def test_what_carries_meaning_may_not(
    sentence: str, statement: str, headings: tuple[str, ...]
) -> None:
    assert not carried(sentence, statement, headings=headings)


def test_what_leans_still_leans_without_its_opening() -> None:
    passage = passage_of(1, "Warfarin is stopped.", AFTER, "However, it is given in pregnancy.")
    other = passage_of(2, "Apixaban is stopped.")
    found = [Scored(passage, 1, 1, 1, 1), Scored(other, 1, 1, 2, 2)]
    draft = Draft([other, passage], "m", at_marks)
    list(draft.add("Apixaban is stopped. [1] It is given in pregnancy. [2]"))
    checked = citations.check(_last(draft), found, "required")
    assert [sentence.text for sentence in checked.sentences] == ["Apixaban is stopped."]


WORDS = st.sampled_from("fever rash cough pain Warfarin apixaban 5 20 mg not no and or if".split())
ITEMS = st.lists(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), min_size=2, max_size=5)


@settings(deadline=None)
@given(ITEMS, ITEMS, st.sampled_from([": ", " "]), st.sampled_from(["; ", ", ", " and "]))
def test_no_other_list_is_ever_carried(
    known: list[str], said: list[str], colon: str, between: str
) -> None:
    statements = ("Signs include:", *(f"- {item}" for item in known), AFTER)
    sentence = f"Signs include{colon}{between.join(said)}."
    if carried(sentence, *statements):
        kept = [word.lower() for item in said for word in item.replace(" and ", " ").split()]
        there = [word.lower() for item in known for word in item.replace(" and ", " ").split()]
        assert [w for w in kept if w != "and"] == [w for w in there if w != "and"]


@settings(deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=8), st.lists(WORDS, min_size=1, max_size=8))
def test_no_other_words_are_ever_carried_behind_an_opening(
    known: list[str], said: list[str]
) -> None:
    for opening in ("However, ", "Also, ", "Note: ", "4.1 "):
        statement = f"{opening}Patients {' '.join(known)}."
        if carried(f"Patients {' '.join(said)}.", statement, headings=("4 Dose",)):
            assert said == known


def test_a_composed_list_cites_its_lead_and_all_its_items() -> None:
    passage = passage_of(1, *SIGNS, AFTER)
    draft = Draft([passage], "m", at_marks)
    list(draft.add("Signs of sepsis include: fever; low blood pressure; confusion. [1]"))
    checked = citations.check(_last(draft), [Scored(passage, 1, 1, 1, 1)], "required")
    (sentence,), (citation,) = checked.sentences, checked.citations
    assert sentence.supported
    assert citation.quote == " ".join(SIGNS)


def test_two_patients_are_never_one() -> None:
    anna = passage_of(1, "Anna has these:", "- diabetes", "- gout", AFTER)
    ben = passage_of(2, "Ben has these:", "- asthma", "- gout", AFTER)
    draft = Draft([anna, ben], "m", at_marks)
    list(draft.add("Anna has these: asthma; gout. [2] Ben has these: diabetes; gout. [1][2] "))
    found = [Scored(anna, 1, 1, 1, 1), Scored(ben, 1, 1, 2, 2)]
    assert citations.check(_last(draft), found, "required").sentences == ()


def test_evidence_is_whole_sentences_and_whole_lists() -> None:
    passage = passage_of(1, AFTER, *SIGNS, "It is urgent.", "Table 1: Doses")
    start, end = passage.text.index("- Low"), len(passage.text)
    quoted = Answer(
        (AnswerSentence("Low blood pressure.", (1,)),),
        (Citation(1, passage, start, start + 10), Citation(2, passage, end - 5, end)),
        AnswerMode.QUOTE, "m", 1.0, 0.5,
    )  # fmt: skip
    assert [line.text for line in evidence_lines(quoted)] == [" ".join(SIGNS)]


def _last(draft: Draft) -> Answer:
    last = draft.answer()
    for step in draft.finish():
        last = step if isinstance(step, Answer) else last
    return last
