"""What `cloister ask` prints of an answer that is written."""

from __future__ import annotations

import io
import sys

import pytest

from appliance.cli.ask import follow
from appliance.cli.output import Output
from appliance.values import (
    Answer,
    Answered,
    AnswerMode,
    AnswerSentence,
    Citation,
    Event,
    Failed,
    Token,
)
from tests.contract.fakes import passage_of

PASSAGE = passage_of(1, "Apixaban is stopped 48 hours before surgery.")
ANSWER = Answer(
    (AnswerSentence("Stop apixaban 48 h before surgery.", (1,)),
     AnswerSentence("Ask somebody.", (), supported=False)),
    (Citation(1, PASSAGE, 0, 44),), AnswerMode.GENERATE, "small 1B", 1.0, 0.6,
)  # fmt: skip
TOKENS = [Token("Stop "), Token("apixaban \x1b[2J"), Token("now.")]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(
    events: list[Event], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """The exit status, what the terminal got on the way, and what was printed."""
    terminal = Terminal()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", terminal)
        status = follow(events, Output(as_json=False))
    return status, terminal.getvalue(), capsys.readouterr().out


def test_the_checked_answer_stays_and_what_was_streamed_goes_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, streamed, printed = shown([*TOKENS, Answered(ANSWER, 4)], monkeypatch, capsys)
    assert status == 0
    assert "Stop apixaban" in streamed
    assert streamed.endswith("\r\x1b[K")
    assert "\x1b[2J" not in streamed
    lines = printed.splitlines()
    assert lines[0] == "Stop apixaban 48 h before surgery. [1]"
    assert lines[1].endswith("(not supported by your documents)")
    assert "small 1B" in printed


def test_of_an_answer_that_broke_off_nothing_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = Failed("engine_failed", "The engine stopped.", "Ask again.", 4)
    status, streamed, printed = shown([*TOKENS, failed], monkeypatch, capsys)
    assert status == 1
    assert printed == "The engine stopped. Ask again.\n"
    assert streamed.endswith("\r\x1b[K")
