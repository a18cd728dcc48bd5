"""The pill, the lock, and that the product is never called on the GUI thread."""

from __future__ import annotations

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from gui.airgap.evidence import Evidence
from gui.shell import Shell
from tests.gui.driving import QUESTION, ask, dialog, workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_state import Pace, Unreadable

Opener = Callable[[MemoryAppliance], Shell]


def test_the_pill_says_what_was_proved(open_shell: Opener, shell: Shell, qtbot: QtBot) -> None:
    pill = workplace(shell).pill
    assert (pill.text(), pill.property("tone")) == ("Offline · proven", "good")
    pill.click()
    qtbot.waitUntil(lambda: dialog(Evidence) is not None)
    broken = open_shell(MemoryAppliance(holds=False))
    qtbot.waitUntil(lambda: broken.front.pill.property("tone") == "danger")


def test_locking_hides_everything_at_once(
    shell: Shell, pace: Pace, product: MemoryAppliance, qtbot: QtBot
) -> None:
    place = workplace(shell)
    view = ask(shell, qtbot, QUESTION)
    assert view.answer is not None
    place.ask.show_citation(view.answer.citations[0])
    qtbot.waitUntil(lambda: place.ask.panel.view is not None)
    place.pill.click()
    pace.stage = 1.0
    ask(shell, qtbot, "When are blood cultures taken?", wait=False)
    place.ask.composer.typing.setPlainText("half a question")
    shell.lock()
    assert shell.locked
    assert not place.isVisible()
    assert place.ask.stream.views == ()
    assert place.ask.panel.view is None
    assert place.ask.composer.typing.toPlainText() == ""
    assert place.side.conversations.count() == 0
    assert place.library.table.rows.rowCount() == 0
    assert place.title.text() == ""
    qtbot.waitUntil(lambda: dialog(Evidence) is None)
    qtbot.waitUntil(shell.front.unlock.secret.isEnabled, timeout=5000)
    assert product.person is None
    qtbot.wait(80)
    assert place.ask.stream.views == ()


def test_the_product_is_never_called_on_the_gui_thread(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    product.threads.clear()
    view = ask(shell, qtbot, QUESTION)
    assert view.answer is not None
    place = workplace(shell)
    place.ask.show_citation(view.answer.citations[0])
    qtbot.waitUntil(lambda: place.ask.panel.view is not None)
    place.go("log")
    qtbot.waitUntil(lambda: place.log.badge.state == "verified")
    place.go("library")
    place.go("admin")
    for row in range(place.admin.list.count()):
        place.admin.list.setCurrentRow(row)
    qtbot.waitUntil(lambda: place.admin.seat.view is not None)
    shell.lock()
    qtbot.waitUntil(shell.front.unlock.secret.isEnabled)
    lanes = {"lane-ask", "lane-read", "lane-proof", "lane-import", "lane-lock"}
    assert product.threads <= lanes


def test_closing_the_window_closes_the_product_also_in_the_middle_of_an_ask(
    shell: Shell, pace: Pace, product: MemoryAppliance, qtbot: QtBot
) -> None:
    pace.stage = 0.3
    ask(shell, qtbot, QUESTION, wait=False)
    shell.close()
    assert not shell.isVisible()
    assert product.closed


def test_what_a_message_said_is_gone_once_the_window_is_locked(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    """Hidden is not enough: sentences name files, people and collections."""
    place = workplace(shell)
    place.complain(Unreadable("“Discharge of Mr Abel.pdf” cannot be read."))
    place.go("admin")
    pages = [place.admin.seat, place.admin.people, place.admin.emergency, place.admin.carrying,
             place.admin.insights, place.admin.settings]  # fmt: skip
    for page in pages:
        page.say("“Ward 9 pathways” is open.", "/media/stick")
    shell.lock()
    for notice in (place.notice, place.admin.seat.state, *(page.notice for page in pages)):
        assert notice.sentence == ""
        assert notice.step == ""
        assert "Ward 9" not in notice.accessibleName()
