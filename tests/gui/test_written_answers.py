"""Answers that a model writes: how they come, what nothing supports, what was broken off."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtGui import QTextCursor
from pytestqt.qtbot import QtBot

from appliance.values import Failed
from gui.ask.composer import Composer
from gui.ask.turn import TurnView
from gui.controls.labels import Words
from gui.shell import Shell
from tests.gui.driving import QUESTION, ask, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_state import Pace

Opener = Callable[[MemoryAppliance], Shell]


@pytest.fixture
def pace() -> Pace:
    return Pace(writes=True, model="SmolLM2 1.7B")


def captions(view: TurnView) -> str:
    return " | ".join(words.text() for words in view.findChildren(Words))


def test_text_is_shown_while_it_is_written_and_said_not_to_be_checked(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    pace.token = 0.02
    view = ask(shell, qtbot, QUESTION, wait=False)
    qtbot.waitUntil(lambda: len(view.written) > 20, timeout=5000)
    assert view.stages is not None
    assert view.stages.word == "Writing, not checked yet"
    assert view.answer is None
    qtbot.waitUntil(lambda: view.stages is None, timeout=8000)
    assert view.answer is not None


def test_a_sentence_nothing_supports_is_marked_by_more_than_colour(
    shell: Shell, qtbot: QtBot
) -> None:
    view = ask(shell, qtbot, QUESTION)
    text = view.text.toPlainText()
    assert "In doubt, ask the ward pharmacist. (no passage supports this)" in text
    cursor = view.text.document().find("ward pharmacist")
    assert cursor.charFormat().fontItalic()
    assert (
        cursor.charFormat().underlineStyle() is not cursor.charFormat().UnderlineStyle.NoUnderline
    )
    supported = view.text.document().find("48 to 72 hours")
    assert isinstance(supported, QTextCursor)
    assert not supported.charFormat().fontItalic()


def test_the_line_under_the_answer_names_the_model_and_the_doubts(
    shell: Shell, qtbot: QtBot
) -> None:
    view = ask(shell, qtbot, QUESTION)
    assert "Written by SmolLM2 1.7B, 1 of" in captions(view)
    assert "sentences not supported" in captions(view)


def test_what_was_written_before_the_engine_died_stays_and_says_it_is_no_answer(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    pace.dies_at, pace.token = 9, 0.02
    view = ask(shell, qtbot, QUESTION)
    assert view.notice is not None
    assert "stopped while writing" in view.notice.sentence
    assert view.answer is None
    assert "incomplete; do not use it" in shown(view)
    assert "Direct oral" in shown(view)


def test_what_was_written_before_stop_says_it_is_no_answer(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    pace.token = 0.05
    view = ask(shell, qtbot, QUESTION, wait=False)
    qtbot.waitUntil(lambda: bool(view.written), timeout=5000)
    workplace(shell).ask.composer.send.click()
    qtbot.waitUntil(lambda: view.stages is None, timeout=5000)
    assert "incomplete; do not use it" in shown(view)
    assert "Stopped" in captions(view)


def test_what_the_log_does_not_know_of_does_not_stay_on_the_screen(
    shell: Shell, qtbot: QtBot
) -> None:
    view = TurnView("a?")
    qtbot.addWidget(view)
    view.begin()
    view.write("Some of an answer")
    failed = Failed("log_unwritable", "The log cannot be written.", "Free some space.")
    view.show_failed(failed.sentence, failed.hint, logged=failed.record >= 0)
    assert "Some of" not in shown(view)


def test_without_a_model_it_is_said_how_to_get_one(shell: Shell, pace: Pace, qtbot: QtBot) -> None:
    pace.model = ""
    screen = workplace(shell).ask
    screen.set_collections(screen.appliance.collections())
    qtbot.waitUntil(lambda: "No language model" in welcome(shell))
    view = ask(shell, qtbot, QUESTION)
    assert view.answer is not None
    assert "Quoted word for word" in captions(view)
    assert "model = “composer”" in captions(view)
    assert "`" not in captions(view)


def test_with_a_model_the_welcome_names_it(shell: Shell, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: "SmolLM2 1.7B" in welcome(shell))


def test_where_the_policy_wants_quotes_nothing_is_said_of_models(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    pace.writes = False
    screen = workplace(shell).ask
    screen.set_collections(screen.appliance.collections())
    qtbot.waitUntil(lambda: "model" not in welcome(shell))
    assert "model" not in captions(ask(shell, qtbot, QUESTION))


GPU = "The GPU cannot be used (the driver does not answer); the processor is used instead."
SHORT = (
    "The language model cannot be used, so answers are quoted from your documents. The model needs "
    "about 5.0 GB of memory; 2.0 GB are free. Close other programs, or use a smaller model."
)


def looked(shell: Shell, qtbot: QtBot) -> Composer:
    """The composer, once the window knows how the model stands."""
    screen = workplace(shell).ask
    with qtbot.waitSignal(screen.writer.changed):
        screen.writer.look()
    return screen.composer


def test_how_the_model_runs_stands_under_the_field(shell: Shell, pace: Pace, qtbot: QtBot) -> None:
    assert not looked(shell, qtbot).note.isVisibleTo(shell)
    pace.note = GPU
    composer = looked(shell, qtbot)
    assert composer.note.isVisibleTo(shell)
    assert composer.note.text() == GPU
    assert "Written by" in captions(ask(shell, qtbot, QUESTION))


def test_a_model_that_cannot_start_is_said_and_answers_are_quoted(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    pace.works, pace.note = False, SHORT
    assert looked(shell, qtbot).note.text() == SHORT
    assert "written by" not in welcome(shell)
    view = ask(shell, qtbot, QUESTION)
    assert view.answer is not None
    assert "Quoted word for word" in captions(view)
    assert "composer" not in captions(view)


def test_a_start_under_way_is_looked_at_again_until_it_is_known(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    workplace(shell).ask.writer.interval = 50
    pace.starting = True
    composer = looked(shell, qtbot)
    assert not composer.note.isVisibleTo(shell)
    pace.starting, pace.works, pace.note = False, False, SHORT
    qtbot.waitUntil(lambda: composer.note.text() == SHORT)


def test_a_note_goes_with_the_session(shell: Shell, pace: Pace, qtbot: QtBot) -> None:
    pace.note = GPU
    composer = looked(shell, qtbot)
    shell.lock()
    qtbot.waitUntil(lambda: not composer.note.text())


def test_where_answers_are_quoted_anyhow_no_note_is_shown(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    pace.writes, pace.note = False, GPU
    assert looked(shell, qtbot).note.text() == ""


def welcome(shell: Shell) -> str:
    labels = workplace(shell).ask.welcome.findChildren(Words)
    return " | ".join(words.text() for words in labels)


def shown(view: TurnView) -> str:
    from gui.ask.answer_text import AnswerText

    return " ".join(text.toPlainText() for text in view.findChildren(AnswerText))
