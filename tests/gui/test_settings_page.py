"""Settings: what is locked names what locks it; the rest is changed, or refused with a sentence."""

from __future__ import annotations

from dataclasses import fields

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from appliance.settings import Settings
from gui.admin.setting_names import titled
from gui.admin.settings import SettingsPage
from gui.controls.choice import Choice
from gui.controls.labels import Words
from gui.shell import Shell
from tests.gui.driving import workplace
from tests.gui.memory_appliance import MemoryAppliance
from tests.gui.memory_settings import MANAGED


def page(shell: Shell, qtbot: QtBot) -> SettingsPage:
    place = workplace(shell)
    place.go("admin")
    place.admin.show_page("settings")
    settings = place.admin.settings
    qtbot.waitUntil(lambda: bool(settings.yours.rows))
    qtbot.waitUntil(settings.yours.rows["lock_minutes"].isVisible)
    qtbot.waitUntil(lambda: settings.whole)
    return settings


def line(settings: SettingsPage, name: str) -> QLineEdit:
    control = settings.yours.rows[name].control
    assert isinstance(control, QLineEdit)
    return control


def typed(settings: SettingsPage, name: str, text: str) -> None:
    field = line(settings, name)
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_every_setting_is_shown_and_a_locked_one_names_its_place(
    shell: Shell, qtbot: QtBot
) -> None:
    settings = page(shell, qtbot)
    yours = {"page_limit", "lock_minutes", "profile", "language", "look", "text_size"}
    assert set(settings.yours.rows) == yours
    assert set(settings.theirs.rows) == {"airgap", "file_limit_mb"}
    shown = {*settings.yours.rows, *settings.theirs.rows, *settings.unset.rows}
    assert shown == {one.name for one in fields(Settings)} - {"sources", "places"}
    assert all(titled(name)[1] for name in shown), "a setting that nothing is said about"
    managed = settings.theirs.rows["file_limit_mb"]
    assert managed.state.text() == f"In {MANAGED}"
    assert settings.unset.head.text() == f"For your institution to set · {MANAGED}"
    for row in (*settings.theirs.rows.values(), *settings.unset.rows.values()):
        assert row.control is None
        assert row.findChildren(QLineEdit) == []
    said = " ".join(words.text() for words in settings.findChildren(Words))
    assert "file_limit_mb" not in said


def test_a_value_is_changed_and_put_back(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    settings = page(shell, qtbot)
    typed(settings, "lock_minutes", "5")
    qtbot.waitUntil(lambda: settings.yours.rows["lock_minutes"].reset is not None)
    assert product.set.own == {"lock_minutes": 5}
    row = settings.yours.rows["lock_minutes"]
    assert row.state.text() == "Set by you · from the next start on; now 10"
    assert row.reset is not None
    row.reset.click()
    qtbot.waitUntil(lambda: settings.yours.rows["lock_minutes"].reset is None)
    assert product.set.own == {}


def test_one_of_a_choice_is_chosen(shell: Shell, product: MemoryAppliance, qtbot: QtBot) -> None:
    settings = page(shell, qtbot)
    choice = settings.yours.rows["profile"].control
    assert isinstance(choice, Choice)
    choice.setFocus()
    QTest.keyClick(choice, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: product.set.own == {"profile": "fips"})


def test_a_bad_value_is_refused_with_a_sentence_and_what_was_set_stays(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    settings = page(shell, qtbot)
    typed(settings, "lock_minutes", "99")
    qtbot.waitUntil(settings.notice.isVisible)
    assert settings.notice.sentence == "Your settings: “lock_minutes” must be at most 15."
    qtbot.waitUntil(lambda: line(settings, "lock_minutes").text() == "10")
    assert product.set.own == {}


def test_locking_empties_the_page_and_changes_nothing(
    shell: Shell, product: MemoryAppliance, qtbot: QtBot
) -> None:
    settings = page(shell, qtbot)
    field = line(settings, "lock_minutes")
    field.setFocus()
    field.setText("3")
    shell.lock()
    qtbot.waitUntil(shell.front.unlock.secret.isEnabled)
    assert product.set.own == {}
    assert settings.yours.rows == {}
    assert settings.theirs.rows == {}
    assert settings.unset.rows == {}
