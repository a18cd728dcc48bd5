"""Asking, and reading the page an answer stands on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from appliance.values import Outcome, PageText, Turn
from gui.ask.chips import Chip
from gui.controls.buttons import TextButton
from gui.controls.confirm import Confirm
from gui.shell import Shell
from tests.gui.driving import (
    QUESTION,
    ask,
    dialog,
    open_row,
    point_at_row,
    workplace,
)
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_remembered import WHEN
from tests.gui.memory_state import Pace

Opener = Callable[[MemoryAppliance], Shell]


def test_an_ask_shows_its_stages_then_the_answer_with_chips(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    pace.stage = 0.12
    view = ask(shell, qtbot, QUESTION, wait=False)
    seen: list[str] = []

    def ended() -> bool:
        if view.stages is not None and view.stages.word not in seen:
            seen.append(view.stages.word)
        return view.stages is None

    qtbot.waitUntil(ended, timeout=5000)
    assert seen == ["Checking policy", "Finding", "Reading", "Checking citations"]
    assert "48 to 72 hours" in view.text.toPlainText()
    assert "[1]" in view.text.toPlainText()
    assert view.chips is not None
    chip = view.chips.chip(1)
    assert chip is not None
    assert "Anticoagulation Guideline 2026 · p. 1" in chip.text()
    place = workplace(shell)
    qtbot.waitUntil(lambda: place.side.conversations.count() == 1)
    assert place.title.text() == QUESTION


def test_stop_ends_the_ask_and_the_next_one_works(shell: Shell, pace: Pace, qtbot: QtBot) -> None:
    pace.stage = 1.0
    screen = workplace(shell).ask
    screen.composer.typing.setPlainText(QUESTION)
    screen.composer.send.click()
    assert screen.composer.send.accessibleName() == "Stop"
    qtbot.wait(60)
    pace.stage = 0.0
    view = screen.stream.views[-1]
    screen.composer.send.click()
    qtbot.waitUntil(lambda: screen.composer.send.accessibleName() == "Ask", timeout=8000)
    assert view.answer is None
    again = ask(shell, qtbot, QUESTION)
    assert again.answer is not None


def test_whoever_goes_to_ask_can_type_at_once(shell: Shell, qtbot: QtBot) -> None:
    place = workplace(shell)
    place.go("library")
    QTest.mouseClick(place.side.places["ask"], Qt.MouseButton.LeftButton)
    assert place.ask.composer.typing.hasFocus()
    place.go("library")
    place.side.places["library"].setFocus()
    QTest.keyClick(place, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert place.ask.composer.typing.hasFocus()


def test_a_refusal_shows_its_sentence_and_next_step(shell: Shell, qtbot: QtBot) -> None:
    view = ask(shell, qtbot, "How do I delete an entry of the log?")
    assert view.notice is not None
    assert "policy forbids it" in view.notice.sentence
    assert "compliance officer" in view.notice.step


def test_where_the_policy_wants_a_purpose_it_can_be_given(shell: Shell, qtbot: QtBot) -> None:
    from gui.ask.reason import Reason

    view = ask(shell, qtbot, "Who reviews the prescription in a patient record?")
    reason = view.findChild(Reason)
    assert isinstance(reason, Reason)
    reason.edit.setText("Ward round")
    reason.go.click()
    screen = workplace(shell).ask
    qtbot.waitUntil(lambda: len(screen.stream.views) == 2)
    qtbot.waitUntil(lambda: screen.stream.views[-1].stages is None)
    assert screen.stream.views[-1].answer is not None


def test_what_the_documents_do_not_hold_is_said_so(shell: Shell, qtbot: QtBot) -> None:
    view = ask(shell, qtbot, "Which gate does the ferry to Reykjavik leave from?")
    assert view.notice is not None
    assert view.notice.sentence == "Not in your documents"
    assert view.chips is None


@pytest.mark.parametrize("how", ["event", "raised"])
def test_a_failure_shows_its_sentence_and_next_step(
    shell: Shell, pace: Pace, qtbot: QtBot, how: str
) -> None:
    pace.fail_ask, pace.raise_ask = how == "event", how == "raised"
    view = ask(shell, qtbot, QUESTION)
    assert view.notice is not None
    assert "engine" in view.notice.sentence
    assert view.notice.step == "Ask again."


def test_an_empty_question_is_not_sent(shell: Shell, qtbot: QtBot) -> None:
    screen = workplace(shell).ask
    screen.composer.typing.setPlainText("  \n ")
    QTest.keyClick(screen.composer.typing, Qt.Key.Key_Return)
    assert screen.stream.views == ()
    assert "first" in screen.composer.hint.text()


def test_a_question_too_long_is_counted_and_not_sent(shell: Shell, qtbot: QtBot) -> None:
    screen = workplace(shell).ask
    screen.composer.typing.setPlainText("a" * 100_000)
    assert "100,000 / 8,000" in screen.composer.count.text()
    QTest.keyClick(screen.composer.typing, Qt.Key.Key_Return)
    assert screen.stream.views == ()
    assert "Too long" in screen.composer.hint.text()


def test_shift_enter_begins_a_line_and_enter_sends(shell: Shell, qtbot: QtBot) -> None:
    typing = workplace(shell).ask.composer.typing
    QTest.keyClicks(typing, "one")
    QTest.keyClick(typing, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(typing, "two")
    assert typing.toPlainText() == "one\ntwo"


def test_a_conversation_is_shown_again_when_chosen(shell: Shell, qtbot: QtBot) -> None:
    place = workplace(shell)
    ask(shell, qtbot, QUESTION)
    ask(shell, qtbot, "When are blood cultures taken?")
    qtbot.waitUntil(lambda: place.side.conversations.count() == 1)
    place.new_question()
    assert place.ask.conversation == ""
    ask(shell, qtbot, "How is parental leave requested?")
    qtbot.waitUntil(lambda: place.side.conversations.count() == 2)
    open_row(place.side.conversations, 1)
    qtbot.waitUntil(lambda: len(place.ask.stream.views) == 2)
    assert "48 to 72 hours" in place.ask.stream.views[0].text.toPlainText()


def test_leaving_a_conversation_does_not_stop_its_ask(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    pace.stage = 0.15
    place = workplace(shell)
    ask(shell, qtbot, QUESTION, wait=False)
    place.new_question()
    qtbot.waitUntil(lambda: place.side.conversations.count() == 1, timeout=5000)
    open_row(place.side.conversations, 0)
    qtbot.waitUntil(lambda: len(place.ask.stream.views) == 1)
    assert place.ask.stream.views[0].answer is not None


def test_a_conversation_is_forgotten_only_after_a_question(shell: Shell, qtbot: QtBot) -> None:
    place = workplace(shell)
    ask(shell, qtbot, QUESTION)
    qtbot.waitUntil(lambda: place.side.conversations.count() == 1)
    point_at_row(place.side.conversations, 0)
    QTest.keyClick(place.side.conversations, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: dialog(Confirm) is not None)
    confirm = dialog(Confirm)
    assert isinstance(confirm, Confirm)
    confirm.action.click()
    qtbot.waitUntil(lambda: place.side.conversations.count() == 0)


def test_a_citation_opens_the_page_with_the_passage_in_sight(shell: Shell, qtbot: QtBot) -> None:
    view = ask(shell, qtbot, QUESTION)
    screen = workplace(shell).ask
    assert view.chips is not None
    chip = view.chips.chip(1)
    assert isinstance(chip, Chip)
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: screen.panel.view is not None)
    panel = screen.panel
    assert panel.isVisible()
    assert panel.place.text() == "Page 1 of 3 · passage highlighted"
    qtbot.wait(30)
    passage = panel.picture.sheet.passage()
    bar = panel.picture.verticalScrollBar().value()
    assert not passage.isEmpty()
    assert bar <= passage.top()
    assert passage.bottom() <= bar + panel.picture.viewport().height()
    drawn = panel.picture.sheet.grab().toImage()
    row = round(passage.top()) + 1
    left = round(passage.left())
    marked = [drawn.pixelColor(left + step, row).name() for step in range(0, 100, 5)]
    assert "#ffe58a" in marked


def test_a_number_in_the_answer_opens_the_same_page(shell: Shell, qtbot: QtBot) -> None:
    from PySide6.QtCore import QUrl

    view = ask(shell, qtbot, QUESTION)
    view.text.anchorClicked.emit(QUrl("cite:1"))
    panel = workplace(shell).ask.panel
    qtbot.waitUntil(lambda: panel.view is not None)
    view.text.anchorClicked.emit(QUrl("https://example.org/1"))
    assert panel.citation is not None


def test_pages_are_turned_and_enlarged(shell: Shell, qtbot: QtBot) -> None:
    view = ask(shell, qtbot, QUESTION)
    panel = workplace(shell).ask.panel
    assert view.answer is not None
    workplace(shell).ask.show_citation(view.answer.citations[0])
    qtbot.waitUntil(lambda: panel.view is not None)
    width = panel.picture.sheet.width()
    panel.larger.click()
    assert panel.picture.sheet.width() > width
    panel.after.click()
    qtbot.waitUntil(lambda: panel.view is not None and panel.view.number == 2)
    assert panel.back.isVisible()
    panel.back.click()
    qtbot.waitUntil(lambda: panel.view is not None and panel.view.number == 1)
    QTest.keyClick(panel, Qt.Key.Key_Escape)
    assert not panel.isVisible()


def test_a_document_without_pages_shows_its_text_with_the_passage_marked(
    shell: Shell, qtbot: QtBot
) -> None:
    view = ask(shell, qtbot, "How is parental leave requested in writing?")
    assert view.answer is not None
    workplace(shell).ask.show_citation(view.answer.citations[0])
    panel = workplace(shell).ask.panel
    qtbot.waitUntil(lambda: isinstance(panel.view, PageText))
    assert panel.text.passage() == view.answer.citations[0].quote


def test_a_page_that_is_gone_is_said_in_the_panel(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    view = ask(shell, qtbot, QUESTION)
    assert view.answer is not None
    citation = view.answer.citations[0]
    product.remove_document(citation.passage.collection, citation.passage.document)
    screen = workplace(shell).ask
    screen.show_citation(citation)
    qtbot.waitUntil(lambda: "no longer in the library" in screen.panel.complaint)


def test_the_page_goes_on_to_the_next_citation_and_back(shell: Shell, qtbot: QtBot) -> None:
    first = ask(shell, qtbot, QUESTION).answer
    second = ask(shell, qtbot, "How is parental leave requested in writing?").answer
    assert first is not None
    assert second is not None
    both = (first.citations[0], replace(second.citations[0], number=2))
    answer = replace(first, citations=both)
    screen = workplace(shell).ask
    panel = screen.panel
    screen.stream.show_turns((Turn("Both?", WHEN, Outcome.ANSWERED, answer, record=3),))
    screen.show_citation(both[0])
    qtbot.waitUntil(lambda: panel.view is not None)
    assert panel.step_name.text() == "Citation 1 of 2"
    for button, name in (
        (panel.cited_before, "Previous citation"), (panel.cited_after, "Next citation")
    ):  # fmt: skip
        assert (button.isVisible(), button.accessibleName()) == (True, name)
    panel.cited_after.click()
    qtbot.waitUntil(lambda: isinstance(panel.view, PageText))
    assert (panel.citation, panel.step_name.text()) == (both[1], "Citation 2 of 2")
    assert panel.text.passage() == both[1].quote
    screen._talk.hide()  # as where there is no room for both
    panel.cited_before.click()
    assert panel.citation == both[0]


def test_a_page_with_no_other_citation_offers_none(shell: Shell, qtbot: QtBot) -> None:
    view = ask(shell, qtbot, QUESTION)
    screen = workplace(shell).ask
    assert view.answer is not None
    alone = replace(view.answer, citations=view.answer.citations[:1])
    screen.stream.show_turns((Turn("One?", WHEN, Outcome.ANSWERED, alone, record=3),))
    screen.show_citation(alone.citations[0])
    assert not screen.panel.cited_after.isVisible()
    assert not screen.panel.step_name.isVisible()


def test_suggestions_come_from_the_collections_that_are_picked_and_are_asked_there(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = workplace(shell)
    (ward,) = product.collections()
    bank = product.create_collection("Bank")
    papers = shell.appliance.documents(ward.id)
    headings = {
        ward.id: ("When is lactate measured once more?", "When are blood cultures taken first?"),
        bank.id: ("Who signs a credit above the limit?", "When is a credit looked at again?"),
    }
    monkeypatch.setattr(product, "suggestions", lambda collection, _: headings[collection])
    filled = tuple(replace(one, documents=len(papers)) for one in product.collections())
    place.ask.set_collections(filled)

    def offered() -> set[str]:
        return {button.accessibleName().removeprefix("Ask: ") for button in buttons()}

    def buttons() -> list[TextButton]:
        return place.ask.welcome.buttons

    qtbot.waitUntil(lambda: offered() == {*headings[ward.id], headings[bank.id][0]})
    place.ask.composer.scope.pick(bank.id)
    qtbot.waitUntil(lambda: offered() == set(headings[bank.id]))
    place.ask.composer.scope.pick(ward.id)
    qtbot.waitUntil(lambda: offered() == set(headings[ward.id]))
    buttons()[0].click()
    qtbot.waitUntil(lambda: place.ask.stream.views[0].stages is None)
    assert place.ask.stream.views[0].collections == (ward.id,)


def test_a_suggestion_is_not_asked_in_silence_while_another_answer_comes(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    place = workplace(shell)
    pace.stage = 1.0
    ask(shell, qtbot, QUESTION, wait=False)
    place.new_question()
    place.ask.welcome.suggested.emit("When are blood cultures taken?")
    assert "Still answering" in place.ask.composer.hint.text()
    pace.stage = 0.0
    place.ask.stop()
    qtbot.waitUntil(lambda: place.ask.composer.send.accessibleName() == "Ask", timeout=8000)


def test_three_suggestions_are_shown_as_plain_text_and_pressing_one_asks_it(
    shell: Shell, qtbot: QtBot
) -> None:
    screen = workplace(shell).ask
    screen.welcome.suggest(
        (
            "What is said about study & parental leave?",
            "How is <b>apixaban</b> restarted after surgery?",
            "When is lactate measured again?",
            "What is said about sample and request?",
        )
    )
    names = [button.accessibleName() for button in screen.welcome.buttons]
    assert names == [
        "Ask: What is said about study & parental leave?",
        "Ask: How is <b>apixaban</b> restarted after surgery?",
        "Ask: When is lactate measured again?",
    ]
    screen.welcome.buttons[0].click()
    assert screen.stream.views[-1].question == "What is said about study & parental leave?"
    qtbot.waitUntil(lambda: screen.stream.views[-1].stages is None)
