"""What the demo and the evaluation set expect really stands where they say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from appliance.errors import UsageError
from appliance.policy.topics import read_catalogue
from appliance.sample import (
    SAMPLE_NAMES,
    QuestionKind,
    SampleQuestion,
    sample_folder,
    sample_questions,
)

from .shipped import Judged, documents, judged, places, title_of

BASELINE = Path(__file__).resolve().parents[3] / "policies" / "baseline" / "topics.toml"
ANSWERABLE = [
    (name, question)
    for name in SAMPLE_NAMES
    for question in sample_questions(name)
    if question.kind is QuestionKind.ANSWER
]
JUDGED = judged()


@pytest.fixture(scope="module")
def titles() -> dict[str, str]:
    return {path.name: title_of(path) for path in documents()}


@pytest.fixture(scope="module")
def read() -> dict[str, dict[str, str]]:
    return {path.name: dict(places(path)) for path in documents()}


def require_place(question: SampleQuestion | Judged, read: dict[str, dict[str, str]]) -> None:
    place = str(question.page) if question.page else question.heading
    assert question.file.endswith(".pdf") == bool(question.page)
    assert question.phrase in read[question.file][place]


@pytest.mark.parametrize(("name", "question"), ANSWERABLE)
def test_the_demo_expects_what_stands_in_the_document(
    name: str,
    question: SampleQuestion,
    read: dict[str, dict[str, str]],
    titles: dict[str, str],
) -> None:
    assert (sample_folder(name) / question.file).is_file()
    assert titles[question.file] == question.document
    require_place(question, read)


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_the_demo_asks_one_of_each_format_one_unanswerable_and_one_refused(name: str) -> None:
    questions = sample_questions(name)
    assert [question.kind.value for question in questions] == [
        "answer",
        "answer",
        "answer",
        "not_found",
        "refused",
    ]
    formats = {question.file.rpartition(".")[2] for question in questions[:3]}
    assert formats == {"pdf", "docx", "html"}
    for question in questions[3:]:
        assert (question.document, question.file, question.phrase) == ("", "", "")


def test_every_expected_phrase_of_the_evaluation_set_stands_at_its_place(
    read: dict[str, dict[str, str]], titles: dict[str, str]
) -> None:
    for question in JUDGED:
        if question.kind == "answer":
            assert (sample_folder(question.library) / question.file).is_file()
            assert titles[question.file] == question.document
            require_place(question, read)


def test_the_evaluation_set_is_large_enough_to_judge_by() -> None:
    counts = Counter((question.library, question.kind) for question in JUDGED)
    assert set(counts) == {
        (name, kind) for name in SAMPLE_NAMES for kind in ("answer", "not_found")
    }
    assert sum(counts[name, "answer"] for name in SAMPLE_NAMES) >= 60
    assert sum(counts[name, "not_found"] for name in SAMPLE_NAMES) >= 40
    assert len({question.text for question in JUDGED}) == len(JUDGED)


def test_questions_of_the_evaluation_set_do_not_copy_the_sentence() -> None:
    for question in JUDGED:
        if question.kind == "answer":
            assert question.phrase.lower() not in question.text.lower()


def test_the_evaluation_set_draws_on_every_document() -> None:
    assert {question.file for question in JUDGED if question.file} == {
        path.name for path in documents()
    }


@pytest.mark.parametrize("name", ["", "school", "../hospital", "Hospital"])
def test_an_unknown_library_is_named_as_such(name: str) -> None:
    with pytest.raises(UsageError):
        sample_folder(name)
    with pytest.raises(UsageError):
        sample_questions(name)


def test_the_baseline_speaks_of_the_refused_questions_and_of_no_other() -> None:
    catalogue = read_catalogue(BASELINE.read_text(encoding="utf-8"))
    for name in SAMPLE_NAMES:
        for question in sample_questions(name):
            refused = question.kind is QuestionKind.REFUSED
            assert bool(catalogue.topics_of(question.text)) == refused, question.text
    for judged_question in JUDGED:
        assert not catalogue.topics_of(judged_question.text), judged_question.text
