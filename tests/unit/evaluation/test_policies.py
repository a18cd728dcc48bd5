"""The policies that the reader learns other words from are whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.evaluation.errors import DataUnusable
from tests.evaluation.holding_back import part_of
from tests.evaluation.policies import POLICIES, read_policies


def test_every_answer_stands_in_its_passage() -> None:
    policies = list(read_policies(POLICIES))
    assert len(policies) > 90
    for policy in policies:
        for section in policy.sections:
            for asked in section.asked:
                assert 0 <= asked.first <= asked.start < asked.end <= asked.last
                assert asked.last <= len(section.text)
    assert {part_of(policy.name) for policy in policies} == {"training", "calibration", "held"}


def test_no_question_is_both_answered_and_missing() -> None:
    for policy in read_policies(POLICIES):
        answered = {asked.text for section in policy.sections for asked in section.asked}
        assert answered.isdisjoint(text for section in policy.sections for text in section.missing)


@pytest.mark.parametrize(
    ("sentence", "answer"),
    [("It rains.", "rains"), ("The sun shines.", "moon"), ("The sun shines.", "")],
)
def test_an_answer_that_does_not_stand_there_is_refused(
    tmp_path: Path, sentence: str, answer: str
) -> None:
    asked = {"text": "Why?", "sentence": sentence, "answer": answer}
    passage = {
        "heading": "1", "text": "The sun shines.", "questions": [asked], "missing": [],
    }  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps({"title": "A", "passages": [passage]}), "utf-8")
    with pytest.raises(DataUnusable, match=r"a\.json"):
        list(read_policies(tmp_path))
