"""Questions to begin with are ones that the documents answer."""

from __future__ import annotations

import pytest

from appliance.suggestions import LONGEST, as_question, bare, telling


@pytest.mark.parametrize(
    ("headings", "told"),
    [
        (["1 Purpose and scope", "2 Bleeding risk of the procedure"],
         "Bleeding risk of the procedure"),
        (["1 Purpose", "2 Screening", "3 The first hour"], "The first hour"),
        (["1 Purpose", "2 Screening", "Table 1: Who is screened"], "Screening"),
        (["1 Scope", "Lev\nel", "A\tB"], ""),
        (["x" * (LONGEST + 1), "3.2.1 Blutkulturen und Gabe"], "Blutkulturen und Gabe"),
        (["§ 4 Décès à l’hôpital."], "Décès à l’hôpital"),
        ([], ""),
    ],
)  # fmt: skip
def test_the_first_heading_that_is_about_something(headings: list[str], told: str) -> None:
    assert telling(headings) == told


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("Bleeding risk of the procedure",
         "What is said about bleeding risk of the procedure in “Anticoagulants”?"),
        ("MRSA and isolation", "What is said about MRSA and isolation in “Anticoagulants”?"),
        ("Gabe von Blut", "What is said about Gabe von Blut in “Anticoagulants”?"),
        ("Warfarin", "What is said about Warfarin in “Anticoagulants”?"),
        ("Who is bridged?", "Who is bridged?"),
    ],
)  # fmt: skip
def test_a_question_names_the_heading_and_the_document(heading: str, question: str) -> None:
    assert as_question(heading, " Anticoagulants\n") == question


def test_a_title_that_is_too_long_is_left_out() -> None:
    assert as_question("Warfarin", "x" * (LONGEST + 1)) == "What is said about Warfarin?"


@pytest.mark.parametrize(
    ("heading", "left"),
    [
        ("  4.2.1  Who   is bridged. ", "Who is bridged"),
        ("B.2 Ownership:", "Ownership"),
        ("(3) Alerts", "Alerts"),
        ("A patient falls", "A patient falls"),
        ("24-hour cover", "24-hour cover"),
        ("7", "7"),
    ],
)
def test_a_number_is_no_part_of_a_heading(heading: str, left: str) -> None:
    assert bare(heading) == left
