"""What the walk through every screen is for: it finds a control that is wrong, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QDate, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QTextBrowser,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from gui.controls.buttons import TextButton
from gui.style import theme
from gui.style.tokens import LOOKS
from tests.gui.walking import crowded, nameless, unreached, unseen_focus

KINDS: tuple[Callable[[], QWidget], ...] = (
    QPushButton, QToolButton, QLineEdit, QTextBrowser, QPlainTextEdit, QListWidget, QComboBox,
    QProgressBar, QScrollArea, lambda: QDateEdit(QDate(2026, 1, 1)),
)  # fmt: skip


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[QWidget]:
    """With two controls that nothing is wrong with."""
    made = QWidget()
    made.setWindowTitle("Window")
    made.setAccessibleName("Window")
    qtbot.addWidget(made)
    made.resize(300, 500)
    column = QVBoxLayout(made)
    for name in ("Yes", "No"):
        column.addWidget(TextButton(name))
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()


def put(window: QWidget, control: QWidget) -> QWidget:
    layout = window.layout()
    assert layout is not None
    layout.addWidget(control)
    layout.activate()
    control.show()
    return control


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: getattr(kind, "__name__", "date"))
def test_a_control_without_a_name(kind: Callable[[], QWidget], window: QWidget) -> None:
    assert list(nameless(window)) == []
    control = put(window, kind())
    assert len([said for said in nameless(window) if "no name" in said]) == 1
    control.setAccessibleName("What it is for")
    assert list(nameless(window)) == []


def test_a_window_without_a_title(window: QWidget) -> None:
    window.setWindowTitle("")
    window.setAccessibleName("")
    assert any("no name" in said for said in nameless(window))


def test_what_the_keyboard_does_not_reach(window: QWidget) -> None:
    assert list(unreached(window)) == []
    field = QLineEdit()
    field.setAccessibleName("Field")
    field.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    put(window, field)
    assert [said.partition(":")[0] for said in unreached(window)] == ["only by mouse"]


@pytest.mark.parametrize("look", LOOKS)
def test_focus_that_is_not_seen(look: str, window: QWidget, qapp: object) -> None:
    button = put(window, TextButton("Unseen"))
    button.setObjectName("unseen")  # a kind of its own: each is looked at once
    try:
        theme.apply(qapp, LOOKS[look])  # type: ignore[arg-type]
        assert list(unseen_focus(set())(window)) == []
        ground = LOOKS[look].edge  # the same with the focus as without
        button.setStyleSheet(f"* {{ border: 1px solid {ground}; outline: 0; }}")
        found = list(unseen_focus(set())(window))
    finally:
        theme.apply(qapp, LOOKS["light"])  # type: ignore[arg-type]
    assert [said for said in found if "Unseen" in said]


def test_words_that_are_cut_and_what_lies_on_each_other(window: QWidget) -> None:
    look = crowded(300, 500)
    assert list(look(window)) == []
    label = QLabel("These words need more room than they are given", window)
    first = window.findChildren(TextButton)[0].geometry()
    label.setGeometry(first.x(), first.y() + 4, 60, 20)
    label.show()
    found = list(look(window))
    assert any(said.startswith("cut by") for said in found)
    assert any(said.startswith("on each other") for said in found)
    window.resize(400, 500)
    assert any(said.startswith("larger than the screen") for said in look(window))
