"""`cloister demo` proves what it shows: status 0 only where every expectation holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.demo import Planned, judge
from appliance.sample import QuestionKind, sample_questions
from appliance.values import (
    Answer,
    Answered,
    AnswerMode,
    AnswerSentence,
    Citation,
    Event,
    Obligations,
    PageSpan,
    Passage,
    Refused,
    Verdict,
)
from tests.e2e.terminal import ROOT

TEXT = "The dose is 5 mg."


def demo(scratch: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "appliance", "demo", *arguments],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=120,
        stdin=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(scratch)},
    )  # fmt: skip


def test_the_shipped_library_is_answered_cited_refused_and_verified(tmp_path: Path) -> None:
    done = demo(tmp_path, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    imports = [line for line in lines if "pages_per_second" in line]
    assert [(i["collection"], i["failed"]) for i in imports] == [("Hospital", 0), ("Bank", 0)]
    assert all(i["pages"] > 30 and i["seconds"] > 0 for i in imports)
    asked = [i for i, line in enumerate(lines) if "question" in line]
    expected = [lines[i]["expected"] for i in asked]
    assert expected == ["answer", "answer", "answer", "not_found", "refused"]
    ends = [i + 2 for i in asked]
    for start, end in zip(asked, ends, strict=True):
        check_end(lines[start]["question"], lines[start]["expected"], lines[end])
    tail = lines[ends[-1] + 1 :]
    assert [line["log_verified"] for line in tail if "log_verified" in line] == [True]
    assert [(li["airgap"], li["open"]) for li in tail if "airgap" in li] == [(True, [])]
    assert lines[-1]["holds"] is True
    assert lines[-1]["problems"] == []
    assert lines[-1]["seconds"] > 0
    assert not list(tmp_path.iterdir()), "the throwaway vault is gone"


def check_end(question: str, expected: str, end: dict[str, Any]) -> None:
    if expected == "refused":
        assert end["refused"] is True
        assert end["policies"]
        assert end["sentence"]
        return
    assert end["seconds"] > 0
    assert end["found"] is (expected == "answer")
    if expected == "not_found":
        assert (end["answer"], end["citations"]) == ([], [])
        return
    known = next(
        q
        for library in ("hospital", "bank")
        for q in sample_questions(library)
        if q.text == question and q.kind is QuestionKind.ANSWER
    )
    assert all(sentence["citations"] and sentence["supported"] for sentence in end["answer"])
    place = f"p. {known.page}" if known.page else known.heading
    assert (known.document, place) in [(c["title"], c["place"]) for c in end["citations"]]
    assert any(known.phrase in c["quote"] for c in end["citations"])


def test_documents_that_answer_nothing_make_it_fail_and_say_why(tmp_path: Path) -> None:
    library, scratch = tmp_path / "library", tmp_path / "scratch"
    library.mkdir()
    scratch.mkdir()
    (library / "parking.txt").write_text("Staff park on level three of the garage.\n")
    (library / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing that could be a page")
    done = demo(
        scratch, "--library", str(library), "--question", "How is apixaban dosed in renal failure?"
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "DOES NOT HOLD: no question was answered from these documents" in done.stdout
    assert "broken.pdf: not added." in done.stdout
    assert "Q: How is apixaban dosed in renal failure?\nNot in your documents." in done.stdout
    assert "Refused: " in done.stdout
    assert "1 thing(s) did not hold." in done.stdout
    assert not list(scratch.iterdir()), "the throwaway vault is gone"


def answered(*, found: bool = True, page: int = 2, text: str = TEXT) -> Answered:
    spans = (PageSpan(0, page, 0, len(text)),)
    passage = Passage("c", "d", 1, "Guide", text, ((0, len(text)),), ("Doses",), spans)
    sentences = (AnswerSentence(text, (1,)),) if found else ()
    citations = (Citation(1, passage, 0, len(text)),) if found else ()
    return Answered(Answer(sentences, citations, AnswerMode.QUOTE, "m", 0.9, 0.5), 1)


def refused() -> Refused:
    return Refused(
        Verdict(False, ("p",), ("pack@1",), "00" * 32, Obligations()), 1, "No.", "Ask somebody."
    )


ANSWER = Planned("?", "answer", "Guide", "p. 2", "5 mg")


@pytest.mark.parametrize(
    ("plan", "event", "holds"),
    [
        (ANSWER, answered(), True),
        (ANSWER, answered(page=3), False),
        (ANSWER, answered(text="The dose is 50 g."), False),
        (ANSWER, answered(found=False), False),
        (ANSWER, refused(), False),
        (ANSWER, None, False),
        (Planned("?", "answer", "Another guide", "p. 2", "5 mg"), answered(), False),
        (Planned("?", "not_found"), answered(found=False), True),
        (Planned("?", "not_found"), answered(), False),
        (Planned("?", "refused"), refused(), True),
        (Planned("?", "refused"), answered(), False),
        (Planned("?", "open"), answered(found=False), True),
        (Planned("?", "open"), refused(), False),
    ],
)
def test_an_expectation_that_is_broken_is_named(
    plan: Planned, event: Event | None, holds: bool
) -> None:
    assert (list(judge(plan, event)) == []) is holds
