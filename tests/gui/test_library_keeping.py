"""A document looked into, its versions, retired and put back."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from appliance.values import Answered, PageImage
from gui.library.screen import LibraryScreen
from gui.shell import Shell
from tests.gui.driving import QUESTION, workplace
from tests.gui.memory_appliance import MemoryAppliance


@pytest.fixture
def library(shell: Shell, qtbot: QtBot) -> LibraryScreen:
    place = workplace(shell)
    place.go("library")
    qtbot.waitUntil(lambda: place.library.table.rows.rowCount() == 4)
    return place.library


def chosen(library: LibraryScreen, title: str) -> None:
    rows = library.table.rows
    row = next(r for r in range(rows.rowCount()) if rows.document(r).title.startswith(title))
    library.table.selectRow(row)


def opened(library: LibraryScreen, title: str, qtbot: QtBot) -> None:
    chosen(library, title)
    QTest.keyClick(library.table, Qt.Key.Key_Return)
    viewer = library.viewer
    qtbot.waitUntil(lambda: viewer.document is not None and viewer.view is not None)


def answers(product: MemoryAppliance) -> str:
    last = list(product.ask(QUESTION))[-1]
    assert isinstance(last, Answered)
    return " ".join(sentence.text for sentence in last.answer.sentences)


def test_a_document_is_leafed_through(library: LibraryScreen, qtbot: QtBot) -> None:
    opened(library, "Anticoagulation", qtbot)
    viewer = library.viewer
    assert viewer.isVisible()
    assert isinstance(viewer.view, PageImage)
    assert viewer.place.text() == "Page 1 of 3"
    assert viewer.state.text().startswith("Answered from since")
    assert not viewer.versions.isVisible()
    viewer.after.click()
    qtbot.waitUntil(lambda: viewer.view is not None and viewer.view.number == 2)
    viewer.back.click()
    qtbot.waitUntil(lambda: viewer.view is not None and viewer.view.number == 1)
    viewer.close_button.click()
    assert not viewer.isVisible()
    assert viewer.document is None


def test_a_retired_document_says_so_and_answers_nothing_until_it_is_put_back(
    library: LibraryScreen, product: MemoryAppliance, qtbot: QtBot
) -> None:
    assert "apixaban" in answers(product)
    opened(library, "Anticoagulation", qtbot)
    viewer = library.viewer
    viewer.retire.click()
    qtbot.waitUntil(library.retired.isVisible)
    qtbot.waitUntil(lambda: not viewer.retire.isVisible())
    assert viewer.state.text().startswith("Retired on")
    assert "no longer answered from" in viewer.state.text()
    titles = [str(library.table.rows.index(row, 0).data()) for row in range(4)]
    assert sum(title.endswith("(retired)") for title in titles) == 1
    assert library.summary.text().endswith("1 retired")
    assert answers(product) == ""
    library.retired.undo.click()
    qtbot.waitUntil(viewer.retire.isVisible)
    assert not library.retired.isVisible()
    assert "apixaban" in answers(product)


def test_a_newer_version_takes_its_place_and_both_can_be_opened(
    library: LibraryScreen, tmp_path: Path, qtbot: QtBot
) -> None:
    newer = tmp_path / "leave 2.txt"
    newer.write_text("Staff Handbook: Leave\nParental leave is requested ten weeks before.\n")
    opened(library, "Staff Handbook", qtbot)
    viewer = library.viewer
    old = viewer.document
    assert old is not None
    library.keeping.replace(old, (newer,))
    qtbot.waitUntil(lambda: viewer.versions.count() == 2)
    assert "took its place" in viewer.state.text()
    assert [viewer.versions.item(row).text().rpartition(" · ")[2] for row in range(2)] == [
        "retired", "answered from",
    ]  # fmt: skip
    assert library.card is not None
    assert library.card.title.text() == "1 document added"
    assert not viewer.newer.isVisible()
    viewer.versions.itemActivated.emit(viewer.versions.item(1))
    qtbot.waitUntil(lambda: viewer.document is not None and viewer.document.id != old.id)
    assert viewer.state.text().startswith("Answered from since")
    assert viewer.newer.isVisible()


def test_another_collection_closes_what_was_open(
    library: LibraryScreen, product: MemoryAppliance, qtbot: QtBot
) -> None:
    opened(library, "Sepsis", qtbot)
    product.create_collection("Theatre")
    library.refresh()
    qtbot.waitUntil(lambda: library.collections.list.count() == 2)
    library.collections.list.setCurrentRow(1)
    qtbot.waitUntil(lambda: not library.viewer.isVisible())


def test_nothing_of_it_is_left_once_the_window_is_locked(
    shell: Shell, library: LibraryScreen, qtbot: QtBot
) -> None:
    opened(library, "Sepsis", qtbot)
    shell.lock()
    viewer = library.viewer
    assert viewer.document is None
    assert viewer.view is None
    assert viewer.title.text() == ""
    assert viewer.versions.count() == 0
    assert library.retired.sentence == ""
