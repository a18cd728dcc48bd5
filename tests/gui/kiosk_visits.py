"""Doing at a kiosk what a visitor does."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from gui.kiosk.visit import Visit
from gui.kiosk.window import KioskWindow
from tests.gui.kiosk_appliance import KioskAppliance
from tests.gui.kiosk_window import window_of


def opened(product: KioskAppliance, qtbot: QtBot) -> Iterator[KioskWindow]:
    window = window_of(product)
    window.begin()
    qtbot.waitUntil(lambda: window.places.currentWidget() is not window.closed)
    yield window
    if not window.guard.released:
        window.end()
    window.deleteLater()


def visit(kiosk: KioskWindow) -> Visit:
    assert kiosk.visit is not None
    return kiosk.visit


def come(kiosk: KioskWindow) -> Visit:
    """A visitor touches the first screen, anywhere."""
    QTest.mouseClick(kiosk.attract, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    assert kiosk.places.currentWidget() is visit(kiosk)
    return visit(kiosk)


def ask(kiosk: KioskWindow, qtbot: QtBot, text: str) -> Visit:
    """Typed on the screen's own keyboard."""
    here = visit(kiosk)
    here.begin()
    press(here, text)
    key(here, "enter").click()
    qtbot.waitUntil(lambda: not here.answer.again.isHidden())
    return here


def key(here: Visit, what: str) -> QAbstractButton:
    found = here.compose.keyboard.key(what)
    assert found is not None, what
    return found


def press(here: Visit, text: str) -> None:
    for character in text:
        if character.isupper():
            key(here, "shift").click()
        name = {"?": "?", "-": "-"}.get(character, character.lower())
        key(here, "space" if character == " " else name).click()


def opened_shut(product: KioskAppliance, qtbot: QtBot) -> Iterator[KioskWindow]:
    window = window_of(product)
    window.begin()
    qtbot.waitUntil(window.closed.leave.isVisible)
    yield window
    if not window.guard.released:
        window.end()
    window.deleteLater()
