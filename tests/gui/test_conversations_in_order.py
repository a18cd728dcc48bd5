"""The list on the left: searched, pinned, named, filed, exported, deleted."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QToolTip
from pytestqt.qtbot import QtBot

from appliance.values import ExportForm, Recalled, Retained
from gui.ask.conversations import Conversations
from gui.ask.leaving import Left
from gui.ask.ordering import Naming, kept_words
from gui.controls.confirm import Confirm
from gui.shell import Shell
from gui.workplace import Workplace
from tests.gui.driving import QUESTION, ask, dialog, open_row, point_at_row, row_text, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_remembered import WHEN, MemoryRemembered
from tests.gui.memory_state import Unreadable

LEAVE = "How is parental leave requested?"
CULTURES = "When are blood cultures taken?"


@pytest.fixture
def place(shell: Shell, qtbot: QtBot) -> Workplace:
    """Three conversations; the newest is the first of the list."""
    made = workplace(shell)
    for number, question in enumerate((QUESTION, LEAVE, CULTURES), start=1):
        made.new_question()
        ask(shell, qtbot, question)
        wait_for_count(qtbot, made.side.conversations, number)
    return made


def wait_for_count(qtbot: QtBot, listed: Conversations, count: int) -> None:
    qtbot.waitUntil(lambda: listed.count() == count)


def titles(listed: Conversations) -> list[str]:
    return [row_text(listed, row) for row in range(listed.count())]


def menu_of(listed: Conversations, row: int, *, by: QContextMenuEvent.Reason) -> QMenu:
    point_at_row(listed, row)
    at = listed.visualRect(listed.rows.index(row, 0)).center()
    where = at if by is QContextMenuEvent.Reason.Mouse else QPoint(1, 1)
    event = QContextMenuEvent(by, where, listed.viewport().mapToGlobal(where))
    QApplication.sendEvent(listed.viewport(), event)
    return next(w for w in QApplication.topLevelWidgets() if isinstance(w, QMenu) and w.isVisible())


def choose(menu: QMenu, text: str) -> None:
    for action in menu.actions():
        inner = action.menu()
        found = [action, *(inner.actions() if isinstance(inner, QMenu) else [])]
        for one in found:
            if one.text() == text:
                one.trigger()
                menu.close()
                return
    raise AssertionError(f"no {text!r} in the menu")


def test_what_is_pinned_comes_first_and_says_so(place: Workplace, qtbot: QtBot) -> None:
    listed = place.side.conversations
    choose(menu_of(listed, 2, by=QContextMenuEvent.Reason.Mouse), "Pin to the top")
    qtbot.waitUntil(lambda: titles(listed)[0] == QUESTION)
    assert row_text(listed, 0, Qt.ItemDataRole.AccessibleTextRole) == f"{QUESTION}, pinned"
    choose(menu_of(listed, 0, by=QContextMenuEvent.Reason.Keyboard), "Unpin")
    qtbot.waitUntil(lambda: titles(listed) == [CULTURES, LEAVE, QUESTION])


def test_typing_in_the_list_goes_to_the_next_title_that_begins_so(
    place: Workplace, qtbot: QtBot
) -> None:
    listed = place.side.conversations
    listed.setFocus()
    point_at_row(listed, 0)
    QTest.keyClicks(listed, "how")
    assert row_text(listed, listed.currentIndex().row()) == LEAVE
    QTest.keyClicks(listed, "ever")  # goes on without a pause: "however"
    assert row_text(listed, listed.currentIndex().row()) == LEAVE
    qtbot.wait(QApplication.keyboardInputInterval() + 50)
    QTest.keyClicks(listed, "w")
    assert row_text(listed, listed.currentIndex().row()) == QUESTION
    listed.show_all((), "")
    QTest.keyClicks(listed, "w")


def test_the_keyboard_stays_in_the_list_after_one_is_deleted(
    place: Workplace, qtbot: QtBot
) -> None:
    listed = place.side.conversations
    listed.setFocus()
    point_at_row(listed, 1)
    QTest.keyClick(listed, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: dialog(Confirm) is not None)
    confirm = dialog(Confirm)
    assert isinstance(confirm, Confirm)
    confirm.action.click()
    qtbot.waitUntil(lambda: titles(listed) == [CULTURES, QUESTION])
    assert listed.window().focusWidget() is listed
    chosen = listed.chosen()
    assert chosen is not None
    assert chosen.title == QUESTION


def test_the_menu_opens_by_keyboard_at_what_is_chosen(place: Workplace, qtbot: QtBot) -> None:
    listed = place.side.conversations
    menu = menu_of(listed, 1, by=QContextMenuEvent.Reason.Keyboard)
    assert menu.accessibleName() == LEAVE
    assert [a.text() for a in menu.actions() if a.text()] == [
        "Pin to the top", "Rename …", "Put into a folder", "Export", "Delete …",
    ]  # fmt: skip
    menu.close()


def test_f2_renames_and_the_title_above_follows(
    place: Workplace, shell: Shell, qtbot: QtBot
) -> None:
    listed = place.side.conversations
    listed.setFocus()
    point_at_row(listed, 0)
    QTest.keyClick(listed, Qt.Key.Key_F2)
    qtbot.waitUntil(lambda: dialog(Naming) is not None)
    naming = dialog(Naming)
    assert isinstance(naming, Naming)
    assert naming.field.text() == CULTURES
    naming.field.edit.setText("   ")
    naming.save.click()
    assert dialog(Naming) is naming
    naming.field.edit.setText("Sepsis <b>bundle</b>")
    QTest.keyClick(naming.field.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: titles(listed)[0] == "Sepsis <b>bundle</b>")
    assert place.title.text() == "Sepsis <b>bundle</b>"


def test_folders_are_made_filled_folded_and_left(place: Workplace, qtbot: QtBot) -> None:
    listed = place.side.conversations
    choose(menu_of(listed, 1, by=QContextMenuEvent.Reason.Mouse), "New folder …")
    qtbot.waitUntil(lambda: dialog(Naming) is not None)
    naming = dialog(Naming)
    assert isinstance(naming, Naming)
    naming.field.edit.setText("Staff & leave")
    naming.save.click()
    qtbot.waitUntil(lambda: listed.folders == ("Staff & leave",))
    assert titles(listed) == ["Staff & leave", LEAVE, "Not in a folder", CULTURES, QUESTION]
    choose(menu_of(listed, 3, by=QContextMenuEvent.Reason.Mouse), "Staff && leave")
    qtbot.waitUntil(lambda: titles(listed)[1:3] == [CULTURES, LEAVE])
    point_at_row(listed, 0)
    QTest.keyClick(listed, Qt.Key.Key_Return)
    assert titles(listed) == ["Staff & leave", "Not in a folder", QUESTION]
    assert row_text(listed, 0, Qt.ItemDataRole.AccessibleTextRole) == "Folder Staff & leave, closed"
    point_at_row(listed, 0)
    QTest.keyClick(listed, Qt.Key.Key_Return)
    out = "Out of the folder"
    choose(menu_of(listed, 1, by=QContextMenuEvent.Reason.Mouse), out)
    qtbot.waitUntil(lambda: titles(listed)[1:3] == [LEAVE, "Not in a folder"])
    choose(menu_of(listed, 1, by=QContextMenuEvent.Reason.Mouse), out)
    qtbot.waitUntil(lambda: titles(listed) == [CULTURES, LEAVE, QUESTION])


def test_a_search_shows_what_fits_and_clearing_it_everything(
    place: Workplace, qtbot: QtBot
) -> None:
    listed, search = place.side.conversations, place.side.search
    QTest.keyClicks(search, "parental leave")
    qtbot.waitUntil(lambda: titles(listed) == [LEAVE], timeout=3000)
    tip = row_text(listed, 0, Qt.ItemDataRole.ToolTipRole)
    assert "request" in tip
    assert "23 Nov 2026" in tip
    open_row(listed, 0)
    qtbot.waitUntil(lambda: place.ask.stream.views[0].question == LEAVE)
    search.setText("zzyzx")
    QTest.keyClick(search, Qt.Key.Key_Return)
    qtbot.waitUntil(listed.isHidden)
    assert "No conversation fits" in " ".join(w.text() for w in place.side.findChildren(QLabel))
    QTest.keyClick(search, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: titles(listed) == [CULTURES, LEAVE, QUESTION])
    assert not listed.isHidden()


def test_an_overtaken_search_shows_nothing(place: Workplace, shell: Shell, qtbot: QtBot) -> None:
    listed, search = place.side.conversations, place.side.search
    product = place.ask.appliance
    assert isinstance(product, MemoryAppliance)
    product.pace.stage = 0.2
    search.setText("apixaban")
    QTest.keyClick(search, Qt.Key.Key_Return)
    search.setText("parental leave")
    QTest.keyClick(search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: titles(listed) == [LEAVE], timeout=3000)
    qtbot.wait(60)
    assert titles(listed) == [LEAVE]
    product.pace.stage = 0.0


def test_a_search_goes_on_until_all_was_looked_at_and_says_nothing_fits_only_then(
    place: Workplace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [5, 3, 0]

    def searched(_self: MemoryRemembered, _text: str) -> tuple[Recalled, ...]:
        oldest = place.ask.appliance.conversations()[-1]
        return (Recalled(oldest, "", "", -1, 0.0, True),) if len(left) == 1 else ()

    said: list[str] = []
    monkeypatch.setattr(MemoryRemembered, "search", searched)
    monkeypatch.setattr(MemoryRemembered, "unsearched", lambda _self: left.pop(0))
    words = place.side.findChildren(QLabel)
    place.ordering.searched.connect(
        lambda *_: said.append(" ".join(w.text() for w in words if w.isVisible()))
    )
    place.side.search.setText("where")
    QTest.keyClick(place.side.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: titles(place.side.conversations) == [QUESTION])
    assert len(said) == 3
    assert all("still being looked through" in one for one in said[:2])
    assert not any("No conversation fits" in one for one in said)
    assert "still being looked through" not in said[2]


def test_a_search_that_gets_no_further_ends(
    place: Workplace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryRemembered, "unsearched", lambda _self: 4)
    place.side.search.setText("zzyzx")
    with qtbot.waitSignal(place.ordering.searched, check_params_cb=lambda _, more: not more):
        QTest.keyClick(place.side.search, Qt.Key.Key_Return)


def test_what_is_found_opens_at_the_turn_that_fits(place: Workplace, qtbot: QtBot) -> None:
    opened: list[tuple[str, int]] = []
    place.side.conversations.opened.connect(lambda *one: opened.append(one))
    place.side.search.setText("parental leave")
    QTest.keyClick(place.side.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: titles(place.side.conversations) == [LEAVE])
    open_row(place.side.conversations, 0)
    qtbot.waitUntil(lambda: place.ask.stream.views[0].question == LEAVE)
    assert opened == [(place.ask.conversation, place.ask.stream.views[0].record)]
    place.side.search.setText("")
    qtbot.waitUntil(lambda: place.side.conversations.count() == 3)
    open_row(place.side.conversations, 0)
    assert opened[-1][1] == -1


def test_who_may_not_read_conversations_is_not_shown_any(place: Workplace, qtbot: QtBot) -> None:
    product = place.ask.appliance
    assert isinstance(product, MemoryAppliance)
    product.pace.allowed = tuple(one for one in product.pace.allowed if one != "read_history")
    place.read_conversations()
    wait_for_count(qtbot, place.side.conversations, 0)


def test_what_is_found_can_be_put_in_order_too(place: Workplace, qtbot: QtBot) -> None:
    listed, search = place.side.conversations, place.side.search
    search.setText("parental leave")
    QTest.keyClick(search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: titles(listed) == [LEAVE])
    choose(menu_of(listed, 0, by=QContextMenuEvent.Reason.Mouse), "Pin to the top")
    qtbot.waitUntil(
        lambda: bool(row_text(listed, 0, Qt.ItemDataRole.AccessibleTextRole)), timeout=3000
    )
    assert titles(listed) == [LEAVE]


def test_deleting_says_what_the_log_keeps_and_until_when(place: Workplace, qtbot: QtBot) -> None:
    listed = place.side.conversations
    point_at_row(listed, 0)
    QTest.keyClick(listed, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: dialog(Confirm) is not None)
    confirm = dialog(Confirm)
    assert isinstance(confirm, Confirm)
    said = " ".join(label.text() for label in confirm.findChildren(QLabel))
    assert "sealed to the auditors, until 21 Nov 2032" in said
    confirm.action.click()
    qtbot.waitUntil(lambda: titles(listed) == [LEAVE, QUESTION])
    assert place.ask.conversation == ""  # it was the open one


def test_what_the_log_keeps_is_said_as_it_is() -> None:
    assert "no record" in kept_words(Retained(0, "none", 0, None))
    assert kept_words(Retained(2, "none", 0, None)).endswith("nothing that was said.")
    assert "what was asked, sealed" in kept_words(Retained(2, "question", 9, WHEN))


def test_a_conversation_leaves_by_its_menu(place: Workplace, qtbot: QtBot, tmp_path: Path) -> None:
    listed = place.side.conversations
    wanted: list[tuple[str, object]] = []
    listed.leaving.connect(lambda conversation, form: wanted.append((conversation, form)))
    menu = menu_of(listed, 2, by=QContextMenuEvent.Reason.Mouse)
    choose(menu, "As Word document …")
    ((conversation, form),) = wanted
    assert form is ExportForm.WORD
    for window in QApplication.topLevelWidgets():
        if window.accessibleName() == "Export":
            window.close()
    place.ask.acting.export_to(tmp_path / "all.docx", ExportForm.WORD, conversation)
    qtbot.waitUntil(lambda: dialog(Left) is not None)
    left = dialog(Left)
    assert left is not None
    left.reject()
    assert (tmp_path / "all.docx").read_bytes().startswith(b"PK")


def test_ctrl_shift_f_searches(place: Workplace, shell: Shell) -> None:
    place.focus_search()
    assert place.side.search.hasFocus()
    assert place.side.search.accessibleName() == "Search your conversations"


def test_what_stays_and_cannot_be_read_is_not_guessed(
    place: Workplace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tampered(_self: MemoryRemembered, _conversation: str) -> Retained:
        raise Unreadable("Record 3 is not as it was written.")

    monkeypatch.setattr(MemoryRemembered, "retained", tampered)
    point_at_row(place.side.conversations, 0)
    QTest.keyClick(place.side.conversations, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: dialog(Confirm) is not None)
    confirm = dialog(Confirm)
    assert confirm is not None
    said = " ".join(label.text() for label in confirm.findChildren(QLabel))
    assert "could not be read: Record 3 is not as it was written." in said
    assert "Backups that were made before still hold it." in said
    confirm.reject()


def test_locking_takes_the_list_and_the_search_away(place: Workplace, shell: Shell) -> None:
    QTest.keyClicks(place.side.search, "apixaban")
    shell.lock()
    assert place.side.search.text() == ""
    place.side.search.undo()
    assert place.side.search.text() == ""
    assert place.side.conversations.count() == 0
    assert place.side.conversations.folders == ()


def test_locking_takes_a_tip_away_at_once(place: Workplace, shell: Shell, qtbot: QtBot) -> None:
    listed = place.side.conversations
    where = listed.visualRect(listed.rows.index(0, 0)).center()
    QToolTip.showText(
        listed.viewport().mapToGlobal(where), row_text(listed, 0, Qt.ItemDataRole.ToolTipRole)
    )
    qtbot.waitUntil(QToolTip.isVisible)
    shell.lock()
    assert not QToolTip.isVisible()
