"""The library with its imports, and the log with its proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from appliance.values import (
    ImportFinished,
    ImportProgress,
    ImportStarted,
    ImportState,
    ImportWorking,
)
from gui.controls.confirm import Confirm
from gui.library.collections import NewCollection
from gui.library.importing import ImportCard
from gui.library.screen import LibraryScreen
from gui.log.exported import Exported
from gui.shell import Shell
from tests.gui.driving import QUESTION, ask, dialog, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_state import Pace

Opener = Callable[[MemoryAppliance], Shell]


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


def stopped_import(shell: Shell, pace: Pace, folder: Path, qtbot: QtBot) -> LibraryScreen:
    """The library after an import of 30 files was cancelled among the first."""
    folder.mkdir()
    for number in range(30):
        (folder / f"{number:02}.txt").write_text(f"Sheet {number}\nSheet number {number} says so.")
    pace.file = 0.03
    library = workplace(shell).library
    workplace(shell).go("library")
    qtbot.waitUntil(lambda: library.table.rows.rowCount() == 4)
    library.add((folder,))
    card = library.card
    assert card is not None
    qtbot.waitUntil(lambda: card.bar.value() >= 3)
    card.cancel.click()
    qtbot.waitUntil(library.resume.isVisible, timeout=5000)
    assert "can be taken up again" in card.notice.step
    pace.file = 0.0
    return library


def test_an_import_is_cancelled_and_taken_up_again(
    shell: Shell, pace: Pace, tmp_path: Path, qtbot: QtBot
) -> None:
    library = stopped_import(shell, pace, tmp_path / "many", qtbot)
    library.resume.go.click()
    qtbot.waitUntil(lambda: library.table.rows.rowCount() == 34, timeout=5000)
    assert not library.resume.isVisible()


def test_a_collection_that_is_not_used_shows_why_and_takes_no_documents(
    shell: Shell,
    product: MemoryAppliance,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    product.create_collection("Deal team")
    whole = product.collections()
    why = "“Deal team” is not used. Restore it from a backup."
    refused = (whole[0], replace(whole[-1], problem=why))
    monkeypatch.setattr(product, "collections", lambda: refused)
    library = workplace(shell).library
    workplace(shell).go("library")
    qtbot.waitUntil(lambda: library.collections.list.count() == 2)
    qtbot.waitUntil(lambda: library.table.rows.rowCount() == 4)
    assert library.files.isVisible()
    library.collections.list.setCurrentRow(1)
    qtbot.waitUntil(library._refused.isVisible)
    assert library._refused.text == why
    assert library.table.rows.rowCount() == 0  # not those of the one looked at before
    assert not library.files.isVisible()
    (tmp_path / "new.txt").write_text("New")
    library.add((tmp_path / "new.txt",))
    assert library.card is None
    library.collections.list.setCurrentRow(0)
    qtbot.waitUntil(lambda: library.table.rows.rowCount() == 4)
    assert library.files.isVisible()


def test_an_import_that_stopped_can_be_given_up(
    shell: Shell, product: MemoryAppliance, pace: Pace, tmp_path: Path, qtbot: QtBot
) -> None:
    library = stopped_import(shell, pace, tmp_path / "many", qtbot)
    library.resume.give_up.click()
    qtbot.waitUntil(lambda: not library.resume.isVisible(), timeout=5000)
    assert product.unfinished_imports() == ()
    assert 4 < library.table.rows.rowCount() < 34  # what was added stays


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
    workplace(shell).log.taking.whole_to(tmp_path)
    qtbot.waitUntil(lambda: dialog(Exported) is not None)
    assert (tmp_path / "checkpoint").exists()


def test_an_import_shows_how_far_it_is_in_the_document_it_works_on(qtbot: QtBot) -> None:
    card = ImportCard()
    qtbot.addWidget(card)
    card.show()
    card.take((ImportStarted("j", 2), ImportWorking("/w/long.pdf", 0, 2, 0, 0)))
    assert card.file.text() == "long.pdf"
    card.take((ImportWorking("/w/long.pdf", 0, 2, 64, 1900),))
    card.take((ImportWorking("/w/long.pdf", 0, 2, 1280, 1900),))
    assert card.file.text() == "1,280 of 1,900 passages · long.pdf"
    card.take((ImportProgress("/w/long.pdf", 1, 2, ImportState.ADDED, pages=9),))
    assert card.file.text() == "long.pdf"
    card.take((ImportWorking("/w/b.pdf", 1, 2, 0, 0),))
    assert card.file.text() == "b.pdf"
    assert card.title.text() == "Reading 1 of 2 documents"
    card.take((ImportFinished("j", 2, 0, 0, 10, False, 1.0),))
    card.take((ImportWorking("/w/b.pdf", 1, 2, 5, 5),))
    assert not card.file.isVisible()
