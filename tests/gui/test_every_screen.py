"""Every screen and every dialog: names, order, focus that is seen, and room for large text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from gui.controls.fields import Field
from gui.controls.form import Form
from gui.shell import Shell
from gui.style import scale, theme
from gui.style.tokens import LIGHT, LOOKS
from tests.gui.driving import QUESTION, ask, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_state import Pace
from tests.gui.walking import Look, Walker, crowded, nameless, unreached, unseen_focus, walk

SMALL = pytest.mark.parametrize(
    ("size", "width", "height"), [(2.0, 1280, 720), (1.0, 640, 360)], ids=["text", "display"]
)
Open = Callable[[MemoryAppliance], Shell]


@pytest.fixture
def new(open_shell: Open) -> Shell:
    """A window without a vault."""
    return open_shell(MemoryAppliance(Pace(stage=0.02, file=0.01)))


def test_what_is_drawn_grows_with_text(shell: Shell, qapp: QApplication) -> None:
    place = workplace(shell)
    place.go("admin")
    listed = place.admin.list
    drawn = place.side.places["ask"], place.side.conversations, listed, place.library.table
    at_100 = [one.iconSize().width() for one in drawn]
    rows = place.library.table.verticalHeader().defaultSectionSize()
    try:
        theme.apply(qapp, LIGHT, 2.0)
        assert [one.iconSize().width() for one in drawn] == [2 * one for one in at_100]
        assert place.library.table.verticalHeader().defaultSectionSize() == 2 * rows
        place.go("admin")
        sizes = listed.item(0).icon().availableSizes()
        assert max(size.width() for size in sizes) >= listed.iconSize().width()
    finally:
        theme.apply(qapp, LIGHT)


@SMALL
def test_the_side_has_room_where_it_stands_over_the_rest(  # noqa: PLR0917
    size: float, width: int, height: int, shell: Shell, qapp: QApplication, qtbot: QtBot
) -> None:
    place = workplace(shell)
    for number in range(3):
        ask(shell, qtbot, f"{QUESTION} {number}")
    try:
        theme.apply(qapp, LIGHT, size)
        shell.setMinimumSize(0, 0)
        shell.resize(width, height)
        qtbot.waitUntil(lambda: not place.side.isVisible())
        place.toggle_side()
        qtbot.waitUntil(place.side.isVisible)
        qtbot.wait(50)
        assert list(crowded(width, height)(shell)) == []
    finally:
        theme.apply(qapp, LIGHT)


def test_a_dialog_that_begins_to_scroll_keeps_the_focus_where_it_was(
    shell: Shell, qtbot: QtBot
) -> None:
    shell.setMinimumSize(0, 0)
    shell.resize(640, 360)
    form = Form(shell, "A form", "What it is for.", "Do it")
    fields = [Field(f"Field {number}") for number in range(8)]
    for field in fields:
        form.body.addWidget(field)
    fields[0].edit.setFocus()
    form.open()
    qtbot.waitUntil(lambda: bool(form.findChildren(QScrollArea)))
    qtbot.waitUntil(lambda: form.focusWidget() is fields[0].edit)
    assert form.height() <= shell.height()
    form.reject()


def both(*looks: Look) -> Look:
    def look(window: QWidget) -> Iterator[str]:
        for one in looks:
            yield from one(window)

    return look


def whole(walker: Walker) -> None:
    """Nothing was left out of the walk."""
    assert len(walker.seen) > 60
    assert {"first-run", "library-remove", "ask-why", "people-invite", "parcel", "locked"} <= set(
        walker.seen
    )


@pytest.mark.parametrize("look", LOOKS)
def test_everything_has_a_name_is_reached_and_shows_its_focus(
    look: str, new: Shell, tmp_path: Path, qapp: QApplication, qtbot: QtBot
) -> None:
    try:
        theme.apply(qapp, LOOKS[look])
        first = look == "light"  # names and order are the same in every look
        focus = unseen_focus(set())
        walker = walk(new, tmp_path, both(nameless, unreached, focus) if first else focus)
    finally:
        theme.apply(qapp, LIGHT)
    whole(walker)
    assert not walker.found, "\n".join(walker.found)


@SMALL
def test_at_200_per_cent_nothing_is_cut_and_nothing_lies_on_anything(  # noqa: PLR0917
    size: float, width: int, height: int, new: Shell, tmp_path: Path, qapp: QApplication,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Text of twice the size in 1280 x 720; and a display of as much, scaled, which leaves half."""
    monkeypatch.setattr(scale, "SMALL", 801)  # the test's own screen has 800 pixels
    try:
        theme.apply(qapp, LIGHT, size)
        new.setMinimumSize(0, 0)
        new.resize(width, height)
        walker = walk(new, tmp_path, crowded(width, height), 0.12)
    finally:
        theme.apply(qapp, LIGHT)
    whole(walker)
    assert not walker.found, "\n".join(walker.found)
