"""A window nobody touches locks; several people give their names; exporting asks again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui.login.again import Again
from gui.shell import Shell
from gui.worker import Lane
from tests.gui.driving import PASSPHRASE, QUESTION, ask, dialog, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_state import Pace

Opener = Callable[[MemoryAppliance], Shell]


def test_a_window_nobody_touches_is_blank_and_locked(
    shell: Shell, pace: Pace, product: MemoryAppliance, qtbot: QtBot
) -> None:
    place = workplace(shell)
    ask(shell, qtbot, QUESTION)
    pace.ticks = 599.0
    shell.idle.look()
    assert not shell.locked
    pace.ticks = 600.0
    shell.idle.look()
    assert shell.locked
    assert not place.isVisible()
    assert place.ask.stream.views == ()
    qtbot.waitUntil(lambda: product.person is None)


def test_a_key_or_the_mouse_keeps_it_open(shell: Shell, pace: Pace, qtbot: QtBot) -> None:
    typing = workplace(shell).ask.composer.typing
    pace.ticks = 500.0
    QTest.keyClick(typing, Qt.Key.Key_A)
    pace.ticks = 1_000.0
    QTest.mouseMove(typing.viewport(), typing.rect().center())
    qtbot.wait(20)
    pace.ticks = 1_500.0
    shell.idle.look()
    assert not shell.locked


def test_waking_up_with_a_key_finds_it_locked(shell: Shell, pace: Pace, qtbot: QtBot) -> None:
    pace.ticks = 10_000.0  # the machine slept; no timer ran
    QTest.keyClick(workplace(shell).ask.composer.typing, Qt.Key.Key_A)
    assert shell.locked


def test_work_that_goes_on_by_itself_keeps_nothing_open(
    shell: Shell, pace: Pace, qtbot: QtBot
) -> None:
    pace.stage = 0.2
    ask(shell, qtbot, QUESTION, wait=False)
    pace.ticks = 600.0
    qtbot.wait(60)
    shell.idle.look()
    assert shell.locked


def test_locking_waits_behind_no_verification(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    """Of a log of years, say: the keys go meanwhile."""
    verified = threading.Event()
    shell.worker.run(shell, Lane.PROOF, verified.wait, lambda _: None, lambda _: None)
    shell.lock()
    try:
        qtbot.waitUntil(lambda: product.person is None)
        assert not verified.is_set()
    finally:
        verified.set()


def test_locking_and_logging_in_again_begins_anew(
    shell: Shell, pace: Pace, product: MemoryAppliance, qtbot: QtBot
) -> None:
    pace.ticks = 500.0
    shell.lock()
    qtbot.waitUntil(shell.front.unlock.secret.isEnabled)
    pace.ticks = 5_000.0
    shell.idle.look()
    QTest.keyClicks(shell.front.unlock.secret.edit, PASSPHRASE)
    shell.front.unlock.go.click()
    qtbot.waitUntil(lambda: not shell.locked)
    pace.ticks = 5_599.0
    shell.idle.look()
    assert not shell.locked


def test_one_of_several_people_gives_a_name(
    open_shell: Opener, pace: Pace, product: MemoryAppliance, qtbot: QtBot
) -> None:
    pace.several = True
    made = open_shell(product)
    unlock = made.front.unlock
    qtbot.waitUntil(unlock.name.edit.isVisible)
    QTest.keyClicks(unlock.name.edit, "Dr Ada Winter")
    QTest.keyClicks(unlock.secret.edit, PASSPHRASE)
    unlock.go.click()
    qtbot.waitUntil(lambda: not made.locked)


def test_alone_nobody_is_asked_for_a_name(
    open_shell: Opener, product: MemoryAppliance, qtbot: QtBot
) -> None:
    made = open_shell(product)
    qtbot.waitUntil(made.front.unlock.secret.edit.isVisible)
    qtbot.wait(50)
    assert made.front.unlock.name.isHidden()


def test_exporting_asks_for_the_passphrase_and_goes_on(
    shell: Shell, pace: Pace, tmp_path: Path, qtbot: QtBot
) -> None:
    pace.stale = True
    workplace(shell).log.taking.whole_to(tmp_path)
    qtbot.waitUntil(lambda: dialog(Again) is not None)
    again = dialog(Again)
    assert isinstance(again, Again)
    QTest.keyClicks(again.secret.edit, "not the passphrase")
    again.go.click()
    assert again.secret.text() == ""
    qtbot.waitUntil(again.notice.isVisible)
    assert not (tmp_path / "checkpoint").exists()
    QTest.keyClicks(again.secret.edit, PASSPHRASE)
    again.go.click()
    qtbot.waitUntil((tmp_path / "checkpoint").exists)


def test_an_auditor_is_told_of_broken_glass(
    open_shell: Opener, pace: Pace, product: MemoryAppliance, qtbot: QtBot
) -> None:
    pace.alerts = 2
    made = open_shell(product)
    qtbot.waitUntil(made.front.unlock.secret.edit.isVisible)
    QTest.keyClicks(made.front.unlock.secret.edit, PASSPHRASE)
    made.front.unlock.go.click()
    qtbot.waitUntil(lambda: not made.locked)
    place = workplace(made)
    qtbot.waitUntil(place.notice.isVisible)
    assert "2 alerts" in place.notice.sentence
    made.lock()
    assert not place.notice.isVisible()
