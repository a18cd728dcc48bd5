"""Names, keys, icons, stages."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QApplication,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QScrollArea,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from appliance.values import (
    Stage,
)
from gui.shell import Shell
from gui.style import icons
from tests.gui.driving import QUESTION, ask, workplace


def test_every_control_has_a_name(shell: Shell, qtbot: QtBot) -> None:
    view = ask(shell, qtbot, QUESTION)
    assert view.answer is not None
    place = workplace(shell)
    place.ask.show_citation(view.answer.citations[0])
    qtbot.waitUntil(lambda: place.ask.panel.view is not None)
    place.go("library")
    place.go("log")
    place.go("admin")
    for row in range(place.admin.list.count()):
        place.admin.list.setCurrentRow(row)
    nameless = [
        f"{type(widget).__name__} {widget.objectName()} in {type(widget.parent()).__name__}"
        for widget in shell.findChildren(QWidget)
        if _operable(widget) and not _name(widget)
    ]
    assert not nameless, "\n".join(nameless)


def test_the_keyboard_reaches_everything_that_can_be_pressed(shell: Shell) -> None:
    from PySide6.QtCore import Qt

    unreachable = [
        button.accessibleName()
        for button in shell.findChildren(QAbstractButton)
        if _operable(button)
        and not button.focusPolicy() & Qt.FocusPolicy.TabFocus
        and button.accessibleName() != "Show what is typed"
    ]
    assert unreachable == []


@pytest.mark.parametrize("name", icons.NAMES)
def test_every_icon_draws_something(name: str, qapp: QApplication) -> None:
    image = icons.pixmap(name, "#000000", 24).toImage()
    inked = sum(
        image.pixelColor(x, y).alpha() > 0
        for x in range(0, image.width(), 2)
        for y in range(0, image.height(), 2)
    )
    assert inked > 4


def test_the_stages_say_where_the_ask_is(qtbot: QtBot) -> None:
    from gui.ask.stages import Stages

    stages = Stages()
    qtbot.addWidget(stages)
    assert stages.accessibleName() == "Working: Checking policy"
    stages.reach(Stage.READING)
    assert stages.accessibleName() == "Working: Reading"


def _operable(widget: QWidget) -> bool:
    kinds = (
        QAbstractButton, QLineEdit, QTextEdit, QPlainTextEdit, QAbstractItemView, QProgressBar,
        QScrollArea,
    )  # fmt: skip
    inside = widget.parent()
    qts_own = isinstance(inside, QAbstractItemView) or type(widget).__name__ in (
        "QScrollBar", "QHeaderView", "QTableCornerButton",
    )  # fmt: skip
    return isinstance(widget, kinds) and not qts_own and not isinstance(widget, QAbstractSlider)


def _name(widget: QWidget) -> str:
    return widget.accessibleName() or (
        widget.text().strip() if isinstance(widget, QAbstractButton) else ""
    )
