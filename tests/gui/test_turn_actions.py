"""What a person does with an answer: copy, ask again, change, judge, ask why, export."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QTextBrowser
from pytestqt.qtbot import QtBot

from appliance import exporting
from appliance.values import ExportForm, Turn, Wording
from gui.ask.actions import Act, Actions
from gui.ask.judging import LIMIT, Judging
from gui.ask.leaving import Left, free_name, wording
from gui.ask.turn import TurnView
from gui.ask.why_sheet import WhySheet
from gui.shell import Shell
from tests.gui.driving import (
    QUESTION,
    ask,
    dialog,
    open_row,
    workplace,
)
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_state import Pace


def press(view: TurnView, act: Act) -> None:
    assert view.offered is not None
    button = view.offered.buttons[act]
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)


def turn_of(product: MemoryAppliance, view: TurnView) -> Turn:
    (conversation,) = (one.id for one in product.conversations())
    return next(turn for turn in product.turns(conversation) if turn.record == view.record)


def test_everything_at_an_answer_has_a_name_and_the_keyboard(shell: Shell, qtbot: QtBot) -> None:
    view = ask(shell, qtbot, QUESTION)
    assert view.offered is not None
    assert set(view.offered.buttons) == set(Act)
    for button in view.offered.buttons.values():
        assert button.accessibleName()
        assert button.toolTip()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_the_same_question_is_asked_again_instead(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    first = ask(shell, qtbot, QUESTION)
    press(first, Act.AGAIN)
    stream = workplace(shell).ask.stream
    qtbot.waitUntil(lambda: len(stream.views) == 2 and stream.views[1].stages is None)
    second = stream.views[1]
    assert second.question == QUESTION
    assert turn_of(product, second).replaces == first.record
    assert first._replaced is not None
    assert "asked this again" in first._replaced.text()
    assert second._replaced is None
    place = workplace(shell)
    place.new_question()
    open_row(place.side.conversations, 0)
    qtbot.waitUntil(lambda: len(stream.views) == 2)
    assert stream.views[0]._replaced is not None  # so it is when it is read back


def test_an_ask_that_was_stopped_takes_no_answers_place(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    first = ask(shell, qtbot, QUESTION)
    pace.stage = 2.0
    press(first, Act.AGAIN)
    screen = workplace(shell).ask
    qtbot.wait(40)
    pace.stage = 0.0
    screen.stop()
    qtbot.waitUntil(lambda: screen.composer.send.accessibleName() == "Ask", timeout=8000)
    assert first._replaced is None
    stopped = screen.stream.views[1]
    assert stopped.offered is not None
    assert set(stopped.offered.buttons) == {Act.AGAIN, Act.EDIT, Act.WHY}


def test_a_question_is_changed_and_sent_as_a_new_one(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    first = ask(shell, qtbot, QUESTION)
    press(first, Act.EDIT)
    screen = workplace(shell).ask
    assert not screen.editing.isHidden()
    assert screen.composer.typing.toPlainText() == QUESTION
    assert screen.composer.typing.hasFocus()
    second = ask(shell, qtbot, "When are blood cultures taken?")
    assert screen.editing.isHidden()
    assert turn_of(product, second).replaces == first.record
    assert first._replaced is not None
    third = ask(shell, qtbot, "And who takes them?")
    assert turn_of(product, third).replaces == -1


def test_up_in_an_empty_field_brings_the_last_question_back(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    screen = workplace(shell).ask
    QTest.keyClick(screen.composer.typing, Qt.Key.Key_Up)
    assert screen.editing.isHidden()
    first = ask(shell, qtbot, QUESTION)
    QTest.keyClick(screen.composer.typing, Qt.Key.Key_Up)
    assert screen.composer.typing.toPlainText() == QUESTION
    QTest.keyClicks(screen.composer.typing, " Briefly.")
    QTest.keyClick(screen.composer.typing, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(screen.stream.views) == 2)
    second = screen.stream.views[1]
    qtbot.waitUntil(lambda: second.stages is None)
    assert second.question == f"{QUESTION} Briefly."
    assert turn_of(product, second).replaces == first.record


def test_while_an_answer_comes_nothing_is_asked_again(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    first = ask(shell, qtbot, QUESTION)
    pace.stage = 1.0
    screen = workplace(shell).ask
    ask(shell, qtbot, "When are blood cultures taken?", wait=False)
    press(first, Act.AGAIN)
    press(first, Act.EDIT)
    assert "Still answering" in screen.composer.hint.text()
    assert screen.editing.isHidden()
    assert len(screen.stream.views) == 2
    pace.stage = 0.0
    screen.stop()
    qtbot.waitUntil(lambda: screen.composer.send.accessibleName() == "Ask", timeout=8000)


@pytest.mark.parametrize("how", ["escape", "button", "leave"])
def test_changing_a_question_can_be_given_up(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot, how: str
) -> None:
    view = ask(shell, qtbot, QUESTION)
    press(view, Act.EDIT)
    screen = workplace(shell).ask
    if how == "escape":
        QTest.keyClick(screen.composer.typing, Qt.Key.Key_Escape)
    elif how == "button":
        screen.editing.away.click()
    else:
        workplace(shell).new_question()
    assert screen.editing.isHidden()
    assert screen.composer.typing.toPlainText() == ""
    later = ask(shell, qtbot, "When are blood cultures taken?")
    turns = [t for c in product.conversations() for t in product.turns(c.id)]
    assert next(t for t in turns if t.record == later.record).replaces == -1


def test_a_good_answer_is_said_to_be_good_and_looks_so_when_read_back(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    view = ask(shell, qtbot, QUESTION)
    press(view, Act.GOOD)
    assert view.offered is not None
    good = view.offered.buttons[Act.GOOD]
    qtbot.waitUntil(good.isChecked)
    assert "Your opinion so far" in good.accessibleName()
    judgement = turn_of(product, view).judgement
    assert judgement is not None
    assert judgement.good
    place = workplace(shell)
    place.new_question()
    open_row(place.side.conversations, 0)
    qtbot.waitUntil(lambda: len(place.ask.stream.views) == 1)
    again = place.ask.stream.views[0].offered
    assert again is not None
    assert again.buttons[Act.GOOD].isChecked()


def test_a_bad_answer_takes_a_reason_and_says_who_reads_it(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    view = ask(shell, qtbot, QUESTION)
    press(view, Act.BAD)
    qtbot.waitUntil(lambda: dialog(Judging) is not None)
    judging = dialog(Judging)
    assert isinstance(judging, Judging)
    judging.reason.setPlainText("x" * (LIMIT + 1))
    assert not judging.send.isEnabled()
    judging.reason.setPlainText("The page is of the old guideline.")
    judging.send.click()
    assert view.offered is not None
    qtbot.waitUntil(view.offered.buttons[Act.BAD].isChecked)
    judgement = turn_of(product, view).judgement
    assert judgement is not None
    assert (judgement.good, judgement.reason) == (False, "The page is of the old guideline.")


def test_an_opinion_the_product_does_not_take_is_not_ticked_off(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    view = ask(shell, qtbot, QUESTION)
    pace.forbids = True
    press(view, Act.GOOD)
    place = workplace(shell)
    qtbot.waitUntil(place.notice.isVisible)
    assert view.offered is not None
    assert not view.offered.buttons[Act.GOOD].isChecked()


def test_why_shows_passages_decision_model_and_proof(shell: Shell, qtbot: QtBot) -> None:
    view = ask(shell, qtbot, QUESTION)
    press(view, Act.WHY)
    qtbot.waitUntil(lambda: dialog(WhySheet) is not None)
    sheet = dialog(WhySheet)
    assert isinstance(sheet, WhySheet)
    assert sheet.why.record == view.record
    assert sheet.why.grounds[0].cited == (1,)
    words = " ".join(
        [label.text() for label in sheet.findChildren(QLabel)]
        + [view.toPlainText() for view in sheet.findChildren(QTextBrowser)]
    )
    for told in ("baseline.members-ask", "baseline@6", "word overlap", f"index {view.record}"):
        assert told in words
    assert "Allowed by" in words
    assert view.answer is not None
    assert f"{round(view.answer.evidence * 100)}%, " in words
    sheet.reject()


def test_why_a_refusal_says_what_refused(shell: Shell, qtbot: QtBot) -> None:
    view = ask(shell, qtbot, "How do I delete an entry of the log?")
    press(view, Act.WHY)
    qtbot.waitUntil(lambda: dialog(WhySheet) is not None)
    sheet = dialog(WhySheet)
    assert sheet is not None
    words = " ".join(label.text() for label in sheet.findChildren(QLabel))
    assert "Refused by" in words
    for untrue in ("Allowed by", "It demanded", "Best evidence"):
        assert untrue not in words
    sheet.reject()


def test_a_draft_is_given_back_after_a_question_was_changed(shell: Shell, qtbot: QtBot) -> None:
    view = ask(shell, qtbot, QUESTION)
    screen = workplace(shell).ask
    screen.composer.typing.setPlainText("A long question, half")
    press(view, Act.EDIT)
    press(view, Act.EDIT)
    assert screen.composer.typing.toPlainText() == QUESTION
    QTest.keyClick(screen.composer.typing, Qt.Key.Key_Escape)
    assert screen.composer.typing.toPlainText() == "A long question, half"
    press(view, Act.EDIT)
    QTest.keyClick(screen.composer.typing, Qt.Key.Key_Return)
    assert screen.composer.typing.toPlainText() == "A long question, half"
    qtbot.waitUntil(lambda: screen.composer.send.accessibleName() == "Ask", timeout=8000)


def test_an_export_is_asked_for_by_menu_and_lies_where_it_was_put(
    shell: Shell, qtbot: QtBot, tmp_path: Path
) -> None:
    view = ask(shell, qtbot, QUESTION)
    assert view.offered is not None
    assert view.offered.forms is not None
    forms = [action.data() for action in view.offered.forms.actions()]
    assert forms == [ExportForm.PDF, ExportForm.WORD, ExportForm.MARKDOWN]
    view.offered.forms.actions()[0].trigger()
    qtbot.waitUntil(lambda: dialog(QFileDialog) is not None)
    place = dialog(QFileDialog)
    assert isinstance(place, QFileDialog)
    assert place.accessibleName() == "Export"
    file = tmp_path / "answer.pdf"
    place.fileSelected.emit(str(file))
    place.reject()
    qtbot.waitUntil(lambda: dialog(Left) is not None)
    left = dialog(Left)
    assert left is not None
    left.reject()
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"answer.pdf"}
    text = pypdfium2.PdfDocument(file.read_bytes())[0].get_textpage().get_text_range()
    assert "48 to 72 hours" in text
    assert f"index {view.record}" in text


def test_an_export_takes_no_files_place_and_says_so(
    shell: Shell, qtbot: QtBot, tmp_path: Path
) -> None:
    ask(shell, qtbot, QUESTION)
    place = workplace(shell)
    (tmp_path / "mine.md").write_text("mine")
    place.ask.acting.export_to(tmp_path / "mine.md", ExportForm.MARKDOWN, place.ask.conversation)
    qtbot.waitUntil(place.notice.isVisible)
    assert "already" in place.notice.sentence
    assert (tmp_path / "mine.md").read_text() == "mine"
    assert free_name(tmp_path, "mine", ExportForm.MARKDOWN) == "mine (2).md"


def test_where_the_window_may_not_write_it_says_where_it_may(
    shell: Shell, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def barred(_path: Path, _content: bytes) -> bool:
        raise PermissionError(13, "as the guard says it")

    monkeypatch.setattr(exporting, "_linked", barred)
    ask(shell, qtbot, QUESTION)
    place = workplace(shell)
    place.ask.acting.export_to(tmp_path / "a.md", ExportForm.MARKDOWN, place.ask.conversation)
    qtbot.waitUntil(place.notice.isVisible)
    assert "a stick: this window may write nowhere else." in place.notice.step


def test_what_was_refused_offers_to_ask_otherwise(shell: Shell, qtbot: QtBot) -> None:
    view = ask(shell, qtbot, "How do I delete an entry of the log?")
    assert view.offered is not None
    assert set(view.offered.buttons) == {Act.AGAIN, Act.EDIT, Act.WHY}
    assert view.offered.forms is None


def test_where_the_log_holds_no_record_nothing_is_explained(qtbot: QtBot) -> None:
    offered = Actions(answered=False, logged=False)
    qtbot.addWidget(offered)
    assert set(offered.buttons) == {Act.AGAIN, Act.EDIT}


def test_every_word_of_the_sheet_can_be_translated() -> None:
    assert wording() == Wording()
