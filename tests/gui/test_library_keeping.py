"""A document looked into, its versions, retired and put back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from appliance.values import (
    Answered,
    DocumentInfo,
    DocumentKind,
    ImportFinished,
    ImportStarted,
    PageFailure,
    PageImage,
)
from gui.controls.confirm import Confirm
from gui.library.document_table import DocumentTable
from gui.library.importing import ImportCard
from gui.library.screen import LibraryScreen
from gui.shell import Shell
from tests.gui.driving import QUESTION, dialog, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.test_attachments import drop, held


@pytest.fixture
def kept(shell: Shell, qtbot: QtBot) -> LibraryScreen:
    place = workplace(shell)
    place.go("library")
    qtbot.waitUntil(lambda: place.library.table.rows.rowCount() == 4)
    return place.library


def chosen(kept: LibraryScreen, title: str) -> None:
    rows = kept.table.rows
    row = next(r for r in range(rows.rowCount()) if rows.document(r).title.startswith(title))
    kept.table.selectRow(row)


def opened(kept: LibraryScreen, title: str, qtbot: QtBot) -> None:
    chosen(kept, title)
    QTest.keyClick(kept.table, Qt.Key.Key_Return)
    viewer = kept.viewer
    qtbot.waitUntil(lambda: viewer.document is not None and viewer.view is not None)


def answers(product: MemoryAppliance) -> str:
    last = list(product.ask(QUESTION))[-1]
    assert isinstance(last, Answered)
    return " ".join(sentence.text for sentence in last.answer.sentences)


def test_a_document_is_leafed_through(kept: LibraryScreen, qtbot: QtBot) -> None:
    opened(kept, "Anticoagulation", qtbot)
    viewer = kept.viewer
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
    kept: LibraryScreen, product: MemoryAppliance, qtbot: QtBot
) -> None:
    assert "apixaban" in answers(product)
    opened(kept, "Anticoagulation", qtbot)
    viewer = kept.viewer
    viewer.retire.click()
    qtbot.waitUntil(kept.retired.isVisible)
    qtbot.waitUntil(lambda: not viewer.retire.isVisible())
    assert viewer.state.text().startswith("Retired on")
    assert "no longer answered from" in viewer.state.text()
    qtbot.waitUntil(lambda: kept.summary.text().endswith("1 retired"))
    titles = [str(kept.table.rows.index(row, 0).data()) for row in range(4)]
    assert sum(title.startswith("Retired: ") for title in titles) == 1
    assert answers(product) == ""
    kept.retired.undo.click()
    qtbot.waitUntil(viewer.retire.isVisible)
    assert not kept.retired.isVisible()
    assert "apixaban" in answers(product)


def test_a_newer_version_takes_its_place_and_both_can_be_opened(
    kept: LibraryScreen, tmp_path: Path, qtbot: QtBot
) -> None:
    newer = tmp_path / "leave 2.txt"
    newer.write_text("Staff Handbook: Leave\nParental leave is requested ten weeks before.\n")
    opened(kept, "Staff Handbook", qtbot)
    viewer = kept.viewer
    old = viewer.document
    assert old is not None
    kept.keeping.replace(old, newer)
    qtbot.waitUntil(lambda: viewer.versions.count() == 2)
    assert "took its place" in viewer.state.text()
    assert [viewer.versions.item(row).text().rpartition(" · ")[2] for row in range(2)] == [
        "retired", "answered from",
    ]  # fmt: skip
    assert kept.card is not None
    assert kept.card.title.text() == "1 document added"
    assert not viewer.newer.isVisible()
    viewer.versions.itemActivated.emit(viewer.versions.item(1))
    qtbot.waitUntil(lambda: viewer.document is not None and viewer.document.id != old.id)
    assert viewer.state.text().startswith("Answered from since")
    assert viewer.newer.isVisible()
    kept.keeping.open(old)
    qtbot.waitUntil(viewer.restore.isVisible)
    viewer.restore.click()  # two versions at once are asked about
    confirm = dialog(Confirm)
    assert isinstance(confirm, Confirm)
    confirm.reject()
    assert kept.summary.text().endswith("1 retired")
    viewer.restore.click()
    qtbot.waitUntil(lambda: dialog(Confirm) not in (None, confirm))
    again = dialog(Confirm)
    assert isinstance(again, Confirm)
    again.action.click()
    qtbot.waitUntil(viewer.retire.isVisible)


def test_a_newer_version_that_is_stopped_changed_nothing(qtbot: QtBot) -> None:
    card = ImportCard()
    qtbot.addWidget(card)
    card.take((ImportStarted("", 1), ImportFinished("", 0, 0, 0, 0, True, 0.1)))
    assert card.notice.sentence == "Stopped. Nothing was changed."


def test_what_can_be_done_with_the_open_document_is_in_the_palette(
    shell: Shell, kept: LibraryScreen, qtbot: QtBot
) -> None:
    def offered() -> set[str]:
        return {one.name for one in shell.commanding.offered()} & {"newer", "retire", "restore"}

    assert offered() == set()
    opened(kept, "Sepsis", qtbot)
    assert offered() == {"newer", "retire"}
    retire = next(one for one in shell.commanding.offered() if one.name == "retire")
    shell.commanding.run(retire)
    qtbot.waitUntil(kept.viewer.restore.isVisible)
    assert offered() == {"restore"}
    kept.permit(frozenset({"ask"}))
    assert offered() == set()


def test_who_may_only_read_is_offered_nothing_else(kept: LibraryScreen, qtbot: QtBot) -> None:
    opened(kept, "Sepsis", qtbot)
    viewer = kept.viewer
    assert viewer.retire.isVisible()
    for allowed, wanted in (
        (frozenset({"ask"}), (False, False)),
        (frozenset({"remove_document"}), (True, False)),
        (frozenset({"remove_document", "import"}), (True, True)),
    ):
        kept.permit(allowed)
        assert (viewer.retire.isVisible(), viewer.newer.isVisible()) == wanted
    viewer.retire.click()
    qtbot.waitUntil(viewer.restore.isVisible)
    kept.permit(frozenset({"remove_document"}))
    assert not viewer.restore.isVisible()


def test_another_collection_closes_what_was_open(
    kept: LibraryScreen, product: MemoryAppliance, qtbot: QtBot
) -> None:
    opened(kept, "Sepsis", qtbot)
    product.create_collection("Theatre")
    kept.refresh()
    qtbot.waitUntil(lambda: kept.collections.list.count() == 2)
    kept.collections.list.setCurrentRow(1)
    qtbot.waitUntil(lambda: not kept.viewer.isVisible())


def test_nothing_of_it_is_left_once_the_window_is_locked(
    shell: Shell, kept: LibraryScreen, qtbot: QtBot
) -> None:
    opened(kept, "Sepsis", qtbot)
    shell.lock()
    viewer = kept.viewer
    assert viewer.document is None
    assert viewer.view is None
    assert viewer.title.text() == ""
    assert viewer.versions.count() == 0
    assert kept.retired.sentence == ""


def test_what_is_dropped_is_copied_whatever_the_hand_meant(
    kept: LibraryScreen, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "note.md"
    file.write_text("Night note\n\nThe key is with the porter.\n")
    both = Qt.DropAction.MoveAction | Qt.DropAction.CopyAction
    assert not drop(kept, held([file]), Qt.DropAction.MoveAction)[0]
    assert drop(kept, held([file]), both) == (True, Qt.DropAction.CopyAction)
    qtbot.waitUntil(lambda: kept.table.rows.rowCount() == 5)


def test_a_list_that_is_read_anew_keeps_what_was_chosen(qtbot: QtBot) -> None:
    first, second = (
        DocumentInfo(
            name, "k1", name, DocumentKind.PDF, 1, 1, 9, "00", datetime(2026, 1, 2, tzinfo=UTC)
        )
        for name in ("one", "two")
    )
    table = DocumentTable()
    qtbot.addWidget(table)
    table.rows.show_documents((first, second))
    table.setCurrentIndex(table.rows.index(1, 0))
    table.rows.show_documents((second, first))
    assert table.document() == second
    table.rows.show_documents((first,))
    assert table.document() is None


@pytest.mark.parametrize("width", [480, 690, 900, 1400])
def test_where_room_is_short_the_title_has_it(width: int, qtbot: QtBot) -> None:
    read = DocumentInfo(
        "one", "k1", "Peri-operative Management of Anticoagulants", DocumentKind.PDF, 1, 1, 9, "00",
        datetime(2026, 1, 2, tzinfo=UTC),
    )  # fmt: skip
    failed = replace(read, id="two", failures=(PageFailure(1, "document.page", "It is empty."),))
    table = DocumentTable()
    qtbot.addWidget(table)
    table.resize(width, 300)
    table.show()
    table.rows.show_documents((read,))
    assert table.isColumnHidden(6)
    assert table.columnWidth(0) >= 240
    shown = [column for column in range(7) if not table.isColumnHidden(column)]
    assert width < 900 or shown == [0, 1, 2, 3, 4, 5]
    table.rows.show_documents((read, failed))
    assert not table.isColumnHidden(6)
    assert table.columnWidth(0) >= 240
