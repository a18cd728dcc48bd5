"""The keyboard on the screen: all that a language is written in, for fingers and for arrow keys."""

from __future__ import annotations

import string
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gui.kiosk.field import Typed
from gui.kiosk.keyboard import Key, Keyboard
from gui.kiosk.layouts import LAYOUTS, SYMBOLS, chosen, shifted

WRITTEN = {"en": "", "de": "äöüß", "es": "áéíóúüñ¿¡", "fr": "éèêëàâçùîïôœ"}
ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)


@pytest.fixture
def typing(qtbot: QtBot) -> Iterator[tuple[Typed, Keyboard]]:
    page = QWidget()
    field, keyboard = Typed("Your question"), Keyboard("Ask")
    keyboard.offer(("en", "de", "es", "fr"))
    keyboard.typed.connect(field.put)
    keyboard.erased.connect(field.erase)
    layout = QVBoxLayout(page)
    layout.addWidget(field)
    layout.addWidget(keyboard)
    qtbot.addWidget(page)
    page.resize(1000, 600)
    page.show()
    page.activateWindow()
    field.setFocus()
    yield field, keyboard  # noqa: PT022  the page lives as long


def key(keyboard: Keyboard, what: str) -> Key:
    found = keyboard.key(what)
    assert found is not None, what
    return found


@pytest.mark.parametrize("code", LAYOUTS)
def test_a_layout_writes_its_language_and_every_passphrase(code: str) -> None:
    keys = "".join((*LAYOUTS[code].rows, *SYMBOLS)) + " "
    typed = set(keys) | {shifted(character) for character in keys}
    needed = WRITTEN[code].replace("ß", "ßẞ")
    assert set(needed) | set(needed.upper()) - {"S"} <= typed
    assert set(string.printable.rstrip("\t\n\r\x0b\x0c")) <= typed
    for row in LAYOUTS[code].rows:
        assert len(set(row)) == len(row)


def test_a_key_types_itself_and_shift_lasts_for_one(typing: tuple[Typed, Keyboard]) -> None:
    field, keyboard = typing
    for what in ("shift", "h", "i", "space", "shift", "?", "delete", "symbols", "@"):
        key(keyboard, what).click()
    assert field.text() == "Hi @"


def test_layouts_are_changed_and_the_next_visitor_has_the_first(
    typing: tuple[Typed, Keyboard],
) -> None:
    field, keyboard = typing
    key(keyboard, "layout:de").click()
    key(keyboard, "ü").click()
    key(keyboard, "symbols").click()
    keyboard.reset()
    assert field.text() == "ü"
    assert keyboard.layout_code == "en"
    assert keyboard.key("ü") is None
    assert [one.isChecked() for one in keyboard.languages] == [True, False, False, False]


def test_a_press_leaves_the_focus_where_it_is_typed(
    typing: tuple[Typed, Keyboard], qtbot: QtBot
) -> None:
    field, keyboard = typing
    qtbot.waitUntil(field.hasFocus)
    QTest.mouseClick(key(keyboard, "a"), Qt.MouseButton.LeftButton)
    assert field.text() == "a"
    assert field.hasFocus()


def test_arrow_keys_reach_every_key_and_enter_presses_it(
    typing: tuple[Typed, Keyboard], qtbot: QtBot
) -> None:
    field, keyboard = typing
    QTest.keyClick(field, Qt.Key.Key_Tab)
    first = next(one for one in keyboard.keys if one.hasFocus())
    reached, waiting = {first}, [first]
    while waiting:
        here = waiting.pop()
        for arrow in ARROWS:
            here.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            here.setFocus()
            QTest.keyClick(here, arrow)
            there = next(one for one in keyboard.keys if one.hasFocus())
            if there not in reached:
                reached.add(there)
                waiting.append(there)
    assert reached == set(keyboard.keys)
    letter = key(keyboard, "q")
    letter.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    letter.setFocus()
    QTest.keyClick(letter, Qt.Key.Key_Return)
    QTest.keyClick(letter, Qt.Key.Key_Space)
    assert field.text() == "qq"


def test_a_key_with_the_focus_keeps_it_when_the_page_turns(
    typing: tuple[Typed, Keyboard],
) -> None:
    _, keyboard = typing
    signs = key(keyboard, "symbols")
    signs.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    signs.setFocus()
    signs.click()
    assert key(keyboard, "symbols").hasFocus()
    assert key(keyboard, "symbols").accessibleName() == "Letters"


def test_every_key_says_what_it_is(typing: tuple[Typed, Keyboard]) -> None:
    _, keyboard = typing
    assert all(one.accessibleName().strip() for one in keyboard.keys)
    names = [key(keyboard, what).accessibleName() for what in (",", "space", "shift", "delete")]
    assert names == ["Comma", "Space", "Shift", "Delete"]
    key(keyboard, "shift").click()
    assert key(keyboard, "shift").accessibleName() == "Shift, on"
    assert key(keyboard, "layout:fr").accessibleName() == "Keyboard: Français"


def test_unknown_layouts_are_left_out_and_one_is_always_there() -> None:
    assert [one.code for one in chosen(("fr", "xx", "fr"))] == ["fr"]
    assert [one.code for one in chosen(())] == ["en"]


def test_nothing_of_a_field_can_be_marked(typing: tuple[Typed, Keyboard], qtbot: QtBot) -> None:
    field, _ = typing
    field.put("what I typed")
    middle = field.rect().center()
    QTest.mousePress(field, Qt.MouseButton.LeftButton, pos=field.rect().topLeft())
    QTest.mouseMove(field, middle)
    QTest.mouseRelease(field, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseDClick(field, Qt.MouseButton.LeftButton)
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(field, Qt.Key.Key_Home, Qt.KeyboardModifier.ShiftModifier)
    assert not field.hasSelectedText()
