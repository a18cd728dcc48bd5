"""What a screen reader is told while an answer is streamed: each sentence once, and the end."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent
from pytestqt.qtbot import QtBot

from appliance.values import Answer, AnswerMode, AnswerSentence
from gui import speaking
from gui.ask.turn import TurnView
from gui.shell import Shell
from gui.speaking import Sentences
from tests.gui.driving import QUESTION, ask, workplace
from tests.gui.memory_state import Pace

TEXT = "Give 2.5 mg at once. Dr. Winter is told! Then wait 48 hours (e.g. two days). Why? It is so."
WHOLE = (
    "Give 2.5 mg at once.",
    "Dr. Winter is told!",
    "Then wait 48 hours (e.g. two days).",
    "Why?",
    "It is so.",
)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every announcement that leaves for the system."""
    said: list[str] = []

    class Listening:
        AnnouncementPoliteness = QAccessible.AnnouncementPoliteness

        @staticmethod
        def updateAccessibility(event: QAccessibleEvent) -> None:
            if isinstance(event, QAccessibleAnnouncementEvent):
                said.append(event.message())
            QAccessible.updateAccessibility(event)

    monkeypatch.setattr(speaking, "QAccessible", Listening)
    return said


def test_a_sentence_is_whole_once_something_follows() -> None:
    cutter = Sentences()
    taken = [*cutter.take(TEXT), *cutter.end()]
    assert tuple(taken) == WHOLE


@settings(deadline=None)
@given(st.lists(st.integers(0, len(TEXT)), max_size=20))
def test_however_the_stream_is_cut_the_sentences_are_the_same(cuts: list[int]) -> None:
    cutter = Sentences()
    places = sorted({0, *cuts, len(TEXT)})
    taken = [one for start, end in pairwise(places) for one in cutter.take(TEXT[start:end])]
    assert (*taken, *cutter.end()) == WHOLE


def test_a_streamed_answer_is_announced_once_a_sentence(qtbot: QtBot, told: list[str]) -> None:
    view = TurnView("What now?")
    qtbot.addWidget(view)
    view.begin()
    for word in TEXT.split(" "):
        view.write(word + " ")
    sentences = tuple(AnswerSentence(text, ()) for text in WHOLE)
    view.show_answer(Answer(sentences, (), AnswerMode.GENERATE, "m", 0.9, 0.3), 4)
    for sentence in WHOLE:
        assert told.count(sentence) == 1
    assert told[0] == "Looking for an answer."
    assert "Log record 4" in told[-1]
    assert len(told) == len(WHOLE) + 2


def test_a_sentence_that_nothing_supports_says_so_to_the_ear(qtbot: QtBot, told: list[str]) -> None:
    view = TurnView("What now?")
    qtbot.addWidget(view)
    view.begin()
    view.write("One thing. Another. ")
    sentences = (
        AnswerSentence("One thing.", (1,)),
        AnswerSentence("Another.", (), supported=False),
    )
    view.show_answer(Answer(sentences, (), AnswerMode.GENERATE, "m", 0.9, 0.3), 4)
    assert "No passage supports this: Another." in told
    assert told.count("One thing.") == 1


def test_a_quoted_answer_is_announced_and_one_from_before_is_not(
    shell: Shell, qtbot: QtBot, told: list[str]
) -> None:
    view = ask(shell, qtbot, QUESTION)
    assert view.answer is not None
    for sentence in view.answer.sentences:
        assert told.count(" ".join(sentence.text.split())) == 1
    told.clear()
    place = workplace(shell)
    conversation = place.ask.conversation
    place.new_question()
    place.ask.open_conversation(conversation, "")
    qtbot.waitUntil(lambda: bool(place.ask.stream.views))
    assert told == []


def test_a_failure_is_announced_at_once(
    shell: Shell, qtbot: QtBot, pace: Pace, told: list[str]
) -> None:
    pace.fail_ask = True
    view = ask(shell, qtbot, QUESTION)
    assert view.notice is not None
    assert any(view.notice.sentence in said for said in told)
