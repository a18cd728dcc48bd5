"""Questions to begin with: out of headings that text follows, never those every document has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.suggesting import as_question, questions
from appliance.values import Block, BlockKind, Page

TEXT = "At least 72 hours must have passed since the last dose of apixaban or rivaroxaban."


def page(*parts: tuple[BlockKind, str]) -> Page:
    text, blocks = "", []
    for kind, words in parts:
        level = 2 if kind is BlockKind.HEADING else 0
        blocks.append(Block(kind, len(text), len(text) + len(words), level))
        text += words + "\n"
    return Page(1, text, tuple(blocks), 0.0, 0.0)


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        (
            "3.4 Bleeding risk of the procedure",
            "What is said about bleeding risk of the procedure?",
        ),
        ("Liability for unauthorized use.", "What is said about liability for unauthorized use?"),
        ("§ 12 Time limits", "What is said about time limits?"),
        ("B. Hand hygiene", "What is said about hand hygiene?"),
        ("Vitamin K in warfarin bleeding", "What is said about Vitamin K in warfarin bleeding?"),
        ("When is lactate measured again?", "When is lactate measured again?"),
        ("Who is at risk for Kaposi Sarcoma? ?", "Who is at risk for Kaposi Sarcoma?"),
        ("Scope of practice", "What is said about scope of practice?"),
        ("1 Purpose and scope", ""),
        ("Aims, scope and definitions of this policy", ""),
        ("Table 1: Bleeding risk by procedure", ""),
        ("Warfarin", ""),
        ("Why?", ""),
        ("  ", ""),
    ],
)
def test_a_heading_becomes_a_question_or_none(heading: str, question: str) -> None:
    assert as_question(heading) == question


def test_only_a_heading_with_text_right_below_it_is_asked_about() -> None:
    found = questions(
        page(
            (BlockKind.HEADING, "2 Health records"),
            (BlockKind.TABLE_ROW, "record\tkept for a very long time indeed, forty years"),
            (BlockKind.HEADING, "3 Direct oral anticoagulants"),
            (BlockKind.HEADING, "3.1 Before a spinal block"),
            (BlockKind.PARAGRAPH, TEXT),
            (BlockKind.HEADING, "3.2 After a fall"),
            (BlockKind.LIST_ITEM, "See 3.1."),
            (BlockKind.HEADING, "3.3 On the ward"),
        )
    )
    assert list(found) == ["What is said about before a spinal block?"]


@given(st.text(max_size=200))
def test_whatever_a_heading_holds_a_question_ends_as_one(heading: str) -> None:
    question = as_question(heading)
    assert not question or (question.endswith("?") and "\n" not in question)
