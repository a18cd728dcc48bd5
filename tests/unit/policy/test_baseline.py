"""The baseline pack does what its cases say, and its topics stay out of ordinary questions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.policy import cases
from appliance.policy.engine import PolicyEngine
from appliance.policy.errors import PackUnusable
from appliance.policy.pack import Pack, load, shipped_folder

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.fixture(scope="module")
def baseline() -> Pack:
    return load(shipped_folder() / "baseline")


def test_every_case_gets_its_verdict(baseline: Pack) -> None:
    assert list(cases.failures(baseline, PolicyEngine((baseline,)))) == []


def test_there_are_cases_enough_on_both_sides(baseline: Pack) -> None:
    asks = [case for case in cases.read_cases(baseline) if case.question]
    assert len(asks) >= 60
    assert sum(case.allowed for case in asks) >= 30
    assert sum(not case.allowed for case in asks) >= 30


def test_every_policy_and_every_topic_has_a_case(baseline: Pack) -> None:
    named = {name for case in cases.read_cases(baseline) for name in case.policies}
    declared = set(re.findall(r'@id\("([^"]+)"\)', baseline.cedar))
    assert named == declared


def test_a_case_that_fails_is_told(baseline: Pack) -> None:
    """The check can fail: the same cases against a pack that allows all asking."""
    lax = re.sub(r"(?s)@id\(\"baseline\.no-.*?;\n", "", baseline.cedar)
    failed = list(cases.failures(baseline, PolicyEngine((replace(baseline, cedar=lax),))))
    refused = [case for case in cases.read_cases(baseline) if case.question and not case.allowed]
    assert len(failed) == sum(bool(case.policies) for case in refused)
    weaker = baseline.cedar.replace('@log("full")', '@log("none")')
    failed = list(cases.failures(baseline, PolicyEngine((replace(baseline, cedar=weaker),))))
    assert any("other obligations" in line for line in failed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[[case]]\n",
        '[[case]]\nquestion = "x"\nroles = []\nallowed = true\npolicies = []\n',
        '[[case]]\nquestion = "x"\nroles = ["boss"]\nallowed = false\npolicies = []\n',
        '[[case]]\nquestion = "x"\naction = "import"\nroles = []\nallowed = false\npolicies = []\n',
        '[[case]]\nquestion = "x"\nroles = []\nallowed = "no"\npolicies = []\n',
        '[[case]]\nquestion = "x"\nroles = []\nallowed = false\npolicies = []\nmore = 1\n',
        '[obligations.x]\nmode = "quote"\n',
        "[",
    ],
)
def test_cases_that_state_too_little_or_too_much_are_malformed(baseline: Pack, text: str) -> None:
    with pytest.raises(PackUnusable):
        cases.read_cases(replace(baseline, cases=text))


def headings() -> Iterator[str]:
    for folder in ("hospital", "bank"):
        for path in (SHARED / folder).glob("*.html"):
            page = path.read_text(errors="replace")
            yield from re.findall(r"<h[1-4][^>]*>(.*?)</h[1-4]>", page, re.DOTALL)


def reading_questions() -> Iterator[str]:
    for path in (SHARED / "reading").rglob("*.json"):
        for article in json.loads(path.read_text())["data"]:
            for paragraph in article["paragraphs"]:
                yield from (one["question"] for one in paragraph["qas"])


@pytest.mark.shared
def test_ordinary_questions_have_no_topic(baseline: Pack) -> None:
    """Every heading of a hospital's and a bank's library, and 10,570 reading questions."""
    if not (SHARED / "hospital").exists():
        pytest.skip("the real documents are not beside this checkout")
    asked = [*headings(), *reading_questions()]
    assert len(asked) > 5_000
    assert [text for text in asked if baseline.catalogue.topics_of(text)] == []
