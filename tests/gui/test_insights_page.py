"""Insights: numbers, read while somebody looks, and an empty page that teaches."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from gui.admin.insights import InsightsPage
from gui.shell import Shell
from tests.gui.driving import QUESTION, ask, workplace
from tests.gui.memory_state import Pace


def page(shell: Shell, qtbot: QtBot) -> InsightsPage:
    place = workplace(shell)
    place.go("admin")
    place.admin.show_page("insights")
    qtbot.waitUntil(lambda: bool(place.admin.insights.facts.rows))
    return place.admin.insights


def test_before_the_first_question_the_page_teaches(shell: Shell, qtbot: QtBot) -> None:
    insights = page(shell, qtbot)
    assert insights.nothing.isVisible()
    assert "Ask a question" in insights.nothing.step
    assert not insights.speed.isVisible()
    rows = dict(insights.facts.rows)
    assert rows["Library"] == "4 documents · 6 passages"
    assert rows["Index"] == "1 collection whole"
    assert rows["Memory"] == "window 212 MB · engine 1.4 GB"
    assert rows["Language model"] == "none: answers are quoted"


def test_answered_and_refused_are_counted(shell: Shell, pace: Pace, qtbot: QtBot) -> None:
    pace.spent, pace.model = 4_000, "SmolLM2 1.7B"
    ask(shell, qtbot, QUESTION)
    ask(shell, qtbot, "How do I delete an entry of the log?")
    insights = page(shell, qtbot)
    qtbot.waitUntil(insights.speed.isVisible)
    assert not insights.nothing.isVisible()
    assert insights.answered.number == "1"
    assert insights.refused.number == "1"
    assert insights.speed.number == "40.0"
    assert insights.speed.accessibleName() == "40.0 tokens a second"
    assert dict(insights.facts.rows)["Written"] == "4,000 tokens in 1 min 40 s"


def test_numbers_are_read_anew_only_while_somebody_looks(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    insights = page(shell, qtbot)
    assert insights.timer.isActive()
    insights.timer.setInterval(20)
    pace.model = "composer@1"
    qtbot.waitUntil(lambda: dict(insights.facts.rows)["Language model"] == "composer@1")
    place = workplace(shell)
    place.go("ask")
    assert not insights.timer.isActive()
    place.go("admin")
    assert insights.timer.isActive()
    place.admin.show_page("settings")
    assert not insights.timer.isActive()


def test_the_button_reads_them_at_once(shell: Shell, pace: Pace, qtbot: QtBot) -> None:
    insights = page(shell, qtbot)
    pace.model = "composer@1"
    insights.again.click()
    qtbot.waitUntil(lambda: dict(insights.facts.rows)["Language model"] == "composer@1")


def test_locking_empties_the_page_and_ends_the_looking(shell: Shell, qtbot: QtBot) -> None:
    insights = page(shell, qtbot)
    shell.lock()
    assert insights.facts.rows == ()
    assert not insights.timer.isActive()
    assert insights.taken.text() == ""
