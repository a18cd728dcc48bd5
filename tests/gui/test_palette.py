"""Every action has one place in one table: keys, palette, tips and help are made from it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from gui.commands import Section, commands, listed, told
from gui.help import Help
from gui.palette import Palette, fitting
from gui.shell import Shell
from gui.style import theme
from gui.style.scale import scale
from gui.style.tokens import HIGH, LIGHT, current
from tests.gui.driving import QUESTION, ask, dialog, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_state import Pace


def opened(shell: Shell) -> Palette:
    shell.commanding.open_palette()
    found = dialog(Palette)
    assert isinstance(found, Palette)
    return found


def test_every_command_can_be_done_and_every_deed_has_a_command(shell: Shell) -> None:
    assert {command.name for command in commands()} == shell.commanding.names()


def test_no_key_stands_for_two_things() -> None:
    keys = [QKeySequence(key).toString() for command in commands() for key in command.keys]
    assert "" not in keys
    assert sorted(keys) == sorted(set(keys))


def test_the_keys_of_the_window_are_those_of_the_table_and_no_others(shell: Shell) -> None:
    bound = {one.key().toString() for one in shell.findChildren(QShortcut) if one.parent() is shell}
    told_keys = {QKeySequence(key).toString() for one in commands() for key in one.keys}
    assert bound == told_keys | {f"Alt+{number}" for number in range(1, 10)}


def test_the_help_tells_every_key_of_the_table(shell: Shell, qtbot: QtBot) -> None:
    shell.open_help()
    shown = dialog(Help)
    assert shown is not None
    words = {label.text() for label in shown.findChildren(QLabel)}
    for command in listed():
        if command.told:
            assert {command.told, command.title} <= words, command
    shown.reject()


def test_typing_narrows_and_enter_does_it(shell: Shell, qtbot: QtBot) -> None:
    palette = opened(shell)
    QTest.keyClicks(palette.field, "libr")
    assert [one.name for one in palette.found][:2] == ["go_library", "new_collection"]
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert workplace(shell).library.isVisible()


def test_the_arrow_keys_choose_and_words_that_fit_nothing_say_so(
    shell: Shell, qtbot: QtBot
) -> None:
    palette = opened(shell)
    QTest.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.list.currentRow() == 1
    QTest.keyClicks(palette.field, "xyzzy")
    assert palette.found == ()
    assert palette.list.isHidden()
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()
    palette.reject()


def test_both_keys_open_the_palette(shell: Shell, qtbot: QtBot) -> None:
    for keys in ("Ctrl+P", "Ctrl+Shift+P"):
        one = next(s for s in shell.findChildren(QShortcut) if s.key() == QKeySequence(keys))
        one.activated.emit()
        palette = dialog(Palette)
        assert palette is not None
        palette.reject()
        qtbot.waitUntil(lambda: dialog(Palette) is None)


def test_what_the_policy_does_not_allow_is_not_offered(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    place = workplace(shell)
    place.go("library")
    qtbot.waitUntil(lambda: "import" in place.allowed)
    qtbot.waitUntil(lambda: place.library.can_add)
    names = {command.name for command in shell.commanding.offered()}
    assert {"add_files", "new_collection", "verify_log"} <= names
    pace.allowed = ("read_document",)
    place.read_standing()
    qtbot.waitUntil(lambda: "import" not in place.allowed)
    names = {command.name for command in shell.commanding.offered()}
    assert not {"add_files", "add_folder", "new_collection", "verify_log", "export_log"} & names
    assert not place.library.can_add
    assert place.library.files.isHidden()


def test_what_cannot_be_done_now_is_not_offered(shell: Shell, qtbot: QtBot) -> None:
    before = {command.name for command in shell.commanding.offered()}
    assert not {"copy", "why", "stop", "page_after", "undo"} & before
    ask(shell, qtbot, QUESTION)
    after = {command.name for command in shell.commanding.offered()}
    assert {"copy", "cite", "why", "again", "source", "as_pdf"} <= after


def test_a_locked_window_offers_its_own_alone(shell: Shell, qtbot: QtBot) -> None:
    shell.lock()
    offered = shell.commanding.offered()
    assert {one.section for one in offered} == {Section.WINDOW}
    assert "undo" not in {one.name for one in offered}


def test_the_next_source_opens_by_key(shell: Shell, qtbot: QtBot) -> None:
    view = ask(shell, qtbot, QUESTION)
    assert view.answer is not None
    run(shell, "source")
    panel = workplace(shell).ask.panel
    assert panel.citation == view.answer.citations[0]


def test_a_change_of_a_conversation_is_undone(shell: Shell, qtbot: QtBot) -> None:
    ask(shell, qtbot, QUESTION)
    place = workplace(shell)
    one = place.ask.conversation
    listed_ = place.side.conversations

    def pinned() -> bool:
        known = listed_.known(one)
        return known is not None and known.pinned

    qtbot.waitUntil(lambda: listed_.known(one) is not None)
    run(shell, "pin")
    qtbot.waitUntil(pinned)
    assert place.notice.sentence == "Pinned to the top."
    assert told("undo") in place.notice.step
    run(shell, "undo")
    qtbot.waitUntil(lambda: not pinned())
    assert not place.ordering.undoable


def test_what_was_done_is_said_where_it_was_done_and_undone_from_anywhere(
    shell: Shell, qtbot: QtBot
) -> None:
    ask(shell, qtbot, QUESTION)
    place = workplace(shell)
    listed_ = place.side.conversations
    qtbot.waitUntil(lambda: listed_.known(place.ask.conversation) is not None)
    run(shell, "pin")
    qtbot.waitUntil(place.notice.isVisible)
    place.go("library")
    assert not place.notice.isVisible()
    assert place.ordering.undoable


def test_look_and_size_are_kept_once_the_product_took_them(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    try:
        run(shell, "look_contrast")
        qtbot.waitUntil(lambda: current() is HIGH)
        run(shell, "larger")
        qtbot.waitUntil(lambda: scale() > 1.2)
        assert product.set.own == {"look": "contrast", "text_size": 125}
        product.set.institution["look"] = "contrast"
        run(shell, "look_light")
        qtbot.waitUntil(workplace(shell).notice.isVisible)
        assert current() is HIGH
    finally:
        theme.apply(shell.looks.application, LIGHT)
        shell.looks.follower.deleteLater()


def test_words_are_found_by_their_beginnings_first() -> None:
    found = [one.name for one in fitting("new", commands())]
    assert found[0] == "new_question"
    assert "file" in found
    assert fitting("ctrl+l", commands())[0].name == "lock"


def run(shell: Shell, name: str) -> None:
    shell.commanding.run(next(one for one in commands() if one.name == name))
