"""The first run, the recovery code, the log-in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from appliance.errors import AirgapBroken
from gui.shell import Shell
from tests.gui.driving import PASSPHRASE, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_people import CODE
from tests.gui.memory_state import Pace

Opener = Callable[[MemoryAppliance], Shell]


def test_first_run_holds_the_recovery_code_until_it_is_stored(
    open_shell: Opener, qtbot: QtBot, tmp_path: Path
) -> None:
    product = MemoryAppliance()
    shell = open_shell(product)
    create = shell.front.create_vault
    qtbot.waitUntil(create.isVisible)
    assert not create.go.isEnabled()
    create.name.edit.setText("Dr Ada Winter")
    create.passphrase.edit.setText("short")
    assert "Too short" in create.verdict.text()
    create.passphrase.edit.setText(PASSPHRASE)
    create.again.edit.setText("something else")
    assert not create.go.isEnabled()
    create.again.edit.setText(PASSPHRASE)
    create.go.click()
    qtbot.waitUntil(lambda: shell.front.recovery is not None)
    recovery = shell.front.recovery
    assert recovery is not None
    assert "K7QM-2XTD" in recovery.shown.text()
    assert not recovery.go.isEnabled()
    recovery.save_to(tmp_path / "code.txt")
    assert "K7QM-2XTD" in (tmp_path / "code.txt").read_text()
    assert (tmp_path / "code.txt").stat().st_mode & 0o077 == 0
    recovery.sure.click()
    recovery.go.click()
    qtbot.waitUntil(shell.front.starter.isVisible)
    assert shell.front.recovery is None
    assert create.passphrase.text() == ""
    shell.front.starter.title.edit.setText("Ward 4 guidelines")
    shell.front.starter.go.click()
    qtbot.waitUntil(lambda: not shell.locked)
    place = workplace(shell)
    qtbot.waitUntil(lambda: place.library.collections.list.count() == 1)
    assert place.library.isVisible()


def test_the_recovery_code_that_cannot_be_saved_is_said_with_a_next_step(
    open_shell: Opener, qtbot: QtBot, tmp_path: Path
) -> None:
    shell = open_shell(MemoryAppliance())
    recovery = shell.front.show_recovery("Ada", "AAAA-BBBB")
    recovery.save_to(tmp_path / "no such folder" / "code.txt")
    assert "could not be saved" in recovery.notice.sentence
    assert recovery.notice.step


def test_printing_is_only_claimed_when_it_was_done(
    open_shell: Opener, qtbot: QtBot, tmp_path: Path
) -> None:
    from PySide6.QtPrintSupport import QPrinter

    recovery = open_shell(MemoryAppliance()).front.show_recovery("Ada", "AAAA-BBBB")
    printer = QPrinter()
    printer.setOutputFileName(str(tmp_path / "missing" / "code.pdf"))
    recovery.print_on(printer)
    assert "could not be printed" in recovery.notice.sentence
    assert recovery.notice.step
    printer.setOutputFileName(str(tmp_path / "code.pdf"))
    recovery.print_on(printer)
    assert recovery.notice.sentence.startswith("Printed")
    assert (tmp_path / "code.pdf").stat().st_size > 500
    assert (tmp_path / "code.pdf").stat().st_mode & 0o077 == 0


def test_a_wrong_passphrase_is_said_and_the_field_is_emptied(
    open_shell: Opener, product: MemoryAppliance, qtbot: QtBot
) -> None:
    shell = open_shell(product)
    unlock = shell.front.unlock
    qtbot.waitUntil(unlock.isVisible)
    QTest.keyClicks(unlock.secret.edit, "not the passphrase")
    QTest.keyClick(unlock.secret.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(unlock.notice.isVisible)
    assert "does not open this vault" in unlock.notice.sentence
    assert "Caps Lock" in unlock.notice.step
    assert unlock.secret.text() == ""
    assert shell.locked


def test_the_recovery_code_opens_the_vault(
    open_shell: Opener, product: MemoryAppliance, qtbot: QtBot
) -> None:
    shell = open_shell(product)
    unlock = shell.front.unlock
    qtbot.waitUntil(unlock.isVisible)
    unlock.other.click()
    QTest.keyClicks(unlock.secret.edit, " K7QM-2XTD-9FHR-WZ4B-6NVC-3JPE-8SGA-Y5LU ")
    unlock.go.click()
    qtbot.waitUntil(lambda: not shell.locked)


def test_what_kept_the_product_from_opening_is_shown_in_the_window(qtbot: QtBot) -> None:
    shell = Shell(AirgapBroken("A socket could be opened."))
    qtbot.addWidget(shell)
    shell.show()
    qtbot.waitUntil(shell.front.stopped.isVisible)
    assert shell.front.stopped.notice.sentence == "A socket could be opened."
    assert "cloister doctor" in shell.front.stopped.notice.step


def test_who_was_invited_enrols_with_the_code_and_keeps_a_recovery_code(
    open_shell: Opener, pace: Pace, product: MemoryAppliance, qtbot: QtBot
) -> None:
    pace.several = True
    made = open_shell(product)
    qtbot.waitUntil(made.front.unlock.enrol.isVisible)
    made.front.unlock.enrol.click()
    enrol = made.front.enrol
    qtbot.waitUntil(enrol.isVisible)
    QTest.keyClicks(enrol.name.edit, "Dora Marsh")
    QTest.keyClicks(enrol.code.edit, "WRONG")
    QTest.keyClicks(enrol.typed.passphrase.edit, PASSPHRASE)
    assert not enrol.go.isEnabled()
    QTest.keyClicks(enrol.typed.again.edit, PASSPHRASE)
    enrol.go.click()
    qtbot.waitUntil(enrol.notice.isVisible)
    assert enrol.notice.step == "Check name and code, or ask for a new one."
    enrol.code.edit.setText(CODE)
    enrol.go.click()
    qtbot.waitUntil(lambda: made.front.recovery is not None)
    recovery = made.front.recovery
    assert recovery is not None
    assert enrol.typed.text() == ""
    assert enrol.code.text() == ""
    recovery.sure.click()
    recovery.go.click()
    qtbot.waitUntil(lambda: not made.locked)
    assert workplace(made).side.person.text() == "Dora Marsh"
    assert made.front.recovery is None


def test_alone_nobody_is_offered_to_enrol(
    open_shell: Opener, product: MemoryAppliance, qtbot: QtBot
) -> None:
    made = open_shell(product)
    qtbot.waitUntil(made.front.unlock.secret.edit.isVisible)
    qtbot.wait(50)
    assert made.front.unlock.enrol.isHidden()
    made.front.show_enrol()
    made.front.enrol.back.click()
    assert made.front.unlock.isVisible()
