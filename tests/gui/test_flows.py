"""What a person does with the window, from the first run to the lock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from appliance.errors import AirgapBroken
from appliance.values import PageText
from gui.airgap.evidence import Evidence
from gui.ask.chips import Chip
from gui.controls.confirm import Confirm
from gui.library.collections import NewCollection
from gui.log.exported import Exported
from gui.shell import Shell
from tests.gui.driving import PASSPHRASE, QUESTION, ask, workplace
from tests.gui.memory_appliance import MemoryAppliance, Pace

Opener = Callable[[MemoryAppliance], Shell]


def dialog(kind: type[QDialog]) -> QDialog | None:
    found = [w for w in QApplication.topLevelWidgets() if isinstance(w, kind) and w.isVisible()]
    return found[0] if found else None


# --- first run and log-in --------------------------------------------------------------------


def test_first_run_holds_the_recovery_code_until_it_is_stored(
    open_shell: Opener, qtbot: QtBot, tmp_path: Path
) -> None:
    product = MemoryAppliance()
    shell = open_shell(product)
    create = shell.front.create_vault
    qtbot.waitUntil(create.isVisible)
    assert not create.go.isEnabled()
    create.name.edit.setText("Dr Ada Winter")
    create.passphrase.edit.setText("short")
    assert "Too short" in create.verdict.text()
    create.passphrase.edit.setText(PASSPHRASE)
    create.again.edit.setText("something else")
    assert not create.go.isEnabled()
    create.again.edit.setText(PASSPHRASE)
    create.go.click()
    qtbot.waitUntil(lambda: shell.front.recovery is not None)
    recovery = shell.front.recovery
    assert recovery is not None
    assert "K7QM-2XTD" in recovery.shown.text()
    assert not recovery.go.isEnabled()
    recovery.save_to(tmp_path / "code.txt")
    assert "K7QM-2XTD" in (tmp_path / "code.txt").read_text()
    assert (tmp_path / "code.txt").stat().st_mode & 0o077 == 0
    recovery.sure.click()
    recovery.go.click()
    qtbot.waitUntil(shell.front.starter.isVisible)
    assert shell.front.recovery is None
    assert create.passphrase.text() == ""
    shell.front.starter.title.edit.setText("Ward 4 guidelines")
    shell.front.starter.go.click()
    qtbot.waitUntil(lambda: not shell.locked)
    place = workplace(shell)
    qtbot.waitUntil(lambda: place.library.collections.list.count() == 1)
    assert place.library.isVisible()


def test_the_recovery_code_that_cannot_be_saved_is_said_with_a_next_step(
    open_shell: Opener, qtbot: QtBot, tmp_path: Path
) -> None:
    shell = open_shell(MemoryAppliance())
    recovery = shell.front.show_recovery("Ada", "AAAA-BBBB")
    recovery.save_to(tmp_path / "no such folder" / "code.txt")
    assert "could not be saved" in recovery.notice.sentence
    assert recovery.notice.step


def test_a_wrong_passphrase_is_said_and_the_field_is_emptied(
    open_shell: Opener, product: MemoryAppliance, qtbot: QtBot
) -> None:
    shell = open_shell(product)
    unlock = shell.front.unlock
    qtbot.waitUntil(unlock.isVisible)
    QTest.keyClicks(unlock.secret.edit, "not the passphrase")
    QTest.keyClick(unlock.secret.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(unlock.notice.isVisible)
    assert "does not open this vault" in unlock.notice.sentence
    assert "Caps Lock" in unlock.notice.step
    assert unlock.secret.text() == ""
    assert shell.locked


def test_the_recovery_code_opens_the_vault(
    open_shell: Opener, product: MemoryAppliance, qtbot: QtBot
) -> None:
    shell = open_shell(product)
    unlock = shell.front.unlock
    qtbot.waitUntil(unlock.isVisible)
    unlock.other.click()
    QTest.keyClicks(unlock.secret.edit, " K7QM-2XTD-9FHR-WZ4B-6NVC-3JPE-8SGA-Y5LU ")
    unlock.go.click()
    qtbot.waitUntil(lambda: not shell.locked)


def test_what_kept_the_product_from_opening_is_shown_in_the_window(qtbot: QtBot) -> None:
    shell = Shell(AirgapBroken("A socket could be opened."))
    qtbot.addWidget(shell)
    shell.show()
    qtbot.waitUntil(shell.front.stopped.isVisible)
    assert shell.front.stopped.notice.sentence == "A socket could be opened."
    assert "cloister doctor" in shell.front.stopped.notice.step


# --- asking ----------------------------------------------------------------------------------


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
    place.side.conversations.itemClicked.emit(place.side.conversations.item(1))
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
    place.side.conversations.itemClicked.emit(place.side.conversations.item(0))
    qtbot.waitUntil(lambda: len(place.ask.stream.views) == 1)
    assert place.ask.stream.views[0].answer is not None


def test_a_conversation_is_forgotten_only_after_a_question(shell: Shell, qtbot: QtBot) -> None:
    place = workplace(shell)
    ask(shell, qtbot, QUESTION)
    qtbot.waitUntil(lambda: place.side.conversations.count() == 1)
    place.side.conversations.setCurrentRow(0)
    QTest.keyClick(place.side.conversations, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: dialog(Confirm) is not None)
    confirm = dialog(Confirm)
    assert isinstance(confirm, Confirm)
    confirm.action.click()
    qtbot.waitUntil(lambda: place.side.conversations.count() == 0)


# --- the page --------------------------------------------------------------------------------


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


# --- the library -----------------------------------------------------------------------------


def test_an_import_counts_and_lists_what_failed_with_a_next_step(
    shell: Shell, product: MemoryAppliance, library: Path, qtbot: QtBot
) -> None:
    screen = workplace(shell).library
    workplace(shell).go("library")
    qtbot.waitUntil(lambda: screen.table.rows.rowCount() == 4)
    (library / "new.txt").write_text("Visitors\nVisiting hours end at eight in the evening.\n")
    screen.add((library,))
    qtbot.waitUntil(lambda: screen.card is not None and screen.card.dismiss.isVisible())
    card = screen.card
    assert card is not None
    assert card.title.text() == "1 document added · 4 already there · 2 failed"
    rows = card.failures.rows
    said = [str(rows.data(rows.index(row, 0))) for row in range(rows.rowCount())]
    assert any("protected by a password" in text and "without the password" in text
               for text in said)  # fmt: skip
    qtbot.waitUntil(lambda: screen.table.rows.rowCount() == 5)


def test_an_import_is_cancelled_and_taken_up_again(
    shell: Shell, pace: Pace, tmp_path: Path, qtbot: QtBot
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(30):
        (folder / f"{number:02}.txt").write_text(f"Sheet {number}\nSheet number {number} says so.")
    pace.file = 0.03
    place = workplace(shell)
    place.go("library")
    qtbot.waitUntil(lambda: place.library.table.rows.rowCount() == 4)
    place.library.add((folder,))
    card = place.library.card
    assert card is not None
    qtbot.waitUntil(lambda: card.bar.value() >= 3)
    card.cancel.click()
    qtbot.waitUntil(place.library.resume.isVisible, timeout=5000)
    assert "can be taken up again" in card.notice.step
    pace.file = 0.0
    place.library.resume.go.click()
    qtbot.waitUntil(lambda: place.library.table.rows.rowCount() == 34, timeout=5000)
    assert not place.library.resume.isVisible()


def test_a_document_is_removed_only_after_a_question(shell: Shell, qtbot: QtBot) -> None:
    place = workplace(shell)
    place.go("library")
    table = place.library.table
    qtbot.waitUntil(lambda: table.rows.rowCount() == 4)
    table.selectRow(0)
    assert place.library.remove.isEnabled()
    QTest.keyClick(table, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: dialog(Confirm) is not None)
    first = dialog(Confirm)
    assert first is not None
    first.reject()
    assert table.rows.rowCount() == 4
    qtbot.waitUntil(lambda: dialog(Confirm) is None)
    place.library.remove.click()
    qtbot.waitUntil(lambda: dialog(Confirm) is not None)
    second = dialog(Confirm)
    assert isinstance(second, Confirm)
    second.action.click()
    qtbot.waitUntil(lambda: table.rows.rowCount() == 3)


def test_a_collection_that_cannot_be_made_is_said_in_its_dialog(shell: Shell, qtbot: QtBot) -> None:
    library = workplace(shell).library
    library.make_collection()
    made = dialog(NewCollection)
    assert isinstance(made, NewCollection)
    made.field.edit.setText("Ward 4 guidelines")
    made.go.click()
    qtbot.waitUntil(made.notice.isVisible)
    assert "already" in made.notice.sentence
    made.field.edit.setText("Theatre")
    made.go.click()
    qtbot.waitUntil(lambda: library.collections.list.count() == 2)


# --- the log ---------------------------------------------------------------------------------


def test_the_log_lists_its_records_and_verifies(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    ask(shell, qtbot, QUESTION)
    place = workplace(shell)
    place.go("log")
    qtbot.waitUntil(lambda: place.log.badge.state == "verified")
    size = product.log_size()
    assert place.log.model.rowCount() == size
    qtbot.waitUntil(lambda: place.log.model.record(0) is not None)
    newest = place.log.model.record(0)
    assert newest is not None
    assert (newest.seq, newest.action, newest.outcome) == (size - 1, "ask.close", "answered")
    place.log.table.selectRow(0)
    assert "no witness" in place.log.badge.text.text()


def test_a_log_that_does_not_verify_is_said_in_red(shell: Shell, pace: Pace, qtbot: QtBot) -> None:
    pace.broken_log = True
    place = workplace(shell)
    place.go("log")
    qtbot.waitUntil(lambda: place.log.badge.state == "broken")
    assert "Record 3" in place.log.badge.text.text()
    assert place.log.badge.property("tone") == "danger"


def test_an_export_shows_the_public_key(shell: Shell, tmp_path: Path, qtbot: QtBot) -> None:
    workplace(shell).log.export_to(tmp_path)
    qtbot.waitUntil(lambda: dialog(Exported) is not None)
    assert (tmp_path / "checkpoint").exists()


# --- the air gap and the lock ----------------------------------------------------------------


def test_the_pill_says_what_was_proved(open_shell: Opener, shell: Shell, qtbot: QtBot) -> None:
    pill = workplace(shell).pill
    assert (pill.text(), pill.property("tone")) == ("Offline · proven", "good")
    pill.click()
    qtbot.waitUntil(lambda: dialog(Evidence) is not None)
    broken = open_shell(MemoryAppliance(holds=False))
    qtbot.waitUntil(lambda: broken.front.pill.property("tone") == "danger")


def test_locking_hides_everything_at_once(
    shell: Shell, pace: Pace, product: MemoryAppliance, qtbot: QtBot
) -> None:
    place = workplace(shell)
    view = ask(shell, qtbot, QUESTION)
    assert view.answer is not None
    place.ask.show_citation(view.answer.citations[0])
    qtbot.waitUntil(lambda: place.ask.panel.view is not None)
    place.pill.click()
    pace.stage = 1.0
    ask(shell, qtbot, "When are blood cultures taken?", wait=False)
    place.ask.composer.typing.setPlainText("half a question")
    shell.lock()
    assert shell.locked
    assert not place.isVisible()
    assert place.ask.stream.views == ()
    assert place.ask.panel.view is None
    assert place.ask.composer.typing.toPlainText() == ""
    assert place.side.conversations.count() == 0
    assert place.library.table.rows.rowCount() == 0
    assert place.title.text() == ""
    qtbot.waitUntil(lambda: dialog(Evidence) is None)
    qtbot.waitUntil(shell.front.unlock.secret.isEnabled, timeout=5000)
    assert product.person is None
    qtbot.wait(80)
    assert place.ask.stream.views == ()


def test_the_product_is_never_called_on_the_gui_thread(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    product.threads.clear()
    view = ask(shell, qtbot, QUESTION)
    assert view.answer is not None
    place = workplace(shell)
    place.ask.show_citation(view.answer.citations[0])
    qtbot.waitUntil(lambda: place.ask.panel.view is not None)
    place.go("log")
    qtbot.waitUntil(lambda: place.log.badge.state == "verified")
    place.go("library")
    shell.lock()
    qtbot.waitUntil(shell.front.unlock.secret.isEnabled)
    assert product.threads <= {"lane-ask", "lane-read", "lane-proof", "lane-import"}
